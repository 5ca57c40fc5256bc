"""Text as rules match it: look-alike, invisible and split writing made plain, with a map back to the original.

NFKC (Unicode Annex 15) with case kept; invisible characters removed; letters of other scripts inside Latin words,
small capitals and boxed letters folded; curly quotes, dashes and exotic blanks made plain; "L i n k e d I n" joined,
"Linnnked" drawn together; digits that stand for letters inside a word read as letters. Accented letters stay, unless
there are more than any language has. Linear in the text. *Pure.*
"""

import re
import unicodedata
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.mail.lookalikes import FOLDED, KEPT, LOOKALIKES, REMOVED

_SIGN = r"[ \t.\-_*\u00b7\u2022|/+~\u2600-\u27bf\U0001f300-\U0001faff]"  # between the letters of a word
_SPACED = re.compile(rf"(?<![^\W_])([^\W\d_])({_SIGN})(?:[^\W\d_]\2){{2,60}}[^\W\d_](?![^\W_])")
_SPACED_SHORT = re.compile(rf"(?<![^\W_])([^\W\d_])((?! ){_SIGN})(?:[^\W\d_]\2){{0,60}}[^\W\d_](?![^\W_])")
_SPACED_HINT = re.compile(rf"{_SIGN}(?=[^\W\d_]{_SIGN}[^\W\d_]{_SIGN})")
_MANY_SPACED = 3  # words written like that; then the short ones between them are
_INSERTED = re.compile("(?<=[^\\W\\d_])[\u2600-\u27bf\U0001f300-\U0001faff](?=[^\\W\\d_])")  # a picture in a word
_TIED = re.compile(
    r"(?<![\w./@-])[A-Za-z']{1,20}([_.+|=*~\u00b7\u2022])(?:[A-Za-z']{1,20}\1){5,}[A-Za-z']{1,20}(?![\w/@-])"
)
_STRETCHED = re.compile(r"([a-vx-zA-VX-Z])\1{2,}")
_TRIPLE = tuple(letter * 3 for letter in "abcdefghijklmnopqrstuvxyzABCDEFGHIJKLMNOPQRSTUVXYZ")
_LEET_HINT = re.compile(r"[013457@$](?<=[A-Za-z].)(?=[A-Za-z013457@$])")
_LEET_WORD = re.compile(r"(?<![\w@$.#/=-])[A-Za-z][A-Za-z013457@$]{3,30}(?![\w@$/=-])(?!\.\w)")
_LEET = {"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"}
_FOREIGN = re.compile("[^\t\n\r\x20-\x7e]+")
_STEERING = tuple(map(chr, (*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F)))
_UNSEEN = frozenset(("Cc", "Cf", "Co", "Cn", "Cs"))  # controls, and characters that no font has
_BLANKS = frozenset("\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85")
_HAIR = re.compile("(?<=[^\\W\\d_])[\u2006\u200a](?=[^\\W\\d_])")  # blanks too thin to part words
_SPELT = re.compile("(?<![^\\W\\d_])[^\\W\\d_](?:[\u00a0\u2000-\u200a\u202f][^\\W\\d_](?![^\\W\\d_])){2,60}")
_BLANK = re.compile("[\u00a0\u2000-\u200a\u202f]")
_FEWEST_BLANKS = 3  # ordinary ones: then they are what parts words
_CLUSTER = re.compile(r"(.)([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]*)", re.S)
_WORD = re.compile(r"[^\W\d_]+")
_MIXED = re.compile(r"[A-Za-z0-9@$]{2,40}")
_LEET_SHARE = 0.4  # of a text's words with digits for letters, and it is written so altogether
_ACCENTED = re.compile("[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]")
_DECORATED = 0.15  # of a text's characters, and at least so many, with accents: more than in any language we read
_FEWEST_DECORATED = 8
_STROKED = str.maketrans("\u00d8\u00f8\u0110\u0111\u0141\u0142\u0126\u0127\u0166\u0167\u0197\u0268", "OoDdLlHhTtIi")
_ONLY_FIRST = 1 << 20
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


def is_plain(text: str) -> bool:
    """Whether all of a text is ASCII that is seen: most is, and needs no folding."""
    return text.isascii() and not any(sign in text for sign in _STEERING)


def normalise(text: str) -> Normalised:
    """`text` made plain for matching. Plain ASCII text comes back as it is."""
    done = Normalised(text) if is_plain(text) else _folded(text)
    if not done.text.isascii() and _INSERTED.search(done.text):
        done = _without_inserted(done, len(text))
    if _may_be_tied(done.text):
        done = Normalised(_TIED.sub(_untied, done.text), done.offsets)  # same length
    if _SPACED_HINT.search(done.text):
        done = _joined(done, len(text))
    if any(letters in done.text for letters in _TRIPLE):
        done, _ = _thinned(done, _STRETCHED, _ONLY_FIRST, len(text))
    if _LEET_HINT.search(done.text):
        done = Normalised(_without_leet(done.text), done.offsets)  # same length
    return done


def _folded(text: str) -> Normalised:
    """Non-ASCII stretches folded cluster by cluster; everything else copied."""
    if text.count(" ") >= _FEWEST_BLANKS:
        text = _HAIR.sub("\u200b", _SPELT.sub(lambda found: _BLANK.sub("\u200b", found[0]), text))  # same length
    out: list[str] = []
    offsets = array("q")
    last = 0
    for found in _FOREIGN.finditer(text):
        start = found.start()
        if start > last and unicodedata.category(text[start])[0] == "M":
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
    return Normalised(_undecorated(_scripts_folded(plain)), offsets)


def _undecorated(text: str) -> str:
    """Accents taken away where so many letters have one that they are decoration. One character for one."""
    if text.isascii():
        return text
    accented = len(_ACCENTED.findall(text))
    if accented < _FEWEST_DECORATED or accented < _DECORATED * len(text):
        return text
    return "".join(
        letter if letter.isascii() else unicodedata.normalize("NFD", letter)[0].translate(_STROKED) for letter in text
    )


def _plain(letter: str, marks: str) -> str:
    """One character with its combining marks."""
    if letter in REMOVED or (letter not in _BLANKS and unicodedata.category(letter) in _UNSEEN):
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
        if character not in REMOVED and not (latin and unicodedata.category(character)[0] == "M")
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
    """ "L i n k e d I n", "L.i.n.k.e.d.I.n": at least four single letters with the same sign between them; where there
    are many such words, of fewer letters too."""
    done, times = _thinned(done, _SPACED, 2, length)
    if times >= _MANY_SPACED:
        done, _ = _thinned(done, _SPACED_SHORT, 2, length)
    return done


def _without_inserted(done: Normalised, length: int) -> Normalised:
    """Pictures that stand inside words taken out."""
    gone = {found.start() for found in _INSERTED.finditer(done.text)}
    kept = [place for place in range(len(done.text)) if place not in gone]
    before = done.offsets
    offsets = array("q", kept if before is None else (before[place] for place in kept))
    offsets.append(length)
    return Normalised("".join(done.text[place] for place in kept), offsets)


def _thinned(done: Normalised, pattern: "re.Pattern[str]", step: int, length: int) -> tuple[Normalised, int]:
    """Of each match only every so many-th character, beginning with the first; and how many matches there were."""
    out: list[str] = []
    before = done.offsets
    offsets = array("q")
    last = times = 0
    for found in pattern.finditer(done.text):
        out.append(done.text[last : found.start()])
        offsets.extend(_origins(before, last, found.start(), 1))
        out.append(found[0][::step])
        offsets.extend(_origins(before, found.start(), found.end(), step))
        last, times = found.end(), times + 1
    if not times:
        return done, 0
    out.append(done.text[last:])
    offsets.extend(_origins(before, last, len(done.text), 1))
    offsets.append(length)
    return Normalised("".join(out), offsets), times


def _origins(before: Sequence[int] | None, start: int, end: int, step: int) -> Sequence[int]:
    return range(start, end, step) if before is None else before[start:end:step]


def _may_be_tied(text: str) -> bool:
    """Whether words may stand together with the same sign between them: looked at closely only then."""
    return any(text.count(sign) > 5 for sign in "_+|=*~\u00b7\u2022") or text.count(".") > max(5, text.count(" "))


def _untied(found: "re.Match[str]") -> str:
    """Words parted by blanks; the letters of one word stay together."""
    letters = all(len(piece) == 1 for piece in found[0].split(found[1]))
    return found[0] if letters else found[0].replace(found[1], " ")


def _without_leet(text: str) -> str:
    """Digits and signs for letters read as letters: in words that are mostly letters, or in all of a text that is
    written so."""
    words = _MIXED.findall(text)
    mixed = sum(not word.isalpha() and not word.isdigit() for word in words)
    if len(words) >= _FEWEST_DECORATED and mixed >= _LEET_SHARE * len(words):
        return _MIXED.sub(lambda found: found[0] if found[0].isdigit() else _letters(found[0]), text)
    return _LEET_WORD.sub(lambda found: _unleet(found[0]), text)


def _unleet(word: str) -> str:
    """Digits and signs between letters read as letters, when the word is mostly letters: "F4cebook", "pr0file"."""
    letters = sum(character.isalpha() for character in word)
    if letters < 3 or letters * 10 < len(word) * 6 or letters == len(word) or not word[-1].isalpha():
        return word
    return _letters(word)


def _letters(word: str) -> str:
    return "".join(
        _LEET.get(character) or (_one(word, place) if character == "1" else character)
        for place, character in enumerate(word)
    )


def _one(word: str, place: int) -> str:
    """ "1" stands for i between consonants ("L1nked"), for l beside a vowel ("p1ease", "fo11ow")."""
    beside = (word[max(0, place - 1) : place] + word[place + 1 : place + 2]).lower()
    return "l" if any(character in "aeiou1" for character in beside) else "i"
