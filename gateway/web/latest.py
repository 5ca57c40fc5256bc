"""Work for words that change while it is done: one piece at a time for each name, and of those that wait only the last
that was wanted. *Pure* but for waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


class Superseded(Exception):
    """Something newer was wanted before this had its turn."""


@dataclass(slots=True)
class _Line:
    last: str = ""
    inside: int = 0  # who waits or has the turn
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class Latest:
    """`spared`: keys that have their turn in any case."""

    spared: set[str] = field(default_factory=set)
    _lines: dict[str, _Line] = field(default_factory=dict)

    def want(self, name: str, key: str) -> None:
        """What waits under this key is the last that is wanted again."""
        if name in self._lines:
            self._lines[name].last = key

    @asynccontextmanager
    async def turn(self, name: str, key: str) -> AsyncIterator[None]:
        """Alone under this name. Raises Superseded."""
        line = self._lines.setdefault(name, _Line())
        line.last, line.inside = key, line.inside + 1
        try:
            async with line.lock:
                if line.last != key and key not in self.spared:
                    raise Superseded
                yield
        finally:
            line.inside -= 1
            if not line.inside:
                del self._lines[name]
