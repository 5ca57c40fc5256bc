"""Notices answered through a real Postfix: as people's mail programs send them, by the ways a site may stand."""

import email
import email.policy
import re
import smtplib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage

import pytest

from tests.gateway_process import GatewayProcess, start_gateway
from tests.real.postfix import Postfix, free_port, open_folder, remove, start_postfix

pytestmark = pytest.mark.real("postfix")

MIRA = "mira@lantern.example"
HELD = (
    "From: Mira <mira@lantern.example>\r\nTo: all@lantern.example\r\nSubject: Banners {name}\r\n"
    "Message-ID: <{name}@lantern.example>\r\nAccept-Language: {language}\r\n"
    "Date: Mon, 02 Nov 2026 09:00:00 +0000\r\n\r\n"
    "Dear all,\r\n\r\neverybody must put the new banner on their own LinkedIn profile by Friday.\r\n\r\nMira\r\n"
)
NEW = "Dear all,\n\nthe new banner is kept in the brand folder for whoever may ever want it.\n\nMira"


@dataclass(frozen=True, kw_only=True)
class Site:
    """A Postfix before and behind the gateway."""

    postfix: Postfix
    gateway: GatewayProcess

    def send(self, raw: str | bytes, to: str, *, way: str = "proxy") -> None:
        """Mail from Mira's program, by one of Postfix's ports."""
        port = self.gateway.port if way == "gateway" else getattr(self.postfix, way)
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
            client.sendmail(MIRA, [to], raw)

    def arrived(self, subject: str, count: int = 1, seconds: float = 30) -> list[EmailMessage]:
        """The mails with this in their subject, once there are so many."""
        end, found = time.monotonic() + seconds, []
        while len(found) < count and time.monotonic() < end:
            time.sleep(0.1)
            mails = [
                email.message_from_bytes(f.read_bytes(), policy=email.policy.default) for f in self.postfix.delivered()
            ]
            found = [mail for mail in mails if subject in str(mail["subject"])]
        return found

    def hold(self, name: str, *, language: str = "en", title: str = "Not sent yet") -> EmailMessage:
        """Have a mail held; its notice."""
        self.send(HELD.format(name=name, language=language), "all@lantern.example")
        [notice] = self.arrived(f"{title}: Banners {name}")
        return notice

    def answer(self, notice: EmailMessage, text: str, *, way: str = "proxy", html: bool = False) -> None:
        """Reply to a notice as a mail program does: quoted below, to its Reply-To."""
        quoted = notice.get_body(("plain",)).get_content()
        reply = EmailMessage(policy=email.policy.SMTP)
        reply["From"], reply["To"] = f"Mira <{MIRA}>", notice["reply-to"]
        reply["Subject"], reply["In-Reply-To"] = f"Re: {notice['subject']}", notice["message-id"]
        reply["Message-ID"] = f"<answer-{time.monotonic_ns()}@lantern.example>"
        below = "\n".join(f"> {line}" for line in quoted.splitlines())
        reply.set_content(f"{text}\n\nOn 2 Nov 2026, at 10:00, {notice['from']} wrote:\n\n{below}\n")
        if html:
            paragraphs = "".join(f"<p>{line}</p>" for line in text.split("\n\n"))
            reply.add_alternative(f"<html><body>{paragraphs}<blockquote>{notice.get_body(('html',)).get_content()}"
                                  "</blockquote></body></html>", subtype="html")  # fmt: skip
        self.send(reply.as_bytes(), re.sub(r".*<|>.*", "", str(notice["reply-to"])), way=way)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Postfix on three ports; the gateway hands everything to the port that delivers."""
    root = open_folder()
    port = free_port()
    postfix = start_postfix(root / "postfix", gateway_port=port)
    try:
        gateway = start_gateway(root / "state", upstream=postfix.reinject, listen=port, domains=("lantern.example",))
        try:
            yield Site(postfix=postfix, gateway=gateway)
        finally:
            gateway.terminate()
    finally:
        postfix.stop()
        remove(root)


@pytest.mark.parametrize("way", ["gateway", "proxy", "filtered"])
def test_a_reply_with_the_new_text_sends_the_mail(site: Site, way: str) -> None:
    """Through Postfix's proxy filter, its content filter or straight: the mail goes out with the new words, once, and
    one note says so; the reply itself reaches no mailbox."""
    notice = site.hold(f"new-{way}")
    site.answer(notice, NEW, way=way, html=way == "proxy")
    [mail] = [one for one in site.arrived(f"Banners new-{way}", 3) if "Not sent" not in one["subject"]
              and "Sent:" not in one["subject"]]  # fmt: skip
    assert NEW.split("\n") == mail.get_content().strip().splitlines()
    [told] = site.arrived(f"Sent: Banners new-{way}")
    assert f"<new-{way}@lantern.example>" == told["in-reply-to"]
    assert [] == site.arrived("Re: Not sent yet", seconds=0.5)


def test_withdraw_and_dispute_in_another_language(site: Site) -> None:
    """A German notice answered with German words."""
    site.answer(site.hold("zwei", language="de-DE", title="Noch nicht gesendet"), "Zurückziehen")
    [told] = site.arrived("Zurückgezogen: Banners zwei")
    assert "de" == told["content-language"]
    site.answer(
        site.hold("drei", language="de-DE", title="Noch nicht gesendet"), "Widerspruch: es geht um unsere Seite"
    )
    [told] = site.arrived("Wird geprüft: Banners drei")
    assert "es geht um unsere Seite" in told.get_body(("plain",)).get_content()


def test_an_automatic_reply_through_postfix_changes_nothing(site: Site) -> None:
    """An absence note to the notice's Reply-To is swallowed, and the mail stays held."""
    notice = site.hold("away")
    address = re.sub(r".*<|>.*", "", str(notice["reply-to"]))
    site.send(
        f"From: {MIRA}\r\nTo: {address}\r\nAuto-Submitted: auto-replied\r\nSubject: away\r\n\r\nWITHDRAW\r\n", address
    )
    site.answer(notice, "What is this?")
    assert 1 == len(site.arrived("Not sent yet: Banners away", 2)[1:])
    assert [] == site.arrived("Taken back: Banners away", seconds=0.5)


def test_an_answer_is_taken_while_the_next_hop_is_away(site: Site) -> None:
    """Postfix behind the gateway stops: the answer is taken at once, and the mail goes out when it is back."""
    root = open_folder()
    port = free_port()
    postfix = start_postfix(root / "postfix", gateway_port=free_port())
    try:
        gateway = start_gateway(root / "state", upstream=postfix.reinject, listen=port, domains=("lantern.example",))
        try:
            alone = Site(postfix=postfix, gateway=gateway)
            alone.send(HELD.format(name="down", language="en"), "all@lantern.example", way="gateway")
            [notice] = alone.arrived("Not sent yet: Banners down")
            postfix.stop()
            alone.answer(notice, "WITHDRAW", way="gateway")
        finally:
            gateway.terminate()
        states = [
            line for file in (root / "state" / "audit").rglob("*.jsonl") for line in file.read_text().splitlines()
        ]
        assert any('"askonce.outcome":"withdrawn"' in line for line in states)
        assert not any(str(notice["reply-to"]).partition("+")[2][:48] in line for line in states)
    finally:
        postfix.stop()
        remove(root)


def test_a_corrected_mail_sent_afresh_closes_the_held_one(site: Site) -> None:
    """Held in one process, known to all of them, closed when the corrected mail is delivered; told in one mail."""
    site.hold("afresh")
    time.sleep(3)  # a beat, after which every process of the node knows whose mail is held
    was = "everybody must put the new banner on their own LinkedIn profile by Friday"
    better = "the new banner for LinkedIn is kept in the brand folder for whoever may ever want it"
    corrected = HELD.format(name="afresh", language="en").replace(was, better).replace("<afresh@", "<afresh-2@")
    site.send(corrected, "all@lantern.example")
    [told] = site.arrived("Sent, and the earlier one closed: Banners afresh")
    assert "<afresh-2@lantern.example>" == told["in-reply-to"]
    assert [] == site.arrived("Returned to you", seconds=0.5)
