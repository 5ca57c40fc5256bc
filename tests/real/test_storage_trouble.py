"""Disk full, database locked, input/output errors: the mail stays with the client, and all is well again afterwards."""

import os
import signal
import smtplib
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.counting_sink import CountingSink
from tests.gateway_process import GatewayProcess, start_gateway

DEMAND = "Everybody must put the new banner on their own LinkedIn profile by Friday."


@pytest.fixture
def sink() -> Iterator[CountingSink]:
    """Where mail goes on to."""
    one = CountingSink()
    yield one
    one.stop()


def _send(gateway: GatewayProcess, known: str, text: str, padding: int = 0) -> tuple[int, str]:
    """The reply to one mail, refusals included."""
    filler = ("x" * 76 + "\r\n") * (padding // 78)
    raw = f"To: jo@lantern.example\r\nMessage-ID: <{known}@lantern.example>\r\n\r\n{text}\r\n\r\n-- \r\n{filler}"
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=30) as client:
        client.ehlo()
        client.mail("mira@lantern.example")
        client.rcpt("jo@lantern.example")
        code, words = client.data(raw)
    return code, words.decode()


def test_a_locked_database_delays_nobody_for_long_and_heals(sink: CountingSink, tmp_path: Path) -> None:
    """While another process holds the write lock a hold is answered 451 within six seconds; afterwards 250."""
    state = tmp_path / "state"
    gateway = start_gateway(state, upstream=sink.port)
    try:
        other = sqlite3.connect(state / "askonce.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        locked = _send(gateway, "locked", DEMAND)
        took = time.monotonic() - began
        clean = _send(gateway, "clean", "Soup.")
        other.execute("ROLLBACK")
        other.close()
        healed = _send(gateway, "locked", DEMAND)
    finally:
        gateway.terminate()

    assert (451, "4.3.0") == (locked[0], locked[1].split()[0])
    assert took < 6
    assert (250, 250) == (clean[0], healed[0])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB, where mounting is allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        if os.environ.get("CI") == "true":
            pytest.fail(f"needs to mount a small file system: {mounted.stderr.strip()}")
        pytest.skip(f"needs to mount a small file system: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_keeps_the_mail_outside_and_heals(sink: CountingSink, small_disk: Path) -> None:
    """With no space left every mail is answered 452 or 451, never 250 and never 5xx, and /healthz says why; with space
    again, 250."""
    state = small_disk / "state"
    gateway = start_gateway(state, upstream=sink.port, web="127.0.0.1:0")
    try:
        _fill(small_disk)
        health = httpx.get(f"{gateway.web}/healthz")
        full = [_send(gateway, f"full{number}", DEMAND, padding=60_000) for number in range(3)]
        full += [_send(gateway, f"clean{number}", "Soup.") for number in range(3)]
        before = len(sink.mails)
        (small_disk / "filler").unlink()
        healed = [_send(gateway, "full0", DEMAND), _send(gateway, "clean0", "Soup.")]
    finally:
        gateway.terminate()

    assert (503, "the disk is full\n") == (health.status_code, health.text)
    assert all(code in (451, 452) for code, _ in full), full
    assert before == 0
    assert [250, 250] == [code for code, _ in healed]


def _fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            try:
                while file.write(bytes(size)) == size:
                    continue
            except OSError:
                continue


@pytest.mark.real("strace")
def test_an_io_error_at_a_sync_is_answered_451_and_heals(sink: CountingSink, tmp_path: Path) -> None:
    """When the disk reports an error for some syncs, those mails stay outside, and later ones are taken."""
    state = tmp_path / "state"
    assert start_gateway(state, upstream=sink.port).terminate() == 0
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync"]
    strace += ["-e", "inject=fsync,fdatasync:error=EIO:when=4..6"]
    gateway = start_gateway(state, upstream=sink.port, prefix=strace)
    try:
        codes = [_send(gateway, f"io{number}", DEMAND)[0] for number in range(12)]
    finally:
        gateway.terminate()

    assert set(codes) <= {250, 451, 452}
    assert codes[-1] == 250
    assert codes.count(250) < 12


def test_health_fails_while_no_smtp_process_runs(sink: CountingSink, tmp_path: Path) -> None:
    """ok; 503 once the only SMTP process is killed, until it was started again."""
    gateway = start_gateway(tmp_path / "state", upstream=sink.port, web="127.0.0.1:0")
    try:
        before = _health_becomes(gateway, 200)
        os.kill(gateway.pids()[1], signal.SIGKILL)
        gone = _health_becomes(gateway, 503)
        after = _health_becomes(gateway, 200)
    finally:
        assert gateway.terminate() == 0

    assert ("ok\n", "no SMTP process runs\n", "ok\n") == (before, gone, after)


def _health_becomes(gateway: GatewayProcess, status: int) -> str:
    """The words of the first answer with this status, within a minute; of the last one, past that."""
    deadline = time.monotonic() + 60
    while True:
        answer = httpx.get(f"{gateway.web}/healthz", timeout=30)
        if answer.status_code == status or time.monotonic() > deadline:
            return answer.text
        time.sleep(0.05)
