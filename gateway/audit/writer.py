"""The proof log of one process: `ports.Audit` over the files of one stream.

Group commit: under load all records of one turn of the event loop, and those that arrive while a sync is running, share
one write and one fdatasync, done off the loop in a thread of the stream's own; `record` returns after it. (The idea is
DeWitt et al., "Implementation techniques for main memory database systems", SIGMOD 1984.) When the disk refuses, all
who wait are told, nothing of theirs is in the file, and the next record tries afresh: no restart when space returns.

`open_stream` makes good what a crash left before it hands the stream out: a torn line gets its mark, a verdict without
outcome its outcome.
"""

import asyncio
import contextlib
import os
import queue
import re
import threading
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeAlias

import structlog

from gateway import __version__
from gateway.audit.events import AuditEvent, OutcomeReached, StreamRecovered, StreamStarted, StreamStopped
from gateway.audit.survey import segments
from gateway.audit.tail import Entry, Sync, Tail, entry
from gateway.errors import AuditUnavailable, UserError

log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]
Fate = Callable[[str], Awaitable[str | None]]  # mail id -> the outcome that is known from elsewhere
Waiter: TypeAlias = asyncio.Future[None]
Place: TypeAlias = tuple[Entry, Waiter | None]  # in the queue; a note waits for nobody

MAX_BYTES = 64 * 1024 * 1024  # a file that has grown to this is followed by the next one; so is one of yesterday
NOTE_SECONDS = 0.5  # how long a note waits for a record to travel with
_BATCH = 1024  # records of one write
_NOTES_CAP = 10_000  # notes kept while the disk refuses
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


class AuditStream:
    """One open stream; made by `open_stream`."""

    def __init__(self, tail: Tail, clock: Clock) -> None:
        self._tail, self._clock = tail, clock
        self._loop = asyncio.get_running_loop()
        self._queue: list[Place] = []
        self._busy = self._called = self._closed = False
        self._alone = True  # nobody shared the last sync
        self._timer: asyncio.TimerHandle | None = None
        self._lost = 0
        self._refused = False  # the last attempt failed
        self._work: queue.SimpleQueue[tuple[list[Place], datetime] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"audit-{tail.stream}", daemon=True)
        self._thread.start()

    async def record(self, event: AuditEvent) -> None:
        """Returns once the record is durable. Raises AuditUnavailable; then the record is not in the log. A caller that
        is cancelled while waiting may or may not find its record written."""
        if self._closed:
            raise AuditUnavailable(f"audit stream {self._tail.stream} is closed")
        await self._enqueue(event)

    def note(self, event: AuditEvent) -> None:
        """Keeps the order, durable with the next record or within a second; never raises. While the disk refuses,
        10,000 notes are kept and written when it takes them; how many more were lost stands in a record of its own."""
        if self._closed or len(self._queue) >= _NOTES_CAP:
            self._lost += 1
            return
        self._queue.append((entry(event), None))
        self._call_later()

    async def close(self) -> None:
        """Write what is waiting and the record of a good end, then let the stream go. Never raises."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(AuditUnavailable):
            await self._enqueue(StreamStopped(mail_id="", at=self._clock()))
        if self._timer:
            self._timer.cancel()
        self._work.put(None)
        await asyncio.to_thread(self._thread.join)
        self._tail.close()

    def _enqueue(self, event: AuditEvent) -> Waiter:
        waiter: Waiter = self._loop.create_future()
        self._queue.append((entry(event), waiter))
        self._call()
        return waiter

    def _call(self) -> None:
        """Commit at the end of this turn of the loop, so that everybody in it comes along; at once while there is
        nobody else, since then waiting would only make the mail late."""
        if self._busy or self._called:
            return
        if self._alone:
            self._commit()
            return
        self._called = True
        self._loop.call_soon(self._commit)

    def _call_later(self) -> None:
        if self._timer is None and not self._busy and not self._called:
            self._timer = self._loop.call_later(NOTE_SECONDS, self._commit)

    def _commit(self) -> None:
        self._called = False
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._busy:
            return
        batch, self._queue = self._queue[:_BATCH], self._queue[_BATCH:]
        now = self._clock()
        if self._lost:
            batch.append((entry(StreamRecovered(mail_id="", at=now, lost_notes=self._lost)), None))
            self._lost = 0
        self._busy = True
        self._alone = sum(waiter is not None for _, waiter in batch) <= 1
        self._work.put((batch, now))

    def _run(self) -> None:
        """The stream's own thread: the only one that touches the files."""
        while (work := self._work.get()) is not None:
            batch, now = work
            failure: BaseException | None = None
            try:
                self._tail.append([item for item, _ in batch], now=now)
            except BaseException as error:  # whatever it is, those who wait must hear of it
                failure = error
            with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
                self._loop.call_soon_threadsafe(self._answer, batch, failure)

    def _answer(self, batch: list[Place], failure: BaseException | None) -> None:
        self._busy = False
        if failure is not None:
            return self._refuse(batch, failure)
        for _, waiter in batch:
            if waiter is not None and not waiter.done():
                waiter.set_result(None)
        if self._refused:
            self._refused = False
            log.warning("audit takes records again", stream=self._tail.stream)
        if self._queue:
            self._call()
        return None

    def _refuse(self, batch: list[Place], failure: BaseException) -> None:
        """Tell all who wait, those in the queue too: it is the same disk. Notes stay for the next attempt."""
        if not self._refused:
            self._refused = True
            log.error("audit refuses records", stream=self._tail.stream, error=str(failure))
        places = batch + self._queue
        self._queue = [place for place in places if place[1] is None]
        for _, waiter in places:
            if waiter is not None and not waiter.done():
                waiter.set_exception(_unavailable(self._tail.stream, failure))
        if self._queue:
            self._call_later()


def _unavailable(stream: str, failure: BaseException) -> AuditUnavailable:
    reason = failure.strerror if isinstance(failure, OSError) else type(failure).__name__
    error = AuditUnavailable(f"audit stream {stream} cannot be written: {reason}")
    error.__cause__ = failure
    return error


async def open_stream(
    folder: Path,
    name: str,
    *,
    clock: Clock,
    version: str = __version__,
    pack: str = "",
    fsync: bool = True,
    fate: Fate | None = None,
    max_bytes: int = MAX_BYTES,
    sync: Sync | None = None,
) -> AuditStream:
    """Open the stream `folder`/`name`/, make good what a crash left, and record that the process started.

    `fate` is asked what became of a mail whose outcome is missing; without an answer it is "unknown". `sync` replaces
    fdatasync. Raises UserError for a bad name and when another process has the stream; AuditUnavailable; what `fate`
    raises.
    """
    tail = await _open(folder, name, fsync=fsync, max_bytes=max_bytes, sync=sync)
    try:
        recovered, completed = await _make_good(tail, clock, fate)
        stream = AuditStream(tail, clock)
    except BaseException:
        tail.close()
        raise
    started = StreamStarted(
        mail_id="", at=clock(), version=version, pack=pack, recovered=recovered, completed=completed
    )
    try:
        await stream.record(started)
    except BaseException:
        await stream.close()
        raise
    return stream


async def recover_orphans(
    root: Path, live_names: Collection[str], *, clock: Clock, fsync: bool = True, fate: Fate | None = None
) -> tuple[str, ...]:
    """Complete the streams of processes that are no more; the names of those where something was missing.

    Streams in `live_names`, and those another process has open, are left alone. Raises AuditUnavailable; what `fate`
    raises.
    """
    done = []
    for name in await asyncio.to_thread(stream_names, root):
        if name in live_names:
            continue
        try:
            tail = await _open(root, name, fsync=fsync, max_bytes=MAX_BYTES, sync=None)
        except UserError:  # it lives
            continue
        try:
            if any(await _make_good(tail, clock, fate)):
                done.append(name)
        finally:
            tail.close()
    return tuple(done)


def stream_names(root: Path) -> list[str]:
    """The streams that have files under the audit's folder."""
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if _NAME.match(path.name) and segments(path))


async def _open(root: Path, name: str, *, fsync: bool, max_bytes: int, sync: Sync | None) -> Tail:
    if not _NAME.match(name):
        raise UserError(f'"{name}" is no name for an audit stream', todo="Use letters, digits, dots and dashes")
    to_file, to_folder = (sync or os.fdatasync, os.fsync) if fsync else (_no_sync, _no_sync)
    make = partial(Tail, root / name, name, sync=to_file, sync_folder=to_folder, max_bytes=max_bytes)
    try:
        return await asyncio.to_thread(make)
    except OSError as error:
        raise _unavailable(name, error) from error


async def _make_good(tail: Tail, clock: Clock, fate: Fate | None) -> tuple[int, int]:
    """What a crash left: the torn line's mark, then an outcome for every verdict that has none; how many of each."""
    torn, pending = tail.torn is not None, tuple(tail.pending)
    known = [(await fate(mail_id) if fate else None) or "unknown" for mail_id in pending]
    outcomes = [
        entry(OutcomeReached(mail_id=mail_id, at=clock(), outcome=outcome))
        for mail_id, outcome in zip(pending, known, strict=True)
    ]
    try:
        if torn:
            await asyncio.to_thread(tail.mark, clock())
        if outcomes:
            await asyncio.to_thread(tail.append, outcomes, now=clock())
    except OSError as error:
        raise _unavailable(tail.stream, error) from error
    return int(torn), len(pending)


def _no_sync(descriptor: int) -> None:
    """For tests, and for those who set `audit_fsync = false`: the kernel writes when it likes."""
