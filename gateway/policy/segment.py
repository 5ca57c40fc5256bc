"""A text cut into sentences that know their paragraph and what kind of line they stand in. *Pure.*

Takes normalised text; offsets are offsets in it. Linear in the text; no sentence is longer than `LONGEST`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import regex

from gateway.mail.courtesies import SALUTATIONS, SEVERAL, SIGN_OFFS, any_of

LONGEST = 480  # characters; longer ones are cut at a space, so that every pattern's work is bounded


class Kind(StrEnum):
    """What part of a mail a sentence is."""

    SUBJECT = "subject"
    GREETING = "greeting"
    HEADING = "heading"
    BULLET = "bullet"
    BODY = "body"
    SIGN_OFF = "sign-off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """Characters `start`..`end`; `paragraph` counts from 0; -1 for the subject."""

    kind: Kind
    start: int
    end: int
    paragraph: int


_PARAGRAPH = regex.compile(r"\n[ \t]*(?:\n[ \t]*)+|\n[ \t]*[-=_*~#]{3,}[ \t]*(?=\n)")
_BULLET = regex.compile(r"[ \t]*(?:[-*+•·▪◦‣–—>»✔✓☐☑]|\(?\d{1,2}[.)]|\(?[a-zA-Z][.)])[ \t]+")
_LABEL = regex.compile(r"\p{Lu}[\w '&/-]{1,30}:[ \t]")
_END = regex.compile(r"[.!?…]+[\"')\]*_]*(?=\s|$)|(?<=\p{Ll}[)\"']?)\s+(?=\p{Emoji_Presentation}+\s*(?:$|[^\p{Ll}\s]))")
_ABBREVIATION = regex.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|sr|fr|jr|no|nr|vs|approx|ext|tel|inc|ltd|e\.g|i\.e|eg|ie|etc|a\.m|p\.m|u\.s"
    r"|z\. ?b|bzw|ca|usw|u\. ?a|u\. ?ä|d\. ?h|ggf|evtl|inkl|zzgl|str|vgl|bspw|dipl|hr|mme|mlle|p\. ?ex|cf|réf|sra?|srta"
    r"|dra|d\.ª|uds?|vds?|pág|núm|tfno|p\. ?ej|ej|avda|lic|atte|exm[oa]|profa|[A-ZÄÖÜ])\.)$",
    regex.IGNORECASE,
)
_ORDINAL = regex.compile(  # "am 4. Dezember", "im 2. Quartal"
    r"(?<=\b\d{1,2}\.)\s+(?:Jan|Jän|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez|Quartal|Halbjahr|Mal|Stock|Obergescho"
    r"|OG\b|Platz|Klasse|Woche|Etage|Advent|Lehrjahr|Schicht|Geburtstag|Jubiläum)"
)
_GREETING = regex.compile(
    r"(?:(?:hi+|hey+|hello|hallo|hiya|howdy|dear|good (?:morning|afternoon|evening|day)|morning|afternoon|evening|"
    r"g'?day|greetings|ahoy|team|colleagues|all|folks|everyone|guys|friends|lads|ladies|yo|welcome)\b[^\n.?]{0,60}"
    rf"|(?:{any_of(SALUTATIONS)}\b|{any_of(SEVERAL)}\s*[,:!])[^\n.?]{{0,60}}"
    r"|[A-Z][\w'-]+(?:(?:, | and | & )[A-Z][\w'-]+){0,4})[,!:.–—-]?\s*$",
    regex.IGNORECASE,
)
_SIGN_OFF = regex.compile(
    r"(?:(?:(?:many |with |kind(?:est)? |best |warm(?:est)? |yours |all the )?(?:regards|wishes|best|thanks|"
    r"cheers|sincerely|faithfully|truly|love|rgds|thx|ta|yours|blessings|respectfully)\b[^\n?]{0,30})"
    rf"|{any_of(SIGN_OFFS)}[,.! ]*"
    r"|[A-Z][\w'. -]{0,30}|x+)$",
    regex.IGNORECASE,
)


def sentences(text: str, *, base: int = 0) -> Iterator[Sentence]:
    """The sentences of a body, in order, with `base` added to all offsets."""
    paragraphs = list(_paragraphs(text))
    last = len(paragraphs) - 1
    for number, (start, end) in enumerate(paragraphs):
        for line_start, line_end in _lines(text, start, end):
            line = text[line_start:line_end]
            kind = _kind(line, opens=number == 0 and line_start == start, closes=number >= max(1, last - 1))
            for cut_start, cut_end in _cut(line):
                yield Sentence(
                    kind=kind, start=base + line_start + cut_start, end=base + line_start + cut_end, paragraph=number
                )


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for gap in _PARAGRAPH.finditer(text):
        if text[start : gap.start()].strip():
            yield start, gap.start()
        start = gap.end()
    if text[start:].strip():
        yield start, len(text)


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Logical lines: hard-wrapped ones joined, list items and short lines apart."""
    begin = start
    place = start
    while place < end:
        stop = text.find("\n", place, end)
        stop = end if stop < 0 else stop
        if stop >= end or _breaks(text, place, stop, end):
            if text[begin:stop].strip():
                yield begin, stop
            begin = stop + 1
        place = stop + 1
    if text[begin:end].strip():
        yield begin, end


def _breaks(text: str, start: int, stop: int, end: int) -> bool:
    line = text[start:stop].rstrip()
    if len(line) < 55 or line[-1:] in ".?!:;":
        return True
    return bool(_BULLET.match(text, stop + 1, end) or _LABEL.match(text, stop + 1, end))


def _kind(line: str, *, opens: bool, closes: bool) -> Kind:
    words = line.strip()
    if opens and len(words) < 70 and _GREETING.match(words):
        return Kind.GREETING
    if _BULLET.match(line):
        return Kind.BULLET
    if closes and len(words) < 45 and _SIGN_OFF.match(words):
        return Kind.SIGN_OFF
    if len(words) < 60 and words[-1:] not in ".?!,;" and len(words.split()) <= 8:
        return Kind.HEADING
    return Kind.BODY


def _cut(line: str) -> Iterator[tuple[int, int]]:
    start = 0
    for stop in _END.finditer(line):
        abbreviated = _ABBREVIATION.search(line, max(start, stop.end() - 8), stop.end())
        if abbreviated or _ORDINAL.match(line, stop.end()) or stop.start() <= start + 1:
            continue
        yield from _pieces(line, start, stop.end())
        start = stop.end()
    yield from _pieces(line, start, len(line))


def _pieces(line: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """`start`..`end` without surrounding space, cut so that no piece is longer than `LONGEST`."""
    while start < end and line[start].isspace():
        start += 1
    while end > start and line[end - 1].isspace():
        end -= 1
    while end - start > LONGEST:
        space = line.rfind(" ", start + LONGEST // 2, start + LONGEST)
        cut = space if space > 0 else start + LONGEST
        yield start, cut
        start = cut
        while start < end and line[start].isspace():
            start += 1
    if end > start:
        yield start, end
