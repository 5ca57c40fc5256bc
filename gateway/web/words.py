"""What the page says in its own voice: dates, what will happen on sending, what became of a mail. *Pure.*

Tone: a helpful colleague. It never accuses, never says "illegal", and is exact about who has received what.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.flows.suggest import Suggestion
from gateway.holds.hold import EarlierAsk, HeldMail
from gateway.holds.lifecycle import HoldState
from gateway.web.reasons import Reason, quoted_sentences
from gateway.web.sheet import on_one_line
from gateway.web.standing import BEARER, DELEGATE, SENDER, kind

_MONTHS = (  # not strftime's, whose words follow the locale of the machine
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What pressing Send would do: `clear` when it would go out; `button` is what Send reads then."""

    clear: bool
    said: str
    button: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What became of a mail: `tone` "done", "open" or "back" (came back to its sender)."""

    tone: str
    title: str
    told: str
    at: datetime | None
    by: str
    note: str = ""
    note_from: str = ""


def day(at: datetime) -> str:
    """ "3 March 2026" (UTC)."""
    there = at.astimezone(UTC)
    return f"{there.day} {_MONTHS[there.month - 1]} {there.year}"


def moment(at: datetime) -> str:
    """ "Tuesday 3 March 2026, 14:05 UTC"."""
    there = at.astimezone(UTC)
    return f"{_DAYS[there.weekday()]} {day(there)}, {there:%H:%M} UTC"


def remaining(until: datetime, now: datetime) -> str:
    """How long it still waits: "6 days", "5 hours", "20 minutes"; "" when time is up."""
    left = until - now
    if left <= timedelta(0):
        return ""
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if left >= length * 2 or (left >= length and unit == "minute"):
            return counted(int(left / length), unit, figures=True)
    return "less than a minute"


def counted(number: int, noun: str, *, figures: bool = False) -> str:
    """ "one place", "12 recipients"."""
    shown = str(number) if figures or number >= len(_SMALL) else _SMALL[number]
    return f"{shown} {noun}" if number == 1 else f"{shown} {noun}s"


def outlook(passes: bool, reasons: Sequence[Reason], people: int) -> Outlook:
    """What will happen on sending, in words."""
    if not people:
        return Outlook(clear=False, said="Nobody is left on it. Nothing goes out.", button="Nobody to send it to")
    if not passes:
        marked = quoted_sentences(reasons)
        needs = f"{counted(marked, 'place')} {'needs' if marked == 1 else 'need'}" if marked else "it needs"
        said = f"Not ready yet: {needs} another wording. Nothing goes out."
        return Outlook(clear=False, said=said, button=f"Still held: {needs} another wording")
    whom = persons(people)
    said = f"All clear. When you send it, it goes to {whom}, attachments included."
    return Outlook(clear=True, said=said, button=f"Send to {whom}")


def rehearsed(disposition: str) -> str:
    """What would happen to a draft."""
    return _REHEARSED[disposition]


_REHEARSED = {
    "relay": "It would go out as it is.",
    "advise": "It would go out. You would get a friendly note to supply the artwork, which uses up the one ask.",
    "hold": "It would be held, and you would be told at once. Nobody on it would get it yet.",
    "reject": "It would be refused.",
}


def persons(number: int) -> str:
    """ "one person", "14 people"."""
    return counted(number, "person").replace("persons", "people")


def suggested(suggestion: Suggestion) -> str:
    """What a suggestion is, and what is left for the person to see to."""
    told = "Checked just now: with these changes it can go out. The rest stays as you wrote it."
    if suggestion.offered and not suggestion.own:
        return f"{told} Please see whether the artwork really is where it says, and change the words if not."
    return told


ABOUT_EDIT = (
    "Only your own words are here. What you quoted and attached stays as it is, and so does the formatting of what you"
    " do not change."
)
NO_SUGGESTION = (
    "Without the marked words this mail would say nothing, or it would still be held, so we have no wording to propose."
    " Change it yourself, take it back, or tell us that this is a mistake. Taking it back is often the simplest."
)


def gist(reasons: Sequence[Reason], passes: bool) -> str:
    """The whole matter in one sentence."""
    if passes:
        return "As it reads now, it can go out."
    if not reasons:
        return "Press “Check again” to see how it reads today."
    marked = quoted_sentences(reasons)
    if not reasons[0].known:
        return "We could not read it here, and your organisation asks us to hold such mail."
    return f"{counted(marked, 'place').capitalize()} in it {'needs' if marked == 1 else 'need'} another wording."


def memory(sender: str, earlier: Sequence[EarlierAsk], window_days: int) -> tuple[str, ...]:
    """What memory found: dated for the one who asked, without any detail for anybody else."""
    own = [ask for ask in earlier if ask.asker == sender]
    told = [_own_ask(ask) for ask in own]
    if len(own) < len(earlier):
        who = "Somebody else in your organisation" if not own else "Others"
        told.append(f"{who} asked at least one person on this mail for the same favour in the last {window_days} days.")
    return tuple(told)


def _own_ask(ask: EarlierAsk) -> str:
    about = f", in “{on_one_line(ask.subject, 120)}”" if ask.subject.strip() else ""
    people = f" ({counted(ask.people, 'person', figures=True)})".replace("persons", "people") if ask.people else ""
    return f"You asked this group on {day(ask.at)}{about}{people}."


def actor(changed_by: str, viewer: str = SENDER) -> str:
    """Who did it, for the eyes of `viewer` (an actor too): mostly the sender's."""
    who, _, name = changed_by.partition(":")
    shown = on_one_line(name, 80)
    if who in (SENDER, DELEGATE, BEARER) and (changed_by == viewer or who == SENDER == kind(viewer)):
        return "you"
    match who:
        case "" | "gateway":
            return ""
        case "sender":
            return "the sender"
        case "delegate":
            return f"{shown}, for the sender"
        case "bearer":
            return f"{shown}, who had the link"
        case "compliance":
            return f"{shown}, compliance" if shown else "compliance"
        case _:
            return shown or "your IT team"


def story(held: HeldMail, viewer: str = SENDER) -> Story:
    """What became of this mail, when, and by whom, as `viewer` (an actor) is told it."""
    by = actor(held.changed_by, viewer)
    own = _TOLD_OF_OTHERS if by not in ("", "you") else {}
    tone, title, told = (_TOLD | own | ({} if kind(viewer) == SENDER else _TOLD_OTHERS))[held.state]
    wrote_it = "What you wrote" if by == "you" else "What was written"
    by_person = kind(held.changed_by) in (SENDER, DELEGATE, BEARER)
    wrote = {HoldState.DISPUTED: wrote_it, HoldState.FAILED: "What the mail server answered"}
    note_from = wrote | (dict.fromkeys((HoldState.SENDING, HoldState.SENT), wrote_it) if by_person else {})
    noted = held.state in note_from or (held.note and by.endswith("compliance"))
    return Story(
        tone=tone,
        title=title,
        told=told,
        at=held.changed_at,
        by=by,
        note=held.note if noted else "",
        note_from=note_from.get(held.state, "A note on the decision") if noted and held.note else "",
    )


_TOLD: dict[HoldState, tuple[str, str, str]] = {
    HoldState.HELD: ("open", "Your mail is waiting for you", "Nobody on it has received it yet."),
    HoldState.DISPUTED: (
        "open",
        "A person is looking at it",
        "You told us that holding this mail is a mistake. Compliance decides; we write to you as soon as they have. "
        "Until then it stays here, safe, and nobody on it has received it.",
    ),
    HoldState.SENDING: (
        "done",
        "It is on its way",
        "Your mail passed and is being handed to the mail server. You need not do anything.",
    ),
    HoldState.SENT: ("done", "Your mail has been sent", "The mail server has taken it. Thank you for your minute."),
    HoldState.WITHDRAWN: ("back", "You took this mail back", "It was not sent. Nobody on it has received it."),
    HoldState.EXPIRED: (
        "back",
        "This mail went back to you",
        "It waited its full time here and was not sent. The original is attached to the message we sent you, complete.",
    ),
    HoldState.SUPERSEDED: (
        "done",
        "A corrected mail took its place",
        "You sent a corrected mail, which was delivered. This one was closed; nobody on it has received it.",
    ),
    HoldState.FAILED: (
        "back",
        "The mail server did not take it",
        "Your mail passed here, but it could not be delivered. The delivery report in your inbox says what happened.",
    ),
}
# Where somebody else than the reader did it.
_TOLD_OF_OTHERS: dict[HoldState, tuple[str, str, str]] = {
    HoldState.DISPUTED: (
        "open",
        "A person is looking at it",
        "Compliance was told that holding this mail is a mistake, and decides. Until then it stays here, safe, and "
        "nobody on it has received it.",
    ),
    HoldState.WITHDRAWN: ("back", "This mail was taken back", "It was not sent. Nobody on it has received it."),
}

# Where the reader is not the sender.
_TOLD_OTHERS: dict[HoldState, tuple[str, str, str]] = {
    HoldState.EXPIRED: (
        "back",
        "This mail went back to its sender",
        "It waited its full time here and was not sent. The sender has the original, complete.",
    ),
    HoldState.SUPERSEDED: (
        "done",
        "A corrected mail took its place",
        "Its sender sent a corrected mail, which was delivered. This one was closed; nobody on it has received it.",
    ),
    HoldState.FAILED: (
        "back",
        "The mail server did not take it",
        "The mail passed here, but it could not be delivered. Its sender has the delivery report.",
    ),
}

# One word or two for a list.
STATES: dict[HoldState, str] = {
    HoldState.HELD: "Waiting for you",
    HoldState.DISPUTED: "Compliance is looking at it",
    HoldState.SENDING: "On its way",
    HoldState.SENT: "Sent",
    HoldState.WITHDRAWN: "Taken back",
    HoldState.EXPIRED: "Returned, not sent",
    HoldState.SUPERSEDED: "A corrected mail took its place",
    HoldState.FAILED: "Refused by the mail server",
}
