"""A pattern as a policy author writes it, compiled to `regex`. *Pure.*

    have you (had a chance|got round) .. {put} .. {thing}

`{slot}` is any phrase of a slot, `{a|b}` of either; `NAME` is a capitalised name; ` .. ` is a gap of up to 50 characters in the
same sentence and ` ... ` one of up to 140; a space also stands for light punctuation; all else is regular expression.
What a pattern cannot do without is known as its `needs`, so that it runs only on sentences that have it.
"""

from dataclasses import dataclass

import regex

from gateway.policy.lexicon import Lexicon
from gateway.policy.needs import Choice, needs

_SLOT = regex.compile(r"\{([a-z][a-z0-9|-]*)\}")
_BETWEEN = r"[\s,;:\"()*_–—/-]+"
_GAP = {"..": r"(?!\w).{0,50}?(?<!\w)", "...": r"(?!\w).{0,140}?(?<!\w)"}
_NAME = r"(?<!\w)\p{Lu}[\p{L}'’-]*(?: \p{Lu}[\p{L}'’.-]*)?"
TIMEOUT = 0.25  # seconds for one search; a sentence is short, so this is a fuse and nothing more


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """`source` as written; `needs`: of each choice of words and "{slot}"s, a sentence must have one."""

    source: str
    needs: tuple[Choice, ...]
    compiled: "regex.Pattern[str]"

    def found(self, text: str, words: set[str]) -> bool:
        """True when the folded sentence says it; `words` is its scan."""
        if any(choice.isdisjoint(words) for choice in self.needs):
            return False
        try:
            return self.compiled.search(text, timeout=TIMEOUT) is not None
        except TimeoutError:
            return False


def compile_pattern(source: str, lexicon: Lexicon) -> Pattern:
    """Raises ValueError for an unknown slot or a malformed expression."""
    used: dict[str, frozenset[str]] = {}

    def slot(match: "regex.Match[str]") -> str:
        names = match[1].split("|")
        for name in names:
            if name not in lexicon.slots:
                raise ValueError(f'there is no slot "{name}" (in "{source}")')
            used[_listed(name)] = lexicon.slots[name]
        lists = "|".join(rf"\L<{_listed(name)}>" for name in names)
        return rf"(?<!\w)(?:{lists})(?!\w)"

    pieces = []
    for piece in regex.split(r"( \.{2,3} )", source):
        pieces.append(_GAP[piece.strip()] if piece.strip() in _GAP else _spaced(piece))
    expression = _SLOT.sub(slot, "".join(pieces)).replace("NAME", _NAME)
    edged = rf"{_edge(source[:1], '<')}(?:{expression}){_edge(source[-1:], '')}"
    try:
        compiled = regex.compile(edged, **used)
    except regex.error as error:
        raise ValueError(f'"{source}" is not a pattern: {error}') from None
    return Pattern(source, needs(source), compiled)


def _listed(name: str) -> str:
    return name.replace("-", "_")


def _spaced(piece: str) -> str:
    return piece.replace(" ?", r"\s?").replace(" ", _BETWEEN)


def _edge(character: str, side: str) -> str:
    return rf"(?{side}!\w)" if character.isalnum() or character in "()" else ""
