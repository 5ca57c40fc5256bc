"""SMTP smuggling: only CRLF.CRLF ends a message, and nothing in a message is ever a command."""

import asyncio
from itertools import product

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.content import Content
from gateway.replies import BARE_LINE_END, OK
from gateway.smtp.data import DataReader
from gateway.smtp.limits import Budget
from tests.smtp.kit import Box, Client, Hop, client_of, edge_with
from tests.smuggling.oracle import Told, tell

BEFORE = [
    b"",
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\r",
    b"\r\r",
    b"\n\n",
    b"\r\r\n",
    b"\r\n\r",
    b"\r\n\n",
    b"\0",
    b"\r\0\n",
    b"\r\n\0",
]
AFTER = [b"", b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r", b"\n\n", b"\r\r\n", b"\0\r\n", b"\r\0\n", b" \r\n", b".\r\n"]
EVIL = b"MAIL FROM:<evil@x.example>\r\nRCPT TO:<prey@x.example>\r\nDATA\r\nSubject: evil\r\n\r\nevil\r\n.\r\n"
HEAD = b"Subject: x\r\n\r\nbody"
VARIANTS = [before + b"." + after for before, after in product(BEFORE, AFTER)]

BODIES = [
    b"\r\n",
    b"",
    b"a",
    b".",
    b"..",
    b"...",
    b".\n",
    b".\r",
    b"\n",
    b"\r",
    b"\0",
    b"\r\n.",
    b"\r\n..",
    b"\r\n..\r\n",
    b"..\r\n..\r\n",
    b".a\r\n",
    b"\r\n\r\n\r\n",
    b"a\r\n" * 400,
    b"x" * 5000 + b"\r\n",
    bytes(range(1, 10)) + bytes(range(14, 256)) + b"\r\n",
    b"a\rb\r\n",
    b"a\nb\r\n",
    b"\r\r\n",
    b"\r\n\n\r\n",
]


def test_there_are_enough_variants() -> None:
    """The table is larger than the 67 cases other proxies were measured with."""
    assert len(set(VARIANTS)) + len(BODIES) >= 67


def expected(stream: bytes) -> tuple[list[bytes], list[int]]:
    """Bodies that pass and codes that are heard for a stream after 354 that holds at most two mails."""
    bodies: list[bytes] = []
    codes: list[int] = []
    told = tell(stream)
    assert told is not None
    bodies += [told.message] if told.clean else []
    codes += [250 if told.clean else 550]
    if told.rest.startswith(b"MAIL"):
        second = tell(told.rest.partition(b"DATA\r\n")[2])
        assert second is not None
        return [*bodies, second.message], [*codes, 250, 250, 354, 250]
    return bodies, codes


async def play(client: Client, parts: list[bytes]) -> list[int]:
    """Send a stream after 354 and hear all codes up to QUIT's."""
    for part in parts:
        await client.send(part)
        if len(parts) > 1:
            await asyncio.sleep(0)
    await client.send(b"QUIT\r\n")
    return [int(line[:3]) for line in (await client.rest()).splitlines()]


async def run_table(cut: int | None) -> int:
    """The whole table through one edge; `cut` splits each stream that many bytes into its variant."""
    box = Box()
    async with edge_with(box) as edge:
        for variant in [HEAD + ending for ending in VARIANTS] + BODIES:
            stream = variant + EVIL + b"\r\n.\r\n" * (not _ends(variant + EVIL))
            bodies, codes = expected(stream)
            box.mails.clear()
            async with client_of(edge) as client:
                await client.ready()
                at = len(variant) - (cut or 0)
                heard = await play(client, [stream] if cut is None or at < 1 else [stream[:at], stream[at:]])
            assert (variant, bodies) == (variant, box.bodies)
            assert (variant, codes) == (variant, heard[: len(codes)])
            assert heard[-1] == 221
            assert all(code == 500 for code in heard[len(codes) : -1]), (variant, heard)
        return len(VARIANTS) + len(BODIES)


def _ends(stream: bytes) -> bool:
    return tell(stream) is not None


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run])
@pytest.mark.parametrize("cut", [None, 0, 1, 2, 3, 4])
def test_each_variant_is_refused_or_passes_byte_for_byte(runner, cut) -> None:
    """Every variant: 550 with nothing passed, or its exact bytes; what follows is a command only behind CRLF.CRLF."""
    assert runner(run_table(cut)) >= 67


def read_all(parts: list[bytes], threshold: int = 1 << 20) -> tuple[DataReader, list[bytes]]:
    """Feed parts until the message is done; the reader and the parts left over."""
    budget = Budget(1 << 30)
    reader = DataReader(max_size=1 << 26, max_header=1 << 26, threshold=threshold, budget=budget)
    for number, part in enumerate(parts):
        reader.feed(part)
        if reader.done:
            return reader, parts[number + 1 :]
        if reader.spilling:
            reader.write(reader.batch())
    return reader, []


def check(parts: list[bytes], told: Told | None, threshold: int = 1 << 20) -> None:
    """The reader and the oracle agree."""
    reader, left = read_all(parts, threshold)
    try:
        assert reader.done == (told is not None)
        if told is None:
            return
        result = reader.result()
        assert reader.rest + b"".join(left) == told.rest
        if told.clean:
            assert isinstance(result, Content)
            assert bytes(result.wire[:]) == told.message
        else:
            assert result == BARE_LINE_END
    finally:
        reader.close()


@pytest.mark.parametrize("threshold", [1 << 20, 0])
def test_every_cut_of_every_variant(threshold: int) -> None:
    """Cut at each single position, and into single bytes, every variant reads the same; in memory and spooled."""
    for variant in VARIANTS if threshold else VARIANTS[::7]:
        stream = b"b" + variant + b"NOOP\r\n.\r\nNOOP\r\n"
        told = tell(stream)
        for at in range(len(stream) + 1):
            check([stream[:at], stream[at:]], told, threshold)
        check([stream[at : at + 1] for at in range(len(stream))], told, threshold)


@given(
    stream=st.lists(
        st.sampled_from([b"\r\n.\r\n", b"\r\n", b"\r", b"\n", b".", b"\0", b"a", b"bc", b"\r\n."]), max_size=20
    ),
    cuts=st.lists(st.integers(1, 6), max_size=20),
    threshold=st.sampled_from([0, 3, 1 << 20]),
)
@settings(max_examples=600, deadline=None)
def test_any_stream_in_any_segments(stream: list[bytes], cuts: list[int], threshold: int) -> None:
    """Whatever comes however cut, the reader agrees with the slow telling of RFC 5321."""
    raw = b"".join(stream)
    parts, at = [], 0
    for size in cuts:
        parts.append(raw[at : at + size])
        at += size
    check([*parts, raw[at:]], tell(raw), threshold)


@given(lines=st.lists(st.binary(max_size=8).map(lambda raw: raw.translate(None, b"\r\n\0")), max_size=12))
@settings(max_examples=200, deadline=None)
def test_dot_stuffing_is_exact(lines: list[bytes]) -> None:
    """What a conforming client stuffs arrives stuffed, byte for byte, and unstuffs to what the sender wrote."""
    plain = b"".join(line + b"\r\n" for line in lines)
    wire = b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines)
    reader, _ = read_all([wire + b".\r\n"])
    content = reader.result()
    assert isinstance(content, Content)
    assert content.wire == wire
    assert content.plain() == plain


async def test_a_client_that_only_says_lf_gets_no_answer_before_the_true_end() -> None:
    """LF.LF is not an end: nothing is said, nothing runs, and the true end brings one 550."""
    box, hop = Box(), Hop()
    async with edge_with(box, hop) as edge, client_of(edge) as client:
        await client.ready()
        await client.send(b"Subject: x\n\nbody\n.\n" + EVIL[:60])
        assert await client.silent()
    async with edge_with(box, hop) as edge, client_of(edge) as client:
        await client.ready()
        assert await client.ask(b"Subject: x\n\nbody\n.\n\r\n.\r\n") == BARE_LINE_END.wire()
        assert await client.ask(b"RSET\r\n") == OK.wire()
    assert box.bodies == []
    assert len(hop.transactions) == 2
