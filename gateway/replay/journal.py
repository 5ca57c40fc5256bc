"""The state file of a replay: what was judged already, so that a replay that was killed goes on where it was.

The first line says what the replay is: begun again on another archive, policy or setting, it is refused. Each further
line is a finished piece; a line torn by a crash is left out and its piece is judged again. IO: one file, ours alone.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from gateway.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the replay is (`plan`, a digest), when it began (ISO 8601), and the report's key (hex)."""

    plan: str
    began: str
    key: str


class Journal:
    """Opened by `open_journal`."""

    def __init__(self, path: Path, header: Header, done: dict[int, dict[str, Any]]) -> None:
        self._path = path
        self.header = header
        self.done = done

    def add(self, answer: bytes) -> None:
        """Keep a piece's answer."""
        with self._path.open("ab") as file:
            file.write(answer + b"\n")
        found = orjson.loads(answer)
        self.done[found["piece"]] = found

    def answers(self) -> Iterator[dict[str, Any]]:
        """In the order of the archive."""
        return (self.done[number] for number in sorted(self.done))

    def remove(self) -> None:
        """The report is written: nothing of the mail stays behind."""
        self._path.unlink(missing_ok=True)


def open_journal(path: Path, fresh: Header) -> Journal:
    """Go on with the state file, or begin one. Raises UserError when it belongs to another replay."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(orjson.dumps(_plain(fresh)) + b"\n")
        return Journal(path, fresh, {})
    first, *rest = _lines(path)
    header = _header(first, path)
    if header.plan != fresh.plan:
        todo = "Give --fresh to begin anew, or --state another file"
        raise UserError("the state of another replay (archive, policy or settings differ)", where=str(path), todo=todo)
    done = {found["piece"]: found for line in rest if (found := _piece(line))}
    _mended(path, header, done)
    return Journal(path, header, done)


def _mended(path: Path, header: Header, done: dict[int, dict[str, Any]]) -> None:
    """Without the torn line, so that what is added next begins a line of its own."""
    draft = path.with_name(f"{path.name}.mended")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        for one in (_plain(header), *done.values()):
            file.write(orjson.dumps(one) + b"\n")
    draft.replace(path)


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().split(b"\n")
    except OSError as error:
        raise UserError(error.strerror or "cannot be read", where=str(path)) from None


def _header(line: bytes, path: Path) -> Header:
    try:
        return Header(**orjson.loads(line))
    except (ValueError, TypeError):
        todo = "Give --fresh to begin anew, or --state another file"
        raise UserError("not the state of a replay", where=str(path), todo=todo) from None


def _piece(line: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(line)
        return found if isinstance(found, dict) and isinstance(found.get("piece"), int) else None
    except ValueError:
        return None


def _plain(header: Header) -> dict[str, str]:
    return {"plan": header.plan, "began": header.began, "key": header.key}
