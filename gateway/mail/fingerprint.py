"""One value for all transmissions of one mail.

A retry, and the copies of a mail split over several transactions, differ in their trace headers only; so the sender,
the Message-ID, what the author wrote into the header and the body count, and nothing that servers add. *Pure.*
"""

import hashlib

from gateway.mail.message import Message

_AUTHORS_OWN = ("from", "date", "subject", "content-type", "content-transfer-encoding")
_CHUNK = 1 << 20  # bytes


def fingerprint(message: Message, sender_key: str) -> str:
    """SHA-256 (hex) of sender, Message-ID, the author's header fields and the body; `sender_key` an address key."""
    fields = [sender_key, message.message_id]
    fields += [f"{name}:{' '.join(value.split())}" for name, value in message.headers if name in _AUTHORS_OWN]
    digest = hashlib.sha256("\0".join([*fields, ""]).encode("utf-8", "surrogatepass"))
    for start in range(message.header_end, len(message.raw), _CHUNK):
        digest.update(message.raw[start : start + _CHUNK])
    return digest.hexdigest()
