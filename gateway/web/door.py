"""How a request gets at a held mail, and under whose name it acts: by the link, by the cookie that a link was exchanged
for, or as a person who signed in.

A link opens its mail, unless sign-in is required: then only to the sender or a delegate. A browser that was admitted,
and a signed-in person, open a mail by its id. Whatever does not open looks the same: the one neutral page. IO: the
store, the directory.
"""

import secrets
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.holds.hold import HeldMail
from gateway.ports import House
from gateway.web.access import find_by_id, find_hold
from gateway.web.admission import Admissions
from gateway.web.guests import Guests
from gateway.web.rendering import Pages
from gateway.web.standing import SENDER, Standing
from gateway.web.visit import Visit

AskToSignIn = Callable[[Request, str], Awaitable[Response]]  # and where to go afterwards


class Door:
    """`key` signs the forms of whoever comes by a link; `sign_in` makes the page that asks to."""

    def __init__(self, house: House, pages: Pages, guests: Guests, key: bytes, sign_in: AskToSignIn) -> None:
        self.house, self.pages, self.guests, self.key, self.sign_in = house, pages, guests, key, sign_in

    async def open(self, request: Request) -> Visit | Response:
        """The visit, or the page for one who does not get in. Raises StoreUnavailable."""
        person = await self.guests.known(request)
        if person is None and (target := self._only_for_persons(request)):
            return await self.sign_in(request, target)
        visit = await self._visit_of(request, person)
        if visit is None:
            return self.pages.gone(self.pages.voice(request))
        if visit.by_link and request.method in ("GET", "HEAD") and self._admissions(request).form_key(visit.held):
            return self._without_secret(request, visit)
        return visit

    def admit(self, request: Request, visit: Visit, response: Response) -> None:
        """Once a person has acted: their browser needs the link no longer."""
        if visit.by_link:
            self._admissions(request).grant(response, visit.held, secrets.token_urlsafe(16))

    def _only_for_persons(self, request: Request) -> str:
        """The path to come back to once signed in, "" where a link is enough."""
        if "hold" in request.path_params:
            return f"/mine/{request.path_params['hold']}"
        if self.guests.mode != "required":
            return ""
        admitted = request.path_params.get("admitted")
        return f"/mine/{admitted}" if admitted else f"/h/{request.path_params['secret']}"

    def _without_secret(self, request: Request, visit: Visit) -> Response:
        """To the same page by the address that holds no secret."""
        under = request.url.path.rpartition(f"/h/{request.path_params['secret']}")[2]
        late = {"late": "1"} if "late" in request.query_params else {}
        return RedirectResponse(visit.voice.way(self._held(visit.held) + under, **late), status_code=303)

    def _held(self, held: HeldMail) -> str:
        return f"{self.pages.base}/held/{held.id}"

    def _admissions(self, request: Request) -> Admissions:
        return Admissions(cookies=self.guests.cookies, sent=request.cookies)

    async def _visit_of(self, request: Request, person: Standing | None) -> Visit | None:
        if "hold" in request.path_params:
            return await self._by_id(request, person)
        return await (self._admitted if "admitted" in request.path_params else self._by_link)(request, person)

    async def _admitted(self, request: Request, person: Standing | None) -> Visit | None:
        held = await find_by_id(self.house, request.path_params["admitted"])
        key = self._admissions(request).form_key(held) if held else None
        if held is None or key is None:
            return None
        actor = self._bearer(held, person)
        return self._visit(request, held, actor=actor, here=self._held(held), key=key) if actor else None

    async def _by_link(self, request: Request, person: Standing | None) -> Visit | None:
        secret = request.path_params["secret"]
        held = await find_hold(self.house, secret)
        if held is None:
            return None
        here = f"{self.pages.base}/h/{secret}"
        alone = self.guests.mode != "required"
        key, actor = self.key if alone else self.guests.form_key(request), self._bearer(held, person)
        return self._visit(request, held, actor=actor, here=here, key=key, by_link=alone) if actor else None

    def _bearer(self, held: HeldMail, person: Standing | None) -> str:
        """As whom somebody with the link acts, "" for nobody: where sign-in is not required the link is enough, and the
        record names who used it."""
        if self.guests.mode == "required":
            return person.actor(held) if person else ""
        return (person.actor(held) or person.as_bearer) if person else SENDER

    async def _by_id(self, request: Request, person: Standing | None) -> Visit | None:
        held = await find_by_id(self.house, request.path_params["hold"])
        actor = person.actor(held) if person and held else ""
        if held is None or not actor:
            return None
        here, key = f"{self.pages.base}/mine/{held.id}", self.guests.form_key(request)
        return self._visit(request, held, actor=actor, here=here, key=key)

    def _visit(
        self, request: Request, held: HeldMail, *, actor: str, here: str, key: bytes, by_link: bool = False
    ) -> Visit:
        voice = self.pages.voice(request, held.language)
        return Visit(held=held, actor=actor, here=here, key=key, voice=voice, by_link=by_link)
