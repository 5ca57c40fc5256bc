"""What each button of the sender's page does.

A press acts only with a sign that a form submitted as it was served does not carry: a ticked box, or a reason in the
person's own words. What was done is answered with 303 and shown by the GET that follows. IO through the flows.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from datetime import timedelta

from starlette.responses import RedirectResponse, Response

from gateway.errors import GatewayError
from gateway.flows.dispute import dispute
from gateway.flows.release import StillHeld, release
from gateway.flows.step import TooLate
from gateway.flows.undo import Undone, undo
from gateway.flows.withdraw import withdraw
from gateway.holds.hold import Wording
from gateway.mail.envelope import Path
from gateway.ports import House
from gateway.web.banner import (
    CHANGED,
    CHECKED_CLEAR,
    CHECKED_HELD,
    LATE,
    NOBODY_LEFT,
    SAY_FIRST,
    STILL_HELD,
    STOPPED,
    TICK_FIRST,
)
from gateway.web.checker import Checker
from gateway.web.forms import MAX_REASON
from gateway.web.judged import addressed
from gateway.web.pace import Pace
from gateway.web.review import waits
from gateway.web.typed import Typed, typed
from gateway.web.view import View
from gateway.web.visit import Visit

Press = Callable[[Visit], Awaitable[Response]]


class Presses:
    """All of them raise TooOften and GatewayError."""

    def __init__(self, house: House, view: View, checker: Checker, pace: Pace) -> None:
        self.house, self.view, self.checker, self.pace = house, view, checker, pace
        self.acting: Mapping[str, Press] = {
            "send": self._send,
            "anyway": self._send_anyway,
            "undo": self._undo,
            "withdraw": self._withdraw,
            "dispute": self._dispute,
        }

    async def check(self, visit: Visit, *, unticked: bool = False, unexplained: bool = False) -> Response:
        """Check again, with a suggestion applied when one was pressed; no side effect. `unticked`: Send was pressed
        without its tick; `unexplained`: "send anyway" without what it wants."""
        mail = await self.checker.reader.read(visit.held)
        if waits(visit.held) and mail.own is None and unexplained:
            return await self.view.show(visit, banner=SAY_FIRST, status=422, unexplained=True)
        if not waits(visit.held) or mail.own is None:
            return await self.view.show(visit)
        given = typed(visit.form, visit.held, mail)
        words, judged = await self.checker.reworded(visit.held, given, visit.form.get("do", ""))
        live = self.view.live(visit, judged)
        if unticked:
            return self.view.review(visit, mail, words, live, banner=TICK_FIRST, status=422, missing=True)
        if unexplained:
            return self.view.review(visit, mail, words, live, banner=SAY_FIRST, status=422, unexplained=True)
        checked = CHECKED_CLEAR if live["outlook"].clear else CHECKED_HELD
        looked = visit.form.get("do") == "look"  # the same page in another language, with what was typed
        return self.view.review(visit, mail, words, live, banner=None if looked else checked)

    async def _send(self, visit: Visit) -> Response:
        if visit.form.get("sure") != "yes":
            return await self.check(visit, unticked=True)
        return await self._release(visit, against=None)

    async def _send_anyway(self, visit: Visit) -> Response:
        """In spite of the rules, where all of them allow it, also a mail that cannot be edited; no form carries the
        reason or the tick as served."""
        why = " ".join(visit.form.get("why", "").split())[:MAX_REASON]
        if not why and visit.form.get("read") != "yes":
            return await self.check(visit, unexplained=True)
        return await self._release(visit, against=why)

    async def _undo(self, visit: Visit) -> Response:
        if visit.form.get("sure") != "yes":
            return await self.view.show(visit, status=422, open_form="undo")
        async with self.pace.turn(visit.held.id):
            outcome = await undo(self.house, visit.held.id, actor=visit.actor)
            if isinstance(outcome, Undone) and outcome.wording:
                return await self._given_back(replace(visit, held=outcome.held), outcome.wording, outcome.off)
        return seen(visit, late=isinstance(outcome, TooLate))

    async def _given_back(self, visit: Visit, wording: Wording, off: Collection[Path]) -> Response:
        """Held again, with what was about to go out in the boxes: the hold has only what came in, so this page is the
        one that knows. What is done is done, also when it cannot be shown."""
        held = visit.held
        ticked = frozenset(number for number, path in enumerate(held.rcpt_to) if path in off)
        try:
            mail = await self.checker.reader.read(held)
            if mail.own is None:
                return seen(visit)
            words = Typed(subject=wording.subject, text=wording.text, off=ticked)
            live = self.view.live(visit, await self.checker.judged(held, words))
        except GatewayError:
            return seen(visit)
        return self.view.review(visit, mail, words, live, banner=STOPPED)

    async def _release(self, visit: Visit, *, against: str | None) -> Response:
        held, mail = visit.held, await self.checker.reader.read(visit.held)
        sealed = mail.own is None
        if sealed and against is None:
            return await self.view.show(visit)
        words = typed(visit.form, held, mail)
        if not addressed(held, words.off).rcpt_to:
            return await self.view.show(visit, banner=NOBODY_LEFT, status=422)
        async with self.pace.turn(held.id):
            outcome = await release(
                self.house,
                held.id,
                new_text=None if sealed else words.text,
                new_subject=None if sealed else words.subject,
                actor=visit.actor,
                off=[held.rcpt_to[number].text for number in words.off],
                undo=timedelta(seconds=self.house.settings.holds.undo_seconds),
                against=against,
                version=held.version,
            )
            if isinstance(outcome, StillHeld) and sealed:
                return await self.view.show(visit, banner=STILL_HELD, status=422)
            if isinstance(outcome, StillHeld):  # with its marks; a text that passes by now is shown as such
                live = self.view.live(visit, await self.checker.judged(held, words))
                return self.view.review(visit, mail, words, live, banner=STILL_HELD, status=422)
        if isinstance(outcome, TooLate):
            banner = CHANGED if waits(outcome.held) else LATE
            return await self.view.show(replace(visit, held=outcome.held), banner=banner, status=409)
        return seen(visit)

    async def _withdraw(self, visit: Visit) -> Response:
        if visit.form.get("sure") != "yes":
            return await self.view.show(visit, status=422, open_form="withdraw")
        async with self.pace.turn(visit.held.id):
            outcome = await withdraw(self.house, visit.held.id, actor=visit.actor)
        return seen(visit, late=isinstance(outcome, TooLate))

    async def _dispute(self, visit: Visit) -> Response:
        reason = " ".join(visit.form.get("reason", "").split())[:MAX_REASON]
        if not reason:
            return await self.view.show(visit, status=422, open_form="dispute")
        async with self.pace.turn(visit.held.id):
            outcome = await dispute(self.house, visit.held.id, reason=reason, actor=visit.actor)
        return seen(visit, late=isinstance(outcome, TooLate))


def seen(visit: Visit, *, late: bool = False) -> Response:
    """303 to the page that says what happened; `late` when somebody was faster."""
    return RedirectResponse(visit.voice.way(visit.here, **({"late": "1"} if late else {})), status_code=303)
