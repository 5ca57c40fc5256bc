"""`GET /healthz`: 200 while the gateway can do its work, else 503 and why, at little cost however often it is asked."""

import asyncio
import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from gateway.storage.room import write_a_little
from gateway.web.app import web_app
from gateway.web.health import REST, Health
from tests.web.desk import KEY, Desk, open_desk


async def answered(desk: Desk, health: Health) -> tuple[int, str]:
    """What a watcher gets."""
    transport = httpx.ASGITransport(app=web_app(desk.house, secret_key=KEY, health=health))
    async with httpx.AsyncClient(transport=transport, base_url="http://watched.example") as client:
        answer = await client.get("/healthz")
    return answer.status_code, answer.text.strip()


def failing(number: int) -> Callable[[], None]:
    """Writing that ends with this error."""

    def write() -> None:
        raise OSError(number, os.strerror(number))

    return write


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk is full"),
        (errno.EROFS, "the state folder cannot be written"),
        (errno.EIO, "the state folder cannot be written"),
    ],
)
async def test_a_folder_that_cannot_be_written_is_503(desk: Desk, number: int, words: str) -> None:
    """A full disk by its name, whatever else keeps us from writing by another."""
    assert (503, words) == await answered(desk, Health(desk.store, write=failing(number)))


async def test_without_smtp_processes_it_is_503(desk: Desk) -> None:
    """Told as soon as none runs, and no longer when one does."""
    running = [False]
    health = Health(desk.store, serving=lambda: running[0])
    gone = await answered(desk, health)
    running[0] = True

    assert ((503, "no SMTP process runs"), (200, "ok")) == (gone, await answered(desk, health))


async def test_a_store_that_only_reads_is_503(tmp_path: Path) -> None:
    """Another process holds the store's lock: what is kept can be read, and nothing can be added."""
    async with (
        open_desk(store=str(tmp_path / "store.db")) as desk,
        open_desk(store=str(tmp_path / "store.db")) as other,
    ):
        async with other.store.begin():
            locked = await answered(desk, Health(desk.store))
        healed = await answered(desk, Health(desk.store))

    assert ((503, "the store cannot be written"), (200, "ok")) == (locked, healed)


async def test_however_many_ask_writing_is_tried_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty at once cost one trial, which counts for some seconds; past them it is tried again."""
    tried: list[int] = []
    health = Health(desk.store, write=lambda: tried.append(1))
    first = await asyncio.gather(*(health.trouble() for _ in range(50)))
    once = len(tried)
    loop = asyncio.get_running_loop()
    later = loop.time() + REST
    monkeypatch.setattr(loop, "time", lambda: later)
    await health.trouble()

    assert ({""}, 1, 2) == (set(first), once, len(tried))


async def test_a_disk_that_hangs_is_503_in_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it longer than the patience, and the next to ask does not start a second trial."""
    monkeypatch.setattr("gateway.web.health.PATIENCE", 0.2)
    hangs, begun = threading.Event(), []

    def write() -> None:
        begun.append(1)
        hangs.wait(30)

    health = Health(desk.store, write=write)
    try:
        answers = [await answered(desk, health) for _ in range(3)]
    finally:
        hangs.set()

    assert [(503, "store or disk take too long")] * 3 == answers
    assert [1] == begun


def test_a_little_is_written_and_nothing_left(tmp_path: Path) -> None:
    """The folder is as it was; one that is not there is an OSError."""
    write_a_little(tmp_path)

    assert [] == list(tmp_path.iterdir())
    with pytest.raises(OSError, match="No such file"):
        write_a_little(tmp_path / "nowhere")
