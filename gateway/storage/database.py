"""The store: units of work on one database, as `ports.Store` promises them. IO: the database.

Turns: SQLite has one writer at a time. Inside a process writers queue in order instead of polling for the lock; an
in-memory store is a single connection, so there readers queue as well.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.util import greenlet_spawn

from gateway.errors import StoreUnavailable
from gateway.storage.ask_table import AskRows
from gateway.storage.engine import LOCK_WAIT, Backend
from gateway.storage.hold_table import HoldRows
from gateway.storage.outbox_table import OutboxRows
from gateway.storage.transaction import Transaction


class DatabaseUnit:
    """One unit: the three tables on one transaction."""

    __slots__ = ("asks", "holds", "outbox")

    def __init__(self, transaction: Transaction) -> None:
        self.asks = AskRows(transaction)
        self.holds = HoldRows(transaction)
        self.outbox = OutboxRows(transaction)


class Database:
    """`ports.Store` on SQLite or PostgreSQL; made by `opening.open_store`. Used on one event loop."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._turn = asyncio.Lock()
        self._ending: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def begin(self, *, write: bool = True) -> AsyncIterator[DatabaseUnit]:
        """A unit; see `ports.Store.begin`. Its end runs to the end even when the task is cancelled meanwhile."""
        queued = self._backend.writers_take_turns if write else self._backend.readers_take_turns
        if queued:
            await self._queue()
        transaction = Transaction(self._backend, writing=write)
        commit: asyncio.Task[None] | None = None
        try:
            await transaction.open()
            yield DatabaseUnit(transaction)
            if write:
                commit = asyncio.create_task(transaction.commit())
                await asyncio.shield(commit)
        finally:
            ending = self._end(transaction, commit, queued)
            if not transaction.failed:  # throwing a dead connection away may take seconds: not the caller's
                await asyncio.shield(ending)

    async def close(self) -> None:
        """Wait for units that are ending, then close every connection."""
        await asyncio.gather(*self._ending, return_exceptions=True)
        await greenlet_spawn(self._backend.engine.dispose)

    async def _queue(self) -> None:
        try:
            async with asyncio.timeout(LOCK_WAIT):
                await self._turn.acquire()
        except TimeoutError:
            raise StoreUnavailable("another unit of this process holds the store for too long") from None

    def _end(self, transaction: Transaction, commit: asyncio.Task[None] | None, queued: bool) -> asyncio.Task[None]:
        task = asyncio.create_task(_closed(transaction, commit))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        if queued:
            task.add_done_callback(lambda _: self._turn.release())
        return task


async def _closed(transaction: Transaction, commit: asyncio.Task[None] | None) -> None:
    if commit is not None:
        await asyncio.wait([commit])  # its caller may have been cancelled; what it has begun it ends
        if not commit.cancelled():
            commit.exception()  # told to the caller, or to nobody any more
    await transaction.close()
