"""Text as rules match it: look-alike, invisible and split writing made plain, with a map back to the original.

NFKC (Unicode Annex 15) with case kept; invisible characters removed; letters of other scripts inside Latin words,
small capitals and boxed letters folded; curly quotes, dashes and exotic blanks made plain; "L i n k e d I n" joined;
digits that stand for letters inside a word read as letters. Accented letters stay. Linear in the text. *Pure.*
"""

import re
import unicodedata
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.mail.lookalikes import FOLDED, KEPT, LOOKALIKES, REMOVED

_SPACED = re.compile(r"(?<![^\W_])([^\W\d_])([ .\-_*\u00b7\u2022|/+~])(?:[^\W\d_]\2){2,60}[^\W\d_](?![^\W_])")
_SPACED_HINT = re.compile(
    r"[ .\-_*\u00b7\u2022|/+~](?=[^\W\d_][ .\-_*\u00b7\u2022|/+~][^\W\d_][ .\-_*\u00b7\u2022|/+~])"
)
_LEET_HINT = re.compile(r"[013457@$](?<=[A-Za-z].)(?=[A-Za-z013457@$])")
_LEET_WORD = re.compile(r"(?<![\w@$.#/=-])[A-Za-z][A-Za-z013457@$]{3,30}(?![\w@$/=-])(?!\.\w)")
_LEET = {"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"}
_FOREIGN = re.compile("[^\x00-\x7f]+")
_CLUSTER = re.compile(r"(.)([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]*)", re.S)
_WORD = re.compile(r"[^\W\d_]+")
_MAX_MARKS = 8  # combining marks read on one letter; nobody needs more (Unicode Annex 15 section 12 allows 30)


@dataclass(frozen=True, slots=True)
class Normalised:
    """`text` as rules match it. `offsets[i]` is where character i came from, with one entry more for the end; None
    when nothing was moved."""

    text: str
    offsets: Sequence[int] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original text that characters `start`..`end` came from."""
        if self.offsets is None:
            return start, end
        first = self.offsets[start]
        if end <= start:
            return first, first
        return first, max(self.offsets[end], self.offsets[end - 1] + 1)


def normalise(text: str) -> Normalised:
    """`text` made plain for matching. Plain ASCII text comes back as it is."""
    done = Normalised(text) if text.isascii() else _folded(text)
    if _SPACED_HINT.search(done.text):
        done = _joined(done, len(text))
    if _LEET_HINT.search(done.text):
        plain = _LEET_WORD.sub(lambda found: _unleet(found[0]), done.text)
        done = Normalised(plain, done.offsets)  # same length
    return done


def _folded(text: str) -> Normalised:
    """Non-ASCII stretches folded cluster by cluster; everything else copied."""
    out: list[str] = []
    offsets = array("q")
    last = 0
    for found in _FOREIGN.finditer(text):
        start = found.start()
        if start > last and unicodedata.combining(text[start]):
            start -= 1  # the mark's letter
        out.append(text[last:start])
        offsets.extend(range(last, start))
        for cluster in _CLUSTER.finditer(text, start, found.end()):
            plain = _plain(cluster[1], cluster[2])
            out.append(plain)
            offsets.extend([cluster.start()] * len(plain))
        last = found.end()
    out.append(text[last:])
    offsets.extend(range(last, len(text) + 1))
    plain = "".join(out)
    return Normalised(_scripts_folded(plain), offsets)


def _plain(letter: str, marks: str) -> str:
    """One character with its combining marks."""
    if letter in REMOVED:
        letter = ""
    if not marks:
        known = FOLDED.get(letter)
        if known is not None:
            return known
        if not letter or letter in KEPT or letter.isascii():
            return letter
    composed = unicodedata.normalize("NFKC", letter + marks[:_MAX_MARKS])
    if len(composed) == 1:
        return FOLDED.get(composed, composed)
    latin = composed[:1].isascii() or "LATIN" in unicodedata.name(composed[:1], "")
    return "".join(
        FOLDED.get(character, character)
        for character in composed
        if character not in REMOVED and not (latin and unicodedata.combining(character))
    )


def _scripts_folded(text: str) -> str:
    """Letters of other scripts that look Latin, in words that are Latin otherwise. One character for one."""
    if LOOKALIKES.keys().isdisjoint(text):
        return text
    foreign = sum(text.count(letter) for letter in _TELLING)  # letters nobody takes for Latin: really that script
    return _WORD.sub(lambda found: _word_folded(found[0], foreign), text)


_TELLING = "жшщыэюяцчдлбгпимтнзйфЖШЩЫЭЮЯЦЧДЛБГПИФλψωφξδθπσΛΨΩΦΞΔΘΠΣ"


def _word_folded(word: str, foreign: int) -> str:
    if word.isascii():
        return word
    strange = [letter for letter in word if letter in LOOKALIKES]
    if not strange:
        return word
    latin = any(letter.isascii() for letter in word)
    if not latin and (foreign or len(strange) < len(word)):
        return word
    return "".join(LOOKALIKES.get(letter, letter) for letter in word)


def _joined(done: Normalised, length: int) -> Normalised:
    """ "L i n k e d I n", "L.i.n.k.e.d.I.n": at least four single letters with the same sign between them."""
    out: list[str] = []
    before = done.offsets
    offsets = array("q")
    last = 0
    for found in _SPACED.finditer(done.text):
        out.append(done.text[last : found.start()])
        offsets.extend(_origins(before, last, found.start(), 1))
        out.append(found[0][::2])
        offsets.extend(_origins(before, found.start(), found.end(), 2))
        last = found.end()
    if not last:
        return done
    out.append(done.text[last:])
    offsets.extend(_origins(before, last, len(done.text), 1))
    offsets.append(length)
    return Normalised("".join(out), offsets)


def _origins(before: Sequence[int] | None, start: int, end: int, step: int) -> Sequence[int]:
    return range(start, end, step) if before is None else before[start:end:step]


def _unleet(word: str) -> str:
    """Digits and signs between letters read as letters, when the word is mostly letters: "F4cebook", "pr0file"."""
    letters = sum(character.isalpha() for character in word)
    if letters < 3 or letters * 10 < len(word) * 6 or letters == len(word) or not word[-1].isalpha():
        return word
    return "".join(
        character if character.isalpha() else _LEET.get(character) or _one(word, place)
        for place, character in enumerate(word)
    )


def _one(word: str, place: int) -> str:
    """ "1" stands for i between consonants ("L1nked"), for l beside a vowel ("p1ease", "fo11ow")."""
    beside = (word[place - 1] + word[place + 1 : place + 2]).lower()
    return "l" if any(character in "aeiou1" for character in beside) else "i"
