"""How often one page may ask: bounded work for live re-checks, one turn at a time for each hold.

All of it lives in memory, bounded in size, and loses nothing when forgotten. Time comes in as monotonic seconds.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_REMEMBERED = 2048  # holds


class TooOften(Exception):
    """Ask again after `seconds`."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(f"again in {seconds} s")


@dataclass(slots=True, kw_only=True)
class Bucket:
    """What one hold may still ask for: `burst` at once, `per_second` more as time passes (monotonic seconds)."""

    burst: float
    per_second: float
    left: float
    at: float

    def take(self, now: float) -> None:
        """Take one. Raises TooOften."""
        self.left = min(self.burst, self.left + (now - self.at) * self.per_second)
        self.at = now
        if self.left < 1:
            raise TooOften(max(1, round((1 - self.left) / self.per_second)))
        self.left -= 1


@dataclass(slots=True, kw_only=True)
class Pace:
    """`at_once`: re-checks in flight over all holds; a further one waits `patience` seconds, then TooOften.
    `checks`, `follows` and `presses`: (burst, per second) of each hold; `drafts`: of each who checks drafts."""

    at_once: int = 2
    patience: float = 3.0
    checks: tuple[float, float] = (12, 3)
    follows: tuple[float, float] = (12, 3)
    presses: tuple[float, float] = (40, 1)
    now: Callable[[], float] = time.monotonic
    drafts: tuple[float, float] = (20, 2)
    _slots: asyncio.Semaphore = field(init=False)
    _buckets: "OrderedDict[tuple[str, str], Bucket]" = field(default_factory=OrderedDict, init=False)
    _turns: "OrderedDict[str, asyncio.Lock]" = field(default_factory=OrderedDict, init=False)
    _looks: "OrderedDict[str, float]" = field(default_factory=OrderedDict, init=False)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.at_once)

    @asynccontextmanager
    async def recheck(self, hold_id: str) -> AsyncIterator[None]:
        """A slot for one re-check. Raises TooOften."""
        self._take("check", hold_id, self.checks)
        async with self._slot():
            yield

    def follow(self, hold_id: str) -> None:
        """For the suggestion of a re-check: it waits for work under way, so it needs no slot and takes no re-check from
        who types. Raises TooOften."""
        self._take("follow", hold_id, self.follows)

    @asynccontextmanager
    async def draft(self, who: str) -> AsyncIterator[None]:
        """A slot for one draft of somebody's. Raises TooOften."""
        self._take("draft", who, self.drafts)
        async with self._slot():
            yield

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self.patience):
                await self._slots.acquire()
        except TimeoutError:
            raise TooOften(2) from None
        try:
            yield
        finally:
            self._slots.release()

    @asynccontextmanager
    async def turn(self, hold_id: str) -> AsyncIterator[None]:
        """One action at a time for one hold in this process; the store keeps apart what other processes do. Raises
        TooOften."""
        self._take("press", hold_id, self.presses)
        lock = self._turns.setdefault(hold_id, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.locked():
                self._turns.pop(hold_id, None)

    def first_look(self, hold_id: str, every: float = 60.0) -> bool:
        """True at most once in `every` seconds for one hold: that look goes into the audit."""
        now = self.now()
        seen = self._looks.get(hold_id)
        if seen is not None and now - seen < every:
            return False
        self._looks[hold_id] = now
        self._looks.move_to_end(hold_id)
        while len(self._looks) > _REMEMBERED:
            self._looks.popitem(last=False)
        return True

    def _take(self, what: str, hold_id: str, limit: tuple[float, float]) -> None:
        now, key = self.now(), (what, hold_id)
        fresh = Bucket(burst=limit[0], per_second=limit[1], left=limit[0], at=now)
        bucket = self._buckets.setdefault(key, fresh)
        self._buckets.move_to_end(key)
        while len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        bucket.take(now)
