"""Text as the pieces of words that an encoder knows, as numbers. *Pure.*

WordPiece (Schuster and Nakajima, "Japanese and Korean voice search", ICASSP 2012) as BERT uses it (Devlin et al., 2019,
appendix A.2 and its published vocabulary): lower case, no accents, every punctuation mark for itself, and of each word
the longest piece that is known, again and again; a word that cannot be made up from pieces is one unknown piece.
"""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

import regex

BEGIN, END, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
_LONGEST = 100  # letters of a word that is looked at; longer ones are unknown
UNSEEN = regex.compile(r"(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\uFFFD]")  # what no reader sees
_WORD = regex.compile(r"[!-/:-@\[-`{-~\p{P}\p{Han}]|[^\s!-/:-@\[-`{-~\p{P}\p{Han}]+")


class WordPiece:
    """The pieces a vocabulary knows, each with its number."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._numbers = numbers
        self._longest = max(map(len, numbers), default=1)
        self._of_word = lru_cache(maxsize=8192)(self._split)
        self.begin, self.end = numbers[BEGIN], numbers[END]

    def of(self, text: str) -> list[int]:
        """The numbers of the text's pieces, in order."""
        bare = unicodedata.normalize("NFD", UNSEEN.sub("", text).lower())
        plain = "".join(sign for sign in bare if unicodedata.category(sign) != "Mn")
        return [number for word in _WORD.findall(plain) for number in self._of_word(word)]

    def _split(self, word: str) -> tuple[int, ...]:
        if len(word) > _LONGEST:
            return (self._numbers[UNKNOWN],)
        found: list[int] = []
        start = 0
        while start < len(word):
            end = self._end(word, start)
            if end == start:
                return (self._numbers[UNKNOWN],)
            found.append(self._numbers[("##" if start else "") + word[start:end]])
            start = end
        return tuple(found)

    def _end(self, word: str, start: int) -> int:
        """Where the longest known piece that begins at `start` ends; there, when none is known."""
        before = "##" if start else ""
        ends = range(min(len(word), start + self._longest), start, -1)
        return next((end for end in ends if before + word[start:end] in self._numbers), start)
