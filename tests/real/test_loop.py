"""Loops end: a gateway that is its own next hop, and an answering machine that answers notices."""

import smtplib
from pathlib import Path

from tests.counting_sink import CountingSink
from tests.gateway_process import start_gateway
from tests.real.postfix import free_port

WORDS = "Everybody must put the new banner on their own LinkedIn profile by Friday."


def test_a_gateway_that_is_its_own_next_hop_ends_with_a_temporary_refusal(tmp_path: Path) -> None:
    """A next hop whose name hides that it is the gateway itself (a place that is plainly the same is refused at the
    start) is answered 4yz when its time is up, and nothing goes round."""
    port = free_port()
    settings = tmp_path / "gateway.toml"
    settings.write_text("[upstream]\nconnect_timeout = 2\ncommand_timeout = 2\n", "utf-8")
    itself = ["--config", str(settings), "--upstream", f"localhost:{port}"]
    gateway = start_gateway(tmp_path / "state", upstream=port, listen=port, arguments=itself)
    try:
        with smtplib.SMTP("127.0.0.1", gateway.port, timeout=60) as client:
            greeted = client.ehlo()[0]
            client.helo()
            client.mail("mira@lantern.example")
            refused = client.rcpt("jo@lantern.example")[0]
            alive = client.noop()[0]
    finally:
        gateway.terminate()

    assert (451, 451, 250) == (greeted, refused, alive)


def test_an_answer_to_a_notice_is_passed_on_and_never_answered(tmp_path: Path) -> None:
    """An out-of-office mail of the sender to the notice's address goes on; automatic mail held gets no notice."""
    sink = CountingSink()
    gateway = start_gateway(tmp_path / "state", upstream=sink.port)
    automatic = "Auto-Submitted: auto-replied\r\nSubject: away\r\n"
    try:
        with smtplib.SMTP("127.0.0.1", gateway.port, timeout=60) as client:
            reply = f"{automatic}Message-ID: <away@lantern.example>\r\n\r\nI am away.\r\n"
            client.sendmail("mira@lantern.example", ["askonce@lantern.example"], reply)
            held = f"{automatic}Message-ID: <held@lantern.example>\r\n\r\n{WORDS}\r\n"
            client.sendmail("mira@lantern.example", ["jo@lantern.example"], held)
            bounce = f"Message-ID: <bounce@lantern.example>\r\n\r\n{WORDS}\r\n"
            client.sendmail("", ["jo@lantern.example"], bounce)
            client.sendmail(
                "mira@lantern.example", ["jo@lantern.example"], "Message-ID: <last@lantern.example>\r\n\r\nSoup\r\n"
            )
    finally:
        gateway.terminate()
        sink.stop()

    assert {"away@lantern.example": 1, "bounce@lantern.example": 1, "last@lantern.example": 1} == dict(sink.seen)
