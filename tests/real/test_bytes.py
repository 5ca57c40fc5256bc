"""What goes on is byte for byte what came in, under whole header lines of ours: signatures survive."""

import base64
import hashlib
import random
import smtplib
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dkim
import pytest

from tests.counting_sink import CountingSink
from tests.gateway_process import GatewayProcess, start_gateway

HEAD = b"From: mira@lantern.example\r\nTo: jo@lantern.example\r\nSubject: bytes\r\nMessage-ID: <%d@lantern.example>\r\n"
NOISE = random.Random(12).randbytes(300_000).replace(b"\r", b"r").replace(b"\n", b"n").replace(b"\0", b"0")
BODIES = {
    "nothing": b"",
    "only a dot": b".\r\n",
    "dots": b".\r\n..\r\n...\r\n. \r\n.x\r\n\r\n.\r\n",
    "eight bits": "Grüße, 漢字, Привет\r\n".encode(),
    "latin one": "Grüße\r\n".encode("latin-1"),
    "998 bytes": b"x" * 998 + b"\r\n",
    "far too long a line": b"y" * 70_000 + b"\r\n",
    "no final line end of a part": b"--b\r\n\r\nhello\r\n--b--",
    "white space at line ends": b"a \t \r\n \r\n\t\r\n",
    "bytes of all kinds, past the spool's threshold": b"".join(
        NOISE[at : at + 900] + b"\r\n" for at in range(0, 300_000, 900)
    )
    * 5,
    "a big attachment": base64.encodebytes(NOISE * 12).replace(b"\n", b"\r\n"),
}


@pytest.fixture(scope="module")
def sink() -> Iterator[CountingSink]:
    """Keeps what arrives."""
    one = CountingSink()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def gateway(sink: CountingSink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway in front of it."""
    running = start_gateway(tmp_path_factory.mktemp("bytes") / "state", upstream=sink.port)
    yield running
    running.terminate()


def _through(gateway: GatewayProcess, sink: CountingSink, mail: bytes) -> bytes:
    """The same mail as it arrives behind the gateway. smtplib stuffs dots and adds a missing final CRLF."""
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=60) as client:
        client.ehlo()
        client.mail("mira@lantern.example", ["BODY=8BITMIME"])
        client.rcpt("jo@lantern.example")
        assert client.data(mail)[0] == 250
    return sink.mails[-1]


@pytest.mark.parametrize("name", BODIES)
def test_the_content_crosses_unchanged(gateway: GatewayProcess, sink: CountingSink, name: str) -> None:
    """Behind our header lines the digest of what arrives is that of what was sent."""
    number = list(BODIES).index(name)
    mail = HEAD % number + b"\r\n" + BODIES[name]
    mail = mail if mail.endswith(b"\r\n") else mail + b"\r\n"

    arrived = _through(gateway, sink, mail)

    ours, content = arrived[: -len(mail)], arrived[-len(mail) :]
    assert hashlib.sha256(mail).hexdigest() == hashlib.sha256(content).hexdigest()
    assert ours.startswith(b"Received: ")
    assert ours.endswith(b"\r\n")
    assert all(line[:1] in b" \t" or b": " in line for line in ours.split(b"\r\n")[:-1])


@pytest.mark.real("openssl")
def test_a_dkim_signature_verifies_behind_the_gateway(
    gateway: GatewayProcess, sink: CountingSink, tmp_path: Path
) -> None:
    """Signed before, verified after (RFC 6376), with simple and relaxed canonicalization."""
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", str(key), "2048"], check=True, capture_output=True)
    public = subprocess.run(
        ["openssl", "rsa", "-in", str(key), "-pubout", "-outform", "DER"], check=True, capture_output=True
    ).stdout
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    for number, form in enumerate(((b"simple", b"simple"), (b"relaxed", b"relaxed"))):
        mail = HEAD % (100 + number) + b"\r\n.dots and  spaces \r\n\r\n..\r\nGr\xc3\xbc\xc3\x9fe\r\n"
        signature = dkim.sign(mail, b"s1", b"lantern.example", key.read_bytes(), canonicalize=form)

        arrived = _through(gateway, sink, signature + mail)

        assert dkim.verify(arrived, dnsfunc=lambda *_, **__: record)
        assert not dkim.verify(arrived.replace(b"dots", b"d0ts"), dnsfunc=lambda *_, **__: record)


def test_twenty_big_mails_at_once_leave_memory_bounded(gateway: GatewayProcess) -> None:
    """Twenty times 30 MiB at once: each is taken or put off with 4yz, and no process holds more than 512 MiB: what
    `smtp.memory_limit` lets in at once, and its own."""
    mail = HEAD % 999 + b"\r\n" + (b"z" * 76 + b"\r\n") * (30 * 1024 * 1024 // 78)

    def send(_: int) -> int:
        with smtplib.SMTP("127.0.0.1", gateway.port, timeout=120) as client:
            client.ehlo()
            client.mail("mira@lantern.example")
            client.rcpt("jo@lantern.example")
            try:
                return client.data(mail)[0]
            except smtplib.SMTPDataError as refusal:
                return refusal.smtp_code

    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(send, range(20)))

    peaks = [_peak(pid) for pid in gateway.pids()]
    assert set(codes) <= {250, 451, 452}
    assert 250 in codes
    assert max(peaks) < 512 * 1024 * 1024


def _peak(pid: int) -> int:
    """The most memory a process ever had, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
