"""Whether a mail can be edited at all, told without reading it: for notices, which are written where nobody may wait.
*Pure.*
"""

import re

from gateway.holds.revision import NO_TEXT, sealed_by
from gateway.mail.message import walk

_SEEN = 1 << 16  # bytes in which a signature or encryption within the text begins
_ARMOUR = re.compile(rb"^-----BEGIN PGP [A-Z ]+-----", re.M)  # RFC 9580 section 6.2; quoted, it is somebody else's
_TEXT = ("text/plain", "text/html")


def why_sealed(raw: bytes) -> str:
    """Why no words of this mail can be changed (it is signed, encrypted, has no text), one plain sentence; "" where
    they can."""
    message = walk(raw)
    armour = _ARMOUR.search(raw, message.header_end, message.header_end + _SEEN)
    reason = sealed_by(message, armour[0].decode("ascii") if armour else "")
    return reason or ("" if any(part.content_type in _TEXT for part in message.parts) else NO_TEXT)
