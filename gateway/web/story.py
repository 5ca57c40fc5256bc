"""What became of a held mail, when, and by whom: the words of the page that tells it. *Pure.*"""

from dataclasses import dataclass
from datetime import datetime

from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldState
from gateway.language.catalogue import Catalogue, later
from gateway.web.sheet import on_one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`tone` "done", "open" or "back" (came back to its sender); `happened`: what stands before the time `at`; `by`
    such as "by you", "" where nobody did it."""

    tone: str
    title: str
    told: str
    happened: str
    at: datetime | None
    by: str
    note: str = ""
    note_from: str = ""


def story(held: HeldMail, say: Catalogue) -> Story:
    """What became of this mail."""
    tone, title, told, happened = _TOLD[held.state]
    note_from = _note_from(held, say) if held.note else ""
    return Story(
        tone=tone,
        title=say.gettext(title),
        told=say.gettext(told),
        happened=say.gettext(happened),
        at=held.changed_at,
        by=actor(held.changed_by, say),
        note=held.note if note_from else "",
        note_from=note_from,
    )


def actor(changed_by: str, say: Catalogue) -> str:
    """By whom, for the sender's eyes."""
    kind, _, name = changed_by.partition(":")
    shown = on_one_line(name, 80)
    match kind, bool(shown):
        case (("" | "gateway"), _):
            return ""
        case "sender", _:
            return say.gettext("by you")
        case "compliance", True:
            return say.gettext("by {name}, compliance").format(name=shown)
        case "compliance", False:
            return say.gettext("by compliance")
        case _, True:
            return say.gettext("by {name}").format(name=shown)
        case _:
            return say.gettext("by your IT team")


def _note_from(held: HeldMail, say: Catalogue) -> str:
    """Whose words the note is, "" for none that the sender is shown."""
    by = held.changed_by.partition(":")[0]
    if held.state is HoldState.FAILED:
        return say.gettext("What the mail server answered")
    if held.state is HoldState.DISPUTED or (by == "sender" and held.state in (HoldState.SENDING, HoldState.SENT)):
        return say.gettext("What you wrote")
    return say.gettext("A note on the decision") if by == "compliance" else ""


_TOLD: dict[HoldState, tuple[str, str, str, str]] = {
    HoldState.HELD: (
        "open",
        later("Your mail is waiting for you"),
        later("Nobody on it has received it yet."),
        later("Held"),
    ),
    HoldState.DISPUTED: (
        "open",
        later("A person is looking at it"),
        later(
            "You told us that holding this mail is a mistake. Compliance decides; we write to you as soon as they have."
            " Until then it stays here, safe, and nobody on it has received it."
        ),
        later("Asked"),
    ),
    HoldState.SENDING: (
        "done",
        later("It is on its way"),
        later("Your mail passed and is being handed to the mail server. You need not do anything."),
        later("Passed"),
    ),
    HoldState.SENT: (
        "done",
        later("Your mail has been sent"),
        later("The mail server has taken it. Thank you for your minute."),
        later("Sent"),
    ),
    HoldState.WITHDRAWN: (
        "back",
        later("You took this mail back"),
        later("It was not sent. Nobody on it has received it."),
        later("Taken back"),
    ),
    HoldState.EXPIRED: (
        "back",
        later("This mail went back to you"),
        later(
            "It waited its full time here and was not sent. The original is attached to the message we sent you,"
            " complete."
        ),
        later("Returned"),
    ),
    HoldState.SUPERSEDED: (
        "done",
        later("A corrected mail took its place"),
        later("You sent a corrected mail, which was delivered. This one was closed; nobody on it has received it."),
        later("Closed"),
    ),
    HoldState.FAILED: (
        "back",
        later("The mail server did not take it"),
        later(
            "Your mail passed here, but it could not be delivered. The delivery report in your inbox says what"
            " happened."
        ),
        later("Refused"),
    ),
}
