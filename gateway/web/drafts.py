"""Checking a draft: a page for people, `POST /v1/check` for programs. Nothing is sent, kept or remembered.

Default deny: a program needs a token of the settings, or the secret of a link that opens, which asks for its mail's
sender alone; the page is reached from such a link or by signing in. What is asked is bounded in size and in number.
Memory tells a program only that somebody was asked before; the dates of one's own asks stand on the page, whose reader
is known. IO through the flows.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.errors import GatewayError
from gateway.flows.recheck import Recheck
from gateway.flows.rehearse import Draft, Rehearsal, rehearse
from gateway.holds.hold import EarlierAsk
from gateway.holds.link import token_hash
from gateway.language.written import written_in
from gateway.mail.address import address
from gateway.ports import House
from gateway.web import words
from gateway.web.access import bearer, find_hold, from_elsewhere, known_token
from gateway.web.check_shape import MOST_RECIPIENTS, MOST_TEXT, Asked, openapi, told
from gateway.web.door import Door
from gateway.web.forms import MAX_SUBJECT, Refused, body_text, one_line, read_bytes, read_form
from gateway.web.pace import Pace, TooOften
from gateway.web.reasons import reasons_for
from gateway.web.rendering import Pages
from gateway.web.sheet import encodable, lay_out
from gateway.web.visit import Visit
from gateway.web.voice import Voice

_MOST_BYTES = 1 << 20  # of a JSON request
_NAMED = re.compile(r"<[^<>\s]+@[^<>\s]+>")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Author:
    """Whose draft it is: `counted` is under which name their requests are, `likely` the language a text is in that does
    not say so, `visit` where the page is a held mail's."""

    sender: str
    counted: str
    here: str
    back: str
    voice: Voice
    likely: str
    visit: Visit | None = None

    def may_know(self, earlier: Sequence[EarlierAsk]) -> Sequence[EarlierAsk]:
        return self.visit.may_know(earlier) if self.visit else earlier


@dataclass(frozen=True, slots=True, kw_only=True)
class _Caller:
    """A program that may ask: `counted` is under which name its requests are; `only` is the one sender a link asks for,
    lest it tell who else asked whom; "" for a token of the settings, which may ask for anybody."""

    counted: str
    only: str = ""

    def writes_as(self, sender: str) -> str:
        """The sender its draft has. Raises Refused."""
        if self.only and sender and address(sender).key != self.only:
            raise Refused(422, "from: A link asks for the sender of its own mail only.")
        return self.only or sender


class DraftDesk:
    """The handlers; `door` says who comes in, under which name."""

    def __init__(self, house: House, pages: Pages, pace: Pace, door: Door) -> None:
        self.house, self.pages, self.pace, self.door = house, pages, pace, door
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
            sender = who.writes_as(asked.sender)
            draft = Draft(sender=sender, to=asked.to, subject=asked.subject, text=body_text(asked.text))
            found = await self._rehearse(who.counted, draft)
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

    async def page(self, request: Request) -> Response:
        """GET of the page: behind a link or a held mail, or of a signed-in person."""
        author = await self._author(request)
        return author if isinstance(author, Response) else self._page(author, _empty(author), None)

    async def ask(self, request: Request) -> Response:
        """POST of the same page: the page with the answer. Changes nothing."""
        author = await self._author(request)
        if isinstance(author, Response):
            return author
        form = await read_form(request)
        if from_elsewhere(request.headers):
            return self._page(author, _empty(author), None, status=403)
        draft = Draft(
            sender=author.sender,
            to=_mailboxes(form.get("to", "")),
            subject=one_line(form.get("subject", ""), MAX_SUBJECT),
            text=body_text(form.get("text", "")),
        )
        too_much = words.too_much(len(draft.text), MOST_TEXT, len(draft.to), MOST_RECIPIENTS, author.voice.say)
        if too_much:  # said, and nothing of it cut in silence
            return self._page(author, draft, None, status=422, too_much=too_much)
        try:
            draft, found = await self._taken(author.counted, draft, form.get("do", ""))
        except TooOften:
            return self._page(author, draft, None, status=429)
        except GatewayError:
            return self.pages.unreachable(author.voice, kept=draft.text)
        return self._page(author, draft, found)

    async def _author(self, request: Request) -> _Author | Response:
        """Whose draft this is; for nobody's, how to come in."""
        if request.path_params:
            visit = await self.door.open(request)
            return visit if isinstance(visit, Response) else _with_mail(visit)
        guests, base, voice = self.door.guests, self.pages.base, self.pages.voice(request)
        person = await guests.known(request)
        if person is not None:
            return _Author(
                sender=person.address,
                counted=person.address,
                here=f"{base}/check",
                back=f"{base}/mine",
                voice=voice,
                likely=voice.language,
            )
        if guests.mode == "off":
            status = 405 if request.method == "POST" else 200
            return self.pages.page("check_closed.html", voice=voice, status=status)
        return await self.door.sign_in(request, "/check")

    async def _who(self, request: Request) -> _Caller | None:
        """Which program asks, None for nobody who may. Raises StoreUnavailable."""
        token = bearer(request.headers)
        if known_token(token, self.house.settings.web.check_tokens):
            return _Caller(counted=token_hash(token))
        if not token or self.house.settings.sign_in.mode == "required":  # then a link alone opens nothing
            return None
        held = await find_hold(self.house, token)
        return _Caller(counted=held.id, only=held.sender) if held else None

    async def _rehearse(self, who: str, draft: Draft) -> Rehearsal:
        async with self.pace.draft(who):
            return await rehearse(self.house, draft)

    async def _taken(self, who: str, draft: Draft, pressed: str) -> tuple[Draft, Rehearsal]:
        """What would happen to the draft; where the version that passes was pressed, to that."""
        async with self.pace.draft(who):
            found = await rehearse(self.house, draft)
            if pressed != "suggest" or found.suggestion is None:
                return draft, found
            draft = replace(draft, subject=found.suggestion.subject, text=found.suggestion.text)
            return draft, await rehearse(self.house, draft)

    def _page(
        self, author: _Author, draft: Draft, found: Rehearsal | None, *, status: int = 200, too_much: str = ""
    ) -> Response:
        values: dict[str, Any] = {
            "here": author.here,
            "back": author.back,
            "by_mail": author.visit is not None,
            "subject": encodable(draft.subject),
            "text": encodable(draft.text),
            "to": encodable(" ".join(draft.to)),
            "max_subject": MAX_SUBJECT,
            "too_much": too_much,
            "busy": status == 429,
            "checked": found is not None,
            "keeps": "draft" if found or too_much else "",
        }
        return self.pages.page(
            "check.html", voice=author.voice, status=status, **values, **self._answer(author, draft, found)
        )

    def _answer(self, author: _Author, draft: Draft, found: Rehearsal | None) -> Mapping[str, Any]:
        if found is None:
            return {"reasons": (), "suggestion": None}
        judged: Recheck = found.recheck
        say, window_days = author.voice.say, self.house.settings.memory.window_days
        reasons = reasons_for(judged.findings, self.house.pack, say, written=written_in(draft.text, author.likely))
        return {
            "reasons": reasons,
            "rehearsed": words.rehearsed(found.disposition.name, say, judged=found.judged),
            "sheet": lay_out(judged.text, reasons),
            "memory": words.memory(author.sender, author.may_know(judged.earlier), window_days, say),
            "suggestion": found.suggestion,
        }


def _with_mail(visit: Visit) -> _Author:
    held = visit.held
    return _Author(
        sender=held.sender,
        counted=held.id,
        here=f"{visit.here}/draft",
        back=visit.here,
        voice=visit.voice,
        likely=held.language,
        visit=visit,
    )


def _mailboxes(typed: str) -> Sequence[str]:
    """Addresses with blanks, commas or semicolons between; as mail programs copy them, with names, the names are left
    out."""
    tokens = typed.replace(",", " ").replace(";", " ").split()
    if not _NAMED.search(typed):
        return tokens
    return [one.strip("<>") for one in tokens if "@" in one]


def _empty(author: _Author) -> Draft:
    return Draft(sender=author.sender, to=(), subject="", text="")


def _wrong(status: int, said: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": said}, status_code=status, headers=dict(headers or {}))
