"""Reading a gettext catalogue in its source form, so that nothing has to be compiled before the program runs.

Takes what translators edit (GNU gettext manual, section 10 "The Format of PO Files"): `msgctxt`, `msgid`,
`msgid_plural`, `msgstr`, comments. Fuzzy and obsolete entries say nothing. *Pure.*
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Key = tuple[str, str]  # context ("" for none) and message

_LINE = re.compile(r'(?:(msgctxt|msgid|msgid_plural|msgstr)(?:\[(\d)\])?\s+)?"((?:[^"\\]|\\.)*)"\s*')
_ESCAPE = re.compile(r"\\(.)", re.S)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(slots=True)
class Entry:
    """One message: `forms` by number; a message without plural has form 0 only."""

    context: str = ""
    message: str = ""
    plural: str = ""
    forms: dict[int, str] = field(default_factory=dict)
    fuzzy: bool = False


def messages(text: str) -> Mapping[Key, tuple[str, ...]]:
    """Translations by context and message, plural forms in order; the header stands under ("", "").

    An entry without all its words is left out. Raises ValueError, with the line's number, for a line that is none.
    """
    return {
        (entry.context, entry.message): tuple(entry.forms[number] for number in sorted(entry.forms))
        for entry in entries(text)
        if not entry.fuzzy and entry.forms and all(entry.forms.values())
    }


def entries(text: str) -> Iterator[Entry]:
    """Every entry in order, also those that are fuzzy or not translated yet. Raises ValueError."""
    entry, open_at = Entry(), ("", 0)
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if line.startswith("#"):
            entry.fuzzy = entry.fuzzy or (line.startswith("#,") and "fuzzy" in line)
        elif line.strip():
            open_at = _taken(entry, line, open_at, number)
        elif entry.forms:
            yield entry
            entry, open_at = Entry(), ("", 0)


def _taken(entry: Entry, line: str, open_at: tuple[str, int], number: int) -> tuple[str, int]:
    """Put one line into the entry; where the next line goes on if it is a string only."""
    match = _LINE.fullmatch(line)
    if match is None or not (match[1] or open_at[0]):
        raise ValueError(f"line {number}: not a line of a catalogue")
    where = (match[1], int(match[2] or 0)) if match[1] else open_at
    said = _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), match[3])
    match where[0]:
        case "msgctxt":
            entry.context += said
        case "msgid":
            entry.message += said
        case "msgid_plural":
            entry.plural += said
        case _:
            entry.forms[where[1]] = entry.forms.get(where[1], "") + said
    return where
