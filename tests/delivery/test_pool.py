"""Connections are kept, replaced when stale, never shared half-used, and never too many."""

import asyncio
import contextlib

import pytest

from gateway.errors import NextHopUnavailable, NoAnswer
from tests.delivery.conftest import FACTS, HEADERS, MAIL, RECIPIENT, SENDER, connect, deliver
from tests.scripted_next_hop import (
    BARE_EHLO,
    CLOSE,
    EHLO,
    GARBAGE,
    RESET,
    SILENCE,
    Act,
    ScriptedNextHop,
    refusing_port,
    say,
)


async def test_one_connection_for_many_mails() -> None:
    """A connection is used again, and EHLO is said once."""
    async with ScriptedNextHop() as hop, connect(hop.address) as upstream:
        for _ in range(20):
            assert (await deliver(upstream)).accepted
    assert (1, 1, 20) == (len(hop.connections), hop.count("EHLO"), len(hop.messages))
    assert hop.commands[-1] == b"QUIT\r\n"


async def test_idle_connections_are_closed() -> None:
    """After `idle_seconds` without mail a connection is closed with QUIT."""
    async with ScriptedNextHop() as hop, connect(hop.address, idle_seconds=0.1) as upstream:
        await asyncio.gather(*(deliver(upstream) for _ in range(3)))
        await asyncio.sleep(0.3)
        assert (3, True) == (len(hop.connections), all(heard.ended for heard in hop.connections))
        assert hop.count("QUIT") == 3
        assert (await deliver(upstream)).accepted


async def test_nothing_is_kept_with_idle_seconds_zero() -> None:
    """`idle_seconds = 0` means a connection for each mail."""
    async with ScriptedNextHop() as hop, connect(hop.address, idle_seconds=0) as upstream:
        assert [True, True] == [(await deliver(upstream)).accepted for _ in range(2)]
    assert len(hop.connections) == 2


@pytest.mark.parametrize("ehlo", [EHLO, BARE_EHLO], ids=["pipelining", "sequential"])
@pytest.mark.parametrize(
    "stale",
    [
        RESET,
        Act(then="close"),
        say(b"421 4.4.2 idle for too long\r\n", then="close"),
    ],
    ids=["reset", "close", "421"],
)
@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
async def test_a_stale_connection_is_replaced(stale: Act, step: str, ehlo: bytes) -> None:
    """A kept connection that breaks at its next MAIL or RCPT is replaced by a fresh one, and nobody notices."""
    script = {"EHLO": say(ehlo), step: [say(b"250 ok\r\n"), stale, say(b"250 ok\r\n")]}
    async with ScriptedNextHop(script) as hop, connect(hop.address) as upstream:
        assert [True, True] == [(await deliver(upstream)).accepted for _ in range(2)]
    assert (2, 2) == (len(hop.connections), len(hop.messages))


async def test_closed_while_idle() -> None:
    """A connection the next hop closes while it is idle is forgotten at once; so is one on which it speaks unasked."""
    async with ScriptedNextHop() as hop, connect(hop.address) as upstream:
        for end in (hop.close_all, hop.reset_all, lambda: hop.say_all(b"250 hello?\r\n"), lambda: hop.say_all(b"2")):
            assert (await deliver(upstream)).accepted
            end()
            await asyncio.sleep(0.05)
        assert (await deliver(upstream)).accepted
    assert (5, 5) == (len(hop.connections), len(hop.messages))


async def test_closed_between_recipients_and_data() -> None:
    """When the next hop closes while the client is slow, the same commands are said again before DATA, once."""
    async with ScriptedNextHop() as hop, connect(hop.address) as upstream:
        transaction = upstream.begin(SENDER, FACTS)
        await transaction.rcpt(RECIPIENT)
        hop.reset_all()
        await asyncio.sleep(0.05)
        assert (await transaction.send(HEADERS, MAIL)).accepted
    assert [HEADERS + MAIL.wire] == hop.messages
    assert hop.connections[0].commands[1:3] == hop.connections[1].commands[1:3]


async def test_a_changed_mind_is_not_passed_over() -> None:
    """When a recipient accepted before is refused on the fresh connection, the mail stays with the client."""
    script = {"RCPT": [say(b"250 ok\r\n"), say(b"550 5.1.1 gone\r\n")]}
    async with ScriptedNextHop(script) as hop, connect(hop.address) as upstream:
        transaction = upstream.begin(SENDER, FACTS)
        await transaction.rcpt(RECIPIENT)
        hop.reset_all()
        await asyncio.sleep(0.05)
        with pytest.raises(NextHopUnavailable):
            await transaction.send(HEADERS, MAIL)
    assert hop.messages == []


@pytest.mark.parametrize("then", ["reset", "close"])
async def test_never_repeated_behind_the_dot(then: str) -> None:
    """P3: a connection that breaks behind the final dot is never tried again."""
    script = {".": [say(b"250 ok\r\n"), Act(then=then)]}
    async with ScriptedNextHop(script) as hop, connect(hop.address) as upstream:
        assert (await deliver(upstream)).accepted
        with pytest.raises(NextHopUnavailable):
            await deliver(upstream)
    assert (1, 2) == (len(hop.connections), len(hop.messages))


async def test_rset_answered_badly() -> None:
    """A connection whose RSET is not accepted is not used again."""
    script = {"RSET": say(b"500 5.5.1 what?\r\n")}
    async with ScriptedNextHop(script) as hop, connect(hop.address) as upstream:
        transaction = upstream.begin(SENDER, FACTS)
        await transaction.rcpt(RECIPIENT)
        await transaction.abort()
        await asyncio.sleep(0.05)
        assert (await deliver(upstream)).accepted
    assert len(hop.connections) == 2


async def test_never_more_than_the_limit() -> None:
    """Fifty mails at once use four connections, and all arrive."""
    script = {".": say(b"250 ok\r\n", delay=0.005)}
    async with ScriptedNextHop(script) as hop, connect(hop.address, max_connections=4) as upstream:
        replies = await asyncio.gather(*(deliver(upstream) for _ in range(50)))
    assert all(reply.accepted for reply in replies)
    assert (4, 50) == (len(hop.connections), len(hop.messages))


async def test_waiting_is_bounded() -> None:
    """Who finds all connections busy for `connect_timeout` is told to come again, and takes nothing away."""
    async with ScriptedNextHop() as hop, connect(hop.address, max_connections=1, connect_timeout=0.2) as upstream:
        holder = upstream.begin(SENDER, FACTS)
        await holder.rcpt(RECIPIENT)
        with pytest.raises(NextHopUnavailable):
            await deliver(upstream)
        assert (await holder.send(HEADERS, MAIL)).accepted
        assert (await deliver(upstream)).accepted
    assert len(hop.connections) == 1


@pytest.mark.parametrize("order", [(True, False), (False, True), (True, True, False)])
async def test_who_needs_a_fresh_connection_lets_nobody_starve(order: tuple[bool, ...]) -> None:
    """P5: who waits for a fresh connection takes the place of one that becomes idle, and those behind get theirs."""
    async with ScriptedNextHop() as hop, connect(hop.address, max_connections=1, connect_timeout=1.0) as upstream:
        pool, soon = upstream._pool, asyncio.get_running_loop().time() + 1.5

        async def borrow(fresh: bool) -> None:
            pool.release(await pool.take(soon, fresh=fresh))

        first = await pool.take(soon)
        waiting = [asyncio.create_task(borrow(fresh)) for fresh in order]
        await asyncio.sleep(0)
        pool.release(first)
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [None] * len(order) == results
        assert pool._size <= 1


async def test_a_place_is_free_again_after_a_failure() -> None:
    """A connection that fails makes room for the next in line."""
    script = {"connect": [RESET, GARBAGE, CLOSE, say(b"220 next.example\r\n")]}
    async with ScriptedNextHop(script) as hop, connect(hop.address, max_connections=1) as upstream:
        results = await asyncio.gather(*(deliver(upstream) for _ in range(6)), return_exceptions=True)
    assert [False] * 3 + [True] * 3 == [not isinstance(result, NextHopUnavailable) for result in results]


@pytest.mark.parametrize("step", ["connect", "EHLO", "MAIL", "RCPT", "DATA", "."])
async def test_cancelled_at_any_step(step: str) -> None:
    """A cancelled transaction leaves no half-used connection behind and takes no place."""
    script = {step: [SILENCE, say(ScriptedNextHop().script[step].reply)]}  # type: ignore[union-attr]
    async with ScriptedNextHop(script) as hop, connect(hop.address, max_connections=1) as upstream:
        task = asyncio.create_task(deliver(upstream))
        await asyncio.sleep(0.05)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert upstream._pool._size == 0
        assert (await deliver(upstream)).accepted
    assert len(hop.connections) == 2


async def test_cancelled_at_any_moment() -> None:
    """However a storm of mails is cancelled, the pool is whole afterwards."""
    async with ScriptedNextHop() as hop, connect(hop.address, max_connections=2) as upstream:
        for pause in range(30):
            tasks = [asyncio.create_task(deliver(upstream)) for _ in range(5)]
            for _ in range(pause):
                await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(not isinstance(result, BaseException) and result.accepted for result in results[1::2])
        assert upstream._pool._size <= 2
        assert (await deliver(upstream)).accepted


async def test_extensions_are_learnt_and_remembered() -> None:
    """Extensions are asked for once, refreshed by a new connection, and remembered while the next hop is down."""
    script = {"EHLO": [say(EHLO), say(b"250-next.example\r\n250 size 17\r\n")]}
    async with ScriptedNextHop(script) as hop, connect(hop.address, idle_seconds=0) as upstream:
        first = await asyncio.gather(*(upstream.extensions() for _ in range(5)))
        assert (1, True) == (len(hop.connections), all("DSN" in one for one in first))
        await deliver(upstream)
        assert await upstream.extensions() == {"SIZE": "17"}
        await hop.stop()
        with pytest.raises(NextHopUnavailable):
            await deliver(upstream)
        assert await upstream.extensions() == {"SIZE": "17"}


async def test_extensions_of_nobody() -> None:
    """Nothing is made up about a next hop that was never reached; once it is up it is asked."""
    async with connect(f"127.0.0.1:{refusing_port()}") as upstream:
        with pytest.raises(NextHopUnavailable):
            await upstream.extensions()


async def test_a_silent_next_hop_is_asked_for_all_at_once() -> None:
    """P5: while it keeps silent, all who want its extensions wait for one attempt and are told when that fails; whoever
    leaves meanwhile takes it from nobody."""
    script = {"connect": [SILENCE, say(b"220 next.example\r\n")]}
    async with (
        ScriptedNextHop(script) as hop,
        connect(hop.address, command_timeout=0.3, connect_timeout=0.2) as upstream,
    ):
        waiting = [asyncio.create_task(upstream.extensions()) for _ in range(6)]
        await asyncio.sleep(0.05)
        waiting[0].cancel()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [asyncio.CancelledError, *[NextHopUnavailable] * 5] == [type(result) for result in results]
        assert len(set(map(id, results))) == 6  # tracebacks must not pile up on one
        assert 1 == len(hop.connections)
        assert "DSN" in await upstream.extensions()


async def test_who_waits_for_extensions_is_told_of_the_end() -> None:
    """`close` ends the attempt under way, and leaves nobody waiting and nothing open."""
    async with ScriptedNextHop({"connect": SILENCE}) as hop, connect(hop.address) as upstream:
        waiting = asyncio.create_task(upstream.extensions())
        await asyncio.sleep(0.05)
        await upstream.close()
        with pytest.raises(NextHopUnavailable):
            await waiting
        await asyncio.sleep(0.01)
        assert [True] == [heard.ended for heard in hop.connections]


async def test_a_next_hop_that_comes_back() -> None:
    """Mail flows again as soon as the next hop is back."""
    async with ScriptedNextHop() as hop, connect(hop.address) as upstream:
        assert (await deliver(upstream)).accepted
        await hop.stop()
        with pytest.raises(NextHopUnavailable):
            await deliver(upstream)
        await hop.start()
        assert (await deliver(upstream)).accepted


async def test_close_ends_everything() -> None:
    """After `close` nothing is open, who waits is told, and nothing new is opened."""
    async with ScriptedNextHop({".": SILENCE}) as hop, connect(hop.address, max_connections=1) as upstream:
        tasks = [asyncio.create_task(deliver(upstream)) for _ in range(3)]
        await asyncio.sleep(0.05)
        await upstream.close()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [NoAnswer, NextHopUnavailable, NextHopUnavailable] == [type(result) for result in results]
        await asyncio.sleep(0.01)
        assert [True] == [heard.ended for heard in hop.connections]
