"""Checking a draft: a page for people, `POST /v1/check` for programs. Nothing is sent, kept or remembered.

Default deny: a program needs a token of the settings or the secret of a link that opens; the page is reached from such
a link. What is asked is bounded in size and in number. Memory tells a program only that somebody was asked before; the
dates of one's own asks stand on the page of the link, whose owner is known. IO through the flows.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.errors import GatewayError
from gateway.flows.recheck import Recheck
from gateway.flows.rehearse import Draft, Rehearsal, rehearse
from gateway.holds.hold import HeldMail
from gateway.holds.link import token_hash
from gateway.language.written import written_in
from gateway.ports import House
from gateway.web import words
from gateway.web.access import bearer, find_hold, from_elsewhere, known_token
from gateway.web.check_shape import MOST_RECIPIENTS, MOST_TEXT, Asked, openapi, told
from gateway.web.forms import MAX_SUBJECT, Refused, body_text, one_line, read_bytes, read_form
from gateway.web.pace import Pace, TooOften
from gateway.web.reasons import reasons_for
from gateway.web.rendering import Pages
from gateway.web.sheet import encodable, lay_out
from gateway.web.voice import Voice

_MOST_BYTES = 1 << 20  # of a JSON request


class DraftDesk:
    """The handlers."""

    def __init__(self, house: House, pages: Pages, pace: Pace) -> None:
        self.house, self.pages, self.pace = house, pages, pace
        web = house.settings.web
        self.description = openapi(web.public_url or f"http://{web.listen}")

    async def describe(self, request: Request) -> Response:
        """GET /v1/openapi.json."""
        return JSONResponse(self.description)

    async def check(self, request: Request) -> Response:
        """POST /v1/check."""
        try:
            who = await self._who(request)
            if not who:
                return _wrong(401, "A token is needed.", {"WWW-Authenticate": "Bearer"})
            asked = Asked.model_validate_json(await read_bytes(request, "application/json", _MOST_BYTES))
            draft = Draft(sender=asked.sender, to=asked.to, subject=asked.subject, text=body_text(asked.text))
            found = await self._rehearse(who, draft)
        except ValidationError as error:
            first = error.errors()[0]
            if first["type"] == "json_invalid":
                return _wrong(400, "This is not JSON.")
            return _wrong(422, f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}")
        except Refused as refused:
            return _wrong(refused.status, refused.words)
        except TooOften as again:
            return _wrong(429, "Too often.", {"Retry-After": str(again.seconds)})
        except GatewayError:
            return _wrong(503, "The store does not answer just now.")
        return Response(
            told(found, self.house.pack, self.pages.voice(request).say).model_dump_json(by_alias=True),
            media_type="application/json",
        )

    async def closed(self, request: Request) -> Response:
        """GET /check without a link: how to come in."""
        return self.pages.page("check_closed.html", voice=self.pages.voice(request))

    async def page(self, request: Request) -> Response:
        """GET of the page behind a link."""
        held = await find_hold(self.house, request.path_params["secret"])
        if held is None:
            return self.pages.gone(self.pages.voice(request))
        return self._page(request, held, Draft(sender=held.sender, to=(), subject="", text=""), None)

    async def ask(self, request: Request) -> Response:
        """POST of the page behind a link: the same page with the answer. Changes nothing."""
        held = await find_hold(self.house, request.path_params["secret"])
        if held is None:
            return self.pages.gone(self.pages.voice(request))
        form = await read_form(request)
        if from_elsewhere(request.headers):
            return self._page(request, held, Draft(sender=held.sender, to=(), subject="", text=""), None, status=403)
        draft = Draft(
            sender=held.sender,
            to=form.get("to", "").replace(",", " ").replace(";", " ").split()[:MOST_RECIPIENTS],
            subject=one_line(form.get("subject", ""), MAX_SUBJECT),
            text=body_text(form.get("text", ""))[:MOST_TEXT],
        )
        try:
            found = await self._rehearse(held.id, draft)
        except TooOften:
            return self._page(request, held, draft, None, status=429)
        except GatewayError:
            return self.pages.unreachable(self.pages.voice(request, held.language), kept=draft.text)
        return self._page(request, held, draft, found)

    async def _who(self, request: Request) -> str:
        """Under which name this caller's requests are counted, "" for nobody who may ask."""
        token = bearer(request.headers)
        if known_token(token, self.house.settings.web.check_tokens):
            return token_hash(token)
        held = await find_hold(self.house, token) if token else None
        return held.id if held else ""

    async def _rehearse(self, who: str, draft: Draft) -> Rehearsal:
        async with self.pace.draft(who):
            return await rehearse(self.house, draft)

    def _page(
        self, request: Request, held: HeldMail, draft: Draft, found: Rehearsal | None, *, status: int = 200
    ) -> Response:
        voice = self.pages.voice(request, held.language)
        values: dict[str, Any] = {
            "here": f"{self.pages.base}/h/{request.path_params['secret']}/draft",
            "back": f"{self.pages.base}/h/{request.path_params['secret']}",
            "subject": encodable(draft.subject),
            "text": encodable(draft.text),
            "to": encodable(" ".join(draft.to)),
            "max_subject": MAX_SUBJECT,
            "max_text": MOST_TEXT,
            "busy": status == 429,
            "checked": found is not None,
            "keeps": "draft" if found else "",
        }
        return self.pages.page(
            "check.html", voice=voice, status=status, **values, **self._answer(held, draft, found, voice)
        )

    def _answer(self, held: HeldMail, draft: Draft, found: Rehearsal | None, voice: Voice) -> Mapping[str, Any]:
        if found is None:
            return {"reasons": (), "suggestion": None}
        judged: Recheck = found.recheck
        say, window_days = voice.say, self.house.settings.memory.window_days
        reasons = reasons_for(judged.findings, self.house.pack, say, written=written_in(draft.text, held.language))
        return {
            "reasons": reasons,
            "rehearsed": words.rehearsed(found.disposition.name, say),
            "sheet": lay_out(judged.text, reasons),
            "memory": words.memory(held, judged.earlier, window_days, say),
            "suggestion": found.suggestion,
        }


def _wrong(status: int, said: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": said}, status_code=status, headers=dict(headers or {}))
