"""How a request gets at a held mail: by the link, or as a person who signed in; and under whose name it acts.

A link opens its mail, unless sign-in is required: then only to the sender or a delegate. A signed-in person opens their
mail by its id. Whatever does not open looks the same: the one neutral page. IO: the store, the directory.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.holds.hold import EarlierAsk, HeldMail
from gateway.ports import House
from gateway.web.access import find_hold, find_own
from gateway.web.guests import Guests
from gateway.web.rendering import Pages
from gateway.web.standing import DELEGATE, SENDER, Standing, kind

AskToSignIn = Callable[[Request, str], Awaitable[Response]]  # and where to go afterwards


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How this request got in: `actor` goes into history and audit, `here` is the page's path, `key` signs forms."""

    held: HeldMail
    actor: str
    here: str
    key: bytes

    @property
    def shown(self) -> Mapping[str, Any]:
        """What the pages of a mail say about it."""
        return {"acting_for": self.held.sender if kind(self.actor) == DELEGATE else ""}

    def may_know(self, earlier: Sequence[EarlierAsk]) -> tuple[EarlierAsk, ...]:
        """What memory found, as this person may see it: whose ask it was is for the one who asked alone."""
        if kind(self.actor) == SENDER:
            return tuple(earlier)
        return tuple(replace(ask, asker="", subject="") for ask in earlier)


class Door:
    """`key` signs the forms of whoever comes by a link; `sign_in` makes the page that asks to."""

    def __init__(self, house: House, pages: Pages, guests: Guests, key: bytes, sign_in: AskToSignIn) -> None:
        self.house, self.pages, self.guests, self.key, self.sign_in = house, pages, guests, key, sign_in

    async def open(self, request: Request) -> Way | Response:
        """The way in, or the page for one who does not get in. Raises StoreUnavailable."""
        person = await self.guests.known(request)
        if person is None and (target := self._only_for_persons(request)):
            return await self.sign_in(request, target)
        way = await (self._by_id if "hold" in request.path_params else self._by_link)(request, person)
        request.state.way = way
        return way or self.pages.gone()

    def _only_for_persons(self, request: Request) -> str:
        """The path to come back to once signed in, "" where a link is enough."""
        if "hold" in request.path_params:
            return f"/mine/{request.path_params['hold']}"
        return f"/h/{request.path_params['secret']}" if self.guests.mode == "required" else ""

    async def _by_link(self, request: Request, person: Standing | None) -> Way | None:
        secret = request.path_params["secret"]
        held = await find_hold(self.house, secret)
        if held is None:
            return None
        here = f"{self.pages.base}/h/{secret}"
        if person is None:
            return Way(held=held, actor=SENDER, here=here, key=self.key)
        if self.guests.mode != "required":  # the link is enough; the record names who used it
            return Way(held=held, actor=person.actor(held) or person.as_bearer, here=here, key=self.key)
        key, actor = self.guests.form_key(request), person.actor(held)
        return Way(held=held, actor=actor, here=here, key=key) if actor else None

    async def _by_id(self, request: Request, person: Standing | None) -> Way | None:
        held = await find_own(self.house, request.path_params["hold"])
        actor = person.actor(held) if person and held else ""
        if held is None or not actor:
            return None
        here, key = f"{self.pages.base}/mine/{held.id}", self.guests.form_key(request)
        return Way(held=held, actor=actor, here=here, key=key)


def way_of(request: Request) -> Way:
    """The way a request came in by, once `Door.open` has let it in."""
    way: Way = request.state.way
    return way
