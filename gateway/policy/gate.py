"""The gate: is there any word in this text that a rule could need? Linear in the text, whatever the words are.

Aho and Corasick, "Efficient string matching", CACM 18(6), 1975: all words are looked for in one pass, the best known
networks' names also with one slip of the keys. A second pass over the letters alone, digits read as what they stand
for, finds words spaced out or disguised. *Pure.*
"""

import re
from enum import Enum, auto
from functools import lru_cache
from string import ascii_lowercase
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from gateway.mail.normal import is_plain, normalise
from gateway.policy.detector import Gate

_LONG = 6  # letters: shorter words turn up by chance when the blanks are gone
_NAMES = ("linkedin", "facebook", "instagram")  # the gate knows them by their beginnings
_DRAWN_OUT = AhoCorasick([letter * 3 for letter in ascii_lowercase if letter != "w"])
_LETTER_OVER = re.compile(r"([a-vx-z])\1{2,}")
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
    """How far this text opens the gate; letter case, look-alike letters and hidden, inserted or drawn out characters
    make no difference. A text begins and ends as a line does, with a blank."""
    plain, words = _words(text, gate)
    alone, ajar = len(gate.alone), len(gate.alone) + len(gate.together)
    slips = ajar + len(gate.ajar)
    together = set[int]()
    for word in words:
        if word < alone or word >= slips or (together and word < ajar and word not in together):
            return Opening.WIDE
        if word < ajar:
            together.add(word)
    if _searchers(gate).hidden.find_matches_as_indexes(plain.translate(_LETTERS)):
        return Opening.WIDE
    return Opening.AJAR if words else Opening.SHUT


def disguised(text: str, gate: Gate) -> bool:
    """True when a word that counts alone is there spaced out, disguised or misspelt, and nowhere plainly."""
    plain, words = _words(text, gate)
    if any(word >= len(gate.alone) + len(gate.together) + len(gate.ajar) for word in words):
        return True
    found, seen = (
        {word for word, _, _ in _searchers(gate).hidden.find_matches_as_indexes(one)}
        for one in (plain.translate(_LETTERS), _lowered(text))
    )
    return bool(found - seen)


def _words(text: str, gate: Gate) -> tuple[str, list[int]]:
    """The text made plain, and the numbers of the words in it, as often as they stand there."""
    plain = _lowered(text if is_plain(text) else normalise(text).text)
    if _DRAWN_OUT.find_matches_as_indexes(plain):
        plain = _LETTER_OVER.sub(r"\1", plain)
    found = _searchers(gate).words.find_matches_as_indexes(plain, overlapping=True)
    return plain, [word for word, _, _ in found]


def _lowered(text: str) -> str:
    return f" {text} ".replace("\n", " ").lower()


class _Searchers(NamedTuple):
    """`words`: the gate's, then slips of the keys; `hidden`: the long words, looked for among the letters alone."""

    words: AhoCorasick
    hidden: AhoCorasick


@lru_cache(maxsize=16)
def _searchers(gate: Gate) -> _Searchers:
    long = [word for word in gate.alone if len(word) >= _LONG and word.isalpha()]
    known = [*gate.alone, *gate.together, *gate.ajar]
    slips = [slip for name in _NAMES for slip in _slips(name) if not any(word in slip for word in gate.alone)]
    return _Searchers(AhoCorasick([*known, *slips]), AhoCorasick([*long, *_NAMES]))


def _slips(name: str) -> list[str]:
    """A name with a letter left out, or with two changed over."""
    inside = range(1, len(name) - 1)
    swapped = (name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in inside)
    return sorted({*(name[:at] + name[at + 1 :] for at in inside), *swapped} - {name})
