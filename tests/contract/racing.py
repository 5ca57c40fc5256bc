"""Processes that race on one store, started and stopped by a test. IO: processes."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

RACERS = 4
LIMIT = 90  # seconds a process may live


class Racer:
    """A process running `racer.py`."""

    def __init__(self, task: str, url: str, argument: str) -> None:
        command = [sys.executable, "-m", "tests.contract.racer", task, url, argument]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._limit = threading.Timer(LIMIT, self._process.kill)  # one that hangs fails its test, not the whole run
        self._limit.start()

    @property
    def says(self) -> IO[str]:
        """What it prints."""
        assert self._process.stdout is not None
        return self._process.stdout

    def hear(self, line: str) -> None:
        """Wait until it says exactly this."""
        assert self.says.readline().strip() == line

    def go(self) -> None:
        """Let it begin."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def result(self) -> Any:
        """What its task gave, once it ended well."""
        result = json.loads(self.says.readlines()[-1])
        assert self._process.wait(timeout=30) == 0
        return result

    def kill(self) -> list[str]:
        """kill -9; the whole lines it had still said."""
        self._process.kill()
        return [line.strip() for line in self.says if line.endswith("\n")]

    def close(self) -> None:
        """End it, whatever it does."""
        self._limit.cancel()
        self._process.kill()
        self._process.wait(timeout=30)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


@contextmanager
def racer(task: str, url: str, argument: str) -> Iterator[Racer]:
    """One process, ready to go; gone at the end."""
    started = Racer(task, url, argument)
    try:
        started.hear("ready")
        yield started
    finally:
        started.close()


def race(task: str, url: str, arguments: list[str]) -> list[Any]:
    """A process for each argument, all let go at the same instant; what each gave."""
    racers = [Racer(task, url, argument) for argument in arguments]
    try:
        for one in racers:
            one.hear("ready")
        for one in racers:
            one.go()
        return [one.result() for one in racers]
    finally:
        for one in racers:
            one.close()
