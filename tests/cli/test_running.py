"""Commands beside a running gateway: `serve` starts and stops, `holds` decides, `audit verify` proves, `demo` plays."""

import asyncio
import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from gateway.cli import demo
from tests.cli.conftest import Askonce, process
from tests.counting_sink import CountingSink
from tests.gateway_process import GatewayProcess, start_gateway
from tests.scripted_next_hop import ScriptedNextHop, say
from tests.smtp.kit import Client, code, until

BODY = "Please change your LinkedIn banner to ours. This is mandatory for everyone."


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A gateway that holds two mails; `ids` by Message-ID."""

    gateway: GatewayProcess
    sink: CountingSink
    ids: dict[str, str]

    @property
    def state(self) -> Path:
        return self.gateway.state


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One gateway for this module."""
    sink = CountingSink()
    gateway = start_gateway(tmp_path_factory.mktemp("running") / "state", upstream=sink.port)
    try:
        for name in ("one", "two"):
            _send(gateway.port, name)
        listed = process("holds", "list", "--state", gateway.state, "--format", "json").out.splitlines()
        rows = [json.loads(line) for line in listed]
        yield Running(gateway=gateway, sink=sink, ids={row["message_id"].strip("<>"): row["id"] for row in rows})
    finally:
        gateway.terminate()
        sink.stop()


def _send(port: int, name: str) -> None:
    head = f"From: h@lantern.example\r\nTo: t@lantern.example\r\nMessage-ID: <{name}@lantern.example>\r\n"
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        subject = "Subject: a \x1b[2J b\r\n\r\n"
        client.sendmail("h@lantern.example", ["t@lantern.example"], (head + subject + BODY + "\r\n").encode())


def test_held_mails_are_listed_whole_and_harmless(askonce: Askonce, running: Running) -> None:
    """Each id stands unbroken in its line, and a subject's escape sequence is shown, not obeyed."""
    ran = askonce("holds", "list", "--state", running.state)

    assert 0 == ran.code
    assert len(running.ids) == 2
    assert all(f"\n{one}  held " in f"\n{ran.out}" for one in running.ids.values())
    assert "\x1b" not in ran.out


def test_showing_a_mail_gives_its_words_and_is_recorded(askonce: Askonce, running: Running) -> None:
    """A look at a held mail stands in the audit afterwards."""
    one = running.ids["one@lantern.example"]

    ran = askonce("holds", "show", one, "--state", running.state)
    log = "".join(file.read_text("utf-8") for file in (running.state / "audit").rglob("*.jsonl"))
    looks = [line for line in log.splitlines() if one in line and '"show"' in line]

    assert 0 == ran.code
    assert BODY in ran.out
    assert "\x1b" not in ran.out
    assert 1 == len(looks)


@pytest.mark.parametrize("command", ["show", "release", "withdraw"])
def test_an_unknown_id_is_one_line(askonce: Askonce, running: Running, command: str) -> None:
    """It says so, and how to see those there are."""
    ran = askonce("holds", command, "nope", "--state", running.state)

    assert (2, 'there is no held mail "nope"; askonce holds list --all shows them') == (ran.code, ran.complaint)


def test_a_released_mail_arrives_and_cannot_be_withdrawn(askonce: Askonce, running: Running) -> None:
    """The running gateway delivers it; a second decision comes too late."""
    one = running.ids["one@lantern.example"]

    released = askonce("holds", "release", one, "--by", "j.doe", "--state", running.state)
    end = time.monotonic() + 20
    while not running.sink.seen["one@lantern.example"] and time.monotonic() < end:
        time.sleep(0.1)

    assert 0 == released.code
    assert 1 == running.sink.seen["one@lantern.example"]
    assert askonce("holds", "withdraw", one, "--state", running.state).complaint.startswith("not withdrawn: it is ")


def test_a_withdrawn_mail_is_never_sent(askonce: Askonce, running: Running) -> None:
    """It leaves the list, and cannot be released any more."""
    two = running.ids["two@lantern.example"]

    assert 0 == askonce("holds", "withdraw", two, "--state", running.state).code
    assert two not in askonce("holds", "list", "--state", running.state).out
    assert two in askonce("holds", "list", "--all", "--state", running.state).out
    assert 2 == askonce("holds", "release", two, "--state", running.state).code
    assert 0 == running.sink.seen["two@lantern.example"]


def test_the_log_proves_itself_until_it_is_touched(askonce: Askonce, running: Running, tmp_path: Path) -> None:
    """Whole: 0. One edited: 1, with file and line. Its tail cut: found by the heads kept before."""
    log, heads = tmp_path / "audit", tmp_path / "heads.json"
    for file in (running.state / "audit").rglob("*.jsonl"):
        copy = log / file.relative_to(running.state / "audit")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    whole = askonce("audit", "verify", log, "--heads", heads, "--format", "json")
    kept = heads.read_text()
    victim = max(log.rglob("*.jsonl"), key=lambda file: file.read_bytes().count(b"\n"))
    lines = victim.read_bytes().splitlines(keepends=True)
    victim.write_bytes(b"".join(lines[:-1]))
    cut = askonce("audit", "verify", log, "--expect", heads, "--heads", heads)
    victim.write_bytes(b"".join([lines[0].replace(b"20", b"21", 1), *lines[1:]]))
    edited = askonce("audit", "verify", log)

    assert (0, True) == (whole.code, json.loads(whole.out)["ok"])
    assert 1 == cut.code
    assert kept == heads.read_text()
    assert 1 == edited.code
    assert re.search(rf"{victim.name}:[12]: ", edited.err)


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    """The gateway does not start, and names the setting."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        ran = process("serve", "--listen", listen, "--web", "off", "--state", tmp_path / "state")

    assert (2, f"smtp.listen: {listen} cannot be had: Address already in use") == (ran.code, ran.complaint)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("--policy", "nope"), 'there is no policy pack "nope"'),
        (("--listen", "nonsense"), 'smtp.listen: "nonsense" is not HOST:PORT'),
        (("--workers", "0"), "smtp.workers: input should be greater than or equal to 1"),
        (("--state", "/proc/nothing", "--listen", "127.0.0.1:0", "--web", "off"), "state.directory: /proc/nothing"),
    ],
)
def test_what_cannot_be_served_is_one_line(askonce: Askonce, flags: tuple[str, ...], expected: str) -> None:
    """A mistake in a flag is named before anything listens."""
    ran = askonce("serve", *flags)

    assert 2 == ran.code
    assert expected in ran.complaint


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_a_good_end(tmp_path: Path, number: signal.Signals) -> None:
    """Flags override the file; SIGTERM to the parent, or Ctrl-C to the whole group, ends it with 0."""
    (tmp_path / "gateway.toml").write_text('[smtp]\nlisten = "127.0.0.1:1"\n[web]\nlisten = "127.0.0.1:1"\n')
    command = [*(sys.executable, "-m", "gateway.cli.main", "serve", "--config", str(tmp_path / "gateway.toml"))]
    flags = ["--listen", "127.0.0.1:0", "--web", "off", "--state", str(tmp_path / "state")]

    with subprocess.Popen(
        command + flags, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as serving:
        assert serving.stdout is not None
        ready = serving.stdout.readline()
        (os.killpg if number is signal.SIGINT else os.kill)(serving.pid, number)
        _, said = serving.communicate(timeout=30)

    assert re.match(r"askonce ready: SMTP 127\.0\.0\.1:\d+ -> 127\.0\.0\.1:10026, review page off, state ", ready)
    assert (0, False) == (serving.returncode, "Traceback" in said)


async def test_a_stop_lets_a_mail_past_its_dot_have_its_answer(tmp_path: Path) -> None:
    """SIGTERM while the next hop ponders a mail it has: the client hears the next hop's 250, no 421, and sends nothing
    again; with no time at all for the drain."""
    settings = tmp_path / "gateway.toml"
    settings.write_text("[smtp]\ndrain_seconds = 0\n")
    async with ScriptedNextHop({".": say(b"250 2.0.0 pondered\r\n", delay=2)}) as hop:
        flags = {"upstream": hop.port, "arguments": ("--config", str(settings))}
        gateway = await asyncio.to_thread(start_gateway, tmp_path / "state", **flags)
        client = Client(*await asyncio.open_connection("127.0.0.1", gateway.port))
        assert 220 == code(await client.hear())
        await client.ready("bob@elsewhere.example")
        client.say(b"Subject: x\r\n\r\nhi\r\n.\r\n")
        await until(lambda: hop.messages)

        ended = await asyncio.to_thread(gateway.terminate)

        assert b"250 2.0.0 pondered\r\n" == await client.hear()
        assert [421, 0] == await client.hears(2)
        assert 0 == ended
        await client.close()


def test_the_demo_plays_its_story() -> None:
    """Within a minute, exit 0: what was relayed and held, why, the link, the audit."""
    ran = process("demo", "--once")

    assert (0, "") == (ran.code, ran.err)
    assert (4, 2) == (ran.out.count("\n   relayed"), ran.out.count("\n   held"))
    assert re.search(r"http://127\.0\.0\.1:\d+/h/\w+", ran.out)
    assert all(words in ran.out for words in ("verdict", "outcome", "All as the story says."))


def test_an_interrupted_demo_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    """SIGTERM in the middle: one line, not 0, and no folder of its own stays behind."""
    command = [sys.executable, "-m", "gateway.cli.main", "demo", "--once"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
    ) as playing:
        assert playing.stdout is not None
        while "Mira writes six mails" not in playing.stdout.readline():
            pass
        playing.terminate()
        _, said = playing.communicate(timeout=30)

    assert (2, "askonce: interrupted before the story's end\n") == (playing.returncode, said)
    assert [] == os.listdir(tmp_path)


async def test_a_slow_start_is_explained_and_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first start compiles the rules' patterns, on a slow machine for a while."""
    monkeypatch.setattr(demo, "SOON", 0.01)
    output = asyncio.StreamReader()
    asyncio.get_running_loop().call_later(0.2, output.feed_data, b"askonce ready: SMTP 127.0.0.1:1\n")
    assert (await demo._first_line(output)).startswith("askonce ready")
    assert "the first time" in capsys.readouterr().out


async def test_a_start_that_does_not_end_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not the name of an exception."""
    monkeypatch.setattr(demo, "SOON", 0.01)
    monkeypatch.setattr(demo, "STARTING", 0.02)
    with pytest.raises(typer.Exit) as ended:
        await demo._first_line(asyncio.StreamReader())
    assert ended.value.exit_code == 2
    assert "the gateway was not ready" in capsys.readouterr().err
