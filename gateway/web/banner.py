"""The line on top of a page about what the last press did, or why it did nothing. *Pure.*"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """`tone` "ask" (something is missing), "open" or "done"."""

    tone: str
    title: str
    told: str


OUT_OF_DATE = Banner(tone="ask", title="This page was out of date.", told="Nothing was done. Please press once more.")
CHANGED = Banner(
    tone="ask", title="Something changed meanwhile.", told="Nothing was done. Please look, then press again."
)
TICK_FIRST = Banner(tone="ask", title="Not sent yet.", told="Please tick the box beside Send first.")
SAY_FIRST = Banner(
    tone="ask", title="Not sent yet.", told="To send it anyway, please fill in the box beside that button."
)
STILL_HELD = Banner(
    tone="ask", title="Not sent.", told="Something in it still needs another wording; it is marked below."
)
NOBODY_LEFT = Banner(
    tone="ask", title="Nobody would get it.", told="Leave at least one person on it, or take the mail back below."
)
BUSY = Banner(tone="ask", title="One moment.", told="Too many presses at once. Your text is below; please press again.")
CHECKED_CLEAR = Banner(tone="done", title="All clear.", told="Nothing has been sent yet: tick the box and press Send.")
CHECKED_HELD = Banner(tone="open", title="Checked.", told="What still needs another wording is marked below.")
LATE = Banner(tone="open", title="This was settled before you pressed.", told="Nothing further was done.")
