"""Command lines cut out of the bytes a client sends, whatever the TCP segments look like.

Takes chunks, gives whole command lines without their CRLF, or the fault that makes a line unfit to be run. *Pure.*
RFC 5321 sections 2.3.8 and 4.5.3.1.4.
"""

from enum import Enum, auto

LINE_LIMIT = 8192  # bytes; ORCPT and XFORWARD make lines longer than RFC 5321's 512
ENDLESS_LIMIT = 1024 * 1024  # bytes of one line, thrown away as they come, after which we stop listening


class LineFault(Enum):
    """Why a line is refused unread."""

    BARE = auto()  # a bare CR, a bare LF or a NUL, or the rest of a line that had a bare LF
    TOO_LONG = auto()
    ENDLESS = auto()


class Lines:
    """The bytes not yet used. A line that follows a bare LF is refused with it, up to the next CRLF: whoever could
    plant the LF could plant the command behind it, and where the segments were cut must make no difference."""

    __slots__ = ("_buffer", "_dropped", "_start", "_tainted", "limit")

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self.limit = limit
        self._buffer: bytes | bytearray = b""
        self._start = 0  # where the next line begins
        self._dropped = 0  # bytes of an overlong line already thrown away
        self._tainted = False

    def __len__(self) -> int:
        return len(self._buffer) - self._start

    def feed(self, chunk: bytes) -> None:
        """More bytes from the client."""
        if not self._buffer:
            self._buffer = chunk  # most often one whole line, which need not be copied
            return
        if isinstance(self._buffer, bytes):
            self._buffer = bytearray(self._buffer)
        self._buffer += chunk

    def take(self) -> bytes | LineFault | None:
        """The next line, or its fault; None until its end has come."""
        buffer, start = self._buffer, self._start
        end = buffer.find(b"\n", start) + 1
        if not end:
            return self._wait()
        line = bytes(buffer) if end == len(buffer) and not start else bytes(buffer[start:end])
        if end == len(buffer):
            self._buffer, self._start = b"", 0
        else:
            self._start = end
        return self._judge(line)

    def detach(self) -> bytes:
        """Everything not yet used, taken out: message data that came in the same segment as its DATA."""
        rest = bytes(self._buffer[self._start :])
        self.clear()
        return rest

    def clear(self) -> None:
        """Forget what came and was not used (RFC 3207 section 4.2)."""
        self._buffer = b""
        self._start = self._dropped = 0
        self._tainted = False

    def _judge(self, line: bytes) -> bytes | LineFault:
        tainted, self._tainted = self._tainted, not line.endswith(b"\r\n")
        size, self._dropped = self._dropped + len(line), 0
        if size > self.limit:
            return LineFault.TOO_LONG
        if tainted or self._tainted:
            return LineFault.BARE
        line = line[:-2]
        return LineFault.BARE if b"\r" in line or b"\0" in line else line

    def _wait(self) -> LineFault | None:
        if self._start:
            self._buffer, self._start = self._buffer[self._start :], 0
        if len(self._buffer) + self._dropped > self.limit:
            kept = b"\r" if self._buffer.endswith(b"\r") else b""  # its LF may still come
            self._dropped += len(self._buffer) - len(kept)
            self._buffer = kept
        return LineFault.ENDLESS if self._dropped > ENDLESS_LIMIT else None
