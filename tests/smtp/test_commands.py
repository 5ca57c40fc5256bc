"""Paths and parameters: what a mail server would accept crosses byte for byte, what is broken is refused."""

import pytest

from gateway.mail.envelope import Path
from gateway.replies import TOO_BIG, Reply
from gateway.smtp.commands import mail_path, rcpt_path
from tests.smtp.kit import Box, Hop, client_of, code, edge_with

MAX = 1_000_000

GOOD_PATHS = [
    "anne@example.example",
    "anne.arthur+promo_x-y@example.example",
    "_@example.example",
    '"anne arthur"@example.example',
    '"anne@arthur"@example.example',
    '"an\\"ne\\\\"@example.example',
    '">"@example.example',
    '"<"@example.example',
    '""@example.example',
    '" "@example.example',
    'much."more\\ unusual"@example.example',
    'very."(),:;<>[]".VERY."very@\\\\ \\"very\\".unusual"@strange.example',
    "Fred\\ Bloggs@example.example",
    "Joe.\\\\Blow@example.example",
    "Abc\\@def@example.example",
    "customer/department=shipping@example.example",
    "$A12345@example.example",
    "!def!xyz%abc@example.example",
    "mailhost!anne@example.example",
    "anne@127.0.0.1",
    "anne@[127.0.0.1]",
    "anne@[IPv6:2001:db8::1]",
    "@a.example:anne@b.example",
    "@a.example,@c.example:anne@b.example",
    "jörg@bücher.example",
    "用户@例子.example",
    "anne@mail",
    "anne..arthur@example.example",
    ".anne@example.example",
    "anne(comment)@example.example",
    "Postmaster",
    "a" * 65 + "@example.example",
    "b" * 3000 + "@example.example",
    "prvs=1234567890=anne@example.example",
    "SRS0=xx=yy=other.example=anne@example.example",
]

BAD_PATHS = [
    "<a@x",
    "a@x>",
    "<a@x>>",
    "<<a@x>>",
    "<a@x>b",
    "<a@x>SIZE=1",
    "<a b@x>",
    '<"a@x>',
    '<a"@x>',
    "<a\\>",
    "<@x>",
    "<@x:>",
    "<a@>",
    "<@a:@b>",
    "<a\x07@x>",
    "<a\x7f@x>",
    "<a\t@x>",
    "",
    " ",
    "a<b@x>",
    "Anne <a@x>",
    "<a@x> <b@x>",
]

PARAMETERS = [
    "SIZE=12345",
    "BODY=8BITMIME",
    "BODY=7BIT",
    "body=8bitmime",
    "SMTPUTF8",
    "smtputf8",
    "RET=HDRS",
    "RET=FULL ENVID=QQ314159",
    "ENVID=a+2Bb+3Dc",
    "AUTH=<>",
    "AUTH=e+3Dmc2@example.example",
    "MT-PRIORITY=6",
    "MT-PRIORITY=-9",
    "BY=120;R",
    "BY=-100;NT",
    "HOLDFOR=86400",
    "HOLDUNTIL=2026-12-31T23:59:59Z",
    "SUBMITTER=ann@example.example",
    "MTRK=Y2VydGlmaWNhdGU=:3600",
    "SOLICIT=net.example:ADV",
    "XOORG=x.example",
    "X-UNKNOWN",
    "X-UNKNOWN=any;thing,at(all)=[x]{y}|~",
    "SIZE=1 BODY=8BITMIME  SMTPUTF8   RET=HDRS",
    "NOTIFY=NEVER",
    "NOTIFY=SUCCESS,FAILURE,DELAY",
    "ORCPT=rfc822;Bob+40x@example.example",
    "ORCPT=utf-8;jörg@example.example NOTIFY=FAILURE",
    "NOTIFY=SUCCESS ORCPT=rfc822;" + "x" * 500 + "@example.example",
    "RRVS=2014-04-03T23:01:00Z;C",
    "CONPERM",
    "notify=success,Failure",
    "ENVID=" + "q" * 100 + ' AUTH=<> SIZE=7 X=\\"<>',
]


@pytest.mark.parametrize("text", GOOD_PATHS)
def test_what_a_mail_server_would_accept_crosses(text: str) -> None:
    """Quoted local parts, source routes, literals, UTF-8 and odd but real addresses keep every character."""
    assert mail_path(f"FROM:<{text}>", max_size=MAX) == (Path(text=text), 0)
    assert rcpt_path(f"TO:<{text}>") == Path(text=text)
    assert rcpt_path(f"to: <{text}> NOTIFY=NEVER") == Path(text=text, parameters="NOTIFY=NEVER")


@pytest.mark.parametrize("text", GOOD_PATHS)
def test_angle_brackets_may_be_missing(text: str) -> None:
    """As Postfix does, an address without angle brackets is taken."""
    assert rcpt_path(f"TO:{text}") == Path(text=text)
    assert mail_path(f"FROM: {text} SIZE=9", max_size=MAX) == (Path(text=text, parameters="SIZE=9"), 9)


@pytest.mark.parametrize("text", BAD_PATHS)
def test_broken_paths_are_refused(text: str) -> None:
    """What cannot be read in one way only is refused for good."""
    for parsed in (mail_path(f"FROM:{text}", max_size=MAX), rcpt_path(f"TO:{text}")):
        assert isinstance(parsed, Reply)
        assert parsed.code in (501, 553)


def test_the_null_path_is_for_senders() -> None:
    """<> is a reverse-path only (RFC 5321 section 4.5.5)."""
    assert mail_path("FROM:<>", max_size=MAX) == (Path(text=""), 0)
    assert mail_path("FROM:<> RET=HDRS", max_size=MAX) == (Path(text="", parameters="RET=HDRS"), 0)
    assert isinstance(rcpt_path("TO:<>"), Reply)


@pytest.mark.parametrize("argument", ["", "TO:<a@x>", "FROM", "FROM<a@x>", "FROM :<a@x>", "<a@x>"])
def test_the_keyword_is_needed(argument: str) -> None:
    """MAIL without FROM: is a syntax error."""
    parsed = mail_path(argument, max_size=MAX)
    assert isinstance(parsed, Reply)
    assert parsed.code == 501


@pytest.mark.parametrize(
    "parameters",
    [
        "SIZE",
        "SIZE=",
        "SIZE=x",
        "SIZE=-1",
        "SIZE=١",
        "BODY=BINARYMIME",
        "BODY",
        "BODY=X",
        "SMTPUTF8=1",
        "#$%",
        "=x",
        "X=",
        "-X",
    ],
)
def test_bad_parameters_are_refused(parameters: str) -> None:
    """Parameters we must understand are checked, all must be well-formed, and BODY=BINARYMIME cannot be served."""
    parsed = mail_path(f"FROM:<a@x.example> {parameters}", max_size=MAX)
    assert isinstance(parsed, Reply)
    assert parsed.code == 501


def test_declared_size_over_the_limit() -> None:
    """SIZE= past the limit is 552 at MAIL."""
    assert mail_path(f"FROM:<a@x.example> SIZE={MAX + 1}", max_size=MAX) == TOO_BIG
    assert mail_path(f"FROM:<a@x.example> SIZE={MAX}", max_size=MAX) == (
        Path(text="a@x.example", parameters=f"SIZE={MAX}"),
        MAX,
    )


def test_there_are_thirty_parameter_lines() -> None:
    """The promise names thirty."""
    assert len(PARAMETERS) >= 30


async def test_parameters_cross_verbatim() -> None:
    """Each parameter line reaches the next hop as the bytes the client sent, in MAIL and in RCPT."""
    hop = Hop()
    async with edge_with(Box(), hop, memory_limit=2**28) as edge, client_of(edge) as client:
        await client.ask(b"EHLO c.example\r\n")
        for line in PARAMETERS:
            client.say(f"MAIL FROM:<jörg@x.example> {line}\r\nRCPT TO:<b@x.example> {line}\r\nRSET\r\n".encode())
            assert (line, await client.hears(3)) == (line, [250, 250, 250])
    assert [offered.mail_from.parameters for offered in hop.transactions] == PARAMETERS
    assert [offered.rcpt_to[0].parameters for offered in hop.transactions] == PARAMETERS
    assert {offered.mail_from.text for offered in hop.transactions} == {"jörg@x.example"}


async def test_bytes_that_are_no_utf8_survive() -> None:
    """Eight-bit octets in a path can be turned back into the same octets."""
    hop = Hop()
    async with edge_with(Box(), hop) as edge, client_of(edge) as client:
        client.say(b"EHLO c.example\r\nMAIL FROM:<j\xf6rg@x.example>\r\nRCPT TO:<\xff\xfe@x.example> X=\xe9\r\n")
        assert await client.hears(3) == [250, 250, 250]
    offered = hop.transactions[0]
    assert offered.mail_from.text.encode("utf-8", "surrogateescape") == b"j\xf6rg@x.example"
    assert offered.rcpt_to[0].text.encode("utf-8", "surrogateescape") == b"\xff\xfe@x.example"
    assert offered.rcpt_to[0].parameters.encode("utf-8", "surrogateescape") == b"X=\xe9"


async def test_long_lines_of_parameters_pass() -> None:
    """A command line of several KiB is taken; past 8 KiB it is 500 and the connection goes on."""
    async with edge_with() as edge, client_of(edge) as client:
        await client.ask(b"EHLO c.example\r\n")
        assert code(await client.ask(b"MAIL FROM:<a@x.example> X=" + b"y" * 8000 + b"\r\n")) == 250
        assert code(await client.ask(b"RCPT TO:<a@x.example> X=" + b"y" * 9000 + b"\r\n")) == 500
        assert code(await client.ask(b"RCPT TO:<a@x.example>\r\n")) == 250
