"""Mail in files: an .eml, an mbox, a Maildir, a folder of .eml, or JSONL. Reads files, one message at a time."""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.errors import UserError
from gateway.mail.address import addresses
from gateway.mail.letter import Letter, written
from gateway.mail.message import walk

_FROM_LINE = re.compile(rb"(?m)^From [^\r\n]*\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """One message with the envelope its headers suggest; `sender` "" means an internal one."""

    id: str
    raw: bytes
    sender: str
    to: tuple[str, ...]


def read(paths: Iterable[str]) -> Iterator[Archived]:
    """All messages behind these paths ("-" is standard input), in order. Raises UserError naming file and line."""
    for name in paths:
        if name == "-":
            yield from _from_bytes("-", sys.stdin.buffer.read())
        else:
            yield from _from_path(Path(name))


def _from_path(path: Path) -> Iterator[Archived]:
    if path.is_dir():
        yield from _from_folder(path)
        return
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(error.strerror or "cannot be read", where=str(path)) from None
    yield from _from_bytes(str(path), data)


def _from_folder(folder: Path) -> Iterator[Archived]:
    maildir = [folder / "cur", folder / "new"]
    if all(part.is_dir() for part in maildir):
        files = sorted(file for part in maildir for file in part.iterdir() if file.is_file())
    else:
        files = sorted(folder.glob("**/*.eml"))
    if not files:
        raise UserError(
            "no mail in this folder", where=str(folder), todo="A Maildir, or a folder of .eml files, is read"
        )
    for file in files:
        yield _message(str(file), file.read_bytes())


def _from_bytes(name: str, data: bytes) -> Iterator[Archived]:
    start = data.lstrip()[:1]
    if name.endswith(".jsonl") or (name == "-" and start == b"{"):
        yield from _from_jsonl(name, data)
    elif data.startswith(b"From ") and not name.endswith(".eml"):
        yield from _from_mbox(name, data)
    elif start:
        yield _message(name, data)
    else:
        raise UserError("nothing in it", where=name)


def _from_mbox(name: str, data: bytes) -> Iterator[Archived]:
    """mboxrd: a "From " line starts a message; ">From " inside loses one ">" (RFC 4155 names the variants)."""
    for number, chunk in enumerate(_FROM_LINE.split(data)[1:], start=1):
        yield _message(f"{name}#{number}", re.sub(rb"(?m)^>(>*From )", rb"\1", chunk))


def _from_jsonl(name: str, data: bytes) -> Iterator[Archived]:
    for number, line in enumerate(data.splitlines(), start=1):
        if line.strip():
            yield _from_object(f"{name}:{number}", line)


def _from_object(where: str, line: bytes) -> Archived:
    try:
        fields = json.loads(line)
        known = str(fields.get("id", where))
        if "raw" in fields:
            return _message(known, fields["raw"].encode("utf-8", "surrogateescape"))
        return _from_fields(known, fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"not a mail: {error}", where=where, todo='Give {"id","raw"} or {"id","from"?,"to":[…],"subject","body"}'
        ) from None


def _from_fields(known: str, fields: dict[str, Any]) -> Archived:
    to = tuple(str(one) for one in ([fields["to"]] if isinstance(fields["to"], str) else fields["to"]))
    letter = Letter(
        sender=str(fields.get("from") or ""),
        to=to,
        subject=str(fields.get("subject", "")),
        body=str(fields["body"]),
        html=bool(fields.get("html", False)),
        attachments=tuple(str(one) for one in fields.get("attachments", ())),
    )
    return Archived(id=known, raw=written(letter), sender=letter.sender, to=to)


def _message(known: str, data: bytes) -> Archived:
    raw = re.sub(rb"\r?\n", b"\r\n", data)
    message = walk(raw)
    to = tuple(key for name in ("to", "cc", "bcc") for key in addresses(message.header(name)))
    sender = addresses(message.header("from"))
    return Archived(id=known, raw=raw, sender=sender[0] if sender else "", to=to)
