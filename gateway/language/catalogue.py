"""The words for people, by language: a message in English goes in, the reader's words come out.

Messages are written in English where they are used and translated in `locale/*.po`; what has no translation is said
in English. Names follow gettext, so that its tools find the messages. IO: a catalogue's file is read once, when first
needed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from gettext import c2py
from pathlib import Path

from gateway.language.po import Key, messages
from gateway.language.tags import LANGUAGES, SOURCE, best

FOLDER = Path(__file__).parent / "locale"
_PLURAL = re.compile(r"plural\s*=\s*([^;]+)")


def later(message: str) -> str:
    """Marks a message that is said later, by `gettext` with a variable: the tools find it here."""
    return message


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """One language. `language` is the tag that HTML and headers carry; `form` says which plural form a number takes."""

    language: str
    said: Mapping[Key, tuple[str, ...]] = field(default_factory=dict, repr=False)
    form: Callable[[int], int] = field(default=lambda number: int(number != 1), repr=False)

    def gettext(self, message: str) -> str:
        """The message in this language."""
        return self.said.get(("", message), (message,))[0] if message else ""

    def pgettext(self, context: str, message: str) -> str:
        """The same for a message that means different things in different places."""
        return self.said.get((context, message), (message,))[0]

    def ngettext(self, one: str, many: str, number: int) -> str:
        """The form that fits the number; its braces are the caller's to fill."""
        forms = self.said.get(("", one))
        if not forms:
            return one if number == 1 else many
        return forms[min(self.form(number), len(forms) - 1)]

    def number(self, number: int) -> str:
        """A count in figures, its thousands set apart as people do: "1,234"."""
        apart, least = _THOUSANDS[self.language]
        return f"{number:,}".replace(",", apart) if abs(number) >= least else str(number)

    def small(self, number: int) -> str:
        """A count in a sentence: two to nine in words, others in figures. A message says "one" itself, in the gender
        of what it counts."""
        return self.gettext(_SMALL[number - 2]) if 2 <= number <= 9 else self.number(number)

    def date(self, at: datetime) -> str:
        """A day (UTC) as people write it, such as "3 March 2026"."""
        there = at.astimezone(UTC)
        form = self.gettext("1 {month} {year}") if there.day == 1 else self.gettext("{day} {month} {year}")
        return form.format(day=there.day, month=self.gettext(_MONTHS[there.month - 1]), year=there.year)

    def moment(self, at: datetime) -> str:
        """A day and a time, such as "Tuesday 3 March 2026, 14:05 UTC"."""
        there = at.astimezone(UTC)
        form = self.gettext("{weekday} {date}, {time} UTC")
        weekday = self.gettext(_WEEKDAYS[there.weekday()])
        return form.format(weekday=weekday, date=self.date(there), time=f"{there:%H:%M}")


def catalogue(*wishes: str) -> Catalogue:
    """The catalogue for the first wish that names one of our languages (`tags.best`); English otherwise."""
    return _loaded(best(*wishes))


def every_catalogue() -> tuple[Catalogue, ...]:
    """All of them, English first."""
    return tuple(map(_loaded, LANGUAGES))


@cache
def _loaded(language: str) -> Catalogue:
    if language == SOURCE:
        return Catalogue(language=SOURCE)
    said = messages((FOLDER / f"{language}.po").read_text("utf-8"))
    plural = _PLURAL.search(said[("", "")][0])
    return Catalogue(language=language, said=said, form=c2py(plural[1].strip() if plural else "n != 1"))


_THOUSANDS = {  # the sign between thousands, and from which number on it stands (CLDR)
    "en": (",", 1000),
    "de": (".", 1000),
    "fr": ("\u202f", 1000),
    "es": (".", 10_000),
    "pt": (".", 1000),
}
# Translators: of people, places or passages.
_SMALL = (
    later("two"),
    later("three"),
    later("four"),
    later("five"),
    later("six"),
    later("seven"),
    later("eight"),
    later("nine"),
)
_MONTHS = (
    later("January"),
    later("February"),
    later("March"),
    later("April"),
    later("May"),
    later("June"),
    later("July"),
    later("August"),
    later("September"),
    later("October"),
    later("November"),
    later("December"),
)
_WEEKDAYS = (
    later("Monday"),
    later("Tuesday"),
    later("Wednesday"),
    later("Thursday"),
    later("Friday"),
    later("Saturday"),
    later("Sunday"),
)
