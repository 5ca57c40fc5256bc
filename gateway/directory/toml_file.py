"""A directory as one TOML file. IO: reads that file.

[people."ruth@almond.example"]
employment = "employee"              # or contractor, freelancer, consultant, …; left out: employee
manager = "hilda@almond.example"
aliases = ["r.smith@almond.example"]
language = "en"
unit = "Loans"                       # unit and tags are what exceptions may name
tags = ["press"]

[lists."all@almond.example"]
members = ["ruth@almond.example", "loans@almond.example"]   # people or other lists
aliases = ["everyone@almond.example"]
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.directory.entries import ListEntry, PersonEntry, roster
from gateway.directory.people import Roster
from gateway.errors import UserError

_PERSON: dict[str, type] = {
    "employment": str,
    "manager": str,
    "aliases": list,
    "language": str,
    "unit": str,
    "tags": list,
}
_LIST: dict[str, type] = {"members": list, "aliases": list}


def read_toml(path: Path) -> Roster:
    """The roster of a TOML file. Raises UserError naming file, line and key; OSError."""
    try:
        text = path.read_text("utf-8")
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"not valid TOML: {error}", where=str(path)) from None
    for name in sorted(data.keys() - {"people", "lists"}):
        where = _Place(path, text, name).key()
        raise UserError("there is no such section", where=where, todo="A directory has [people] and [lists]")
    return roster(
        [
            PersonEntry(where=place.key(), address=address, **_fields(table, _PERSON, place))
            for address, table, place in _tables(data, "people", path, text)
        ],
        [
            ListEntry(where=place.key(), address=address, **_fields(table, _LIST, place))
            for address, table, place in _tables(data, "lists", path, text)
        ],
    )


class _Place:
    """Where an entry stands. TOML's reader tells no lines, so it is the first line that has the name."""

    def __init__(self, path: Path, text: str, name: str, section: str = "") -> None:
        self._path, self._text, self._name, self._section = path, text, name, section

    def key(self, key: str = "") -> str:
        lines = self._text.splitlines()
        head = f"[{self._section}." if self._section else "["
        named = (n for n, line in enumerate(lines, 1) if self._name in line and line.lstrip().startswith(head))
        anywhere = (n for n, line in enumerate(lines, 1) if self._name in line)
        line = next(named, None) or next(anywhere, 1)
        title = f'{self._section}."{self._name}"' if self._section else self._name
        return f"{self._path}:{line}: {title}" + (f".{key}" if key else "")


def _tables(data: dict[str, Any], section: str, path: Path, text: str) -> Iterator[tuple[str, dict[str, Any], _Place]]:
    tables = data.get(section, {})
    if not isinstance(tables, dict):
        raise UserError("must be a table", where=_Place(path, text, section).key())
    for address, table in tables.items():
        place = _Place(path, text, address, section)
        if not isinstance(table, dict):
            raise UserError("must be a table", where=place.key(), todo=f'Write [{section}."{address}"] above its keys')
        yield address, table, place


def _fields(table: dict[str, Any], known: dict[str, type], place: _Place) -> dict[str, Any]:
    for key, value in table.items():
        if key not in known:
            raise UserError("there is no such key", where=place.key(key), todo=f"Known are {', '.join(known)}")
        if not isinstance(value, known[key]) or (
            isinstance(value, list) and not all(isinstance(item, str) for item in value)
        ):
            wanted = ("a list of tags" if key == "tags" else "a list of addresses") if known[key] is list else "a text"
            raise UserError(f"must be {wanted} in quotes", where=place.key(key))
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
