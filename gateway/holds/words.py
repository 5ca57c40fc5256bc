"""The words our notices speak, in one place, so that another language is one more `Words` value.

Braces are filled in by `notices.py`; what is filled in may come from hostile mail and is cleaned there. *Pure.*
"""

from dataclasses import dataclass
from datetime import datetime

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language's catalogue; `language` is the BCP 47 tag that HTML carries."""

    language: str
    months: tuple[str, ...]
    day: str
    no_subject: str
    one_recipient: str
    recipients: str

    held_subject: str
    held_opening: str
    nobody_told: str
    marked: str
    also: str
    rule: str
    house_rule: str
    asked_before: str
    you_asked: str
    colleague_asked: str
    called: str
    to_do: str
    instead: str
    act: str
    act_button: str
    no_page: str
    expiry: str

    advise_subject: str
    advise_opening: str
    advise_rule: str
    advise_to_do: str
    advise_once: str

    expired_subject: str
    expired_opening: str
    expired_attached: str
    expired_to_do: str

    bounce_subject: str
    bounce_all: str
    bounce_some: str
    bounce_late: str
    bounce_refused: str
    bounce_attached: str

    granted_subject: str
    granted_opening: str
    upheld_subject: str
    upheld_opening: str
    upheld_to_do: str
    upheld_late: str
    their_words: str

    footer: str

    def date(self, at: datetime) -> str:
        """A day as people write it, such as "3 March 2026"."""
        return self.day.format(day=at.day, month=self.months[at.month - 1], year=at.year)

    def count(self, recipients: int) -> str:
        """How many recipients, in words that fit the number."""
        return self.one_recipient if recipients == 1 else self.recipients.format(number=recipients)


ENGLISH = Words(
    language="en",
    months=_MONTHS,
    day="{day} {month} {year}",
    no_subject="(no subject)",
    one_recipient="1 recipient",
    recipients="{number} recipients",
    held_subject="Not sent yet: {subject}",
    held_opening='Your mail "{subject}" to {count} has not been sent yet.',
    nobody_told="Nobody else has been told. You can put it right in a minute.",
    marked="What stopped it",
    also="Also",
    rule="The rule",
    house_rule="It touches your organisation's rule on asking colleagues to use their own social-media accounts.",
    asked_before="Asked before",
    you_asked="You asked this group on {date}{called}.",
    colleague_asked="A colleague asked this group on {date}.",
    called=', in "{subject}"',
    to_do="What to do",
    instead="You could write instead:",
    act="Change it and send it, take it back, or tell us that this is a mistake:",
    act_button="Open your mail",
    no_page="Write it anew without the words above; this one will come back to you.",
    expiry="If you do nothing, it comes back to you on {date} and reaches nobody.",
    advise_subject="Sent - and a tip for next time: {subject}",
    advise_opening='Your mail "{subject}" has been sent. You need not do anything.',
    advise_rule="A tip for next time",
    advise_to_do=(
        "Supply the artwork: attach the picture or banner, or link to it, so that whoever likes the idea can use it"
        " at once, without having to make it, look for it or ask for it."
    ),
    advise_once=(
        "And let this one mail stand for itself: these colleagues are asked for this once within {days} days."
        " Making new artwork available to everyone, without asking, is always fine."
    ),
    expired_subject="Returned to you, not sent: {subject}",
    expired_opening='Your mail "{subject}" to {count} waited since {since}. Its time is up, so it was not sent.',
    expired_attached="It is attached here exactly as you wrote it. It reached nobody, and nobody else has been told.",
    expired_to_do="If you still want to send it, write it anew without the words above.",
    bounce_subject="Not delivered: {subject}",
    bounce_all='Your mail "{subject}" could not be delivered. The mail server refused it for good.',
    bounce_some=('Your mail "{subject}" could not be delivered to {count}. It has been delivered to the others.'),
    bounce_late='Your mail "{subject}" could not be delivered: for {hours} hours the mail server did not take it.',
    bounce_refused="Who did not get it, and what the mail server said",
    bounce_attached="Your mail is attached.",
    granted_subject="On its way: {subject}",
    granted_opening='You said that holding your mail "{subject}" was a mistake. It is being sent, as you wrote it.',
    upheld_subject="Still not sent: {subject}",
    upheld_opening='You said that holding your mail "{subject}" was a mistake. It was looked at, and it stays held.',
    upheld_to_do="With the link in our first note you can still change and send it, or take it back, until {date}.",
    upheld_late="Its time is up: it comes back to you in the next mail.",
    their_words="What was said about it",
    footer="This note was written by the mail gateway and sent to you alone.",
)
_CATALOGUES = {ENGLISH.language: ENGLISH}


def words(language: str) -> Words:
    """The catalogue for a BCP 47 tag, by its first subtag; English where there is none."""
    return _CATALOGUES.get(language.partition("-")[0].casefold(), ENGLISH)
