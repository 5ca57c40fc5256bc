"""Work in parallel processes: the same task on many pieces, answers as they come.

Each worker is a fresh process with a pipe of its own; it ends as soon as the pipe closes, so no worker outlives us,
however we end. With one job the work is done here, without any process. IO: processes, pipes.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import TypeVar, cast

from gateway.errors import UserError

Piece = TypeVar("Piece")
Answer = TypeVar("Answer")
Task = Callable[[Piece], Answer]
_CONTEXT = multiprocessing.get_context("spawn")  # no thread, lock or pipe of ours is inherited
_PATIENCE = 10.0  # seconds a worker may take to end when told to


def cores() -> int:
    """How many processes can really run at once here."""
    return len(os.sched_getaffinity(0))


def work(start: Callable[[], Task[Piece, Answer]], pieces: Iterable[Piece], *, jobs: int) -> Iterator[Answer]:
    """The answers to all pieces, in no order. `start` makes the task, once in each process, and must be picklable.

    Raises what the task raises, and UserError when a worker dies.
    """
    if jobs <= 1:
        task: Task[Piece, Answer] | None = None
        for piece in pieces:
            task = task or start()
            yield task(piece)
        return
    crew = _Crew(start, jobs)
    try:
        yield from cast("Iterator[Answer]", crew.answers(iter(pieces)))
    finally:
        crew.end()


class _Crew:
    """`free`: connections whose worker waits for a piece."""

    def __init__(self, start: Callable[[], Task[Piece, Answer]], jobs: int) -> None:
        self.workers = {}
        for _ in range(jobs):
            ours, theirs = _CONTEXT.Pipe()
            process = _CONTEXT.Process(target=_labour, args=(start, theirs), daemon=True)
            process.start()
            theirs.close()
            self.workers[ours] = process

    def answers(self, pieces: Iterator[object]) -> Iterator[object]:
        busy = {worker for worker in self.workers if _hand(worker, pieces)}
        while busy:
            for ready in wait(list(busy)):
                worker = cast("Connection", ready)
                answer = _heard(worker)
                if not _hand(worker, pieces):
                    busy.discard(worker)
                yield answer

    def end(self) -> None:
        for worker in self.workers:
            worker.close()
        for process in self.workers.values():
            process.join(_PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()


def _hand(worker: Connection, pieces: Iterator[object]) -> bool:
    """Give the worker its next piece; False when there is none left."""
    for piece in pieces:
        try:
            worker.send(piece)
        except OSError:
            raise _dead() from None
        return True
    return False


def _heard(worker: Connection) -> object:
    try:
        good, answer = worker.recv()
    except (EOFError, OSError):
        raise _dead() from None
    if not good:
        raise answer
    return answer


def _dead() -> UserError:
    return UserError("a worker process ended unexpectedly", todo="There may be too little memory; try --jobs 1")


def _labour(start: Callable[[], Callable[[object], object]], pipe: Connection) -> None:
    """A worker's life. An interrupt at the keyboard is the parent's to deal with."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    task = None
    while True:
        try:
            piece = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            task = task or start()
            answer = (True, task(piece))
        except Exception as error:
            answer = (False, _portable(error))
        try:
            pipe.send(answer)
        except OSError:
            return


def _portable(error: Exception) -> Exception:
    """An exception that survives the pipe with its words."""
    return error if isinstance(error, UserError) else RuntimeError(f"{type(error).__name__}: {error}")
