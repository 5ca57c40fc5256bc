"""The gate: which texts have a word that any rule could need."""

import pytest

from gateway.policy.detector import Gate
from gateway.policy.gate import Opening, disguised, opening, passes
from gateway.policy.packs import load


def gate() -> Gate:
    detector = load("ask-once").detector
    assert detector is not None
    return detector.gate


def opens(text: str) -> bool:
    return passes(text, gate())


@pytest.mark.parametrize("text", ["Xing", "Xing: kommt ihr?", "Na\nXing oder nicht", "Have you a bio", "it is on X"])
def test_a_text_begins_and_ends_as_a_line_does(text: str) -> None:
    """A word that wants a blank beside it is found where there is no more text."""
    assert opens(text)


@pytest.mark.parametrize("text", ["", "Lunch is at one.", "The boxing club\nmeets on Monday.", "Please fix it"])
def test_other_texts_stay_outside(text: str) -> None:
    """A blank that is wanted is not merely the end of another word."""
    assert not opens(text)


@pytest.mark.parametrize("name", ["In-sta-gram", "Intsagram", "Istagram", "Lnkedin", "Face book", "Innnstaaagram"])
def test_a_network_is_known_under_a_misspelt_or_split_name(name: str) -> None:
    """Such a mail is read, though the sieve knows none of its words."""
    assert opening(f"Who has not yet been to {name}?", gate()) is Opening.WIDE
    assert disguised(f"Who has not yet been to {name}?", gate())
    assert not disguised("Who has not yet been to Instagram?", gate())
