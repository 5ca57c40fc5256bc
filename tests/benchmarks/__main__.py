"""`python -m tests.benchmarks [--quick]`: one interleaved run over all systems and cases, medians over the rounds.

Needs Debian's smtp-source, smtp-sink and Postfix on the path; Postfix needs root. Prints Markdown.
"""

import argparse
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import latency, report, systems
from tests.benchmarks.mails import KIB, RECIPIENT, SENDER, Mail, by_chance, close_to_it, ordinary, with_attachment
from tests.benchmarks.meter import Meter, cpu_seconds
from tests.benchmarks.report import Sample, Samples
from tests.benchmarks.systems import System
from tests.conftest import SEARCH
from tests.real.postfix import open_folder, remove

PROGRAMS = ("smtp-source", "smtp-sink", "postfix")
ROUNDS = 3
QUIET = 0.03  # CPU seconds in a second
QUICK = 10  # --quick sends this part of the mails


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A mail, how many of them over how many sessions, over connections kept or each over a new one."""

    name: str
    mail: Mail
    mails: int
    sessions: int
    kept: bool = True
    timed: bool = False  # measure latency too


def cases() -> list[Case]:
    """What is measured."""
    small = ordinary()
    result = [
        Case(
            name=f"4 KB, {'kept' if kept else 'new'}, {sessions}",
            mail=small,
            mails=2000 if sessions == 1 else 5000,
            sessions=sessions,
            kept=kept,
            timed=kept and sessions == 20,
        )
        for kept in (True, False)
        for sessions in (1, 20, 100)
    ]
    return [
        *result,
        Case(name="4 KB, gate opened by chance, kept, 20", mail=by_chance(), mails=500, sessions=20),
        Case(name="4 KB, close to the policy, kept, 20", mail=close_to_it(), mails=500, sessions=20),
        Case(name="1 MB, kept, 20", mail=with_attachment(KIB * KIB), mails=400, sessions=20),
        Case(name="10 MB, kept, 4", mail=with_attachment(10 * KIB * KIB), mails=40, sessions=4),
    ]


def run(system: System, case: Case, mails: int, folder: Path) -> Sample:
    """One case on one system. Raises RuntimeError when a mail is not accepted."""
    command = [
        *("smtp-source", "-s", str(case.sessions), "-m", str(mails), "-F", str(case.mail.file(folder))),
        *("-f", SENDER, "-t", RECIPIENT, *(["-d"] if case.kept else []), f"127.0.0.1:{system.port}"),
    ]
    with Meter(system.pid) as meter:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if ended.returncode or "fatal" in ended.stderr:
        raise RuntimeError(f"{system.name}: {case.name}: {ended.stderr[-500:]}")
    took = [0.0]
    if case.timed:
        took = latency.measure(system.port, case.mail.wire, mails=mails, sessions=case.sessions)
    return Sample(
        rate=mails / meter.seconds,
        cpu=meter.cpu / mails * 1000,
        resident=meter.resident,
        proportional=meter.proportional,
        p50=took[len(took) // 2],
        p99=took[int(len(took) * 0.99)],
    )


def main() -> int:
    """Measure and print. Exit code 2 when a program is missing, else 0: a benchmark is no test."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round with a tenth of the mails")
    parser.add_argument("--only", default="", help="only cases whose name holds this")
    chosen = parser.parse_args()
    missing = [program for program in PROGRAMS if shutil.which(program, path=SEARCH) is None]
    if missing:
        print(f"needs {', '.join(missing)}: apt-get install postfix", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no server of ours stays behind
    folder = open_folder()
    try:
        picked = [case for case in cases() if chosen.only in case.name]
        samples = measure(picked, folder, rounds=1 if chosen.quick else ROUNDS, part=QUICK if chosen.quick else 1)
    finally:
        remove(folder)
    print(f"{report.machine()}; {'quick, one round' if chosen.quick else f'medians of {ROUNDS} rounds'}\n")
    print(report.table(samples, [case.name for case in picked]), end="\n\n")
    print(report.bar_lines(report.bars(samples)))
    return 0


def measure(picked: list[Case], folder: Path, *, rounds: int, part: int) -> Samples:
    """All rounds; within each, every case goes over all systems before the next one, so that drift hits all alike."""
    samples: Samples = {}
    with ExitStack() as stack:
        running = [
            stack.enter_context(systems.direct()),
            stack.enter_context(systems.postfix(folder / "postfix")),
            stack.enter_context(systems.gateway(folder / "gateway")),
        ]
        for system in running:  # whatever is only done once is done, and as many processes run as ever will
            run(system, Case(name="warm-up", mail=ordinary(), mails=1000, sessions=100), 1000, folder)
            settle(system)
        for turn in range(rounds):
            for case in picked:
                for system in running:
                    print(f"round {turn + 1}: {case.name}: {system.name}", file=sys.stderr, flush=True)
                    sample = run(system, case, max(case.mails // part, case.sessions), folder)
                    samples.setdefault((case.name, system.name), []).append(sample)
    return samples


def settle(system: System, seconds: float = 30) -> None:
    """Wait until a system that has nothing to do does nothing: start-up work may go on behind its first mails."""
    end = time.monotonic() + seconds
    while system.pid is not None and time.monotonic() < end:
        before = cpu_seconds(system.pid)
        time.sleep(1)
        if cpu_seconds(system.pid) - before < QUIET:
            return


if __name__ == "__main__":
    sys.exit(main())
