"""aiosmtpd's own test suite, against our subclass of its SMTP."""

import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

from tests.smtp.aiosmtpd_suite.differences import DIFFERENCES

ROOT = Path(__file__).resolve().parents[2]
FILES = ("test_smtp", "test_smtpsmuggling", "test_starttls", "test_smtps", "test_server")  # those about the SMTP class


def test_the_suite_passes_but_for_the_listed_differences(tmp_path: Path) -> None:
    """What aiosmtpd says of its SMTP class holds for ours, apart from the differences listed with their reasons."""
    command = [sys.executable, "-m", "pytest", "-p", "tests.smtp.aiosmtpd_suite.plugin", "-p", "no:cacheprovider"]
    command += ["-p", "no:asyncio", "-c", os.devnull, "--tb=short", "-W", "ignore", "-q"]
    suite = Path(str(files("aiosmtpd.tests")))
    done = subprocess.run(
        [*command, "--rootdir", str(suite), *(str(suite / f"{name}.py") for name in FILES)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    found = re.search(r"(\d+) passed, (\d+) deselected", done.stdout)
    assert found, done.stdout[-500:]
    assert int(found[1]) >= 200
    assert int(found[2]) <= 140


def test_every_difference_has_a_reason() -> None:
    """No test is left out without a sentence."""
    assert all(len(reason.split()) > 4 for reason in DIFFERENCES.values())
