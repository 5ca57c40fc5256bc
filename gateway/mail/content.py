"""The bytes of one message as they crossed the wire.

`wire` is the message with its dot-stuffing (RFC 5321 section 4.5.2) still in, every line ended by CRLF, without the
final ".CRLF": relaying it unchanged is byte for byte what came in. It is `bytes`, or an `mmap` of a spool file past
the memory limit. *Pure* (reading a mapped file apart).
"""

import mmap
from dataclasses import dataclass
from typing import TypeAlias

Raw: TypeAlias = bytes | mmap.mmap


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One message's `wire` bytes; `dotted` False: it is known that no line begins with a dot."""

    wire: Raw
    dotted: bool = True

    def plain(self) -> Raw:
        """The message as its reader gets it: dot-stuffing removed; the same object when there was none."""
        if not self.dotted or (self.wire[:1] != b"." and self.wire.find(b"\r\n.") < 0):
            return self.wire
        data = self.wire[:]
        return (data[1:] if data[:1] == b"." else data).replace(b"\r\n.", b"\r\n")


def stuffed(plain: bytes) -> Content:
    """The wire form of a message held as plain bytes; a missing final CRLF is added."""
    ended = plain if plain.endswith(b"\r\n") or not plain else plain + b"\r\n"
    wire = ended.replace(b"\r\n.", b"\r\n..")
    return Content(wire=b"." + wire if wire[:1] == b"." else wire)
