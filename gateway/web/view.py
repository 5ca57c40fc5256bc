"""The page of a held mail, put together: the review page while it waits, the end of its story afterwards.

Reads through the flows; changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.responses import Response

from gateway.flows.offered import as_it_goes
from gateway.holds.lifecycle import HoldState
from gateway.mail.envelope import Path
from gateway.ports import House
from gateway.web.banner import Banner
from gateway.web.checker import Checker
from gateway.web.forms import body_text
from gateway.web.held_text import HeldText
from gateway.web.judged import Judged
from gateway.web.rendering import Pages
from gateway.web.review import live_values, review_values, story_values, undo_left, waits
from gateway.web.typed import Typed, typed
from gateway.web.visit import Visit


class View:
    """The pages; each in the visit's voice."""

    def __init__(self, house: House, pages: Pages, checker: Checker) -> None:
        self.house, self.pages, self.checker = house, pages, checker

    async def show(
        self,
        visit: Visit,
        *,
        banner: Banner | None = None,
        status: int = 200,
        unexplained: bool = False,
        open_form: str = "",
    ) -> Response:
        """The page for a mail as it stands, with what was typed kept. Raises GatewayError."""
        visit, off = await self._as_it_goes(visit)
        if not waits(visit.held):
            return self._story(visit, off, banner=banner, status=status, open_form=open_form)
        mail = await self.checker.reader.read(visit.held)
        live = self.live(visit, await self.checker.as_held(visit.held, mail))
        return self.review(
            visit,
            mail,
            typed(visit.form, visit.held, mail),
            live,
            banner=banner,
            status=status,
            unexplained=unexplained,
            open_form=open_form,
        )

    def review(
        self,
        visit: Visit,
        mail: HeldText,
        typed: Typed,
        live: Mapping[str, Any],
        *,
        banner: Banner | None = None,
        status: int = 200,
        missing: bool = False,
        unexplained: bool = False,
        open_form: str = "",
    ) -> Response:
        """The review page with these words in its boxes; for the flags see `review_values`."""
        values = review_values(
            visit,
            mail,
            typed,
            live=live,
            now=self.house.clock(),
            banner=banner,
            missing=missing,
            unexplained=unexplained,
            open_form=open_form,
        )
        return self.pages.page("review.html", voice=visit.voice, status=status, **values)

    def live(self, visit: Visit, judged: Judged) -> Mapping[str, Any]:
        """What changes when a text is checked again, as this person may know it."""
        judged = replace(judged, earlier=visit.may_know(judged.earlier))
        window_days = self.house.settings.memory.window_days
        return live_values(visit.held, judged, self.house.pack, window_days, visit.voice.say)

    def fragments(self, visit: Visit, typed: Typed, judged: Judged) -> Mapping[str, Any]:
        """The same for the page's script: the texts of its boxes, and the parts of the page as HTML."""
        live = self.live(visit, judged)
        part = partial(self._part, visit, live)
        return {
            "text": typed.text,
            "subject": typed.subject,
            "lost": list(live["lost"]),
            "clear": live["outlook"].clear,
            "said": live["outlook"].said,
            "button": live["outlook"].button,
            "whom": live["people_in_words"],
            "gist": live["gist"],
            "reasons": part("_reasons.html"),
            "letter": part("_letter.html"),
            "on_subject": part("_subject.html"),
            "suggestion": part("_suggestion.html"),
            "awaits": judged.sought,
            "override": live["override"],
        }

    def offers(self, visit: Visit, judged: Judged) -> Mapping[str, Any]:
        """What a suggestion adds to an answer that did not wait for it, for the page's script."""
        part = partial(self._part, visit, self.live(visit, judged))
        return {"reasons": part("_reasons.html"), "suggestion": part("_suggestion.html")}

    def _part(self, visit: Visit, live: Mapping[str, Any], name: str) -> str:
        return self.pages.fragment(name, voice=visit.voice, **live, editable=True, here=visit.here)

    async def _as_it_goes(self, visit: Visit) -> tuple[Visit, Sequence[Path]]:
        """While it is on its way: with those alone to whom it goes, and who was taken off. Raises StoreUnavailable."""
        if visit.held.state is not HoldState.SENDING:
            return visit, ()
        async with self.house.store.begin(write=False) as unit:
            held, off = await as_it_goes(unit, visit.held)
        return replace(visit, held=held), off

    def _story(
        self, visit: Visit, off: Sequence[Path], *, banner: Banner | None, status: int, open_form: str
    ) -> Response:
        values = story_values(
            visit,
            off=off,
            undo_left=undo_left(visit.held, self.house.settings.holds.undo_seconds, self.house.clock()),
            banner=banner,
            kept=body_text(visit.form.get("text", "")),
            open_form=open_form,
        )
        return self.pages.page("story.html", voice=visit.voice, status=status, **values)
