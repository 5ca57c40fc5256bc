"""One client's connection: the loop that runs its commands and reads its messages.

What a line may not be, it says here; what a verb does is its subclass's to say. IO through `Channel`, the spool's
writes on another thread. RFC 5321 sections 4.1.1, 4.2.4 and 4.5.3.1.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, AnyStr, ClassVar

from gateway.errors import NoSpace
from gateway.replies import BARE_LINE_END, NO_SPACE, SHUTTING_DOWN, Reply
from gateway.smtp.channel import NEVER, Channel
from gateway.smtp.data import DataReader
from gateway.smtp.desk import TROUBLE, Desk, answer_to
from gateway.smtp.lines import LineFault
from gateway.smtp.wire import wire

Verb = Callable[[Any, str], Awaitable[None]]

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


class Connection(Channel):
    """The loop; the verbs are its subclass's `smtp_*` methods."""

    verbs: ClassVar[dict[bytes, Verb]] = {}
    hidden: ClassVar[frozenset[str]] = frozenset({"AUTH"})  # verbs of aiosmtpd's that are not ours

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        names = {name[5:] for name in dir(cls) if name.startswith("smtp_")} - cls.hidden
        cls.verbs = {name.encode("ascii"): getattr(cls, f"smtp_{name}") for name in names}

    def __init__(self, desk: Desk, loop: asyncio.AbstractEventLoop | None = None) -> None:
        super().__init__(desk, loop)
        self._errors = 0

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
            self._deadline = NEVER  # while we are at work, the next hop's time-outs count
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

    async def _read_message(self, reader: DataReader) -> bool:
        """Say what was said (354), then read to the end of the message; False when the client went away before."""
        if len(self._lines):
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
        self._deadline = NEVER
        return True

    async def _spill(self, reader: DataReader) -> None:
        self._hold()
        try:
            await self.loop.run_in_executor(None, reader.write, reader.batch())
        except OSError as error:
            reader.refuse(NO_SPACE)
            TROUBLE.tell(NoSpace(f"{self.desk.spool_directory or 'the temporary folder'}: {error.strerror or error}"))

    async def push(self, status: AnyStr) -> None:
        """One reply line of our own wording, without its CRLF; sent with the next wait."""
        raw = status.encode("utf-8") if isinstance(status, str) else status
        self._say(raw + b"\r\n")

    def _error(self, reply: Reply) -> None:
        """Refuse a command; too many of them end the connection."""
        self._errors += 1
        if self._errors > _ERROR_LIMIT:
            self.hang_up(TOO_MANY_ERRORS)
        else:
            self._say(wire(reply))

    async def _yield(self) -> None:
        await self._send()
        await asyncio.sleep(0)
