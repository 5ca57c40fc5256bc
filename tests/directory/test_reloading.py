"""A directory file that changes is read again; a broken one is not taken."""

import asyncio
import os
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.directory.reloading import FileDirectory
from gateway.errors import UserError


class Watch:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def write(path: Path, *names: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text("\n".join(["address", *(f"{name}@x.example" for name in names)]))
    fresh.replace(path)


async def knows(directory: FileDirectory, name: str) -> bool:
    return await directory.person(f"{name}@x.example") is not None


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def directory(tmp_path: Path, watch: Watch) -> FileDirectory:
    write(tmp_path / "people.csv", "ann")
    made = FileDirectory(tmp_path / "people.csv", 60, monotonic=watch)
    await made.load()
    return made


async def test_a_change_is_seen_when_its_time_comes(directory: FileDirectory, tmp_path: Path, watch: Watch) -> None:
    """Within `reload_seconds` the old version serves, after it the new one, and that is logged once."""
    write(tmp_path / "people.csv", "bo")
    watch.seconds += 59
    assert (await knows(directory, "ann"), await knows(directory, "bo")) == (True, False)
    watch.seconds += 1
    with capture_logs() as logs:
        assert (await knows(directory, "ann"), await knows(directory, "bo")) == (False, True)
        watch.seconds += 61
        await knows(directory, "bo")
    assert [(line["log_level"], line["event"]) for line in logs] == [("info", "directory reloaded")]


async def test_lists_appear_and_vanish(directory: FileDirectory, tmp_path: Path, watch: Watch) -> None:
    """The `lists.csv` beside a people file is watched too, also when it was not there at first."""
    lists = tmp_path / "lists.csv"
    lists.write_text("list,member\nall@x.example,ann@x.example\n")
    watch.seconds += 60
    assert (await directory.expand(["all@x.example"])).lists == ("all@x.example",)
    lists.unlink()
    watch.seconds += 60
    assert (await directory.expand(["all@x.example"])).lists == ()


async def test_a_broken_version_is_not_taken(directory: FileDirectory, tmp_path: Path, watch: Watch) -> None:
    """The last good version stays, the log says which mistake, each time, until it is put right."""
    path = tmp_path / "people.csv"
    path.write_text("address,colour\nbo@x.example,red\n")
    with capture_logs() as logs:
        for _ in range(2):
            watch.seconds += 60
            assert await knows(directory, "ann")
    assert [(line["log_level"], line["mistake"].startswith(f"{path}:1: ")) for line in logs] == [("error", True)] * 2
    path.unlink()
    watch.seconds += 60
    assert await knows(directory, "ann")
    write(path, "bo")
    watch.seconds += 60
    assert await knows(directory, "bo")


async def test_a_broken_file_at_the_start_is_refused(tmp_path: Path) -> None:
    """With no good version to fall back on, the mistake is the caller's to show."""
    (tmp_path / "people.csv").write_text("")
    with pytest.raises(UserError, match="is empty"):
        await FileDirectory(tmp_path / "people.csv", 60).load()


async def test_reading_again_does_not_stall_others(directory: FileDirectory, tmp_path: Path, watch: Watch) -> None:
    """While 10,000 people are read again, the loop keeps turning, and who asks meanwhile gets the old version."""
    write(tmp_path / "people.csv", *(f"person{number}" for number in range(10_000)))
    watch.seconds += 60
    reading = asyncio.create_task(knows(directory, "person9999"))
    longest, turns = 0.0, 0
    while not reading.done():
        began = time.monotonic()
        await asyncio.sleep(0.001)
        longest, turns = max(longest, time.monotonic() - began), turns + 1
        if not reading.done():
            assert await knows(directory, "ann") or reading.done()
    assert await reading
    assert turns > 10
    assert longest < 0.5


async def test_a_name_that_blocks_is_no_file(tmp_path: Path) -> None:
    """A folder in the file's place is a mistake with a name."""
    os.mkdir(tmp_path / "people.csv")
    with pytest.raises(UserError, match="Is a directory"):
        await FileDirectory(tmp_path / "people.csv", 60).load()
