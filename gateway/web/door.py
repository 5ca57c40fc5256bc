"""How a request gets at a held mail: by the link, or as a person who signed in; and under whose name it acts.

A link opens its mail, unless sign-in is required: then only to the sender or a delegate. A signed-in person opens their
mail by its id. Whatever does not open looks the same: the one neutral page. IO: the store, the directory.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from gateway.holds.hold import HeldMail
from gateway.ports import House
from gateway.web.access import find_hold, find_own
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
        visit = await (self._by_id if "hold" in request.path_params else self._by_link)(request, person)
        return visit or self.pages.gone(self.pages.voice(request))

    def _only_for_persons(self, request: Request) -> str:
        """The path to come back to once signed in, "" where a link is enough."""
        if "hold" in request.path_params:
            return f"/mine/{request.path_params['hold']}"
        return f"/h/{request.path_params['secret']}" if self.guests.mode == "required" else ""

    async def _by_link(self, request: Request, person: Standing | None) -> Visit | None:
        secret = request.path_params["secret"]
        held = await find_hold(self.house, secret)
        if held is None:
            return None
        here = f"{self.pages.base}/h/{secret}"
        if person is None:
            return self._visit(request, held, actor=SENDER, here=here, key=self.key)
        if self.guests.mode != "required":  # the link is enough; the record names who used it
            return self._visit(request, held, actor=person.actor(held) or person.as_bearer, here=here, key=self.key)
        key, actor = self.guests.form_key(request), person.actor(held)
        return self._visit(request, held, actor=actor, here=here, key=key) if actor else None

    async def _by_id(self, request: Request, person: Standing | None) -> Visit | None:
        held = await find_own(self.house, request.path_params["hold"])
        actor = person.actor(held) if person and held else ""
        if held is None or not actor:
            return None
        here, key = f"{self.pages.base}/mine/{held.id}", self.guests.form_key(request)
        return self._visit(request, held, actor=actor, here=here, key=key)

    def _visit(self, request: Request, held: HeldMail, *, actor: str, here: str, key: bytes) -> Visit:
        voice = self.pages.voice(request, held.language)
        return Visit(held=held, actor=actor, here=here, key=key, voice=voice)
