"""A message answered 250 is never lost: kill -9 at every sync point, and at random under load."""

import os
import random
import re
import shutil
import smtplib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.compliance.verify import verify
from tests.counting_sink import CountingSink
from tests.gateway_process import start_gateway

CLEAN = "The soup today is lentil. Nothing else to report."
DEMAND = "Everybody must put the new banner on their own LinkedIn profile by Friday."
ASK = "If you would like our new banner for your own LinkedIn profile, here it is: https://lantern.example/b.png"
KINDS = {"clean": CLEAN, "demand": DEMAND, "ask": ASK}


@pytest.fixture
def sink() -> Iterator[CountingSink]:
    """A next hop that outlives the gateway."""
    one = CountingSink()
    yield one
    one.stop()


@dataclass(kw_only=True)
class Sender:
    """Sends mails of all kinds one after the other and writes down which were answered 250."""

    name: str
    acknowledged: dict[str, str] = field(default_factory=dict)
    number: int = 0

    def send_some(self, port: int, count: int) -> None:
        """Send up to `count` mails over one connection; a broken connection ends it quietly."""
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
                for _ in range(count):
                    self._send(client)
        except (OSError, smtplib.SMTPException):
            return

    def _send(self, client: smtplib.SMTP) -> None:
        self.number += 1
        kind = ("clean", "demand", "ask")[self.number % 3]
        known = f"{self.name}.{self.number}@lantern.example"
        to = f"{self.name}-{self.number}@lantern.example"  # a person of their own: each ask is a first one
        raw = (
            f"From: mira@lantern.example\r\nTo: {to}\r\nSubject: {kind} {self.number}\r\nMessage-ID: <{known}>\r\n"
            f"\r\nHello,\r\n\r\n{KINDS[kind]}\r\n"
        )
        client.sendmail("mira@lantern.example", [to], raw)
        self.acknowledged[known] = kind


def held_ids(state: Path) -> set[str]:
    """Message-IDs in the hold store, read from the database file itself."""
    with closing(sqlite3.connect(state / "askonce.db")) as store:
        return {known.strip("<>") for (known,) in store.execute("SELECT message_id FROM holds")}


def audit_lines(state: Path) -> list[str]:
    """Every line of every stream."""
    return [
        line for file in sorted((state / "audit").rglob("*.jsonl")) for line in file.read_text("utf-8").splitlines()
    ]


def assert_nothing_is_lost(state: Path, sink: CountingSink, acknowledged: dict[str, str]) -> None:
    """Every acknowledged mail is at the sink or in the hold store; none was delivered twice; the audit agrees."""
    held = held_ids(state)
    for known, kind in acknowledged.items():
        assert known in (held if kind == "demand" else sink.seen), f"{kind} {known} was acknowledged and is gone"
    twice = {known: count for known, count in sink.seen.items() if known in acknowledged and count > 1}
    assert not twice
    report = verify(state / "audit")
    assert report.ok, [str(problem) for problem in report.problems]
    assert report.open_pairs == 0
    text = "\n".join(audit_lines(state))
    assert not [known for known in (*acknowledged, *held) if known not in text]


def _restart_and_stop(state: Path, sink: CountingSink) -> None:
    """Start-up completes what the crash left open."""
    assert start_gateway(state, upstream=sink.port).terminate() == 0


@pytest.fixture(scope="module")
def used_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder that has been used once: its files exist, so that the syncs that follow are the mails' own."""
    state = tmp_path_factory.mktemp("used") / "state"
    sink = CountingSink()
    assert start_gateway(state, upstream=sink.port).terminate() == 0
    sink.stop()
    return state


@pytest.mark.real("strace")
@pytest.mark.parametrize("number", range(1, 11))
def test_nothing_acknowledged_is_lost_when_a_sync_is_the_last_thing_that_happens(
    number: int, sink: CountingSink, tmp_path: Path, used_state: Path
) -> None:
    """The process is killed at its Nth fsync or fdatasync; what was acknowledged before is at the sink or held."""
    state = tmp_path / "state"
    shutil.copytree(used_state, state)
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync"]
    strace += ["-e", f"inject=fsync,fdatasync:signal=KILL:when={number}"]
    sender = Sender(name=f"sync{number}")
    try:
        gateway = start_gateway(state, upstream=sink.port, prefix=strace)
    except RuntimeError:
        gateway = None  # killed while starting: nothing can have been acknowledged
    if gateway:
        sender.send_some(gateway.port, 9)
        gateway.kill()

    _restart_and_stop(state, sink)

    assert_nothing_is_lost(state, sink, sender.acknowledged)


def _kills_under_load(kills: int, sink: CountingSink, state: Path, seed: int) -> None:
    """Each kill comes at a random moment after a random number of mails, some before the first: however slow the
    machine is, most hit a gateway at work."""
    dice = random.Random(seed)
    senders = [Sender(name=f"load{number}") for number in range(4)]
    for _ in range(kills):
        gateway = start_gateway(state, upstream=sink.port, arguments=("--workers", "2"))
        threads = [threading.Thread(target=one.send_some, args=(gateway.port, 10_000)) for one in senders]
        for thread in threads:
            thread.start()
        _wait_for(sum(len(one.acknowledged) for one in senders) + dice.randrange(20), senders)
        time.sleep(dice.uniform(0.0, 0.1))
        gateway.kill()
        for thread in threads:
            thread.join(30)
    _restart_and_stop(state, sink)
    acknowledged = {known: kind for one in senders for known, kind in one.acknowledged.items()}
    assert len(acknowledged) > kills
    assert_nothing_is_lost(state, sink, acknowledged)


def _wait_for(count: int, senders: Sequence[Sender]) -> None:
    """Until the senders together have this many mails acknowledged, half a minute at most."""
    end = time.monotonic() + 30
    while sum(len(one.acknowledged) for one in senders) < count and time.monotonic() < end:
        time.sleep(0.005)


def test_nothing_acknowledged_is_lost_by_kill_9_under_load(sink: CountingSink, tmp_path: Path) -> None:
    """Ten times at a random moment, with four clients sending all kinds of mail."""
    _kills_under_load(10, sink, tmp_path / "state", seed=20261122)


@pytest.mark.long
def test_nothing_acknowledged_is_lost_by_300_kills_under_load(sink: CountingSink, tmp_path: Path) -> None:
    """The same three hundred times."""
    _kills_under_load(300, sink, tmp_path / "state", seed=300)


@pytest.mark.real("strace")
def test_the_last_database_sync_comes_before_the_250_of_a_held_mail(sink: CountingSink, tmp_path: Path) -> None:
    """In the trace of a held transaction, audit and database are synced before our 250 is sent."""
    state = tmp_path / "state"
    trace = tmp_path / "trace"
    strace = ["strace", "-f", "-qq", "-yy", "-s", "80", "-o", str(trace)]
    strace += ["-e", "trace=fsync,fdatasync,sendto,sendmsg,write,writev,pwrite64"]
    gateway = start_gateway(state, upstream=sink.port, prefix=strace)
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=20) as client:
        text = f"To: jo@lantern.example\r\nMessage-ID: <p2@lantern.example>\r\n\r\n{DEMAND}\r\n"
        client.sendmail("mira@lantern.example", ["jo@lantern.example"], text)
    gateway.kill()

    lines = trace.read_text("utf-8", "replace").splitlines()
    answer = next(at for at, line in enumerate(lines) if "250 2.0.0 Ok: accepted" in line)
    synced = [line for line in lines[:answer] if re.search(r"f(data)?sync(\(|\s)", line)]
    before = [at for at, line in enumerate(lines[:answer]) if "354 " in line][-1]
    files = " ".join(line for line in lines[before:answer] if re.search(r"f(data)?sync\(", line))
    assert synced
    assert "askonce.db" in files
    assert ".jsonl" in files
    unsynced = lines[max(at for at, line in enumerate(lines[:answer]) if "sync" in line) : answer]
    assert not [line for line in unsynced if "askonce.db" in line and "write" in line]


def test_the_traces_tool_is_found_where_tests_must_not_be_skipped() -> None:
    """With CI=true strace is there, so the sweep above really ran."""
    assert os.environ.get("CI") != "true" or shutil.which("strace")
