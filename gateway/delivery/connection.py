"""One connection to the next hop: commands out, replies in, each awaited until a deadline.

Whatever breaks it (loss, silence, garbage, a reply nobody waits for, 421) breaks it for good and shows as
NextHopUnavailable, so that no reply can ever be taken for the answer to another command. IO: one TCP connection.
RFC 5321 section 4.2, RFC 3207 (STARTTLS).
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from typing import cast

from gateway.delivery.reply_reader import MalformedReply, ReplyReader
from gateway.errors import NextHopUnavailable
from gateway.mail.content import Raw
from gateway.mail.envelope import SessionFacts
from gateway.replies import Reply

NEVER = float("inf")
CHUNK = 128 * 1024  # bytes written at once, and the most that waits in the write buffer


class ConnectionLost(NextHopUnavailable):
    """The other side closed or reset the connection between two replies, or announced it by 421."""


class EarlyReply(NextHopUnavailable):
    """A reply came that no command asked for; `reply` is what it said."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"a reply nobody asked for: {reply.verbatim!r}")
        self.early = reply


class Connection(asyncio.Protocol):
    """Used by one task at a time. `on_break` is called once, when the connection breaks or is closed.

    `extensions`: EHLO keywords and parameters. `told`: the client the next hop was last told of. `since`: loop time
    when it last became idle, 0 before. `closed` is done when the transport is gone.
    """

    def __init__(self, on_break: Callable[["Connection"], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_break = on_break
        self._transport: asyncio.Transport | None = None
        self._reader = ReplyReader()
        self._replies: deque[Reply] = deque()
        self._asked = 1  # replies that must still arrive; the greeting is the first
        self._owed = 0  # replies that must arrive and that nobody will look at
        self._waiter: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._full = False
        self._failure: NextHopUnavailable | None = None
        self._deadline = NEVER  # of the wait under way
        self._alarm: asyncio.TimerHandle | None = None
        self._rings = NEVER  # when the alarm does
        self.extensions: dict[str, str] = {}
        self.told: SessionFacts | None = None
        self.since = 0.0
        self.closed: asyncio.Future[None] = self._loop.create_future()

    # -- what the event loop tells us -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._transport.set_write_buffer_limits(high=CHUNK)

    def data_received(self, data: bytes) -> None:
        if self._failure is not None:
            return
        try:
            replies = self._reader.feed(data)
        except MalformedReply as error:
            self.fail(NextHopUnavailable(str(error)))
            return
        for reply in replies:
            self._take(reply)

    def eof_received(self) -> bool:
        self._lost("closed by the next hop")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(f"connection lost: {exc}" if exc else "connection lost")
        _wake(self.closed)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def _take(self, reply: Reply) -> None:
        if self._failure is not None:
            return
        if reply.code == 421:  # it may answer anything at any time, and the connection is over (RFC 5321 section 3.8)
            self.fail(ConnectionLost(f"the next hop closes: {reply.text}"))
        elif not self._asked:
            self.fail(EarlyReply(reply))
        else:
            self._asked -= 1
            if self._owed:
                self._forget(reply)
            else:
                self._replies.append(reply)
                _wake(self._waiter)

    def _forget(self, reply: Reply) -> None:
        self._owed -= 1
        if not reply.accepted:
            self.fail(NextHopUnavailable(f"RSET answered {reply.code} {reply.text}"))
        _wake(self._waiter)

    def _lost(self, why: str) -> None:
        self.fail(NextHopUnavailable("closed amid a reply") if self._reader.pending else ConnectionLost(why))

    # -- what its user does -----------------------------------------------------------------------------------------

    @property
    def usable(self) -> bool:
        """A transaction can begin on it: it is whole, and no reply is outstanding that somebody must look at."""
        quiet = self._asked == self._owed and not self._replies and (self._owed or not self._reader.pending)
        return bool(quiet) and self._failure is None

    @property
    def pipelining(self) -> bool:
        """Commands may be sent before the replies to earlier ones (RFC 2920)."""
        return "PIPELINING" in self.extensions

    def write(self, commands: bytes | memoryview, replies: int) -> None:
        """Send whole command lines that ask for this many replies. Raises NextHopUnavailable."""
        if self._failure is not None or self._transport is None:
            self._whole()
        self._asked += replies
        self._out.write(commands)

    def reset(self) -> None:
        """Send RSET; whoever uses the connection next need not wait for its reply."""
        self.write(b"RSET\r\n", 1)
        self._owed += 1

    async def settled(self, deadline: float) -> None:
        """Wait until no reply is owed. Raises NextHopUnavailable."""
        while self._owed:
            await self._wait(deadline)

    async def reply(self, deadline: float) -> Reply:
        """The next reply, by this loop time. Raises NextHopUnavailable; what came before the break still counts."""
        while not self._replies:
            self._whole()
            await self._wait(deadline)
        return self._replies.popleft()

    async def pour(self, headers: bytes, wire: Raw, deadline: float) -> None:
        """Write a message and its final dot, in slices, never faster than they leave. Raises NextHopUnavailable."""
        size = len(wire)
        if size + len(headers) <= CHUNK:
            self.write(b"".join((headers, wire, _end(wire))), 1)
            return
        self.write(headers, 0)
        view = memoryview(wire) if isinstance(wire, bytes) else wire
        for start in range(0, size, CHUNK):
            self.write(view[start : start + CHUNK], 0)
            if self._full:
                await self._drain(deadline)
        self.write(_end(wire), 1)

    async def start_tls(self, context: ssl.SSLContext, host: str, deadline: float) -> None:
        """The handshake after STARTTLS was answered 220. Raises NextHopUnavailable, also when bytes came before it,
        which somebody may have slipped in (RFC 3207 section 5)."""
        self._whole()
        if self._reader.pending or self._asked:
            raise self.fail(NextHopUnavailable("bytes between STARTTLS and the handshake"))
        seconds = max(deadline - self._loop.time(), 0.001)
        try:
            channel = await self._loop.start_tls(
                self._out, self, context, server_hostname=host, ssl_handshake_timeout=seconds
            )
        except (OSError, ssl.SSLError) as error:
            raise self.fail(NextHopUnavailable(f"no TLS: {error}")) from error
        self._whole()
        assert channel is not None
        self._transport = channel
        channel.set_write_buffer_limits(high=CHUNK)

    def fail(self, error: NextHopUnavailable) -> NextHopUnavailable:
        """Break the connection; the first reason is the one that stays."""
        if self._failure is None:
            if self._transport is not None:
                self._transport.abort()
            self._over(error)
            _wake(self._waiter)
            _wake(self._room)
        return error

    def quit(self) -> None:
        """Say QUIT and close, without waiting for the answer."""
        if self._failure is None and self._transport is not None:
            self._transport.write(b"QUIT\r\n")
            self._transport.close()
            self._over(NextHopUnavailable("closed by us"))

    # -- inside -----------------------------------------------------------------------------------------------------

    @property
    def _out(self) -> asyncio.Transport:
        assert self._transport is not None
        return self._transport

    def _whole(self) -> None:
        failure = self._failure
        if failure is None:
            return
        if isinstance(failure, EarlyReply):
            raise EarlyReply(failure.early)
        raise type(failure)(*failure.args)  # a new one each time: tracebacks must not pile up on it

    async def _wait(self, deadline: float) -> None:
        self._whole()
        self._waiter = self._loop.create_future()
        self._watch(deadline)
        try:
            await self._waiter
        finally:
            self._waiter, self._deadline = None, NEVER

    async def _drain(self, deadline: float) -> None:
        self._room = self._loop.create_future()
        self._watch(deadline)
        try:
            await self._room
        finally:
            self._room, self._deadline = None, NEVER

    def _watch(self, deadline: float) -> None:
        """A timer for each wait would cost as much as the wait: one alarm rings no later than the next deadline, and
        is set again when it was early."""
        self._deadline = deadline
        if deadline < self._rings:
            self._set_alarm(deadline)

    def _set_alarm(self, at: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._rings = at
        self._alarm = self._loop.call_at(at, self._ring) if at < NEVER else None

    def _ring(self) -> None:
        if self._deadline <= self._rings:
            self.fail(NextHopUnavailable("the next hop keeps silent"))
        else:
            self._set_alarm(self._deadline)

    def _over(self, failure: NextHopUnavailable) -> None:
        self._failure = failure
        self._set_alarm(NEVER)
        self._on_break(self)


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


def _end(wire: Raw) -> bytes:
    """The end of data behind a message that ends its last line, as all do; behind any other, that line's end first."""
    return b".\r\n" if not len(wire) or wire[-2:] == b"\r\n" else b"\r\n.\r\n"
