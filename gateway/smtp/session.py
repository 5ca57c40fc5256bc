# ruff: noqa: N802  # aiosmtpd finds the verbs by these names
"""The conversation: one method for each verb, told as RFC 5321 section 4.1 has them.

A transaction is offered to the next hop recipient by recipient and its replies go back verbatim; what follows the
final dot is the receive flow's. We answer of ourselves only what the next hop cannot know. IO through `Connection`
and `Transaction`. RFC 5321, 1869, 2034, 3207 (STARTTLS), Postfix XFORWARD_README and XCLIENT_README.
"""

import asyncio
import ssl
from collections.abc import Awaitable
from dataclasses import replace

from gateway.errors import NoSpace
from gateway.mail.content import Content
from gateway.mail.envelope import Envelope, Path, SessionFacts
from gateway.ports import Transaction
from gateway.replies import NO_SPACE, OK, RECIPIENT_OK, SENDER_OK, START_MAIL_INPUT, TOO_MANY_RECIPIENTS, Reply
from gateway.smtp import commands, xforward
from gateway.smtp.connection import Connection
from gateway.smtp.data import DataReader
from gateway.smtp.desk import TROUBLE, Desk
from gateway.smtp.extensions import offer
from gateway.smtp.wire import wire

_OK, _SENDER_OK, _START = wire(OK), wire(SENDER_OK), START_MAIL_INPUT.wire()
_RCPT_OK = wire(RECIPIENT_OK)
_LEAST_RESERVE = 16 * 1024  # bytes taken from the budget before 354; the others as they come, whatever was declared
_HANDSHAKE = 30.0  # seconds

BYE = Reply(code=221, enhanced="2.0.0", text="Bye")
NEED_HELO = Reply(code=503, enhanced="5.5.1", text="Send EHLO or HELO first")
NEED_MAIL = Reply(code=503, enhanced="5.5.1", text="Need MAIL command")
NEED_RCPT = Reply(code=503, enhanced="5.5.1", text="Need RCPT command")
NO_RCPT = Reply(code=554, enhanced="5.5.1", text="No valid recipients")
RCPT_LATER = Reply(code=451, enhanced="4.5.1", text="No recipient could be taken now; try again later")
NESTED = Reply(code=503, enhanced="5.5.1", text="Nested MAIL command; the transaction is given up")
BETWEEN_MAILS = Reply(code=503, enhanced="5.5.1", text="Not within a mail transaction")
NO_ARGUMENT = Reply(code=501, enhanced="5.5.4", text="This command takes no argument")
WANTS_NAME = Reply(code=501, enhanced="5.5.4", text="Syntax: EHLO or HELO hostname")
WANTS_ADDRESS = Reply(code=501, enhanced="5.5.4", text="Syntax: VRFY address")
MAYBE = Reply(code=252, enhanced="2.0.0", text="Send some mail, and it will be tried")
NOT_DONE = Reply(code=502, enhanced="5.5.1", text="Command not implemented")
HELPFUL = Reply(code=214, enhanced="2.0.0", text="See RFC 5321")
NO_BDAT = Reply(code=421, enhanced="5.5.1", text="CHUNKING is not offered; closing")
NO_TLS = Reply(code=502, enhanced="5.5.1", text="STARTTLS is not offered")
IN_TLS = Reply(code=503, enhanced="5.5.1", text="Already in TLS")
GO_AHEAD = Reply(code=220, enhanced="2.0.0", text="Ready to start TLS")
NOT_BELIEVED = Reply(code=550, enhanced="5.7.1", text="Not allowed from your address")
BAD_ATTRIBUTE = Reply(code=501, enhanced="5.5.4", text="Bad attribute")


class Session(Connection):
    """One client's conversation, mail after mail."""

    def __init__(self, desk: Desk, loop: asyncio.AbstractEventLoop | None = None) -> None:
        super().__init__(desk, loop)
        self._greeted = False
        self._own = SessionFacts()  # what we see of the client, or XCLIENT told us
        self._facts = self._own  # with what XFORWARD told us for the next mail
        self._mail: Path | None = None
        self._declared = 0  # bytes, the SIZE parameter
        self._recipients: list[Path] = []
        self._answers: list[Path] = []  # recipients that are our own addresses
        self._put_off = 0  # recipients refused for now
        self._transaction: Transaction | None = None
        self._coming: DataReader | None = None  # from 354 until the answer

    @property
    def idle(self) -> bool:
        """No mail transaction is open."""
        return self._mail is None

    @property
    def answering(self) -> bool:
        """A whole message has come, and its answer was not said yet."""
        return self._coming is not None and self._coming.done

    async def _greet(self) -> None:
        self._own = self._facts = SessionFacts(peer_address=self.peer_address, peer_port=self.peer_port)
        await super()._greet()

    async def _forget(self) -> None:
        """End the transaction; nothing was delivered. What XFORWARD said counted for this mail only."""
        transaction, self._transaction = self._transaction, None
        self._mail, self._recipients, self._answers, self._put_off = None, [], [], 0
        self._facts = self._own
        if transaction is not None:
            await transaction.abort()

    # -- hello ----------------------------------------------------------------------------------------------------

    async def smtp_HELO(self, hostname: str) -> None:
        """Section 4.1.1.1."""
        if await self._hello(hostname, "SMTP"):
            await self.push(f"250 {self.hostname}")

    async def smtp_EHLO(self, hostname: str) -> None:
        """Section 4.1.1.1; what we offer is what the next hop offers and we can pass on."""
        theirs = await self.desk.next_hop.extensions() if hostname else {}
        if await self._hello(hostname, "ESMTPS" if self.in_tls else "ESMTP"):
            lines = [self.hostname]
            lines += offer(
                theirs,
                max_size=self.desk.max_size,
                starttls=self.desk.tls is not None and not self.in_tls,
                trusted=self.peer_address in self.desk.trusted,
            )
            self._say(wire(Reply(code=250, text="\n".join(lines))))

    async def _hello(self, hostname: str, protocol: str) -> bool:
        if not hostname:
            self._error(WANTS_NAME)
            return False
        await self._forget()
        self._greeted = True
        self._own = self._facts = replace(self._own, helo=hostname.split(" ", 1)[0], protocol=protocol)
        return True

    # -- one mail -------------------------------------------------------------------------------------------------

    async def smtp_MAIL(self, arg: str) -> None:
        """Section 4.1.1.2. Answered here; the next hop's refusal, if any, comes with the first recipient."""
        if not self._greeted:
            return self._error(NEED_HELO)
        if self._mail is not None:
            await self._forget()  # or recipients meant for the second mail would join the first
            return self._error(NESTED)
        parsed = commands.mail_path(arg, max_size=self.desk.max_size)
        if isinstance(parsed, Reply):
            return self._error(parsed)
        self._mail, self._declared = parsed
        return self._say(_SENDER_OK)

    async def smtp_RCPT(self, arg: str) -> None:
        """Section 4.1.1.3. The next hop's own reply, verbatim; an address of ours it never hears of."""
        if self._mail is None:
            return self._error(NEED_MAIL)
        path = commands.rcpt_path(arg)
        if isinstance(path, Reply):
            return self._error(path)
        if len(self._recipients) + len(self._answers) >= self.desk.settings.max_recipients:
            return self._say(wire(TOO_MANY_RECIPIENTS))
        if self._transaction is None:
            self._transaction = self.desk.next_hop.begin(self._mail, self._facts)
        if self.desk.is_ours(path):
            return self._say(self._answered_at(path))
        if self._answers:
            return self._say(wire(TOO_MANY_RECIPIENTS))
        self._put_off += 1  # unless we learn better
        reply = await self._transaction.rcpt(path)
        self._put_off -= not 400 <= reply.code < 500
        if reply.accepted:
            self._recipients.append(path)
        return self._answer(reply)

    def _answered_at(self, path: Path) -> bytes:
        """One answer a transaction and nobody beside it, for it has one reply; the client sends the rest in the next
        (RFC 5321 section 4.5.3.1.10)."""
        if self._recipients or (self._answers and path.text != self._answers[0].text):
            return wire(TOO_MANY_RECIPIENTS)
        self._answers = [path]
        return _RCPT_OK

    async def smtp_DATA(self, arg: str) -> None:
        """Section 4.1.1.4. From 354 on everything up to CRLF.CRLF is message, whatever becomes of it."""
        if arg:
            return self._error(NO_ARGUMENT)
        if self._mail is None:
            return self._error(NEED_MAIL)
        if not self._recipients and not self._answers:
            return self._error(self._no_recipient())
        reader = self.desk.reader()
        if self._declared > self.desk.budget.free or not reader.reserve(_LEAST_RESERVE):
            return self._full()
        self._say(_START)
        return await self._message(reader)

    def _no_recipient(self) -> Reply:
        """Why there is no one to send to; while it may be only for now, never 5yz, which would bounce the mail."""
        if self._transaction is None:
            return NEED_RCPT
        return RCPT_LATER if self._put_off else NO_RCPT

    async def _message(self, reader: DataReader) -> None:
        """The message is given to the receive flow with all that belongs to it, or everything is let go."""
        given, self._coming = False, reader
        try:
            content = reader.result() if await self._read_message(reader) else None
            if isinstance(content, Content):
                given = True
                self._errors = 0  # a client that brings mail may err again
                self._answer(await self._receive(content, reader))
            elif content is NO_SPACE:
                self._full()
            elif content is not None:
                self._say(wire(content))
        finally:
            self._coming = None
            if not given:
                reader.close()
            await self._forget()

    def _full(self) -> None:
        """No room for the message: the client keeps it."""
        TROUBLE.tell(NoSpace("smtp.memory_limit is reached, or the disk below the spool folder is full"))
        self._say(wire(NO_SPACE))

    def _receive(self, content: Content, reader: DataReader) -> Awaitable[Reply]:
        """The flow runs in its own task: a client that goes away now changes nothing for the mail."""
        transaction, self._transaction = self._transaction, None
        assert self._mail is not None
        assert transaction is not None
        envelope = Envelope(
            mail_from=self._mail,
            rcpt_to=tuple(self._recipients),
            session=self._facts,
            received_at=self.desk.clock(),
            answers=tuple(self._answers),
        )
        return self.desk.start_flow(envelope, content, transaction, reader)

    def _answer(self, reply: Reply) -> None:
        """Pass a reply on; with 421 the connection ends (section 3.8)."""
        if reply.code == 421:
            self.hang_up(reply)
        else:
            self._say(wire(reply))

    async def smtp_RSET(self, arg: str) -> None:
        """Section 4.1.1.5."""
        if arg:
            return self._error(NO_ARGUMENT)
        await self._forget()
        return self._say(_OK)

    # -- the rest -------------------------------------------------------------------------------------------------

    async def smtp_NOOP(self, arg: str) -> None:
        """Section 4.1.1.9."""
        self._say(_OK)

    async def smtp_QUIT(self, arg: str) -> None:
        """Section 4.1.1.10."""
        if arg:
            return self._error(NO_ARGUMENT)
        await self._forget()
        return self.hang_up(BYE)

    async def smtp_VRFY(self, arg: str) -> None:
        """Section 3.5.3: we tell nobody who exists."""
        if not arg:
            return self._error(WANTS_ADDRESS)
        return self._say(wire(MAYBE))

    async def smtp_EXPN(self, arg: str) -> None:
        """Section 3.5.3: nor who is on a list."""
        self._error(NOT_DONE)

    async def smtp_HELP(self, arg: str) -> None:
        """Section 4.1.1.8."""
        self._say(wire(HELPFUL))

    async def smtp_BDAT(self, arg: str) -> None:
        """RFC 3030, never offered: what follows is message and must not be read as commands, so we close."""
        await self._forget()
        self.hang_up(NO_BDAT)

    async def smtp_STARTTLS(self, arg: str) -> None:
        """RFC 3207: nothing that came before the handshake is believed after it."""
        if arg:
            return self._error(NO_ARGUMENT)
        if self.in_tls or self.desk.tls is None:
            return self._error(IN_TLS if self.in_tls else NO_TLS)
        await self._forget()
        self._say(wire(GO_AHEAD))
        await self._send()
        return await self._handshake(self.desk.tls)

    async def _handshake(self, context: ssl.SSLContext) -> None:
        self._lines.clear()  # before the handshake only: what comes now is already inside TLS
        if self._held:
            self._held = False
            self._channel.resume_reading()
        self.in_tls = True
        channel = await self._secured(context)
        self.transport = self._channel = channel
        self._greeted = False
        self._own = self._facts = replace(self._own, helo="", tls=_described(channel))

    async def _secured(self, context: ssl.SSLContext) -> asyncio.Transport:
        """The handshake itself. Raises ConnectionAbortedError; the client is counted out then, for asyncio does not say
        `connection_lost` of a connection that ends before the handshake does."""
        try:
            channel = await self.loop.start_tls(
                self._channel, self, context, server_side=True, ssl_handshake_timeout=_HANDSHAKE
            )
            if channel is None or channel.is_closing():
                raise ConnectionAbortedError
        except BaseException as error:
            self._channel.abort()
            self.connection_lost(None)
            if isinstance(error, OSError):  # ssl.SSLError, TimeoutError and ConnectionError are
                raise ConnectionAbortedError from None
            raise
        return channel

    async def smtp_XFORWARD(self, arg: str) -> None:
        """What a trusted server says about the next mail's client."""
        if facts := self._told(self._facts, arg, xforward.FORWARD_NAMES):
            self._facts = facts
            self._say(_OK)

    async def smtp_XCLIENT(self, arg: str) -> None:
        """A trusted server speaks for another client from here on: the session begins anew."""
        if facts := self._told(replace(self._own, helo=""), arg, xforward.CLIENT_NAMES):
            self._own = self._facts = facts
            self._greeted = False
            await super()._greet()

    def _told(self, facts: SessionFacts, argument: str, names: frozenset[str]) -> SessionFacts | None:
        """The facts as a trusted peer corrects them between two mails; None, and refused, otherwise."""
        if self.peer_address not in self.desk.trusted:
            self._error(NOT_BELIEVED)
        elif self._mail is not None:
            self._error(BETWEEN_MAILS)
        else:
            try:
                return xforward.apply(facts, argument, names)
            except ValueError:
                self._error(BAD_ATTRIBUTE)
        return None


def _described(channel: asyncio.BaseTransport) -> str:
    """ "TLSv1.3 TLS_AES_256_GCM_SHA384", for the Received line and the audit."""
    tls = channel.get_extra_info("ssl_object")
    return f"{tls.version()} {tls.cipher()[0]}" if tls is not None and tls.cipher() else "TLS"
