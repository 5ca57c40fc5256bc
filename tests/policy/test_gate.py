"""The gate: which texts have a word that any rule could need."""

import pytest

from gateway.policy.gate import passes
from gateway.policy.packs import load


def opens(text: str) -> bool:
    detector = load("ask-once").detector
    assert detector is not None
    return passes(text, detector.gate)


@pytest.mark.parametrize("text", ["Xing", "Xing: kommt ihr?", "Na\nXing oder nicht", "Have you a bio", "it is on X"])
def test_a_text_begins_and_ends_as_a_line_does(text: str) -> None:
    """A word that wants a blank beside it is found where there is no more text."""
    assert opens(text)


@pytest.mark.parametrize("text", ["", "Lunch is at one.", "The boxing club\nmeets on Monday.", "Please fix it"])
def test_other_texts_stay_outside(text: str) -> None:
    """A blank that is wanted is not merely the end of another word."""
    assert not opens(text)
