"""Releasing: a held mail goes out with other words that pass, or as it is by compliance's decision.

The mail is revised and its words are heard before the unit opens. The rest is told in that unit: judge again against
the memory of this moment, change the state, put the mail into the outbox, reserve its ask. Whoever comes second finds
the state changed. The verdict and the step are on record before the unit commits. IO through ports.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from gateway.audit.events import OutcomeReached, VerdictReached
from gateway.flows.assess import Assessment, Heard, conclude, internal_recipients, listen, recall
from gateway.flows.notify import about, enveloped, unanswerable
from gateway.flows.recheck import Recheck, checked, holding_rules, passing, reworded, sealed
from gateway.flows.step import Lost, Steps, TooLate, known, stepping, too_late, unanswered
from gateway.holds.endings import granted_notice
from gateway.holds.hold import HeldMail, OutgoingMail, Wording
from gateway.holds.lifecycle import HoldAction, HoldState, next_state
from gateway.holds.recipients import staying, without_recipients
from gateway.holds.revision import Revision
from gateway.mail.envelope import Path
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
    async with house.store.begin(write=False) as unit:
        held = await known(unit, hold_id)
        raw = await unit.holds.raw(hold_id)
    if _out_of_hands(held, decision, version):
        return TooLate(held=held)
    raw, held = without_recipients(raw, off), _left(held, off)
    if not held.rcpt_to:
        return StillHeld(held=held, recheck=sealed(held, read_text(walk(raw)), NOBODY))
    words = await _worded(house, held, raw, new_text, new_subject)
    on_record: HeldMail | None = None
    outcome: Released | StillHeld | None = None
    try:
        async with stepping(house) as steps:
            unit = steps.unit
            now = await known(unit, hold_id)
            if _out_of_hands(now, decision, version):
                return TooLate(held=now)
            held = _left(now, off)
            if isinstance(words, Recheck):
                stays = StillHeld(held=held, recheck=words)
                await along(unit, stays)
                return stays
            found = await _judged(house, held, words, unit)
            await house.audit.record(_verdict(house, held, words.revision, found))
            on_record, changed = held, None
            overrides = not decision and not passing(found) and _overrides(house, held, found, against)
            if passing(found) or decision or overrides:
                step = HoldAction.OVERRIDE if overrides else HoldAction.RELEASE
                typed = _wording(held, new_text, new_subject) if undo else None
                why = against or "" if overrides else note
                sending = _Sending(step=step, actor=actor, note=why, undo=undo, wording=typed)
                changed = await _send(steps, held, words.revision, found, sending)
                if decision:
                    await _tell(house, unit, held, words.message, note)
            made = _outcome(held, changed, found, words)
            await along(unit, made)
            outcome = made
    except BaseException as error:
        if on_record:
            _note_outcome(house, on_record, _fate(error, outcome))
        if isinstance(error, Lost):
            return await too_late(house, hold_id)
        raise
    _note_outcome(house, held, "released" if changed else "held")
    return outcome


def _fate(error: BaseException, outcome: Released | StillHeld | None) -> str:
    """What the audit says of a unit that failed; with an `outcome` it was its commit."""
    if isinstance(error, Lost):
        return "duplicate"
    return "unknown" if isinstance(outcome, Released) and unanswered(error) else "failed"


def _left(held: HeldMail, off: Collection[str]) -> HeldMail:
    return replace(held, rcpt_to=staying(held.rcpt_to, off))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """The mail as it would go out, and what it says to these recipients."""

    revision: Revision
    message: Message
    rcpt_to: tuple[Path, ...]
    heard: Heard


async def _worded(
    house: House, held: HeldMail, raw: bytes, new_text: str | None, new_subject: str | None
) -> _Words | Recheck:
    """Revised and heard before the unit opens, for that can take seconds and nobody else can write meanwhile; a
    `Recheck` says why the mail cannot be edited."""
    revision = await reworded(house, held, raw, new_text, new_subject)
    if isinstance(revision, Recheck):
        return revision
    message = walk(revision.raw)
    heard = await _heard(house, held, message)
    return _Words(revision=revision, message=message, rcpt_to=held.rcpt_to, heard=heard)


async def _heard(house: House, held: HeldMail, message: Message) -> Heard:
    recipients = internal_recipients(house, held.rcpt_to)
    return await listen(house, message, sender=held.mail_from, recipients=recipients)


def _outcome(held: HeldMail, changed: HeldMail | None, found: Assessment, words: _Words) -> Released | StillHeld:
    if changed:
        return Released(held=changed, lost=words.revision.lost)
    return StillHeld(held=held, recheck=checked(found, words.message, words.revision.lost))


async def _judged(house: House, held: HeldMail, words: _Words, unit: Unit) -> Assessment:
    """The verdict on the new words. Its ask is this mail's: the same whoever clicks first, on whatever node. Whom the
    mail reached meanwhile is heard as well."""
    heard = words.heard if held.rcpt_to == words.rcpt_to else await _heard(house, held, words.message)
    history, ask = await recall(
        house,
        heard,
        sender=held.mail_from,
        fingerprint=held.fingerprint,
        now=house.clock(),
        unit=unit,
        reserve=True,
        ask_id=house.new_id(),
    )
    return conclude(house, heard, history, ask)


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
    """The step that sends a mail, whose it is, what is noted, how long it can be taken back, and what then is given
    back."""

    step: HoldAction
    actor: str
    note: str
    undo: timedelta
    wording: Wording | None


def _wording(held: HeldMail, new_text: str | None, new_subject: str | None) -> Wording | None:
    if new_text is None:
        return None
    return Wording(subject=held.subject if new_subject is None else new_subject, text=new_text)


async def _send(steps: Steps, held: HeldMail, revision: Revision, found: Assessment, sending: _Sending) -> HeldMail:
    house, unit = steps.house, steps.unit
    ask_id = found.history.reserved if passing(found) else await _remembered(unit, found)
    changed = await steps.take(held, sending.step, by=sending.actor, note=sending.note, ask_id=ask_id)
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
        ),
        sending.wording,
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
