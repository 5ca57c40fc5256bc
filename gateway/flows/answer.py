"""The answer to a notice, from the final dot to our reply, told once.

Recognised by the key in its address, and only from the sender of the held mail, it becomes the new text of that mail,
takes it back, or disputes the hold. 250 means that it is done or on its way: the step, the word to the sender and the
mark by which the same answer is known again commit together. The next hop is not asked. Automatic mail, bounces, our
own notices and what goes round do nothing at all. IO through ports.
"""

import asyncio
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.audit.events import AnswerReceived
from gateway.flows.dispute import dispute
from gateway.flows.notify import (
    about,
    disputed_mail,
    enveloped,
    notice_from,
    settled_mail,
    unanswerable,
    ways,
)
from gateway.flows.release import Released, StillHeld, release
from gateway.flows.step import TooLate
from gateway.flows.withdraw import withdraw
from gateway.holds.answer import Answer, Meaning, answer_of
from gateway.holds.answer_address import hold_of_answer
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import TERMINAL, HoldAction, next_state
from gateway.holds.notices import still_held_notice, unclear_notice
from gateway.mail.address import addresses
from gateway.mail.content import Content
from gateway.mail.envelope import Envelope, Path
from gateway.mail.fingerprint import fingerprint
from gateway.mail.message import Message, walk
from gateway.mail.trace_headers import is_own_notice, own_passes, received_hops
from gateway.policy.labels import Mode
from gateway.ports import House, Unit
from gateway.replies import (
    ANSWER_NOT_YOURS,
    ANSWER_TAKEN,
    ANSWER_TOO_BIG,
    ANSWER_TOO_OFTEN,
    ANSWER_UNKNOWN,
    Reply,
)

_LARGEST = 10 * 1024 * 1024  # bytes of one answer; a signature may bring pictures along
_MOST = 20  # answers about one mail within an hour
_LINGERS = timedelta(days=30)  # so long after its end an answer is still told what happened
SENDER = "sender"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One answer: `mark` is the same for every transmission of it."""

    hold_id: str
    at: datetime
    sender: Path
    message: Message
    mark: str


class Repeated(Exception):
    """Raised inside a unit to undo it when the same answer was taken before."""


def is_answer(house: House, path: Path) -> bool:
    """True for an address at which a notice is answered. No store is asked."""
    return house.settings.holds.replies and _hold_of(house, path) is not None


async def answer(house: House, envelope: Envelope, content: Content) -> Reply:
    """The whole story of one answer; the reply to its final dot. Raises GatewayError when it must stay outside."""
    message = walk(content.plain())
    case = _case(house, envelope, message)
    if _nobody_wrote(house, case):
        return await _nothing(house, case, "automatic", ANSWER_TAKEN)
    if len(message.raw) > _LARGEST:
        return await _nothing(house, case, "too-big", ANSWER_TOO_BIG)
    async with house.store.begin(write=False) as unit:
        held = await unit.holds.get(case.hold_id)
        if held is None or _forgotten(held, case.at):
            return await _nothing(house, case, "unknown", ANSWER_UNKNOWN)
        if not await _from_its_sender(house, held, case):
            return await _nothing(house, case, "stranger", ANSWER_NOT_YOURS)
        if await unit.answers.since(held.id, case.at - timedelta(hours=1)) >= _MOST:
            return await _nothing(house, case, "too-often", ANSWER_TOO_OFTEN)
        raw = await unit.holds.raw(held.id)
    rules = (house.pack.rules.get(finding.rule_id) for finding in held.findings)
    fixes = [fix for rule in rules if rule for fix in rule.fixes]  # what its notice may have proposed
    marked = [one.sentence for one in held.findings if one.mode in (Mode.HOLD, Mode.REJECT) and one.start >= 0]
    said = await asyncio.to_thread(answer_of, bytes(message.raw), raw, fixes, marked)
    try:
        await _act(house, case, held, said)
    except Repeated:
        return await _nothing(house, case, "repeated", ANSWER_TAKEN)
    return ANSWER_TAKEN


async def _act(house: House, case: Case, held: HeldMail, said: Answer) -> None:
    """Do what was said; whoever comes too late is told what happened before. Raises Repeated."""
    if next_state(held.state, HoldAction.RELEASE) is None:
        return await _late(house, case, held)
    match said.meaning:
        case Meaning.TEXT:
            outcome = await _revise(house, case, held, said)
        case Meaning.WITHDRAW:
            outcome = await _withdraw(house, case, held)
        case Meaning.DISPUTE:
            outcome = await _dispute(house, case, held, said)
        case Meaning.UNCLEAR:
            return await _unclear(house, case, held, said)
    if isinstance(outcome, TooLate):
        await _late(house, case, outcome.held)
    return None


async def _revise(house: House, case: Case, held: HeldMail, said: Answer) -> object:
    """The new text is judged again and sent; the word that it went out comes with its delivery. What does not pass is
    answered with what still holds it."""

    async def along(unit: Unit, outcome: Released | StillHeld) -> None:
        await _taken(house, case, unit, "revised" if isinstance(outcome, Released) else "held")
        if isinstance(outcome, StillHeld):
            await _tell_still_held(house, case, unit, outcome)

    return await release(house, held.id, new_text=said.text, new_subject=None, actor=SENDER, along=along)


async def _tell_still_held(house: House, case: Case, unit: Unit, outcome: StillHeld) -> None:
    found = outcome.recheck
    judged = replace(outcome.held, findings=found.findings, earlier=found.earlier)
    notice = still_held_notice(
        judged,
        house.pack,
        ways(house, judged, await unit.holds.raw(judged.id)),
        answer_to=case.message.message_id,
        window_days=house.settings.memory.window_days,
        lost=found.lost,
        reason=found.reason,
    )
    await unit.outbox.put(enveloped(house, notice, about(judged)))


async def _withdraw(house: House, case: Case, held: HeldMail) -> object:
    async def along(unit: Unit) -> None:
        await _taken(house, case, unit, "withdrawn")

    return await withdraw(house, held.id, actor=SENDER, along=along)


async def _dispute(house: House, case: Case, held: HeldMail, said: Answer) -> object:
    async def along(unit: Unit) -> None:
        await _taken(house, case, unit, "disputed")
        disputed = replace(held, note=said.text)
        await unit.outbox.put(disputed_mail(house, disputed, answer_to=case.message.message_id))

    return await dispute(house, held.id, reason=said.text, actor=SENDER, along=along)


async def _unclear(house: House, case: Case, held: HeldMail, said: Answer) -> None:
    async with house.store.begin() as unit:
        await _taken(house, case, unit, "unclear")
        way = ways(house, held, await unit.holds.raw(held.id))
        notice = unclear_notice(held, way, answer_to=case.message.message_id, read=said.text, why=said.why)
        await unit.outbox.put(enveloped(house, notice, about(held)))


async def _late(house: House, case: Case, held: HeldMail) -> None:
    async with house.store.begin() as unit:
        await _taken(house, case, unit, "late")
        await unit.outbox.put(settled_mail(house, held, answer_to=case.message.message_id))


async def _taken(house: House, case: Case, unit: Unit, outcome: str) -> None:
    """Mark the answer as taken, on record before the unit commits. Raises Repeated."""
    if not await unit.answers.add(case.hold_id, case.mark, case.at):
        raise Repeated
    await house.audit.record(_record(house, case, outcome))


async def _nothing(house: House, case: Case, outcome: str, reply: Reply) -> Reply:
    """Nothing is done, and that is on record."""
    await house.audit.record(_record(house, case, outcome))
    return reply


def _record(house: House, case: Case, outcome: str) -> AnswerReceived:
    return AnswerReceived(
        mail_id=case.hold_id,
        at=house.clock(),
        hold_id=case.hold_id,
        outcome=outcome,
        message_id=case.message.message_id,
        sender=case.sender.text,
        size=len(case.message.raw),
    )


def _case(house: House, envelope: Envelope, message: Message) -> Case:
    hold_id = _hold_of(house, envelope.answers[0])
    assert hold_id is not None  # the edge lets nothing else in
    sender = envelope.mail_from
    own = message.message_id or fingerprint(message, sender.address.key)
    mark = hashlib.sha256(own.encode("utf-8", "surrogatepass")).hexdigest()
    return Case(hold_id=hold_id, at=house.clock(), sender=sender, message=message, mark=mark)


def _hold_of(house: House, path: Path) -> str | None:
    if "+" not in path.text:  # nearly every recipient
        return None
    return hold_of_answer(house.notice_key, str(path.address), notice_from(house.settings))


def _nobody_wrote(house: House, case: Case) -> bool:
    """Automatic answers, bounces, our own notices, and mail that goes round (RFC 3834 section 2)."""
    smtp, message = house.settings.smtp, case.message
    rounds = received_hops(message) > smtp.max_hops or own_passes(message, smtp.hostname) > 0
    return rounds or unanswerable(message, case.sender) or is_own_notice(message, house.notice_key)


async def _from_its_sender(house: House, held: HeldMail, case: Case) -> bool:
    """The envelope says so, and the one address in From agrees: each any that the directory has for them."""
    own, named = await house.directory.addresses(held.sender), addresses(case.message.header("from"))
    return case.sender.address.key in own and len(named) == 1 and named[0] in own


def _forgotten(held: HeldMail, now: datetime) -> bool:
    """The address lives as long as its hold, and a while longer to tell how it ended."""
    return held.state in TERMINAL and now > (held.changed_at or held.held_at) + _LINGERS
