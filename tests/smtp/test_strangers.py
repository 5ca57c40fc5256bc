"""Who may connect at all, and what the operators' log says when mail waits outside."""

import io

import pytest

from gateway.config import Log
from gateway.errors import NoSpace, StoreUnavailable
from gateway.log import set_up
from gateway.replies import NO_SPACE, STORE_UNAVAILABLE
from gateway.smtp.desk import Trouble, answer_to
from tests.smtp.kit import client_of, code, edge_with


@pytest.fixture
def log() -> io.StringIO:
    """The operators' log."""
    kept = io.StringIO()
    set_up(Log(), kept)
    return kept


async def test_a_stranger_is_turned_away_and_told_of_once(log: io.StringIO) -> None:
    """Who is not in `smtp.clients` gets 421, so that a mail server whose address is missing there keeps its mail; the
    log names each address once. Turned away, it takes nobody's place."""
    async with edge_with(clients=("192.0.2.0/24",), max_connections=1) as edge:
        for _ in range(3):
            async with client_of(edge, greeted=False) as client:
                said = await client.hear()
                assert code(said) == 421
                assert b"4.7.1" in said
        assert edge.desk.connections.open == 0
    assert log.getvalue().count("not in smtp.clients") == 1
    assert "127.0.0.1" in log.getvalue()


async def test_loopback_is_let_in_as_it_comes() -> None:
    """The default: mail servers on this machine."""
    async with edge_with() as edge, client_of(edge) as client:
        assert code(await client.ask(b"NOOP\r\n")) == 250


def test_the_log_says_why_mail_waits_once_a_minute_for_each_kind(log: io.StringIO) -> None:
    """The reason is the error's own, the answer its code; its like is not repeated at once, another kind is told."""
    trouble = Trouble(pause=1000)
    for _ in range(5):
        trouble.tell(StoreUnavailable("askonce.db: database is locked"))
    trouble.tell(NoSpace("disk full"))
    told = log.getvalue().splitlines()
    assert len(told) == 2
    assert all("mail waits outside" in line for line in told)
    assert "451" in told[0]
    assert "askonce.db: database is locked" in told[0]
    assert "452" in told[1]


def test_the_answer_stays_what_the_error_carries(log: io.StringIO) -> None:
    """What is logged changes nothing for the client."""
    assert answer_to(StoreUnavailable("locked")) is STORE_UNAVAILABLE
    assert answer_to(NoSpace("full")) is NO_SPACE
