"""Work in parallel processes, as its callers rely on it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import pytest

from gateway.crew import work
from gateway.errors import UserError


def times(factor: int) -> Callable[[int], int]:
    """Makes a task that multiplies."""
    return partial(_times, factor)


def _times(factor: int, number: int) -> int:
    if number < 0:
        raise UserError("too small", where="piece")
    if number == 13:
        os._exit(3)
    return factor * number


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_piece_is_answered_once(jobs: int) -> None:
    """All answers come, whatever the number of processes."""
    assert sorted(work(partial(times, 3), range(10), jobs=jobs)) == [3 * number for number in range(10)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_users_mistake_keeps_its_words(jobs: int) -> None:
    """What the task raises comes out on this side, as it was said there."""
    with pytest.raises(UserError, match="piece: too small"):
        list(work(partial(times, 3), [1, -1], jobs=jobs))


def test_a_worker_that_dies_is_told() -> None:
    """A process that is killed ends the work with one clear line instead of waiting for ever."""
    with pytest.raises(UserError, match="ended unexpectedly"):
        list(work(partial(times, 3), [1, 13, 2], jobs=2))


PARENT = """
import os, sys, time
from functools import partial
from gateway.crew import work
from tests.test_crew import times
if __name__ == "__main__":
    answers = work(partial(times, 2), iter(range(1000)), jobs=2)
    next(answers)
    import multiprocessing
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    time.sleep(60)
"""


def test_no_worker_outlives_a_killed_parent(tmp_path: object) -> None:
    """After kill -9 of the parent its workers end by themselves."""
    script = os.path.join(str(tmp_path), "parent.py")
    with open(script, "w", encoding="utf-8") as file:
        file.write(PARENT)
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, env=environment)
    assert parent.stdout is not None
    children = [int(word) for word in parent.stdout.readline().split()]
    assert len(children) == 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while any(_alive(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_alive(child) for child in children)


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
