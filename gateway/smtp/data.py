"""The end of the message and nothing else: reading what follows 354.

Only CRLF.CRLF ends a message (RFC 5321 section 4.1.1.4). A bare CR, a bare LF or a NUL makes it unfit, and so does
being too large; then the rest is read and thrown away until the true end, so that no byte of it is ever taken for a
command. Takes chunks in bulk, linear in their size. IO: a `Spool` past the threshold, written by whoever calls `write`.
"""

from collections.abc import Callable
from io import IncrementalNewlineDecoder

from gateway.mail.content import Content, Raw
from gateway.replies import BARE_LINE_END, HEADERS_TOO_BIG, NO_SPACE, TOO_BIG, Reply
from gateway.smtp.limits import Budget
from gateway.smtp.spool import Spool

_END = b"\r\n.\r\n"
_DOT = b"\r\n."
_SPILL = 1024 * 1024  # bytes kept in memory between two writes to the spool
_SMALL = 512  # bytes; a chunk below this joins the one before it


class DataReader:
    """One message on its way in. `feed` until it is `done`; then `result` is its content or the refusal, and `rest`
    what the client pipelined behind it. Every byte held is taken from `budget`; `close` gives all back."""

    __slots__ = (
        "_budget", "_chunks", "_dotted", "_held", "_kept", "_line_ends", "_max_header", "_max_size", "_new_spool",
        "_refusal", "_reserved", "_spool", "_tail", "_threshold", "done", "received", "rest",
    )  # fmt: skip

    def __init__(
        self, *, max_size: int, max_header: int, threshold: int, budget: Budget, new_spool: Callable[[], Spool] = Spool
    ) -> None:
        """All sizes in bytes."""
        self._max_size, self._max_header, self._threshold = max_size, max_header, threshold
        self._budget, self._new_spool = budget, new_spool
        self._reserved = self._kept = self._held = 0  # taken from the budget; the message so far; of it in memory
        self._chunks: list[bytes] = []
        self._tail = b"\r\n"  # the last bytes of the stream; 354 itself stands for a line end before the first byte
        self._dotted = False  # a line may begin with a dot
        self._line_ends = IncrementalNewlineDecoder(None, translate=False)  # knows what kinds there were
        self._spool: Spool | None = None
        self._refusal: Reply | None = None
        self.received = 0
        self.done = False
        self.rest = b""

    def reserve(self, size: int) -> bool:
        """Take `size` bytes from the budget before the message comes; False when they are not there."""
        if not self._budget.take(size):
            return False
        self._reserved += size
        return True

    @property
    def spilling(self) -> bool:
        """Enough has gathered that a `batch` should be written before more is read."""
        return self._held > (_SPILL if self._spool else self._threshold) and not self.done

    def feed(self, chunk: bytes) -> None:
        """Take in the next bytes of the connection."""
        self.received += len(chunk)
        end = self._find_end(chunk)
        if end >= 0:
            self.done = True
            chunk, self.rest = (chunk, b"") if end == len(chunk) else (chunk[:end], chunk[end:])
        if self._refusal is None:
            self._keep(chunk)
        self._tail = chunk[-4:] if len(chunk) > 3 else (self._tail + chunk)[-4:]

    def batch(self) -> bytes:
        """What has gathered in memory, taken out to be written."""
        chunks, self._chunks, self._held = self._chunks, [], 0
        return b"".join(chunks)

    def write(self, batch: bytes) -> None:
        """Put a batch into the spool; blocks, so call it off the loop, while nothing is fed. Raises OSError."""
        if self._spool is None:
            self._spool = self._new_spool()
        self._spool.write(batch)

    def refuse(self, reply: Reply) -> None:
        """From now on the message is only read to its end."""
        self._refusal = self._refusal or reply
        self.close()

    def result(self) -> Content | Reply:
        """What came of a `done` message. Nothing is kept here any longer."""
        if self._refusal is not None:
            return self._refusal
        try:
            wire = self._mapped() if self._spool else self._joined()
        except OSError:
            return NO_SPACE
        if len(wire) > self._max_header and wire[:2] != b"\r\n" and wire.find(b"\r\n\r\n", 0, self._max_header) < 0:
            return HEADERS_TOO_BIG
        return Content(wire=wire, dotted=self._dotted)

    def close(self) -> None:
        """Let go of memory, spool and budget."""
        self._chunks, self._held = [], 0
        if self._spool is not None:
            self._spool.close()
            self._spool = None
        self._budget.give(self._reserved)
        self._reserved = 0

    def _mapped(self) -> Raw:
        self.write(self.batch())  # less than _SPILL
        size = self._kept - 3
        return self._spool.mapped(size) if self._spool and size else b""

    def _joined(self) -> bytes:
        """The chunks as one, without the final ".CRLF"."""
        last = self._chunks[-1]
        if len(last) >= 3:
            self._chunks[-1] = last[:-3]
            return b"".join(self._chunks) if len(self._chunks) > 1 else self._chunks[0]
        return b"".join(self._chunks)[:-3]

    def _find_end(self, chunk: bytes) -> int:
        """How many bytes of the chunk belong to the message, ".CRLF" included; -1 when it goes on."""
        tail = self._tail
        seam = tail + chunk[:4]
        if _DOT in seam:
            at = seam.find(_END)
            if at >= 0:
                return at + 5 - len(tail)
            self._dotted = True
        at = chunk.find(_DOT)
        if at >= 0 and not chunk.startswith(_END, at):
            self._dotted = True
            at = chunk.find(_END, at + 1)
        return at + 5 if at >= 0 else -1

    def _keep(self, chunk: bytes) -> None:
        size = self._kept + len(chunk)
        if not self._clean(chunk):
            return self.refuse(BARE_LINE_END)
        if size - (3 if self.done else 0) > self._max_size:
            return self.refuse(TOO_BIG)
        if size > self._reserved and not self.reserve(size - self._reserved):
            return self.refuse(NO_SPACE)
        self._kept = size
        self._held += len(chunk)
        if len(chunk) < _SMALL and self._chunks and len(self._chunks[-1]) < 8 * _SMALL:
            self._chunks[-1] += chunk  # a message that comes in crumbs must not cost many times its bytes
        else:
            self._chunks.append(chunk)
        return None

    def _clean(self, chunk: bytes) -> bool:
        """Every CR is followed by LF, every LF follows a CR, no NUL; a CR at the very end is judged with the next
        chunk. The standard library's decoder sees in one pass which line ends there are."""
        if b"\0" in chunk:
            return False
        self._line_ends.decode(chunk.decode("latin-1"))
        return self._line_ends.newlines in (None, "\r\n")
