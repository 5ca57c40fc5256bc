"""Releasing: a held mail goes out with other words that pass, or as it is by compliance's decision.

Told in one unit: revise, judge again against the memory of this moment, change the state, put the mail into the
outbox, reserve its ask. Whoever comes second finds the state changed. The verdict and the step are on record before the
unit commits. IO through ports.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from gateway.audit.events import OutcomeReached, VerdictReached
from gateway.flows.assess import Assessment, assess
from gateway.flows.notify import about, enveloped, unanswerable
from gateway.flows.recheck import Recheck, checked, holding_rules, passing, sealed
from gateway.flows.step import Lost, TooLate, known, take, too_late
from gateway.holds.endings import granted_notice
from gateway.holds.hold import HeldMail, OutgoingMail
from gateway.holds.lifecycle import HoldAction, HoldState, next_state
from gateway.holds.recipients import staying, without_recipients
from gateway.holds.revision import NotEditable, Revision
from gateway.holds.unseen import revised
from gateway.mail.message import Message, walk
from gateway.mail.reading import read_text
from gateway.ports import House, Unit

NOBODY = "Nobody is left to send it to."


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """The mail is in the outbox; `held` as it is now, `lost` what the edit could not keep."""

    held: HeldMail
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StillHeld:
    """The new words do not pass either, or the mail cannot be edited (`recheck.reason`); nothing was changed."""

    held: HeldMail
    recheck: Recheck


Along = Callable[[Unit, Released | StillHeld], Awaitable[None]]  # what else belongs into the unit of a release


async def nothing(unit: Unit, outcome: Released | StillHeld) -> None:
    """Nothing else."""


async def release(
    house: House,
    hold_id: str,
    *,
    new_text: str | None,
    new_subject: str | None,
    actor: str,
    decision: bool = False,
    note: str = "",
    off: Collection[str] = (),
    undo: timedelta = timedelta(0),
    against: str | None = None,
    version: int | None = None,
    along: Along = nothing,
) -> Released | StillHeld | TooLate:
    """Send a held mail with these words (None: as they are), but not to the addresses in `off`. With `decision`,
    compliance sends it whatever the verdict is, and `note` is what the sender is told. With `against`, the sender's
    reason (may be empty), it is sent in spite of rules that all allow that. It goes out when `undo` has passed. With
    `version`, it must be what was looked at; else it is too late. `along` joins the same unit. Raises KeyError for an
    unknown id, GatewayError when nothing was done."""
    on_record: HeldMail | None = None
    try:
        async with house.store.begin() as unit:
            held = await known(unit, hold_id)
            if _out_of_hands(held, decision, version):
                return TooLate(held=held)
            raw = without_recipients(await unit.holds.raw(hold_id), off)
            held = replace(held, rcpt_to=staying(held.rcpt_to, off))
            if not held.rcpt_to:
                return StillHeld(held=held, recheck=sealed(held, read_text(walk(raw)), NOBODY))
            try:
                most = house.settings.policy.max_text
                revision = await asyncio.to_thread(revised, raw, new_text, new_subject, most)
            except NotEditable as error:
                stays = StillHeld(held=held, recheck=sealed(held, read_text(walk(raw)), error.reason))
                await along(unit, stays)
                return stays
            message = walk(revision.raw)
            found = await _judged(house, held, message, unit)
            await house.audit.record(_verdict(house, held, revision, found))
            on_record, changed = held, None
            overrides = not decision and not passing(found) and _overrides(house, held, found, against)
            if passing(found) or decision or overrides:
                step = HoldAction.OVERRIDE if overrides else HoldAction.RELEASE
                sending = _Sending(step=step, actor=actor, note=against or "" if overrides else note, undo=undo)
                changed = await _send(house, unit, held, revision, found, sending)
                if decision:
                    await _tell(house, unit, held, message, note)
            outcome = _outcome(held, changed, found, message, revision)
            await along(unit, outcome)
    except BaseException as error:
        if on_record:
            _note_outcome(house, on_record, "duplicate" if isinstance(error, Lost) else "failed")
        if isinstance(error, Lost):
            return await too_late(house, hold_id)
        raise
    _note_outcome(house, held, "released" if changed else "held")
    return outcome


def _outcome(
    held: HeldMail, changed: HeldMail | None, found: Assessment, message: Message, revision: Revision
) -> Released | StillHeld:
    if changed:
        return Released(held=changed, lost=revision.lost)
    return StillHeld(held=held, recheck=checked(found, message, revision.lost))


async def _judged(house: House, held: HeldMail, message: Message, unit: Unit) -> Assessment:
    """The verdict on the new words. Its ask is this mail's: the same whoever clicks first, on whatever node."""
    return await assess(
        house,
        message,
        sender=held.mail_from,
        rcpt_to=held.rcpt_to,
        fingerprint=held.fingerprint,
        now=house.clock(),
        unit=unit,
        reserve=True,
        ask_id=house.new_id(),
    )


def _out_of_hands(held: HeldMail, decision: bool, version: int | None) -> bool:
    """Does a release come too late? A sender's does while compliance decides as well."""
    if version not in (None, held.version):
        return True
    return next_state(held.state, HoldAction.RELEASE) is None or (held.state is HoldState.DISPUTED and not decision)


def _overrides(house: House, held: HeldMail, found: Assessment, against: str | None) -> bool:
    """May the sender send this all the same? Not while compliance decides."""
    if against is None or held.state is not HoldState.HELD:
        return False
    allowed = house.pack.override(holding_rules(found.verdict.findings))
    return allowed == "acknowledge" or (allowed == "justify" and bool(against.strip()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    """The step that sends a mail, whose it is, what is noted, and how long it can be taken back."""

    step: HoldAction
    actor: str
    note: str
    undo: timedelta


async def _send(
    house: House, unit: Unit, held: HeldMail, revision: Revision, found: Assessment, sending: _Sending
) -> HeldMail:
    ask_id = found.history.reserved if passing(found) else await _remembered(unit, found)
    changed = await take(house, unit, held, sending.step, by=sending.actor, note=sending.note, ask_id=ask_id)
    now = house.clock()
    await unit.outbox.put(
        OutgoingMail(
            id=house.new_id(),
            kind="release",
            mail_from=held.mail_from,
            rcpt_to=held.rcpt_to,
            raw=revision.raw,
            due=now + sending.undo,
            created_at=now,
            hold_id=held.id,
            ask_id=ask_id,
        )
    )
    return changed


async def _remembered(unit: Unit, found: Assessment) -> str:
    """An ask that is sent in spite of the verdict reaches its people all the same: they were asked, and the
    window starts again. The id of the ask reserved, "" for none."""
    return await unit.asks.insist(found.ask) if found.ask else ""


async def _tell(house: House, unit: Unit, held: HeldMail, message: Message, note: str) -> None:
    """The decision goes to the sender, who may be waiting for it."""
    if not unanswerable(message, held.mail_from):
        notice = granted_notice(held, note, disputed=held.state is HoldState.DISPUTED)
        await unit.outbox.put(enveloped(house, notice, about(held)))


def _verdict(house: House, held: HeldMail, revision: Revision, found: Assessment) -> VerdictReached:
    return VerdictReached(
        mail_id=held.id,
        at=house.clock(),
        disposition=found.disposition.name,
        label=found.verdict.label.value,
        labels=tuple(label.value for label in found.verdict.labels),
        findings=found.verdict.findings,
        pack=found.verdict.pack,
        message_id=held.message_id,
        sender=held.mail_from.text,
        recipients=tuple(path.text for path in held.rcpt_to),
        size=len(revision.raw),
        fingerprint=held.fingerprint,
        gated=found.verdict.gated,
        earlier=tuple(ask.id for ask in found.history.earlier),
        unjudged=found.unjudged,
        exceptions=found.exceptions,
    )


def _note_outcome(house: House, held: HeldMail, outcome: str) -> None:
    house.audit.note(OutcomeReached(mail_id=held.id, at=house.clock(), outcome=outcome, hold_id=held.id))
