"""One client's channel: bytes in, replies out, deadlines.

`Channel` is aiosmtpd's `SMTP` with its reading, writing and timing replaced: whole buffers instead of a line at a
time, replies written together, one sweep over all deadlines instead of a timer for each command, and a client that
goes away never cancels what is under way. IO: one asyncio transport. RFC 5321 section 4.5.3.2.
"""

import asyncio
from typing import cast

from aiosmtpd.smtp import SMTP

from gateway.replies import BUSY, NOT_WELCOME, SHUTTING_DOWN, TIMED_OUT, Reply
from gateway.smtp.data import DataReader
from gateway.smtp.desk import Desk
from gateway.smtp.lines import Lines
from gateway.smtp.wire import wire

NEVER = float("inf")
_LINGER = 10.0  # seconds a closed connection may take to carry our last words
_BACKLOG = 64 * 1024  # bytes a client may send ahead while a command is under way


class Channel(SMTP):
    """The transport half of a session."""

    def __init__(self, desk: Desk, loop: asyncio.AbstractEventLoop | None = None) -> None:
        # Not aiosmtpd's own constructor: it looks through all methods for each connection, as dear as a whole mail.
        self.desk = desk
        self.loop = loop or asyncio.get_running_loop()
        self.hostname = desk.hostname
        self.peer_address, self.peer_port = "", 0
        self.in_tls = False
        self.transport = None
        self._handler_coroutine = None
        self._channel: asyncio.Transport
        self._lines = Lines()
        self._data: DataReader | None = None
        self._out: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None
        self._blocked: asyncio.Future[None] | None = None  # until the client takes what we say
        self._held = False  # reading is paused
        self._ended = False  # the client will send nothing more
        self._closing = False
        self._deadline = self._session_end = NEVER
        self._rate_mark = (0.0, 0)  # when, and how many bytes of the message had come

    # -- what asyncio tells us ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client: greeted, or turned away with 421: a stranger, or one too many."""
        self._channel = cast("asyncio.Transport", transport)
        self.transport = transport
        peer = transport.get_extra_info("peername") or ("", 0)
        self.peer_address, self.peer_port = _plain(str(peer[0])), int(peer[1])
        if (refused := self._refused()) is not None:
            self._channel.write(wire(refused))
            self._closing = True
            self._channel.close()
            return
        self.desk.sessions.add(self)
        self.desk.empty.clear()
        self._session_end = self.loop.time() + self.desk.settings.session_timeout
        self._handler_coroutine = self.loop.create_task(self._handle_client())

    def _refused(self) -> Reply | None:
        """Why this client is turned away, None when it is let in and counted."""
        if self.desk.draining:
            return SHUTTING_DOWN
        if self.peer_address not in self.desk.welcome:
            self.desk.turn_away(self.peer_address)
            return NOT_WELCOME
        return None if self.desk.connections.enter(self.peer_address) else BUSY

    def data_received(self, data: bytes) -> None:
        """Bytes: of the message while there is one, else of commands."""
        reader = self._data
        if reader is not None:
            reader.feed(data)
            if reader.done:
                self._data = None
                self._lines.feed(reader.rest)
            elif reader.spilling:
                self._hold()
            else:
                return
        else:
            self._lines.feed(data)
            if self._waiter is None and len(self._lines) > _BACKLOG:
                self._hold()
            elif b"\n" not in data and len(self._lines) <= self._lines.limit:
                return
        self._wake()

    def eof_received(self) -> bool:
        """The client sends no more, but may still listen; TLS has no half-closed state."""
        self._ended = True
        self._wake()
        return not self.in_tls

    def connection_lost(self, error: Exception | None) -> None:
        """Gone. What is under way goes on; it finds out when it wants to speak."""
        self._ended = self._closing = True
        self.transport = None
        if self in self.desk.sessions:
            self.desk.sessions.discard(self)
            self.desk.connections.leave(self.peer_address)
            if not self.desk.sessions:
                self.desk.empty.set()
        self.resume_writing()
        self._wake()

    def pause_writing(self) -> None:
        """The client does not read: we stop speaking, and so obeying."""
        if self._blocked is None:
            self._blocked = self.loop.create_future()

    def resume_writing(self) -> None:
        """It reads again, or is gone."""
        blocked, self._blocked = self._blocked, None
        if blocked is not None and not blocked.done():
            blocked.set_result(None)

    # -- what the server tells us ---------------------------------------------------------------------------------

    def check(self, now: float) -> None:
        """Part of the sweep: end the connection when it is past its deadline or too slow; `now` is the loop's time."""
        if now <= self._deadline and not self._too_slow(now):
            return
        if self._closing or self._blocked is not None:
            self._channel.abort()  # who does not listen needs no last word
        else:
            self.hang_up(TIMED_OUT)

    def retire(self) -> None:
        """The server is going: end the connection now if it is between two mails."""
        if self._waiter is not None and self.idle and not len(self._lines):
            self.hang_up(SHUTTING_DOWN)

    def hang_up(self, reply: Reply) -> None:
        """Say one last reply (421) and close."""
        if not self._closing:
            self._say(wire(reply))
            self._close()
            self._ended = True
            self._wake()

    def abort(self) -> None:
        """Cut the connection without a word."""
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
        self._channel.abort()

    @property
    def task(self) -> "asyncio.Task[None] | None":
        """What runs the commands."""
        return self._handler_coroutine

    @property
    def idle(self) -> bool:
        """No mail transaction is open."""
        return True

    @property
    def answering(self) -> bool:
        """A whole message has come, and its answer was not said yet."""
        return False

    # -- reading and writing ------------------------------------------------------------------------------------------

    async def _next_input(self) -> None:
        """Send what was said, then wait for bytes. A line that comes in pieces has one deadline, not one for each."""
        self._flush()
        if self._blocked is not None:
            await self._heard()
        if self._deadline == NEVER:
            now = self.loop.time()
            self._deadline = min(now + self.desk.settings.command_timeout, max(self._session_end, now))
        if not self._ended:
            await self._more()

    def _more(self) -> "asyncio.Future[None]":
        """Done when more bytes came, or none will any more."""
        waiter = self._waiter = self.loop.create_future()
        if self._held:
            self._held = False
            self._channel.resume_reading()
        return waiter

    def _hold(self) -> None:
        if not self._held and not self._channel.is_closing():
            self._held = True
            self._channel.pause_reading()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _too_slow(self, now: float) -> bool:
        """Whether the message under way comes in below the minimum rate, over one window."""
        reader, (since, had) = self._data, self._rate_mark
        window = self.desk.rate_window
        if reader is None or now - since < window:
            return False
        self._rate_mark = (now, reader.received)
        return reader.received - had < self.desk.settings.min_rate * window

    def _say(self, raw: bytes) -> None:
        self._out.append(raw)

    def _flush(self) -> None:
        if self._out:
            raw = self._out[0] if len(self._out) == 1 else b"".join(self._out)
            self._out.clear()
            if not self._channel.is_closing():
                self._channel.write(raw)

    async def _send(self) -> None:
        """Send what was said; wait while the client does not take it."""
        self._flush()
        if self._blocked is not None:
            await self._heard()

    async def _heard(self) -> None:
        if self._blocked is not None:
            self._deadline = self.loop.time() + self.desk.settings.command_timeout
            await self._blocked
            self._deadline = NEVER

    def _close(self) -> None:
        self._closing = True
        self._flush()
        self._deadline = self.loop.time() + _LINGER
        self._channel.close()


def _plain(address: str) -> str:
    """An IPv4 client of a socket for both families, under its own address (RFC 4291 section 2.5.5.2)."""
    mapped = address.lower().removeprefix("::ffff:")
    return mapped if "." in mapped else address
