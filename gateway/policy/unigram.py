"""Text as the pieces of words that a multilingual encoder knows, as numbers. *Pure.*

Of all ways to cut a word into known pieces the likeliest, each piece having its own probability (Kudo, "Subword
regularization", ACL 2018; Viterbi, IEEE Trans. Inf. Theory 13, 1967), with the pieces of XLM-R (Conneau et al., ACL
2020): case and accents stay, a word's first piece begins with a mark; a letter that is in no piece is one unknown.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from gateway.policy.wordpiece import UNSEEN

BEGIN, END, UNKNOWN = "<s>", "</s>", "<unk>"
MARK = "\u2581"  # before the first letter of a word
_LONGEST = 100  # letters of a word that is looked at; longer ones are unknown
_FRAMING = re.compile(r"<[a-z]+>").fullmatch  # pieces that stand for no text
_UNLIKELY = 10.0  # how much less likely an unknown letter is than the least likely piece, as a logarithm


class Unigram:
    """The pieces a vocabulary knows, each with its number (its place) and the logarithm of its probability."""

    def __init__(self, scores: Mapping[str, float]) -> None:
        self._numbers = {piece: number for number, piece in enumerate(scores)}
        self._scores = {piece: score for piece, score in scores.items() if not _FRAMING(piece)}
        self._longest = max(map(len, self._scores), default=1)
        self._worst = min(self._scores.values(), default=0.0) - _UNLIKELY
        self._of_word = lru_cache(maxsize=8192)(self._split)
        self.begin, self.end = self._numbers[BEGIN], self._numbers[END]

    def of(self, text: str) -> list[int]:
        """The numbers of the text's pieces, in order."""
        bare = unicodedata.normalize("NFKC", UNSEEN.sub("", text))
        return [number for word in bare.split() for number in self._of_word(word)]

    def _split(self, word: str) -> tuple[int, ...]:
        if len(word) > _LONGEST:
            return (self._numbers[UNKNOWN],)
        marked = MARK + word
        best, before = [0.0], [0]  # by how many letters are cut: the likeliest cut, and where its last piece begins
        for end in range(1, len(marked) + 1):
            score, start = best[end - 1] + self._worst, end - 1
            for at in range(max(0, end - self._longest), end):
                known = self._scores.get(marked[at:end])
                if known is not None and best[at] + known > score:
                    score, start = best[at] + known, at
            best.append(score)
            before.append(start)
        return self._numbered(marked, before)

    def _numbered(self, marked: str, before: list[int]) -> tuple[int, ...]:
        found, end = list[int](), len(marked)
        while end:
            start = before[end]
            found.append(self._numbers.get(marked[start:end], self._numbers[UNKNOWN]))
            end = start
        return tuple(reversed(found))
