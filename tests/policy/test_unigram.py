"""Text to the pieces a multilingual encoder knows."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.unigram import BEGIN, END, MARK, UNKNOWN, Unigram

SCORES = {
    BEGIN: 0.0, "<pad>": 0.0, END: 0.0, UNKNOWN: 0.0, MARK: -4.0, f"{MARK}Profil": -9.0, "bild": -8.0,
    f"{MARK}Pro": -7.0, "fil": -7.5, "er": -5.0, "e": -5.5, "r": -6.0, "!": -5.0, f"{MARK}LinkedIn": -11.0,
    "\u00e9": -7.0, "p": -8.0, "a": -6.0, "d": -6.0, "<": -9.0, ">": -9.0,
}  # fmt: skip
KNOWN = tuple(SCORES)
PIECES = Unigram(SCORES)


def named(text: str) -> list[str]:
    return [KNOWN[number] for number in PIECES.of(text)]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Profilbild", [f"{MARK}Profil", "bild"]),  # -17 and not -22.5 in three pieces
        ("er LinkedIn!", [MARK, "er", f"{MARK}LinkedIn", "!"]),
        ("linkedin", [MARK, *[UNKNOWN] * 4, "e", "d", UNKNOWN, UNKNOWN]),  # case counts
        ("e\u0301 \u00e9", [MARK, "\u00e9", MARK, "\u00e9"]),
        ("Pro\u200b\u00adfil", [f"{MARK}Profil"]),
        ("<pad>", [MARK, "<", "p", "a", "d", ">"]),  # what stands for no text is not made of text
        ("e" * 200, [UNKNOWN]),
        (" \t\n ", []),
    ],
)
def test_words_are_cut_the_likeliest_way(text: str, pieces: list[str]) -> None:
    """With case and accents, each word begun with its mark; a letter in no piece is unknown."""
    assert pieces == named(text)


@given(st.lists(st.sampled_from([*"Profilbder!"]), min_size=1, max_size=9).map("".join))
def test_no_other_cut_is_likelier(word: str) -> None:
    """Of all ways to cut a word, tried one by one, none has a better sum."""
    marked = MARK + word
    worst = min(score for piece, score in SCORES.items() if not piece.startswith("<") or piece == "<") - 10.0

    def worth(start: int, end: int) -> float:
        return SCORES.get(marked[start:end], worst if end - start == 1 else -math.inf)

    every = range(2 ** (len(marked) - 1))
    cuts = ([0, *(at for at in range(1, len(marked)) if mask >> (at - 1) & 1), len(marked)] for mask in every)
    best = max(sum(worth(start, end) for start, end in pairwise(cut)) for cut in cuts)
    found = named(word)
    assert math.isclose(best, sum(worst if piece == UNKNOWN else SCORES[piece] for piece in found))


@given(st.text(max_size=300))
def test_any_text_can_be_cut(text: str) -> None:
    """Whatever stands in a mail, every piece is known."""
    assert all(0 <= number < len(KNOWN) for number in PIECES.of(text))
