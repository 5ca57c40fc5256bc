"""Suggestions for a while: found once for a text, shown to every look at it within a minute.

So a scanner that opens a page fifty times has the mail loaded and judged once, and a mail that takes long keeps no
other page waiting. What is shown may be a minute old; what is pressed is judged again. Who types on has one search
under way at a time, and none for words that are gone again. Reads through the flows.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from gateway.errors import GatewayError
from gateway.flows.recheck import Recheck, recheck
from gateway.flows.suggest import Suggestion, suggest
from gateway.holds.hold import HeldMail
from gateway.ports import House
from gateway.web.flights import Flights
from gateway.web.fresh import Fresh
from gateway.web.latest import Latest, Superseded
from gateway.web.pace import TooOften

_REMEMBERED = 64  # texts
_AT_ONCE = 2  # suggestions being looked for
_PATIENCE = 3.0  # seconds for one of these places, then no suggestion
_MOMENT = 0.1  # seconds: nobody sees an answer that is later by that, and most suggestions are there by then
_AGAIN = 1  # seconds until a search that did not begin is asked for again


class _NoPlace(Exception):
    """Too many others are being looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Words that other words are wanted for. `held`: as it would go out; `load` gives the bytes of the mail, where they
    are needed; `found` is the judgement of these words where that is known."""

    held: HeldMail
    text: str
    subject: str
    load: Callable[[], Awaitable[bytes]]
    found: Recheck | None = None

    @property
    def key(self) -> str:
        """The same for the same words to the same people."""
        to = " ".join(path.text for path in self.held.rcpt_to)
        words = "\0".join((self.held.id, str(self.held.version), to, self.subject, self.text))
        return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()


@dataclass(slots=True, kw_only=True)
class Suggested:
    """All of it raises GatewayError but `look`."""

    house: House
    _found: Fresh[Suggestion | None] = field(default_factory=lambda: Fresh(most=_REMEMBERED))
    _flights: Flights[Suggestion | None] = field(default_factory=Flights)
    _typed: Latest = field(default_factory=Latest)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def look(self, wanted: Wanted) -> Suggestion | None:
        """The suggestion for a page that is only looked at: none where the store or the directory do not answer."""
        try:
            return await self.find(wanted)
        except GatewayError:
            return None

    async def find(self, wanted: Wanted) -> Suggestion | None:
        """The suggestion for these words, none while too many others are being looked for."""
        if wanted.found and not wanted.found.improvable:
            return None
        key = wanted.key
        known = self._found.get(key)
        if known:
            return known[0]
        self._typed.spared.add(key)
        try:
            return await self._flights.join(key, partial(self._placed, wanted))
        except _NoPlace:
            return None
        finally:
            self._typed.spared.discard(key)

    async def soon(self, wanted: Wanted) -> tuple[Suggestion | None] | None:
        """The suggestion for words as they are typed, if it is there in a moment; None while the search goes on."""
        if wanted.found and not wanted.found.improvable:
            return (None,)
        key = wanted.key
        known = self._found.get(key)
        if known:
            return known
        self._typed.want(wanted.held.id, key)
        await asyncio.wait({self._flights.begin(key, partial(self._alone, wanted))}, timeout=_MOMENT)
        return self._found.get(key)

    async def follow(self, wanted: Wanted) -> Suggestion | None:
        """What `soon` did not wait for. Raises TooOften where it was not looked for."""
        known = self._found.get(wanted.key)
        if known:
            return known[0]
        try:
            return await self._flights.join(wanted.key, partial(self._alone, wanted))
        except (Superseded, _NoPlace):
            raise TooOften(_AGAIN) from None

    async def _alone(self, wanted: Wanted) -> Suggestion | None:
        async with self._typed.turn(wanted.held.id, wanted.key):
            return await self._placed(wanted)

    async def _placed(self, wanted: Wanted) -> Suggestion | None:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._places.acquire()
        except TimeoutError:
            raise _NoPlace from None
        try:
            suggestion = await self._fresh(wanted)
        finally:
            self._places.release()
        self._found.put(wanted.key, suggestion)
        return suggestion

    async def _fresh(self, wanted: Wanted) -> Suggestion | None:
        held, text, subject = wanted.held, wanted.text, wanted.subject
        raw = await wanted.load()
        found = wanted.found or await recheck(self.house, held, raw, text, subject)
        return await suggest(self.house, held, raw, text, subject, found)
