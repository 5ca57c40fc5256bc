"""Running commands: in this process for speed, in their own where the process is what is tested."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper

import pytest

from gateway.cli.main import run
from tests.fixtures_postgresql import postgresql_server, postgresql_url

__all__ = ["postgresql_server", "postgresql_url"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command said; `complaint` is its one line on standard error."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        assert "Traceback" not in self.err
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("askonce: ")
        return lines[0].removeprefix("askonce: ")


Askonce = Callable[..., Ran]


@pytest.fixture
def askonce(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Askonce:
    """Run a command in this process; `stdin` are the bytes of standard input."""

    def call(*arguments: object, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(stdin)))
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Ran(code=code, out=said.out, err=said.err)

    return call


def process(*arguments: object, stdin: bytes = b"", environment: Sequence[tuple[str, str]] = ()) -> Ran:
    """Run a command as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli.main", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=60,
        env={**os.environ, **dict(environment)},
        check=False,
    )
    return Ran(code=done.returncode, out=done.stdout.decode("utf-8", "replace"), err=done.stderr.decode())
