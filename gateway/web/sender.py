"""The sender's page: see a held mail, change it, send it, take it back, or say that holding it is a mistake.

GET and HEAD show and never act. A POST acts only with the link's secret, a token of this hold and this form, and a
sign that a form submitted as it was served does not carry: a ticked box, or a reason in the person's own words. What
was done is answered with 303 and shown by the GET that follows, now and on every later visit. IO through the flows.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from gateway.audit.events import HoldOpened
from gateway.errors import GatewayError
from gateway.flows.dispute import dispute
from gateway.flows.recheck import readers, recheck
from gateway.flows.release import StillHeld, release
from gateway.flows.step import TooLate
from gateway.flows.undo import undo
from gateway.flows.withdraw import withdraw
from gateway.holds.hold import HeldMail
from gateway.holds.recipients import without_recipients
from gateway.ports import House
from gateway.web.access import from_elsewhere, token_fits
from gateway.web.door import Door, way_of
from gateway.web.forms import MAX_REASON, MAX_SUBJECT, body_text, one_line, read_form, read_json
from gateway.web.held_text import HeldText, Reader
from gateway.web.pace import Pace, TooOften
from gateway.web.rendering import Pages
from gateway.web.review import (
    Judged,
    Notice,
    Typed,
    addressed,
    as_held,
    live_values,
    offered_reasons,
    review_values,
    story_values,
    undo_left,
    waits,
)
from gateway.web.rewording import left_out, reworded
from gateway.web.suggested import Suggested

Form = Mapping[str, str]

OUT_OF_DATE = Notice(tone="ask", title="This page was out of date.", told="Nothing was done. Please press once more.")
CHANGED = Notice(
    tone="ask", title="Something changed meanwhile.", told="Nothing was done. Please look, then press again."
)
TICK_FIRST = Notice(tone="ask", title="Not sent yet.", told="Please tick the box beside Send first.")
SAY_FIRST = Notice(
    tone="ask", title="Not sent yet.", told="To send it anyway, please fill in the box beside that button."
)
STILL_HELD = Notice(
    tone="ask", title="Not sent.", told="Something in it still needs another wording; it is marked below."
)
NOBODY_LEFT = Notice(
    tone="ask", title="Nobody would get it.", told="Leave at least one person on it, or take the mail back below."
)
BUSY = Notice(tone="ask", title="One moment.", told="Too many presses at once. Your text is below; please press again.")
CHECKED_CLEAR = Notice(tone="done", title="All clear.", told="Nothing has been sent yet: tick the box and press Send.")
CHECKED_HELD = Notice(tone="open", title="Checked.", told="What still needs another wording is marked below.")
LATE = Notice(tone="open", title="This was settled before you pressed.", told="Nothing further was done.")


class SenderDesk:
    """The handlers; `door` says who comes in, by which way."""

    def __init__(self, house: House, pages: Pages, pace: Pace, door: Door) -> None:
        self.house, self.pages, self.pace, self.door = house, pages, pace, door
        self.reader, self.suggested = Reader(house=house), Suggested(house=house)

    async def review(self, request: Request) -> Response:
        """GET and HEAD: the page, as the mail stands now."""
        way = await self.door.open(request)
        if isinstance(way, Response):
            return way
        self._looked(request, way.held)
        return await self._show(request, way.held, notice=LATE if "late" in request.query_params else None)

    async def act(self, request: Request) -> Response:
        """POST: one of the page's forms."""
        way = await self.door.open(request)
        if isinstance(way, Response):
            return way
        form = await read_form(request)
        try:
            return await self._act(request, way.held, form)
        except GatewayError:
            return self.pages.unreachable(kept=body_text(form.get("text", form.get("reason", ""))))

    async def live(self, request: Request) -> Response:
        """POST of JSON: what would happen to this text. Changes nothing."""
        way = await self.door.open(request)
        if isinstance(way, Response):
            gone = way.status_code == 404
            return JSONResponse({"error": "gone" if gone else "sign in"}, status_code=404 if gone else 403)
        held, form = way.held, await read_json(request)
        if from_elsewhere(request.headers) or not token_fits(way.key, held, "revise", form.get("token", "")):
            return JSONResponse({"error": "reload"}, status_code=403)
        if not waits(held):
            return JSONResponse({"error": "settled"}, status_code=409)
        mail = await self.reader.read(held)
        if mail.own is None:
            return JSONResponse({"error": "reload"}, status_code=409)
        try:
            typed, judged = await self._reworded(held, _typed(form, held, mail), form.get("do", ""))
        except TooOften as again:
            return JSONResponse({"error": "wait"}, status_code=429, headers={"Retry-After": str(again.seconds)})
        live = self._live(request, held, judged)
        values = {**live, "editable": True, "here": self._here(request)}
        return JSONResponse(
            {
                "text": typed.text,
                "subject": typed.subject,
                "lost": list(judged.lost),
                "clear": live["outlook"].clear,
                "said": live["outlook"].said,
                "button": live["outlook"].button,
                "whom": live["people_in_words"],
                "gist": live["gist"],
                "reasons": self.pages.fragment("_reasons.html", **values),
                "letter": self.pages.fragment("_letter.html", **values),
                "suggestion": self.pages.fragment("_suggestion.html", **values),
                "override": live["override"],
            }
        )

    async def _act(self, request: Request, held: HeldMail, form: Form) -> Response:
        wanted = form.get("do", "check")
        purpose = wanted if wanted in ("withdraw", "dispute", "undo") else "revise"
        if from_elsewhere(request.headers) or not token_fits(way_of(request).key, held, purpose, form.get("token", "")):
            return await self._show(request, held, form, notice=OUT_OF_DATE, status=403)
        act: Callable[[Request, HeldMail, Form], Awaitable[Response]] = {
            "send": self._send,
            "anyway": self._send_anyway,
            "undo": self._undo,
            "withdraw": self._withdraw,
            "dispute": self._dispute,
        }.get(wanted, self._check)
        if form.get("version") != str(held.version) and act != self._check:
            return await self._show(request, held, form, notice=CHANGED, status=409)
        try:
            return await act(request, held, form)
        except TooOften:
            return await self._show(request, held, form, notice=BUSY, status=429)

    async def _check(
        self, request: Request, held: HeldMail, form: Form, *, unticked: bool = False, unexplained: bool = False
    ) -> Response:
        """Check again, with a suggestion applied when one was pressed; no side effect. `unticked`: Send was pressed
        without its tick; `unexplained`: "send anyway" without what it wants. Raises TooOften, as all of these do."""
        mail = await self.reader.read(held)
        if not waits(held) or mail.own is None:
            return await self._show(request, held, form)
        typed, judged = await self._reworded(held, _typed(form, held, mail), form.get("do", ""))
        live = self._live(request, held, judged)
        if unticked:
            return self._page(request, held, mail, typed, live, notice=TICK_FIRST, status=422, missing=True)
        if unexplained:
            return self._page(request, held, mail, typed, live, notice=SAY_FIRST, status=422, unexplained=True)
        notice = CHECKED_CLEAR if live["outlook"].clear else CHECKED_HELD
        return self._page(request, held, mail, typed, live, notice=notice)

    async def _send(self, request: Request, held: HeldMail, form: Form) -> Response:
        if form.get("sure") != "yes":
            return await self._check(request, held, form, unticked=True)
        return await self._release(request, held, form, against=None)

    async def _send_anyway(self, request: Request, held: HeldMail, form: Form) -> Response:
        """In spite of the rules, where all of them allow it; no form carries the reason or the tick as served."""
        why = " ".join(form.get("why", "").split())[:MAX_REASON]
        if not why and form.get("read") != "yes":
            return await self._check(request, held, form, unexplained=True)
        return await self._release(request, held, form, against=why)

    async def _undo(self, request: Request, held: HeldMail, form: Form) -> Response:
        if form.get("sure") != "yes":
            return await self._show(request, held, form, status=422, open_form="undo")
        async with self.pace.turn(held.id):
            outcome = await undo(self.house, held.id, actor=way_of(request).actor)
        return self._seen(request, late=isinstance(outcome, TooLate))

    async def _release(self, request: Request, held: HeldMail, form: Form, *, against: str | None) -> Response:
        mail = await self.reader.read(held)
        if mail.own is None:
            return await self._show(request, held, form)
        typed = _typed(form, held, mail)
        if not addressed(held, typed.off).rcpt_to:
            return await self._show(request, held, form, notice=NOBODY_LEFT, status=422)
        off = [held.rcpt_to[number].text for number in typed.off]
        async with self.pace.turn(held.id):
            outcome = await release(
                self.house,
                held.id,
                new_text=typed.text,
                new_subject=typed.subject,
                actor=way_of(request).actor,
                off=off,
                undo=timedelta(seconds=self.house.settings.holds.undo_seconds),
                against=against,
            )
            if isinstance(outcome, StillHeld):  # with its marks; a text that passes by now is shown as such
                live = self._live(request, held, await self._recheck(held, typed))
                return self._page(request, held, mail, typed, live, notice=STILL_HELD, status=422)
        if isinstance(outcome, TooLate):
            return await self._show(request, outcome.held, form, notice=LATE, status=409)
        return self._seen(request)

    async def _withdraw(self, request: Request, held: HeldMail, form: Form) -> Response:
        if form.get("sure") != "yes":
            return await self._show(request, held, form, status=422, open_form="withdraw")
        async with self.pace.turn(held.id):
            outcome = await withdraw(self.house, held.id, actor=way_of(request).actor)
        return self._seen(request, late=isinstance(outcome, TooLate))

    async def _dispute(self, request: Request, held: HeldMail, form: Form) -> Response:
        reason = " ".join(form.get("reason", "").split())[:MAX_REASON]
        if not reason:
            return await self._show(request, held, form, status=422, open_form="dispute")
        async with self.pace.turn(held.id):
            outcome = await dispute(self.house, held.id, reason=reason, actor=way_of(request).actor)
        return self._seen(request, late=isinstance(outcome, TooLate))

    async def _reworded(self, held: HeldMail, typed: Typed, pressed: str) -> tuple[Typed, Judged]:
        """The text, with a pressed suggestion applied, and what is found in it now. Raises TooOften."""
        judged = await self._judge(held, typed)
        changed = self._apply(pressed, typed, judged)
        if changed == typed:
            return typed, judged
        return changed, await self._judge(held, changed)

    async def _judge(self, held: HeldMail, typed: Typed) -> Judged:
        """Raises TooOften."""
        async with self.pace.recheck(held.id):
            return await self._recheck(held, typed)

    async def _recheck(self, held: HeldMail, typed: Typed) -> Judged:
        away = [held.rcpt_to[number].text for number in typed.off]
        raw = without_recipients(await self.reader.raw(held), away)
        held = addressed(held, typed.off)
        found = await recheck(self.house, held, raw, typed.text, typed.subject)
        text = found.text or (await self.reader.read(held)).text
        return Judged(
            passes=found.passes,
            text=text,
            findings=found.findings,
            earlier=found.earlier,
            people=await readers(self.house, held.rcpt_to),
            lost=found.lost,
            suggestion=await self.suggested.find(held, raw, typed.text, typed.subject, found),
            override=found.override,
        )

    def _apply(self, pressed: str, typed: Typed, judged: Judged) -> Typed:
        """ "suggest": the version that passes; "fix 2 RULE" or "drop 2 RULE": what is offered for the second reason, if
        that still is this rule's."""
        kind, _, which = pressed.partition(" ")
        if kind == "suggest" and judged.suggestion:
            return replace(typed, subject=judged.suggestion.subject, text=judged.suggestion.text)
        change = {"fix": reworded, "drop": left_out}.get(kind)
        for reason in offered_reasons(judged, self.house.pack):
            if change and which == f"{reason.number} {reason.rule_id}":
                return replace(typed, text=change(typed.text, reason))
        return typed

    async def _show(
        self,
        request: Request,
        held: HeldMail,
        form: Form | None = None,
        *,
        notice: Notice | None = None,
        status: int = 200,
        missing: bool = False,
        open_form: str = "",
    ) -> Response:
        """The page for a mail as it stands, with what was typed kept."""
        if not waits(held):
            kept = body_text((form or {}).get("text", ""))
            values = story_values(
                held,
                key=way_of(request).key,
                here=self._here(request),
                viewer=way_of(request).actor,
                undo_left=undo_left(held, self.house.settings.holds.undo_seconds, self.house.clock()),
                notice=notice,
                kept=kept,
                open_form=open_form,
            )
            return self.pages.page("story.html", status=status, **values, **way_of(request).shown)
        mail = await self.reader.read(held)
        typed = _typed(form or {}, held, mail)
        live = self._live(request, held, await self._as_held(held, mail))
        return self._page(
            request, held, mail, typed, live, notice=notice, status=status, missing=missing, open_form=open_form
        )

    def _page(
        self,
        request: Request,
        held: HeldMail,
        mail: HeldText,
        typed: Typed,
        live: Mapping[str, Any],
        *,
        notice: Notice | None = None,
        status: int = 200,
        missing: bool = False,
        unexplained: bool = False,
        open_form: str = "",
    ) -> Response:
        values = review_values(
            held,
            mail,
            typed,
            live=live,
            key=way_of(request).key,
            here=self._here(request),
            now=self.house.clock(),
            notice=notice,
            missing=missing,
            unexplained=unexplained,
            open_form=open_form,
        )
        return self.pages.page("review.html", status=status, **values, **way_of(request).shown)

    async def _as_held(self, held: HeldMail, mail: HeldText) -> Judged:
        """The mail as it came in, with a suggestion; a page that is only looked at is there in any case."""
        suggestion = None
        if mail.own is not None:
            suggestion = await self.suggested.look(held, await self.reader.raw(held), mail.own, held.subject)
        return as_held(held, mail, await readers(self.house, held.rcpt_to), suggestion, self.house.pack)

    def _live(self, request: Request, held: HeldMail, judged: Judged) -> Mapping[str, Any]:
        judged = replace(judged, earlier=way_of(request).may_know(judged.earlier))
        return live_values(held, judged, self.house.pack, self.house.settings.memory.window_days)

    def _seen(self, request: Request, *, late: bool = False) -> Response:
        """303 to the page that says what happened; `late` when somebody was faster."""
        return RedirectResponse(self._here(request) + ("?late=1" if late else ""), status_code=303)

    def _here(self, request: Request) -> str:
        return way_of(request).here

    def _looked(self, request: Request, held: HeldMail) -> None:
        actor = way_of(request).actor
        if self.pace.first_look(f"{held.id} {actor}"):
            self.house.audit.note(
                HoldOpened(mail_id=held.id, at=self.house.clock(), hold_id=held.id, actor=actor, purpose="review")
            )


def _typed(form: Form, held: HeldMail, mail: HeldText) -> Typed:
    """What stands in the boxes; what was not sent along stays as it was held."""
    subject = form.get("subject")
    text = form.get("text")
    return Typed(
        subject=held.subject if subject is None else one_line(subject, MAX_SUBJECT),
        text=(mail.own or "") if text is None else body_text(text),
        reason=form.get("reason", "")[:MAX_REASON],
        why=form.get("why", "")[:MAX_REASON],
        off=_off(form, len(held.rcpt_to)),
    )


def _off(form: Form, recipients: int) -> frozenset[int]:
    """Recipients taken off: ticked boxes of the form, or their numbers with commas as the script sends them."""
    named = form.get("off", "").split(",")
    return frozenset(
        number for number in range(recipients) if form.get(f"off-{number}") == "yes" or str(number) in named
    )
