"""A body cut into sentences: nothing is lost, and emoji do not cut a sentence in two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.segment import sentences


def _said(text: str) -> list[str]:
    return [text[sentence.start : sentence.end] for sentence in sentences(text)]


def test_a_long_last_line_before_a_line_feed_is_read() -> None:
    """A last line without a full stop, ended by a line feed as in every real mail, is a sentence."""
    line = "All night staff are to have the frame on Facebook by Friday, see https://a.example/frame"
    assert _said(line + "\n") == [line]


@given(st.text(alphabet="ab .!?\n-,:1", max_size=300))
def test_no_character_is_lost(text: str) -> None:
    """Whatever the line ends, every letter of the text stands in exactly one sentence, in order."""
    assert "".join("".join(_said(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "parts"),
    [("Drop a \U0001f49b here if it is up.", 1), ("That was great \U0001f600 See you on Monday.", 2)],
)
def test_an_emoji_ends_a_sentence_only_before_a_new_one(text: str, parts: int) -> None:
    """An emoji in the middle of a sentence belongs to it."""
    assert len(_said(text)) == parts
