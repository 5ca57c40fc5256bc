"""New words in a plain-text part: what the sender wrote is replaced, quotes and signature stay as they are. *Pure.*"""

from collections.abc import Sequence

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
from gateway.mail.text import MessageText


def edited_plain(source: str, reading: MessageText, new: Sequence[str], *, flowed: bool) -> str:
    """`source` (line ends "\\n") with the authored lines of its `reading` replaced by `new`; `flowed`: the part is
    format=flowed (RFC 3676), so new lines are fixed and space-stuffed."""
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
