"""Two gateways share one PostgreSQL: what one node was asked the other remembers, and a hold is everybody's."""

import smtplib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.counting_sink import CountingSink
from tests.gateway_process import GatewayProcess, start_gateway

ASK = "If you would like our new banner for your own LinkedIn profile, here it is: https://lantern.example/b.png"


@pytest.fixture
def sink() -> Iterator[CountingSink]:
    """Where both nodes send."""
    one = CountingSink()
    yield one
    one.stop()


@pytest.fixture
def nodes(sink: CountingSink, postgresql_url: str, tmp_path: Path) -> Iterator[list[GatewayProcess]]:
    """Two gateways with state folders of their own and one store."""
    running = []
    for name in ("north", "south"):
        settings = tmp_path / f"{name}.toml"
        settings.write_text(f'[state]\nstore = "{postgresql_url}"\n', "utf-8")
        running.append(start_gateway(tmp_path / name, upstream=sink.port, arguments=["--config", str(settings)]))
    yield running
    for gateway in running:
        gateway.terminate()


def _send(gateway: GatewayProcess, known: str, to: str, words: str) -> int:
    raw = f"To: {to}\r\nMessage-ID: <{known}@lantern.example>\r\n\r\nHello,\r\n\r\n{words}\r\n"
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=30) as client:
        client.ehlo()
        client.mail("mira@lantern.example")
        client.rcpt(to)
        return client.data(raw)[0]


def test_an_ask_through_one_node_is_remembered_by_the_other(nodes: list[GatewayProcess], sink: CountingSink) -> None:
    """The first ask goes on; the second, to the same person through the other node, is held."""
    north, south = nodes

    assert [250, 250] == [
        _send(north, "one", "jo@lantern.example", ASK),
        _send(south, "two", "jo@lantern.example", ASK),
    ]

    assert "one@lantern.example" in sink.seen
    assert "two@lantern.example" not in sink.seen


def test_of_asks_at_the_same_instant_exactly_one_goes_on(nodes: list[GatewayProcess], sink: CountingSink) -> None:
    """Ten asks to one person race through both nodes."""

    def send(number: int) -> int:
        return _send(nodes[number % 2], f"race{number}", "kim@lantern.example", f"{ASK}?v={number}")

    with ThreadPoolExecutor(10) as pool:
        codes = list(pool.map(send, range(10)))

    passed = [known for known in sink.seen if known.startswith("race")]
    assert set(codes) == {250}
    assert len(passed) == 1
