"""Full disks, broken disks, read-only files, servers that stop or freeze: a decided error soon, and recovery (P7)."""

import asyncio
import errno
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy.util import greenlet_spawn

from gateway.errors import GatewayError, NoSpace, StoreUnavailable
from gateway.storage.database import Database
from gateway.storage.faults import fault
from gateway.storage.opening import open_store
from tests.contract.values import RAW, a_hold
from tests.fixtures_postgresql import PostgresServer

LIMIT = 5  # seconds, as the port promises


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB of its own."""
    mounted = shutil.which("mount") and os.geteuid() == 0
    command = ["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", str(tmp_path)]
    if not mounted or subprocess.run(command, capture_output=True, check=False).returncode:
        line = "needs root that may mount a tmpfs"
        pytest.fail(line, pytrace=False) if os.environ.get("CI") == "true" and os.geteuid() == 0 else pytest.skip(line)
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    store = await open_store(url)
    try:
        yield store
    finally:
        await store.close()


async def hold(store: Database, id: str, raw: bytes = RAW) -> None:
    async with asyncio.timeout(LIMIT), store.begin() as unit:
        await unit.holds.add(a_hold(id), raw)


async def held(store: Database) -> list[str]:
    async with asyncio.timeout(LIMIT), store.begin(write=False) as unit:
        return [mail.id for mail in await unit.holds.find()]


async def test_a_full_disk_is_no_space_and_passes(small_disk: Path) -> None:
    """On a file system that fills up: NoSpace, what was stored stays, and with room again the store works on."""
    async with opened(str(small_disk / "store.db")) as store:
        await hold(store, "before")
        ballast = small_disk / "ballast"
        fill(ballast)
        for number in range(3):
            with pytest.raises(NoSpace):
                await hold(store, f"full-{number}", os.urandom(200_000))
        assert await held(store) == ["before"]
        os.unlink(ballast)
        await hold(store, "after")
        assert await held(store) == ["after", "before"]


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 65536)


async def test_a_mail_too_big_for_the_disk_is_no_space(small_disk: Path) -> None:
    """A mail larger than what is left is refused whole; a small one still fits."""
    async with opened(str(small_disk / "store.db")) as store:
        with pytest.raises(NoSpace):
            await hold(store, "big", os.urandom(20_000_000))
        await hold(store, "small")
        assert await held(store) == ["small"]


async def test_a_read_only_disk_is_unavailable_and_passes(small_disk: Path) -> None:
    """Remounted read-only, as a broken disk is: StoreUnavailable; writable again, it works without reopening."""
    async with opened(str(small_disk / "store.db")) as store:
        await hold(store, "before")
        await greenlet_spawn(store._backend.engine.dispose)  # the kernel remounts nothing with a file open for writing
        remount(small_disk, "ro")
        try:
            for number in range(2):
                with pytest.raises(StoreUnavailable):
                    await hold(store, f"lost-{number}")
        finally:
            remount(small_disk, "rw")
        await hold(store, "after")
        assert await held(store) == ["after", "before"]


def remount(folder: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(folder)], check=True, capture_output=True)


async def test_a_page_limit_is_no_space(tmp_path: Path) -> None:
    """SQLite's own word for "full" is NoSpace too, wherever a tmpfs cannot be mounted."""
    async with opened(str(tmp_path / "store.db")) as store:
        await hold(store, "before")

        async def limited() -> None:
            async with store.begin() as unit:
                transaction = unit.holds._transaction
                connection = transaction._open_connection
                await transaction._call(lambda: connection.exec_driver_sql("PRAGMA max_page_count = 60"))
                await unit.holds.add(a_hold("big"), os.urandom(1_000_000))

        with pytest.raises(NoSpace):
            await limited()
        await hold(store, "after", os.urandom(1_000_000))
        assert await held(store) == ["after", "before"]


@pytest.mark.real("strace")
@pytest.mark.parametrize(
    ("inject", "word"),
    [
        ("pwrite64:error=ENOSPC:when=60..90", "NoSpace"),
        ("pwrite64:error=EIO:when=60..90", "StoreUnavailable"),
        ("fdatasync:error=EIO:when=5..11", "StoreUnavailable"),
    ],
)
async def test_a_failing_disk_is_told_and_passes(tmp_path: Path, inject: str, word: str) -> None:
    """System calls that fail for a while in a store that exists: each try ends in ok or the right error, the last are
    ok again, and every ok is in the store."""
    path, trace = tmp_path / "store.db", tmp_path / "trace"
    async with opened(str(path)):
        pass  # its tables are made while the disk is well
    command = ["strace", "-f", "-o", str(trace), "-e", f"trace={inject.split(':')[0]}", "-e", f"inject={inject}"]
    done = await asyncio.to_thread(
        subprocess.run,
        [*command, sys.executable, "-m", "tests.storage.trier", str(path), "40"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = done.stdout.split("\n")[1:-1]
    acknowledged = {line.split()[1] for line in said if line.startswith("ok ")}
    assert {line for line in said if not line.startswith("ok ")} == {word}
    assert said[-1] == "ok try-39"
    async with opened(str(path)) as store:
        assert acknowledged <= set(await held(store))


@pytest.mark.real("strace")
def test_a_commit_is_synced_before_it_is_acknowledged(tmp_path: Path) -> None:
    """Between two acknowledgements on stdout there is a sync of the write-ahead log, and it comes last (P2)."""
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-o", str(trace), "-e", "trace=fdatasync,fsync,pwrite64,write"]
    command += [sys.executable, "-m", "tests.storage.trier", str(tmp_path / "store.db"), "20"]
    subprocess.run(command, capture_output=True, timeout=60, check=True)
    calls = re.findall(r"(pwrite64|fdatasync|fsync|write)\(\d+<([^>]*)>(?:, \"(ok try|ready))?", trace.read_text())
    last, order = "", []
    for name, file, said in calls:
        if said:
            order.append(last)
        elif file.endswith("store.db-wal"):
            last = "written" if name == "pwrite64" else "synced"
    assert order[1:] == ["synced"] * 20


async def test_a_stopped_server_is_unavailable_and_passes(
    postgresql_server: PostgresServer, postgresql_url: str
) -> None:
    """PostgreSQL crashes under an open unit and stays away: StoreUnavailable within 5 s each time; when it is back,
    the same store works and has what was acknowledged."""
    async with opened(postgresql_url) as store:
        await hold(store, "before")

        async def surprised() -> None:
            async with store.begin() as unit:
                await unit.holds.add(a_hold("lost"), RAW)
                await asyncio.to_thread(postgresql_server.stop)

        with pytest.raises(StoreUnavailable):
            await surprised()
        try:
            for number in range(3):
                with pytest.raises(StoreUnavailable):
                    await hold(store, f"lost-{number}")
        finally:
            await asyncio.to_thread(postgresql_server.start)
        await hold(store, "after")
        assert await held(store) == ["after", "before"]


async def test_a_frozen_server_is_unavailable_and_passes(
    postgresql_server: PostgresServer, postgresql_url: str
) -> None:
    """A server that takes the bytes and never answers: StoreUnavailable within 5 s, at the start of a unit and at its
    commit; when it wakes up, the same store works."""
    async with opened(postgresql_url) as store:
        await hold(store, "before")

        async def surprised() -> None:
            async with store.begin() as unit:
                await unit.holds.add(a_hold("lost"), RAW)
                postgresql_server.freeze()

        try:
            for work in (surprised(), hold(store, "lost-1"), hold(store, "lost-2")):
                began = time.monotonic()
                with pytest.raises(StoreUnavailable):
                    await work
                assert time.monotonic() - began < LIMIT
        finally:
            postgresql_server.resume()
        await hold(store, "after")
        assert {"after", "before"} <= set(await held(store))


async def test_a_full_disk_of_the_server_is_no_space(postgresql_server: PostgresServer, postgresql_url: str) -> None:
    """PostgreSQL's disk_full (SQLSTATE 53100) is NoSpace, and the store works on afterwards."""
    async with opened(postgresql_url) as store:
        database = postgresql_url.partition("@/")[2].partition("?")[0]
        postgresql_server.sql(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END$$;"
            "CREATE TRIGGER full_disk BEFORE INSERT ON holds_bytes EXECUTE FUNCTION full_disk()",
            database,
        )
        with pytest.raises(NoSpace):
            await hold(store, "lost")
        postgresql_server.sql("DROP TRIGGER full_disk ON holds_bytes", database)
        await hold(store, "after")
        assert await held(store) == ["after"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), NoSpace),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), NoSpace),
        (ConnectionRefusedError(), StoreUnavailable),
        (TimeoutError(), StoreUnavailable),
        (sqlite3.OperationalError("disk I/O error"), StoreUnavailable),
        (NoSpace("as it is"), NoSpace),
        (ZeroDivisionError(), type(None)),
        (ValueError(), type(None)),
    ],
)
def test_trouble_is_told_from_mistakes(error: Exception, kind: type[GatewayError | None]) -> None:
    """The outside world's trouble has an SMTP answer; a mistake of ours is left to be seen."""
    assert type(fault(error)) is kind


def test_leaving_in_the_middle_of_trouble_ends(tmp_path: Path) -> None:
    """A loop that ends, cancelling everything, while connections are being thrown away comes to its end."""
    command = [sys.executable, "-m", "tests.storage.leaver", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("left\n", 0)
