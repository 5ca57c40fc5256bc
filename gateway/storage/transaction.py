"""One database transaction, held by one task: statements in, rows out, every fault as a GatewayError.

A statement that fails dooms the transaction: it can only be undone, also when the caller goes on. A connection on
which anything went wrong is thrown away, so that the next unit starts with a fresh one. What a driver is busy with is
never cancelled, only no longer waited for: it ends in its own time, behind the caller's back. IO: the database.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, RowMapping
from sqlalchemy.util import greenlet_spawn

from gateway.errors import StoreUnavailable
from gateway.storage.columns import instant
from gateway.storage.engine import CALL_LIMIT, Backend
from gateway.storage.faults import fault

_Result = TypeVar("_Result")


class Transaction:
    """Opened, used, perhaps committed, always closed. `failed`: something went wrong, nothing more will be stored;
    `silent`: the database does not answer, and closing may take seconds."""

    def __init__(self, backend: Backend, *, writing: bool) -> None:
        self._backend = backend
        self._writing = writing
        self._connection: Connection | None = None
        self.failed = False
        self.silent = False
        self._alone = False
        self._running: asyncio.Task[Any] | None = None

    async def open(self, limit: float = CALL_LIMIT) -> None:
        """Take a connection and begin. Raises StoreUnavailable, within `limit` seconds."""
        await self._call(self._begin, limit)

    def _begin(self) -> None:
        self._connection = self._backend.engine.connect()
        statement = self._backend.begin_write if self._writing else self._backend.begin_read
        self._connection.exec_driver_sql(statement)

    async def rows(self, statement: Executable) -> Sequence[RowMapping]:
        """All rows. Raises StoreUnavailable."""
        return await self._call(lambda: self._open_connection.execute(statement).mappings().all())

    async def write(self, statement: Executable, rows: Sequence[dict[str, Any]] | None = None) -> int:
        """How many rows it touched; with `rows`, once for each. Raises StoreUnavailable; RuntimeError when reading."""
        if not self._writing:
            raise RuntimeError("this unit only reads: begin(write=True) for one that writes")
        return await self._call(lambda: self._open_connection.execute(statement, rows).rowcount)

    async def alone(self) -> None:
        """From here to the end, no other unit on any node changes an ask or a hold.

        Called before the first row lock, so that two units can never wait for each other. In SQLite a writing unit is
        alone from its beginning.
        """
        if self._alone or not self._writing:
            return
        if self._backend.serial:
            await self._call(lambda: self._open_connection.exec_driver_sql(self._backend.serial))
        self._alone = True

    async def time(self) -> datetime | None:
        """What the database's own clock says; None where it has the node's."""
        if not self._backend.clock:
            return None
        return instant(
            await self._call(lambda: self._open_connection.exec_driver_sql(self._backend.clock).scalar_one())
        )

    async def commit(self) -> None:
        """Make it durable. Raises StoreUnavailable, NoSpace."""
        if self.failed:
            raise StoreUnavailable("a statement of this unit failed before; nothing was stored")
        await self._call(self._open_connection.commit)

    async def close(self) -> None:
        """Roll back what is not committed and give the connection back, or throw it away. Never raises."""
        if self._running is not None:
            with suppress(Exception):
                await self._running  # nobody else waits for it any more
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with suppress(Exception):
            if self.failed:
                await greenlet_spawn(connection.invalidate)
            await greenlet_spawn(connection.close)

    @property
    def _open_connection(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("this unit has ended")
        return self._connection

    async def _call(self, work: Callable[[], _Result], limit: float = CALL_LIMIT) -> _Result:
        task = asyncio.create_task(greenlet_spawn(work))
        self._running = task
        try:
            done, _ = await asyncio.wait([task], timeout=limit)
        except asyncio.CancelledError:
            self.failed = True  # in the middle of a statement: its result is unknown
            raise
        if not done:
            self.failed = self.silent = True
            raise StoreUnavailable(f"the store did not answer in {limit:.1f} seconds")
        return self._result(task)

    def _result(self, task: asyncio.Task[_Result]) -> _Result:
        try:
            return task.result()
        except Exception as error:
            self.failed = True
            foreseen = fault(error)
            if foreseen is None:
                raise
            raise foreseen from error
