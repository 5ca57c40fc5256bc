"""Filling in a notice on its way out: the keys of its recipient's own holds, which were never stored.

A notice repeats words of the mail it is about, and may have the mail attached. Only places of our own making are
filled in, only for holds of the one it goes to, and only ahead of the attached original. IO: the store.
"""

import asyncio
from functools import partial

import structlog

from gateway.errors import GatewayError
from gateway.holds.answer_address import answer_key
from gateway.holds.hold import HeldMail, OutgoingMail
from gateway.holds.link import filled, link_secret, place_mark, placed, same_token
from gateway.mail.message import Message, walk
from gateway.mail.trace_headers import is_own_notice
from gateway.ports import House, Unit

_MOST = 1000  # holds of one sender, the newest; a digest tells of 500

log = structlog.get_logger(__name__)


async def ready(house: House, mail: OutgoingMail) -> bytes:
    """The bytes of a mail of the outbox as they leave. Raises GatewayError where the keys would open nothing: notice
    or hold was made on a node with another key, which will deliver it."""
    if mail.kind != "notice" or not mail.hold_id or not placed(mail.raw):
        return mail.raw
    notice = await asyncio.to_thread(walk, mail.raw)
    words, original = _parted(notice, mail.raw)
    marks = placed(words)
    if not marks:
        return mail.raw
    named = await _named(house, mail, marks)
    if not _ours(house.notice_key, notice, list(named.values())):
        log.error("notice of another node: give all nodes the same keys/notice.key", mail=mail.id)
        raise GatewayError("another node's key")
    ids = {mark: held.id for mark, held in named.items()}
    link, answer = partial(link_secret, house.notice_key), partial(answer_key, house.notice_key)
    return filled(words, ids, link=link, answer=answer) + original


def _parted(notice: Message, raw: bytes) -> tuple[bytes, bytes]:
    """What we wrote, and the original behind it."""
    originals = (part.header_start for part in notice.parts if part.content_type == "message/rfc822")
    end = next(originals, len(raw))
    return raw[:end], raw[end:]


async def _named(house: House, mail: OutgoingMail, marks: frozenset[str]) -> dict[str, HeldMail]:
    """Which of these marks stand for a hold of whom the mail goes to."""
    recipient = mail.rcpt_to[0].address.key
    async with house.store.begin(write=False) as unit:
        held = [one for one in await _candidates(house, unit, mail, recipient, marks) if one.sender == recipient]
    return {mark: one for one in held if (mark := place_mark(house.notice_key, one.id)) in marks}


async def _candidates(
    house: House, unit: Unit, mail: OutgoingMail, recipient: str, marks: frozenset[str]
) -> list[HeldMail]:
    """The hold the mail is about; where it speaks of others, those of its recipient too."""
    about = await unit.holds.get(mail.hold_id)
    own = [about] if about else []
    if marks <= {place_mark(house.notice_key, mail.hold_id)}:
        return own
    return own + await unit.holds.find(sender=recipient, newest_first=True, limit=_MOST)


def _ours(key: bytes, notice: Message, named: list[HeldMail]) -> bool:
    """A mark that fits shows whose notice it is; one without any is known by its own."""
    if not named:
        return is_own_notice(notice, key)
    return all(same_token(link_secret(key, held.id), held.token_hash) for held in named)
