"""Whether the gateway can do its work, for whoever watches it: answers `GET /healthz`.

Anybody may ask, as often as they like: the store is read each time, but what costs more is tried at most once in
`REST` seconds and remembered. Nothing is changed by it. IO through what it is given.
"""

import asyncio
import errno
from collections.abc import Callable

from gateway.errors import GatewayError
from gateway.ports import Store

REST = 10.0  # seconds a trial of writing counts
PATIENCE = 5.0  # seconds an answer may take
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

NO_EDGE = "no SMTP process runs"
NO_STORE = "the store does not answer"
STORE_READ_ONLY = "the store cannot be written"
FOLDER_READ_ONLY = "the state folder cannot be written"
NO_ROOM = "the disk is full"
TOO_LATE = "store or disk take too long"


class Health:
    """`serving` tells whether mail is taken; `write` writes a little where the state is kept and leaves nothing, or
    raises OSError; it may block."""

    def __init__(
        self, store: Store, *, serving: Callable[[], bool] = lambda: True, write: Callable[[], None] = lambda: None
    ) -> None:
        self._store, self._serving, self._write = store, serving, write
        self._trying = asyncio.Lock()
        self._until = 0.0
        self._found = ""

    async def trouble(self) -> str:
        """What is wrong, in a few words; "" when all is well."""
        if not self._serving():
            return NO_EDGE
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._read() or await self._written()
        except TimeoutError:
            return TOO_LATE

    async def _read(self) -> str:
        try:
            async with self._store.begin(write=False) as unit:
                await unit.holds.find(limit=1)
        except GatewayError:
            return NO_STORE
        return ""

    async def _written(self) -> str:
        """The last trial's outcome, or a new one's; all who ask meanwhile wait for the same."""
        async with self._trying:
            loop = asyncio.get_running_loop()
            if loop.time() >= self._until:
                self._found, self._until = TOO_LATE, loop.time() + REST  # what stays, should it never end
                self._found = await self._tried()
            return self._found

    async def _tried(self) -> str:
        try:
            await asyncio.to_thread(self._write)
            async with self._store.begin():  # a database that only reads, or is locked, refuses to begin
                return ""
        except OSError as error:
            return NO_ROOM if error.errno in _FULL else FOLDER_READ_ONLY
        except GatewayError:
            return STORE_READ_ONLY
