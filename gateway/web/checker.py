"""Checking what is typed on the review page: what is found in it now, and what a pressed suggestion makes of it.

Without side effects; bounded by `pace`. Reads through the flows.
"""

from dataclasses import replace
from functools import partial

from gateway.flows.recheck import readers, recheck
from gateway.holds.hold import HeldMail
from gateway.holds.recipients import without_recipients
from gateway.language.catalogue import catalogue
from gateway.language.written import written_in
from gateway.ports import House
from gateway.web.held_text import HeldText, Reader
from gateway.web.judged import Judged, addressed, as_held, offered_reasons
from gateway.web.pace import Pace
from gateway.web.rewording import left_out, reworded
from gateway.web.suggested import Suggested
from gateway.web.typed import Typed


class Checker:
    """All of it raises GatewayError."""

    def __init__(self, house: House, pace: Pace) -> None:
        self.house, self.pace = house, pace
        self.reader, self.suggested = Reader(house=house), Suggested(house=house)

    async def as_held(self, held: HeldMail, mail: HeldText) -> Judged:
        """The mail as it came in, with a suggestion; a page that is only looked at is there in any case."""
        suggestion = None
        if mail.own is not None:
            suggestion = await self.suggested.look(held, partial(self.reader.raw, held), mail.own, held.subject)
        return as_held(held, mail, await readers(self.house, held.rcpt_to), suggestion, self.house.pack)

    async def reworded(self, held: HeldMail, typed: Typed, pressed: str) -> tuple[Typed, Judged]:
        """The text, with a pressed suggestion applied, and what is found in it now. Raises TooOften."""
        judged = await self._judge(held, typed)
        changed = self._apply(pressed, typed, judged)
        if changed == typed:
            return typed, judged
        return changed, await self._judge(held, changed)

    async def judged(self, held: HeldMail, typed: Typed) -> Judged:
        """What is found in this text, with the memory of this moment."""
        away = [held.rcpt_to[number].text for number in typed.off]
        raw = without_recipients(await self.reader.raw(held), away)

        async def loaded() -> bytes:
            return raw

        held = addressed(held, typed.off)
        found = await recheck(self.house, held, raw, typed.text, typed.subject)
        mail = await self.reader.read(held)
        return Judged(
            passes=found.passes,
            text=found.text or mail.text,
            findings=found.findings,
            earlier=found.earlier,
            people=await readers(self.house, held.rcpt_to),
            written=written_in(typed.text, held.language),
            lost=(found.reason,) if found.reason else found.lost,
            suggestion=await self.suggested.find(held, loaded, typed.text, typed.subject, found),
            override=found.override,
            places=mail.places,
        )

    async def _judge(self, held: HeldMail, typed: Typed) -> Judged:
        """Raises TooOften."""
        async with self.pace.recheck(held.id):
            return await self.judged(held, typed)

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
