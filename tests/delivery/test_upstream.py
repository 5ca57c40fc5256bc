"""The conversation with the next hop: replies, commands and bytes cross unchanged."""

import asyncio
import hashlib
import mmap
import os
import socket
import tempfile
import tracemalloc

import pytest

from gateway.errors import NextHopUnavailable
from gateway.mail.content import Content
from gateway.mail.envelope import Path, SessionFacts
from tests.delivery.conftest import FACTS, HEADERS, MAIL, RECIPIENT, SENDER, connect, deliver
from tests.scripted_next_hop import BARE_EHLO, CLOSE, CLOSING, DOT, EHLO, Act, ScriptedNextHop, say

REPLIES = [
    b"250 Ok\r\n",
    b"250\r\n",
    b"250 2.0.0 Ok: queued as 4F2A\r\n",
    b"250 2.1.5 Recipient ok\r\n",
    b"250-2.0.0 first\r\n250-2.0.0 second\r\n250 2.0.0 third\r\n",
    b"251 2.1.5 User not local; will forward to <ben@branch.example>\r\n",
    b"252 2.5.2 Cannot VRFY, but will take it\r\n",
    b"250 2.6.0 <a@lantern.example> [InternalId=77] Queued mail for delivery\r\n",
    "250 2.0.0 angenommen – schönen Tag\r\n".encode(),
    b"250 2.0.0 \xe9t\xe9 in latin-1\r\n",
    b"450 4.2.0 Greylisted, see http://mail.example/grey\r\n",
    b"450-4.2.0 Greylisted\r\n450 4.2.0 for 300 seconds\r\n",
    b"450 4.1.1 Mailbox unavailable\r\n",
    b"451 4.3.0 Local error\r\n",
    b"451 4.7.1 Please try again later\r\n",
    b"451 Temporary failure\r\n",
    b"452 4.2.2 Mailbox full\r\n",
    b"452 4.3.1 Insufficient system storage\r\n",
    b"452 4.5.3 Too many recipients\r\n",
    b"454 4.7.0 Temporary authentication failure\r\n",
    b"455 4.5.1 Parameters not accommodated\r\n",
    b"432 4.3.2 STOREDRV; mailbox server is too busy\r\n",
    b"441 4.4.1 No answer from host\r\n",
    b"499 4.0.0 an uncommon one\r\n",
    b"500 5.5.2 Syntax error\r\n",
    b"501 5.1.3 Bad recipient address syntax\r\n",
    b"503 5.5.1 Bad sequence\r\n",
    b"504 5.5.4 Parameter not implemented\r\n",
    b"521 5.3.2 Does not accept mail\r\n",
    b"530 5.7.0 Authentication required\r\n",
    b"541 5.4.1 Recipient address rejected: Access denied\r\n",
    b"550 5.1.1 <ben@lantern.example>: User unknown in virtual mailbox table\r\n",
    b"550-5.7.1 This mail has been blocked\r\n550-5.7.1 because of its size\r\n550 5.7.1 Ask postmaster\r\n",
    "550 5.1.1 Пользователь не найден\r\n".encode(),
    "550-5.1.1 受信者\r\n550 5.1.1 不明です\r\n".encode(),
    b"551 5.1.6 User not local\r\n",
    b"552 5.3.4 Message size exceeds fixed limit\r\n",
    b"553 5.1.7 Address not allowed\r\n",
    b"554 5.7.1 Refused; \ttabs  and   runs of spaces \r\n",
    b"555 5.5.4 Unsupported option: XYZ\r\n",
    b"556 5.1.10 Recipient address has null MX\r\n",
    b"550-" + b"long " * 180 + b"\r\n550 end\r\n",
]

PARAMETERS = [
    "SIZE=4096",
    "BODY=8BITMIME",
    "BODY=7BIT SIZE=17",
    "SMTPUTF8",
    "SMTPUTF8 BODY=8BITMIME",
    "RET=HDRS",
    "RET=FULL ENVID=QQ314159",
    "ENVID=a+20b+3Dc",
    "AUTH=<>",
    "AUTH=ana+40lantern.example",
    "MT-PRIORITY=3",
    "MT-PRIORITY=-9",
    "BY=120;R",
    "BY=-1;NT",
    "HOLDFOR=3600",
    "HOLDUNTIL=2031-01-01T00:00:00Z",
    "SOLICIT=net.example:ADV",
    "MTRK=a1B2c3+3D:120",
    "XVERP",
    "XVERP=+-",
    "X-UNKNOWN=value",
    "size=12 body=8bitmime",
    "SIZE=1  BODY=8BITMIME",
    'X-Q="quoted"',
    "NOTIFY=NEVER",
    "NOTIFY=SUCCESS,FAILURE,DELAY",
    "NOTIFY=FAILURE ORCPT=rfc822;ben+40lantern.example",
    "ORCPT=utf-8;b\\x{E9}n@lantern.example",
    "RRVS=2014-04-03T23:01:00Z;C",
    "X-8BIT=\udce9\udcff",
    "X-UTF8=schön",
    "X-LONG=" + "v" * 900,
]


@pytest.mark.parametrize("wire", REPLIES, ids=range(len(REPLIES)))
async def test_replies_to_recipients_cross_verbatim(wire: bytes) -> None:
    """P4: the next hop's answer to a recipient comes back byte for byte."""
    async with ScriptedNextHop({"RCPT": [say(b"250 first\r\n"), say(wire)]}) as hop, connect(hop.address) as upstream:
        transaction = upstream.begin(SENDER, FACTS)
        assert (await transaction.rcpt(RECIPIENT)).wire() == b"250 first\r\n"
        reply = await transaction.rcpt(RECIPIENT)
        await transaction.abort()
    assert (wire, int(wire[:3])) == (reply.wire(), reply.code)


@pytest.mark.parametrize("wire", REPLIES, ids=range(len(REPLIES)))
async def test_replies_to_the_dot_cross_verbatim(wire: bytes) -> None:
    """P4: so does its answer at end of data, and it is a success exactly when the next hop says so."""
    async with ScriptedNextHop({".": say(wire)}) as hop, connect(hop.address) as upstream:
        reply = await deliver(upstream)
    assert (wire, wire[:1] == b"2") == (reply.wire(), reply.accepted)


@pytest.mark.parametrize("wire", [one for one in REPLIES if one[:1] in b"45"])
async def test_refused_data_is_the_result(wire: bytes) -> None:
    """A refusal in answer to DATA is passed back verbatim, nothing is sent, and the connection is used again."""
    async with ScriptedNextHop({"DATA": [say(wire), say(b"354 go\r\n")]}) as hop, connect(hop.address) as upstream:
        assert wire == (await deliver(upstream)).wire()
        assert (await deliver(upstream)).accepted
    assert (1, 1) == (len(hop.connections), len(hop.messages))
    assert hop.count("RSET") == 1


@pytest.mark.parametrize("data", [say(b"354 go\r\n"), CLOSE, CLOSING, say(b"452 4.3.1 full\r\n")], ids=range(4))
async def test_data_said_early_is_said_once(data: Act) -> None:
    """DATA said while the verdict is being recorded: nothing of the mail crosses before `send`, and whatever the next
    hop does to it, a mail is taken once or refused in its words."""
    script = {"DATA": [data, say(b"354 go\r\n")]}
    async with ScriptedNextHop(script) as hop, connect(hop.address) as upstream:
        transaction = upstream.begin(SENDER, FACTS)
        await transaction.rcpt(RECIPIENT)
        transaction.prepare()
        await asyncio.sleep(0.05)
        assert (1, []) == (hop.count("DATA"), hop.messages)
        reply = await transaction.send(HEADERS, MAIL)
        assert reply.accepted or reply.wire() == data.reply
    assert len(hop.messages) == reply.accepted
    assert hop.count("DATA") == 1 + (data in (CLOSE, CLOSING))


async def test_a_mail_given_up_behind_early_data_is_dropped_whole() -> None:
    """When the record fails after DATA was said, the connection is closed and the next hop has no mail."""
    async with ScriptedNextHop() as hop, connect(hop.address) as upstream:
        transaction = upstream.begin(SENDER, FACTS)
        await transaction.rcpt(RECIPIENT)
        transaction.prepare()
        await transaction.abort()
        assert (await deliver(upstream)).accepted
    assert (2, [HEADERS + MAIL.wire]) == (len(hop.connections), hop.messages)


async def test_refused_sender_answers_every_recipient() -> None:
    """A refused reverse-path is the answer to the first recipient and to those after it, and is said once."""
    wire = b"550 5.7.1 not from there\r\n"
    script = {"MAIL": [say(wire), say(b"250 ok\r\n")], "RCPT": [say(b"503 5.5.1 MAIL first\r\n"), say(b"250 ok\r\n")]}
    async with ScriptedNextHop(script) as hop, connect(hop.address) as upstream:
        transaction = upstream.begin(SENDER, FACTS)
        assert [wire, wire] == [(await transaction.rcpt(RECIPIENT)).wire() for _ in range(2)]
        await transaction.abort()
        assert (await deliver(upstream)).accepted
    assert (1, 2) == (len(hop.connections), hop.count("MAIL"))


@pytest.mark.parametrize("ehlo", [EHLO, BARE_EHLO])
async def test_recipients_have_verdicts_of_their_own(ehlo: bytes) -> None:
    """Accepted and refused recipients mix, with and without pipelining, and the mail goes to those accepted."""
    wires = [b"250 ok\r\n", b"550 5.1.1 no\r\n", b"450 4.2.0 later\r\n", b"250 ok too\r\n"]
    script = {"EHLO": say(ehlo), "RCPT": [say(wire) for wire in wires]}
    async with ScriptedNextHop(script) as hop, connect(hop.address) as upstream:
        transaction = upstream.begin(SENDER, FACTS)
        assert wires == [(await transaction.rcpt(Path(text=f"{n}@lantern.example"))).wire() for n in range(4)]
        assert (await transaction.send(HEADERS, MAIL)).accepted
    assert [HEADERS + MAIL.wire] == hop.messages


async def test_pipelined_segments() -> None:
    """MAIL and the first RCPT leave in one segment; a later transaction's RSET rides along."""
    async with ScriptedNextHop() as hop, connect(hop.address) as upstream:
        transaction = upstream.begin(SENDER, FACTS)
        await transaction.rcpt(RECIPIENT)
        await transaction.rcpt(Path(text="cyn@lantern.example"))
        await transaction.send(HEADERS, MAIL)
        await deliver(upstream)
    both = b"MAIL FROM:<ana@lantern.example>\r\nRCPT TO:<ben@lantern.example>\r\n"
    expected = [b"EHLO askonce.example\r\n", both, b"RCPT TO:<cyn@lantern.example>\r\n", b"DATA\r\n", both, b"DATA\r\n"]
    assert expected == hop.connections[0].segments[:6]


async def test_sequential_without_pipelining() -> None:
    """A next hop that does not offer PIPELINING gets one command at a time."""
    async with ScriptedNextHop({"EHLO": say(BARE_EHLO)}) as hop, connect(hop.address) as upstream:
        transaction = upstream.begin(SENDER, FACTS)
        await transaction.rcpt(RECIPIENT)
        await transaction.abort()
        assert (await deliver(upstream)).accepted
    assert all(segment.count(b"\r\n") == 1 for segment in hop.connections[0].segments)
    assert len(hop.connections) == 1


async def test_helo_where_ehlo_is_unknown() -> None:
    """A next hop that knows no EHLO is greeted by HELO and has no extensions."""
    script = {"EHLO": say(b"500 5.5.1 what?\r\n")}
    async with ScriptedNextHop(script) as hop, connect(hop.address) as upstream:
        assert await upstream.extensions() == {}
        assert (await deliver(upstream)).accepted


@pytest.mark.parametrize("parameters", PARAMETERS)
async def test_parameters_cross_verbatim(parameters: str) -> None:
    """P13: parameters of MAIL and RCPT cross byte for byte, known or not."""
    async with ScriptedNextHop() as hop, connect(hop.address) as upstream:
        transaction = upstream.begin(Path(text="ana@lantern.example", parameters=parameters), FACTS)
        await transaction.rcpt(Path(text="ben@lantern.example", parameters=parameters))
        await transaction.abort()
    octets = parameters.encode("utf-8", "surrogateescape")
    assert b"MAIL FROM:<ana@lantern.example> " + octets + b"\r\n" == hop.commands[1]
    assert b"RCPT TO:<ben@lantern.example> " + octets + b"\r\n" == hop.commands[2]


@pytest.mark.parametrize(
    "text", ['"ben smith"@lantern.example', "jörg@bücher.example", "\udce9@x.example", "@a.example:b@c.example", "Ben"]
)
async def test_paths_cross_verbatim(text: str) -> None:
    """Quoted, international, 8-bit and routed paths cross byte for byte; so does the null reverse-path."""
    async with ScriptedNextHop() as hop, connect(hop.address) as upstream:
        transaction = upstream.begin(Path(text=""), FACTS)
        await transaction.rcpt(Path(text=text))
        await transaction.abort()
    octets = text.encode("utf-8", "surrogateescape")
    assert [b"MAIL FROM:<>\r\n", b"RCPT TO:<" + octets + b">\r\n"] == hop.commands[1:3]


@pytest.mark.parametrize("evil", ["a\r\nDATA", "a\nb", "a\rb", "a\0b"])
async def test_a_path_is_one_line(evil: str) -> None:
    """P11: a path with a line end or NUL in it is refused for good, and nothing of it is sent."""
    async with ScriptedNextHop() as hop, connect(hop.address) as upstream:
        assert (await upstream.begin(SENDER, FACTS).rcpt(Path(text=evil))).permanent
        assert (await upstream.begin(Path(text="a", parameters=evil), FACTS).rcpt(RECIPIENT)).permanent
    assert hop.connections == []


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"\r\n",
        b"..\r\n",
        b"A: b\r\n\r\n" + bytes(range(1, 10)) + b"\xff\xfe\x80 8-bit\r\n",
        b"A: b\r\n\r\n" + b"x" * 300_000 + b"\r\n",
        b"A: b\r\n\r\n" + b"..\r\n..x\r\n" * 40_000,
    ],
    ids=["empty", "blank", "dots", "8-bit", "long line", "many dots"],
)
async def test_content_crosses_byte_for_byte(wire: bytes) -> None:
    """P12: headers and content arrive as they are, with nothing between and one final dot behind."""
    async with ScriptedNextHop() as hop, connect(hop.address) as upstream:
        transaction = upstream.begin(SENDER, FACTS)
        await transaction.rcpt(RECIPIENT)
        assert (await transaction.send(HEADERS, Content(wire=wire))).accepted
        assert (await deliver(upstream)).accepted
    assert [HEADERS + wire, HEADERS + MAIL.wire] == hop.messages
    assert len(hop.connections) == 1


def devour(listener: socket.socket) -> tuple[str, int]:
    """Take one mail in a thread, holding 64 KiB of it at a time: SHA-256 and size of all before the final dot."""
    digest, size, buffer, tail = hashlib.sha256(), 0, bytearray(65536), b""
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(20)
        for reply in (b"220 hi\r\n", b"250-hi\r\n250 PIPELINING\r\n", b"250 ok\r\n250 ok\r\n", b"354 go\r\n"):
            connection.sendall(reply)
            if not reply.startswith(b"354"):
                connection.recv(65536)
        while tail != DOT:
            count = connection.recv_into(buffer)
            digest.update(memoryview(buffer)[:count])
            size += count
            tail = (tail + bytes(buffer[max(count - 5, 0) : count]))[-5:]
        connection.sendall(b"250 ok\r\n")
        connection.recv(64)
    return digest.hexdigest(), size - len(DOT) + 2


async def test_ten_megabytes_from_a_file() -> None:
    """A mapped file of 10 MB crosses in slices, and Python holds less than 1 MB of it at once."""
    line = os.urandom(36).hex().encode() + b"\r\n"
    with tempfile.TemporaryFile() as file, socket.create_server(("127.0.0.1", 0)) as listener:
        file.write(line * (10 * 1024 * 1024 // len(line)))
        file.flush()
        taking = asyncio.get_running_loop().run_in_executor(None, devour, listener)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as wire:
            expected = hashlib.sha256(HEADERS)
            expected.update(wire)
            expected.update(b".\r\n")
            size = len(wire)
            async with connect(f"127.0.0.1:{listener.getsockname()[1]}", data_timeout=20) as upstream:
                transaction = upstream.begin(SENDER, FACTS)
                await transaction.rcpt(RECIPIENT)
                tracemalloc.start()
                try:
                    reply = await transaction.send(HEADERS, Content(wire=wire))
                    _, peak = tracemalloc.get_traced_memory()
                finally:
                    tracemalloc.stop()
        assert (expected.hexdigest(), size + len(HEADERS)) == await taking
    assert reply.accepted
    assert peak < 1024 * 1024


async def test_back_pressure() -> None:
    """While the next hop does not read, writing stops; it goes on when it reads again."""
    deaf = say(b"354 go on\r\n", then="deaf")
    async with ScriptedNextHop({"DATA": deaf}, keep=False) as hop, connect(hop.address, data_timeout=20) as upstream:
        transaction = upstream.begin(SENDER, FACTS)
        await transaction.rcpt(RECIPIENT)
        wire = (b"x" * 998 + b"\r\n") * 20_000
        sending = asyncio.create_task(transaction.send(HEADERS, Content(wire=wire)))
        await hop.deaf.wait()
        await asyncio.sleep(0.2)
        (connection,) = upstream._pool._all
        waiting = connection._out.get_write_buffer_size()
        assert not sending.done()
        hop.hear_again()
        assert (await sending).accepted
    assert 0 < waiting < 512 * 1024


async def test_xforward_goes_with_each_mail() -> None:
    """The client is named before each MAIL, in the same segment, because Postfix forgets it after each mail; a
    refusal of XFORWARD stops nothing."""
    ehlo = b"250-next.example\r\n250-PIPELINING\r\n250 XFORWARD NAME ADDR HELO\r\n"
    script = {"EHLO": say(ehlo), "XFORWARD": [say(b"250 ok\r\n"), say(b"501 5.5.4 no\r\n")]}
    async with ScriptedNextHop(script) as hop, connect(hop.address) as upstream:
        assert (await deliver(upstream)).accepted
        assert (await deliver(upstream, facts=SessionFacts(peer_address="192.0.2.8"))).accepted
    segments = [one for one in hop.connections[0].segments if b"MAIL" in one]
    first = b"XFORWARD NAME=[UNAVAILABLE] ADDR=192.0.2.7 HELO=pc7.lantern.example\r\n"
    second = b"XFORWARD NAME=[UNAVAILABLE] ADDR=192.0.2.8 HELO=[UNAVAILABLE]\r\n"
    assert [True, True] == [segment.startswith(one) for segment, one in zip(segments, (first, second), strict=True)]


async def test_xclient_starts_the_session_anew() -> None:
    """Where only XCLIENT is offered it is said once for each client, followed by EHLO."""
    ehlo = b"250-next.example\r\n250-PIPELINING\r\n250 XCLIENT NAME ADDR\r\n"
    async with ScriptedNextHop({"EHLO": say(ehlo)}) as hop, connect(hop.address) as upstream:
        for address in ("192.0.2.7", "192.0.2.7", "192.0.2.8"):
            assert (await deliver(upstream, facts=SessionFacts(peer_address=address))).accepted
    verbs = [line.split()[0].decode() for line in hop.commands]
    mail = ["MAIL", "RCPT", "DATA"]
    assert ["EHLO", "XCLIENT", "EHLO", *mail, *mail, "XCLIENT", "EHLO", *mail, "QUIT"] == verbs


async def test_xclient_refused_stops_the_mail() -> None:
    """A client is never passed off as ourselves: XCLIENT refused means not now."""
    script = {"EHLO": say(b"250-next.example\r\n250 XCLIENT ADDR\r\n"), "XCLIENT": say(b"550 5.7.0 no\r\n")}
    async with ScriptedNextHop(script) as hop, connect(hop.address) as upstream:
        with pytest.raises(NextHopUnavailable):
            await deliver(upstream)
    assert hop.count("MAIL") == 0
