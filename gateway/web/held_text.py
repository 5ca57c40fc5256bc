"""The words of a held mail, read once and remembered for a while. Reads the store; parsing happens off the loop.

A held message never changes, so what was read stays true; only its words are kept, never the message itself.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial

from gateway.holds.hold import HeldMail
from gateway.holds.revision import NotEditable, editable_text, revise
from gateway.language.catalogue import later
from gateway.mail.message import walk
from gateway.mail.reading import read_text
from gateway.mail.text import MessageText
from gateway.ports import House
from gateway.web.elsewhere import Place, places
from gateway.web.flights import Flights

TOO_LONG = later("This mail is too long to be changed here. Take it back and send it anew.")
_REMEMBERED = 8  # mails
_AT_ONCE = 4  # mails being loaded and read; the store has more connections than that


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldText:
    """`own`: the sender's words for the edit box, None when they cannot be edited here and `why_not` says why;
    `places`: where each part of the mail stands."""

    text: MessageText
    from_line: str
    own: str | None
    why_not: str = ""
    places: tuple[Place, ...] = ()


@dataclass(slots=True, kw_only=True)
class Reader:
    """Reads held mails of one house, each once however many look at it."""

    house: House
    _read: "OrderedDict[str, HeldText]" = field(default_factory=OrderedDict)
    _flights: Flights[HeldText] = field(default_factory=Flights)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def read(self, held: HeldMail) -> HeldText:
        """The words of this mail. Raises StoreUnavailable."""
        return self._read.get(held.id) or await self._flights.join(held.id, partial(self._fresh, held))

    async def _fresh(self, held: HeldMail) -> HeldText:
        async with self._places:
            raw = await self.raw(held)
            found = await asyncio.to_thread(read, raw, self.house.settings.policy.max_text)
        self._read[held.id] = found
        while len(self._read) > _REMEMBERED:
            self._read.popitem(last=False)
        return found

    async def raw(self, held: HeldMail) -> bytes:
        """The message as it came in. Raises StoreUnavailable."""
        async with self.house.store.begin(write=False) as unit:
            return await unit.holds.raw(held.id)


def read(raw: bytes, max_text: int) -> HeldText:
    """Walk and read one message; linear in its size."""
    message = walk(raw)
    text = read_text(message, max_text=max_text)
    own = editable_text(raw)
    try:
        revise(raw, f"{own}\n.")  # tried, not kept: would a change of the words be possible?
    except NotEditable as sealed:
        return HeldText(text=text, from_line=message.from_, own=None, why_not=sealed.reason)
    if len(own) > max_text:
        return HeldText(text=text, from_line=message.from_, own=None, why_not=TOO_LONG)
    return HeldText(text=text, from_line=message.from_, own=own, places=places(message))
