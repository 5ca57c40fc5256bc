"""Column types give back exactly what they were given."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gateway.storage.columns import instant, micros, read, written

ANY_TEXT = some.text(some.characters(exclude_categories=()))  # lone surrogates and NUL as well


@given(ANY_TEXT)
def test_any_string_survives(text: str) -> None:
    """Every string comes back, and its stored form is UTF-8 without NUL."""
    stored = written(text)
    assert read(stored) == text
    assert b"\0" not in stored.encode("utf-8")


@given(ANY_TEXT, ANY_TEXT)
def test_different_strings_are_stored_differently(one: str, other: str) -> None:
    """Equality in the database is equality of the strings."""
    assert (written(one) == written(other)) is (one == other)


@pytest.mark.parametrize("text", ["", "a", "Ü ☃ 𝒶", "\x1b", '"quoted"'])
def test_ordinary_text_is_stored_as_it_is(text: str) -> None:
    """What a database can hold it holds in clear, for whoever reads it by hand."""
    assert written(text) == text


def test_text_like_an_escape_is_escaped() -> None:
    """Nobody can write a subject that is read as another one."""
    forged = written("\udc80")
    assert json.loads(written(forged).removeprefix("\x1bjson:")) == forged
    assert read(written(forged)) == forged


@given(
    some.datetimes(
        timezones=some.integers(-23 * 60, 23 * 60).map(lambda east: timezone(timedelta(minutes=east)))
    ).filter(lambda at: 2 < at.year < 9998)
)
def test_any_instant_survives(at: datetime) -> None:
    """An aware datetime of any zone comes back as the same instant, in UTC."""
    assert instant(micros(at)) == at
    assert instant(micros(at)).tzinfo is UTC


def test_naive_datetimes_are_refused() -> None:
    """Without a zone an instant is a guess."""
    with pytest.raises(ValueError, match="naive"):
        micros(datetime(2026, 3, 2))
