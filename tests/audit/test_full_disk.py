"""A disk that is really full: refused in good order, and no restart when there is space again."""

import asyncio
import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.audit.survey import segments
from gateway.audit.writer import open_stream
from gateway.compliance.verify import verify
from gateway.errors import AuditUnavailable
from tests.audit.samples import clock, mail_ids, verdict


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte; needs the right to mount."""
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mount.returncode:
        line = "needs the right to mount a small file system"
        pytest.fail(line, pytrace=False) if os.environ.get("CI") == "true" else pytest.skip(line)
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.fixture
def file_limit() -> Iterator[None]:
    """No file may grow beyond 100 kB: a write in the middle of a batch is cut short, the next one fails (EFBIG)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, before)


async def test_a_full_disk_refuses_and_recovers(small_disk: Path) -> None:
    """Each refused record is absent, each acknowledged one is there; freeing space is all it takes."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * 700_000)
    stream = await open_stream(small_disk / "audit", "s", clock=clock, max_bytes=50_000)
    written, refused = await _until_refused(stream.record, 2000)
    assert written
    assert refused
    for path in segments(small_disk / "audit" / "s"):
        data = path.read_bytes()
        assert not data or data.endswith(b"\n")
    ballast.unlink()
    await stream.record(verdict("after"))
    await stream.close()
    found = mail_ids(small_disk / "audit" / "s", "verdict")
    assert found == [*written, "after"]
    assert verify(small_disk / "audit").ok


async def test_a_write_cut_short_leaves_no_half_record(tmp_path: Path, file_limit: None) -> None:
    """A short write is taken back to the last whole record; the stream goes on in the next file."""
    stream = await open_stream(tmp_path, "s", clock=clock, max_bytes=10**9)
    written, refused = await _until_refused(stream.record, 400)
    assert written
    assert refused
    assert (tmp_path / "s" / "000001.jsonl").read_bytes().endswith(b"\n")
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await stream.record(verdict("after"))
    await stream.close()
    assert mail_ids(tmp_path / "s", "verdict") == [*written, "after"]
    assert verify(tmp_path).ok


async def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that takes 100 bytes at a time gets the rest afterwards."""
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda descriptor, data, offset: pwrite(descriptor, data[:100], offset))
    stream = await open_stream(tmp_path, "s", clock=clock)
    await asyncio.gather(*(stream.record(verdict(str(number))) for number in range(20)))
    await stream.close()
    assert len(mail_ids(tmp_path / "s", "verdict")) == 20
    assert verify(tmp_path).ok


async def test_what_could_not_be_cut_off_is_cut_off_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When even truncating fails, the next record that is acknowledged stands right after the last good one."""
    pwrite, ftruncate = os.pwrite, os.ftruncate
    broken = False

    def half(descriptor: int, data: bytes, offset: int) -> int:
        if broken and offset_of_failure and offset > offset_of_failure[0]:
            raise OSError(28, "No space left on device")
        if broken:
            offset_of_failure.append(offset)
            return pwrite(descriptor, data[:150], offset)
        return pwrite(descriptor, data, offset)

    def cut(descriptor: int, size: int) -> None:
        if broken:
            raise OSError(5, "Input/output error")
        ftruncate(descriptor, size)

    offset_of_failure: list[int] = []
    monkeypatch.setattr(os, "pwrite", half)
    monkeypatch.setattr(os, "ftruncate", cut)
    stream = await open_stream(tmp_path, "s", clock=clock)
    await stream.record(verdict("a"))
    broken = True
    for name in ("b", "c"):
        with pytest.raises(AuditUnavailable):
            await stream.record(verdict(name))
    assert not (tmp_path / "s" / "000001.jsonl").read_bytes().endswith(b"\n")
    broken = False
    await stream.record(verdict("d"))
    await stream.close()
    assert mail_ids(tmp_path / "s", "verdict") == ["a", "d"]
    assert verify(tmp_path).ok


async def _until_refused(record, most: int) -> tuple[list[str], int]:  # type: ignore[no-untyped-def]
    """Records one after the other until ten were refused; those that were taken, and how many were not."""
    written, refused = [], 0
    for number in range(most):
        try:
            await record(verdict(f"m{number}", peer="p" * 400))
        except AuditUnavailable:
            refused += 1
            if refused == 10:
                break
        else:
            written.append(f"m{number}")
    return written, refused
