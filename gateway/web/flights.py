"""Work that many ask for at the same time and that is done once. *Pure* but for the tasks it starts."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

_Found = TypeVar("_Found")


@dataclass(slots=True)
class Flights(Generic[_Found]):
    """What is being found, by its key. Who asks for it meanwhile waits for the same answer, also when that is an error;
    who goes away ends it for nobody."""

    _under_way: "dict[str, asyncio.Task[_Found]]" = field(default_factory=dict)

    async def join(self, key: str, find: Callable[[], Awaitable[_Found]]) -> _Found:
        """What `find` gives, begun now unless it is under way. Raises what it raises."""
        return await asyncio.shield(self.begin(key, find))

    def begin(self, key: str, find: Callable[[], Awaitable[_Found]]) -> "asyncio.Task[_Found]":
        """The same under way, for who does not wait for its end."""
        flight = self._under_way.get(key)
        if flight is None:
            flight = self._under_way[key] = asyncio.create_task(_run(find))
            flight.add_done_callback(lambda done: self._over(key, done))
        return flight

    def _over(self, key: str, flight: "asyncio.Task[_Found]") -> None:
        del self._under_way[key]
        if not flight.cancelled():
            flight.exception()  # seen, also when nobody waits any more


async def _run(find: Callable[[], Awaitable[_Found]]) -> _Found:
    return await find()
