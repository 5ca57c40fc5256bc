"""How long one mail takes, seen by its client: from MAIL to the reply to the final dot, commands one by one."""

import asyncio
import time
from typing import cast

import uvloop

from tests.benchmarks.mails import RECIPIENT, SENDER


class _Client(asyncio.Protocol):
    """Sends a mail again and again over one connection until `left` is empty."""

    def __init__(self, wire: bytes, left: list[int], took: list[float]) -> None:
        self._steps = (
            (f"MAIL FROM:<{SENDER}>\r\n".encode(), b"250"),
            (f"RCPT TO:<{RECIPIENT}>\r\n".encode(), b"250"),
            (b"DATA\r\n", b"354"),
            (wire + b".\r\n", b"250"),
        )
        self._left, self._took = left, took
        self._next, self._expected = -1, b"220"
        self._input = b""
        self._began = 0.0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._input += data
        if not self._input.endswith(b"\n") or self._input.rstrip().rsplit(b"\n", 1)[-1][3:4] == b"-":
            return
        reply, self._input = self._input, b""
        if not reply.startswith(self._expected):
            self._end(RuntimeError(f"expected {self._expected!r}, got {reply!r}"))
        else:
            self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(RuntimeError(f"connection lost: {exc}"))

    def _go_on(self) -> None:
        assert self._transport is not None
        if self._next < 0:
            self._transport.write(b"EHLO client.lantern.example\r\n")
            self._next, self._expected = 0, b"250"
            return
        if self._next == len(self._steps):
            self._took.append(time.perf_counter() - self._began)
            self._next = 0
        if self._next == 0:
            if not self._left:
                self._end(None)
                return
            self._left.pop()
            self._began = time.perf_counter()
        command, self._expected = self._steps[self._next]
        self._next += 1
        self._transport.write(command)

    def _end(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error) if error else self.done.set_result(None)
            if self._transport is not None:
                self._transport.abort()


def measure(port: int, wire: bytes, *, mails: int, sessions: int) -> list[float]:
    """Seconds each mail took. Raises RuntimeError when one is not accepted."""
    return uvloop.run(_measure(port, wire, mails=mails, sessions=sessions))


async def _measure(port: int, wire: bytes, *, mails: int, sessions: int) -> list[float]:
    loop = asyncio.get_running_loop()
    left, took = list(range(mails)), [0.0] * 0
    clients = [
        (await loop.create_connection(lambda: _Client(wire, left, took), "127.0.0.1", port))[1] for _ in range(sessions)
    ]
    await asyncio.gather(*(client.done for client in clients))
    return sorted(took)
