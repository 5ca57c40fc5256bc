"""The gateway as IT runs it: `askonce serve` in processes of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

READY = re.compile(r"askonce ready: SMTP 127\.0\.0\.1:(\d+) -> \S+, review page (\S+), state ")


@dataclass(slots=True, kw_only=True)
class GatewayProcess:
    """A running gateway; `port` takes mail, `web` is the review page's URL or "off"."""

    process: subprocess.Popen[str]
    port: int
    web: str
    state: Path
    traced: bool = False  # it runs below another command, such as strace

    def terminate(self, seconds: float = 40) -> int:
        """SIGTERM, and its exit code."""
        os.kill(self.pids()[1 if self.traced else 0], signal.SIGTERM)
        return self._wait(seconds)

    def kill(self) -> None:
        """kill -9 of every process of this gateway at once; returns when they are gone."""
        pids = self.pids()
        for pid in reversed(pids):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._wait(10)
        end = time.monotonic() + 10
        while any(_alive(pid) for pid in pids) and time.monotonic() < end:
            time.sleep(0.01)

    def pids(self) -> list[int]:
        """The process started and everything below it, parents first."""
        return [self.process.pid, *_below(self.process.pid)]

    def _wait(self, seconds: float) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            if self.process.stdout:
                self.process.stdout.close()


def _below(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text("ascii").split()):
                found += [child, *_below(child)]
    return found


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def start_gateway(
    state: Path,
    *,
    upstream: int,
    listen: int = 0,
    web: str = "off",
    domains: Sequence[str] = ("lantern.example",),
    arguments: Sequence[str] = (),
    prefix: Sequence[str] = (),
) -> GatewayProcess:
    """Start and wait until it is ready; `prefix` is a command to run it under, such as strace."""
    if "--config" not in arguments:
        settings = state.parent / f"{state.name}.toml"
        settings.write_text("[holds]\ndigest_seconds = 0\n", "utf-8")  # each hold is told at once, to be waited for
        arguments = ["--config", str(settings), *arguments]
    domain_flags = [flag for domain in domains for flag in ("--internal-domain", domain)]
    command = [
        *prefix,
        *(sys.executable, "-m", "gateway.cli.main", "serve"),
        *("--listen", f"127.0.0.1:{listen}", "--upstream", f"127.0.0.1:{upstream}"),
        *("--state", str(state), "--web", web),
        *domain_flags,
        *arguments,
    ]
    with (state.parent / f"{state.name}.log").open("a") as log_file:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log_file, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    ready = READY.match(line)
    if not ready:
        process.kill()
        process.wait()
        process.stdout.close()
        log = (state.parent / f"{state.name}.log").read_text("utf-8", "replace")[-3000:]
        raise RuntimeError(f"the gateway did not get ready: {line!r}\n{log}")
    return GatewayProcess(process=process, port=int(ready[1]), web=ready[2], state=state, traced=bool(prefix))
