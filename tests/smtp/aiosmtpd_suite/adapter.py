"""Our session behind the constructor and the handler hooks of aiosmtpd's SMTP class.

Only what our session has of its own is mapped: RCPT through the next hop, DATA through the receive flow. The hooks it
does not have stay unmapped; the tests that need them are on the list in `plugin.py`.
"""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from socket import getfqdn
from typing import Any

from aiosmtpd.smtp import Envelope as TheirEnvelope
from aiosmtpd.smtp import Session as TheirSession

from gateway.config import Smtp
from gateway.mail.content import Content
from gateway.mail.envelope import Envelope, Path, SessionFacts
from gateway.replies import OK, Reply
from gateway.smtp.desk import Desk
from gateway.smtp.session import Session


def reply_of(status: str) -> Reply:
    """A handler's status line as a reply."""
    return Reply(code=int(status[:3]), text=status[4:])


class HandlerHop:
    """A next hop that is an aiosmtpd handler."""

    def __init__(self, server: "Adapted") -> None:
        self.server = server

    async def extensions(self) -> dict[str, str]:
        offers = {} if self.server.decode_data else {"8BITMIME": ""}
        return {**offers, "SMTPUTF8": ""} if self.server.enable_SMTPUTF8 else offers

    def begin(self, mail_from: Path, session: SessionFacts) -> "HandlerTransaction":
        return HandlerTransaction(self.server, mail_from)


class HandlerTransaction:
    """handle_MAIL with the first recipient, handle_RCPT with each, handle_DATA at the end."""

    def __init__(self, server: "Adapted", mail_from: Path) -> None:
        self.server = server
        self.offered = False
        server.envelope = TheirEnvelope()
        server.envelope.mail_from = mail_from.text
        server.envelope.mail_options = mail_from.parameters.split()
        server.envelope.smtp_utf8 = "SMTPUTF8" in mail_from.parameters.upper().split()

    async def rcpt(self, path: Path) -> Reply:
        envelope = self.server.envelope
        if not self.offered:
            self.offered = True
            await self.server.hook("MAIL", envelope.mail_from, envelope.mail_options)
        reply = await self.server.hook("RCPT", path.text, path.parameters.split())
        if reply.accepted and path.text not in envelope.rcpt_tos:
            envelope.rcpt_tos.append(path.text)
        return reply

    async def send(self, headers: bytes, content: Content) -> Reply:
        raise NotImplementedError

    def prepare(self) -> None:
        """Nothing to wait for."""

    async def abort(self) -> None:
        self.server.envelope = TheirEnvelope()


class Writer:
    """What the suite looks at to see that a connection is being closed."""

    def __init__(self, server: "Adapted") -> None:
        self._server = server

    @property
    def transport(self) -> asyncio.Transport:
        return self._server._channel

    def close(self) -> None:
        self._server.close()


class Adapted(Session):
    """aiosmtpd's constructor around our session."""

    def __init__(
        self,
        handler: Any,
        *,
        data_size_limit: int | None = 2**25,
        enable_SMTPUTF8: bool = False,  # noqa: N803  # aiosmtpd's own name
        decode_data: bool = False,
        hostname: str | None = None,
        tls_context: ssl.SSLContext | None = None,
        timeout: float = 300,
        loop: asyncio.AbstractEventLoop | None = None,
        **unmapped: Any,
    ) -> None:
        self.handler, self.decode_data, self.enable_SMTPUTF8 = handler, decode_data, enable_SMTPUTF8
        size = data_size_limit or 2**25
        usual = Smtp(xforward_peers=(), command_timeout=timeout)
        desk = Desk(
            settings=usual.model_copy(
                update={"max_size": size, "max_header_size": 2**25}
            ),  # smaller than a setting may be
            next_hop=HandlerHop(self),
            receive=self.receive,
            clock=lambda: datetime.now(UTC),
            hostname=hostname or getfqdn(),
        )
        desk.tls = tls_context
        super().__init__(desk, loop or asyncio.get_event_loop())
        self.session = TheirSession(self.loop)
        self.envelope = TheirEnvelope()
        self._sweep()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._writer = Writer(self)

    def _close(self) -> None:
        """Through what the suite spies on."""
        self._writer.close()

    def close(self) -> None:
        super()._close()

    def _sweep(self) -> None:
        """The server's sweep over deadlines, here for one session."""
        self.check(self.loop.time())
        if not self._closing:
            self.loop.call_later(0.1, self._sweep)

    async def hook(self, name: str, *arguments: Any) -> Reply:
        """Call a handler's hook, when it has one."""
        method: Callable[..., Any] | None = getattr(self.handler, f"handle_{name}", None)
        if method is None:
            return OK
        return reply_of(await method(self, self.session, self.envelope, *arguments))

    async def receive(self, envelope: Envelope, content: Content, transaction: Any) -> Reply:
        plain = bytes(content.plain()[:])
        self.envelope.original_content = plain
        self.envelope.content = plain.decode("utf-8", "surrogateescape") if self.decode_data else plain
        return await self.hook("DATA")
