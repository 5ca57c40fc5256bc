"""A piece of an archive read and judged, mail by mail, without memory: what worker processes do.

Goes through the same `listen` as received mail. A mail that cannot be read is counted and named, never a reason to
stop. IO: reads the archive's files.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path as FilePath

import orjson

from gateway.app import judging_by
from gateway.config import Settings
from gateway.errors import UserError
from gateway.flows.assess import Heard, is_internal, listen
from gateway.mail.address import address, addresses
from gateway.mail.envelope import Path
from gateway.mail.fingerprint import fingerprint
from gateway.mail.header import decoded
from gateway.mail.message import Message, walk
from gateway.ports import House
from gateway.replay.archive import Archived, from_object, message_of
from gateway.replay.moment import moment, parsed
from gateway.replay.pieces import Piece, messages
from gateway.replay.seen import Said, Seen, plain

_DELIVERED = ("delivered-to", "x-original-to", "envelope-to")  # who got it, where no header says to whom it went
_NAME = re.compile(r"[^\W\d_][\w'-]{2,}")
_SHOWN_NAME = re.compile(r"[^<>\",;]+(?=<)|\"[^\"]*\"(?=\s*<)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What every worker is told: the settings of each policy, and the moment the replay began."""

    policies: tuple[Settings, ...]
    began: datetime


class Judge:
    """Judges pieces; the answer is one JSON object: `piece`, `seen`, `names`, `unread`."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        houses = houses_of(plan)
        self._now = plan.began
        self._houses = [replace(house, clock=lambda: self._now) for house in houses]

    def __call__(self, piece: Piece) -> bytes:
        return asyncio.run(self._judged(piece))

    async def _judged(self, piece: Piece) -> bytes:
        rows, names, unread = [], set[str](), []
        for mail in _mails(piece):
            if isinstance(mail, str):
                unread.append(mail)
                continue
            archived, known = mail
            message = archived.walked or walk(archived.raw)
            names.update(_names(message.from_))
            seen = await self._seen(archived, message, names, known)
            rows.append(plain(seen))
        answer = {"piece": piece.number, "seen": rows, "names": sorted(names), "unread": unread}
        try:
            return orjson.dumps(answer)
        except TypeError:  # a lone surrogate somewhere
            return orjson.dumps(_whole(answer))

    async def _seen(self, mail: Archived, message: Message, names: set[str], known: datetime | None) -> Seen:
        at, clock = moment(message, self._plan.began)
        if at is None and known is not None:
            at, clock = known, "archive"
        self._now = at or self._plan.began
        sender, to = address(mail.sender).key, mail.to or _delivered(message)
        house = self._houses[0]
        keys = tuple(dict.fromkeys(address(one).key for one in to))
        inside = tuple(key for key in keys if is_internal(house.settings.organisation, key))
        internal = bool(inside or not keys) and (not sender or is_internal(house.settings.organisation, sender))
        heard: list[Heard] = []
        if internal:
            heard = [
                await listen(one, message, sender=Path(text=mail.sender), recipients=inside) for one in self._houses
            ]
        telling = any(not one.verdict.gated or one.text.unjudgeable for one in heard)
        short = partial(
            Seen,
            id=mail.id,
            mark=_mark(message, sender, heard if telling else ()),
            at=at.timestamp() if at else None,
            clock=clock,
            internal=internal,
        )
        if not telling:
            return short()
        for name in ("to", "cc"):
            names.update(_names(decoded(message.header(name)[:4000])))
        return short(
            sender=sender,
            to=inside,
            people=tuple(dict.fromkeys(key for one in heard for key in one.audience.keys)),
            subject=message.subject[:300],
            unjudged=next((one.text.unjudgeable for one in heard if one.text.unjudgeable), ""),
            said=tuple(_said(one) for one in heard),
        )


def judging(plan: Plan) -> Callable[[Piece], bytes]:
    """A judge for one process."""
    return Judge(plan)


def _said(heard: Heard) -> Said:
    return Said(verdict=heard.verdict, exempt=tuple(one.id for one in heard.exemptions), excused=heard.excused)


def _mails(piece: Piece) -> "Iterator[tuple[Archived, datetime | None] | str]":
    """The mails of a piece, with the time that the archive itself knows; a text for one that cannot be read: where it
    stands."""
    if piece.form == "files":
        for file in piece.files:
            try:
                yield message_of(file, FilePath(file).read_bytes()), None
            except OSError:
                yield file
        return
    with open(piece.path, "rb") as whole:
        whole.seek(piece.start)
        data = whole.read(piece.end - piece.start)
    if piece.form == "mbox":
        yield from _of_mbox(piece, data)
        return
    lines = (line for line in data.split(b"\n") if line.strip())
    for number, line in enumerate(lines, start=piece.first):
        where = f"{piece.path}:{number}"
        try:
            yield from_object(where, line), None
        except UserError:
            yield where


def _of_mbox(piece: Piece, data: bytes) -> "Iterator[tuple[Archived, datetime | None]]":
    """The line above each message has the time of its delivery, for a header that has none."""
    starts = list(messages(data))
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(data)], strict=True), start=piece.first):
        line, _, content = data[start:end].partition(b"\n")
        if b">From " in content:
            content = re.sub(rb"(?m)^>(>*From )", rb"\1", content)
        delivered = line.decode("ascii", "replace").partition(" ")[2].partition(" ")[2]
        yield message_of(f"{piece.path}#{number}", content), parsed(delivered)


def _delivered(message: Message) -> tuple[str, ...]:
    return tuple(one for name in _DELIVERED for one in addresses(message.header(name)))


def _mark(message: Message, sender: str, heard: Sequence[Heard]) -> str:
    """Equal for the copies of a mail in several mailboxes, the sender's own included: servers may have coded the body
    anew or put lines below it, so it is the identifiers that count and, where a policy reads it, what was written."""
    if not message.message_id:
        return fingerprint(message, sender)[:32]
    words = next((" ".join(one.text.authored.split()) for one in heard if one.text.text), "")
    parts = (message.message_id, sender, message.header("date"), " ".join(message.subject.split()), words)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _names(header: str) -> Iterator[str]:
    """Words of the names that stand beside addresses."""
    for shown in _SHOWN_NAME.findall(header):
        yield from (word for word in _NAME.findall(shown) if word[0].isupper())


def _whole(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {key: _whole(part) for key, part in value.items()}
    return [_whole(part) for part in value] if isinstance(value, list | tuple) else value


def houses_of(plan: Plan) -> list[House]:
    """The house of each policy, in this process."""
    return [asyncio.run(judging_by(settings)) for settings in plan.policies]
