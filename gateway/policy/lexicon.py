"""The words of a language as named slots, and a scan that says which slots a sentence has. *Pure.*

A slot is a list of phrases. A phrase may have alternatives in parentheses, "shar(e|es|ed|ing)", which are written out
when it is loaded, with and without accents, so that a slot is a plain set of strings: `regex` takes it as a named list,
and `Lexicon.scan` finds it by its first word, in time linear in the text.
"""

import itertools
from collections.abc import Iterable, Mapping

import regex

from gateway.policy.needs import DIGIT
from gateway.policy.shelf import Shelf
from gateway.policy.spelling import spellings

_TOKEN = regex.compile(r"\w+|[^\w\s]")
_GROUP = regex.compile(r"\(([^()]*)\)")
MAX_FORMS = 1000  # phrases one entry may stand for


def forms(phrase: str) -> list[str]:
    """Every way to write a phrase: "a (b|c|) d" gives "a b d", "a c d", "a d". Raises ValueError past `MAX_FORMS`."""
    pieces = _GROUP.split(phrase)
    choices = [piece.split("|") if place % 2 else [piece] for place, piece in enumerate(pieces)]
    written = [" ".join("".join(choice).split()) for choice in itertools.product(*choices)]
    if len(written) > MAX_FORMS or not all(written):
        raise ValueError(f'"{phrase}" stands for {len(written)} phrases; write it as several')
    return written


class Lexicon:
    """Slots by name. `words(name)` are its phrases; `scan(text)` the slots a folded text has, with literals."""

    def __init__(self, slots: Mapping[str, Iterable[str]]) -> None:
        self.slots = {
            name: frozenset(one for phrase in phrases for form in forms(phrase) for one in spellings(form))
            for name, phrases in slots.items()
        }
        self.shelf = Shelf()
        self._by_first: dict[str, list[tuple[str, str]]] = {}
        self._vocabulary: set[str] = set()
        for name, phrases in self.slots.items():
            for phrase in phrases:
                first = _TOKEN.match(phrase)
                if first is not None:
                    self._by_first.setdefault(first[0], []).append((phrase, name))
                    self._vocabulary.add(phrase if phrase[first.end() : first.end() + 1] == "'" else first[0])

    def scan(self, text: str) -> set[str]:
        """Names of the slots that occur in `text`, as "{name}", and every single word of it."""
        found: set[str] = set()
        by_first = self._by_first
        for token in _TOKEN.finditer(text):
            word = token[0]
            found.add(word)
            if not word.isalpha() and any(map(str.isdigit, word)):
                found.add(DIGIT)
            for phrase, name in by_first.get(word, ()):
                if text.startswith(phrase, token.start()) and _ends(text, token.start() + len(phrase), phrase):
                    found.add(f"{{{name}}}")
        return found

    def knows(self, word: str) -> bool:
        """True for a word that begins some phrase: it is vocabulary, not somebody's name. The "l" of "l'article" is no
        word."""
        return word in self._vocabulary


def _ends(text: str, end: int, phrase: str) -> bool:
    return end >= len(text) or not (text[end].isalnum() and phrase[-1].isalnum())
