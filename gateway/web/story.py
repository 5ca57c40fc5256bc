"""What became of a held mail, when, and by whom: the words of the page that tells it. *Pure.*"""

from dataclasses import dataclass
from datetime import datetime

from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldState
from gateway.language.catalogue import Catalogue, later
from gateway.web.sheet import on_one_line
from gateway.web.standing import PERSONS, SENDER, kind


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


def story(held: HeldMail, say: Catalogue, viewer: str = SENDER) -> Story:
    """What became of this mail, as `viewer` (an actor) is told it."""
    tone, title, told, happened = _TOLD[held.state]
    by = actor(held.changed_by, say, viewer)
    if by and not _own(held.changed_by, viewer):
        title, told = _TOLD_OF_OTHERS.get(held.state, (title, told))
    if kind(viewer) != SENDER:
        title, told = _TOLD_OTHERS.get(held.state, (title, told))
    note_from = _note_from(held, say, viewer) if held.note else ""
    return Story(
        tone=tone,
        title=say.gettext(title),
        told=say.gettext(told),
        happened=say.gettext(happened),
        at=held.changed_at,
        by=by,
        note=held.note if note_from else "",
        note_from=note_from,
    )


def actor(changed_by: str, say: Catalogue, viewer: str = SENDER) -> str:
    """By whom, for the eyes of `viewer` (an actor too): mostly the sender's."""
    who, _, name = changed_by.partition(":")
    shown = on_one_line(name, 80)
    if _own(changed_by, viewer):
        return say.gettext("by you")
    match who, bool(shown):
        case (("" | "gateway"), _):
            return ""
        case "sender", _:
            return say.gettext("by the sender")
        case "delegate", _:
            return say.gettext("by {name}, for the sender").format(name=shown)
        case "bearer", _:
            return say.gettext("by {name}, who had the link").format(name=shown)
        case "compliance", True:
            return say.gettext("by {name}, compliance").format(name=shown)
        case "compliance", False:
            return say.gettext("by compliance")
        case _, True:
            return say.gettext("by {name}").format(name=shown)
        case _:
            return say.gettext("by your IT team")


def in_a_list(held: HeldMail, say: Catalogue) -> str:
    """Where a mail stands, in a word or two."""
    return say.gettext(_LISTED[held.state])


def _own(changed_by: str, viewer: str) -> bool:
    """True where the reader did it. The sender is one person, by the link or signed in."""
    who = kind(changed_by)
    return who in PERSONS and (changed_by == viewer or who == SENDER == kind(viewer))


def _note_from(held: HeldMail, say: Catalogue, viewer: str) -> str:
    """Whose words the note is, "" for none that is shown."""
    by = kind(held.changed_by)
    if held.state is HoldState.FAILED:
        return say.gettext("What the mail server answered")
    if held.state is HoldState.DISPUTED or (by in PERSONS and held.state in (HoldState.SENDING, HoldState.SENT)):
        return say.gettext("What you wrote") if _own(held.changed_by, viewer) else say.gettext("What was written")
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
# Title and sentence where somebody else than the reader did it.
_TOLD_OF_OTHERS: dict[HoldState, tuple[str, str]] = {
    HoldState.DISPUTED: (
        later("A person is looking at it"),
        later(
            "Compliance was told that holding this mail is a mistake, and decides. Until then it stays here, safe, and"
            " nobody on it has received it."
        ),
    ),
    HoldState.WITHDRAWN: (
        later("This mail was taken back"),
        later("It was not sent. Nobody on it has received it."),
    ),
}
# The same where the reader is not the sender.
_TOLD_OTHERS: dict[HoldState, tuple[str, str]] = {
    HoldState.HELD: (
        later("This mail is waiting"),
        later("Nobody on it has received it yet."),
    ),
    HoldState.SENDING: (
        later("It is on its way"),
        later("This mail passed and is being handed to the mail server. There is nothing more to do."),
    ),
    HoldState.SENT: (
        later("This mail has been sent"),
        later("The mail server has taken it. Thank you for your minute."),
    ),
    HoldState.EXPIRED: (
        later("This mail went back to its sender"),
        later("It waited its full time here and was not sent. The sender has the original, complete."),
    ),
    HoldState.SUPERSEDED: (
        later("A corrected mail took its place"),
        later(
            "Its sender sent a corrected mail, which was delivered. This one was closed; nobody on it has received it."
        ),
    ),
    HoldState.FAILED: (
        later("The mail server did not take it"),
        later("The mail passed here, but it could not be delivered. Its sender has the delivery report."),
    ),
}
_LISTED: dict[HoldState, str] = {
    HoldState.HELD: later("Waiting for you"),
    HoldState.DISPUTED: later("Compliance is looking at it"),
    HoldState.SENDING: later("On its way"),
    HoldState.SENT: later("Sent"),
    HoldState.WITHDRAWN: later("Taken back"),
    HoldState.EXPIRED: later("Returned, not sent"),
    HoldState.SUPERSEDED: later("A corrected mail took its place"),
    HoldState.FAILED: later("Refused by the mail server"),
}
