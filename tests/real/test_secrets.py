"""No secret is written anywhere: not into the store, the audit or the log, in no encoding."""

import base64
import quopri
import re
import smtplib
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.counting_sink import CountingSink
from tests.gateway_process import start_gateway

WORDS = "Everybody must put the new banner on their own LinkedIn profile by Friday."
DEMAND = f"To: jo@lantern.example\r\nMessage-ID: <s@lantern.example>\r\n\r\n{WORDS}\r\n"


@pytest.fixture
def sink() -> Iterator[CountingSink]:
    """Where the notice goes."""
    one = CountingSink()
    yield one
    one.stop()


def _secret(sink: CountingSink) -> str:
    """The secret of the link in the notice that arrives."""
    end = time.monotonic() + 20
    while not sink.mails and time.monotonic() < end:
        time.sleep(0.05)
    text = quopri.decodestring(sink.mails[0].replace(b"\r\n", b"\n")).decode("utf-8", "replace")
    found = re.search(r"/h/([A-Za-z0-9_-]{43})", text)
    assert found
    return found[1]


def test_the_links_secret_is_nowhere_on_disk(sink: CountingSink, tmp_path: Path) -> None:
    """After a hold, its notice, a look and a wrong press, no file holds the secret, raw or in base64."""
    state = tmp_path / "state"
    gateway = start_gateway(state, upstream=sink.port, web="127.0.0.1:0")
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=20) as client:
        client.sendmail("mira@lantern.example", ["jo@lantern.example"], DEMAND)
    secret = _secret(sink)
    for address in (f"/h/{secret}", f"/h/{secret}/nothing", f"/h/{secret}x"):
        try:
            with urllib.request.urlopen(gateway.web + address, timeout=10) as answer:
                assert answer.headers["Referrer-Policy"] == "no-referrer"
        except urllib.error.HTTPError as error:
            error.close()
    assert gateway.terminate() == 0

    raw = secret.encode()
    forms = {raw, base64.b64encode(raw)[:-4], raw[:20], raw[-20:], base64.b64encode(b"/h/" + raw)[4:40]}
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert any(file.name == "askonce.db" for file in files)
    assert [(file.name, form) for file in files for form in forms if form in file.read_bytes()] == []
