"""An edit made on one version of a text, made alike on another version that says the same. *Pure.*

The plain version of an HTML mail stars its bold words and writes out its links; an edit of one sentence must not take
those of all others away.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from gateway.holds.differences import Change, differences

_WORD = re.compile(r"\w+|[^\w\s]")
_MOST_WORDS = 20_000

Words = Sequence["re.Match[str]"]


def edited_alike(shown: Sequence[str], new: Sequence[str], other: Sequence[str]) -> list[str] | None:
    """The lines of the other version after the edit that made `new` of the lines `shown`; None where an edited stretch
    cannot be found in it."""
    base, text = "\n".join(shown), "\n".join(other)
    ours, theirs = list(_WORD.finditer(base)), list(_WORD.finditer(text))
    if not ours or not theirs or len(ours) + len(theirs) > _MOST_WORDS:
        return None
    twins = _twins(ours, theirs)
    for change in reversed(differences(shown, new)):
        first = bisect_left([word.start() for word in ours], change.start)
        last = bisect_left([word.start() for word in ours], change.end)
        span = _span(first, last, change, ours, theirs, twins)
        if span is None:
            return None
        text = _replaced(text, span, _edges(change, base, ours[first:last]))
    return text.split("\n")


def _twins(ours: Words, theirs: Words) -> Mapping[int, int]:
    """For each word of ours its twin among theirs."""
    matcher = SequenceMatcher(None, [word[0] for word in ours], [word[0] for word in theirs], autojunk=False)
    return {one + step: other + step for one, other, size in matcher.get_matching_blocks() for step in range(size)}


def _span(
    first: int, last: int, change: Change, ours: Words, theirs: Words, twins: Mapping[int, int]
) -> tuple[int, int] | None:
    """Where words `first` up to `last` of ours stand in the other version."""
    if first == last:
        if first and change.start == ours[first - 1].end() and first - 1 in twins:
            at = theirs[twins[first - 1]].end()
        elif first in twins:
            at = theirs[twins[first]].start()
        elif first == len(ours) and first - 1 in twins:
            at = theirs[twins[first - 1]].end()
        else:
            return None
        return at, at
    if first in twins:
        begin = theirs[twins[first]].start()
    elif first and first - 1 in twins and twins[first - 1] + 1 < len(theirs):
        begin = theirs[twins[first - 1] + 1].start()
    else:
        return None
    if last - 1 in twins:
        end = theirs[twins[last - 1]].end()
    elif twins.get(last):
        end = theirs[twins[last] - 1].end()
    else:
        return None
    return (begin, end) if begin <= end else None


def _edges(change: Change, base: str, words: Words) -> tuple[str, str, str]:
    """The new words, and the white space before and behind that goes with the old ones."""
    if not words:
        return change.new, "", ""
    lead, trail = base[change.start : words[0].start()], base[words[-1].end() : change.end]
    if not change.new.strip():
        return change.new, lead, trail
    return change.new.removeprefix(lead).removesuffix(trail), "", ""


def _replaced(text: str, span: tuple[int, int], edges: tuple[str, str, str]) -> str:
    words, lead, trail = edges
    before, behind = text[: span[0]], text[span[1] :]
    if lead and before.endswith(lead):
        before = before[: len(before) - len(lead)]
    if trail and behind.startswith(trail):
        behind = behind[len(trail) :]
    return before + words + behind
