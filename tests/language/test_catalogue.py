"""The catalogues are complete, and what they say fits the program."""

import re
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO

import pytest
from babel.dates import format_date
from babel.messages.pofile import read_po

from gateway.language.catalogue import FOLDER, catalogue, every_catalogue
from gateway.language.po import messages
from gateway.language.tags import LANGUAGES
from tests.catalogues import PLURALS, found, stored, written

TRANSLATED = LANGUAGES[1:]
_BRACES = re.compile(r"\{[^{}]*\}|%\(\w+\)s|<[^>]*>")  # what is filled in, and the markup of a page's sentence


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_message_is_missing(language: str) -> None:
    """Each message of the program has its words in each language; where one is new, `make catalogues` adds it."""
    have = stored(language)
    assert [] == [key for key in found() if key not in have or not all(have[key].forms.values())]
    assert [] == [key for key, entry in have.items() if entry.fuzzy]


@pytest.mark.parametrize("language", TRANSLATED)
def test_catalogues_stand_as_the_tool_writes_them(language: str) -> None:
    """No message is left over that nobody says any more, and the order is the program's."""
    assert written(language) == (FOLDER / f"{language}.po").read_text("utf-8")


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_fill_in_what_the_message_fills_in(language: str) -> None:
    """Braces of a translation are those of its message; a plural's forms may leave the number out."""
    for (_, message), entry in stored(language).items():
        for number, form in entry.forms.items():
            wanted = set(_BRACES.findall(entry.plural or message))
            assert set(_BRACES.findall(form)) | ({"{number}"} if entry.plural and number == 0 else set()) >= wanted
            assert set(_BRACES.findall(form)) <= wanted, message


def test_no_line_ends_inside_french_punctuation() -> None:
    """Before a colon, semicolon, question or exclamation mark and inside guillemets stands a no-break space."""
    forms = [form for entry in stored("fr").values() for form in entry.forms.values()]
    assert [] == [form for form in forms if re.search(r"(?<!\u00a0)[:;?!»]|«(?!\u00a0)", form)]


@pytest.mark.parametrize("language", TRANSLATED)
def test_our_reader_reads_what_gettexts_tools_read(language: str) -> None:
    """Babel's reader and ours find the same words in a catalogue."""
    text = (FOLDER / f"{language}.po").read_text("utf-8")
    theirs = read_po(StringIO(text), locale=language)
    ours = messages(text)
    for entry in theirs:
        if entry.id:
            one = entry.id[0] if isinstance(entry.id, tuple) else entry.id
            said = entry.string if isinstance(entry.string, tuple) else (entry.string,)
            assert tuple(said) == ours[(entry.context or "", one)]
    assert len(theirs) == len(ours) - 1  # ours counts the header


def test_plural_forms_follow_the_language() -> None:
    """In French and Portuguese none counts as one; in German and Spanish it does not."""
    forms = {language: [catalogue(language).form(number) for number in (0, 1, 2)] for language in PLURALS}
    assert {"de": [1, 0, 1], "es": [1, 0, 1], "fr": [0, 0, 1], "pt": [0, 0, 1]} == forms


@pytest.mark.parametrize("language", LANGUAGES)
def test_dates_read_as_people_write_them(language: str) -> None:
    """Each day of a year reads as the Unicode locale data (Babel's) has it, but for the ordinal of a month's first."""
    locale = {"en": "en_GB", "pt": "pt_BR"}.get(language, language)
    for day in range(366):
        at = datetime(2028, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
        expected = format_date(at, "long", locale)
        if at.day > 1:
            assert expected == catalogue(language).date(at)


def test_the_first_of_a_month_is_an_ordinal_where_it_is_one() -> None:
    """1er mars, 1º de março, 1. März."""
    first = datetime(2026, 3, 1, tzinfo=UTC)
    assert ["1 March 2026", "1. März 2026", "1er mars 2026", "1 de marzo de 2026", "1º de março de 2026"] == [
        one.date(first) for one in every_catalogue()
    ]


def test_moments_are_told_in_utc_whatever_the_zone() -> None:
    """Weekday, day and time are those of UTC."""
    at = datetime(2026, 3, 3, 23, 30, tzinfo=timezone(timedelta(hours=-2)))
    assert "Wednesday 4 March 2026, 01:30 UTC" == catalogue("en").moment(at)
    assert "Mittwoch, 4. März 2026, 01:30 Uhr UTC" == catalogue("de-CH").moment(at)


def test_what_nobody_translated_is_said_in_english() -> None:
    """An unknown message comes back as it is; an empty one stays empty and never shows the header."""
    german = catalogue("de")
    assert ("no such message", "") == (german.gettext("no such message"), german.gettext(""))
    assert "many" == german.ngettext("one", "many", 2)


def test_every_language_has_its_catalogue() -> None:
    """One for each of ours, and an unknown tag is answered in English."""
    assert list(LANGUAGES) == [one.language for one in every_catalogue()]
    assert "en" == catalogue("tlh-Latn").language


def test_a_broken_catalogue_is_named_by_its_line() -> None:
    """A line that is none is refused with its number; fuzzy and half-translated entries say nothing."""
    with pytest.raises(ValueError, match="line 2"):
        messages('msgid "a"\nmsgstr b\n')
    text = '#, fuzzy\nmsgid "a"\nmsgstr "b"\n\nmsgid "c"\nmsgid_plural "d"\nmsgstr[0] "e"\nmsgstr[1] ""\n'
    assert {} == messages(text)
    assert {("", 'a "b"\n'): ("c\td",)} == messages('msgid ""\n"a \\"b\\"\\n"\nmsgstr "c\\td"\n')
