"""Whatever one client does, another one's NOOP is answered within a second, and memory stays bounded."""

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
import uvloop

from gateway.replies import Reply
from tests.smtp.kit import Box, Client, Hop, client_of, code, edge_with

MIB = 1024 * 1024


class Watchdog:
    """A client that says NOOP all the time and remembers the longest wait."""

    def __init__(self) -> None:
        self.worst = 0.0
        self.count = 0

    async def run(self, client: Client) -> None:
        while True:
            began = time.monotonic()
            assert code(await client.ask(b"NOOP\r\n")) == 250
            self.worst = max(self.worst, time.monotonic() - began)
            self.count += 1
            await asyncio.sleep(0.01)


@asynccontextmanager
async def watched(edge):
    """A watchdog beside whatever goes on in the block."""
    dog = Watchdog()
    async with client_of(edge) as client:
        task = asyncio.create_task(dog.run(client))
        try:
            yield dog
        finally:
            await asyncio.sleep(0.05)
            if task.done():
                task.result()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    assert dog.count > 2
    assert dog.worst < 1.0


async def flood(client: Client, raw: bytes, times: int, seconds: float = 2) -> None:
    """Say it many times without listening, until nobody takes it."""
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(seconds):
            for _ in range(times):
                await client.send(raw)


async def newlines(edge, client: Client) -> None:
    """A flood of empty lines is ended."""
    await flood(client, b"\r\n" * 32768, 64)
    assert (await client.rest()).count(b"500 ") <= 21


async def bare_newlines(edge, client: Client) -> None:
    """A flood of bare LF is ended."""
    await flood(client, b"\n" * 65536, 64)
    assert (await client.rest()).count(b"550 ") <= 21


async def endless_line(edge, client: Client) -> None:
    """A line without an end is ended, and never kept."""
    await flood(client, b"x" * 65536, 1024)
    await client.rest()
    assert len(edge.desk.sessions) == 1


async def noops(edge, client: Client) -> None:
    """A flood of NOOP whose replies are never read."""
    await flood(client, b"NOOP\r\n" * 10000, 400)


async def noops_read(edge, client: Client) -> None:
    """A hundred thousand NOOP in one go are all answered."""

    async def listen() -> int:
        return len(await client.reader.readexactly(100_000 * len(b"250 2.0.0 Ok\r\n")))

    heard = asyncio.create_task(listen())
    await client.send(b"NOOP\r\n" * 100_000)
    assert await asyncio.wait_for(heard, 30) == 1_400_000


async def recipients(edge, client: Client) -> None:
    """Ten thousand recipients: a thousand are taken, the rest is 452."""
    client.say(b"EHLO c.example\r\nMAIL FROM:<>\r\n")
    await client.hears(2)
    client.say(b"".join(b"RCPT TO:<user%d@x.example>\r\n" % number for number in range(10_000)))
    codes = await client.hears(10_000)
    assert (codes.count(250), codes.count(452)) == (1000, 9000)


async def large_message(edge, client: Client) -> None:
    """Thirty mebibytes of lines that look like ends."""
    await client.ready()
    for _ in range(30):
        await client.send(b"\r\n.." * (MIB // 4))
    assert code(await client.ask(b"\r\n.\r\n")) == 250


async def large_bad_message(edge, client: Client) -> None:
    """Thirty mebibytes of bare line ends are read to the true end."""
    await client.ready()
    for _ in range(30):
        await client.send(b"\n.\n" * (MIB // 3))
    assert code(await client.ask(b"\r\n.\r\n")) == 550


async def large_message_in_crumbs(edge, client: Client) -> None:
    """Many tiny segments."""
    await client.ready()
    for _ in range(5000):
        client.say(b"a\r\n")
        await asyncio.sleep(0)
    assert code(await client.ask(b".\r\n")) in (250, 554)


async def data_without_line_ends(edge, client: Client) -> None:
    """Sixty mebibytes without a line end meet the size limit."""
    await client.ready()
    for _ in range(60):
        await client.send(b"a" * MIB)
    assert code(await client.ask(b"\r\n.\r\n")) == 552


async def hostile_path(edge, client: Client) -> None:
    """Paths made to make a pattern run wild."""
    await client.ask(b"EHLO c.example\r\n")
    for path in (b'"' * 8000, b"\\" * 8000, b'""' * 4000, b"@a:" * 2600, b'"\\' * 4000):
        await client.ask(b"MAIL FROM:<" + path + b"\r\n")


ABUSES = [
    newlines,
    bare_newlines,
    endless_line,
    noops,
    noops_read,
    recipients,
    large_message,
    large_bad_message,
    large_message_in_crumbs,
    data_without_line_ends,
    hostile_path,
]


@pytest.mark.parametrize("abuse", ABUSES)
def test_one_client_cannot_stall_another(abuse) -> None:
    """A NOOP watchdog beside each abusive client hears its replies within a second."""

    async def play() -> None:
        async with edge_with(Box()) as edge, watched(edge), client_of(edge) as client:
            await abuse(edge, client)

    uvloop.run(play())


async def test_two_hundred_connections() -> None:
    """Two hundred clients, idle and trickling in commands and messages, beside a watchdog."""
    async with edge_with(Box(), max_connections=500) as edge, watched(edge), AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(client_of(edge)) for _ in range(190)]
        await asyncio.gather(*[client.ready() for client in clients[:60]])
        for _ in range(10):
            for client in clients[:120]:
                client.say(b"x")
            await asyncio.sleep(0.01)
        assert len(edge.desk.sessions) == 191


async def test_a_client_that_never_listens_is_ended() -> None:
    """Replies nobody takes do not pile up: the session stops reading and ends at its deadline."""
    async with edge_with(command_timeout=0.5) as edge, client_of(edge) as client:
        client.reader._transport.pause_reading()
        task = asyncio.create_task(flood(client, b"NOOP\r\n" * 10000, 10_000, seconds=20))
        session = next(iter(edge.desk.sessions))
        worst = 0
        while edge.desk.sessions and not task.done():
            worst = max(worst, session._channel.get_write_buffer_size(), len(session._lines))
            await asyncio.sleep(0.05)
        assert not edge.desk.sessions
        assert worst < MIB
        await task


async def test_commands_sent_in_one_go_take_turns() -> None:
    """While thirty thousand commands of one client are run, everybody else gets a turn every few dozen."""
    async with edge_with() as edge, client_of(edge) as client:
        session, turns = next(iter(edge.desk.sessions)), 0
        session.data_received(b"NOOP\r\n" * 30_000)
        await asyncio.sleep(0)
        while len(session._lines):
            turns += 1
            await asyncio.sleep(0)
        assert turns > 300
        await client.reader.readexactly(30_000 * len(b"250 2.0.0 Ok\r\n"))


async def test_refused_recipients_do_not_pile_up() -> None:
    """Ten thousand refusals by the next hop leave nothing in the envelope."""
    hop = Hop(answers=lambda path: Reply(code=550, enhanced="5.1.1", text="no such user"))
    async with edge_with(hop=hop) as edge, client_of(edge) as client:
        client.say(b"EHLO c.example\r\nMAIL FROM:<>\r\n")
        await client.hears(2)
        for _ in range(10):
            client.say(b"RCPT TO:<u@x.example>\r\n" * 1000)
            assert await client.hears(1000) == [550] * 1000
        assert code(await client.ask(b"DATA\r\n")) == 554
