"""Bare CR, bare LF and NUL in commands: refused, and what stands behind them is never run."""

import asyncio

import pytest

from gateway.smtp.lines import ENDLESS_LIMIT, LineFault, Lines
from tests.smtp.kit import Box, Hop, client_of, edge_with

NASTY = [
    b"NOOP\nMAIL FROM:<evil@x.example>\r\n",
    b"NOOP\rMAIL FROM:<evil@x.example>\r\n",
    b"NOOP\r\rMAIL FROM:<evil@x.example>\r\n",
    b"NOOP\n\nMAIL FROM:<evil@x.example>\r\n",
    b"NOOP\n\rMAIL FROM:<evil@x.example>\r\n",
    b"MAIL FROM:<evil@x.example>\r\r\n",
    b"MAIL FROM:<evil@x.example>\0\r\n",
    b"MAIL FROM:<e\0vil@x.example>\r\n",
    b"MAIL FROM:<e\nvil@x.example>\r\n",
    b"MAIL FROM:<e\rvil@x.example>\r\n",
    b"MAIL\0 FROM:<evil@x.example>\r\n",
    b"\0MAIL FROM:<evil@x.example>\r\n",
    b"\nMAIL FROM:<evil@x.example>\r\n",
    b"\rMAIL FROM:<evil@x.example>\r\n",
    b"MAIL FROM:<evil@x.example> X=\nY\r\n",
    b"NOOP " + b"x" * 9000 + b"\nMAIL FROM:<evil@x.example>\r\n",
]


def sessions() -> list[tuple[bytes, int]]:
    """Every nasty line cut at each of its first and last positions."""
    return [(raw, at) for raw in NASTY for at in {0, 1, 4, 5, 6, len(raw) - 1, len(raw) - 2}]


async def test_nothing_behind_a_bare_line_end_is_run() -> None:
    """However the segments are cut, each such line is refused with 5xx and no MAIL is accepted."""
    box, hop = Box(), Hop()
    async with edge_with(box, hop) as edge:
        for raw, at in sessions():
            async with client_of(edge) as client:
                client.say(b"EHLO c.example\r\n" + raw[:at])
                await client.hear()
                await asyncio.sleep(0)
                client.say(raw[at:] + b"RCPT TO:<prey@x.example>\r\nNOOP\r\nQUIT\r\n")
                codes = [int(line[:3]) for line in (await client.rest()).splitlines()]
            assert (raw, [503, 250, 221]) == (raw, codes[-3:])
            assert all(code >= 500 for code in codes[:-3]), (raw, codes)
            assert codes[:-3], raw
    assert hop.transactions == []


async def test_lf_only_clients_are_told() -> None:
    """A client that ends its lines with LF gets a refusal for each of them at once."""
    async with edge_with() as edge, client_of(edge) as client:
        for _ in range(3):
            assert (await client.ask(b"EHLO c.example\n")).startswith(b"550 5.5.2 ")


async def test_a_bare_line_end_in_a_recipient_never_crosses() -> None:
    """Nothing with CR, LF, NUL or another control character reaches the next hop."""
    hop = Hop()
    async with edge_with(hop=hop) as edge, client_of(edge) as client:
        client.say(b"EHLO c.example\r\nMAIL FROM:<a@x.example>\r\n")
        await client.hears(2)
        for octet in [*range(0x20), 0x7F]:
            if octet in (0x0A,):
                continue
            async with client_of(edge) as other:
                other.say(
                    b"EHLO c.example\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b" + bytes([octet]) + b"@x.example>\r\n"
                )
                codes = await other.hears(3)
            assert codes[:2] == [250, 250]
            assert 500 <= codes[2] < 600
    assert [path for offered in hop.transactions for path in offered.rcpt_to] == []


@pytest.mark.parametrize("raw", NASTY)
def test_every_cut_gives_the_same_lines(raw: bytes) -> None:
    """Where TCP cuts a line makes no difference to what is run."""
    whole = Lines()
    whole.feed(raw + b"NOOP\r\n")
    expected = taken(whole)
    assert expected[-1] == b"NOOP"
    for at in range(len(raw)):
        lines = Lines()
        lines.feed(raw[:at])
        first = taken(lines)
        lines.feed(raw[at:] + b"NOOP\r\n")
        assert first + taken(lines) == expected


@pytest.mark.parametrize("line", [b"NO\rOP\r\n", b"NO\0OP\r\n", b"NOOP\r\r\n", b"NO\nOP\r\n"])
def test_each_bare_byte_is_a_fault_of_the_line(line: bytes) -> None:
    """CR, LF and NUL within a line are found where lines are cut, before any verb is looked at."""
    lines = Lines()
    lines.feed(line)
    assert set(taken(lines)) == {LineFault.BARE}


def taken(lines: Lines) -> list[bytes | LineFault]:
    """All lines that are complete."""
    got = []
    while (line := lines.take()) is not None:
        got.append(line)
    return got


def test_an_overlong_line_is_refused_once_and_kept_nowhere() -> None:
    """A line past the limit is thrown away as it comes, refused at its end, and the next one is run."""
    lines = Lines(limit=100)
    for _ in range(50):
        lines.feed(b"x" * 60)
        assert lines.take() is None
        assert len(lines) <= 160
    lines.feed(b"\r\nNOOP\r\n")
    assert taken(lines) == [LineFault.TOO_LONG, b"NOOP"]


def test_an_endless_line_ends() -> None:
    """A line that never ends is given up after a mebibyte."""
    lines = Lines()
    fault = None
    for _ in range(ENDLESS_LIMIT // 65536 + 2):
        lines.feed(b"x" * 65536)
        fault = lines.take()
    assert fault is LineFault.ENDLESS


def test_a_line_at_the_limit_passes() -> None:
    """The limit counts CRLF; one byte more is too long."""
    lines = Lines(limit=10)
    lines.feed(b"12345678\r\n123456789\r\n")
    assert taken(lines) == [b"12345678", LineFault.TOO_LONG]
