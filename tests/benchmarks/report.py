"""The benchmark's results as Markdown: the machine, one table, and each bar with what was measured. *Pure*, but for
reading what the machine is."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from statistics import median

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run of one case on one system: mails a second, CPU milliseconds a mail, peak bytes of memory, latency in
    seconds; 0 where it was not measured."""

    rate: float = 0
    cpu: float = 0
    resident: int = 0
    proportional: int = 0
    p50: float = 0
    p99: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar and whether it is met."""

    text: str
    measured: str
    met: bool


Samples = dict[tuple[str, str], list[Sample]]  # (case, system) -> one for each round


def middle(samples: Samples, case: str, system: str, what: str) -> float:
    """The median over the rounds; 0 when it was not measured."""
    values = [float(getattr(sample, what)) for sample in samples.get((case, system), [])]
    return median(values) if values else 0.0


def machine() -> str:
    """Cores, processor, memory, kernel and interpreter in one line."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "?"
    )
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} cores of {cpu}, {memory / MIB:.0f} GiB, Linux {platform.release()}, Python "
        f"{platform.python_version()}"
    )


def table(samples: Samples, cases: list[str]) -> str:
    """One line for each case."""
    rows = [
        "| case | direct msg/s | Postfix msg/s | gateway msg/s | ratio | Postfix CPU ms | gateway CPU ms "
        "| Postfix RSS / PSS MB | gateway RSS / PSS MB | Postfix p50 / p99 ms | gateway p50 / p99 ms |",
        "|---|" + "---:|" * 10,
    ]
    return "\n".join(rows + [_row(samples, case) for case in cases])


def bars(samples: Samples) -> list[Bar]:
    """Every bar of the project that was measured, judged by the medians (memory by the peak of all runs)."""
    result = [
        Bar(
            text=f"at least {least}x Postfix's proxy filter: {case}",
            measured=f"{ratio:.2f}x",
            met=ratio >= least,
        )
        for kind, least in (("kept", 1.0), ("new", 0.8))
        for case in (f"4 KB, {kind}, {sessions}" for sessions in (1, 20, 100))
        if (ratio := _ratio(samples, case))
    ]
    result += [
        Bar(text=f"at most {most} ms CPU a mail: {case}", measured=f"{cpu:.2f} ms", met=cpu <= most)
        for case, most in (("4 KB, kept, 20", 0.9), ("4 KB, new, 20", 0.9), ("1 MB, kept, 20", 6.0))
        if (cpu := middle(samples, case, "gateway", "cpu"))
    ]
    peak = max(
        (one.resident for (_, system), many in samples.items() if system == "gateway" for one in many), default=0
    )
    result.append(Bar(text="at most 150 MB RSS in all", measured=f"{peak / 1e6:.0f} MB", met=peak <= 150e6))
    if p99 := middle(samples, "4 KB, kept, 20", "gateway", "p99") * 1000:
        result.append(Bar(text="p99 at most 25 ms at 20 sessions", measured=f"{p99:.1f} ms", met=p99 <= 25))
    return result


def bar_lines(judged: list[Bar]) -> str:
    """The bars as a table."""
    rows = [f"| {bar.text} | {bar.measured} | {'met' if bar.met else '**missed**'} |" for bar in judged]
    return "\n".join(["| bar | measured | |", "|---|---:|---|", *rows])


def _row(samples: Samples, case: str) -> str:
    def number(system: str, what: str, form: str, scale: float = 1) -> str:
        value = middle(samples, case, system, what) * scale
        return format(value, form) if value else "-"

    def pair(system: str, one: str, other: str, form: str, scale: float) -> str:
        return f"{number(system, one, form, scale)} / {number(system, other, form, scale)}"

    ratio = _ratio(samples, case)
    cells = [
        case,
        *(number(system, "rate", ",.0f") for system in ("direct", "postfix", "gateway")),
        f"{ratio:.2f}" if ratio else "-",
        *(number(system, "cpu", ".2f") for system in ("postfix", "gateway")),
        *(pair(system, "resident", "proportional", ".0f", 1e-6) for system in ("postfix", "gateway")),
        *(pair(system, "p50", "p99", ".1f", 1e3) for system in ("postfix", "gateway")),
    ]
    return f"| {' | '.join(cells)} |"


def _ratio(samples: Samples, case: str) -> float:
    theirs = middle(samples, case, "postfix", "rate")
    return middle(samples, case, "gateway", "rate") / theirs if theirs else 0.0


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
