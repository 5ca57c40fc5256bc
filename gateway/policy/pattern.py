"""A pattern as a policy author writes it, compiled to `regex`. *Pure.*

    have you (had a chance|got round) .. {put} .. {thing}

`{slot}` is any phrase of a slot, `{a|b}` of either; `NAME` is a capitalised name; ` .. ` is a gap of up to 50 characters in the
same sentence and ` ... ` one of up to 140; a space also stands for light punctuation; all else is regular expression.
What a pattern cannot do without (slots and words outside parentheses) is known as its `needs`, so that it runs only on
sentences that have them.
"""

from dataclasses import dataclass

import regex

from gateway.policy.lexicon import Lexicon

_SLOT = regex.compile(r"\{([a-z][a-z0-9|-]*)\}")
_BETWEEN = r"[\s,;:\"()*_–—/-]+"
_GAP = {"..": r"(?!\w).{0,50}?(?<!\w)", "...": r"(?!\w).{0,140}?(?<!\w)"}
_NAME = r"(?<!\w)\p{Lu}[\p{L}'’-]*(?: \p{Lu}[\p{L}'’.-]*)?"
_WORD = regex.compile(r"(?<![\w\\|(\[])[a-z']{2,}(?![\w|)?*+\]{])")
TIMEOUT = 0.25  # seconds for one search; a sentence is short, so this is a fuse and nothing more


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """`source` as written; `needs` slots as "{name}" and words."""

    source: str
    needs: frozenset[str]
    compiled: "regex.Pattern[str]"

    def found(self, text: str) -> bool:
        """True when the folded sentence says it."""
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
    return Pattern(source, _needs(source), compiled)


def _listed(name: str) -> str:
    return name.replace("-", "_")


def _spaced(piece: str) -> str:
    return piece.replace(" ", _BETWEEN)


def _edge(character: str, side: str) -> str:
    return rf"(?{side}!\w)" if character.isalnum() or character in "()" else ""


def _needs(source: str) -> frozenset[str]:
    """Slots and plain words outside every parenthesis; a source with a top-level bar needs nothing."""
    outside, depth = [], 0
    for place, character in enumerate(source):
        if character in "([" and source[place - 1 : place] != "\\":
            depth += 1
        elif character in ")]" and source[place - 1 : place] != "\\":
            depth -= 1
            outside.append("\0")
        elif depth == 0:
            outside.append(character)
    flat = "".join(outside)
    without = _SLOT.sub(lambda m: "" if "|" in m[1] else " ", flat)
    if "|" in without:
        return frozenset()
    slots = {match[0] for match in _SLOT.finditer(flat) if "|" not in match[1]}
    plain = regex.sub(r"\{[^}]*\}|\\.|\0\S*|\S*(?=\0)|\S+[?*+]\S*", " ", flat)
    words = {word for word in _WORD.findall(plain) if "'" not in word}
    return frozenset(slots | words)
