"""The growing end of one stream: a folder `STREAM/` with `000001.jsonl`, `000002.jsonl`, … and one writer.

Blocking IO; used by one thread at a time. The folder is locked (flock) as long as it is open. A batch of records is
one write and one fdatasync, all of it or nothing: what a failed write left is cut off before anything else is written.
Files are 0600, folders 0700; a new file's name is durable (fsync of the folder) before its first record is.

A crash may leave part of a line at the end. Only such a piece is ever taken away, and only by the record that says so.
"""

import fcntl
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.audit.canonical import encode
from gateway.audit.chain import Head, forge
from gateway.audit.events import AuditEvent, OutcomeReached, StreamContinued, StreamRecovered, VerdictReached
from gateway.audit.survey import Torn, survey
from gateway.errors import UserError

Sync = Callable[[int], None]  # makes what was written to a descriptor durable; raises OSError
_PENDING_CAP = 50_000  # mails without outcome that are kept in mind


@dataclass(slots=True, kw_only=True)
class Entry:
    """One event on its way into the file: its canonical bytes, and what it means for a pending mail."""

    body: bytes
    opens: str = ""  # id of the mail whose verdict this is
    closes: str = ""  # id of the mail whose outcome this is


def entry(event: AuditEvent) -> Entry:
    """The event, ready to be written."""
    opens = event.mail_id if isinstance(event, VerdictReached) else ""
    closes = event.mail_id if isinstance(event, OutcomeReached) else ""
    return Entry(body=encode(event), opens=opens, closes=closes)


class Tail:
    """Where the next record goes. Opening raises UserError when another process writes here, OSError when the disk
    fails. `pending`: mails with a verdict and no outcome, oldest first; `torn`: a piece that awaits its mark."""

    def __init__(self, folder: Path, stream: str, *, sync: Sync, sync_folder: Sync, max_bytes: int) -> None:
        self.stream = stream
        self.torn: Torn | None = None
        self._folder, self._max_bytes = folder, max_bytes
        self._sync, self._sync_folder = sync, sync_folder
        self._file = -1
        self._lock = _locked(folder, sync_folder)
        try:
            found = survey(folder, stream)
            if found.number:
                self._file = _open(folder / f"{found.number:06d}.jsonl", 0)
        except BaseException:
            self.close()
            raise
        self.head, self.pending, self.torn = found.head, found.pending, found.torn
        self._number, self._size, self._day = found.number, found.size, found.day
        self._excess = found.torn is not None  # the file may be longer than `_size`

    def append(self, batch: Sequence[Entry], *, now: datetime) -> None:
        """Write these records, in order; durable on return. On OSError none of them is in the file."""
        if self._file < 0 or self._full(now):
            self._next_file()
        if not self._size and self._number > 1:  # so that whoever opens the stream need not read older files
            going_on = StreamContinued(mail_id="", at=now, pending=tuple(self.pending))
            batch = [entry(going_on), *batch]
        lines, head = self._linked(batch)
        self._write(lines)
        self.head, self._day = head, now.date()
        self._follow(batch)

    def mark(self, now: datetime) -> None:
        """Put a record that describes the torn piece in its place."""
        torn = self.torn
        assert torn is not None
        event = StreamRecovered(
            mail_id="", at=now, torn_bytes=torn.size, torn_sha256=torn.sha256, torn_begin=torn.begin
        )
        self.append([entry(event)], now=now)
        self.torn = None

    def close(self) -> None:
        """Give the file and the lock back."""
        for descriptor in (self._file, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._lock = -1

    def _full(self, now: datetime) -> bool:
        if self.torn or not self._size:
            return False
        return self._size >= self._max_bytes or now.date() > self._day

    def _linked(self, batch: Sequence[Entry]) -> tuple[bytes, Head]:
        lines, head = [], self.head
        for item in batch:
            line, head = forge(item.body, stream=self.stream, after=head)
            lines.append(line)
        return b"".join(lines), head

    def _follow(self, batch: Sequence[Entry]) -> None:
        for item in batch:
            if item.opens and len(self.pending) < _PENDING_CAP:
                self.pending[item.opens] = None
            elif item.closes:
                self.pending.pop(item.closes, None)

    def _write(self, data: bytes) -> None:
        """All of it, durable, at the end; on failure the file is cut back to its last good record."""
        if self._excess and not self.torn:
            self._cut(self._size)
        self._excess = True
        try:
            _write_all(self._file, data, self._size)
            self._sync(self._file)
            if self.torn:  # its mark is safe: now the rest of the piece may go
                self._cut(self._size + len(data))
        except BaseException:
            self._cut_back()
            raise
        self._excess = False
        self._size += len(data)

    def _cut_back(self) -> None:
        """As well as it can be done now; else the next write does it first. A torn piece waits for its mark."""
        if self.torn:
            return
        try:
            self._cut(self._size)
        except OSError:
            return

    def _cut(self, size: int) -> None:
        os.ftruncate(self._file, size)
        self._sync(self._file)
        self._excess = False

    def _next_file(self) -> None:
        """Begin a file. It may be there already, empty, from an attempt that failed just here."""
        path = self._folder / f"{self._number + 1:06d}.jsonl"
        opened = _open(path, os.O_CREAT)
        try:
            if os.fstat(opened).st_size:
                raise FileExistsError(f"{path} is there already and not empty")
            self._sync_folder(self._lock)
        except BaseException:
            os.close(opened)
            raise
        if self._file >= 0:
            os.close(self._file)
        self._file, self._size, self._excess = opened, 0, False
        self._number += 1


def _open(path: Path, flags: int) -> int:
    return os.open(path, os.O_WRONLY | os.O_NOFOLLOW | flags, 0o600)


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def _locked(folder: Path, sync: Sync) -> int:
    """The stream's folder, made if need be, open and locked."""
    if not folder.is_dir():
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(folder.parent, sync)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise UserError(
            "another process writes this audit stream",
            where=str(folder),
            todo="Stop it, or give this one a stream or state folder of its own",
        ) from None
    return descriptor


def _sync_folder(folder: Path, sync: Sync) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)
