"""Receiving a mail: from the final dot to our answer, told once.

250 means it is ours or the next hop's: after the hold is durably committed, or after the next hop's own 250. The
verdict is on record before any effect, the outcome after. Whatever is not foreseen ends as 451 and the mail stays
with the client. Clean mail touches no store. IO through ports.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

import structlog

from gateway.asks.ask import AskState
from gateway.asks.history import AskHistory
from gateway.disposition import Advise, Hold, Reject, Relay
from gateway.errors import GatewayError, NextHopUnavailable, NoAnswer
from gateway.flows.answer import answer
from gateway.flows.assess import Assessment, Heard, conclude, judged_recipients, listen, recall
from gateway.flows.case import Case, note_outcome, verdict_record
from gateway.flows.keep import keep
from gateway.flows.notify import advise_mail, language_of
from gateway.flows.retransmitted import may_be_retry, tell_of_copy
from gateway.flows.step import unanswered
from gateway.flows.supersede import supersede
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import TERMINAL, HoldState
from gateway.mail.content import Content
from gateway.mail.envelope import Envelope
from gateway.mail.fingerprint import fingerprint
from gateway.mail.message import Message, walk
from gateway.mail.trace_headers import own_passes, received_hops, received_line
from gateway.policy.labels import Label
from gateway.ports import House, Transaction, Unit
from gateway.replies import HELD, MAIL_LOOP, REJECTED, Reply

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The mail does not go on: how that ended, and what the client is told."""

    outcome: str
    reply: Reply
    hold_id: str = ""


Ending: TypeAlias = Kept | Assessment


async def receive(house: House, envelope: Envelope, content: Content, onward: Transaction) -> Reply:
    """The whole story of one mail; the reply to its final dot. Raises GatewayError when the mail must stay outside."""
    if envelope.answers:  # the answer to a notice
        assert not envelope.rcpt_to  # the edge lets nobody else in beside it
        reply = await answer(house, envelope, content)
        await onward.abort()
        return reply
    message = walk(content.plain())
    case = Case(id=house.new_id(), at=house.clock(), envelope=envelope, content=content, message=message, onward=onward)
    if _goes_round(house, message):
        await house.audit.record(verdict_record(case, Reject(label=Label.OTHER), unjudged="loop"))
        return await _stop(house, case, Kept(outcome="rejected", reply=MAIL_LOOP))
    recipients = judged_recipients(house, case.sender, envelope.rcpt_to)
    if not recipients:
        onward.prepare()
        await house.audit.record(verdict_record(case, Relay(), internal=False))
        return await _hand_on(house, case, Relay())
    try:
        heard = await listen(house, message, sender=case.sender, recipients=recipients)
    except Exception as error:
        return await _unheard(house, case, error)
    ending = await (_plain if heard.plain else _weigh)(house, case, heard)
    if isinstance(ending, Kept):
        return await _stop(house, case, ending)
    return await _pass_on(house, case, ending)


async def _plain(house: House, case: Case, heard: Heard) -> Ending:
    """Most mail: nothing to hold, nothing to remember, so no store is asked."""
    found = conclude(house, heard, AskHistory(), None)
    case.onward.prepare()  # DATA is said while the record is being synced; the message waits for it
    record = verdict_record(
        case, found.disposition, found.verdict, unjudged=found.unjudged, exceptions=found.exceptions
    )
    await house.audit.record(record)
    return found


async def _weigh(house: House, case: Case, heard: Heard) -> Ending:
    """A mail that asks or offends: look into the memory, decide, and make the decision durable in one unit."""
    mark = fingerprint(case.message, case.sender.address.key)
    ending: Ending | None = None
    try:
        async with house.store.begin() as unit:
            known = await unit.holds.by_fingerprint(mark)
            again = await _again(house, case, heard, known, unit) if known else None
            ending = again or await _decide(house, case, heard, mark, unit)
    except BaseException as error:
        may_be_held = isinstance(ending, Kept) and ending.outcome == "held" and unanswered(error)
        note_outcome(house, case, "unknown" if may_be_held else "failed")
        raise
    return ending


async def _decide(house: House, case: Case, heard: Heard, mark: str, unit: Unit) -> Ending:
    history, ask = await recall(
        house, heard, sender=case.sender, fingerprint=mark, now=case.at, unit=unit, reserve=True, ask_id=case.id
    )
    found = conclude(house, heard, history, ask)
    record = verdict_record(
        case,
        found.disposition,
        found.verdict,
        history=history,
        mark=mark,
        unjudged=found.unjudged,
        exceptions=found.exceptions,
    )
    await house.audit.record(record)  # before the unit commits, and so before anything comes of it
    if isinstance(found.disposition, Hold):
        held = await keep(house, case, found, found.disposition.label, mark, unit)
        return Kept(outcome="held", reply=HELD, hold_id=held.id)
    if isinstance(found.disposition, Reject):
        return Kept(outcome="rejected", reply=REJECTED)
    if ask and not history.reserved:  # it passes because its rules only watch: its people are asked all the same
        return replace(found, history=replace(history, reserved=await unit.asks.insist(ask)))
    return found


async def _again(house: House, case: Case, heard: Heard, known: HeldMail, unit: Unit) -> Kept | None:
    """A mail we hold or held comes again: a retransmission changes nothing, and after the end of the hold its sender is
    told so; further recipients of a split mail join the hold. None when it must be weighed afresh."""
    if known.state in TERMINAL and not may_be_retry(case, known):
        return None  # it would be answered 250, and nothing would ever come of it
    have = {path.address.key for path in known.rcpt_to}
    more = [path for path in case.envelope.rcpt_to if path.address.key not in have]
    if more and (known.state is not HoldState.HELD or await unit.holds.add_recipients(known, more) is None):
        return None
    disposition = Hold(label=known.label)
    await house.audit.record(
        verdict_record(case, disposition, heard.verdict, mark=known.fingerprint, attempt_of=known.id)
    )
    await tell_of_copy(house, case, known, unit)
    return Kept(outcome="held" if more else "duplicate", reply=HELD, hold_id=known.id)


async def _stop(house: House, case: Case, kept: Kept) -> Reply:
    await case.onward.abort()
    note_outcome(house, case, kept.outcome, kept.reply, hold_id=kept.hold_id)
    return kept.reply


async def _pass_on(house: House, case: Case, found: Assessment) -> Reply:
    """A mail that may go. An ask in it is reserved by now, and counts only when the next hop takes the mail."""
    assert isinstance(found.disposition, Relay | Advise)
    pending = bool(found.history.reserved) or isinstance(found.disposition, Advise)
    try:
        reply = await _hand_on(house, case, found.disposition)
    except BaseException:
        if pending:
            await _settle(house, case, found, AskState.CANCELLED)
        raise
    advised = isinstance(found.disposition, Advise)
    closed = await supersede(house, case, tell=not advised) if reply.accepted else None
    if pending:
        await _settle(house, case, found, AskState.CONFIRMED if reply.accepted else AskState.CANCELLED, closed)
    return reply


async def _hand_on(house: House, case: Case, disposition: Relay | Advise) -> Reply:
    """To the next hop; its answer is ours, word for word."""
    headers = received_line(case.envelope, hostname=house.settings.smtp.hostname, mail_id=case.id, at=case.at)
    if disposition.tags:
        headers += f"X-AskOnce-Rules: {', '.join(disposition.tags)}\r\n"
    try:
        reply = await case.onward.send(headers.encode("utf-8", "surrogateescape"), case.content)
    except BaseException as error:
        surely_not = isinstance(error, NextHopUnavailable) and not isinstance(error, NoAnswer)
        note_outcome(house, case, "failed" if surely_not else "unknown")
        raise
    note_outcome(house, case, "relayed" if reply.accepted else "refused", reply)
    return reply


async def _settle(house: House, case: Case, found: Assessment, state: AskState, closed: HeldMail | None = None) -> None:
    """Write down what became of a reserved ask, and the friendly note that goes with it, also about the held mail that
    this one `closed`. The mail's fate is already sealed, so trouble here, also what nobody foresaw, is logged and
    never changes the answer: with a 451 the client would send it again. An unsettled ask still counts as asked."""
    try:
        async with house.store.begin() as unit:
            if found.history.reserved:
                await unit.asks.settle(found.history.reserved, state, house.clock())
            if state is AskState.CONFIRMED and isinstance(found.disposition, Advise):
                note = advise_mail(
                    house,
                    mail_id=case.id,
                    sender=case.sender,
                    message=case.message,
                    verdict=found.verdict,
                    language=await language_of(house, case.message, case.sender),
                    closed=closed,
                )
                if note:
                    await unit.outbox.put(note)
    except Exception as error:
        log.error("ask left unsettled", ask=found.history.reserved, state=state.value, error=type(error).__name__)


async def _unheard(house: House, case: Case, error: Exception) -> Reply:
    """Judging itself failed: the setting says whether the mail passes with a record or waits outside."""
    if isinstance(error, GatewayError) or house.settings.policy.on_failure == "defer":
        raise error
    log.error("judging failed", mail=case.id, error=type(error).__name__)
    await house.audit.record(verdict_record(case, Relay(), unjudged="judging-failed"))
    return await _hand_on(house, case, Relay())


def _goes_round(house: House, message: Message) -> bool:
    """RFC 5321 section 6.3: too many Received lines, or our own mark for the second time."""
    smtp = house.settings.smtp
    return received_hops(message) > smtp.max_hops or own_passes(message, smtp.hostname) >= 2
