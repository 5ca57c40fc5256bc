"""kill -9 of a writer under load: nothing acknowledged is lost, and the log verifies after the next start."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.audit.writer import open_stream
from gateway.compliance.verify import verify
from tests.audit.samples import clock, mail_ids

HERE = Path(__file__).parents[2]


def killed_under_load(folder: Path, after: float) -> list[str]:
    """Start a writer, kill it `after` seconds of work; the mail ids it had acknowledged."""
    command = [sys.executable, "-m", "tests.audit.load", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=HERE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
    whole = rest[: rest.rfind(b"\n") + 1]
    return whole.decode().splitlines()


async def crash_and_check(folder: Path, times: int) -> None:
    """One stream, killed again and again, each start making good what the kill before left."""
    dice = random.Random(7)
    acknowledged: list[str] = []
    for _ in range(times):
        acknowledged += killed_under_load(folder, dice.uniform(0.0, 0.12))
    stream = await open_stream(folder, "load", clock=clock)
    await stream.close()
    report = verify(folder)
    assert report.ok, report.problems[:3]
    verdicts = mail_ids(folder / "load", "verdict")
    assert len(acknowledged) > 20 * times
    assert set(acknowledged) <= set(verdicts)
    assert len(verdicts) == len(set(verdicts))
    assert report.open_pairs == 0
    assert sorted(verdicts) == sorted(mail_ids(folder / "load", "outcome"))


async def test_thirty_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Every record that returned is there once, every pair has one outcome, and the chain is whole."""
    await crash_and_check(tmp_path, 30)


@pytest.mark.long
async def test_three_hundred_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """The same, ten times as often."""
    await crash_and_check(tmp_path, 300)
