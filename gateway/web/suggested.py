"""Suggestions for a while: found once for a text, shown to every look at it within a minute.

So a scanner that opens a page fifty times has the mail judged once. What is shown may be a minute old; what is pressed
is judged again. Reads through the flows.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.errors import GatewayError
from gateway.flows.recheck import Recheck, recheck
from gateway.flows.suggest import Suggestion, suggest
from gateway.holds.hold import HeldMail
from gateway.ports import House

_FRESH = 60.0  # seconds
_REMEMBERED = 64  # texts


@dataclass(slots=True, kw_only=True)
class Suggested:
    """`now` gives monotonic seconds."""

    house: House
    now: Callable[[], float] = time.monotonic
    _found: "OrderedDict[str, tuple[float, Suggestion | None]]" = field(default_factory=OrderedDict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self, held: HeldMail, raw: bytes, text: str, subject: str) -> Suggestion | None:
        """The suggestion for a page that is only looked at: none where the store or the directory do not answer."""
        try:
            return await self.find(held, raw, text, subject)
        except GatewayError:
            return None

    async def find(
        self, held: HeldMail, raw: bytes, text: str, subject: str, found: Recheck | None = None
    ) -> Suggestion | None:
        """The suggestion for this text; `found` is its judgement where that is known. Raises GatewayError."""
        to = " ".join(path.text for path in held.rcpt_to)
        key = hashlib.sha256("\0".join((held.id, str(held.version), to, subject, text)).encode("utf-8", "replace"))
        async with self._turn:
            known = self._found.get(key.hexdigest())
            if known and self.now() - known[0] < _FRESH:
                return known[1]
            if found is None:
                found = await recheck(self.house, held, raw, text, subject)
            suggestion = await suggest(self.house, held, raw, text, subject, found)
            self._found[key.hexdigest()] = (self.now(), suggestion)
            while len(self._found) > _REMEMBERED:
                self._found.popitem(last=False)
            return suggestion
