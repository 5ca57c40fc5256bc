"""A directory as CSV files, the way a spreadsheet or a directory export writes them. IO: reads those files.

People are one file, a row each; only `address` must be there. Several aliases, or tags, stand in one cell, blanks
between:

    address,employment,manager,aliases,language,unit,tags
    ruth@almond.example,employee,hilda@almond.example,r.smith@almond.example ruth.s@almond.example,en,Loans,press

Lists, if there are any, are the file `lists.csv` in the same folder, a row for each member, a person or another list:

    list,member
    all@almond.example,ruth@almond.example

Comma, semicolon or tab between columns, as the header line has it; UTF-8 with or without a byte order mark.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from gateway.directory.entries import ListEntry, PersonEntry, roster
from gateway.directory.people import Roster
from gateway.errors import UserError

LISTS = "lists.csv"
_PEOPLE_COLUMNS = ("address", "employment", "manager", "aliases", "language", "unit", "tags")
_LIST_COLUMNS = ("list", "member")


def read_csv(path: Path) -> Roster:
    """The roster of a people file and the `lists.csv` beside it. Raises UserError naming file and line; OSError."""
    people = [
        PersonEntry(
            where=where,
            address=row["address"],
            employment=row.get("employment", ""),
            manager=row.get("manager", ""),
            aliases=_several(row.get("aliases", "")),
            language=row.get("language", ""),
            unit=row.get("unit", ""),
            tags=_several(row.get("tags", "")),
        )
        for where, row in _rows(path, _PEOPLE_COLUMNS, needed=("address",))
    ]
    return roster(people, _lists(path.with_name(LISTS)))


def _several(cell: str) -> tuple[str, ...]:
    return tuple(cell.replace(";", " ").replace(",", " ").split())


def _lists(path: Path) -> list[ListEntry]:
    if not path.exists():
        return []
    return [
        ListEntry(where=where, address=row["list"], members=(row["member"],))
        for where, row in _rows(path, _LIST_COLUMNS, needed=_LIST_COLUMNS)
    ]


def _rows(path: Path, columns: tuple[str, ...], *, needed: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row with its place; blank lines are passed over."""
    lines = _text(path).splitlines(keepends=True)
    reader = csv.reader(lines, delimiter=_delimiter(lines[0] if lines else ""), strict=True)
    header: list[str] = []
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            where = f"{path}:{reader.line_num}"
            if not any(row):
                continue
            if not header:
                header = _header([cell.casefold() for cell in row], columns, needed, where)
            elif len(row) != len(header):
                todo = "A cell that holds the separator stands in double quotes"
                raise UserError(f"{len(row)} cells, but the header has {len(header)}", where=where, todo=todo)
            else:
                yield where, dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise UserError(f"not valid CSV: {error}", where=f"{path}:{reader.line_num}") from None
    if not header:
        raise UserError("is empty", where=str(path), todo=f"Its first line names the columns: {','.join(columns)}")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise UserError("not UTF-8", where=f"{path}:{line}", todo='Save it as "CSV UTF-8"') from None


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _header(names: list[str], columns: tuple[str, ...], needed: tuple[str, ...], where: str) -> list[str]:
    for name in names:
        if name not in columns:
            raise UserError(f'there is no column "{name}"', where=where, todo=f"Known are {', '.join(columns)}")
        if names.count(name) > 1:
            raise UserError(f'the column "{name}" is there twice', where=where)
    for name in needed:
        if name not in names:
            raise UserError(f'the column "{name}" is missing', where=where, todo=f"Begin with {','.join(columns)}")
    return names
