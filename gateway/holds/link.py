"""The keys in a notice: the link that opens one held mail, and the address at which its sender may answer.

Both are derived from the installation's key and the hold's id, so neither need be stored: the store keeps the link's
SHA-256, and a notice waits in the outbox with place holders that are filled in on the way out. A place holder names
its hold by a keyed mark, so that nobody can write one into a mail that a notice repeats. A copy of the store opens
nothing. *Pure*: the key comes in. HMAC: RFC 2104.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping

# As long as what takes their place and of its characters, so that quoted-printable breaks lines at the same places.
_LINK, _ANSWER = "askonce-lnk", "askonce-answers-"  # followed by the hold's mark, 32 hex digits
_BREAK = b"=\r\n"
_LINK_IN_WORDS = re.compile(r"(/h/|%2Fh%2F)[A-Za-z0-9_-]{43}", re.IGNORECASE)
_ANSWER_IN_WORDS = re.compile(r"(?<![a-z2-7])[a-z2-7]{48,}+(?=@|%40)", re.IGNORECASE)


def link_secret(key: bytes, hold_id: str) -> str:
    """The secret of one hold's link, 43 characters; only who has `key` (32 bytes) can make it."""
    made = hmac.new(key, b"link\0" + hold_id.encode("utf-8"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode("ascii")


def place_mark(key: bytes, hold_id: str) -> str:
    """What a hold is called in the places of its notices, 32 hex digits; only who has `key` can make it."""
    return hmac.new(key, b"place\0" + hold_id.encode("utf-8"), hashlib.sha256).hexdigest()[:32]


def link_place(key: bytes, hold_id: str) -> str:
    """What stands in a waiting notice where the secret of this hold's link will be; 43 characters."""
    return _LINK + place_mark(key, hold_id)


def answer_place(key: bytes, hold_id: str) -> str:
    """What stands in a waiting notice where the key of its answer address will be; 48 characters."""
    return _ANSWER + place_mark(key, hold_id)


def placed(raw: bytes) -> frozenset[str]:
    """The marks of all that looks like a place; a mail that is repeated may hold some that are none."""
    return frozenset(_mark(found[0]) for pattern in _PATTERNS for found in pattern.finditer(raw))


def filled(raw: bytes, holds: Mapping[str, str], *, link: Callable[[str], str], answer: Callable[[str], str]) -> bytes:
    """A notice with the keys of `holds` (mark to id) where their places are, soft line breaks (RFC 2045 section 6.7)
    kept. Whatever else looks like a place stays."""
    for pattern, key in zip(_PATTERNS, (link, answer), strict=True):
        raw = pattern.sub(lambda found, key=key: _put(found[0], holds, key), raw)  # type: ignore[misc]
    return raw


def _pattern(place: str) -> re.Pattern[bytes]:
    return re.compile("(?:=\r\n)?".join([*map(re.escape, place), *["[0-9a-f]"] * 32]).encode("ascii"))


_PATTERNS = (_pattern(_LINK), _pattern(_ANSWER))


def _mark(place: bytes) -> str:
    return place.replace(_BREAK, b"")[-32:].decode("ascii")


def _put(place: bytes, holds: Mapping[str, str], key: Callable[[str], str]) -> bytes:
    hold_id = holds.get(_mark(place))
    if hold_id is None:
        return place
    letters = iter(key(hold_id).encode("ascii"))
    return _BREAK.join(bytes(next(letters) for _ in piece) for piece in place.split(_BREAK))


def without_keys(words: str) -> str:
    """A sender's words for somebody else to read: what opens a mail of theirs, copied from a notice, becomes "…"."""
    return _ANSWER_IN_WORDS.sub("…", _LINK_IN_WORDS.sub(r"\1…", words))


def token_hash(secret: str) -> str:
    """What is stored of a secret: SHA-256, hex."""
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()


def same_token(secret: str, stored_hash: str) -> bool:
    """Constant-time comparison of a secret with what was stored."""
    return hmac.compare_digest(token_hash(secret), stored_hash)
