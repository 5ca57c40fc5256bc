"""Addresses of our own at the edge: recognised at RCPT, never heard of by the next hop."""

from gateway.errors import NextHopUnavailable
from gateway.mail.envelope import Path
from gateway.replies import Reply
from tests.smtp.kit import Box, Hop, client_of, edge_with

OURS = b"askonce+key@here.example"


def is_ours(path: Path) -> bool:
    """The stand-in for a key."""
    return path.text == OURS.decode()


async def test_an_answer_is_taken_without_asking_the_next_hop() -> None:
    """The next hop is down and offers nothing: RCPT and the final dot are answered by us, again and again."""
    box, hop = Box(), Hop(failure=NextHopUnavailable("down"))
    async with edge_with(box, hop) as edge, client_of(edge) as client:
        edge.desk.is_ours = is_ours
        client.say(b"HELO client.example\r\n")
        assert [250] == await client.hears(1)
        for _ in range(2):
            client.say(b"MAIL FROM:<ann@here.example>\r\nRCPT TO:<%s>\r\nDATA\r\n" % OURS)
            assert [250, 250, 354] == await client.hears(3)
            client.say(b"Subject: x\r\n\r\nWITHDRAW\r\n.\r\n")
            assert [250] == await client.hears(1)
    assert 2 == len(box.mails)
    for envelope, _ in box.mails:
        assert ((), (Path(text=OURS.decode()),)) == (envelope.rcpt_to, envelope.answers)
    assert [] == [path for offered in hop.transactions for path in offered.rcpt_to]


async def test_an_answer_has_a_transaction_of_its_own() -> None:
    """Others beside it wait for the next transaction, whichever comes first, so that a refusal of the answer is
    nobody else's; who was refused anyway does not stand in its way."""
    refused = Reply(code=550, enhanced="5.1.1", text="no such user")
    box, hop = (
        Box(),
        Hop(answers=lambda path: refused if path.text.startswith("gone") else Reply(code=250, text="fine")),
    )
    async with edge_with(box, hop) as edge, client_of(edge) as client:
        edge.desk.is_ours = is_ours
        client.say(b"EHLO client.example\r\nMAIL FROM:<ann@here.example>\r\nRCPT TO:<gone@here.example>\r\n")
        client.say(b"RCPT TO:<%s>\r\nRCPT TO:<bob@here.example>\r\nDATA\r\n" % OURS)
        assert [250, 250, 550, 250, 452, 354] == await client.hears(6)
        client.say(b"Subject: x\r\n\r\nhello\r\n.\r\n")
        client.say(b"MAIL FROM:<ann@here.example>\r\nRCPT TO:<bob@here.example>\r\nRCPT TO:<%s>\r\nDATA\r\n" % OURS)
        assert [250, 250, 250, 452, 354] == await client.hears(5)
        client.say(b"Subject: x\r\n\r\nhello\r\n.\r\n")
        assert [250] == await client.hears(1)
    bob, ours = Path(text="bob@here.example"), Path(text=OURS.decode())
    assert [((), (ours,)), ((bob,), ())] == [(envelope.rcpt_to, envelope.answers) for envelope, _ in box.mails]
    assert ["gone@here.example", "bob@here.example"] == [path.text for one in hop.transactions for path in one.rcpt_to]


async def test_a_forgotten_transaction_forgets_the_answer_too() -> None:
    """After RSET the address counts for nothing; a second one waits for the next transaction, the same one is one."""
    box = Box()
    async with edge_with(box) as edge, client_of(edge) as client:
        edge.desk.is_ours = lambda path: path.text.startswith("askonce+")
        client.say(b"EHLO c.example\r\nMAIL FROM:<ann@here.example>\r\nRCPT TO:<%s>\r\nRSET\r\n" % OURS)
        client.say(b"MAIL FROM:<ann@here.example>\r\nDATA\r\n")
        assert [250, 250, 250, 250, 250, 503] == await client.hears(6)
        client.say(b"RCPT TO:<%s>\r\n" % OURS * 2 + b"RCPT TO:<askonce+other@here.example>\r\n")
        assert [250, 250, 452] == await client.hears(3)
    assert [] == box.mails
