"""The store: units of work on one database, as `ports.Store` promises them. IO: the database.

Turns: SQLite has one writer at a time. Inside a process writers queue in order instead of polling for the lock; an
in-memory store is a single connection, so there readers queue as well.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.util import greenlet_spawn

from gateway.errors import StoreUnavailable
from gateway.storage.answer_table import AnswerRows
from gateway.storage.ask_table import AskRows
from gateway.storage.engine import CALL_LIMIT, LOCK_WAIT, Backend
from gateway.storage.hold_table import HoldRows
from gateway.storage.outbox_table import OutboxRows
from gateway.storage.session_table import SessionRows
from gateway.storage.transaction import Transaction


class DatabaseUnit:
    """One unit: the five tables on one transaction."""

    __slots__ = ("answers", "asks", "holds", "outbox", "sessions")

    def __init__(self, transaction: Transaction) -> None:
        self.answers = AnswerRows(transaction)
        self.asks = AskRows(transaction)
        self.holds = HoldRows(transaction)
        self.outbox = OutboxRows(transaction)
        self.sessions = SessionRows(transaction)


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
        waited = await self._queue() if queued else 0.0
        transaction = Transaction(self._backend, writing=write)
        try:
            await transaction.open(CALL_LIMIT - waited)
            yield DatabaseUnit(transaction)
            if write:
                await transaction.commit()
        finally:
            ending = self._end(transaction, queued)
            if not transaction.silent:  # then the end takes seconds, and they are not the caller's
                await asyncio.shield(ending)

    async def close(self) -> None:
        """Wait for units that are ending, then close every connection."""
        await asyncio.gather(*self._ending, return_exceptions=True)
        await greenlet_spawn(self._backend.engine.dispose)

    async def _queue(self) -> float:
        """Take the turn; how many seconds that took."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(LOCK_WAIT):
                await self._turn.acquire()
        except TimeoutError:
            raise StoreUnavailable("another unit of this process holds the store for too long") from None
        return time.monotonic() - began

    def _end(self, transaction: Transaction, queued: bool) -> asyncio.Task[None]:
        task = asyncio.create_task(transaction.close())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        if queued:
            task.add_done_callback(lambda _: self._turn.release())
        return task
