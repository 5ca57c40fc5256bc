"""P15: TLS that is required is never done without."""

import ssl
import subprocess
from pathlib import Path

import pytest

from gateway.errors import NextHopUnavailable
from tests.delivery.conftest import connect, deliver
from tests.scripted_next_hop import EHLO, Act, ScriptedNextHop, say

OFFER = say(EHLO.replace(b"250-DSN", b"250-STARTTLS\r\n250-DSN"))
GO = Act(reply=b"220 2.0.0 go ahead\r\n", then="tls")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key, in one file."""
    folder = tmp_path_factory.mktemp("tls")
    request = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=next.example "
        "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out certificate.pem"
    )
    subprocess.run(request.split(), cwd=folder, check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture
def server(certificate: Path) -> ssl.SSLContext:
    """The next hop's side."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "certificate.pem", certificate / "key.pem")
    return context


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    """Our side, which knows the certificate."""
    return ssl.create_default_context(cafile=certificate / "certificate.pem")


async def test_encrypted(server: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """STARTTLS, then EHLO anew, then mail; the connection is kept, and nothing but EHLO was said in clear."""
    async with (
        ScriptedNextHop({"EHLO": [OFFER, say(EHLO)], "STARTTLS": GO}, tls=server) as hop,
        connect(hop.address, tls="required", tls_context=trusting) as upstream,
    ):
        assert "STARTTLS" not in await upstream.extensions()
        assert [True, True] == [(await deliver(upstream)).accepted for _ in range(2)]
    (heard,) = hop.connections
    assert (True, 2) == (heard.tls, len(heard.messages))
    assert [b"EHLO", b"STARTTLS", b"EHLO", b"MAIL"] == [line.split()[0] for line in heard.commands[:4]]


@pytest.mark.parametrize(
    "script",
    [
        {},
        {"EHLO": OFFER},
        {"EHLO": OFFER, "STARTTLS": say(b"501 5.5.4 no\r\n")},
        {"EHLO": OFFER, "STARTTLS": say(b"220 go\r\n250 injected\r\n")},
        {"EHLO": OFFER, "STARTTLS": say(b"220 go\r\n25")},
        {"EHLO": OFFER, "STARTTLS": say(b"220 go\r\n", then="close")},
        {"EHLO": OFFER, "STARTTLS": say(b"220 go\r\n", then="reset")},
        {"EHLO": OFFER, "STARTTLS": say(b"220 go\r\n", then="silent")},
        {"EHLO": OFFER, "STARTTLS": Act(reply=b"220 go\r\nplain text in place of a handshake\r\n")},
        {"EHLO": OFFER, "STARTTLS": say(b"250 go\r\n")},
    ],
    ids=["none", "454", "501", "injected", "half", "close", "reset", "silent", "plain", "250"],
)
async def test_never_downgraded(script: dict[str, Act], trusting: ssl.SSLContext) -> None:
    """No STARTTLS, a refusal, words slipped in before the handshake or none at all: no mail goes out in clear."""
    quick = {"connect_timeout": 0.3, "command_timeout": 0.3}
    async with (
        ScriptedNextHop(script) as hop,
        connect(hop.address, tls="required", tls_context=trusting, **quick) as upstream,
    ):
        with pytest.raises(NextHopUnavailable):
            await deliver(upstream)
        assert upstream._pool._size == 0
    assert hop.count("MAIL") == 0


async def test_an_unknown_certificate_is_refused(server: ssl.SSLContext) -> None:
    """By default the certificate must be good in the eyes of the system's authorities."""
    async with (
        ScriptedNextHop({"EHLO": OFFER, "STARTTLS": GO}, tls=server) as hop,
        connect(hop.address, tls="required") as upstream,
    ):
        with pytest.raises(NextHopUnavailable):
            await deliver(upstream)
    assert hop.count("MAIL") == 0
