"""A small next hop, a capturing receive function and a raw client, for tests of the edge."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gateway.config import Smtp
from gateway.mail.content import Content
from gateway.mail.envelope import Envelope, Path, SessionFacts
from gateway.ports import Transaction
from gateway.replies import OK, Reply
from gateway.smtp.server import Edge

NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
RCPT_OK = Reply(code=250, enhanced="2.1.5", text="Ok")
FULL = {
    "PIPELINING": "",
    "SIZE": "10240000",
    "8BITMIME": "",
    "SMTPUTF8": "",
    "DSN": "",
    "ENHANCEDSTATUSCODES": "",
    "MT-PRIORITY": "MIXER",
    "CHUNKING": "",
    "BINARYMIME": "",
    "BURL": "",
    "AUTH": "PLAIN LOGIN",
    "STARTTLS": "",
    "XFORWARD": "NAME ADDR",
}


@dataclass(eq=False)
class Offered:
    """One transaction as the next hop saw it."""

    hop: "Hop"
    mail_from: Path
    session: SessionFacts
    rcpt_to: list[Path] = field(default_factory=list)
    aborted: bool = False

    async def rcpt(self, path: Path) -> Reply:
        self.rcpt_to.append(path)
        return await self.hop.answer(path)

    async def send(self, headers: bytes, content: Content) -> Reply:
        return OK

    def prepare(self) -> None:
        """Nothing to wait for."""

    async def abort(self) -> None:
        self.aborted = True


@dataclass(eq=False)
class Hop:
    """An in-process next hop: keeps its transactions, answers RCPT as told."""

    offers: dict[str, str] = field(default_factory=lambda: dict(FULL))
    answers: Callable[[Path], Reply] = lambda path: RCPT_OK
    transactions: list[Offered] = field(default_factory=list)
    failure: Exception | None = None

    async def extensions(self) -> dict[str, str]:
        if self.failure:
            raise self.failure
        return self.offers

    async def answer(self, path: Path) -> Reply:
        return self.answers(path)

    def begin(self, mail_from: Path, session: SessionFacts) -> Transaction:
        self.transactions.append(Offered(self, mail_from, session))
        return self.transactions[-1]


@dataclass(eq=False)
class Box:
    """A receive function that keeps envelope and bytes of every mail; `before` runs first."""

    mails: list[tuple[Envelope, bytes]] = field(default_factory=list)
    reply: Reply = OK
    before: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, envelope: Envelope, content: Content, transaction: Transaction) -> Reply:
        if self.before:
            await self.before()
        self.mails.append((envelope, bytes(content.wire[:])))
        return self.reply

    @property
    def bodies(self) -> list[bytes]:
        return [raw for _, raw in self.mails]


@dataclass(eq=False)
class Client:
    """A client that says exactly the bytes it is told."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def say(self, raw: bytes) -> None:
        self.writer.write(raw)

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def hear(self, timeout: float = 5.0) -> bytes:
        """One whole reply; b"" at the end of the connection."""
        lines = []
        async with asyncio.timeout(timeout):
            while line := await self.reader.readline():
                lines.append(line)
                if line[3:4] != b"-":
                    break
        return b"".join(lines)

    async def hears(self, count: int) -> list[int]:
        """The codes of that many replies."""
        return [code(await self.hear()) for _ in range(count)]

    async def ask(self, raw: bytes) -> bytes:
        self.say(raw)
        return await self.hear()

    async def rest(self, timeout: float = 5.0) -> bytes:
        """Everything until the connection ends."""
        async with asyncio.timeout(timeout):
            with suppress(ConnectionError):
                return await self.reader.read()
        return b""

    async def silent(self, seconds: float = 0.05) -> bool:
        """Nothing is said for a while, and the connection stays open."""
        try:
            await asyncio.wait_for(self.reader.read(1), seconds)
        except TimeoutError:
            return True
        return False

    async def ready(self, *recipients: str) -> None:
        """Up to 354."""
        names = recipients or ("bob@here.example",)
        self.say(b"EHLO client.example\r\nMAIL FROM:<ann@here.example>\r\n")
        for name in names:
            self.say(b"RCPT TO:<%s>\r\n" % name.encode())
        self.say(b"DATA\r\n")
        codes = await self.hears(3 + len(names))
        assert [250] * (2 + len(names)) + [354] == codes

    async def close(self) -> None:
        if self.writer.transport.get_write_buffer_size():
            self.writer.transport.abort()
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


def reset(client: Client) -> None:
    """RST: gone at once."""
    sock = client.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.writer.transport.abort()


def code(reply: bytes) -> int:
    """The basic code; 0 for no reply."""
    return int(reply[:3] or b"0")


def settings(**changes: Any) -> Smtp:
    """Settings of the edge, on a free port of loopback."""
    return Smtp(**{"listen": "127.0.0.1:0", **changes})


@asynccontextmanager
async def edge_with(
    receive: Any = None, hop: Hop | None = None, sweep: float = 0.05, rate_window: float = 60.0, **changes: Any
) -> AsyncIterator[Edge]:
    """A running edge; changes are of its settings."""
    edge = Edge(settings(**changes), hop or Hop(), receive or Box(), lambda: NOON, "mx.here.example", sweep=sweep)
    edge.desk.rate_window = rate_window
    await edge.start()
    try:
        yield edge
    finally:
        await edge.stop()


@asynccontextmanager
async def client_of(edge: Edge, *, greeted: bool = True) -> AsyncIterator[Client]:
    """A connected client that has heard the banner."""
    client = Client(*await asyncio.open_connection("127.0.0.1", edge.port))
    try:
        if greeted:
            assert code(await client.hear()) == 220
        yield client
    finally:
        await client.close()


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # the condition is the edge's own state, which sets no event
            await asyncio.sleep(0.005)


def chunks(raw: bytes, sizes: Iterable[int]) -> list[bytes]:
    """The bytes cut at these sizes, and the rest."""
    parts, at = [], 0
    for size in sizes:
        parts.append(raw[at : at + size])
        at += size
    return [part for part in (*parts, raw[at:]) if part]
