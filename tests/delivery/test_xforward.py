"""What the next hop is told of our client."""

import pytest

from gateway.delivery.xforward import MAX_LINE, xclient, xforward, xtext
from gateway.mail.envelope import SessionFacts

ALL = "NAME ADDR PORT PROTO HELO IDENT SOURCE"


def test_all_attributes() -> None:
    """Every attribute that is offered and known is named."""
    facts = SessionFacts(
        peer_address="192.0.2.7", peer_port=4711, peer_name="pc7.lantern.example", helo="pc7", identity="3fA"
    )
    expected = (
        b"XFORWARD NAME=pc7.lantern.example ADDR=192.0.2.7 PORT=4711 PROTO=ESMTP HELO=pc7 IDENT=3fA SOURCE=REMOTE\r\n"
    )
    assert (expected,) == xforward(facts, ALL)


def test_unknown_is_unavailable() -> None:
    """What is not known is said to be unavailable, so that nothing of an earlier client stays behind."""
    assert (b"XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] HELO=[UNAVAILABLE]\r\n",) == xforward(
        SessionFacts(), "name addr helo"
    )


def test_only_what_is_offered() -> None:
    """An attribute the next hop does not offer is never sent; without a known one nothing is."""
    assert (b"XFORWARD ADDR=IPV6:2001:db8::7\r\n",) == xforward(SessionFacts(peer_address="2001:db8::7"), "ADDR LOGIN")
    assert xforward(SessionFacts(), "LOGIN") == ()


@pytest.mark.parametrize(
    ("value", "encoded"),
    [("a b", "a+20b"), ("x=+y", "x+3D+2By"), ("a\r\nMAIL", "a+0D+0AMAIL"), ("é", "+C3+A9"), ("\udcff", "+FF")],
)
def test_xtext(value: str, encoded: str) -> None:
    """Spaces, line ends, "+", "=" and all beyond ASCII are encoded, so that no value can begin a command."""
    assert encoded == xtext(value)


def test_long_values_take_several_lines() -> None:
    """No line is over 512 bytes, and no attribute is lost for that."""
    lines = xforward(SessionFacts(peer_name="n" * 255, helo="é" * 60, identity="i" * 200), ALL)
    assert len(lines) > 1
    assert max(map(len, lines)) <= MAX_LINE
    assert ALL.split() == [word.split("=")[0] for line in lines for word in line.decode().split()[1:]]


def test_xclient_has_its_own_attributes() -> None:
    """XCLIENT has no IDENT and no SOURCE."""
    facts = SessionFacts(peer_address="::ffff:192.0.2.7", protocol="SMTP")
    assert (b"XCLIENT NAME=[UNAVAILABLE] ADDR=192.0.2.7 PROTO=SMTP\r\n",) == xclient(facts, "NAME ADDR PROTO IDENT")
