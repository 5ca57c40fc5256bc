"""What the page says in its own voice: how long, how many, what will happen on sending. *Pure.*

Tone: a helpful colleague. It never accuses, never says "illegal", and is exact about who has received what.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.flows.suggest import Source, Suggestion
from gateway.holds.earlier import others_asked
from gateway.holds.hold import EarlierAsk
from gateway.language.catalogue import Catalogue, later
from gateway.web.reasons import Reason, quoted_sentences
from gateway.web.sheet import on_one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What pressing Send would do: `clear` when it would go out; `button` is what Send reads then."""

    clear: bool
    said: str
    button: str


def remaining(until: datetime, now: datetime, say: Catalogue) -> str:
    """How long it still waits: "6 days", "5 hours", "20 minutes"; "" when time is up."""
    left = until - now
    if left <= timedelta(0):
        return ""
    if left >= timedelta(days=2):
        return _figures(say.ngettext("{number} day", "{number} days", left.days), left.days, say)
    hours, minutes = left // timedelta(hours=1), left // timedelta(minutes=1)
    if hours >= 2:
        return _figures(say.ngettext("{number} hour", "{number} hours", hours), hours, say)
    if minutes >= 1:
        return _figures(say.ngettext("{number} minute", "{number} minutes", minutes), minutes, say)
    return say.gettext("less than a minute")


def persons(number: int, say: Catalogue) -> str:
    """ "nobody", "one person", "14 people"."""
    if not number:
        return say.gettext("nobody")
    return say.ngettext("one person", "{number} people", number).format(number=say.small(number))


def recipients(number: int, say: Catalogue) -> str:
    """ "1 recipient", "14 recipients"."""
    return _figures(say.ngettext("{number} recipient", "{number} recipients", number), number, say)


def outlook(passes: bool, reasons: Sequence[Reason], people: int, say: Catalogue) -> Outlook:
    """What will happen on sending, in words."""
    if not people:
        said = say.gettext("Nobody is left on it. Nothing goes out.")
        return Outlook(clear=False, said=said, button=say.gettext("Nobody to send it to"))
    if not passes:
        return _not_yet(quoted_sentences(reasons), say)
    whom = persons(people, say)
    # Translators: {whom} is "one person" or "three people".
    said = say.gettext("All clear. When you send it, it goes to {whom}, attachments included.")
    # Translators: {whom} is "one person" or "three people".
    button = say.gettext("Send to {whom}")
    return Outlook(clear=True, said=said.format(whom=whom), button=button.format(whom=whom))


def _not_yet(marked: int, say: Catalogue) -> Outlook:
    if not marked:
        said = say.gettext("Not ready yet: it needs another wording. Nothing goes out.")
        return Outlook(clear=False, said=said, button=say.gettext("Still held: it needs another wording"))
    said = say.ngettext(
        "Not ready yet: one place needs another wording. Nothing goes out.",
        "Not ready yet: {number} places need another wording. Nothing goes out.",
        marked,
    )
    button = say.ngettext(
        "Still held: one place needs another wording", "Still held: {number} places need another wording", marked
    )
    number = say.small(marked)
    return Outlook(clear=False, said=said.format(number=number), button=button.format(number=number))


def rehearsed(disposition: str, say: Catalogue, *, judged: bool = True) -> str:
    """What would happen to a draft; where it is not `judged`, that nobody would read it."""
    if not judged:
        return say.gettext(_UNREAD)
    return say.gettext(_REHEARSED[disposition])


_UNREAD = later(
    "It would go out as it is, unread. Only mail from colleagues to colleagues is read; mail to outsiders only is not."
)


_REHEARSED = {
    "relay": later("It would go out as it is."),
    "advise": later("It would go out. You would get a friendly note to supply the artwork, which uses up the one ask."),
    "hold": later("It would be held, and you would be told at once. Nobody on it would get it yet."),
    "reject": later("It would be refused."),
}


def too_much(characters: int, most_characters: int, recipients: int, most_recipients: int, say: Catalogue) -> str:
    """Why a draft is not checked, "" where it can be."""
    if characters > most_characters:
        said = say.gettext("Your text has {number} characters; up to {most} can be checked at once. Please shorten it.")
        return said.format(number=say.number(characters), most=say.number(most_characters))
    if recipients > most_recipients:
        said = say.gettext("You named {number} recipients; up to {most} can be checked at once. Please name fewer.")
        return said.format(number=say.number(recipients), most=say.number(most_recipients))
    return ""


def suggested(suggestion: Suggestion, say: Catalogue) -> str:
    """What a suggestion is, and what is left for the person to see to."""
    told = say.gettext("Checked just now: with these changes it can go out. The rest stays as it is.")
    if suggestion.source is Source.STOCK:
        look = say.gettext("Please see whether the artwork really is where it says, and change the words if not.")
    elif suggestion.source is Source.RULE:
        look = say.gettext("The new words are ours: please see whether you want to say them, and change them if not.")
    else:
        return told
    return f"{told} {look}"


def gist(reasons: Sequence[Reason], passes: bool, say: Catalogue) -> str:
    """The whole matter in one sentence."""
    if passes:
        return say.gettext("As it reads now, it can go out.")
    if not reasons:
        return say.gettext("Press “Check again” to see how it reads today.")
    if not reasons[0].known:
        return say.gettext("We could not read it here, and your organisation asks us to hold such mail.")
    marked = quoted_sentences(reasons)
    said = say.ngettext("One place in it needs another wording.", "{number} places in it need another wording.", marked)
    said = said.format(number=say.small(marked))
    return said[:1].upper() + said[1:]


def memory(sender: str, earlier: Sequence[EarlierAsk], window_days: int, say: Catalogue) -> tuple[str, ...]:
    """What memory found: dated for the one who asked, without any detail for anybody else."""
    own = [ask for ask in earlier if ask.asker == sender]
    told = [_own_ask(ask, say) for ask in own]
    if len(own) < len(earlier):
        told.append(others_asked(window_days, say, besides=bool(own)))
    return tuple(told)


def _own_ask(ask: EarlierAsk, say: Catalogue) -> str:
    people = _figures(say.ngettext("{number} person", "{number} people", ask.people), ask.people, say)
    subject = on_one_line(ask.subject, 120)
    match bool(subject), bool(ask.people):
        case True, True:
            said = say.gettext("You asked this group on {date}, in “{subject}” ({people}).")
        case True, False:
            said = say.gettext("You asked this group on {date}, in “{subject}”.")
        case False, True:
            said = say.gettext("You asked this group on {date} ({people}).")
        case _:
            said = say.gettext("You asked this group on {date}.")
    return said.format(date=say.date(ask.at), subject=subject, people=people)


def _figures(said: str, number: int, say: Catalogue) -> str:
    return said.format(number=say.number(number))
