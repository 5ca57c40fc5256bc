"""One mail on its way to the next hop, told in the order it happens: MAIL and RCPT, DATA, the message, the dot.

The promises: no 250 that is not the next hop's own; its words unchanged; nothing it did not say is ever permanent.
A connection that turns out to be gone before any of the message left is replaced once, and the same commands are
said again; behind the first byte of the message nothing is ever repeated. IO: one pooled connection. RFC 5321
section 3.3, RFC 2920 (PIPELINING).
"""

import asyncio
from contextlib import suppress
from functools import lru_cache

from gateway.delivery.connection import Connection, ConnectionLost, EarlyReply
from gateway.delivery.pool import Pool
from gateway.delivery.xforward import xforward
from gateway.errors import NextHopUnavailable, NoAnswer
from gateway.mail.content import Content
from gateway.mail.envelope import Path, SessionFacts
from gateway.replies import BARE_LINE_END, Reply

SLOWEST = 256 * 1024  # bytes a second a next hop must at least take in; a large message has its time on top
_DATA = b"DATA\r\n"
_forwarded = lru_cache(maxsize=1024)(xforward)


class UpstreamTransaction:
    """Implements `ports.Transaction` on a pool."""

    def __init__(self, pool: Pool, mail_from: Path, session: SessionFacts) -> None:
        self._pool = pool
        self._settings = pool.opening.settings
        self._session = session
        self._mail = _command(b"MAIL FROM:<", mail_from)
        self._connection: Connection | None = None
        self._accepted: list[bytes] = []  # RCPT commands that got a 2yz
        self._refused: Reply | None = None  # the answer to MAIL, when it was no 2yz
        self._over = ""  # why nothing more can be done
        self._prepared = False  # DATA was said on this connection

    async def rcpt(self, path: Path) -> Reply:
        """Offer a recipient; see `ports.Transaction.rcpt`. Decided within `connect_timeout` + `command_timeout`."""
        command = _command(b"RCPT TO:<", path)
        if not self._mail or not command:
            return BARE_LINE_END  # RFC 5321 section 2.3.8: it would be two commands
        if self._refused is not None:
            return self._refused
        deadline = _now() + self._settings.connect_timeout + self._settings.command_timeout
        try:
            reply = await self._offer(command, deadline)
        except BaseException as error:
            self._drop(error)
            raise
        if reply.accepted:
            self._accepted.append(command)
        return reply

    def prepare(self) -> None:
        """DATA goes out now; see `ports.Transaction.prepare`."""
        if self._connection is not None and not self._prepared:
            with suppress(NextHopUnavailable):  # a connection just lost: `send` finds it so, and takes another
                self._connection.write(_DATA, 1)
                self._prepared = True

    async def send(self, headers: bytes, content: Content) -> Reply:
        """DATA, headers and content, the dot; see `ports.Transaction.send`. Decided within `data_timeout`, plus a
        second for each 256 KiB."""
        deadline = _now() + self._settings.data_timeout + len(content.wire) / SLOWEST
        try:
            reply = await self._data(min(deadline, _now() + self._settings.command_timeout))
            connection = self._at_work()
            if reply.code != 354:
                await self.abort()
                return reply
            reply = await self._message(connection, headers, content, deadline)
        except BaseException as error:
            self._drop(error)
            raise
        self._connection, self._over = None, "sent"
        self._pool.release(connection)
        return reply

    async def abort(self) -> None:
        """RSET, and the connection goes back to the pool; one that is in the middle of something is dropped."""
        connection, self._connection = self._connection, None
        self._over = self._over or "aborted"
        if connection is None:
            return
        if not connection.usable:
            connection.fail(NextHopUnavailable("dropped"))
            return
        connection.reset()
        self._pool.release(connection)

    # -- MAIL and RCPT ----------------------------------------------------------------------------------------------

    async def _offer(self, command: bytes, deadline: float) -> Reply:
        if self._connection is None and not self._over:
            mail, *rest = await self._begin([command], deadline)
            if mail.accepted:
                return rest[0]
            self._refused = mail
            await self.abort()
            return mail
        try:
            return await _ask(self._at_work(), command, deadline)
        except ConnectionLost:
            await self._again(deadline)
        return await _ask(self._at_work(), command, deadline)

    async def _begin(self, commands: list[bytes], deadline: float) -> list[Reply]:
        """The answers to MAIL and these RCPTs on a pooled connection, or on a fresh one when that had been closed
        while idle."""
        connection = await self._pool.take(deadline)
        kept = connection.since > 0
        try:
            return await self._open_on(connection, commands, deadline)
        except ConnectionLost as lost:
            if not kept:
                raise
            connection.fail(lost)
        return await self._open_on(await self._pool.take(deadline, fresh=True), commands, deadline)

    async def _open_on(self, connection: Connection, commands: list[bytes], deadline: float) -> list[Reply]:
        self._connection = connection
        if "XFORWARD" not in connection.extensions and connection.told != self._session:
            connection = await self._introduced(connection, deadline)
        extra = self._forward(connection)
        lines = [*extra, self._mail, *commands]
        if connection.pipelining:
            connection.write(b"".join(lines), len(lines))
            replies = [await connection.reply(deadline) for _ in lines]
        else:
            await connection.settled(deadline)
            replies = [await _exchange(connection, line, deadline) for line in lines]
        return [_final(connection, reply) for reply in replies[len(extra) :]]

    async def _introduced(self, connection: Connection, deadline: float) -> Connection:
        """The connection, told by XCLIENT who our client is where the next hop wants that rather than XFORWARD."""
        if connection.told is not None and "XCLIENT" not in connection.extensions:
            connection.quit()  # it goes on speaking for another client, and offers no way to change that
            connection = self._connection = await self._pool.take(deadline, fresh=True)
        if "XCLIENT" in connection.extensions:
            await self._pool.opening.introduce(connection, self._session, deadline)
        return connection

    def _forward(self, connection: Connection) -> tuple[bytes, ...]:
        """XFORWARD commands, where offered. What the next hop answers to them is no reason to stop a mail."""
        offered = connection.extensions.get("XFORWARD")
        return () if offered is None else _forwarded(self._session, offered)

    async def _again(self, deadline: float) -> None:
        """Say MAIL and all accepted RCPTs on a fresh connection. Raises NextHopUnavailable unless each is accepted."""
        replies = await self._open_on(await self._pool.take(deadline, fresh=True), self._accepted, deadline)
        if not all(reply.accepted for reply in replies):
            raise NextHopUnavailable("the next hop closed, and now refuses what it had accepted")

    # -- DATA -------------------------------------------------------------------------------------------------------

    async def _data(self, deadline: float) -> Reply:
        """The answer to DATA: 354, or a refusal."""
        connection = self._at_work()
        try:
            if not self._prepared:
                connection.write(_DATA, 1)
            return await _go_ahead(connection, deadline)
        except ConnectionLost:
            await self._again(deadline)
        connection = self._at_work()
        connection.write(_DATA, 1)
        return await _go_ahead(connection, deadline)

    async def _message(self, connection: Connection, headers: bytes, content: Content, deadline: float) -> Reply:
        try:
            await connection.pour(headers, content.wire, deadline)
            return await _verdict(connection, deadline)
        except EarlyReply as early:
            if early.early.code < 400:
                raise
            return early.early  # refused before the dot: the connection is gone, the verdict stands

    # -- the connection ---------------------------------------------------------------------------------------------

    def _at_work(self) -> Connection:
        if self._connection is None:
            raise NextHopUnavailable(self._over or "no transaction was begun")
        return self._connection

    def _drop(self, error: BaseException) -> None:
        """Whatever happened, nobody else gets this connection."""
        self._over = str(error) or type(error).__name__
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.fail(NextHopUnavailable("dropped"))


def _command(verb: bytes, path: Path) -> bytes:
    """The command line, octets as they came; b"" for a path that cannot stand in one line."""
    text = f"{path.text}> {path.parameters}" if path.parameters else f"{path.text}>"
    octets = text.encode("utf-8", "surrogateescape")
    return b"" if b"\r" in octets or b"\n" in octets or b"\0" in octets else verb + octets + b"\r\n"


async def _exchange(connection: Connection, command: bytes, deadline: float) -> Reply:
    connection.write(command, 1)
    return await connection.reply(deadline)


async def _ask(connection: Connection, command: bytes, deadline: float) -> Reply:
    return _final(connection, await _exchange(connection, command, deadline))


async def _verdict(connection: Connection, deadline: float) -> Reply:
    """The reply to the dot. Raises NoAnswer."""
    try:
        return _final(connection, await connection.reply(deadline))
    except EarlyReply:
        raise
    except NextHopUnavailable as error:
        raise NoAnswer(*error.args) from error


async def _go_ahead(connection: Connection, deadline: float) -> Reply:
    reply = await connection.reply(deadline)
    return reply if reply.code == 354 or reply.code >= 400 else _final(connection, reply, accepting=False)


def _final(connection: Connection, reply: Reply, *, accepting: bool = True) -> Reply:
    """The reply, if it is a verdict: 2yz (where that makes sense), 4yz or 5yz. Raises NextHopUnavailable."""
    if reply.code >= 400 or (accepting and reply.accepted):
        return reply
    raise connection.fail(NextHopUnavailable(f"an answer out of turn: {reply.code} {reply.text}"))


def _now() -> float:
    return asyncio.get_running_loop().time()
