"""The stream's writer: durable before `record` returns, in order, few syncs, and no restart after trouble."""

import asyncio
import errno
import os
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.audit.survey import segments
from gateway.audit.writer import open_stream
from gateway.compliance.verify import verify
from gateway.errors import AuditUnavailable, UserError
from gateway.ports import Audit
from tests.audit.samples import clock, mail_ids, outcome, verdict


class Disk:
    """Stands where fdatasync stands: counts, waits, fails, and looks at what is on the disk."""

    def __init__(self) -> None:
        self.syncs = 0
        self.error = 0
        self.gate = threading.Event()
        self.gate.set()
        self.look: Callable[[], None] = lambda: None

    def sync(self, descriptor: int) -> None:
        """Make it durable, or refuse."""
        self.gate.wait(10)
        if self.error:
            raise OSError(self.error, os.strerror(self.error))
        os.fdatasync(descriptor)
        self.syncs += 1
        self.look()


async def test_a_record_is_durable_before_it_returns(tmp_path: Path) -> None:
    """`record` waits for the sync of the file that holds its line."""
    disk = Disk()
    stream = await open_stream(tmp_path, "s", clock=clock, sync=disk.sync)
    disk.gate.clear()
    waiting = asyncio.ensure_future(stream.record(verdict("a")))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    seen: list[list[str]] = []
    disk.look = lambda: seen.append(mail_ids(tmp_path / "s", "verdict"))
    disk.gate.set()
    await waiting
    assert seen == [["a"]]
    await stream.close()


async def test_records_of_one_moment_share_a_sync(tmp_path: Path) -> None:
    """Twenty writers at once need far fewer syncs than records, and every record is there."""
    disk = Disk()
    stream = await open_stream(tmp_path, "s", clock=clock, sync=disk.sync)
    before = disk.syncs

    async def writer(name: str) -> None:
        for number in range(25):
            await stream.record(verdict(f"{name}.{number}"))

    await asyncio.gather(*(writer(str(number)) for number in range(20)))
    assert disk.syncs - before <= 60  # 25 turns when all keep step; one for each record would be 500
    await stream.close()
    assert len(set(mail_ids(tmp_path / "s", "verdict"))) == 500
    assert verify(tmp_path).ok


async def test_records_that_arrive_during_a_sync_share_the_next(tmp_path: Path) -> None:
    """While the disk is busy everybody queues up for one commit."""
    disk = Disk()
    stream = await open_stream(tmp_path, "s", clock=clock, sync=disk.sync)
    before = disk.syncs
    disk.gate.clear()
    waiting = []
    for number in range(10):
        waiting.append(asyncio.ensure_future(stream.record(verdict(str(number)))))
        await asyncio.sleep(0.01)
    disk.gate.set()
    await asyncio.gather(*waiting)
    assert disk.syncs - before == 2
    assert mail_ids(tmp_path / "s", "verdict") == [str(number) for number in range(10)]
    await stream.close()


async def test_a_note_travels_with_the_next_record_in_order(tmp_path: Path) -> None:
    """Notes cost no sync of their own, and stand where they were made."""
    disk = Disk()
    stream = await open_stream(tmp_path, "s", clock=clock, sync=disk.sync)
    before = disk.syncs
    await stream.record(verdict("a"))
    stream.note(outcome("a"))
    await stream.record(verdict("b"))
    assert disk.syncs - before == 2
    lines = segments(tmp_path / "s")[0].read_bytes()
    assert lines.index(b'"outcome"') < lines.index(b'"askonce.mail_id":"b"')
    await stream.close()


async def test_a_note_alone_is_durable_within_a_second(tmp_path: Path) -> None:
    """Nobody has to come after it."""
    stream = await open_stream(tmp_path, "s", clock=clock)
    stream.note(outcome("a"))
    await asyncio.sleep(0.9)
    assert mail_ids(tmp_path / "s", "outcome") == ["a"]
    await stream.close()


async def test_the_event_loop_runs_on_while_the_disk_does_not(tmp_path: Path) -> None:
    """A sync of 300 ms stalls the recorder, not the loop."""
    disk = Disk()
    stream = await open_stream(tmp_path, "s", clock=clock, sync=disk.sync)
    disk.gate.clear()
    waiting = asyncio.ensure_future(stream.record(verdict("a")))
    loop = asyncio.get_running_loop()
    start, worst = loop.time(), 0.0
    while loop.time() - start < 0.3:
        before = loop.time()
        await asyncio.sleep(0.01)
        worst = max(worst, loop.time() - before)
    disk.gate.set()
    await waiting
    assert worst < 0.2
    await stream.close()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
async def test_trouble_is_told_to_all_who_wait_and_passes(tmp_path: Path, code: int) -> None:
    """A failed sync leaves nothing of the refused records; later ones are written without a restart."""
    disk = Disk()
    stream = await open_stream(tmp_path, "s", clock=clock, sync=disk.sync)
    await stream.record(verdict("good"))
    disk.error = code
    refused = await asyncio.gather(*(stream.record(verdict(f"bad{n}")) for n in range(5)), return_exceptions=True)
    assert all(isinstance(error, AuditUnavailable) for error in refused)
    stream.note(outcome("good"))
    await asyncio.sleep(0)
    disk.error = 0
    await stream.record(verdict("again"))
    await stream.close()
    assert mail_ids(tmp_path / "s", "verdict") == ["good", "again"]
    assert mail_ids(tmp_path / "s", "outcome") == ["good"]
    assert verify(tmp_path).ok


async def test_a_record_behind_many_notes_is_still_told_of_trouble(tmp_path: Path) -> None:
    """However much waits in the queue, a refusal reaches everyone in it at once; the notes stay."""
    disk = Disk()
    stream = await open_stream(tmp_path, "s", clock=clock, sync=disk.sync)
    disk.error = errno.ENOSPC
    for number in range(3000):
        stream.note(outcome(f"n{number}"))
    with pytest.raises(AuditUnavailable):
        await asyncio.wait_for(stream.record(verdict("v")), timeout=5)
    disk.error = 0
    await stream.record(verdict("w"))
    await stream.close()
    assert len(mail_ids(tmp_path / "s", "outcome")) == 3000
    assert verify(tmp_path).ok


async def test_notes_that_had_to_be_given_up_are_counted_in_the_log(tmp_path: Path) -> None:
    """Beyond ten thousand waiting notes the rest is lost, and a record says how many."""
    disk = Disk()
    stream = await open_stream(tmp_path, "s", clock=clock, sync=disk.sync)
    disk.error = errno.ENOSPC
    for number in range(10_025):
        stream.note(outcome(f"n{number}"))
    disk.error = 0
    await stream.record(verdict("v"))
    await stream.close()
    report = verify(tmp_path)
    assert report.ok
    assert ["25 records that could wait were lost while the disk was full"] == [mark.words for mark in report.marks]


async def test_a_cancelled_caller_disturbs_nobody(tmp_path: Path) -> None:
    """The others in its batch are written and told."""
    disk = Disk()
    stream = await open_stream(tmp_path, "s", clock=clock, sync=disk.sync)
    disk.gate.clear()
    leaving = asyncio.ensure_future(stream.record(verdict("leaving")))
    staying = asyncio.ensure_future(stream.record(verdict("staying")))
    await asyncio.sleep(0.05)
    leaving.cancel()
    disk.gate.set()
    await staying
    await stream.close()
    assert "staying" in mail_ids(tmp_path / "s", "verdict")
    assert verify(tmp_path).ok


async def test_files_are_followed_by_the_next_when_full(tmp_path: Path) -> None:
    """The chain goes on over the files, and each further file begins with the pending mails."""
    stream = await open_stream(tmp_path, "s", clock=clock, max_bytes=4000)
    await stream.record(verdict("open"))
    for number in range(60):
        await stream.record(verdict(str(number)))
        await stream.record(outcome(str(number)))
    await stream.close()
    files = segments(tmp_path / "s")
    assert len(files) > 5
    assert all(path.stat().st_size < 5000 for path in files)
    assert all(b'"askonce.pending":["open"' in path.read_bytes().splitlines()[0] for path in files[1:])
    report = verify(tmp_path)
    assert report.ok
    assert report.open_pairs == 1


async def test_a_new_day_begins_a_new_file(tmp_path: Path) -> None:
    """A file holds the records of one day (UTC), across a restart as well."""
    now = datetime(2026, 3, 3, 23, 59, tzinfo=UTC)
    stream = await open_stream(tmp_path, "s", clock=lambda: now)
    now += timedelta(minutes=2)
    await stream.record(verdict("a", at=now))
    assert len(segments(tmp_path / "s")) == 2
    await stream.close()
    stream = await open_stream(tmp_path, "s", clock=lambda: now)
    assert len(segments(tmp_path / "s")) == 2
    await stream.close()
    now += timedelta(days=1)
    stream = await open_stream(tmp_path, "s", clock=lambda: now)
    await stream.close()
    assert len(segments(tmp_path / "s")) == 3
    assert verify(tmp_path).ok


async def test_two_writers_of_one_stream_are_refused(tmp_path: Path) -> None:
    """The second one gets a clear word, and the stream stays whole."""
    stream = await open_stream(tmp_path, "s", clock=clock)
    with pytest.raises(UserError, match="another process writes this audit stream"):
        await open_stream(tmp_path, "s", clock=clock)
    await stream.record(verdict())
    await stream.close()
    again = await open_stream(tmp_path, "s", clock=clock)
    await again.close()
    assert verify(tmp_path).ok


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 65, "sp ace"])
async def test_a_stream_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    """A name is letters, digits, dots and dashes."""
    with pytest.raises(UserError, match="is no name"):
        await open_stream(tmp_path, name, clock=clock)


async def test_only_the_gateway_may_read_the_files(tmp_path: Path) -> None:
    """Files are 0600, folders 0700, even with a generous umask."""
    before = os.umask(0)
    try:
        stream = await open_stream(tmp_path / "audit", "s", clock=clock)
        await stream.close()
    finally:
        os.umask(before)
    folder = tmp_path / "audit" / "s"
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, folder / "000001.jsonl")]
    assert modes == [0o700, 0o700, 0o600]


async def test_a_new_files_name_is_durable_before_its_first_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is synced when a file is created in it."""
    order: list[str] = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (order.append("folder"), fsync(descriptor))[1])

    def sync(descriptor: int) -> None:
        order.append("file")

    stream = await open_stream(tmp_path / "audit", "s", clock=clock, sync=sync)
    await stream.close()
    assert order == ["folder", "folder", "file", "file"]  # the stream's folder, the file's name; start, stop


async def test_without_fsync_nothing_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`fsync=False` writes and leaves the rest to the kernel."""

    def refuse(descriptor: int) -> None:
        raise AssertionError("synced")

    monkeypatch.setattr(os, "fsync", refuse)
    monkeypatch.setattr(os, "fdatasync", refuse)
    stream = await open_stream(tmp_path, "s", clock=clock, fsync=False)
    await stream.record(verdict())
    await stream.close()
    assert verify(tmp_path).records == 3


async def test_a_closed_stream_takes_nothing_and_ends_in_good_order(tmp_path: Path) -> None:
    """What waits at the close is written; `stop` is the last record; later records are refused."""
    stream = await open_stream(tmp_path, "s", clock=clock)
    waiting = asyncio.ensure_future(stream.record(verdict("a")))
    await asyncio.sleep(0)
    stream.note(outcome("a"))
    await stream.close()
    await waiting
    await stream.close()
    with pytest.raises(AuditUnavailable):
        await stream.record(verdict("b"))
    stream.note(outcome("b"))
    last = segments(tmp_path / "s")[0].read_bytes().splitlines()[-1]
    assert b'"event.action":"stop"' in last
    assert mail_ids(tmp_path / "s", "outcome") == ["a"]


async def test_a_stream_is_an_audit(tmp_path: Path) -> None:
    """It implements the port that the flows know."""
    stream = await open_stream(tmp_path, "s", clock=clock)
    audit: Audit = stream
    await audit.record(verdict())
    await stream.close()
