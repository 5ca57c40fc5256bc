"""What the second opinion sees of a sentence: its words and slots, those around it, and who reads the mail. *Pure.*

Every feature has a name that a person can read ("o share it" for a pair of words of the sentence itself); the model
knows it by `digest`, a hash of the name (Weinberger et al., "Feature hashing for large scale multitask learning", ICML
2009), so that its weights need no dictionary. The first letters say where it was seen: `o` here, `p` and `q` in the
sentences before and behind, `P` and `Q` one further, `j` in the subject, `m` anywhere in the mail.
"""

from collections.abc import Iterator
from itertools import pairwise
from zlib import crc32

import regex

from gateway.policy.line import Line, Reading
from gateway.policy.segment import Kind

_WORD = regex.compile(r"[\p{L}\p{M}']+|\d+|[?!%#]")
_MOST_WORDS = 80  # of one sentence
_MOST_LINES = 60  # sentences that are weighed; the favour is named in few
_ANSWER = 4  # sentences of an answer that names nothing itself
NETWORKS = frozenset({"{network}", "{socials}", "{reviewsite}"})  # slots of the lexicon
_PIECE = 4  # letters: pieces of words stand for their inflections and for typing errors


def digest(name: str) -> int:
    """32 bits that stand for a feature's name, the same on every machine."""
    return crc32(name.encode("utf-8", "surrogatepass"))


def weighed(reading: Reading) -> list[int]:
    """Places of the sentences that count: those that name a favour or mean one, and their neighbours. Where there are
    none, those that name a network; and the first of an answer to somebody who named a favour."""
    lines = reading.lines
    own = [place for place, line in enumerate(lines) if line.reach or line.strength]
    own = sorted(own, key=lambda place: -lines[place].said)[:_MOST_LINES]  # in the longest mail the plainest
    own = own or [place for place, line in enumerate(lines) if not NETWORKS.isdisjoint(line.words)][:_MOST_LINES]
    if not own and any(line.strength for line in reading.quoted):
        own = [place for place, line in enumerate(lines) if line.sentence.kind is not Kind.SUBJECT][:_ANSWER]
    return sorted({place + step for place in own for step in (-1, 0, 1) if 0 <= place + step < len(lines)})


class Features:
    """The features of one mail's sentences."""

    def __init__(self, reading: Reading) -> None:
        self._lines = reading.lines
        self._words = [_WORD.findall(line.folded.lower())[:_MOST_WORDS] for line in reading.lines]
        self._many = "many" if reading.many else "one"
        self._mail = (*_of_mail(reading), self._many)

    def of(self, place: int) -> Iterator[str]:
        """The names of all features of one sentence."""
        line = self._lines[place]
        yield from self._own(line, self._words[place])
        for step, near, far in ((-1, "p", "P"), (1, "q", "Q")):
            yield from self._beside(place + step, near)
            yield from (f"{far} {word}" for word in self._spoken(place + 2 * step))
        if place and self._lines[0].sentence.kind is Kind.SUBJECT:
            yield from (f"j {gram}" for gram in _grams(self._words[0]))
        yield f"k {line.sentence.kind.value}"
        yield from self._mail

    def _own(self, line: Line, words: list[str]) -> Iterator[str]:
        yield from (f"o {gram}" for gram in _grams(words))
        if words:
            yield from (f"b {' '.join(words[:2])}", f"e {' '.join(words[-2:])}", f"b {words[0]}")
        yield from (f"c {piece}" for piece in _pieces(words))
        for slot in _slots(line):
            yield f"s {slot}"
            yield f"{self._many} {slot}"
        for favour, strength in line.strength.items():
            yield f"t {favour} {strength}"
        for favour, strength in line.reach.items():
            yield f"r {favour} {strength}"
        yield f"said {line.said}"
        yield f"reached {line.reached}"

    def _beside(self, place: int, tag: str) -> Iterator[str]:
        words = self._spoken(place)
        if words:
            yield from (f"{tag} {gram}" for gram in _grams(words))
            yield from (f"{tag}s {slot}" for slot in _slots(self._lines[place]))

    def _spoken(self, place: int) -> list[str]:
        """The words of a sentence of the body; none where there is no such sentence."""
        if not 0 <= place < len(self._lines) or self._lines[place].sentence.kind is Kind.SUBJECT:
            return []
        return self._words[place]


def _of_mail(reading: Reading) -> Iterator[str]:
    yield from {f"m {slot}" for line in reading.lines for slot in _slots(line)}
    yield f"mt {max((line.said for line in reading.lines), default=0)}"
    yield f"ln {min(6, len(reading.lines).bit_length())}"
    if reading.quoted:
        yield "quoted"
    if any("thread" in line.out for line in reading.lines):
        yield "thread"


def _grams(words: list[str]) -> set[str]:
    return {*words, *(f"{one} {two}" for one, two in pairwise(words))}


def _pieces(words: list[str]) -> set[str]:
    found: set[str] = set()
    for word in words:
        if len(word) > _PIECE:
            edged = f"^{word}$"
            found.update(edged[start : start + _PIECE] for start in range(len(edged) - _PIECE + 1))
    return found


def _slots(line: Line) -> list[str]:
    return [word for word in line.words if word[0] == "{"]
