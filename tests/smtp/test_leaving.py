"""Clients that go away, deadlines, limits, and the server's own orderly end."""

import asyncio
import socket
import time
from contextlib import AsyncExitStack

import pytest
import uvloop

from gateway.errors import UserError
from gateway.replies import BUSY, OK, SHUTTING_DOWN, TIMED_OUT
from gateway.smtp.server import Edge
from tests.smtp.kit import NOON, Box, Client, Hop, client_of, code, edge_with, reset, settings, until


def half_close(client: Client) -> None:
    """FIN: nothing more to say, still listening."""
    client.writer.write_eof()


def fall_silent(client: Client) -> None:
    """Nothing at all."""


async def leave_after_the_dot(leave) -> tuple[list[bytes], bytes]:
    """Leave while the flow is at work; the bodies the flow kept and what the client still heard."""
    gate, begun = asyncio.Event(), asyncio.Event()

    async def before() -> None:
        begun.set()
        await gate.wait()

    box, heard = Box(before=before), b""
    async with edge_with(box, command_timeout=0.5, session_timeout=0.6, data_timeout=0.5) as edge:
        async with client_of(edge) as client:
            await client.ready()
            client.say(b"x\r\n.\r\n")
            await begun.wait()
            leave(client)
            await asyncio.sleep(0.8)
            gate.set()
            await until(lambda: box.mails and not edge.desk.flows and edge.desk.budget.used == 0)
            if leave is not reset:
                heard = await client.hear()
        await until(lambda: not edge.desk.sessions and not edge.desk.connections.open)
    return box.bodies, heard


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run])
@pytest.mark.parametrize("leave", [half_close, reset, fall_silent])
def test_the_flow_completes_when_the_client_has_gone(runner, leave) -> None:
    """Half-close, RST or silence after the dot: the mail goes through, and who still listens hears the reply."""
    bodies, heard = runner(leave_after_the_dot(leave))
    assert bodies == [b"x\r\n"]
    assert heard == (b"" if leave is reset else OK.wire())


@pytest.mark.parametrize("leave", [half_close, reset])
async def test_leaving_before_the_dot_is_no_mail(leave) -> None:
    """A message without its end is nobody's; the transaction is aborted."""
    box, hop = Box(), Hop()
    async with edge_with(box, hop) as edge, client_of(edge) as client:
        await client.ready()
        await client.send(b"Subject: x\r\n\r\nhalf\r\n")
        leave(client)
        await until(lambda: hop.transactions[0].aborted and not edge.desk.sessions)
    assert box.bodies == []


async def test_half_close_still_gets_every_reply() -> None:
    """A client that sends everything and closes its side hears all replies before the end."""
    async with edge_with() as edge, client_of(edge) as client:
        client.say(b"EHLO c.example\r\nMAIL FROM:<>\r\nRCPT TO:<b@x.example>\r\nDATA\r\nx\r\n.\r\nNOOP\r\n")
        half_close(client)
        codes = [line[:4] for line in (await client.rest()).splitlines() if line[3:4] == b" "]
    assert codes == [b"250 ", b"250 ", b"250 ", b"354 ", b"250 ", b"250 "]


async def test_a_command_has_one_deadline() -> None:
    """Bytes that trickle in do not put the deadline off: slowloris is 421 after command_timeout."""
    async with edge_with(command_timeout=0.3) as edge, client_of(edge) as client:
        began = time.monotonic()
        for _ in range(100):
            client.say(b"N")
            await asyncio.sleep(0.02)
            if not edge.desk.sessions:
                break
        assert time.monotonic() - began < 1.5
        assert await client.rest() == TIMED_OUT.wire()


async def test_an_overlong_command_has_the_same_deadline() -> None:
    """A line already too long, still growing a little at a time, is 421 after command_timeout all the same."""
    async with edge_with(command_timeout=0.3) as edge, client_of(edge) as client:
        for _ in range(100):
            client.say(b"x" * 9000)
            await asyncio.sleep(0.02)
            if not edge.desk.sessions:
                break
        assert not edge.desk.sessions


async def test_a_cancelled_session_does_not_cancel_the_flow() -> None:
    """Even the end of the session's own task leaves the flow to complete."""
    gate = asyncio.Event()
    box = Box(before=gate.wait)
    async with edge_with(box) as edge, client_of(edge) as client:
        await client.ready()
        client.say(b"x\r\n.\r\n")
        await until(lambda: edge.desk.flows)
        next(iter(edge.desk.sessions)).task.cancel()
        assert await client.rest() == b""
        gate.set()
        await until(lambda: box.mails)
    assert box.bodies == [b"x\r\n"]


async def test_commands_do_not_keep_a_session_for_ever() -> None:
    """A client that says NOOP now and then is told 421 when its session is old."""
    async with edge_with(command_timeout=5, session_timeout=0.3) as edge, client_of(edge) as client:
        codes = []
        async with asyncio.timeout(3):
            while reply := await client.ask(b"NOOP\r\n"):
                codes.append(code(reply))
                await asyncio.sleep(0.02)
                if codes[-1] == 421:
                    break
        assert codes[-1] == 421


async def test_a_slow_message_is_cut_by_the_whole_deadline() -> None:
    """data_timeout ends a message that keeps coming, with 421."""
    box = Box()
    async with edge_with(box, data_timeout=0.3) as edge, client_of(edge) as client:
        await client.ready()
        for _ in range(100):
            client.say(b"line\r\n")
            await asyncio.sleep(0.02)
            if not edge.desk.sessions:
                break
        assert await client.rest() == TIMED_OUT.wire()
    assert box.bodies == []


async def test_a_message_below_the_minimum_rate_is_cut() -> None:
    """Over one window a client must keep up min_rate; steady faster ones may take long."""
    box = Box()
    async with (
        edge_with(box, min_rate=1000, max_header_size=2**20, rate_window=0.2) as edge,
        client_of(edge) as slow,
        client_of(edge) as fast,
    ):
        await slow.ready()
        await fast.ready()
        for number in range(20):
            if number < 4:  # what is on its way when a connection is closed would reset it, and the answer be lost
                slow.say(b"a")
            fast.say(b"b" * 998 + b"\r\n")
            await asyncio.sleep(0.03)
        assert await slow.rest() == TIMED_OUT.wire()
        assert code(await fast.ask(b".\r\n")) == 250
    assert len(box.bodies) == 1


async def test_connections_have_limits() -> None:
    """In total and for one peer: one more is 421, and a place that is left is free again."""
    for limits in ({"max_connections": 3}, {"max_connections_per_peer": 3}):
        async with edge_with(**limits) as edge, AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(client_of(edge)) for _ in range(3)]
            async with client_of(edge, greeted=False) as fourth:
                assert await fourth.rest() == BUSY.wire()
            await clients[0].ask(b"QUIT\r\n")
            await until(lambda desk=edge.desk: desk.connections.open == 2)
            async with client_of(edge) as fifth:
                assert code(await fifth.ask(b"NOOP\r\n")) == 250


async def test_drain_lets_mails_finish() -> None:
    """Draining: idle clients hear 421 at once, a message under way is taken and then 421, nobody new gets in."""
    box = Box()
    async with edge_with(box) as edge, client_of(edge) as idle, client_of(edge) as busy:
        await busy.ready()
        draining = asyncio.create_task(edge.drain(5, 5))
        assert await idle.rest() == SHUTTING_DOWN.wire()
        with pytest.raises(OSError, match="onnect"):
            await asyncio.open_connection("127.0.0.1", edge.port)
        assert not draining.done()
        busy.say(b"x\r\n.\r\nMAIL FROM:<>\r\n")
        assert await busy.rest() == OK.wire() + SHUTTING_DOWN.wire()
        await asyncio.wait_for(draining, 1)
    assert box.bodies == [b"x\r\n"]


async def test_drain_ends_in_time() -> None:
    """A client that does not finish is told 421 when the time is up; its mail was not taken."""
    box = Box()
    async with edge_with(box) as edge, client_of(edge) as client:
        await client.ready()
        began = time.monotonic()
        await edge.drain(0.2, 5)
        assert 0.15 < time.monotonic() - began < 1
        assert await client.rest() == SHUTTING_DOWN.wire()
    assert box.bodies == []


async def test_a_mail_past_the_dot_has_its_own_answer_though_the_drain_is_over() -> None:
    """When the time is up, who is still writing hears 421; who has said the dot hears what became of the mail."""
    gate = asyncio.Event()
    box = Box(before=gate.wait)
    async with edge_with(box) as edge, client_of(edge) as writing, client_of(edge) as waiting:
        await writing.ready()
        await waiting.ready()
        waiting.say(b"x\r\n.\r\n")
        await until(lambda: edge.desk.flows)
        draining = asyncio.create_task(edge.drain(0.05, 5))
        assert await writing.rest() == SHUTTING_DOWN.wire()
        assert await waiting.silent()
        gate.set()
        assert await waiting.rest() == OK.wire() + SHUTTING_DOWN.wire()
        await asyncio.wait_for(draining, 1)
    assert box.bodies == [b"x\r\n"]


async def test_a_mail_past_the_dot_is_not_waited_for_without_end() -> None:
    """A flow that never ends keeps the drain no longer than it was told, and its client hears nothing."""
    async with edge_with(Box(before=asyncio.Event().wait)) as edge, client_of(edge) as client:
        await client.ready()
        client.say(b"x\r\n.\r\n")
        await until(lambda: edge.desk.flows)
        await asyncio.wait_for(edge.drain(0, 0.05), 1)
        await edge.stop()
        assert await client.rest() == b""


async def test_drain_waits_for_flows_of_clients_that_have_gone() -> None:
    """A flow whose client has gone is waited for."""
    gate = asyncio.Event()
    box = Box(before=gate.wait)
    async with edge_with(box) as edge:
        async with client_of(edge) as client:
            await client.ready()
            client.say(b"x\r\n.\r\n")
            await until(lambda: edge.desk.flows)
            reset(client)
        draining = asyncio.create_task(edge.drain(5, 5))
        await asyncio.sleep(0.05)
        assert not draining.done()
        gate.set()
        await draining
    assert box.bodies == [b"x\r\n"]


async def test_stop_ends_everything() -> None:
    """Stopping leaves no session, no flow and no task behind."""
    box = Box(before=asyncio.Event().wait)
    async with edge_with(box) as edge, client_of(edge) as client, client_of(edge):
        await client.ready()
        client.say(b"x\r\n.\r\n")
        await until(lambda: edge.desk.flows)
        await edge.stop()
        assert not edge.desk.sessions
        assert not edge.desk.flows
        assert await client.rest() == b""
    assert box.bodies == []


async def test_two_edges_share_one_port() -> None:
    """Worker processes listen on the same port."""
    async with edge_with() as edge:
        other = Edge(settings(listen=f"127.0.0.1:{edge.port}"), Hop(), Box(), lambda: NOON, "mx.here.example")
        await other.start()
        assert other.port == edge.port
        await other.stop()


async def test_small_replies_are_not_delayed() -> None:
    """TCP_NODELAY is set on connections."""
    async with edge_with() as edge, client_of(edge):
        session = next(iter(edge.desk.sessions))
        sock = session.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"listen": "192.0.2.1:0"}, "smtp.listen"),
        ({"listen": "nowhere.invalid:25"}, "smtp.listen"),
        ({"tls_certificate": "/nowhere/cert.pem", "tls_key": "/nowhere/key.pem"}, "smtp.tls_certificate"),
    ],
)
async def test_settings_that_cannot_work_are_named(changes, key) -> None:
    """A wrong address or certificate is one clear line with the key."""
    with pytest.raises(UserError) as caught:
        await Edge(settings(**changes), Hop(), Box(), lambda: NOON, "mx.here.example").start()
    assert caught.value.where == key
