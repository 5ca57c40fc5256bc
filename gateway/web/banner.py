"""The line on top of a page about what the last press did, or why it did nothing. *Pure.*"""

from dataclasses import dataclass

from gateway.language.catalogue import Catalogue, later


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """`tone` "ask" (something is missing), "open" or "done"."""

    tone: str
    title: str
    told: str

    def said(self, say: Catalogue) -> "Banner":
        """The same in the reader's language."""
        return Banner(tone=self.tone, title=say.gettext(self.title), told=say.gettext(self.told))


OUT_OF_DATE = Banner(
    tone="ask", title=later("This page was out of date."), told=later("Nothing was done. Please press once more.")
)
CHANGED = Banner(
    tone="ask",
    title=later("Something changed meanwhile."),
    told=later("Nothing was done. Please look, then press again."),
)
TICK_FIRST = Banner(tone="ask", title=later("Not sent yet."), told=later("Please tick the box beside Send first."))
SAY_FIRST = Banner(
    tone="ask",
    title=later("Not sent yet."),
    told=later("To send it anyway, please fill in the box beside that button."),
)
STILL_HELD = Banner(
    tone="ask", title=later("Not sent."), told=later("Something in it still needs another wording; it is marked below.")
)
NOBODY_LEFT = Banner(
    tone="ask",
    title=later("Nobody would get it."),
    told=later("Leave at least one person on it, or take the mail back below."),
)
STOPPED = Banner(
    tone="done",
    title=later("Stopped."),
    told=later("Nothing has been sent. What was about to go out is below; change it and press Send again."),
)
BUSY = Banner(
    tone="ask",
    title=later("One moment."),
    told=later("Too many presses at once. Your text is below; please press again."),
)
CHECKED_CLEAR = Banner(
    tone="done", title=later("All clear."), told=later("Nothing has been sent yet: tick the box and press Send.")
)
CHECKED_HELD = Banner(
    tone="open", title=later("Checked."), told=later("What still needs another wording is marked below.")
)
LATE = Banner(tone="open", title=later("This was settled before you pressed."), told=later("Nothing further was done."))
