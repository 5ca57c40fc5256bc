"""The name below a new text and the signature that stays below it: neither doubled nor lost.

What stands below a closing is read as a signature, which an edit keeps; the edit box and an answer end above it.
*Pure.*
"""

import re
from collections.abc import Sequence

from gateway.holds.revision import editable_text
from gateway.mail.message import walk
from gateway.mail.reading import read_text
from gateway.mail.text import BlockKind
from gateway.policy.segment import Kind, sentences

_DELIMITER = re.compile(r"(?:--|\u2014|__)\s*")  # RFC 3676 section 4.3; nothing below it is what somebody signs with
_NAME = re.compile(r"[^\W\d_][^\d@/:|]{0,40}")
_MOST = 3  # lines of a name and what may stand below it
_LONGEST_NAME = 4  # words
_SMALL = frozenset(
    ("and", "da", "de", "del", "den", "der", "di", "do", "dos", "du", "e", "la", "le", "und", "van", "von", "y")
)


def name_once(raw: bytes, new_text: str) -> str:
    """The new text of a mail without the name at its end, where the mail's signature begins with it and is kept."""
    lines = new_text.rstrip().splitlines()
    kept = _signed_with(raw)
    for count in range(min(_MOST, len(kept)), 0, -1):
        rest = _without_last(lines, kept[:count])
        if rest and _without_last(editable_text(raw).splitlines(), kept[:count]) is None:
            return "\n".join(rest)
    return new_text


def with_name(text: str, answer: bytes, held: bytes) -> str:
    """The text of an answer with the name below its closing, where the held mail has none that is kept."""
    found = list(sentences(text))
    if not found or found[-1].kind is not Kind.SIGN_OFF or _signed_with(held):
        return text
    names = _signed_with(answer, below=text.rstrip().splitlines()[-1])[:1]
    return f"{text}\n{names[0]}" if names and _is_name(names[0]) else text


def _is_name(line: str) -> bool:
    """One word, or a few with capitals: "Sent from my phone" is none."""
    words = line.split()
    capitals = len(words) == 1 or all(word[0].isupper() or word in _SMALL for word in words)
    return capitals and len(words) <= _LONGEST_NAME and _NAME.fullmatch(line) is not None


def _signed_with(raw: bytes, below: str = "") -> list[str]:
    """The first lines of a mail's signature, which stands directly below what its sender wrote, up to a delimiter;
    with `below`, only where that is the last line above it."""
    reading = read_text(walk(raw))
    for number, block in enumerate(reading.blocks[1:]):
        before = reading.blocks[number]
        if block.kind is not BlockKind.SIGNATURE or before.kind is not BlockKind.AUTHORED:
            continue
        above = reading.text[before.start : before.end].rstrip().splitlines()
        if below and (not above or _flat(above[-1]) != _flat(below)):
            continue
        return _up_to_delimiter(reading.text[block.start : block.end].splitlines())
    return []


def _up_to_delimiter(lines: Sequence[str]) -> list[str]:
    names: list[str] = []
    for line in lines:
        if _DELIMITER.fullmatch(line.strip()) or len(names) == _MOST:
            break
        if line.strip():
            names.append(line.strip())
    return names


def _without_last(lines: Sequence[str], names: Sequence[str]) -> list[str] | None:
    """The lines without these at their end, blank ones apart; None where others stand there."""
    left = list(lines)
    for name in reversed(names):
        while left and not left[-1].strip():
            left.pop()
        if not left or _flat(left.pop()) != _flat(name):
            return None
    while left and not left[-1].strip():
        left.pop()
    return left


def _flat(line: str) -> str:
    return " ".join(line.split()).casefold().rstrip(".,!")
