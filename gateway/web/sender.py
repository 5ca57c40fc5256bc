"""The sender's page: see a held mail, change it, send it, take it back, or say that holding it is a mistake.

GET and HEAD show and never act. A POST acts only with the link's secret, a token of this hold and this form, and what
`presses` asks for besides. IO through the flows.
"""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.audit.events import HoldOpened
from gateway.errors import GatewayError
from gateway.holds.hold import HeldMail
from gateway.ports import House
from gateway.web.access import find_hold, from_elsewhere, token_fits
from gateway.web.banner import BUSY, CHANGED, LATE, OUT_OF_DATE
from gateway.web.checker import Checker
from gateway.web.forms import body_text, read_form, read_json
from gateway.web.pace import Pace, TooOften
from gateway.web.presses import SENDER, Presses
from gateway.web.rendering import Pages
from gateway.web.review import waits
from gateway.web.typed import Form, typed
from gateway.web.view import View
from gateway.web.visit import Visit


class SenderDesk:
    """The handlers; `key` signs the forms."""

    def __init__(self, house: House, pages: Pages, pace: Pace, key: bytes) -> None:
        self.house, self.pages, self.pace, self.key = house, pages, pace, key
        self.checker = Checker(house, pace)
        self.view = View(house, pages, self.checker, key)
        self.presses = Presses(house, self.view, self.checker, pace)

    async def review(self, request: Request) -> Response:
        """GET and HEAD: the page, as the mail stands now."""
        held = await find_hold(self.house, request.path_params["secret"])
        if held is None:
            return self.pages.gone(self.pages.voice(request))
        self._looked(held)
        return await self.view.show(self._visit(request, held), banner=LATE if "late" in request.query_params else None)

    async def act(self, request: Request) -> Response:
        """POST: one of the page's forms."""
        held = await find_hold(self.house, request.path_params["secret"])
        if held is None:
            return self.pages.gone(self.pages.voice(request))
        visit = replace(self._visit(request, held), form=await read_form(request))
        try:
            return await self._act(request, visit)
        except GatewayError:
            kept = body_text(visit.form.get("text", visit.form.get("reason", "")))
            return self.pages.unreachable(visit.voice, kept=kept)

    async def live(self, request: Request) -> Response:
        """POST of JSON: what would happen to this text. Changes nothing."""
        held = await find_hold(self.house, request.path_params["secret"])
        if held is None:
            return JSONResponse({"error": "gone"}, status_code=404)
        form = await read_json(request)
        if from_elsewhere(request.headers) or not token_fits(self.key, held, "revise", form.get("token", "")):
            return JSONResponse({"error": "reload"}, status_code=403)
        if not waits(held):
            return JSONResponse({"error": "settled"}, status_code=409)
        return await self._live(self._visit(request, held), form)

    async def _live(self, visit: Visit, form: Form) -> Response:
        mail = await self.checker.reader.read(visit.held)
        if mail.own is None:
            return JSONResponse({"error": "reload"}, status_code=409)
        given = typed(form, visit.held, mail)
        try:
            words, judged = await self.checker.reworded(visit.held, given, form.get("do", ""))
        except TooOften as again:
            return JSONResponse({"error": "wait"}, status_code=429, headers={"Retry-After": str(again.seconds)})
        return JSONResponse(self.view.fragments(visit, words, judged))

    async def _act(self, request: Request, visit: Visit) -> Response:
        wanted, held = visit.form.get("do", "check"), visit.held
        purpose = wanted if wanted in ("withdraw", "dispute", "undo") else "revise"
        if from_elsewhere(request.headers) or not token_fits(self.key, held, purpose, visit.form.get("token", "")):
            return await self.view.show(visit, banner=OUT_OF_DATE, status=403)
        press = self.presses.acting.get(wanted)
        if press and visit.form.get("version") != str(held.version):
            return await self.view.show(visit, banner=CHANGED, status=409)
        try:
            return await (press or self.presses.check)(visit)
        except TooOften:
            return await self.view.show(visit, banner=BUSY, status=429)

    def _visit(self, request: Request, held: HeldMail) -> Visit:
        here = f"{self.pages.base}/h/{request.path_params['secret']}"
        return Visit(held=held, here=here, voice=self.pages.voice(request, held.language))

    def _looked(self, held: HeldMail) -> None:
        if self.pace.first_look(held.id):
            self.house.audit.note(
                HoldOpened(mail_id=held.id, at=self.house.clock(), hold_id=held.id, actor=SENDER, purpose="review")
            )
