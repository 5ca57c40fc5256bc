"""Which characters of a part are which lines of what its sender wrote, and what an edit does to each line.

The reading of a part (`MessageText`) and its source differ only in white space and invisible characters; aligned by
the characters that show, an edited line finds the very place in the source it came from, and all others stay. *Pure.*
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import groupby

from gateway.mail.text import BlockKind, MessageText

NOT_AUTHORED = -1
INVISIBLE = re.compile(r"[\s\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_WINDOW = 4000  # visible characters a reading may hold that its source text does not: alternative texts, addresses
_MOST_LINES = 2000  # beyond this, changed lines are not compared one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of what the sender wrote: its text and offsets in `MessageText.text` (-1: joins two blocks)."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What an edit does, by line number: `drop` these, put `instead` of a dropped one, `before` or `after` a kept one;
    `top` goes above everything, where the sender had written nothing that shows."""

    drop: frozenset[int] = frozenset()
    instead: Mapping[int, Sequence[str]] = field(default_factory=dict)
    before: Mapping[int, Sequence[str]] = field(default_factory=dict)
    after: Mapping[int, Sequence[str]] = field(default_factory=dict)
    top: Sequence[str] = ()


def visible(text: str) -> str:
    """Only the characters that show: two texts that differ in nothing else say the same."""
    return INVISIBLE.sub("", text)


def authored_lines(text: MessageText) -> list[Line]:
    """The lines of what the sender wrote, with their places; one blank line between two blocks of it."""
    lines: list[Line] = []
    for block in text.blocks:
        if block.kind is not BlockKind.AUTHORED:
            continue
        words = text.text[block.start : block.end]
        if not visible(words):
            continue
        if lines:
            lines.append(Line(text="", start=-1, end=-1))
        at = block.start + len(words) - len(words.lstrip("\n"))
        for piece in words.strip("\n").split("\n"):
            lines.append(Line(text=piece, start=at, end=at + len(piece)))
            at += len(piece) + 1
    return lines


def placed(items: Iterable[str], text: MessageText, lines: Sequence[Line]) -> list[list[int] | None]:
    """For each item (a stretch of the source, in order) the number of the line each of its visible characters belongs
    to, or NOT_AUTHORED; None for an item the reading does not hold."""
    shown = [place for place, character in enumerate(text.text) if not INVISIBLE.match(character)]
    reading = "".join(text.text[place] for place in shown)
    numbered = [(line.start, line.end, number) for number, line in enumerate(lines) if line.start >= 0]
    starts = [start for start, _, _ in numbered]
    found: list[list[int] | None] = []
    at = 0
    for item in items:
        wanted = visible(item)
        place = reading.find(wanted, at, at + _WINDOW + len(wanted)) if wanted else -1
        if place < 0:
            found.append(None)
            continue
        at = place + len(wanted)
        found.append([_line_at(shown[index], starts, numbered) for index in range(place, at)])
    return found


def _line_at(offset: int, starts: Sequence[int], numbered: Sequence[tuple[int, int, int]]) -> int:
    index = bisect_right(starts, offset) - 1
    if index < 0 or offset >= numbered[index][1]:
        return NOT_AUTHORED
    return numbered[index][2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Characters of source item `item` that belong to one line (NOT_AUTHORED: to none), white space behind included."""

    item: int
    text: str
    line: int


def segments(items: Sequence[str], places: Sequence[Sequence[int] | None]) -> list[Segment]:
    """The items cut where the line number changes; white space stays with what stands before it."""
    return [
        Segment(item=number, text=text, line=line)
        for number, (item, found) in enumerate(zip(items, places, strict=True))
        for text, line in _cut(item, found)
    ]


def _cut(item: str, places: Sequence[int] | None) -> list[tuple[str, int]]:
    if places is None:
        return [(item, NOT_AUTHORED)]
    left, line = iter(places), places[0]
    marked: list[tuple[str, int]] = []
    for character in item:
        line = line if INVISIBLE.match(character) else next(left)
        marked.append((character, line))
    return [("".join(letter for letter, _ in run), line) for line, run in groupby(marked, key=lambda pair: pair[1])]


def performed(
    cuts: Sequence[Segment], edit: Script, newline: str, *, weight: Callable[[Segment], float] = lambda cut: 0
) -> dict[int, str]:
    """The new text of each item that the edit touches. New lines stand in the heaviest segment of the line they
    replace (the first of equals), joined by `newline`."""
    by_line: dict[int, list[int]] = {}
    for number, cut in enumerate(cuts):
        by_line.setdefault(cut.line, []).append(number)
    out = {number: cut.text for number, cut in enumerate(cuts)}
    for line in edit.drop:
        own = by_line[line]
        for number in own:
            out[number] = ""
        if line in edit.instead:
            seat = max(own, key=lambda number: weight(cuts[number]))
            out[seat] = newline.join(edit.instead[line]) + _space_behind(cuts[own[-1]].text)
    for line, lines in edit.before.items():
        out[by_line[line][0]] = newline.join([*lines, ""]) + out[by_line[line][0]]
    for line, lines in edit.after.items():
        seat = by_line[line][-1]
        space = _space_behind(cuts[seat].text)
        out[seat] = out[seat][: len(out[seat]) - len(space)] + newline.join(["", *lines]) + space
    changed = {cut.item for number, cut in enumerate(cuts) if out[number] != cut.text}
    texts: dict[int, list[str]] = {item: [] for item in changed}
    for number, cut in enumerate(cuts):
        if cut.item in changed:
            texts[cut.item].append(out[number])
    return {item: "".join(pieces) for item, pieces in texts.items()}


def _space_behind(text: str) -> str:
    return text[len(text.rstrip()) :]


def script(old: Sequence[Line], new: Sequence[str], present: frozenset[int]) -> Script:
    """How to come from the old lines to the new ones; `present` are the old lines that the source really holds."""
    drop: set[int] = set()
    instead: dict[int, list[str]] = {}
    before: dict[int, list[str]] = {}
    after: dict[int, list[str]] = {}
    top: list[str] = []
    for first, last, lines in changes([line.text for line in old], new):
        here = [number for number in range(first, last) if number in present]
        drop.update(here)
        if here:
            instead[here[0]] = list(lines)
        elif not visible("".join(lines)):
            continue
        elif last in present:
            before[last] = list(lines)
        elif earlier := [number for number in present if number < first]:
            nearest = max(earlier)
            after.setdefault(nearest, []).extend([*[""] * (first - nearest - 1), *lines])
        elif later := [number for number in present if number > last]:
            before[min(later)] = [*lines, *[""] * (min(later) - last)]
        else:
            top.extend(lines)
    return Script(drop=frozenset(drop), instead=instead, before=before, after=after, top=tuple(top))


def changes(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, Sequence[str]]]:
    """(first, last, lines): the old lines `first` up to `last` become these lines. What is alike at both ends is set
    aside first, so that a small edit of a long text costs little."""
    one, other = [_words(line) for line in old], [_words(line) for line in new]
    head = _alike(one, other)
    tail = _alike(one[head:][::-1], other[head:][::-1])
    one, other = one[head : len(one) - tail], other[head : len(other) - tail]
    if len(one) + len(other) > _MOST_LINES:
        return [(head, head + len(one), new[head : head + len(other)])]
    codes = SequenceMatcher(None, one, other, autojunk=len(one) + len(other) > 400).get_opcodes()
    return [(head + i1, head + i2, new[head + j1 : head + j2]) for tag, i1, i2, j1, j2 in codes if tag != "equal"]


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines at the beginning are the same."""
    pairs = zip(one, other, strict=False)
    return next((number for number, (line, same) in enumerate(pairs) if line != same), min(len(one), len(other)))


def _words(line: str) -> str:
    return " ".join(line.split())


def distributed(old: Sequence[Sequence[str]], new: Sequence[str]) -> list[list[str]]:
    """New lines shared out over blocks of old lines: an edited line goes where the line stood that it stands for.
    Between two blocks `old` is taken to have one blank line."""
    owners = [(line, number) for number, block in enumerate(old) for line in (["", *block] if number else block)]
    shares: list[list[str]] = [[] for _ in old]
    at, place = 0, 0
    for first, last, lines in [*changes([line for line, _ in owners], new), (len(owners), len(owners), ())]:
        while at < first:
            shares[owners[at][1]].append(new[place])
            at, place = at + 1, place + 1
        owner = owners[first][1] if last > first else owners[first - 1][1] if first else 0
        shares[owner].extend(lines)
        at, place = last, place + len(lines)
    return shares
