"""A pattern as a policy author writes it, compiled to `regex`. *Pure.*

    have you (had a chance|got round) .. {put} .. {thing}

`{slot}` is any phrase of a slot, `{a|b}` of either; `NAME` is a capitalised name; ` .. ` is a gap of up to 50
characters in the same sentence and ` ... ` one of up to 140; a space also stands for light punctuation; all else is
regular expression.
What a pattern cannot do without is known as its `needs`, so that it runs only on sentences that have it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import regex

from gateway.policy.lexicon import Lexicon
from gateway.policy.needs import Choice, needs
from gateway.policy.shelf import Shelf

_SLOT = regex.compile(r"\{([a-z][a-z0-9|-]*)\}")
_BETWEEN = r"[\s,;:\"()*_–—/-]+"
_GAP = {"..": r"(?!\w).{0,50}?(?<!\w)", "...": r"(?!\w).{0,140}?(?<!\w)"}
_NAME = r"(?<!\w)\p{Lu}[\p{L}'’-]*(?: \p{Lu}[\p{L}'’.-]*)?"
TIMEOUT = 0.25  # seconds for one search; a sentence is short, so this is a fuse and nothing more


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """`source` as written; `needs`: of each choice of words and "{slot}"s, a sentence must have one; `enough`: nothing
    else is needed, since the pattern is one slot; `slotted`: it speaks of slots, so it reads the signs of a text."""

    source: str
    needs: tuple[Choice, ...]
    compiled: "LatePattern"
    enough: bool = False
    slotted: bool = False

    def found(self, text: str, words: set[str], signed: str = "") -> bool:
        """True when the folded sentence says it; `words` and `signed` are its scan."""
        for choice in self.needs:
            if choice.isdisjoint(words):
                return False
        if self.enough:
            return True
        try:
            if signed and self.slotted and self.compiled.search(signed, timeout=TIMEOUT) is not None:
                return True
            return self.compiled.search(text, timeout=TIMEOUT) is not None
        except TimeoutError:
            return False


def compile_pattern(source: str, lexicon: Lexicon, *, written: str = "") -> Pattern:
    """`written`: what the author wrote, where this is a part of it. Raises ValueError for an unknown slot or a
    malformed expression."""
    used: dict[str, frozenset[str]] = {}

    def slot(match: "regex.Match[str]") -> str:
        names = match[1].split("|")
        for name in names:
            if name not in lexicon.slots:
                raise ValueError(f'there is no slot "{name}" (in "{source}")')
            used[_listed(name)] = lexicon.spelled[name]
        lists = "|".join(rf"\L<{_listed(name)}>" for name in names)
        return rf"(?<!\w)(?:{lists})(?!\w)"

    pieces = []
    for piece in regex.split(r"( \.{2,3} )", source):
        pieces.append(_GAP[piece.strip()] if piece.strip() in _GAP else _spaced(piece))
    expression = _SLOT.sub(slot, "".join(pieces)).replace("NAME", _NAME)
    edged = rf"{_edge(source[:1], '<')}(?:{expression}){_edge(source[-1:], '')}"
    late = LatePattern(written or source, edged, used, lexicon.shelf)
    return Pattern(
        written or source, needs(source), late, enough=_SLOT.fullmatch(source) is not None, slotted=bool(used)
    )


class LatePattern:
    """A `regex` pattern made when it is first needed: taken from the shelf, or compiled."""

    __slots__ = ("_lists", "_made", "_shelf", "expression", "source")

    def __init__(self, source: str, expression: str, lists: Mapping[str, frozenset[str]], shelf: Shelf) -> None:
        self.source, self.expression, self._lists, self._shelf = source, expression, lists, shelf
        self._made: regex.Pattern[str] | None = None

    def make(self) -> "regex.Pattern[str]":
        """Make it now. Raises ValueError when it is malformed."""
        if self._made is None:
            self._made = self._shelf.take(self.expression)
        if self._made is None:
            keywords: dict[str, Any] = dict(self._lists)  # named lists are keywords of regex.compile
            try:
                self._made = regex.compile(self.expression, **keywords)
            except regex.error as error:
                raise ValueError(f'"{self.source}" is not a pattern: {error}') from None
        return self._made

    def search(self, text: str, timeout: float) -> "regex.Match[str] | None":
        """Like `regex.Pattern.search`; `timeout` in seconds. Raises TimeoutError."""
        return self.make().search(text, timeout=timeout)


def _listed(name: str) -> str:
    return name.replace("-", "_")


def _spaced(piece: str) -> str:
    return piece.replace(" ?", r"\s?").replace(" ", _BETWEEN)


def _edge(character: str, side: str) -> str:
    return rf"(?{side}!\w)" if character.isalnum() or character in "()" else ""
