"""A directory kept in files, read again when they change. IO: the file system, in a thread; the operators' log.

Nothing runs in the background: the first question after `reload_seconds` looks whether the files changed. A new
version with a mistake is not taken; the last good one stays, and the log says so every time it is looked at.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from gateway.directory.csv_file import LISTS, read_csv
from gateway.directory.expand import expand
from gateway.directory.people import Roster
from gateway.directory.toml_file import read_toml
from gateway.errors import UserError
from gateway.mail.audience import Audience, Person

log = structlog.get_logger(__name__)

_State = tuple[tuple[int, int, int] | None, ...]  # inode, size, mtime of each file, None where there is none
Monotonic = Callable[[], float]


class FileDirectory:
    """`ports.Directory` on a TOML or CSV file; made by `opening.open_directory`."""

    def __init__(self, path: Path, reload_seconds: float, *, monotonic: Monotonic = time.monotonic) -> None:
        self._path = path
        self._reload_seconds = reload_seconds
        self._monotonic = monotonic
        self._roster = Roster()
        self._seen: _State = ()
        self._looked = 0.0
        self._looking = False

    async def load(self) -> None:
        """Read the files now. Raises UserError."""
        self._looked = self._monotonic()
        self._seen, self._roster = await asyncio.to_thread(_read, self._path)

    async def expand(self, addresses: Sequence[str]) -> Audience:
        """See the port."""
        return expand(await self._current(), addresses)

    async def person(self, address: str) -> Person | None:
        """See the port."""
        return (await self._current()).person(address)

    async def team(self, address: str) -> frozenset[str]:
        """See the port."""
        return (await self._current()).team(address)

    async def addresses(self, address: str) -> frozenset[str]:
        """See the port."""
        return (await self._current()).addresses(address)

    async def _current(self) -> Roster:
        """The roster, looked after; whoever asks while another one looks gets the one there is."""
        now = self._monotonic()
        if self._looking or now - self._looked < self._reload_seconds:
            return self._roster
        self._looking, self._looked = True, now
        try:
            await self._look()
        finally:
            self._looking = False
        return self._roster

    async def _look(self) -> None:
        if await asyncio.to_thread(_state, self._path) == self._seen:
            return
        try:
            self._seen, self._roster = await asyncio.to_thread(_read, self._path)
        except UserError as error:
            log.error("directory not reloaded: the last good version stays in use", mistake=str(error))
        else:
            log.info("directory reloaded", file=str(self._path), people=len(self._roster.people))


def _read(path: Path) -> tuple[_State, Roster]:
    seen = _state(path)  # before reading: a change meanwhile is seen next time
    try:
        return seen, read_toml(path) if path.suffix.casefold() == ".toml" else read_csv(path)
    except OSError as error:
        raise UserError(error.strerror or "cannot be read", where=error.filename or str(path)) from None


def _state(path: Path) -> _State:
    return tuple(_facts(file) for file in (path, path.with_name(LISTS)))


def _facts(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
