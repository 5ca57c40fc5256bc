"""One client cannot stall another: whatever mail comes in, a NOOP beside it is answered within a second."""

import smtplib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.counting_sink import CountingSink
from tests.gateway_process import GatewayProcess, start_gateway

HEAD = "To: all@lantern.example\r\nSubject: News\r\nMIME-Version: 1.0\r\n"
SENTENCE = "Dear all, has everybody put our new banner on their own LinkedIn profile yet, and who still has to? "
ENCODED = "=?utf-8?q?Linked?= " * 20_000
CONTINUED = "".join(f" f*{number}=x;\r\n" for number in range(20_000))
PARTS = "--b\r\nContent-Type: text/plain\r\n\r\nLinkedIn\r\n" * 50_000


def _nested(depth: int) -> str:
    return "".join(f'Content-Type: multipart/mixed; boundary="{n}"\r\n\r\n--{n}\r\n' for n in range(depth))


MAILS = {
    "a quarter of a megabyte about profiles": f"{HEAD}\r\n{(SENTENCE * 8 + chr(13) + chr(10)) * 320}",
    "the same as HTML": f"{HEAD}Content-Type: text/html\r\n\r\n{f'<p>{SENTENCE * 8}</p>{chr(13)}{chr(10)}' * 320}",
    "unclosed tags": f"{HEAD}Content-Type: text/html\r\n\r\n{('<div>LinkedIn' * 70 + chr(13) + chr(10)) * 1000}",
    "encoded words": f"To: all@lantern.example\r\nSubject: {ENCODED[:90_000]}\r\n\r\nLinkedIn\r\n",
    "continued parameters": f"{HEAD}Content-Type: text/plain;\r\n{CONTINUED[:90_000]} x=y\r\n\r\nLinkedIn\r\n",
    "fifty thousand parts": f'{HEAD}Content-Type: multipart/mixed; boundary="b"\r\n\r\n{PARTS}--b--\r\n',
    "three thousand nested multiparts": f"{HEAD}{_nested(3000)}LinkedIn\r\n",
    "quotes in quotes": f"{HEAD}\r\n{('>' * 200 + ' LinkedIn profile' + chr(13) + chr(10)) * 1000}",
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """One worker, so that everything happens on one loop."""
    folder: Path = tmp_path_factory.mktemp("stall")
    sink = CountingSink()
    running = start_gateway(folder / "state", upstream=sink.port)
    yield running
    running.terminate()
    sink.stop()


class Watchdog:
    """Says NOOP all the time and keeps the longest wait."""

    def __init__(self, port: int) -> None:
        self.longest = 0.0
        self.answers = 0
        self._ended = threading.Event()
        self._port = port
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Watchdog":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(30)

    def _watch(self) -> None:
        with smtplib.SMTP("127.0.0.1", self._port, timeout=30) as client:
            while not self._ended.is_set():
                began = time.monotonic()
                client.noop()
                self.longest = max(self.longest, time.monotonic() - began)
                self.answers += 1
                time.sleep(0.01)


@pytest.mark.parametrize("name", MAILS)
def test_no_mail_keeps_another_client_waiting(gateway: GatewayProcess, name: str) -> None:
    """The mail gets a decided answer, and meanwhile every NOOP of another client is answered in under a second."""
    with Watchdog(gateway.port) as dog:
        time.sleep(0.1)
        with smtplib.SMTP("127.0.0.1", gateway.port, timeout=60) as client:
            client.ehlo()
            client.mail("mira@lantern.example")
            client.rcpt("all@lantern.example")
            code, _ = client.data(MAILS[name])

    assert code in (250, 550, 552, 554)
    assert dog.answers > 5
    assert dog.longest < 1.0
