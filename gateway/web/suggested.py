"""Suggestions for a while: found once for a text, shown to every look at it within a minute.

So a scanner that opens a page fifty times has the mail loaded and judged once, and a mail that takes long keeps no
other page waiting. What is shown may be a minute old; what is pressed is judged again. Reads through the flows.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.errors import GatewayError
from gateway.flows.recheck import Recheck, recheck
from gateway.flows.suggest import Suggestion, suggest
from gateway.holds.hold import HeldMail
from gateway.ports import House
from gateway.web.flights import Flights

_FRESH = 60.0  # seconds
_REMEMBERED = 64  # texts
_AT_ONCE = 2  # suggestions being looked for
_PATIENCE = 3.0  # seconds for one of these places, then no suggestion

Load = Callable[[], Awaitable[bytes]]


@dataclass(slots=True, kw_only=True)
class Suggested:
    """`now` gives monotonic seconds."""

    house: House
    now: Callable[[], float] = time.monotonic
    _found: "OrderedDict[str, tuple[float, Suggestion | None]]" = field(default_factory=OrderedDict)
    _flights: Flights[Suggestion | None] = field(default_factory=Flights)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def look(self, held: HeldMail, load: Load, text: str, subject: str) -> Suggestion | None:
        """The suggestion for a page that is only looked at: none where the store or the directory do not answer.
        `load` gives the bytes of the mail, where they are needed."""
        try:
            return await self.find(held, load, text, subject)
        except GatewayError:
            return None

    async def find(
        self, held: HeldMail, load: Load, text: str, subject: str, found: Recheck | None = None
    ) -> Suggestion | None:
        """The suggestion for this text, none while too many others are being looked for; `found` is its judgement where
        that is known. Raises GatewayError."""
        to = " ".join(path.text for path in held.rcpt_to)
        words = "\0".join((held.id, str(held.version), to, subject, text))
        key = hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()
        known = self._found.get(key)
        if known and self.now() - known[0] < _FRESH:
            return known[1]

        async def fresh() -> Suggestion | None:
            raw = await load()
            judged = found or await recheck(self.house, held, raw, text, subject)
            return await suggest(self.house, held, raw, text, subject, judged)

        return await self._flights.join(key, lambda: self._placed(key, fresh))

    async def _placed(self, key: str, fresh: Callable[[], Awaitable[Suggestion | None]]) -> Suggestion | None:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._places.acquire()
        except TimeoutError:
            return None
        try:
            suggestion = await fresh()
        finally:
            self._places.release()
        self._found[key] = (self.now(), suggestion)
        while len(self._found) > _REMEMBERED:
            self._found.popitem(last=False)
        return suggestion
