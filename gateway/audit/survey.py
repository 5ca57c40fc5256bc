"""What a stream's files say when a process opens them: the newest record, mails without outcome, a torn end.

Reads files, changes nothing. From the newest file backwards only as far as needed: the first record of every further
file names the mails that were pending then, so one file is enough (two after a crash between files). A line at a time.
"""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from gateway.audit.canonical import LINE_CAP
from gateway.audit.chain import Head, Link, genesis, read
from gateway.audit.events import OutcomeReached, StreamContinued, VerdictReached

_BEGIN_CAP = 8 * 1024  # bytes of a torn piece that are quoted
_CHUNK = 64 * 1024
_ENDING = 16  # lines at a file's end among which its newest record is looked for
_TELLING = tuple(
    b'"event.action":"%b"' % event.action.encode("ascii") for event in (VerdictReached, OutcomeReached, StreamContinued)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Torn:
    """A piece of a line after the last LF of a file: bytes, SHA-256 in hex, and how it begins."""

    size: int
    sha256: str
    begin: str


@dataclass(slots=True, kw_only=True)
class Survey:
    """`size`: bytes of the newest file's whole lines; `pending`: mails with a verdict and no outcome, oldest first."""

    stream: str
    number: int = 0  # of the newest file; 0: there is none
    size: int = 0
    head: Head
    day: date = date.min
    pending: dict[str, None] = field(default_factory=dict)
    torn: Torn | None = None


def segments(folder: Path) -> list[Path]:
    """The files of a stream, oldest first."""
    return sorted((path for path in folder.glob("*.jsonl") if path.stem.isdecimal()), key=lambda path: int(path.stem))


def survey(folder: Path, stream: str) -> Survey:
    """Read the end of a stream. Raises OSError."""
    files = segments(folder)
    found = Survey(stream=stream, head=genesis(stream))
    if not files:
        return found
    found.number = int(files[-1].stem)
    found.size, found.torn = whole_part(files[-1])
    for path in reversed(_needed(files)):
        _read_into(found, path)
    return found


def whole_part(path: Path) -> tuple[int, Torn | None]:
    """Bytes up to and with the last LF, and what stands after it."""
    with path.open("rb") as file:
        end = place = file.seek(0, 2)
        while place:
            start = max(0, place - _CHUNK)
            file.seek(start)
            found = file.read(place - start).rfind(b"\n")
            if found >= 0:
                place = start + found + 1
                break
            place = start
        if place == end:
            return end, None
        file.seek(place)
        begin = file.read(_BEGIN_CAP)
        file.seek(place)
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return place, Torn(size=end - place, sha256=digest.hexdigest(), begin=begin.decode("utf-8", "backslashreplace"))


def says(line: bytes) -> dict[str, Any]:
    """The fields of a line; empty when it is no JSON object."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return record if isinstance(record, dict) else {}


def _needed(files: list[Path]) -> list[Path]:
    """The newest files, newest first, until one that stands for itself."""
    needed = []
    for path in reversed(files):
        needed.append(path)
        first = next(_lines(path), b"")
        if int(path.stem) == 1 or says(first).get("event.action") == StreamContinued.action:
            break
    return needed


def _lines(path: Path) -> Iterator[bytes]:
    """Whole lines without their LF."""
    with path.open("rb") as file:
        while line := file.readline(LINE_CAP):
            if line.endswith(b"\n"):
                yield line[:-1]


def _read_into(found: Survey, path: Path) -> None:
    ending: deque[bytes] = deque(maxlen=_ENDING)
    for line in _lines(path):
        ending.append(line)
        if any(sign in line for sign in _TELLING):
            follow(found.pending, says(line))
    if not _take_head(found, ending):  # rubbish at the end: look for the newest record above it
        _take_head(found, _lines(path))


def _take_head(found: Survey, lines: Iterable[bytes]) -> bool:
    last = b""
    for line in lines:
        link = read(line)
        if link is not None and _follows(found, link):
            found.head, last = Head(seq=link.seq, hash=link.hash), line
    if last:
        found.day = _day(says(last))
    return bool(last)


def _follows(found: Survey, link: Link) -> bool:
    """An edited last record keeps its place, so that verifying names it; a copy of an older one gets none."""
    if link.stream != found.stream:
        return False
    return link.seq > found.head.seq if link.intact else link.seq == found.head.seq + 1


def follow(pending: dict[str, None], record: dict[str, Any]) -> None:
    """Keep `pending` up to date with one record as it stands in the file."""
    mail_id = record.get("askonce.mail_id")
    match record.get("event.action"):
        case VerdictReached.action if isinstance(mail_id, str):
            pending[mail_id] = None
        case OutcomeReached.action if isinstance(mail_id, str):
            pending.pop(mail_id, None)
        case StreamContinued.action:
            going_on = record.get("askonce.pending")
            pending.update(dict.fromkeys(map(str, going_on if isinstance(going_on, list) else ())))


def _day(record: dict[str, Any]) -> date:
    try:
        return date.fromisoformat(str(record.get("@timestamp"))[:10])
    except ValueError:
        return date.min
