"""SIGHUP: renewed certificates are taken up by the running gateway, and nobody notices."""

import os
import signal
import smtplib
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.counting_sink import CountingSink
from tests.gateway_process import GatewayProcess, start_gateway

WORKERS = 2
PATIENCE = 20.0  # seconds until every process has the new certificate
IN_A_ROW = 12  # handshakes; the kernel spreads connections over the processes


@pytest.fixture
def sink() -> Iterator[CountingSink]:
    """Where mail goes on to."""
    one = CountingSink()
    yield one
    one.stop()


def _make(folder: Path) -> bytes:
    """A new self-signed certificate and key there; the certificate as it goes over the wire."""
    folder.mkdir(exist_ok=True)
    request = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=gate.example "
        "-keyout privkey.pem -out fullchain.pem"
    )
    subprocess.run(request.split(), cwd=folder, check=True, capture_output=True, timeout=60)
    return ssl.PEM_cert_to_DER_cert((folder / "fullchain.pem").read_text("ascii"))


def _settings(folder: Path) -> tuple[str, str]:
    file = folder / "gateway.toml"
    names = 'tls_certificate = "tls/fullchain.pem"\ntls_key = "tls/privkey.pem"\n'
    file.write_text(f"[smtp]\nworkers = {WORKERS}\n{names}", "utf-8")
    return "--config", str(file)


def _secured(gateway: GatewayProcess) -> smtplib.SMTP:
    """A client behind its STARTTLS; it trusts anybody."""
    client = smtplib.SMTP("127.0.0.1", gateway.port, timeout=30)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client.starttls(context=context)
    client.ehlo()
    return client


def _shown(client: smtplib.SMTP) -> bytes:
    assert isinstance(client.sock, ssl.SSLSocket)
    return client.sock.getpeercert(binary_form=True) or b""


def _seen(gateway: GatewayProcess) -> bytes:
    with _secured(gateway) as client:
        return _shown(client)


def _taken_up(gateway: GatewayProcess, certificate: bytes) -> bool:
    """Whether all processes show it, within the patience."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if all(_seen(gateway) == certificate for _ in range(IN_A_ROW)):
            return True
    return False


def _logged(gateway: GatewayProcess, words: str, count: int = 1) -> list[str]:
    """The lines of the operators' log with these words, once there are so many; those there are, past the patience."""
    deadline = time.monotonic() + PATIENCE
    while True:
        text = gateway.state.with_suffix(".log").read_text("utf-8")
        found = [line for line in text.splitlines() if words in line]
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def _hang_up(gateway: GatewayProcess) -> None:
    os.kill(gateway.process.pid, signal.SIGHUP)


@pytest.mark.real("openssl")
def test_a_renewed_certificate_is_taken_up_and_no_mail_is_disturbed(sink: CountingSink, tmp_path: Path) -> None:
    """After SIGHUP every process shows the new certificate, and a mail whose data was half sent goes on to its 250."""
    old = _make(tmp_path / "tls")
    gateway = start_gateway(tmp_path / "state", upstream=sink.port, arguments=_settings(tmp_path))
    try:
        pids = gateway.pids()
        client = _secured(gateway)
        shown = _shown(client)
        client.mail("mira@lantern.example")
        client.rcpt("jo@lantern.example")
        began, _ = client.docmd("DATA")
        client.send("Message-ID: <half@lantern.example>\r\n\r\nSoup, ")
        new = _make(tmp_path / "tls")
        _hang_up(gateway)
        renewed = _taken_up(gateway, new)
        client.send("and bread.\r\n.\r\n")
        ended, _ = client.getreply()
        client.quit()
        same = pids == gateway.pids()
        read = _logged(gateway, "the certificate was read again", WORKERS)
    finally:
        assert gateway.terminate() == 0

    assert (old, True) == (shown, renewed)
    assert (354, 250, True) == (began, ended, same)
    assert {"half@lantern.example": 1} == sink.seen
    assert len(read) == WORKERS
    assert all(str(tmp_path / "tls" / "fullchain.pem") in line for line in read)


@pytest.mark.real("openssl")
@pytest.mark.parametrize("broken", ["fullchain.pem", "privkey.pem"])
def test_a_certificate_that_cannot_be_read_leaves_the_old_one(sink: CountingSink, tmp_path: Path, broken: str) -> None:
    """Each process says which setting and files are wrong and goes on with what it had; mended, they are taken up."""
    old = _make(tmp_path / "tls")
    gateway = start_gateway(tmp_path / "state", upstream=sink.port, arguments=_settings(tmp_path))
    try:
        pids = gateway.pids()
        (tmp_path / "tls" / broken).write_text("half written", "utf-8")
        _hang_up(gateway)
        complaints = _logged(gateway, "the certificate was not read again", WORKERS)
        kept = {_seen(gateway) for _ in range(IN_A_ROW)}
        new = _make(tmp_path / "tls")
        _hang_up(gateway)
        mended = _taken_up(gateway, new)
        same = pids == gateway.pids()
    finally:
        assert gateway.terminate() == 0

    assert len(complaints) == WORKERS
    for line in complaints:
        assert "smtp.tls_certificate" in line
        assert str(tmp_path / "tls" / "fullchain.pem") in line
        assert str(tmp_path / "tls" / "privkey.pem") in line
    assert ({old}, True, True) == (kept, mended, same)


@pytest.mark.real("openssl")
def test_a_process_that_was_started_again_is_told_too(sink: CountingSink, tmp_path: Path) -> None:
    """SIGHUP while a crashed process is away or on its way back: it serves with the new certificate in the end."""
    _make(tmp_path / "tls")
    gateway = start_gateway(tmp_path / "state", upstream=sink.port, arguments=_settings(tmp_path))
    try:
        os.kill(gateway.pids()[1], signal.SIGKILL)
        new = _make(tmp_path / "tls")
        _hang_up(gateway)
        _logged(gateway, "SMTP process ended; starting it again")
        deadline = time.monotonic() + PATIENCE
        while len(gateway.pids()) <= WORKERS and time.monotonic() < deadline:
            time.sleep(0.05)
        _hang_up(gateway)
        renewed = _taken_up(gateway, new)
    finally:
        assert gateway.terminate() == 0

    assert renewed


def test_without_a_certificate_sighup_changes_nothing(sink: CountingSink, tmp_path: Path) -> None:
    """SIGHUP to the gateway or to each of its processes, as a closed terminal sends it, ends none of them."""
    gateway = start_gateway(tmp_path / "state", upstream=sink.port, arguments=("--workers", str(WORKERS)))
    try:
        pids = gateway.pids()
        for pid in pids:
            os.kill(pid, signal.SIGHUP)
        told = _logged(gateway, "reload")
        with smtplib.SMTP("127.0.0.1", gateway.port, timeout=30) as client:
            code, _ = client.noop()
        same = pids == gateway.pids()
    finally:
        assert gateway.terminate() == 0

    assert (250, True) == (code, same)
    assert "restart" in told[0]
