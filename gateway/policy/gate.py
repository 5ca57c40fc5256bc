"""The gate: is there any word in this text that a rule could need? Linear in the text, whatever the words are.

Aho and Corasick, "Efficient string matching", CACM 18(6), 1975: all words are looked for in one pass. A second pass
over the letters alone, digits read as what they stand for, finds words spaced out or disguised. *Pure.*
"""

from enum import Enum, auto
from functools import lru_cache

from ahocorasick_rs import AhoCorasick

from gateway.mail.normal import is_plain, normalise
from gateway.policy.detector import Gate

_LONG = 6  # letters: shorter words turn up by chance when the blanks are gone
_LETTERS = {code: None for code in range(128) if not chr(code).islower()} | str.maketrans("013457@$", "oieastas")


class Opening(Enum):
    """How far a text opens the gate: with nothing; with one word of those that count together, or that only set it
    ajar; with two that count together, or one that counts alone."""

    SHUT = auto()
    AJAR = auto()
    WIDE = auto()


def passes(text: str, gate: Gate) -> bool:
    """True when `text` opens the gate wide."""
    return opening(text, gate) is Opening.WIDE


def opening(text: str, gate: Gate) -> Opening:
    """How far this text opens the gate; letter case, look-alike letters and hidden or inserted characters make no
    difference. A text begins and ends as a line does, with a blank."""
    plain = _plain(text)
    words, hidden = _searchers(gate)
    alone, ajar = len(gate.alone), len(gate.alone) + len(gate.together)
    found, together = False, set[int]()
    for word, _, _ in words.find_matches_as_indexes(plain, overlapping=True):
        if word < alone or (together and word < ajar and word not in together):
            return Opening.WIDE
        found = True
        if word < ajar:
            together.add(word)
    if hidden.find_matches_as_indexes(plain.translate(_LETTERS)):
        return Opening.WIDE
    return Opening.AJAR if found else Opening.SHUT


def disguised(text: str, gate: Gate) -> bool:
    """True when a word that counts alone is there spaced out or disguised, and nowhere plainly."""
    plain = _plain(text)
    _, hidden = _searchers(gate)
    found, seen = (
        {word for word, _, _ in hidden.find_matches_as_indexes(one)} for one in (plain.translate(_LETTERS), plain)
    )
    return bool(found - seen)


def _plain(text: str) -> str:
    return f" {text if is_plain(text) else normalise(text).text} ".replace("\n", " ").lower()


@lru_cache(maxsize=16)
def _searchers(gate: Gate) -> tuple[AhoCorasick, AhoCorasick]:
    long = [word for word in gate.alone if len(word) >= _LONG and word.isalpha()]
    return AhoCorasick([*gate.alone, *gate.together, *gate.ajar]), AhoCorasick(long)
