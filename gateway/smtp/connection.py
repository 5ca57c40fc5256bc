"""One client's connection: bytes in, replies out, deadlines, and the loop that runs its commands.

`Connection` is aiosmtpd's `SMTP` with its reading, writing and timing replaced: whole buffers instead of a line at a
time, replies written together, one sweep over all deadlines instead of a timer for each command, and a client that
goes away never cancels what is under way. IO: one asyncio transport. RFC 5321 sections 4.2.4, 4.5.3.2 and 4.1.1.10.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, AnyStr, ClassVar, cast

from aiosmtpd.smtp import SMTP

from gateway.replies import BARE_LINE_END, BUSY, NO_SPACE, SHUTTING_DOWN, TIMED_OUT, Reply
from gateway.smtp.data import DataReader
from gateway.smtp.desk import Desk, answer_to
from gateway.smtp.lines import LineFault, Lines
from gateway.smtp.wire import wire

Verb = Callable[[Any, str], Awaitable[None]]

_NEVER = float("inf")
_LINGER = 10.0  # seconds a closed connection may take to carry our last words
_BACKLOG = 64 * 1024  # bytes a client may send ahead while a command is under way
_TURN = 64  # commands run in a row before other sessions get their turn
_ERROR_LIMIT = 20  # refused commands in one connection
_FORBIDDEN = frozenset({b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT"})  # a web browser being misused
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]").search

EMPTY = Reply(code=500, enhanced="5.5.2", text="Bad syntax")
UNKNOWN = Reply(code=500, enhanced="5.5.1", text="Command not recognized")
CONTROL = Reply(code=501, enhanced="5.5.2", text="Control characters are not allowed in commands")
TOO_LONG = Reply(code=500, enhanced="5.5.2", text="Command line too long")
TOO_MANY_ERRORS = Reply(code=421, enhanced="4.7.0", text="Too many errors; closing")
NOT_SMTP = Reply(code=421, enhanced="4.7.0", text="This is not a web server; closing")


class Connection(SMTP):
    """The transport half of a session; the verbs are its subclass's `smtp_*` methods."""

    verbs: ClassVar[dict[bytes, Verb]] = {}
    hidden: ClassVar[frozenset[str]] = frozenset({"AUTH"})  # verbs of aiosmtpd's that are not ours

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        names = {name[5:] for name in dir(cls) if name.startswith("smtp_")} - cls.hidden
        cls.verbs = {name.encode("ascii"): getattr(cls, f"smtp_{name}") for name in names}

    def __init__(self, desk: Desk) -> None:
        # Not aiosmtpd's own constructor: it looks through all methods for each connection, as dear as a whole mail.
        self.desk = desk
        self.loop = asyncio.get_running_loop()
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
        self._errors = 0
        self._deadline = self._session_end = _NEVER
        self._rate_mark = (0.0, 0)  # when, and how many bytes of the message had come

    # -- what asyncio tells us ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client: greeted, or turned away with 421 when there are too many."""
        self._channel = cast("asyncio.Transport", transport)
        self.transport = transport
        peer = transport.get_extra_info("peername") or ("", 0)
        self.peer_address, self.peer_port = (str(peer[0]), int(peer[1])) if len(peer) > 1 else (str(peer), 0)
        if self.desk.draining or not self.desk.connections.enter(self.peer_address):
            self._channel.write(wire(SHUTTING_DOWN if self.desk.draining else BUSY))
            self._closing = True
            self._channel.close()
            return
        self.desk.sessions.add(self)
        self.desk.empty.clear()
        self._session_end = self.loop.time() + self.desk.settings.session_timeout
        self._handler_coroutine = self.loop.create_task(self._handle_client())

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

    # -- the loop -------------------------------------------------------------------------------------------------

    async def _handle_client(self) -> None:
        try:
            await self._greet()
            await self._converse()
        except ConnectionError:
            pass  # the client went away while we were speaking
        except Exception as error:
            self._say(wire(answer_to(error)))
        finally:
            await self._forget()
            self._close()

    async def _greet(self) -> None:
        self._say(f"220 {self.hostname} ESMTP\r\n".encode())

    async def _forget(self) -> None:
        """End what the client left open."""

    async def _converse(self) -> None:
        turn = 0
        while not self._closing:
            line = self._lines.take()
            if line is None:
                if self._ended:
                    return
                turn = 0
                await self._next_input()
                continue
            self._deadline = _NEVER  # while we are at work, the next hop's time-outs count
            turn += 1
            if turn % _TURN == 0:
                await self._yield()
            if isinstance(line, LineFault):
                self._fault(line)
            else:
                await self._obey(line)
            if self.desk.draining and self.idle:
                self.hang_up(SHUTTING_DOWN)

    async def _obey(self, line: bytes) -> None:
        """Run one command line."""
        verb, _, argument = line.partition(b" ")
        method = self.verbs.get(verb) or self.verbs.get(verb.upper())
        if _CONTROL(line):
            self._error(CONTROL)
        elif method is None:
            self._unknown(verb.upper())
        else:
            try:
                await method(self, argument.strip(b" ").decode("utf-8", "surrogateescape"))
            except ConnectionError:
                raise
            except Exception as error:
                await self.push(await self.handle_exception(error))

    def _unknown(self, verb: bytes) -> None:
        if verb in _FORBIDDEN:
            self.hang_up(NOT_SMTP)
        else:
            self._error(UNKNOWN if verb else EMPTY)

    def _fault(self, fault: LineFault) -> None:
        if fault is LineFault.ENDLESS:
            self.hang_up(TOO_MANY_ERRORS)
        else:
            self._error(BARE_LINE_END if fault is LineFault.BARE else TOO_LONG)

    async def handle_exception(self, error: Exception) -> str:
        """451 with fixed words, never the exception's own: they could end the reply and begin another."""
        return wire(answer_to(error)).decode("utf-8").removesuffix("\r\n")

    # -- reading --------------------------------------------------------------------------------------------------

    async def _next_input(self) -> None:
        """Send what was said, then wait for bytes. A line that comes in pieces has one deadline, not one for each."""
        await self._send()
        if self._deadline == _NEVER:
            now = self.loop.time()
            self._deadline = min(now + self.desk.settings.command_timeout, max(self._session_end, now))
        await self._more()

    async def _more(self) -> None:
        if self._ended:
            return
        self._waiter = self.loop.create_future()
        if self._held:
            self._held = False
            self._channel.resume_reading()
        await self._waiter

    def _hold(self) -> None:
        if not self._held and not self._channel.is_closing():
            self._held = True
            self._channel.pause_reading()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _read_message(self, reader: DataReader) -> bool:
        """Say what was said (354), then read to the end of the message; False when the client went away before."""
        reader.feed(self._lines.detach())
        if reader.done:
            self._lines.feed(reader.rest)
        else:
            self._data = reader
        await self._send()
        now = self.loop.time()
        self._deadline, self._rate_mark = now + self.desk.settings.data_timeout, (now, reader.received)
        while not reader.done:
            if self._ended:
                self._data = None
                return False
            if reader.spilling:
                await self._spill(reader)
            else:
                await self._more()
        self._deadline = _NEVER
        return True

    async def _spill(self, reader: DataReader) -> None:
        self._hold()
        try:
            await self.loop.run_in_executor(None, reader.write, reader.batch())
        except OSError:
            reader.refuse(NO_SPACE)

    def _too_slow(self, now: float) -> bool:
        """Whether the message under way comes in below the minimum rate, over one window."""
        reader, (since, had) = self._data, self._rate_mark
        window = self.desk.rate_window
        if reader is None or now - since < window:
            return False
        self._rate_mark = (now, reader.received)
        return reader.received - had < self.desk.settings.min_rate * window

    # -- writing --------------------------------------------------------------------------------------------------

    async def push(self, status: AnyStr) -> None:
        """One reply line of our own wording, without its CRLF; sent with the next wait."""
        raw = status.encode("utf-8") if isinstance(status, str) else status
        self._say(raw + b"\r\n")

    def _say(self, raw: bytes) -> None:
        self._out.append(raw)

    def _error(self, reply: Reply) -> None:
        """Refuse a command; too many of them end the connection."""
        self._errors += 1
        if self._errors > _ERROR_LIMIT:
            self.hang_up(TOO_MANY_ERRORS)
        else:
            self._say(wire(reply))

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
            self._deadline = self.loop.time() + self.desk.settings.command_timeout
            await self._blocked
            self._deadline = _NEVER

    async def _yield(self) -> None:
        await self._send()
        await asyncio.sleep(0)

    def _close(self) -> None:
        self._closing = True
        self._flush()
        self._deadline = self.loop.time() + _LINGER
        self._channel.close()
