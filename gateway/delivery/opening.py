"""From nothing to a connection a transaction can begin on: connect, greeting, EHLO, and TLS where it is required.

IO: one TCP connection. RFC 5321 sections 3.1 and 4.1.1.1, RFC 3207; XCLIENT: Postfix XCLIENT_README.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.delivery.connection import Connection
from gateway.delivery.xforward import xclient
from gateway.errors import NextHopUnavailable
from gateway.host_port import host_port
from gateway.mail.envelope import SessionFacts
from gateway.replies import Reply

if TYPE_CHECKING:
    from gateway.config import Upstream as UpstreamSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How connections are opened: the next hop's settings, the name we give in EHLO, and the TLS context that
    verifies the next hop (None: no TLS)."""

    settings: "UpstreamSettings"
    hostname: str
    tls: ssl.SSLContext | None = None

    async def connection(self, on_break: Callable[[Connection], None], deadline: float) -> Connection:
        """A greeted connection whose extensions are known, by this loop time. Raises NextHopUnavailable."""
        host, port = host_port(self.settings.address, key="upstream.address")
        connection = await self._connected(host, port, on_break, deadline)
        try:
            await _greeting(connection, deadline)
            await self._hello(connection, deadline)
            if self.tls is not None:
                await self._start_tls(connection, self.tls, host, deadline)
                await self._hello(connection, deadline)
        except BaseException:
            connection.fail(NextHopUnavailable("not opened"))
            raise
        return connection

    async def introduce(self, connection: Connection, client: SessionFacts, deadline: float) -> None:
        """Let the session start anew as that of `client` (XCLIENT). Raises NextHopUnavailable, also when it is
        refused: the next hop must not mistake the client for us, whom it trusts."""
        await connection.settled(deadline)
        for line in xclient(client, connection.extensions["XCLIENT"]):
            reply = await _answer(connection, line, deadline)
            if reply.code != 220:
                raise connection.fail(_refused("XCLIENT", reply))
        await self._hello(connection, deadline)
        connection.told = client

    async def _connected(
        self, host: str, port: int, on_break: Callable[[Connection], None], deadline: float
    ) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(min(deadline, loop.time() + self.settings.connect_timeout)):
                _, connection = await loop.create_connection(lambda: Connection(on_break), host, port)
        except OSError as error:  # TimeoutError is one
            raise NextHopUnavailable(f"no connection to {host}:{port}: {error}") from error
        return connection

    async def _hello(self, connection: Connection, deadline: float) -> None:
        """EHLO; HELO where that is unknown (RFC 5321 section 3.2)."""
        name = self.hostname.encode("ascii", "replace")
        reply = await _answer(connection, b"EHLO " + name + b"\r\n", deadline)
        if reply.accepted:
            connection.extensions = _extensions(reply)
            return
        connection.extensions = {}
        if not reply.permanent or not (await _answer(connection, b"HELO " + name + b"\r\n", deadline)).accepted:
            raise connection.fail(_refused("EHLO", reply))

    async def _start_tls(self, connection: Connection, tls: ssl.SSLContext, host: str, deadline: float) -> None:
        if "STARTTLS" not in connection.extensions:
            raise connection.fail(NextHopUnavailable("TLS is required, and STARTTLS is not offered"))
        reply = await _answer(connection, b"STARTTLS\r\n", deadline)
        if reply.code != 220:
            raise connection.fail(_refused("STARTTLS", reply))
        await connection.start_tls(tls, host, deadline)


async def _greeting(connection: Connection, deadline: float) -> None:
    reply = await connection.reply(deadline)
    if reply.code != 220:
        raise connection.fail(_refused("the connection", reply))


async def _answer(connection: Connection, command: bytes, deadline: float) -> Reply:
    connection.write(command, 1)
    return await connection.reply(deadline)


def _extensions(reply: Reply) -> dict[str, str]:
    pairs = (line.strip().partition(" ") for line in reply.text.split("\n")[1:])
    return {word.upper(): rest.strip() for word, _, rest in pairs if word}


def _refused(what: str, reply: Reply) -> NextHopUnavailable:
    return NextHopUnavailable(f"{what} was answered {reply.code} {reply.text}")
