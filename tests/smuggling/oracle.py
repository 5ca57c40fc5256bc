"""What RFC 5321 says about a stream after 354, told slowly, byte by byte, and apart from the edge's own code."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Told:
    """The message with its dot-stuffing, whether it may pass, and what follows it."""

    message: bytes
    clean: bool
    rest: bytes


def tell(stream: bytes) -> Told | None:
    """The first message of a stream; None when it never ends."""
    seen = bytearray(b"\r\n")
    for at, octet in enumerate(stream):
        seen.append(octet)
        if seen.endswith(b"\r\n.\r\n"):
            message = stream[: at + 1 - 3]
            return Told(message, _clean(message), stream[at + 1 :])
    return None


def _clean(message: bytes) -> bool:
    for at, octet in enumerate(message):
        if octet == 0:
            return False
        if octet == 13 and message[at + 1 : at + 2] != b"\n":
            return False
        if octet == 10 and message[at - 1 : at] != b"\r":
            return False
    return True
