"""The sender's page: see a held mail, change it, send it, take it back, or say that holding it is a mistake.

GET and HEAD show and never act. A POST acts only for whom the door lets in, with a token of this hold and this form,
and what `presses` asks for besides. IO through the flows.
"""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.audit.events import HoldOpened
from gateway.errors import GatewayError
from gateway.ports import House
from gateway.web.access import from_elsewhere, token_fits
from gateway.web.banner import BUSY, CHANGED, LATE, OUT_OF_DATE
from gateway.web.checker import Checker
from gateway.web.door import Door
from gateway.web.forms import body_text, read_form, read_json
from gateway.web.pace import Pace, TooOften
from gateway.web.presses import Presses
from gateway.web.rendering import Pages
from gateway.web.review import waits
from gateway.web.typed import Form, typed
from gateway.web.view import View
from gateway.web.visit import Visit


class SenderDesk:
    """The handlers; `door` says who comes in, under which name."""

    def __init__(self, house: House, pages: Pages, pace: Pace, door: Door) -> None:
        self.house, self.pages, self.pace, self.door = house, pages, pace, door
        self.checker = Checker(house, pace)
        self.view = View(house, pages, self.checker)
        self.presses = Presses(house, self.view, self.checker, pace)

    async def review(self, request: Request) -> Response:
        """GET and HEAD: the page, as the mail stands now."""
        visit = await self.door.open(request)
        if isinstance(visit, Response):
            return visit
        self._looked(visit)
        return await self.view.show(visit, banner=LATE if "late" in request.query_params else None)

    async def act(self, request: Request) -> Response:
        """POST: one of the page's forms."""
        visit = await self.door.open(request)
        if isinstance(visit, Response):
            return visit
        visit = replace(visit, form=await read_form(request))
        try:
            response = await self._act(request, await self._as_it_is(visit))
        except GatewayError:
            kept = body_text(visit.form.get("text", visit.form.get("reason", "")))
            return self.pages.unreachable(visit.voice, kept=kept)
        if response.status_code == 303:  # something was done, and by a person: no form does anything as it is served
            self.door.admit(request, visit, response)
        return response

    async def live(self, request: Request) -> Response:
        """POST of JSON: what would happen to this text, without waiting for its suggestion; with "part", that. Changes
        nothing."""
        visit = await self.door.open(request)
        if isinstance(visit, Response):
            gone = visit.status_code == 404
            return JSONResponse({"error": "gone" if gone else "sign in"}, status_code=404 if gone else 403)
        held, form = visit.held, await read_json(request)
        if from_elsewhere(request.headers) or not token_fits(visit.key, held, "revise", form.get("token", "")):
            return JSONResponse({"error": "reload"}, status_code=403)
        if not waits(held):
            return JSONResponse({"error": "settled"}, status_code=409)
        return await self._live(visit, form)

    async def _live(self, visit: Visit, form: Form) -> Response:
        mail = await self.checker.reader.read(visit.held)
        if mail.own is None:
            return JSONResponse({"error": "reload"}, status_code=409)
        given = typed(form, visit.held, mail)
        pressed = form.get("do", "")
        try:
            if form.get("part") == "suggestion":
                return JSONResponse(self.view.offers(visit, await self.checker.followed(visit.held, given)))
            if pressed:
                words, judged = await self.checker.reworded(visit.held, given, pressed)
            else:
                words, judged = given, await self.checker.typed(visit.held, given)
        except TooOften as again:
            return JSONResponse({"error": "wait"}, status_code=429, headers={"Retry-After": str(again.seconds)})
        return JSONResponse(self.view.fragments(visit, words, judged))

    async def _act(self, request: Request, visit: Visit) -> Response:
        wanted, held = visit.form.get("do", "check"), visit.held
        purpose = wanted if wanted in ("withdraw", "dispute", "undo") else "revise"
        if from_elsewhere(request.headers) or not token_fits(visit.key, held, purpose, visit.form.get("token", "")):
            return await self.view.show(visit, banner=OUT_OF_DATE, status=403)
        press = self.presses.acting.get(wanted)
        if press and visit.form.get("version") != str(held.version):
            return await self.view.show(visit, banner=CHANGED, status=409)
        try:
            return await (press or self.presses.check)(visit)
        except TooOften:
            return await self.view.show(visit, banner=BUSY, status=429)

    async def _as_it_is(self, visit: Visit) -> Visit:
        """The mail may have changed while the form arrived."""
        async with self.house.store.begin(write=False) as unit:
            return replace(visit, held=await unit.holds.get(visit.held.id) or visit.held)

    def _looked(self, visit: Visit) -> None:
        held, actor = visit.held, visit.actor
        if self.pace.first_look(f"{held.id} {actor}"):
            self.house.audit.note(
                HoldOpened(mail_id=held.id, at=self.house.clock(), hold_id=held.id, actor=actor, purpose="review")
            )
