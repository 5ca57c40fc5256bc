"""What is different between a text and its edited version, in stretches a reader would name. *Pure.*

Lines are compared first, then the words of lines that changed; a few equal words between two changes belong to the
change, so that a sentence written anew is one stretch and not a patchwork.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from gateway.holds.alignment import INVISIBLE, Line, changes
from gateway.mail.text import MessageText

_TOKENS = re.compile(r"\s+|\w+|[^\w\s]")
_MOST_TOKENS = 3000  # beyond this a stretch is one change
_ISLAND = 14  # characters; equal stretches shorter than this between two changes are part of the change
_WINDOW = 4000  # visible characters a reading may hold that its source does not


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Characters `start`..`end` of the old text become `new`."""

    start: int
    end: int
    new: str


def differences(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    """How the text of the old lines becomes that of the new ones; both joined by "\\n"."""
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line) + 1)
    whole, found = "\n".join(old), list[Change]()
    for first, last, lines in changes(old, new):
        if first == last:
            found.append(_inserted(first, lines, starts, len(old)))
            continue
        start, end = starts[first], starts[last] - 1
        if lines:
            found += _words(whole[start:end], "\n".join(lines), start)
        elif first:
            found.append(Change(start=start - 1, end=end, new=""))
        else:
            found.append(Change(start=start, end=min(end + 1, len(whole)), new=""))
    return found


def _inserted(place: int, lines: Sequence[str], starts: Sequence[int], count: int) -> Change:
    text = "\n".join(lines)
    if place < count:
        return Change(start=starts[place], end=starts[place], new=f"{text}\n")
    at = max(0, starts[place] - 1)
    return Change(start=at, end=at, new=f"\n{text}" if count else text)


def _words(old: str, new: str, base: int) -> list[Change]:
    one, other = _TOKENS.findall(old), _TOKENS.findall(new)
    if len(one) + len(other) > _MOST_TOKENS:
        return [Change(start=base, end=base + len(old), new=new)]
    places, news = _offsets(one), _offsets(other)
    runs: list[list[int]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if runs and places[i1] - places[runs[-1][1]] < _ISLAND:
            runs[-1][1], runs[-1][3] = i2, j2
        else:
            runs.append([i1, i2, j1, j2])
    return [
        Change(start=base + places[i1], end=base + places[i2], new=new[news[j1] : news[j2]]) for i1, i2, j1, j2 in runs
    ]


def _offsets(tokens: Sequence[str]) -> list[int]:
    offsets = [0]
    for token in tokens:
        offsets.append(offsets[-1] + len(token))
    return offsets


def own_offsets(lines: Sequence[Line]) -> list[int]:
    """For each character of the lines joined by "\\n", its offset in the reading; -1 for the joints."""
    offsets: list[int] = []
    for number, line in enumerate(lines):
        if number:
            offsets.append(-1)
        offsets.extend(range(line.start, line.end) if line.start >= 0 else ())
    return offsets


def located(items: Sequence[str], text: MessageText) -> Mapping[int, tuple[int, int]]:
    """(item, offset) of each visible character of the reading that stands in one of the items, which are in order."""
    shown = [place for place, character in enumerate(text.text) if not INVISIBLE.match(character)]
    reading = "".join(text.text[place] for place in shown)
    found: dict[int, tuple[int, int]] = {}
    at = 0
    for number, item in enumerate(items):
        own = [offset for offset, character in enumerate(item) if not INVISIBLE.match(character)]
        wanted = "".join(item[offset] for offset in own)
        place = reading.find(wanted, at, at + _WINDOW + len(wanted)) if wanted else -1
        if place < 0:
            continue
        found.update((shown[place + index], (number, offset)) for index, offset in enumerate(own))
        at = place + len(wanted)
    return found
