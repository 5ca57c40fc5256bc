"""Text to the pieces an encoder knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.wordpiece import BEGIN, END, UNKNOWN, WordPiece

KNOWN = (
    UNKNOWN,
    "un",
    "##aff",
    "##able",
    "cafe",
    "##s",
    ",",
    "!",
    "run",
    "##ning",
    "\u793e",
    "\u2019",
    "@",
    "e",
    BEGIN,
    END,
)
PIECES = WordPiece({piece: number for number, piece in enumerate(KNOWN)})


def named(text: str) -> list[str]:
    return [KNOWN[number] for number in PIECES.of(text)]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("unaffable", ["un", "##aff", "##able"]),  # the longest that is known, again and again
        ("Running, RUNS!", ["run", "##ning", ",", "run", "##s", "!"]),
        ("caf\u00e9s cafe\u0301", ["cafe", "##s", "cafe"]),
        ("run\u200b\u00adning", ["run", "##ning"]),
        ("run\x0c\nrun \x0b\trun", ["run", "run", "run"]),
        ("\u793e\u793e e@e", ["\u793e", "\u793e", "e", "@", "e"]),
        ("cafe\u2019s", ["cafe", "\u2019", UNKNOWN]),
        ("unaffablex", [UNKNOWN]),
        ("un" + "s" * 200, [UNKNOWN]),
        (" \t\n ", []),
    ],
)
def test_words_are_cut_into_known_pieces(text: str, pieces: list[str]) -> None:
    """Without case and accents; a mark or an ideograph stands for itself; what is not known is one piece."""
    assert pieces == named(text)


@given(st.text(max_size=300))
def test_any_text_can_be_cut(text: str) -> None:
    """Whatever stands in a mail, there are no more pieces than letters, and each is known."""
    found = PIECES.of(text)
    assert len(found) <= 4 * len(text)  # a letter may come apart when its accents go
    assert all(0 <= number < len(KNOWN) for number in found)
