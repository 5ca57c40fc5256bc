"""The gateway as IT runs it: `askonce serve` in processes of its own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
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

    def terminate(self, seconds: float = 40) -> int:
        """SIGTERM, and its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._wait(seconds)

    def kill(self) -> None:
        """kill -9 of every process of this gateway at once."""
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._wait(10)

    def pids(self) -> list[int]:
        """The serving process and its children."""
        parent = self.process.pid
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text("ascii").split()
        except OSError:
            children = []
        return [parent, *map(int, children)]

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
    domain_flags = [flag for domain in domains for flag in ("--internal-domain", domain)]
    process = subprocess.Popen(
        [
            *prefix,
            *(sys.executable, "-m", "gateway.cli.main", "serve"),
            *("--listen", f"127.0.0.1:{listen}", "--upstream", f"127.0.0.1:{upstream}"),
            *("--state", str(state), "--web", web),
            *domain_flags,
            *arguments,
        ],
        stdout=subprocess.PIPE,
        stderr=(state.parent / f"{state.name}.log").open("a"),
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    ready = READY.match(line)
    if not ready:
        process.kill()
        process.wait()
        process.stdout.close()
        log = (state.parent / f"{state.name}.log").read_text("utf-8", "replace")[-3000:]
        raise RuntimeError(f"the gateway did not get ready: {line!r}\n{log}")
    return GatewayProcess(process=process, port=int(ready[1]), web=ready[2], state=state)
