"""Conversations with the edge: what each verb answers and what crosses to the next hop."""

import asyncio

import pytest

from gateway.errors import NextHopUnavailable
from gateway.replies import Reply
from tests.smtp.kit import FULL, NOON, Box, Hop, client_of, code, edge_with, until


async def test_a_mail_crosses_byte_for_byte() -> None:
    """One mail: its bytes, envelope and session facts reach the flow, and the flow's reply reaches the client."""
    box = Box(reply=Reply(code=250, enhanced="2.0.0", text="Ok: queued as 4711"))
    async with edge_with(box) as edge, client_of(edge) as client:
        await client.ready()
        reply = await client.ask(b"Subject: x\r\n\r\n..dot\r\n\xff\r\n.\r\n")
    assert reply == b"250 2.0.0 Ok: queued as 4711\r\n"
    envelope, raw = box.mails[0]
    assert raw == b"Subject: x\r\n\r\n..dot\r\n\xff\r\n"
    assert (envelope.mail_from.text, [path.text for path in envelope.rcpt_to]) == (
        "ann@here.example",
        ["bob@here.example"],
    )
    assert (envelope.received_at, envelope.session.peer_address) == (NOON, "127.0.0.1")
    assert (envelope.session.helo, envelope.session.protocol) == ("client.example", "ESMTP")


async def test_banner_and_hello_show_no_version() -> None:
    """The banner names host and protocol, nothing more."""
    async with edge_with() as edge, client_of(edge, greeted=False) as client:
        assert await client.hear() == b"220 mx.here.example ESMTP\r\n"
        assert await client.ask(b"HELO c.example\r\n") == b"250 mx.here.example\r\n"


async def test_ehlo_offers_what_both_can() -> None:
    """EHLO is the intersection with the next hop: parameter-only extensions cross, BDAT, AUTH and its TLS do not."""
    async with edge_with(max_size=20 * 1024 * 1024, xforward_peers=()) as edge, client_of(edge) as client:
        lines = (await client.ask(b"EHLO c.example\r\n")).decode().splitlines()
    assert [line[4:] for line in lines] == [
        "mx.here.example",
        "PIPELINING",
        "SIZE 10240000",
        "8BITMIME",
        "SMTPUTF8",
        "ENHANCEDSTATUSCODES",
        "DSN",
        "MT-PRIORITY MIXER",
    ]


async def test_ehlo_never_offers_more_than_the_next_hop() -> None:
    """A plain next hop leaves PIPELINING and our SIZE."""
    async with edge_with(hop=Hop(offers={}), max_size=70000, xforward_peers=()) as edge, client_of(edge) as client:
        assert (await client.ask(b"EHLO c.example\r\n")).splitlines()[1:] == [b"250-PIPELINING", b"250 SIZE 70000"]


async def test_ehlo_while_the_next_hop_is_down_is_temporary() -> None:
    """When nobody knows what the next hop can, EHLO says 451 and not less than the truth."""
    hop = Hop(failure=NextHopUnavailable())
    async with edge_with(hop=hop) as edge, client_of(edge) as client:
        assert code(await client.ask(b"EHLO c.example\r\n")) == 451
        hop.failure = None
        assert code(await client.ask(b"EHLO c.example\r\n")) == 250


@pytest.mark.parametrize(
    "raw",
    [
        b"550 5.1.1 <bob@here.example>: unknown\r\n",
        b"450-4.7.1 come\r\n450-4.7.1 again\r\n450 4.7.1 later\r\n",
        "550 5.1.1 unbekannt: Grüße\r\n".encode(),
        b"452\r\n",
        b"550 \xff\xfe\r\n",
    ],
)
async def test_recipient_replies_come_back_verbatim(raw: bytes) -> None:
    """The next hop's reply to a recipient is the client's, every byte."""
    hop = Hop(answers=lambda path: Reply(code=int(raw[:3]), verbatim=raw))
    async with edge_with(hop=hop) as edge, client_of(edge) as client:
        await client.ask(b"EHLO c.example\r\n")
        await client.ask(b"MAIL FROM:<ann@here.example>\r\n")
        assert await client.ask(b"RCPT TO:<bob@here.example>\r\n") == raw


async def test_only_accepted_recipients_are_in_the_envelope() -> None:
    """A refused recipient gets its refusal and is not part of the mail."""

    def answers(path):
        return Reply(code=550 if path.text.startswith("no") else 250, text="x")

    box = Box()
    async with edge_with(box, Hop(answers=answers)) as edge, client_of(edge) as client:
        client.say(b"EHLO c.example\r\nMAIL FROM:<>\r\nRCPT TO:<no@x.example>\r\nRCPT TO:<yes@x.example>\r\nDATA\r\n")
        assert await client.hears(5) == [250, 250, 550, 250, 354]
        assert code(await client.ask(b"x\r\n.\r\n")) == 250
    assert [path.text for path in box.mails[0][0].rcpt_to] == ["yes@x.example"]


async def test_data_needs_a_recipient() -> None:
    """DATA without an accepted recipient is 554, without any or without MAIL 503, and none begins a message."""
    hop = Hop(answers=lambda path: Reply(code=550, text="no"))
    async with edge_with(hop=hop) as edge, client_of(edge) as client:
        client.say(b"EHLO c.example\r\nDATA\r\nMAIL FROM:<>\r\nDATA\r\nRCPT TO:<a@x.example>\r\nDATA\r\nNOOP\r\n")
        assert await client.hears(7) == [250, 503, 250, 503, 550, 554, 250]


async def test_second_mail_gives_the_first_up() -> None:
    """A nested MAIL is 503 and ends the open transaction, so that no recipient joins the wrong mail."""
    hop = Hop()
    async with edge_with(hop=hop) as edge, client_of(edge) as client:
        client.say(b"EHLO c.example\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nMAIL FROM:<c@x.example>\r\n")
        client.say(b"RCPT TO:<d@x.example>\r\n")
        assert await client.hears(5) == [250, 250, 250, 503, 503]
    assert [transaction.aborted for transaction in hop.transactions] == [True]


@pytest.mark.parametrize("last", [b"RSET\r\n", b"QUIT\r\n", b"EHLO again.example\r\n", b""])
async def test_transaction_is_aborted(last: bytes) -> None:
    """RSET, QUIT, a new EHLO and a lost connection end the transaction at the next hop."""
    hop = Hop()
    async with edge_with(hop=hop) as edge, client_of(edge) as client:
        client.say(b"EHLO c.example\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\n")
        assert await client.hears(3) == [250, 250, 250]
        if last:
            await client.ask(last)
        else:
            await client.close()
        await until(lambda: hop.transactions[0].aborted)


async def test_verbs_that_say_little() -> None:
    """NOOP works; VRFY, EXPN and HELP tell nothing; unknown verbs are 500; AUTH is not there."""
    async with edge_with() as edge, client_of(edge) as client:
        client.say(b"noop\r\nNOOP x\r\nVRFY bob\r\nVRFY\r\nEXPN list\r\nHELP\r\nWHAT\r\n\r\nAUTH PLAIN x\r\nrset\r\n")
        assert await client.hears(10) == [250, 250, 252, 501, 502, 214, 500, 500, 500, 250]
        assert code(await client.ask(b"QUIT\r\n")) == 221
        assert await client.rest() == b""


async def test_hello_comes_first() -> None:
    """MAIL before EHLO or HELO is 503; RCPT before MAIL too; a hello without a name is 501."""
    async with edge_with() as edge, client_of(edge) as client:
        client.say(b"MAIL FROM:<a@x.example>\r\nEHLO\r\nHELO\r\nEHLO c.example\r\nRCPT TO:<a@x.example>\r\n")
        assert await client.hears(5) == [503, 501, 501, 250, 503]


async def test_unforeseen_errors_are_451_with_fixed_words() -> None:
    """Whatever breaks inside, the client keeps its mail and learns nothing of the cause."""

    async def broken(*_):
        raise ValueError("secret\r\n250 Ok")

    hop = Hop()
    async with edge_with(broken, hop) as edge, client_of(edge) as client:
        await client.ready()
        assert await client.ask(b"x\r\n.\r\n") == b"451 4.3.0 Local error; nothing was lost, try again later\r\n"
        assert code(await client.ask(b"NOOP\r\n")) == 250
    assert hop.transactions[0].aborted


async def test_foreseen_errors_bring_their_reply() -> None:
    """A GatewayError ends as its own reply, at the dot and at a recipient."""

    async def gone(*_):
        raise NextHopUnavailable

    def also_gone(path):
        raise NextHopUnavailable

    hop = Hop()
    async with edge_with(gone, hop) as edge, client_of(edge) as client:
        await client.ready()
        assert (await client.ask(b"x\r\n.\r\n")).startswith(b"451 4.4.1 ")
        hop.answers = also_gone
        await client.ask(b"MAIL FROM:<a@x.example>\r\n")
        assert (await client.ask(b"RCPT TO:<a@x.example>\r\n")).startswith(b"451 4.4.1 ")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(code=550, text="no\r\n250 2.0.0 Ok"),
        Reply(code=550, text="no\r250 Ok"),
        Reply(code=550, verbatim=b"550 no\n250 Ok\r\n"),
        Reply(code=550, verbatim=b"550 no\r\n250 Ok\r\n"),
        Reply(code=550, verbatim=b"550-no\r\n250 Ok\r\n"),
        Reply(code=550, verbatim=b"550 no"),
        Reply(code=550, verbatim=b""),
        Reply(code=550, verbatim=b"550 no\0\r\n"),
        Reply(code=550, enhanced="5.1.1\r\n250", text="x"),
    ],
)
async def test_a_reply_cannot_be_split(reply: Reply) -> None:
    """Whatever text the next hop brings, one reply stays one reply with its own code."""
    async with edge_with(hop=Hop(answers=lambda path: reply)) as edge, client_of(edge) as client:
        await client.ask(b"EHLO c.example\r\n")
        await client.ask(b"MAIL FROM:<a@x.example>\r\n")
        client.say(b"RCPT TO:<b@x.example>\r\nQUIT\r\n")
        heard = await client.rest()
    lines = heard.split(b"\r\n")
    assert lines[-2].startswith(b"221 ")
    assert {line[:3] for line in lines[:-2]} == {b"550"}
    assert b"\n" not in heard.replace(b"\r\n", b"")
    assert b"\r" not in heard.replace(b"\r\n", b"")


async def test_a_reply_that_is_none_is_451() -> None:
    """A code that is no final reply becomes 451."""
    hop = Hop(answers=lambda path: Reply(code=354, verbatim=b"354 go\r\n"))
    async with edge_with(hop=hop) as edge, client_of(edge) as client:
        await client.ask(b"EHLO c.example\r\n")
        await client.ask(b"MAIL FROM:<a@x.example>\r\n")
        assert code(await client.ask(b"RCPT TO:<b@x.example>\r\n")) == 451
        assert code(await client.ask(b"DATA\r\n")) == 554


async def test_421_from_the_next_hop_closes() -> None:
    """A 421 is passed on and means what it says."""
    hop = Hop(answers=lambda path: Reply(code=421, enhanced="4.3.2", text="going down"))
    async with edge_with(hop=hop) as edge, client_of(edge) as client:
        client.say(b"EHLO c.example\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nNOOP\r\n")
        assert await client.hears(2) == [250, 250]
        assert await client.rest() == b"421 4.3.2 going down\r\n"


PIPELINED = (
    b"EHLO c.example\r\nMAIL FROM:<a@x.example> SIZE=20\r\nRCPT TO:<b@x.example>\r\nRCPT TO:<c@x.example>\r\nDATA\r\n"
    b"Subject: 1\r\n\r\n..\r\n.x\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<d@x.example>\r\nDATA\r\n.\r\nNOOP\r\nQUIT\r\n"
)


async def _play(raw: list[bytes], pause: bool) -> tuple[list[bytes], list[bytes]]:
    box = Box()
    async with edge_with(box) as edge, client_of(edge) as client:
        for part in raw:
            await client.send(part)
            if pause:
                await asyncio.sleep(0.001)
        heard = await client.rest()
    return box.bodies, [line[:3] for line in heard.splitlines() if line[3:4] == b" "]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11, 64, 4096])
async def test_pipelining_with_any_chunking(size: int) -> None:
    """Two mails and more in one stream give the same replies and bytes however the stream is cut."""
    parts = [PIPELINED[at : at + size] for at in range(0, len(PIPELINED), size)]
    bodies, codes = await _play(parts, pause=size > 1)
    assert bodies == [b"Subject: 1\r\n\r\n..\r\n.x\r\n", b""]
    assert codes == [b"250", b"250", b"250", b"250", b"354", b"250", b"250", b"250", b"354", b"250", b"250", b"221"]


async def test_replies_of_one_segment_leave_together() -> None:
    """Replies to pipelined commands are written at once, not one by one."""
    async with edge_with() as edge, client_of(edge) as client:
        client.say(b"EHLO c.example\r\n" + b"NOOP\r\n" * 20)
        await client.hear()
        raw = await client.reader.read(65536)
    assert raw.count(b"250 ") == 20


async def test_bdat_is_never_read_as_commands() -> None:
    """BDAT was not offered; its octets are not run, the connection closes."""
    box = Box()
    async with edge_with(box) as edge, client_of(edge) as client:
        client.say(b"EHLO c.example\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nBDAT 6 LAST\r\nNOOP\r\n")
        assert await client.hears(3) == [250] * 3
        assert code(heard := await client.rest()) == 421
        assert heard.count(b"\r\n") == 1
    assert box.bodies == []


async def test_a_web_browser_is_turned_away() -> None:
    """An HTTP request is no conversation: its body is never run as commands."""
    async with edge_with() as edge, client_of(edge) as client:
        client.say(b"POST / HTTP/1.1\r\nHost: x.example\r\n\r\nMAIL FROM:<a@x.example>\r\n")
        assert (await client.rest()).startswith(b"421 ")


async def test_many_errors_end_the_connection() -> None:
    """Twenty refused commands are borne, then 421."""
    async with edge_with() as edge, client_of(edge) as client:
        client.say(b"WHAT\r\n" * 30)
        codes = [int(line[:3]) for line in (await client.rest()).splitlines()]
    assert codes == [500] * 20 + [421]


async def test_a_client_that_brings_mail_may_err() -> None:
    """Errors are counted from mail to mail: a connection kept for many mails is not ended by a few mistakes in each."""
    async with edge_with() as edge, client_of(edge) as client:
        for _ in range(3):
            client.say(b"WHAT\r\n" * 15)
            assert await client.hears(15) == [500] * 15
            await client.ready()
            assert code(await client.ask(b"x\r\n.\r\n")) == 250


async def test_an_ipv4_client_of_an_ipv6_socket_is_itself() -> None:
    """A mapped address is told, limited and trusted as the IPv4 address it is."""
    box = Box()
    async with edge_with(box, listen="[::]:0", xforward_peers=("127.0.0.1",)) as edge, client_of(edge) as client:
        assert b"XFORWARD" in await client.ask(b"EHLO c.example\r\n")
        await client.ready()
        await client.ask(b"x\r\n.\r\n")
    assert box.mails[0][0].session.peer_address == "127.0.0.1"


async def test_too_many_recipients() -> None:
    """Past max_recipients each further one is 452 4.5.3, and the mail goes to those accepted (RFC 5321 4.5.3.1.10)."""
    box = Box()
    async with edge_with(box, max_recipients=100) as edge, client_of(edge) as client:
        client.say(
            b"EHLO c.example\r\nMAIL FROM:<>\r\n" + b"".join(b"RCPT TO:<u%d@x.example>\r\n" % n for n in range(110))
        )
        replies = [await client.hear() for _ in range(112)]
        assert [reply[:9] for reply in replies[102:]] == [b"452 4.5.3"] * 10
        client.say(b"DATA\r\nx\r\n.\r\n")
        assert await client.hears(2) == [354, 250]
    assert len(box.mails[0][0].rcpt_to) == 100


async def test_xforward_is_believed_from_peers_only() -> None:
    """A trusted peer's XFORWARD makes the next mail's facts, and only the next one's."""
    box = Box()
    async with edge_with(box) as edge, client_of(edge) as client:
        hello = await client.ask(b"EHLO mx.front.example\r\n")
        assert b"XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r\n" in hello
        attributes = b"NAME=pc+2Bone.x.example ADDR=IPv6:2001:db8::7 PORT=4711 HELO=pc PROTO=SMTP IDENT=4X SOURCE=LOCAL"
        assert code(await client.ask(b"XFORWARD " + attributes + b"\r\n")) == 250
        for _ in range(2):
            client.say(b"MAIL FROM:<>\r\nRCPT TO:<b@x.example>\r\nDATA\r\nx\r\n.\r\n")
            assert await client.hears(4) == [250, 250, 354, 250]
    first, second = (envelope.session for envelope, _ in box.mails)
    assert (first.peer_name, first.peer_address, first.peer_port) == ("pc+one.x.example", "2001:db8::7", 4711)
    assert (first.helo, first.protocol, first.identity) == ("pc", "SMTP", "4X")
    assert (second.peer_address, second.helo, second.identity) == ("127.0.0.1", "mx.front.example", "")


@pytest.mark.parametrize("verb", [b"XFORWARD ADDR=192.0.2.1\r\n", b"XCLIENT ADDR=192.0.2.1\r\n"])
async def test_xforward_of_strangers_is_refused(verb: bytes) -> None:
    """From anybody else XFORWARD and XCLIENT are neither offered nor believed."""
    async with edge_with(xforward_peers=("192.0.2.0/24",)) as edge, client_of(edge) as client:
        hello = await client.ask(b"EHLO c.example\r\n")
        assert b"XFORWARD" not in hello
        assert b"XCLIENT" not in hello
        assert (await client.ask(verb)).startswith(b"550 5.7.1 ")


@pytest.mark.parametrize(
    "arguments",
    [
        b"",
        b"ADDR",
        b"ADDR=not.an.address",
        b"WHAT=x",
        b"PORT=99999",
        b"PORT=-1",
        b"NAME=a+0Ab",
        b"NAME=a+ZZ",
        b"SOURCE=MARS",
    ],
)
async def test_bad_xforward_attributes(arguments: bytes) -> None:
    """Malformed attributes are 501 and change nothing."""
    async with edge_with() as edge, client_of(edge) as client:
        await client.ask(b"EHLO c.example\r\n")
        assert code(await client.ask(b"XFORWARD " + arguments + b"\r\n")) == 501


async def test_xforward_within_a_mail_is_refused() -> None:
    """XFORWARD belongs between two mails."""
    async with edge_with() as edge, client_of(edge) as client:
        client.say(b"EHLO c.example\r\nMAIL FROM:<>\r\nXFORWARD NAME=x\r\nXFORWARD NAME=[UNAVAILABLE]\r\n")
        assert await client.hears(4) == [250, 250, 503, 503]


async def test_xclient_begins_the_session_anew() -> None:
    """XCLIENT is answered with the banner; the hello must be said again, and the new facts stay."""
    box = Box()
    async with edge_with(box) as edge, client_of(edge) as client:
        client.say(b"EHLO c.example\r\nXCLIENT ADDR=192.0.2.9 NAME=pc.x.example\r\nMAIL FROM:<>\r\nHELO pc\r\n")
        assert await client.hears(4) == [250, 220, 503, 250]
        for _ in range(2):
            client.say(b"MAIL FROM:<>\r\nRCPT TO:<b@x.example>\r\nDATA\r\nx\r\n.\r\n")
            await client.hears(4)
    assert [envelope.session.peer_address for envelope, _ in box.mails] == ["192.0.2.9"] * 2
    assert box.mails[0][0].session.protocol == "SMTP"


async def test_the_same_offers_for_full_next_hop() -> None:
    """What a next hop offers that we cannot do is never offered: CHUNKING, BINARYMIME, BURL, AUTH, its STARTTLS."""
    async with edge_with(hop=Hop(offers=FULL)) as edge, client_of(edge) as client:
        hello = await client.ask(b"EHLO c.example\r\n")
    for word in (b"CHUNKING", b"BINARYMIME", b"BURL", b"AUTH", b"STARTTLS"):
        assert word not in hello
