"""The words of a language as named slots, and a scan that says which slots a sentence has. *Pure.*

A slot is a list of phrases. A phrase may have alternatives in parentheses, "shar(e|es|ed|ing)", which are written out
when it is loaded, with and without accents, so that a slot is a plain set of strings; `Lexicon.scan` finds them by
their first words, in time linear in the text.

Patterns try the phrases of the pack's first language letter by letter (`regex` takes them as a named list, whose cost
grows with its length). Phrases of further languages they meet as signs: one private character for each set of slots,
written in place of the phrase. So a pattern costs the same however many languages a pack has.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import regex

from gateway.policy.needs import DIGIT
from gateway.policy.shelf import Shelf
from gateway.policy.spelling import spellings

_TOKEN = regex.compile(r"\w+|[^\w\s]")
_GROUP = regex.compile(r"\(([^()]*)\)")
MAX_FORMS = 1000  # phrases one entry may stand for
FIRST_SIGN, LAST_SIGN = 0xE000, 0xEFFF  # of the private use area; no text that is read keeps these
_UNSIGNED = frozenset({"never-a-name", "mailbox", "name-ending-in-s"})  # how words look, nothing that is said


def forms(phrase: str) -> list[str]:
    """Every way to write a phrase: "a (b|c|) d" gives "a b d", "a c d", "a d". Raises ValueError past `MAX_FORMS`."""
    pieces = _GROUP.split(phrase)
    choices = [piece.split("|") if place % 2 else [piece] for place, piece in enumerate(pieces)]
    written = [" ".join("".join(choice).split()) for choice in itertools.product(*choices)]
    if len(written) > MAX_FORMS or not all(written):
        raise ValueError(f'"{phrase}" stands for {len(written)} phrases; write it as several')
    return written


@dataclass(frozen=True, slots=True)
class _Entry:
    """A phrase, the slots it belongs to as "{name}", and its sign, "" when patterns know all its slots by letters."""

    phrase: str
    slots: tuple[str, ...]
    sign: str


@dataclass(frozen=True, slots=True)
class Scan:
    """`words`: the slots that occur in a text, as "{name}", and every single word of it; `signed`: the text with the
    phrases of further languages as signs, "" when it has none."""

    words: set[str]
    signed: str


class Lexicon:
    """Slots by name, those of the first language and, in `further`, those of all others. `slots[name]` are all phrases
    of a slot, `spelled[name]` what a pattern tries for it, `scan(text)` what a folded text has."""

    def __init__(
        self, slots: Mapping[str, Iterable[str]], further: Mapping[str, Iterable[str]] = MappingProxyType({})
    ) -> None:
        own, others = written(slots), written(further)
        names = [*own, *(name for name in others if name not in own)]
        self.slots = {name: own.get(name, frozenset()) | others.get(name, frozenset()) for name in names}
        self.shelf = Shelf()
        self._signs: dict[tuple[str, ...], str] = {}
        self._single: dict[str, _Entry] = {}
        self._longer: dict[str, dict[str, list[_Entry]]] = {}
        self._vocabulary: set[str] = set()
        for entry in self._entries(own):
            self._file(entry)
        self._spoken = {_TOKEN.findall(phrase)[0] for name in own.keys() - _UNSIGNED for phrase in own[name]}
        self.spelled = {
            name: own.get(name, frozenset()) | {sign for named, sign in self._signs.items() if name in named}
            for name in names
        }

    def _entries(self, own: Mapping[str, frozenset[str]]) -> Iterable[_Entry]:
        named: dict[str, list[str]] = {}
        for name, phrases in self.slots.items():
            for phrase in sorted(phrases):  # a set's order is another in every process, and signs are handed out here
                named.setdefault(phrase, []).append(name)
        for phrase, names in named.items():
            new = tuple(name for name in names if name not in _UNSIGNED and phrase not in own.get(name, ()))
            sign = self._signs.setdefault(new, chr(FIRST_SIGN + len(self._signs))) if new else ""
            yield _Entry(phrase, tuple(f"{{{name}}}" for name in names), sign)

    def _file(self, entry: _Entry) -> None:
        tokens = _TOKEN.findall(entry.phrase)
        if not tokens:
            return
        if tokens[0] == entry.phrase:
            self._single[entry.phrase] = entry
        else:
            self._longer.setdefault(tokens[0], {}).setdefault(tokens[1], []).append(entry)
        if entry.slots == ("{name-ending-in-s}",):
            return
        elided = entry.phrase[len(tokens[0]) :].startswith("'")
        self._vocabulary.add(entry.phrase if elided else tokens[0])

    def scan(self, text: str) -> Scan:
        """What `text` has of the lexicon."""
        found: set[str] = set()
        signs: list[tuple[int, int, str]] = []
        tokens = list(_TOKEN.finditer(text))
        for place, token in enumerate(tokens):
            word = token[0]
            found.add(word)
            if not word.isalpha() and any(map(str.isdigit, word)):
                found.add(DIGIT)
            for entry in self._at(text, tokens, place):
                found.update(entry.slots)
                if entry.sign:
                    signs.append((token.start(), token.start() + len(entry.phrase), entry.sign))
        return Scan(found, self._signed(text, tokens, signs) if signs else "")

    def _at(self, text: str, tokens: "list[regex.Match[str]]", place: int) -> Iterable[_Entry]:
        """The phrases that begin with this token."""
        word, start = tokens[place][0], tokens[place].start()
        longer = self._longer.get(word)
        if longer is not None and place + 1 < len(tokens):
            for entry in longer.get(tokens[place + 1][0].rstrip("_"), ()):
                if text.startswith(entry.phrase, start) and _ends(text, start + len(entry.phrase), entry.phrase):
                    yield entry
        single = self._single.get(word)
        if single is not None:
            yield single

    def _signed(self, text: str, tokens: "list[regex.Match[str]]", signs: list[tuple[int, int, str]]) -> str:
        """The signs of what begins at a word, the longest first, in the word's place; a word is left out that belongs
        to such a phrase, unless it also begins one of the first language."""
        at: dict[int, dict[str, None]] = {}
        ends: dict[int, int] = {}
        for start, end, sign in signs:
            at.setdefault(start, {})[sign] = None
            ends[start] = max(end, ends.get(start, 0))
        pieces: list[str] = []
        last = covered = 0
        for token in tokens:
            start = token.start()
            covered = max(covered, ends.get(start, 0))
            kept = [token[0]] if start >= covered or token[0] in self._spoken else []
            pieces += [text[last:start], " ".join((*at.get(start, ()), *kept))]
            last = token.end()
        return "".join((*pieces, text[last:]))

    def knows(self, word: str) -> bool:
        """True for a word that begins some phrase: it is vocabulary, not somebody's name. The "l" of "l'article" is no
        word."""
        return word in self._vocabulary


def written(slots: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """The phrases of each slot, written out. Raises ValueError for one that stands for too many."""
    return {
        name: frozenset(one for phrase in phrases for form in forms(phrase) for one in spellings(form))
        for name, phrases in slots.items()
    }


def _ends(text: str, end: int, phrase: str) -> bool:
    return end >= len(text) or not (text[end].isalnum() and phrase[-1].isalnum())
