"""Keeping a mail: it and its notice go into one unit; the caller answers 250 only when that unit committed.

A single hold is told at once. What is held of the same sender within `holds.digest_seconds` after a notice waits for
the digest (`tell`), so that a row of mails makes two notices and not a row of them.
"""

from dataclasses import replace
from datetime import timedelta

import structlog

from gateway.errors import NoSpace
from gateway.flows.assess import Assessment
from gateway.flows.case import Case
from gateway.flows.notify import held_mail_notice, language_of, unanswerable
from gateway.holds.hold import EarlierAsk, HeldMail
from gateway.holds.lifecycle import HoldState
from gateway.holds.link import link_secret, token_hash
from gateway.mail.thread import thread_of
from gateway.policy.labels import Label
from gateway.ports import House, Unit

log = structlog.get_logger(__name__)


async def keep(house: House, case: Case, found: Assessment, label: Label, mark: str, unit: Unit) -> HeldMail:
    """Store the mail and enqueue its notice. Raises NoSpace past the storage limit, so that the mail stays outside."""
    raw = bytes(case.message.raw)
    if await unit.holds.stored_bytes() + len(raw) > house.settings.holds.storage_limit:
        log.error("hold store full", limit=house.settings.holds.storage_limit, setting="holds.storage_limit")
        raise NoSpace
    language = await language_of(house, case.message, case.sender)
    held = _held_mail(house, case, found, label, mark, language)
    quiet = unanswerable(case.message, case.sender)
    if quiet or not await _told_lately(house, unit, held):
        held = replace(held, told_at=case.at)
    await unit.holds.add(held, raw)
    house.waiting.add(held.sender)
    if held.told_at and not quiet:
        await unit.outbox.put(held_mail_notice(house, held, raw))
    return held


async def _told_lately(house: House, unit: Unit, held: HeldMail) -> bool:
    """A notice went to this sender within the quiet time, or others wait to be told together."""
    quiet = timedelta(seconds=house.settings.holds.digest_seconds)
    if not quiet:
        return False
    since = held.held_at - quiet
    return bool(
        await unit.holds.find(sender=held.sender, told_since=since, limit=1)
        or await unit.holds.find(states=(HoldState.HELD,), sender=held.sender, untold=True, limit=1)
    )


def _held_mail(house: House, case: Case, found: Assessment, label: Label, mark: str, language: str) -> HeldMail:
    return HeldMail(
        id=case.id,
        mail_from=case.sender,
        rcpt_to=case.envelope.rcpt_to,
        sender=case.sender.address.key,
        subject=case.message.subject,
        message_id=case.message.message_id,
        fingerprint=mark,
        label=label,
        labels=found.verdict.labels,
        findings=found.verdict.findings,
        earlier=tuple(
            EarlierAsk(asker=ask.asker, at=ask.at, subject=ask.subject, people=len({key.person for key in ask.keys}))
            for ask in found.history.earlier
        ),
        pack=found.verdict.pack,
        held_at=case.at,
        expires_at=case.at + timedelta(days=house.settings.holds.expire_days),
        token_hash=token_hash(link_secret(house.notice_key, case.id)),
        size=len(case.message.raw),
        language=language,
        thread=thread_of(case.message),
    )
