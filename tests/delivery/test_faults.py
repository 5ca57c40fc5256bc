"""P5: whatever the next hop does wrong, the mail stays with its client: never a 250, never a 5yz of our making."""

import asyncio
import time

import pytest

from gateway.errors import NextHopUnavailable, NoAnswer
from gateway.mail.content import Content
from gateway.replies import NEXT_HOP_UNAVAILABLE
from tests.delivery.conftest import FACTS, HEADERS, RECIPIENT, SENDER, connect, deliver
from tests.scripted_next_hop import (
    BARE_EHLO,
    BARE_LF,
    CLOSE,
    CLOSING,
    EHLO,
    ENDLESS,
    GARBAGE,
    HALF_A_REPLY,
    RESET,
    SILENCE,
    Act,
    ScriptedNextHop,
    refusing_port,
    say,
)

STEPS = ["connect", "EHLO", "MAIL", "RCPT", "DATA", "."]
FAULTS = {
    "reset": RESET,
    "close": CLOSE,
    "silence": SILENCE,
    "garbage": GARBAGE,
    "half a reply": HALF_A_REPLY,
    "bare LF": BARE_LF,
    "endless": ENDLESS,
    "421": CLOSING,
    "421 and open": say(b"421 4.4.2 too slow\r\n"),
    "slow drip": say(b"250 2.0.0 fine\r\n", drip=0.1),
    "unended": say(b"250-2.0.0 fine\r\n", then="silent"),
    "1yz": say(b"150 wait\r\n"),
    "3yz": say(b"334 go on\r\n"),
    "several codes": say(b"250-2.0.0 fine\r\n550 5.0.0 or not\r\n"),
}


@pytest.mark.parametrize("ehlo", [EHLO, BARE_EHLO], ids=["pipelining", "sequential"])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_fault_at_step(fault: str, step: str, ehlo: bytes) -> None:
    """Each fault at each step ends in 451 4.4.1, in time, with nothing taken for delivered and nothing kept."""
    script = {"EHLO": say(ehlo), step: FAULTS[fault]}
    quick = {"connect_timeout": 0.1, "command_timeout": 0.1, "data_timeout": 0.2}
    async with ScriptedNextHop(script) as hop, connect(hop.address, **quick) as upstream:
        before = time.monotonic()
        with pytest.raises(NextHopUnavailable) as caught:
            await deliver(upstream)
        assert time.monotonic() - before < 3
        assert upstream._pool._size == 0
    assert NEXT_HOP_UNAVAILABLE == caught.value.reply
    assert (step == ".") == isinstance(caught.value, NoAnswer)  # only then may the next hop have the mail
    assert len(hop.messages) == (step == ".")


@pytest.mark.parametrize("step", STEPS[:2])
@pytest.mark.parametrize("wire", [b"554 5.3.2 no service\r\n", b"450 4.3.2 not now\r\n"])
async def test_refused_greeting(step: str, wire: bytes) -> None:
    """A next hop that refuses the session is unavailable: not even its 5yz is about this mail."""
    script = {step: say(wire), "HELO": say(wire)}
    async with ScriptedNextHop(script) as hop, connect(hop.address) as upstream:
        with pytest.raises(NextHopUnavailable):
            await deliver(upstream)
        with pytest.raises(NextHopUnavailable):
            await upstream.extensions()


async def test_refused_connection() -> None:
    """Nobody listening is 451 4.4.1."""
    async with connect(f"127.0.0.1:{refusing_port()}") as upstream:
        with pytest.raises(NextHopUnavailable):
            await deliver(upstream)


@pytest.mark.parametrize("answer", [b"250 2.0.0 fine\r\n", b"220 hello\r\n"])
async def test_2yz_to_data_delivers_nothing(answer: bytes) -> None:
    """A 2yz in answer to DATA is not taken for a delivery."""
    async with ScriptedNextHop({"DATA": say(answer)}) as hop, connect(hop.address) as upstream:
        with pytest.raises(NextHopUnavailable):
            await deliver(upstream)
    assert hop.messages == []


@pytest.mark.parametrize("step", ["EHLO", "MAIL", "RCPT", "DATA"])
async def test_a_reply_too_many(step: str) -> None:
    """A second reply to one command is never taken for the answer to the next."""
    good = {"EHLO": EHLO, "MAIL": b"250 ok\r\n", "RCPT": b"250 ok\r\n", "DATA": b"354 go\r\n"}[step]
    script = {step: say(good + b"250 2.0.0 fine\r\n"), ".": SILENCE}
    async with ScriptedNextHop(script) as hop, connect(hop.address, data_timeout=0.3) as upstream:
        with pytest.raises(NextHopUnavailable):
            await deliver(upstream)


DEAF = say(b"354 go on\r\n", then="deaf")
LARGE = Content(wire=b"xxxxxx\r\n" * 4_000_000)


@pytest.mark.parametrize("wire", [b"250 2.0.0 early\r\n", b"421 4.3.2 bye\r\n", b"354 go on\r\n"])
async def test_an_acceptance_before_the_dot(wire: bytes) -> None:
    """An acceptance amid the message is none."""
    async with ScriptedNextHop({"DATA": DEAF}, keep=False) as hop, connect(hop.address) as upstream:
        transaction = upstream.begin(SENDER, FACTS)
        await transaction.rcpt(RECIPIENT)
        sending = asyncio.create_task(transaction.send(HEADERS, LARGE))
        await hop.deaf.wait()
        hop.say_all(wire)
        with pytest.raises(NextHopUnavailable):
            await sending
        assert upstream._pool._size == 0


async def test_a_refusal_before_the_dot() -> None:
    """A refusal amid the message is the next hop's verdict; the rest is not sent."""
    wire = b"552 5.3.4 too big\r\n"
    async with ScriptedNextHop({"DATA": DEAF}, keep=False) as hop, connect(hop.address) as upstream:
        transaction = upstream.begin(SENDER, FACTS)
        await transaction.rcpt(RECIPIENT)
        sending = asyncio.create_task(transaction.send(HEADERS, LARGE))
        await hop.deaf.wait()
        hop.say_all(wire)
        assert wire == (await sending).wire()
        assert upstream._pool._size == 0


async def test_a_next_hop_that_stops_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence amid a large message ends in time as well."""
    monkeypatch.setattr("gateway.delivery.transaction.SLOWEST", 1024**3)
    async with (
        ScriptedNextHop({"DATA": DEAF}, keep=False) as hop,
        connect(hop.address, data_timeout=0.3) as upstream,
    ):
        transaction = upstream.begin(SENDER, FACTS)
        await transaction.rcpt(RECIPIENT)
        with pytest.raises(NextHopUnavailable):
            await transaction.send(HEADERS, LARGE)
        assert upstream._pool._size == 0


async def test_250_and_close_is_a_delivery() -> None:
    """A next hop that accepts and closes at once has accepted."""
    script: dict[str, Act] = {".": say(b"250 2.0.0 queued\r\n", then="close")}
    async with ScriptedNextHop(script) as hop, connect(hop.address) as upstream:
        assert [True, True] == [(await deliver(upstream)).accepted for _ in range(2)]
    assert len(hop.messages) == 2


async def test_a_finished_transaction_is_over() -> None:
    """Nothing can be sent twice in one transaction."""
    async with ScriptedNextHop() as hop, connect(hop.address) as upstream:
        transaction = upstream.begin(SENDER, FACTS)
        await transaction.rcpt(RECIPIENT)
        await transaction.send(HEADERS, Content(wire=b"\r\n"))
        with pytest.raises(NextHopUnavailable):
            await transaction.send(HEADERS, Content(wire=b"\r\n"))
        await transaction.abort()
    assert len(hop.messages) == 1
