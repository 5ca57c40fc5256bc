"""Real Postfix: as the next hop, with the gateway as its before-queue proxy, and as its content filter."""

import hashlib
import smtplib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.mail.trace_headers import LOOP_HEADER
from tests.gateway_process import GatewayProcess, start_gateway
from tests.real.postfix import Postfix, free_port, open_folder, remove, start_postfix

pytestmark = pytest.mark.real("postfix", "smtp-source")

DEMAND = (
    b"From: Mira <mira@lantern.example>\r\nTo: all@lantern.example\r\nSubject: Banners\r\n"
    b"Message-ID: <%s@lantern.example>\r\nDate: Mon, 02 Nov 2026 09:00:00 +0000\r\n\r\n"
    b"Dear all,\r\n\r\neverybody must put the new banner on their own LinkedIn profile by Friday.\r\n\r\nMira\r\n"
)
PLAIN = (
    b"From: Mira <mira@lantern.example>\r\nTo: jo@lantern.example\r\nSubject: Lunch\r\n"
    b"Message-ID: <%s@lantern.example>\r\nDate: Mon, 02 Nov 2026 09:00:00 +0000\r\n\r\n"
    b"The soup today is lentil.\r\n.a line that begins with a dot\r\n\r\nMira\r\n"
)


@dataclass(frozen=True, kw_only=True)
class Site:
    """A Postfix and a gateway that stand before and behind each other."""

    postfix: Postfix
    gateway: GatewayProcess


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Postfix on three ports; the gateway hands everything to the port that delivers."""
    root = open_folder()
    gateway_port = free_port()
    postfix = start_postfix(root / "postfix", gateway_port=gateway_port)
    try:
        gateway = start_gateway(
            root / "state", upstream=postfix.reinject, listen=gateway_port, domains=("lantern.example",)
        )
        try:
            yield Site(postfix=postfix, gateway=gateway)
        finally:
            gateway.terminate()
    finally:
        postfix.stop()
        remove(root)


def _send(port: int, to: str, raw: bytes, *, helo: str = "original.client.example") -> None:
    with smtplib.SMTP("127.0.0.1", port, local_hostname=helo, timeout=30) as client:
        client.sendmail("mira@lantern.example", [to], raw)


def _bodies(postfix: Postfix, marker: bytes) -> list[bytes]:
    return [raw for file in postfix.delivered() if marker in (raw := file.read_bytes())]


@pytest.mark.parametrize("way", ["gateway", "proxy", "filtered"])
def test_ordinary_mail_arrives_whole_by_every_way(site: Site, way: str) -> None:
    """Sent to the gateway, through smtpd_proxy_filter or through content_filter, a mail arrives once, unchanged."""
    port = site.gateway.port if way == "gateway" else getattr(site.postfix, way)
    before = len(site.postfix.delivered())

    _send(port, "jo@lantern.example", PLAIN % way.encode())

    arrived = [file.read_bytes() for file in site.postfix.wait_for(before + 1)[before:]]
    assert len(arrived) == 1
    expected = (PLAIN % way.encode()).split(b"\r\n\r\n", 1)[1].replace(b"\r\n", b"\n")
    assert expected == arrived[0].split(b"\n\n", 1)[1]
    assert LOOP_HEADER.encode() + b": " in arrived[0]


@pytest.mark.parametrize("name", ["before-queue.cf", "after-queue.cf"])
def test_the_ways_back_of_our_postfix_files_take_mail(site: Site, name: str) -> None:
    """The entry for port 10026 as it stands in deploy/postfix: it believes XFORWARD, wants no TLS, and delivers."""
    marker = f"back-{name}".encode()
    with smtplib.SMTP("127.0.0.1", site.postfix.ways_back[name], timeout=30) as client:
        client.ehlo()
        assert client.has_extn("xforward")
        assert not client.has_extn("starttls")
        client.sendmail("mira@lantern.example", ["jo@lantern.example"], PLAIN % marker)
    site.postfix.wait_for(len(site.postfix.delivered()) + 1, seconds=2)
    assert len(_bodies(site.postfix, marker)) == 1


@pytest.mark.parametrize("way", ["gateway", "proxy", "filtered"])
def test_a_demand_is_held_and_its_sender_told_by_every_way(site: Site, way: str) -> None:
    """The mail itself is not delivered; one notice goes to its sender."""
    port = site.gateway.port if way == "gateway" else getattr(site.postfix, way)
    before = len(site.postfix.delivered())

    _send(port, "all@lantern.example", DEMAND % (b"demand-" + way.encode()))

    arrived = [file.read_bytes() for file in site.postfix.wait_for(before + 1)[before:]]
    assert len(arrived) == 1
    assert b"Delivered-To: mira@lantern.example" in arrived[0]
    assert b"Auto-Submitted: auto-" in arrived[0]


def test_the_next_hops_refusal_of_a_recipient_comes_back_word_for_word(site: Site) -> None:
    """What Postfix says about one recipient reaches the client unchanged; the other one still gets the mail."""
    before = len(site.postfix.delivered())
    with smtplib.SMTP("127.0.0.1", site.gateway.port, timeout=30) as client:
        client.ehlo()
        client.mail("mira@lantern.example")
        good = client.rcpt("jo@lantern.example")
        gone = client.rcpt("gone@lantern.example")
        client.data(PLAIN % b"two")

    assert (250, b"2.1.5 Ok") == good
    assert (550, b"5.1.1 <gone@lantern.example>: Recipient address rejected: no longer here") == gone
    assert len(site.postfix.wait_for(before + 1)) == before + 1


def test_postfix_sees_the_first_client_through_xforward(site: Site) -> None:
    """Behind smtpd_proxy_filter the second Postfix still writes the first client's HELO name into Received."""
    before = len(site.postfix.delivered())

    _send(site.postfix.proxy, "jo@lantern.example", PLAIN % b"xforward", helo="far.away.example")

    arrived = site.postfix.wait_for(before + 1)[before].read_bytes()
    assert b"Received: from far.away.example" in arrived


def test_a_loop_is_refused_through_the_proxy(site: Site) -> None:
    """Past fifty Received lines the client of the front Postfix gets 5.4.6, and nothing is delivered."""
    before = len(site.postfix.delivered())
    hops = b"Received: from a.example by b.example; Mon, 02 Nov 2026 09:00:00 +0000\r\n" * 51

    with pytest.raises(smtplib.SMTPDataError) as refusal:
        _send(site.gateway.port, "jo@lantern.example", hops + PLAIN % b"loop")

    assert refusal.value.smtp_code == 554
    assert b"5.4.6" in bytes(refusal.value.smtp_error)
    assert len(site.postfix.delivered()) == before


def test_a_load_of_mail_arrives_complete(site: Site, tmp_path: Path) -> None:
    """smtp-source sends 300 mails over 10 sessions; Postfix has 300 more, all with the same body."""
    mail = tmp_path / "mail"
    mail.write_bytes((PLAIN % b"load").replace(b"\r\n", b"\n"))
    before = len(site.postfix.delivered())

    command = ["smtp-source", "-s", "10", "-m", "300", "-f", "mira@lantern.example", "-t", "jo@lantern.example"]
    subprocess.run([*command, "-F", str(mail), f"127.0.0.1:{site.gateway.port}"], check=True, timeout=60)

    arrived = site.postfix.wait_for(before + 300, seconds=60)[before:]
    digests = {hashlib.sha256(file.read_bytes().split(b"\n\n", 1)[1]).hexdigest() for file in arrived}
    assert (300, 1) == (len(arrived), len(digests))
