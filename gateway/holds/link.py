"""The link in a notice: a secret that is the key to one held mail.

It is derived from the installation's key and the hold's id, so it need not be stored: the store keeps its SHA-256, and
a notice waits in the outbox with a place holder that is filled in on the way out. A copy of the store opens nothing.
*Pure*: the key comes in. HMAC: RFC 2104.
"""

import base64
import hashlib
import hmac
import re

# As long as a secret and of its characters, so that quoted-printable breaks lines at the same places.
PLACE = "askonce-puts-the-link-here-when-this-leaves"
_PLACED = re.compile("(?:=\r\n)?".join(map(re.escape, PLACE)).encode("ascii"))
_BREAK = b"=\r\n"


def link_secret(key: bytes, hold_id: str) -> str:
    """The secret of one hold's link, 43 characters; only who has `key` (32 bytes) can make it."""
    made = hmac.new(key, b"link\0" + hold_id.encode("utf-8"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode("ascii")


def linked(raw: bytes, secret: str) -> bytes:
    """A notice with `secret` where the place holder stands, soft line breaks (RFC 2045 section 6.7) kept."""
    return _PLACED.sub(lambda found: _filled(found[0], secret), raw)


def _filled(placed: bytes, secret: str) -> bytes:
    letters = iter(secret.encode("ascii"))
    pieces = placed.split(_BREAK)
    return _BREAK.join(bytes(next(letters) for _ in piece) for piece in pieces)


def token_hash(secret: str) -> str:
    """What is stored of a secret: SHA-256, hex."""
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()


def same_token(secret: str, stored_hash: str) -> bool:
    """Constant-time comparison of a secret with what was stored."""
    return hmac.compare_digest(token_hash(secret), stored_hash)
