"""The address at which a sender may answer the notice of a held mail: "askonce+KEY@corp.example".

KEY names the hold and proves that we made it for this purpose: 128 bits of id and 110 bits of HMAC-SHA-256 (RFC 2104
section 5), in base32, which survives servers that change letter case. It is a subaddress (RFC 5233) of the notices'
own address, so that a mail server that knows the one takes the other. At most 64 characters before the "@" (RFC 5321
section 4.5.3.1.1). *Pure*: the key comes in.
"""

import base64
import hashlib
import hmac
import re

from gateway.mail.address import address, domain_key

LONGEST_LOCAL = 15  # characters of the notices' own local part, so that the key fits behind it
_ID, _MAC = 26, 22  # characters of base32
_SHAPE = re.compile(r"[a-z2-7]{48}")


def answer_key(key: bytes, hold_id: str) -> str:
    """The 48 characters of one hold; `hold_id` is 32 hex digits. Raises ValueError for another id."""
    return _base32(bytes.fromhex(hold_id)) + _mac(key, hold_id)


def answer_address(notice_from: str, word: str) -> str:
    """Where answers go: `notice_from` with `word` (a key, or the place where one will be) as its subaddress."""
    local, _, domain = notice_from.rpartition("@")
    return f"{local}+{word}@{domain}"


def hold_of_answer(key: bytes, mailbox: str, notice_from: str) -> str | None:
    """The id of the hold this address was made for; None for every address that is not ours. Constant time in the
    proof, and no store is asked: whether the hold still waits is seen later."""
    ours, theirs = address(notice_from), address(mailbox)
    user, plus, word = theirs.local.rpartition("+")
    word = word.casefold()
    if not plus or user.casefold() != ours.local.casefold() or domain_key(theirs.domain) != domain_key(ours.domain):
        return None
    if not _SHAPE.fullmatch(word):
        return None
    hold_id = base64.b32decode(word[:_ID].upper() + "======").hex()
    return hold_id if hmac.compare_digest(_base32(bytes.fromhex(hold_id)) + _mac(key, hold_id), word) else None


def _mac(key: bytes, hold_id: str) -> str:
    return _base32(hmac.new(key, b"answer\0" + hold_id.encode("ascii"), hashlib.sha256).digest())[:_MAC]


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=").lower()
