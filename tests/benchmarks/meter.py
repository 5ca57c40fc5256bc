"""What a tree of processes costs: CPU time and memory, read from /proc.

CPU counts children that have ended and were waited for. Memory is the sum over the tree, sampled: resident (shared
pages counted for each process) and proportional (each page counted once).
"""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SAMPLE = 0.05  # seconds between samples of resident memory
_PROPORTIONAL = 10  # samples between those of proportional memory, which cost more


def tree(root: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_seconds(root: int) -> float:
    """User and system time of the tree so far, ended children included."""
    return sum(sum(map(int, fields[11:15])) for pid in tree(root) if (fields := _stat(pid))) / _TICK


def resident(pids: list[int]) -> int:
    """Bytes."""
    return sum(int(fields[21]) for pid in pids if (fields := _stat(pid))) * _PAGE


def proportional(pids: list[int]) -> int:
    """Bytes; 0 where the kernel does not tell."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total


class Meter:
    """A context manager: wall-clock seconds, CPU seconds and peak memory of a tree while the block runs."""

    def __init__(self, root: int | None, clock: Callable[[], float] = time.perf_counter) -> None:
        self._root = root
        self._clock = clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.seconds = 0.0
        self.cpu = 0.0
        self.resident = 0
        self.proportional = 0

    def __enter__(self) -> "Meter":
        if self._root is not None:
            self._before = cpu_seconds(self._root)
            self._thread.start()
        self._start = self._clock()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = self._clock() - self._start
        if self._root is not None:
            self._over.set()
            self._thread.join()
            self.cpu = cpu_seconds(self._root) - self._before

    def _watch(self) -> None:
        assert self._root is not None
        sample = 0
        while True:
            pids = tree(self._root)
            self.resident = max(self.resident, resident(pids))
            if sample % _PROPORTIONAL == 0:
                self.proportional = max(self.proportional, proportional(pids))
            sample += 1
            if self._over.wait(_SAMPLE):
                return


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name; [] when it is gone. [1] is the parent, [11:15] the times."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(") ")[2].split()
    except OSError:
        return []
