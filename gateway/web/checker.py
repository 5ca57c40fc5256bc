"""Checking what is typed on the review page: what is found in it now, and what a pressed suggestion makes of it.

While one types the verdict comes first and the suggestion follows. Without side effects; bounded by `pace`. Reads
through the flows.
"""

from dataclasses import dataclass, replace
from functools import partial

from gateway.flows.recheck import Recheck, readers, recheck
from gateway.flows.suggest import Suggestion
from gateway.holds.hold import HeldMail
from gateway.holds.recipients import without_recipients
from gateway.language.catalogue import catalogue
from gateway.language.written import written_in
from gateway.ports import House
from gateway.web.fresh import Fresh
from gateway.web.held_text import HeldText, Reader
from gateway.web.judged import Judged, addressed, as_held, offered_reasons
from gateway.web.pace import Pace
from gateway.web.rewording import left_out, reworded
from gateway.web.suggested import Suggested, Wanted
from gateway.web.typed import Typed

_REMEMBERED = 16  # judgements


@dataclass(frozen=True, slots=True)
class _Loaded:
    """Bytes that are there."""

    raw: bytes

    async def __call__(self) -> bytes:
        return self.raw


class Checker:
    """All of it raises GatewayError."""

    def __init__(self, house: House, pace: Pace) -> None:
        self.house, self.pace = house, pace
        self.reader, self.suggested = Reader(house=house), Suggested(house=house)
        self._found = Fresh[Recheck](most=_REMEMBERED)

    async def as_held(self, held: HeldMail, mail: HeldText) -> Judged:
        """The mail as it came in, with a suggestion; a page that is only looked at is there in any case."""
        suggestion = None
        if mail.own is not None:
            load = partial(self.reader.raw, held)
            suggestion = await self.suggested.look(Wanted(held=held, text=mail.own, subject=held.subject, load=load))
        return as_held(held, mail, await readers(self.house, held.rcpt_to), suggestion, self.house.pack)

    async def reworded(self, held: HeldMail, typed: Typed, pressed: str) -> tuple[Typed, Judged]:
        """The text, with a pressed suggestion applied, and what is found in it now. Raises TooOften."""
        judged = await self._judge(held, typed)
        changed = self._apply(pressed, typed, judged)
        if changed == typed:
            return typed, judged
        return changed, await self._judge(held, changed)

    async def judged(self, held: HeldMail, typed: Typed) -> Judged:
        """What is found in this text, with the memory of this moment, and its suggestion."""
        raw = await self._raw(held, typed)
        found = await self._recheck(held, typed, raw)
        wanted = replace(self._wanted(held, typed), load=_Loaded(raw), found=found)
        return await self._told(wanted, found, await self.suggested.find(wanted))

    async def typed(self, held: HeldMail, typed: Typed) -> Judged:
        """What is found in this text, with the memory of this moment, as soon as it is known; a suggestion that is not
        there by then is `sought`, and `followed` has it. Raises TooOften."""
        async with self.pace.recheck(held.id):
            found = await self._recheck(held, typed, await self._raw(held, typed))
        wanted = replace(self._wanted(held, typed), found=found)
        self._found.put(wanted.key, found)
        known = await self.suggested.soon(wanted)
        if known:
            return await self._told(wanted, found, known[0])
        return replace(await self._told(wanted, found, None), sought=True)

    async def followed(self, held: HeldMail, typed: Typed) -> Judged:
        """The same with its suggestion; judged anew only where that is forgotten. Raises TooOften."""
        self.pace.follow(held.id)
        wanted = self._wanted(held, typed)
        known = self._found.get(wanted.key)
        if known:
            found = known[0]
        else:
            async with self.pace.recheck(held.id):
                found = await self._recheck(held, typed, await self._raw(held, typed))
        wanted = replace(wanted, found=found)
        return await self._told(wanted, found, await self.suggested.follow(wanted))

    async def _judge(self, held: HeldMail, typed: Typed) -> Judged:
        """Raises TooOften."""
        async with self.pace.recheck(held.id):
            return await self.judged(held, typed)

    async def _raw(self, held: HeldMail, typed: Typed) -> bytes:
        away = [held.rcpt_to[number].text for number in typed.off]
        return without_recipients(await self.reader.raw(held), away)

    async def _recheck(self, held: HeldMail, typed: Typed, raw: bytes) -> Recheck:
        return await recheck(self.house, addressed(held, typed.off), raw, typed.text, typed.subject)

    def _wanted(self, held: HeldMail, typed: Typed) -> Wanted:
        load = partial(self._raw, held, typed)  # again: words that wait for their turn keep no mail in memory
        return Wanted(held=addressed(held, typed.off), text=typed.text, subject=typed.subject, load=load)

    async def _told(self, words: Wanted, found: Recheck, suggestion: Suggestion | None) -> Judged:
        mail = await self.reader.read(words.held)
        return Judged(
            passes=found.passes,
            text=found.text or mail.text,
            findings=found.findings,
            earlier=found.earlier,
            people=await readers(self.house, words.held.rcpt_to),
            written=written_in(words.text, words.held.language),
            lost=(found.reason,) if found.reason else found.lost,
            suggestion=suggestion,
            override=found.override,
            places=mail.places,
        )

    def _apply(self, pressed: str, typed: Typed, judged: Judged) -> Typed:
        """ "suggest": the version that passes; "fix 2 RULE" or "drop 2 RULE": what is offered for the second reason, if
        that still is this rule's."""
        kind, _, which = pressed.partition(" ")
        if kind == "suggest" and judged.suggestion:
            return replace(typed, subject=judged.suggestion.subject, text=judged.suggestion.text)
        change = {"fix": reworded, "drop": left_out}.get(kind)
        for reason in offered_reasons(judged, self.house.pack, catalogue(judged.written)):
            if change and which == f"{reason.number} {reason.rule_id}":
                return replace(typed, text=change(typed.text, reason))
        return typed
