"""The link in a notice: a secret that is the key to one held mail.

Only the SHA-256 of the secret is stored, so a copy of the store opens nothing. *Pure*: randomness comes in.
"""

import base64
import hashlib
import hmac


def link_secret(entropy: bytes) -> str:
    """The secret as it stands in the link; `entropy` is at least 16 random bytes (43 characters for 32)."""
    return base64.urlsafe_b64encode(entropy).rstrip(b"=").decode("ascii")


def token_hash(secret: str) -> str:
    """What is stored of a secret: SHA-256, hex."""
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()


def same_token(secret: str, stored_hash: str) -> bool:
    """Constant-time comparison of a secret with what was stored."""
    return hmac.compare_digest(token_hash(secret), stored_hash)
