"""The gate: is there any word in this text that a rule could need? Linear in the text, whatever the words are.

Aho and Corasick, "Efficient string matching", CACM 18(6), 1975: all words are looked for in one pass. A second pass
over the letters alone, digits read as what they stand for, finds words spaced out or disguised. *Pure.*
"""

from functools import lru_cache

from ahocorasick_rs import AhoCorasick

from gateway.mail.normal import normalise
from gateway.policy.detector import Gate

_LONG = 6  # letters: shorter words turn up by chance when the blanks are gone
_LETTERS = {code: None for code in range(128) if not chr(code).islower()} | str.maketrans("013457@$", "oieastas")


def passes(text: str, gate: Gate) -> bool:
    """True when `text` holds one of the gate's words that count alone, or two different ones of those that count
    together; letter case, look-alike letters and hidden or inserted characters make no difference. A text begins and
    ends as a line does, with a blank."""
    plain = f" {text if text.isascii() else normalise(text).text} ".replace("\n", " ").lower()
    words, disguised = _searchers(gate)
    alone = len(gate.alone)
    together: set[int] = set()
    for word, _, _ in words.find_matches_as_indexes(plain, overlapping=True):
        if word < alone or (together and word not in together):
            return True
        together.add(word)
    return bool(disguised.find_matches_as_indexes(plain.translate(_LETTERS)))


@lru_cache(maxsize=16)
def _searchers(gate: Gate) -> tuple[AhoCorasick, AhoCorasick]:
    long = [word for word in gate.alone if len(word) >= _LONG and word.isalpha()]
    return AhoCorasick([*gate.alone, *gate.together]), AhoCorasick(long)
