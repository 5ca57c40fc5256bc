"""STARTTLS (RFC 3207): nothing from before the handshake counts after it."""

import asyncio
import importlib.resources
import ssl
import subprocess
from pathlib import Path

import pytest
import uvloop

from gateway.config import Smtp
from gateway.errors import UserError
from gateway.smtp.server import certificate
from tests.smtp.kit import Box, Client, client_of, code, edge_with, reset, until

CERTIFICATES = importlib.resources.files("aiosmtpd.tests") / "certs"
TLS = {"tls_certificate": str(CERTIFICATES / "server.crt"), "tls_key": str(CERTIFICATES / "server.key")}


def trusting() -> ssl.SSLContext:
    """A client's context that checks nothing."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def upgraded(client: Client) -> None:
    """The client's side of the handshake."""
    await client.writer.start_tls(trusting())


async def converse() -> Box:
    """One mail through STARTTLS, with bytes injected before the handshake."""
    box = Box()
    async with edge_with(box, **TLS) as edge, client_of(edge) as client:
        assert b"STARTTLS" in await client.ask(b"EHLO before.example\r\n")
        client.say(b"STARTTLS\r\nMAIL FROM:<evil@x.example>\r\n")
        assert code(await client.hear()) == 220
        await upgraded(client)
        assert code(await client.ask(b"MAIL FROM:<a@x.example>\r\n")) == 503
        assert b"STARTTLS" not in await client.ask(b"EHLO after.example\r\n")
        assert code(await client.ask(b"STARTTLS\r\n")) == 503
        assert code(await client.ask(b"RCPT TO:<b@x.example>\r\n")) == 503
        await client.ready()
        assert code(await client.ask(b"\r\n" + b"x" * 300_000 + b"\r\n.\r\n")) == 250
        assert code(await client.ask(b"QUIT\r\n")) == 221
    return box


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run])
def test_a_mail_through_starttls(runner) -> None:
    """Injected bytes are dropped, the hello is asked for again, STARTTLS is gone, and the facts name the cipher."""
    box = runner(converse())
    envelope, raw = box.mails[0]
    assert len(raw) == 300_004
    assert envelope.mail_from.text == "ann@here.example"
    assert envelope.session.protocol == "ESMTPS"
    assert envelope.session.tls.startswith("TLSv1.")
    assert envelope.session.helo == "client.example"


async def broken_handshake() -> None:
    async with edge_with(**TLS) as edge:
        async with client_of(edge) as client:
            assert code(await client.ask(b"STARTTLS\r\n")) == 220
            client.say(b"EHLO c.example\r\nMAIL FROM:<evil@x.example>\r\n")
            assert b"250" not in await client.rest()
        async with client_of(edge) as client:
            assert code(await client.ask(b"NOOP\r\n")) == 250


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run])
def test_no_handshake_ends_the_connection(runner) -> None:
    """Plain text where the handshake should be closes the connection and hurts nobody else."""
    runner(broken_handshake())


async def reset_handshakes() -> None:
    async with edge_with(max_connections_per_peer=2, **TLS) as edge:
        for _ in range(3):
            async with client_of(edge) as client:
                assert code(await client.ask(b"STARTTLS\r\n")) == 220
                reset(client)
                await until(lambda: not edge.desk.sessions and not edge.desk.connections.open)


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run])
def test_a_reset_amid_the_handshake_frees_the_place(runner) -> None:
    """A client that resets instead of shaking hands is counted out, however many do."""
    runner(reset_handshakes())


async def stopped_handshake() -> None:
    async with edge_with(**TLS) as edge, client_of(edge) as client:
        assert code(await client.ask(b"STARTTLS\r\n")) == 220
        await asyncio.wait_for(edge.stop(), 2)
        assert not edge.desk.sessions


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run])
def test_stop_ends_a_handshake(runner) -> None:
    """Stopping amid a handshake leaves no session behind, and does not wait for it."""
    runner(stopped_handshake())


async def test_without_a_certificate() -> None:
    """STARTTLS is neither offered nor done; with an argument it is an error."""
    async with edge_with() as edge, client_of(edge) as client:
        assert b"STARTTLS" not in await client.ask(b"EHLO c.example\r\n")
        assert code(await client.ask(b"STARTTLS\r\n")) == 502
        assert code(await client.ask(b"STARTTLS now\r\n")) == 501


async def test_the_certificate_is_read_again() -> None:
    """After a reload new handshakes use a new context."""
    async with edge_with(**TLS) as edge:
        before = edge.desk.tls
        edge.reload()
        assert edge.desk.tls is not before
        async with client_of(edge) as client:
            assert code(await client.ask(b"STARTTLS\r\n")) == 220
            await upgraded(client)
            assert code(await client.ask(b"NOOP\r\n")) == 250


@pytest.mark.real("openssl")
def test_a_key_behind_a_password_is_refused(tmp_path: Path) -> None:
    """Nobody is asked for it, at the start or while mail passes: the files cannot be used, and that is said."""
    request = (
        "openssl req -x509 -newkey rsa:2048 -passout pass:secret -subj /CN=x.example -keyout key.pem -out cert.pem"
    )
    subprocess.run(request.split(), cwd=tmp_path, check=True, capture_output=True, timeout=60)

    with pytest.raises(UserError, match=r"smtp\.tls_certificate: the certificate cannot be used"):
        certificate(Smtp(tls_certificate=str(tmp_path / "cert.pem"), tls_key=str(tmp_path / "key.pem")))
