"""An edit made on one version of a text, made alike on another version of it. *Pure.*

The plain version of an HTML mail stars its bold words, writes out its links, numbers its lists and names its pictures;
an edit of one sentence must not take those of all others away.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from gateway.holds.differences import Change, differences
from gateway.mail.list_marks import LIST_MARK, without_list_marks

_WORD = re.compile(r"<?(?:https?|mailto|tel):[^>\s]*>?|\[(?:cid|https?):[^\]]*\]|\w+|[^\w\s]", re.I)
_LETTERS = re.compile(r"\w+")
_ADDRESSES = re.compile(r"<?(?:https?|mailto|tel):[^>\s]*>?|\[(?:cid|image|https?):[^\]]*\]", re.I)
_BULLET = re.compile(r"^\u2022 ", re.M)
_NUMBER = re.compile(r"\d+")
_MOST_WORDS = 20_000

Words = Sequence["re.Match[str]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """The lines after the edit; `missing`: numbers of the changes of words this version does not have; `exact`: False
    when words of this version alone went with the changed ones."""

    lines: tuple[str, ...]
    missing: frozenset[int] = frozenset()
    exact: bool = True


def said(text: str) -> list[str]:
    """The words of a text, for telling whether two versions say the same; marks of lists, addresses of links and
    pictures aside."""
    return _LETTERS.findall(_ADDRESSES.sub(" ", without_list_marks(text)).casefold())


def edited_alike(shown: Sequence[str], new: Sequence[str], other: Sequence[str]) -> Alike | None:
    """The other version after the edit that made `new` of the lines `shown`; None where it cannot be followed."""
    base, text = "\n".join(shown), "\n".join(other)
    ours, theirs = list(_WORD.finditer(base)), list(_WORD.finditer(text))
    if not ours or not theirs or len(ours) + len(theirs) > _MOST_WORDS:
        return None
    twins, starts = _twins(ours, theirs), [word.start() for word in ours]
    missing, exact, limit, edited = set[int](), True, len(text), text
    for number, change in reversed(list(enumerate(differences(shown, new)))):
        first, last = bisect_left(starts, change.start), bisect_left(starts, change.end)
        if first < last and not _spoken(ours, first, last, twins):
            missing.add(number)
            continue
        span = _whole(text, _span(first, last, change, ours, theirs, twins), change.new)
        if span[0] > span[1] or span[1] > limit:
            return None
        exact = exact and said(text[slice(*span)]) == said(base[change.start : change.end])
        edited = _replaced(edited, span, _edges(_marked(change.new, text, span), change, base, ours[first:last]))
        limit = span[0]
    return Alike(lines=tuple(edited.split("\n")), missing=frozenset(missing), exact=exact)


def _twins(ours: Words, theirs: Words) -> Mapping[int, int]:
    """For each word of ours its twin among theirs."""
    matcher = SequenceMatcher(None, [word[0] for word in ours], [word[0] for word in theirs], autojunk=False)
    return {one + step: other + step for one, other, size in matcher.get_matching_blocks() for step in range(size)}


def _spoken(ours: Words, first: int, last: int, twins: Mapping[int, int]) -> bool:
    """True when the other version has a word of this stretch, or there is none in it."""
    words = [number for number in range(first, last) if _LETTERS.match(ours[number][0])]
    return not words or any(number in twins for number in words)


def _span(
    first: int, last: int, change: Change, ours: Words, theirs: Words, twins: Mapping[int, int]
) -> tuple[int, int]:
    """Where words `first` up to `last` of ours stand in the other version: all between the nearest twins around."""
    before = next((twins[number] for number in range(first - 1, -1, -1) if number in twins), -1)
    behind = next((twins[number] for number in range(last, len(ours)) if number in twins), len(theirs))
    if first == last:
        joined = before >= 0 and (first == len(ours) or change.start == ours[first - 1].end())
        at = theirs[before].end() if joined or behind == len(theirs) else theirs[behind].start()
        return at, at
    begin, end = twins.get(first, before + 1), twins.get(last - 1, behind - 1)
    return (theirs[begin].start(), theirs[end].end()) if begin <= end else (1, 0)


def _whole(text: str, span: tuple[int, int], new: str) -> tuple[int, int]:
    """The stretch with the star, the name of a picture or the mark of a list item that it holds a piece of."""
    start, end = span
    if start < end and text[start:end].count("*") % 2:
        start -= text[start - 1 : start] == "*"
        end += text[start:end].count("*") % 2 and text[end : end + 1] == "*"
    for found in _ADDRESSES.finditer(text):
        if found[0].startswith("[") and start < end and found.start() < end and start < found.end():
            start, end = min(start, found.start()), max(end, found.end())
    line = text.rfind("\n", 0, start) + 1
    mark = LIST_MARK.match(text[line:])
    if mark and new.endswith("\n") and start == end == line + mark.end():
        return line, line
    return line if mark and start < end and line + mark.end() > start else start, end


def _marked(new: str, text: str, span: tuple[int, int]) -> str:
    """New list items with marks as this version writes them, numbered on."""
    line = text.rfind("\n", 0, span[0]) + 1
    marks = [found[0] for found in LIST_MARK.finditer(text[line : span[1]])]
    above = [found[0] for found in LIST_MARK.finditer(text[:line])][-1:]
    left, last = iter(marks), (above or ["\u2022 "])[0]

    def mark(_: re.Match[str]) -> str:
        nonlocal last
        last = next(left, "") or _NUMBER.sub(lambda number: str(int(number[0]) + 1), last, count=1)
        return last

    return _BULLET.sub(mark, new)


def _edges(new: str, change: Change, base: str, words: Words) -> tuple[str, str, str]:
    """The new words, and the white space before and behind that goes with the old ones."""
    if not words:
        return new, "", ""
    lead, trail = base[change.start : words[0].start()], base[words[-1].end() : change.end]
    if not new.strip():
        return new, lead, trail
    return new.removeprefix(lead).removesuffix(trail), "", ""


def _replaced(text: str, span: tuple[int, int], edges: tuple[str, str, str]) -> str:
    words, lead, trail = edges
    before, behind = text[: span[0]], text[span[1] :]
    if lead and before.endswith(lead):
        before = before[: len(before) - len(lead)]
    if trail and behind.startswith(trail):
        behind = behind[len(trail) :]
    return before + words + behind
