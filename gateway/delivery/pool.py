"""Connections to the next hop, kept for the next mail while they are idle.

Never more than `max_connections`; who finds them all busy waits in line, for `connect_timeout` at the most. The
connection used last is taken first, so that those no longer needed grow old and are closed. IO: TCP connections.
"""

import asyncio
from collections import deque

from gateway.delivery.connection import Connection
from gateway.delivery.opening import Opening
from gateway.errors import NextHopUnavailable

_GOODBYE = 1.0  # seconds a connection has to close after QUIT


class Pool:
    """Lends whole connections, each to one task at a time. `known`: extensions of the connection opened last."""

    def __init__(self, opening: Opening) -> None:
        self.opening = opening
        self.known: dict[str, str] | None = None
        self._limit = opening.settings.max_connections
        self._all: set[Connection] = set()
        self._idle: list[Connection] = []  # oldest first
        self._being_opened = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def take(self, deadline: float, *, fresh: bool = False) -> Connection:
        """An idle connection, or a new one (always, when `fresh`), by this loop time. Raises NextHopUnavailable."""
        if not self._served(fresh=fresh):
            await self._turn(deadline, fresh=fresh)
        while self._idle and not fresh:
            connection = self._idle.pop()
            if connection.usable:
                return connection
            connection.fail(NextHopUnavailable("not usable"))
        return await self._open(deadline)

    def release(self, connection: Connection) -> None:
        """Give back a connection that is between two transactions."""
        loop = asyncio.get_running_loop()
        seconds = self.opening.settings.idle_seconds
        if not connection.usable:
            connection.fail(NextHopUnavailable("not usable"))
            return
        connection.since = loop.time()
        if self._closed or not seconds:
            connection.quit()
            return
        self._idle.append(connection)
        self._next()
        if self._timer is None:
            self._timer = loop.call_later(seconds, self._expire)

    async def close(self) -> None:
        """Close all connections: idle ones with QUIT, the others at once."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        closing = {connection.closed for connection in self._all}
        for connection in list(self._idle):
            connection.quit()
        for connection in list(self._all):
            connection.fail(NextHopUnavailable("the gateway stops"))
        while self._waiting:
            self._next()
        if closing:
            await asyncio.wait(closing, timeout=_GOODBYE)

    @property
    def _size(self) -> int:
        return len(self._all) + self._being_opened

    def _served(self, *, fresh: bool) -> bool:
        """Is there a connection for us, or room for a new one? For a fresh one an idle one makes room."""
        if fresh and self._size >= self._limit and self._idle:
            self._idle.pop(0).quit()
        return self._size < self._limit or (not fresh and bool(self._idle))

    async def _turn(self, deadline: float, *, fresh: bool) -> None:
        """Wait until there is a connection for us or room for a new one."""
        loop = asyncio.get_running_loop()
        end = min(deadline, loop.time() + self.opening.settings.connect_timeout)
        while not self._served(fresh=fresh):
            turn = loop.create_future()
            self._waiting.append(turn)
            try:
                async with asyncio.timeout_at(end):
                    await turn
            except BaseException as error:
                if turn.done() and not turn.cancelled():
                    self._next()  # we had our turn and cannot use it
                if isinstance(error, TimeoutError):
                    raise NextHopUnavailable("all connections to the next hop are busy") from None
                raise
            finally:
                if turn in self._waiting:
                    self._waiting.remove(turn)

    async def _open(self, deadline: float) -> Connection:
        if self._closed:
            raise NextHopUnavailable("the gateway stops")
        self._being_opened += 1
        try:
            connection = await self.opening.connection(self._broken, deadline)
            if not connection.usable:  # it broke behind its last reply, before it was ours to count
                raise connection.fail(NextHopUnavailable("closed as soon as it was open"))
            self._all.add(connection)
        except BaseException:
            self._next()
            raise
        finally:
            self._being_opened -= 1
        self.known = connection.extensions
        return connection

    def _broken(self, connection: Connection) -> None:
        if connection in self._all:
            self._all.discard(connection)
            if connection in self._idle:
                self._idle.remove(connection)
            self._next()

    def _next(self) -> None:
        """The first in line may look."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def _expire(self) -> None:
        loop = asyncio.get_running_loop()
        seconds = self.opening.settings.idle_seconds
        while self._idle and self._idle[0].since + seconds <= loop.time() + 0.001:
            self._idle[0].quit()
        self._timer = loop.call_at(self._idle[0].since + seconds, self._expire) if self._idle else None
