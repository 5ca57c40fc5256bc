"""The next hop in memory."""

import pytest

from gateway.delivery.memory import MemoryNextHop
from gateway.errors import NextHopUnavailable
from gateway.mail.envelope import Path
from gateway.ports import NextHop
from gateway.replies import Reply
from tests.delivery.conftest import FACTS, HEADERS, MAIL, RECIPIENT, SENDER

REFUSED = Reply(code=550, enhanced="5.1.1", text="no")
LATER = Reply(code=451, enhanced="4.3.0", text="later")


async def test_keeps_what_is_sent() -> None:
    """A mail is kept with its envelope, its session and its bytes; refused recipients are left out."""
    hop = MemoryNextHop(rcpt=lambda path: REFUSED if path.text.startswith("no") else Reply(code=250))
    port: NextHop = hop
    transaction = port.begin(SENDER, FACTS)
    assert (await transaction.rcpt(Path(text="nobody@lantern.example"))) == REFUSED
    assert (await transaction.rcpt(RECIPIENT)).accepted
    assert (await transaction.send(HEADERS, MAIL)).accepted
    (mail,) = hop.delivered
    assert (SENDER, (RECIPIENT,), FACTS, HEADERS + MAIL.wire) == (
        mail.mail_from,
        mail.rcpt_to,
        mail.session,
        mail.wire,
    )


async def test_answers_as_told() -> None:
    """A refused sender answers every recipient; a refused message is not delivered."""
    assert REFUSED == await MemoryNextHop(mail=REFUSED).begin(SENDER, FACTS).rcpt(RECIPIENT)
    hop = MemoryNextHop(data=LATER)
    transaction = hop.begin(SENDER, FACTS)
    await transaction.rcpt(RECIPIENT)
    assert LATER == await transaction.send(HEADERS, MAIL)
    assert (1, []) == (len(hop.sent), hop.delivered)


async def test_down_and_over() -> None:
    """While it is down, and once a transaction is over, nothing can be sent."""
    hop = MemoryNextHop(down=True)
    with pytest.raises(NextHopUnavailable):
        await hop.extensions()
    with pytest.raises(NextHopUnavailable):
        await hop.begin(SENDER, FACTS).rcpt(RECIPIENT)
    hop.down = False
    transaction = hop.begin(SENDER, FACTS)
    await transaction.rcpt(RECIPIENT)
    await transaction.abort()
    with pytest.raises(NextHopUnavailable):
        await transaction.send(HEADERS, MAIL)
    assert ([], 1) == (hop.sent, hop.aborted)
