"""Which language a person is answered in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.language.tags import LANGUAGES, best, wished


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("de", "de"),
        ("DE-at", "de"),
        ("pt_BR", "pt"),
        ("nl-NL, fr;q=0.5, de;q=0.8", "de"),
        ("en;q=0.1, es", "es"),
        ("fr;q=0, pt;q=0.2", "pt"),
        ("de, en", "de"),
        ("nl", "en"),
        ("", "en"),
        ("*", "en"),
        ("de;q=nonsense, fr", "fr"),
        ("den", "en"),
    ],
)
def test_the_most_wanted_language_of_ours_is_taken(value: str, expected: str) -> None:
    """Quality first, then order; region and letter case do not matter; what we do not speak is passed over."""
    assert expected == best(value)


def test_wishes_are_asked_one_after_the_other() -> None:
    """A header that names none of our languages leaves the word to the next wish, and then to the default."""
    assert ("es", "fr", "pt") == (best("nl", "es", "fr"), best("", "", "fr"), best("nl", "", default="pt"))
    assert "en" == best("nl", default="nl")


@given(st.text(max_size=300))
def test_any_header_names_one_of_our_languages(value: str) -> None:
    """Whatever stands in the header, the answer is a language we have."""
    assert best(value) in LANGUAGES


def test_a_header_of_thousands_of_ranges_is_read_in_part() -> None:
    """Only the first fifty wishes of a header count."""
    assert 50 == len(wished("nl," * 5000))
