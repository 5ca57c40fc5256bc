"""The word to the sender about a release: it went out, or who was refused it for good.

Made before the unit that marks the delivery opens: comparing and attaching whole mails takes seconds, and nobody else
can write meanwhile. IO: a unit that reads, the clock and ids of the house.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog

from gateway.flows.notify import about, enveloped, unanswerable
from gateway.holds.changes import Changes, changes
from gateway.holds.endings import Refusal, Went, bounce_notice, sent_notice
from gateway.holds.hold import HeldMail, OutgoingMail
from gateway.holds.lifecycle import HoldState
from gateway.holds.recipients import taken_off
from gateway.holds.report import as_report, delivery_status, parameter, wants_no_report
from gateway.mail.controls import mended, torn
from gateway.mail.envelope import Path
from gateway.mail.message import walk
from gateway.ports import House

COMPARING = 20.0  # seconds at most to find what is different

log = structlog.get_logger(__name__)


async def delivery_word(
    house: House, mail: OutgoingMail, refused: Sequence[Refusal], *, delivered: Sequence[Path]
) -> OutgoingMail | None:
    """The notice about a release that was `delivered` to these, or to nobody; None where nobody is to be told. What
    cannot be compared or reported in full is told without. Raises GatewayError of the store."""
    async with house.store.begin(write=False) as unit:
        held = await unit.holds.get(mail.hold_id)
        if held is None:
            return None
        try:
            before = await unit.holds.raw(held.id) if not refused else b""
            after = await unit.outbox.raw(mail.id)
        except KeyError:  # marked before, by a commit that answered too late or by another worker
            return None
    first = held.state is HoldState.SENDING
    if refused:
        return _report(house, held, replace(mail, raw=after), refused, others_got_it=bool(delivered) or not first)
    if not first:
        return None
    off = taken_off(held.rcpt_to, mail.rcpt_to)  # until the delivery is marked the hold has everybody
    went = Went(to=delivered, off=off, trying=taken_off(mail.rcpt_to, delivered))
    return await _sent(house, held, went, before, after)


async def _sent(house: House, held: HeldMail, went: Went, before: bytes, after: bytes) -> OutgoingMail | None:
    """It went out: one word to the sender, with what is different. Whom compliance told that it goes, knows."""
    if held.changed_by.startswith("compliance"):
        return None
    if unanswerable(await asyncio.to_thread(walk, before), held.mail_from):
        return None
    return enveloped(house, sent_notice(held, await _changes(held, before, after), went), about(held))


async def _changes(held: HeldMail, before: bytes, after: bytes) -> Changes | None:
    try:
        async with asyncio.timeout(COMPARING):
            return await asyncio.to_thread(changes, before, after)
    except Exception:
        log.exception("told without what is different", hold=held.id)
        return None


def _report(
    house: House, held: HeldMail, mail: OutgoingMail, refused: Sequence[Refusal], *, others_got_it: bool
) -> OutgoingMail | None:
    """The mail attached (RFC 5321 section 6.1); none to a null sender, none where the sender asked for none (RFC
    3461)."""
    quiet = {path.text for path in mail.rcpt_to if wants_no_report(path)}
    told = [refusal for refusal in refused if refusal.recipient not in quiet]
    if not held.mail_from.text or not told:
        return None
    late = house.settings.holds.retry_hours if not any(refusal.code for refusal in told) else 0
    notice = bounce_notice(held, told, others_got_it=others_got_it, late_hours=late)
    original = mended(mail.raw) if torn(mail.raw) else mail.raw
    try:
        letter = enveloped(house, notice, about(held))
        return replace(letter, raw=as_report(letter.raw, _status(house, held, told), original))
    except Exception:
        log.exception("told without a delivery report", hold=held.id)
        return enveloped(house, notice, about(held), original=original)


def _status(house: House, held: HeldMail, told: Sequence[Refusal]) -> bytes:
    return delivery_status(
        told,
        reporter=house.settings.smtp.hostname,
        envelope_id=parameter(held.mail_from.parameters, "ENVID"),
        arrived=held.held_at,
        tried=house.clock(),
    )
