"""A signed-in person's held mails: what waits, and what became of the others as long as their pages tell it.

Looking changes nothing, and is on record like every look at a mail. IO: the store.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from gateway.audit.events import HoldOpened
from gateway.flows.offered import as_it_goes
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import TERMINAL, HoldState
from gateway.language.catalogue import Catalogue
from gateway.ports import House
from gateway.web import words
from gateway.web.access import link_open
from gateway.web.guests import Guests
from gateway.web.pace import Pace
from gateway.web.rendering import Pages
from gateway.web.sheet import on_one_line
from gateway.web.sign_in import LIST, ask_to_sign_in
from gateway.web.standing import DELEGATE, Standing, kind
from gateway.web.story import in_a_list

MOST = 50  # mails of one address, and of the whole page's each part
_OPEN = tuple(state for state in HoldState if state not in TERMINAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the list; `sender` is named where it is somebody else."""

    held: HeldMail
    subject: str
    state: str
    sender: str
    people: str
    left: str


class MineDesk:
    """The handler."""

    def __init__(self, house: House, pages: Pages, pace: Pace, guests: Guests) -> None:
        self.house, self.pages, self.pace, self.guests = house, pages, pace, guests

    async def list(self, request: Request) -> Response:
        """GET: the list, for whoever is signed in."""
        person = await self.guests.known(request)
        if person is None:
            return await ask_to_sign_in(self.pages, request, LIST)
        voice = self.pages.voice(request)
        waiting, settled = await self._found(person)
        for held in (*waiting, *settled):
            self._looked(held, person.actor(held))
        return self.pages.page(
            "mine.html",
            voice=voice,
            who=on_one_line(person.address, 320),
            waiting=[self._entry(held, person, voice.say) for held in waiting],
            settled=[self._entry(held, person, voice.say) for held in settled],
            full=max(len(waiting), len(settled)) == MOST,
            most=MOST,
            token=self.guests.token(request, "sign-out"),
        )

    async def _found(self, person: Standing) -> tuple[Sequence[HeldMail], Sequence[HeldMail]]:
        """What is not settled, what waits for its sender first, by the time left; and the rest, newest first. Raises
        StoreUnavailable."""
        now = self.house.clock()
        waiting: list[HeldMail] = []
        settled: list[HeldMail] = []
        async with self.house.store.begin(write=False) as unit:
            for sender in sorted(person.own | person.acts_for):
                found = await unit.holds.find(states=_OPEN, sender=sender, newest_first=True, limit=MOST)
                waiting += [(await as_it_goes(unit, held))[0] for held in found]
                settled += await unit.holds.find(states=tuple(TERMINAL), sender=sender, newest_first=True, limit=MOST)
        waiting.sort(key=lambda held: (held.state is not HoldState.HELD, held.expires_at, held.id))
        settled.sort(key=lambda held: (held.held_at, held.id), reverse=True)
        return waiting[:MOST], [held for held in settled if link_open(held, now)][:MOST]

    def _entry(self, held: HeldMail, person: Standing, say: Catalogue) -> Entry:
        return Entry(
            held=held,
            subject=on_one_line(held.subject, 200) or say.gettext("A mail without a subject"),
            state=in_a_list(held, say),
            sender=on_one_line(held.sender, 320) if kind(person.actor(held)) == DELEGATE else "",
            people=words.recipients(len(held.rcpt_to), say),
            left=words.remaining(held.expires_at, self.house.clock(), say) if held.state is HoldState.HELD else "",
        )

    def _looked(self, held: HeldMail, actor: str) -> None:
        if self.pace.first_look(f"list {held.id} {actor}"):
            now = self.house.clock()
            self.house.audit.note(HoldOpened(mail_id=held.id, at=now, hold_id=held.id, actor=actor, purpose="list"))
