"""Mail in files: an .eml, an mbox, a Maildir, a folder of .eml, or JSONL. Reads files, one message at a time."""

import codecs
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from gateway.errors import UserError
from gateway.mail.address import addresses
from gateway.mail.letter import Letter, written
from gateway.mail.message import Message, walk

_FROM_LINE = re.compile(rb"(?m)^From [^\r\n]*\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """One message with the envelope its headers suggest; `sender` "" means an internal one; `walked`: read."""

    id: str
    raw: bytes
    sender: str
    to: tuple[str, ...]
    walked: Message | None = field(default=None, compare=False, repr=False)


def read(paths: Iterable[str]) -> Iterator[Archived]:
    """All messages behind these paths ("-" is standard input), in order. Raises UserError naming file and line."""
    for name in paths:
        if name == "-":
            yield from _from_bytes("-", _standard_input())
        else:
            yield from _from_path(Path(name))


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise UserError("there is no standard input", where="-")
    return sys.stdin.buffer.read()


def _from_path(path: Path) -> Iterator[Archived]:
    if path.is_dir():
        yield from _from_folder(path)
    else:
        yield from _from_bytes(str(path), _bytes(path))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise UserError(getattr(error, "strerror", None) or "cannot be read", where=str(path)) from None


def _from_folder(folder: Path) -> Iterator[Archived]:
    maildir = [folder / "cur", folder / "new"]
    if all(part.is_dir() for part in maildir):
        found = [file for part in maildir for file in sorted(part.iterdir()) if not file.name.startswith(".")]
    else:
        found = [file for file in sorted(folder.rglob("*")) if file.suffix.casefold() == ".eml"]
    files = [file for file in found if not file.is_dir()]
    if not files:
        raise UserError(
            "no mail in this folder", where=str(folder), todo="A Maildir, or a folder of .eml files, is read"
        )
    for file in files:
        yield message_of(str(file), _bytes(file))


def _from_bytes(name: str, data: bytes) -> Iterator[Archived]:
    data = data.removeprefix(codecs.BOM_UTF8)
    start = data.lstrip()[:1]
    if name.endswith(".jsonl") or (name == "-" and start == b"{"):
        yield from _from_jsonl(name, data)
    elif data.startswith(b"From ") and not name.endswith(".eml"):
        yield from _from_mbox(name, data)
    elif start:
        yield message_of(name, data)
    else:
        raise UserError("nothing in it", where=name)


def _from_mbox(name: str, data: bytes) -> Iterator[Archived]:
    """mboxrd: a "From " line starts a message; ">From " inside loses one ">" (RFC 4155 names the variants)."""
    for number, chunk in enumerate(_FROM_LINE.split(data)[1:], start=1):
        yield message_of(f"{name}#{number}", re.sub(rb"(?m)^>(>*From )", rb"\1", chunk))


def _from_jsonl(name: str, data: bytes) -> Iterator[Archived]:
    for number, line in enumerate(data.splitlines(), start=1):
        if line.strip():
            yield from_object(f"{name}:{number}", line)


def from_object(where: str, line: bytes) -> Archived:
    """One line of a JSONL archive. Raises UserError."""
    try:
        fields = json.loads(line.decode("utf-8"))
        if not isinstance(fields, dict):
            raise TypeError("not an object")
        known = str(fields.get("id", where))
        if "raw" in fields:
            return message_of(known, _text(fields, "raw").encode("utf-8", "surrogateescape"))
        return _from_fields(known, fields)
    except (ValueError, TypeError, RecursionError) as error:
        raise UserError(
            f"not a mail: {_plain(error)}",
            where=where,
            todo='Give {"id","raw"} or {"id","from"?,"to":[…],"subject","body"}',
        ) from None


def _plain(error: Exception) -> str:
    """Python's words where they help, our own where they do not."""
    if isinstance(error, json.JSONDecodeError):
        return f"broken JSON at character {error.pos + 1}"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} is not UTF-8"
    if isinstance(error, UnicodeEncodeError):
        return "half of a character (a lone surrogate)"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error)


def _text(fields: dict[str, Any], key: str, default: str | None = None) -> str:
    value = fields.get(key)
    if value is None:
        value = default
    if not isinstance(value, str):
        raise TypeError(f'"{key}" is missing' if value is None else f'"{key}" is no text')
    return value


def _texts(fields: dict[str, Any], key: str) -> tuple[str, ...]:
    value = fields.get(key)
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise TypeError(f'"{key}" is missing' if value is None else f'"{key}" is no list of texts')
    return tuple(values)


def _from_fields(known: str, fields: dict[str, Any]) -> Archived:
    to = _texts(fields, "to")
    letter = Letter(
        sender=_text(fields, "from", ""),
        to=to,
        subject=_text(fields, "subject", ""),
        body=_text(fields, "body"),
        html=bool(fields.get("html", False)),
        message_id=_text(fields, "message_id", ""),
        date=_date(_text(fields, "date", "") or _text(fields, "at", "")),
        attachments=_texts(fields, "attachments") if fields.get("attachments") else (),
    )
    return Archived(
        id=known,
        raw=written(letter),
        sender=next(iter(_mailboxes(letter.sender)), ""),
        to=tuple(mailbox for one in to for mailbox in _mailboxes(one)),
    )


def _date(text: str) -> str:
    """A time as a header has it; ISO 8601 is taken too, without an offset as UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return format_datetime(at if at.tzinfo else at.replace(tzinfo=UTC))


def _mailboxes(text: str) -> tuple[str, ...]:
    """The addresses in "Ann Lee <ann@acme.example>"; a text without any is taken as it is."""
    return addresses(text) or ((text.strip(),) if text.strip() else ())


def message_of(known: str, data: bytes) -> Archived:
    """One message; `known` is what it is called."""
    raw = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    message = walk(raw)
    to = tuple(key for name in ("to", "cc", "bcc") for key in addresses(message.header(name)))
    sender = addresses(message.header("from"))
    return Archived(id=known, raw=raw, sender=sender[0] if sender else "", to=to, walked=message)
