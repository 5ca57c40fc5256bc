"""Reading messages: size, headers, memory, disk."""

import asyncio
import mmap
import resource
import time
from contextlib import AsyncExitStack

import pytest

from gateway.mail.content import Content
from gateway.replies import HEADERS_TOO_BIG, NO_SPACE, OK, TOO_BIG, Reply
from gateway.smtp.data import DataReader
from gateway.smtp.limits import Budget
from gateway.smtp.spool import Spool
from tests.smtp.kit import Box, client_of, code, edge_with, until

KIB, MIB = 1024, 1024 * 1024
LINE = b"a" * 998 + b"\r\n"


class Kept:
    """A receive function that remembers what kind of bytes it was given."""

    def __init__(self) -> None:
        self.kinds: list[type] = []
        self.sizes: list[int] = []

    async def __call__(self, envelope, content, transaction) -> Reply:
        self.kinds.append(type(content.wire))
        self.sizes.append(len(content.wire))
        return OK


async def test_large_messages_are_spooled() -> None:
    """Past the threshold a message is a mapped file, under it bytes; content is the same."""
    box, kept = Box(), Kept()

    async def receive(envelope, content, transaction):
        await kept(envelope, content, transaction)
        return await box(envelope, content, transaction)

    small, large = LINE * 20, b"\r\n" + LINE * 3000 + b"..x\r\n"
    async with edge_with(receive, spool_threshold=64 * KIB) as edge, client_of(edge) as client:
        for message in (small, large):
            await client.ready()
            assert code(await client.ask(message + b".\r\n")) == 250
            await until(lambda: edge.desk.budget.used == 0)
    assert kept.kinds == [bytes, mmap.mmap]
    assert box.bodies == [small, large]


async def test_too_big_is_552_and_drained() -> None:
    """Past the limit the message is refused at its end, nothing passes, and the connection goes on."""
    box = Box()
    async with edge_with(box, max_size=64 * KIB) as edge, client_of(edge) as client:
        await client.ready()
        assert await client.ask(LINE * 70 + b"\r\nMAIL FROM:<evil@x.example>\r\n.\r\n") == TOO_BIG.wire()
        assert edge.desk.budget.used == 0
        await client.ready()
        assert code(await client.ask(b"x\r\n.\r\n")) == 250
    assert box.bodies == [b"x\r\n"]


@pytest.mark.parametrize(("extra", "expected"), [(0, 250), (1, 552)])
async def test_the_size_limit_is_exact(extra: int, expected: int) -> None:
    """max_size bytes pass, one more does not."""
    async with edge_with(max_size=64 * KIB) as edge, client_of(edge) as client:
        await client.ready()
        body = b"\r\n" + b"x" * (64 * KIB - 4 + extra) + b"\r\n"
        assert code(await client.ask(body + b".\r\n")) == expected


async def test_declared_size_is_judged_at_mail() -> None:
    """SIZE= over the limit is refused before anything is sent."""
    async with edge_with(max_size=64 * KIB) as edge, client_of(edge) as client:
        await client.ask(b"EHLO c.example\r\n")
        assert await client.ask(b"MAIL FROM:<a@x.example> SIZE=65537\r\n") == TOO_BIG.wire()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"X: " + b"y" * 9000 + b"\r\n\r\nbody\r\n", 554),
        (b"X: y\r\n" * 2000, 554),
        (b"X: y\r\n\r\n" + b"z" * 20000 + b"\r\n", 250),
        (b"\r\n" + b"z" * 20000 + b"\r\n", 250),
        (b"X: y\r\n" * 100, 250),
    ],
)
async def test_headers_have_a_limit(message: bytes, expected: int) -> None:
    """Headers past max_header_size are refused with 554; a long body is no header."""
    async with edge_with(max_header_size=8 * KIB) as edge, client_of(edge) as client:
        await client.ready()
        reply = await client.ask(message + b".\r\n")
    assert code(reply) == expected
    assert (reply == HEADERS_TOO_BIG.wire()) == (expected == 554)


async def test_no_memory_is_452_before_354() -> None:
    """When messages in flight fill the budget, DATA is 452 4.3.1; later it is taken."""
    gate = asyncio.Event()
    async with (
        edge_with(Box(before=gate.wait), memory_limit=MIB) as edge,
        client_of(edge) as one,
        client_of(edge) as two,
    ):
        await one.ready()
        one.say(b"\r\n" + b"x" * 1_040_000)
        await until(lambda: edge.desk.budget.used > 1_040_000)
        two.say(b"EHLO c.example\r\nMAIL FROM:<>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n")
        assert await two.hears(3) == [250] * 3
        assert await two.hear() == NO_SPACE.wire()
        one.say(b"\r\n.\r\n")
        gate.set()
        assert code(await one.hear()) == 250
        assert code(await two.ask(b"DATA\r\n")) == 354
        assert code(await two.ask(b"x\r\n.\r\n")) == 250
        assert edge.desk.budget.used == 0


async def test_a_declared_size_takes_no_room_from_others() -> None:
    """Clients that announce large messages and send nothing leave the room to who sends; only what is not free is 452
    at once."""
    box = Box()
    async with edge_with(box, memory_limit=MIB) as edge, AsyncExitStack() as stack:
        for _ in range(5):
            idler = await stack.enter_async_context(client_of(edge))
            idler.say(b"EHLO c.example\r\nMAIL FROM:<> SIZE=900000\r\nRCPT TO:<b@x.example>\r\nDATA\r\n")
            assert await idler.hears(4) == [250, 250, 250, 354]
        client = await stack.enter_async_context(client_of(edge))
        client.say(b"EHLO c.example\r\nMAIL FROM:<> SIZE=600000\r\nRCPT TO:<b@x.example>\r\nDATA\r\n")
        assert await client.hears(4) == [250, 250, 250, 354]
        assert code(await client.ask(b"\r\n" + LINE * 600 + b".\r\n")) == 250
        client.say(b"MAIL FROM:<> SIZE=1040000\r\nRCPT TO:<b@x.example>\r\nDATA\r\n")
        assert await client.hears(2) == [250, 250]
        assert await client.hear() == NO_SPACE.wire()
    assert box.bodies == [b"\r\n" + LINE * 600]


async def test_memory_that_runs_out_while_reading_is_452() -> None:
    """A message that grows past what is left is drained and refused for now; all is given back."""
    box = Box()
    async with (
        edge_with(box, memory_limit=MIB, max_size=64 * MIB) as edge,
        client_of(edge) as one,
        client_of(edge) as two,
    ):
        await one.ready()
        one.say(b"\r\n" + LINE * 700)
        await until(lambda: edge.desk.budget.used > 600_000)
        await two.ready()
        assert await two.ask(LINE * 700 + b".\r\n") == NO_SPACE.wire()
        assert code(await one.ask(b".\r\n")) == 250
        assert edge.desk.budget.used == 0
    assert box.bodies == [b"\r\n" + LINE * 700]


async def test_a_client_gone_within_the_message_gives_everything_back() -> None:
    """No flow begins, the transaction is aborted and the budget is whole."""
    box = Box()
    async with edge_with(box, spool_threshold=KIB) as edge:
        async with client_of(edge) as client:
            await client.ready()
            await client.send(LINE * 3000)
        await until(lambda: not edge.desk.sessions and edge.desk.budget.used == 0)
    assert box.bodies == []


class FullDisk(Spool):
    """A spool on a disk that is full."""

    def write(self, data: bytes) -> None:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_452() -> None:
    """The spool's disk being full is told by the reader's user as 452, and nothing is kept."""
    budget = Budget(10 * MIB)
    reader = DataReader(max_size=8 * MIB, max_header=MIB, threshold=KIB, budget=budget, new_spool=FullDisk)
    reader.feed(LINE * 2)
    assert reader.spilling
    with pytest.raises(OSError, match="No space"):
        reader.write(reader.batch())
    reader.refuse(NO_SPACE)
    reader.feed(LINE * 2000 + b".\r\nNOOP\r\n")
    assert reader.done
    assert (reader.result(), reader.rest) == (NO_SPACE, b"NOOP\r\n")
    assert budget.used == 0


async def test_a_full_disk_is_452_on_the_line(monkeypatch) -> None:
    """With the spool's disk full the mail stays with the client, and small mail goes on."""
    monkeypatch.setattr("gateway.smtp.desk.Spool", FullDisk)
    box = Box()
    async with edge_with(box, spool_threshold=KIB) as edge, client_of(edge) as client:
        await client.ready()
        assert await client.ask(LINE * 3000 + b".\r\n") == NO_SPACE.wire()
        await client.ready()
        assert code(await client.ask(b"x\r\n.\r\n")) == 250
    assert box.bodies == [b"x\r\n"]


def test_thirty_mebibytes_of_dots_are_linear() -> None:
    """Lines made to look like ends cost the same per byte at 30 MiB as at 3, in slices far under 100 ms."""
    slices: list[float] = []

    def read(size: int) -> float:
        reader = DataReader(max_size=64 * MIB, max_header=64 * MIB, threshold=64 * MIB, budget=Budget(128 * MIB))
        chunk = b"\r\n.." * (256 * KIB // 4)
        began = time.process_time()
        for _ in range(size // len(chunk)):
            at = time.process_time()
            reader.feed(chunk)
            slices.append(time.process_time() - at)
        assert not reader.done
        reader.close()
        return time.process_time() - began

    small, large = read(3 * MIB), read(30 * MIB)
    assert large < 40 * small + 0.1
    assert max(slices) < 0.1


async def test_peak_memory_of_large_messages() -> None:
    """Ten messages of 20 MiB at once cost less memory than three messages' worth."""
    kept, before = Kept(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB
    message = b"\r\n" + LINE * 1024

    async def send_one(edge) -> int:
        async with client_of(edge) as client:
            await client.ready()
            for _ in range(20):
                await client.send(message)
            return code(await client.ask(b".\r\n"))

    async with edge_with(kept, max_size=32 * MIB) as edge:
        assert await asyncio.gather(*[send_one(edge) for _ in range(10)]) == [250] * 10
    assert kept.sizes == [20 * len(message)] * 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB - before < 3 * 20 * MIB


def test_content_of_a_spooled_message_outlives_the_reader() -> None:
    """The mapping stays readable after the reader has let go of everything."""
    reader = DataReader(max_size=MIB, max_header=MIB, threshold=10, budget=Budget(MIB))
    reader.feed(LINE)
    reader.write(reader.batch())
    reader.feed(LINE + b".\r\n")
    content = reader.result()
    reader.close()
    assert isinstance(content, Content)
    assert bytes(content.wire[:]) == LINE * 2
