"""New words in a plain-text part: only the characters that differ are touched; quotes, signature, line breaks and the
soft breaks of format=flowed (RFC 3676) around them stay as they are. *Pure.*
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from gateway.holds.alignment import (
    NOT_AUTHORED,
    Segment,
    authored_lines,
    performed,
    placed,
    script,
    segments,
    visible,
)
from gateway.holds.differences import Change, differences, located, own_offsets
from gateway.mail.text import MessageText


def edited_plain(source: str, reading: MessageText, new: Sequence[str], *, flowed: bool) -> str:
    """`source` (line ends "\\n") with the authored lines of its `reading` replaced by `new`; `flowed`: the part is
    format=flowed (RFC 3676), so new lines are fixed and space-stuffed."""
    edited = _touched(source, reading, new, flowed=flowed)
    return edited if edited is not None else _rewritten(source, reading, new, flowed=flowed)


def _touched(source: str, reading: MessageText, new: Sequence[str], *, flowed: bool) -> str | None:
    """Only the stretches that differ are replaced; None where one of them holds more than the sender's words."""
    lines = authored_lines(reading)
    own, at = "\n".join(line.text for line in lines), own_offsets(lines)
    items = source.splitlines(keepends=True)
    begin = [0, *accumulate(map(len, items))]
    places = {offset: begin[item] + place for offset, (item, place) in located(items, reading).items()}
    known = [places.get(offset, -1) if offset >= 0 else -1 for offset in at]
    shown = [number for number, character in enumerate(own) if visible(character)]
    if not shown or any(known[number] < 0 for number in shown):
        return None
    cuts: list[tuple[int, int, str]] = []
    for change in _joined(differences([line.text for line in lines], new), own):
        cut = _cut(source, own, known, shown, change)
        if cut is None:
            return None
        start, end, text = cut
        cuts.append((start, end, _soft(text, flowed and (start == 0 or source[start - 1] == "\n")) if flowed else text))
    for start, end, text in reversed(cuts):
        source = source[:start] + text + source[end:]
    return source


def _joined(found: Sequence[Change], own: str) -> list[Change]:
    """Changes with nothing that shows between them are one."""
    joined: list[Change] = []
    for change in found:
        last = joined[-1] if joined else None
        if last and not visible(own[last.end : change.start]):
            new = last.new + own[last.end : change.start] + change.new
            joined[-1] = Change(start=last.start, end=change.end, new=new)
        else:
            joined.append(change)
    return joined


def _cut(
    source: str, own: str, known: Sequence[int], shown: Sequence[int], change: Change
) -> tuple[int, int, str] | None:
    """The stretch of the source between the characters that show around a change, and its new text."""
    before = bisect_left(shown, change.start) - 1
    behind = bisect_left(shown, change.end)
    text = own[shown[before] + 1 if before >= 0 else 0 : change.start] + change.new
    text += own[change.end : shown[behind] if behind < len(shown) else len(own)]
    start = known[shown[before]] + 1 if before >= 0 else known[shown[0]] - (shown[0] - own.rfind("\n", 0, shown[0]) - 1)
    end = known[shown[behind]] if behind < len(shown) else known[shown[-1]] + 1
    if behind >= len(shown) and before == len(shown) - 1:
        end = start
    inside = visible(own[change.start : change.end])
    return (start, end, text) if start <= end and visible(source[start:end]) == inside else None


def _soft(text: str, at_line_start: bool) -> str:
    """New lines inside flowed text are fixed, and stuffed where they begin one."""
    first, *others = text.split("\n")
    head = first.rstrip(" ") if others else first
    lines = [head if not at_line_start else _begun(head), *(_stuffed(line) for line in others[:-1])]
    return "\n".join([*lines, *map(_begun, others[-1:])])


def _begun(line: str) -> str:
    return _stuffed(line) if line.strip() else line


def _rewritten(source: str, reading: MessageText, new: Sequence[str], *, flowed: bool) -> str:
    """All of the sender's lines anew, where they cannot be followed one by one."""
    new = [_stuffed(line) for line in new] if flowed else list(new)
    lines = authored_lines(reading)
    items = source.splitlines(keepends=True)
    cuts = segments(items, placed(items, reading, lines))
    own = [number for number, cut in enumerate(cuts) if cut.line != NOT_AUTHORED]
    if not own:
        return "\n".join([*new, "", source]) if visible("".join(new)) else source
    first, last = own[0], own[-1]
    if not any(_other(cut) for cut in cuts[first:last]):
        return _replaced(cuts, first, last, "\n".join(new))
    edit = script(lines, new, frozenset(cuts[number].line for number in own))
    changed = performed(cuts, edit, "\n")
    return "".join(changed.get(number, item) for number, item in enumerate(items))


def _other(cut: Segment) -> bool:
    return cut.line == NOT_AUTHORED and bool(visible(cut.text))


def _replaced(cuts: Sequence[Segment], first: int, last: int, new: str) -> str:
    """One run of the sender's words becomes the new words, to the letter."""
    behind = cuts[last].text
    space = behind[len(behind.rstrip()) :]
    return "".join([*(cut.text for cut in cuts[:first]), new, space, *(cut.text for cut in cuts[last + 1 :])])


def _stuffed(line: str) -> str:
    """RFC 3676 sections 4.1 and 4.4: no trailing space, for the line ends here; a leading space where needed."""
    line = line.rstrip(" ") if line != "-- " else line
    return f" {line}" if line.startswith((" ", ">", "From ")) else line
