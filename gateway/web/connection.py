"""A connection to the page: it brings a whole request head in time, or is closed; there are only so many. IO: sockets.

uvicorn's own time-out for a kept connection ends with the first byte of a next request, and none runs before the first.
"""

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 200  # connections, past which requests are answered 503; past twice as many none is taken


class Connection(H11Protocol):
    """`head_seconds`: how long the request line and headers may take, silence before them included."""

    head_seconds: ClassVar[float] = 15.0
    _ending: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Too many: closed at once."""
        super().connection_made(transport)
        if len(self.connections) > 2 * MOST:
            transport.abort()
        self._wait()

    def data_received(self, data: bytes) -> None:
        """The time runs until the head is whole, not from one byte to the next."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._wait()
        else:
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """See the base class."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._ending is None:
            self._ending = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
