"""An archive cut into pieces that processes can read on their own: stretches of an mbox or JSONL file, or some files.

The same archive gives the same pieces in the same order, so that an interrupted replay knows what it has. IO: looks
through folders and files, without reading what is in the messages.
"""

import mmap
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import UserError

STRETCH = 2 * 1024 * 1024  # bytes of one piece, more or less
MOST_FILES = 200  # in one piece
_HEAD = re.compile(rb"From [^\r\n]*\r?\n(?:[!-9;-~]+:|>From )")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Piece number `number`. Either bytes `start`..`end` of the file `path` (`form` "mbox" or "jsonl"), in which the
    first message has the number `first`; or whole messages, the files `files`. `size` in bytes."""

    number: int
    form: str
    path: str = ""
    start: int = 0
    end: int = 0
    first: int = 1
    files: tuple[str, ...] = ()
    size: int = 0


def cut(paths: Iterable[str]) -> list[Piece]:
    """The pieces of all archives behind these paths, in order. Raises UserError for what is not there or empty."""
    found: list[Piece] = []
    for name in paths:
        before = len(found)
        for piece in _of_path(Path(name)):
            found.append(_numbered(piece, len(found)))
        if len(found) == before:
            todo = "An mbox, a Maildir, a folder of .eml files, or a .jsonl file is read"
            raise UserError("no mail in it", where=name, todo=todo)
    return found


def _numbered(piece: Piece, number: int) -> Piece:
    return Piece(
        number=number,
        form=piece.form,
        path=piece.path,
        start=piece.start,
        end=piece.end,
        first=piece.first,
        files=piece.files,
        size=piece.size,
    )


def _of_path(path: Path) -> Iterator[Piece]:
    if not path.exists():
        raise UserError("there is nothing", where=str(path))
    if path.is_dir():
        yield from _of_folder(path)
    else:
        yield from _of_file(path)


def _of_folder(folder: Path) -> Iterator[Piece]:
    """Maildirs (their subfolders too), .eml files, and mbox or JSONL files, wherever they lie in it."""
    single: list[Path] = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        in_maildir = path.parent.name in ("cur", "new") and (path.parent.parent / "cur").is_dir()
        if (in_maildir and not path.name.startswith(".")) or path.suffix.casefold() == ".eml":
            single.append(path)
        elif path.suffix == ".jsonl" or _is_mbox(path):
            yield from _of_file(path)
    yield from _grouped(single)


def _grouped(files: list[Path]) -> Iterator[Piece]:
    group: list[str] = []
    size = 0
    for file in files:
        group.append(str(file))
        size += file.stat().st_size
        if size >= STRETCH or len(group) >= MOST_FILES:
            yield Piece(number=0, form="files", files=tuple(group), size=size)
            group, size = [], 0
    if group:
        yield Piece(number=0, form="files", files=tuple(group), size=size)


def _is_mbox(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(5) == b"From "
    except OSError:
        return False


def _of_file(path: Path) -> Iterator[Piece]:
    size = path.stat().st_size
    if not size:
        return
    if path.suffix == ".jsonl":
        yield from _stretches(path, "jsonl", _lines)
    elif path.suffix.casefold() != ".eml" and _is_mbox(path):
        yield from _stretches(path, "mbox", messages)
    else:
        yield Piece(number=0, form="files", files=(str(path),), size=size)


def messages(data: bytes | mmap.mmap) -> Iterator[int]:
    """Where the messages of an mbox begin: at a "From " line after a blank line, with a header field below it. A
    "From " in running text begins none. RFC 4155."""
    at = 0 if data[:5] == b"From " else data.find(b"\nFrom ") + 1 or -1
    while at >= 0:
        blank = at == 0 or data[at - 2 : at] == b"\n\n" or data[max(0, at - 3) : at] == b"\n\r\n"
        if blank and _HEAD.match(data, at):
            yield at
        at = data.find(b"\nFrom ", at) + 1 or -1


def _lines(data: bytes | mmap.mmap) -> Iterator[int]:
    """Where the lines begin that are not empty."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        if data[at:end].strip():
            yield at
        at = end + 1


def _stretches(path: Path, form: str, begins: "Callable[[mmap.mmap], Iterator[int]]") -> Iterator[Piece]:
    """The file in stretches of whole messages."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start, first = 0, 1
        for number, at in enumerate(begins(data)):
            if number and at - start >= STRETCH:
                yield Piece(number=0, form=form, path=str(path), start=start, end=at, first=first, size=at - start)
                start, first = at, number + 1
        end = len(data)
        yield Piece(number=0, form=form, path=str(path), start=start, end=end, first=first, size=end - start)
