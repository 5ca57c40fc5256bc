"""Delivering one mail of the outbox to the next hop, told once.

A release goes out with its original envelope, parameters verbatim, under our Received line; a notice with a null
reverse-path. The next hop's 250 is marked in one unit: outbox, hold and ask. A copy can go out twice only when we die
between that 250 and the mark. What is refused for good comes back to the sender as a report; what is refused for now is
tried again, 1, 2, 4 minutes later and so on, at most an hour apart, until `holds.retry_hours` have passed. A notice
nobody takes is recorded, nothing more: there is never a bounce of a bounce. IO through ports.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from gateway.asks.ask import AskState
from gateway.audit.events import AuditEvent, NoticeSent
from gateway.errors import AuditUnavailable, GatewayError
from gateway.flows.delivery_word import delivery_word
from gateway.flows.fill import ready
from gateway.flows.step import Lost, step_record, stepping
from gateway.holds.endings import Refusal
from gateway.holds.hold import OutgoingMail
from gateway.holds.lifecycle import HoldAction, HoldState
from gateway.mail.content import stuffed
from gateway.mail.controls import torn
from gateway.mail.envelope import Envelope, Path, SessionFacts
from gateway.mail.trace_headers import received_line
from gateway.ports import House, Transaction, Unit
from gateway.replies import BARE_LINE_END, Reply

LEASE = timedelta(minutes=10)  # longer than an attempt, all tries to mark it and the pauses between them
_PATIENCE = 240.0  # seconds for one attempt
_MARK_PATIENCE = 40.0  # seconds for one try to mark, its word to the sender included
_MARK_PAUSES = (1, 2, 4, 8, 15)  # between two tries to mark, in units of `_MARK_PAUSE`
_MARK_PAUSE = 1.0  # seconds
_LONGEST_PAUSE = 3600  # seconds

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of offering a mail: who got it, who was refused for good, who is to be tried again."""

    delivered: tuple[Path, ...] = ()
    refused: tuple[tuple[Path, Reply], ...] = ()
    later: tuple[Path, ...] = ()
    reply: Reply | None = None


async def deliver(house: House, mail: OutgoingMail) -> None:
    """Offer a leased mail to the next hop and mark what came of it, again and again while that fails: a mail that is
    out and not marked goes out twice. The last time only what cannot be done without. Raises GatewayError or
    TimeoutError when that did not help either; the mail is then offered again when its lease ends."""
    attempt = await _attempted(house, mail)
    now = house.clock()
    if attempt.later and now - mail.created_at >= timedelta(hours=house.settings.holds.retry_hours):
        attempt = _given_up(attempt)
    word: OutgoingMail | None = None
    for pause in _MARK_PAUSES:
        try:
            async with asyncio.timeout(_MARK_PATIENCE):
                word = word or await _word(house, mail, attempt)
                return await _marked(house, mail, attempt, word, now)
        except Exception as error:
            unforeseen = not isinstance(error, GatewayError)
            log.warning("delivery not marked yet", mail=mail.id, error=type(error).__name__, exc_info=unforeseen)
            await asyncio.sleep(pause * _MARK_PAUSE)
    async with asyncio.timeout(_MARK_PATIENCE):
        return await _marked(house, mail, _barely(mail, attempt), None, now)


def _barely(mail: OutgoingMail, attempt: Attempt) -> Attempt:
    """What is marked without a word to the sender: those who were refused a release are asked for again, and the
    report about them comes then."""
    if mail.kind == "notice":
        return attempt
    again = (*attempt.later, *(path for path, _ in attempt.refused))
    return replace(attempt, later=again, refused=())


async def _word(house: House, mail: OutgoingMail, attempt: Attempt) -> OutgoingMail | None:
    """What the sender is told: nothing about a notice, or while a mail as a whole is tried again."""
    if mail.kind == "notice" or (attempt.later and not attempt.delivered):
        return None
    refused = [_refusal(path, reply) for path, reply in attempt.refused]
    return await delivery_word(house, mail, refused, delivered=attempt.delivered)


async def _marked(house: House, mail: OutgoingMail, attempt: Attempt, word: OutgoingMail | None, now: datetime) -> None:
    if mail.kind == "notice":
        await _mark_notice(house, mail, attempt, now)
    elif attempt.delivered:
        await _mark_delivered(house, mail, attempt, word, now)
    elif attempt.later:
        await _mark_retry(house, mail, now)
    else:
        await _mark_failed(house, mail, attempt, word, now)


async def _attempted(house: House, mail: OutgoingMail) -> Attempt:
    """Silence, garbage, a lost connection, a time-out or what nobody foresaw count as "not now", which has an end."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await _offered(house, await _whole(house, mail))
    except (GatewayError, TimeoutError) as error:
        log.warning("next hop did not take our mail", mail=mail.id, error=type(error).__name__)
    except Exception:
        log.exception("mail could not be offered", mail=mail.id)
    return Attempt(later=mail.rcpt_to)


async def _whole(house: House, mail: OutgoingMail) -> OutgoingMail:
    """A leased mail with its bytes, which are loaded where nobody waits for a lock meanwhile."""
    async with house.store.begin(write=False) as unit:
        return replace(mail, raw=await unit.outbox.raw(mail.id))


async def _offered(house: House, mail: OutgoingMail) -> Attempt:
    if torn(mail.raw):  # what comes out of the store passed no edge: this is the last place to stop smuggled commands
        log.error("our mail holds bare line ends or NUL and is not sent", mail=mail.id)
        return Attempt(refused=tuple((path, BARE_LINE_END) for path in mail.rcpt_to), reply=BARE_LINE_END)
    transaction = house.next_hop.begin(await _reverse_path(house, mail), _session(house))
    taken: list[Path] = []
    refused: list[tuple[Path, Reply]] = []
    later: list[Path] = []
    try:
        for path in mail.rcpt_to:
            reply = await transaction.rcpt(path)
            if reply.accepted:
                taken.append(path)
            elif reply.permanent:
                refused.append((path, reply))
            else:
                later.append(path)
        if not taken:
            return Attempt(refused=tuple(refused), later=tuple(later))
        reply = await _sent(house, mail, transaction)
    finally:
        await transaction.abort()
    if reply.accepted:
        return Attempt(delivered=tuple(taken), refused=tuple(refused), later=tuple(later), reply=reply)
    if reply.permanent:
        return Attempt(refused=(*refused, *((path, reply) for path in taken)), later=tuple(later), reply=reply)
    return Attempt(later=mail.rcpt_to, reply=reply)


async def _sent(house: House, mail: OutgoingMail, transaction: Transaction) -> Reply:
    raw, headers = await ready(house, mail), ""
    if mail.kind == "release":
        envelope = Envelope(
            mail_from=mail.mail_from, rcpt_to=mail.rcpt_to, session=_session(house), received_at=mail.created_at
        )
        # the recipients read this line: its id is the outbox's, for the hold's is nobody's but the sender's
        headers = received_line(envelope, hostname=house.settings.smtp.hostname, mail_id=mail.id, at=house.clock())
        log.info("release offered to the next hop", mail=mail.id, hold=mail.hold_id)
    return await transaction.send(headers.encode("utf-8", "surrogateescape"), stuffed(raw))


async def _reverse_path(house: House, mail: OutgoingMail) -> Path:
    """A release: as it came. A mail of our own says what it needs (RFC 6152, RFC 6531), if the next hop knows it."""
    if mail.kind == "release":
        return mail.mail_from
    known = await house.next_hop.extensions()
    needs = [
        *(["BODY=8BITMIME"] if not mail.raw.isascii() and "8BITMIME" in known else []),
        *(["SMTPUTF8"] if not all(path.text.isascii() for path in mail.rcpt_to) and "SMTPUTF8" in known else []),
    ]
    return replace(mail.mail_from, parameters=" ".join(needs))


def _session(house: House) -> SessionFacts:
    """Mail of the outbox comes from ourselves."""
    return SessionFacts(peer_address="127.0.0.1", peer_name="localhost", helo=house.settings.smtp.hostname)


def _given_up(attempt: Attempt) -> Attempt:
    silence = Reply(code=0)
    return replace(attempt, refused=(*attempt.refused, *((path, silence) for path in attempt.later)), later=())


async def _mark_notice(house: House, mail: OutgoingMail, attempt: Attempt, now: datetime) -> None:
    async with house.store.begin() as unit:
        await _counted(unit, mail, attempt.later, now)
    if attempt.later:
        return
    reply = attempt.reply or (attempt.refused[0][1] if attempt.refused else None)
    code = reply.code if reply else 0
    outcome = "sent" if attempt.delivered else "refused" if code else "given-up"
    about, kind = mail.id.partition(".")[0], mail.id.rpartition(".")[2]
    house.audit.note(NoticeSent(mail_id=about, at=now, hold_id=mail.hold_id, kind=kind, outcome=outcome, code=code))


async def _counted(unit: Unit, mail: OutgoingMail, later: tuple[Path, ...], now: datetime) -> bool:
    """The mail stays for those who are to be tried again, or leaves the outbox. First in every unit that marks: False
    when it has been marked before, by a commit that answered too late or by another worker; then nothing else may be
    written."""
    if later:
        first = await unit.outbox.retry(mail, due=_next_try(mail, now), rcpt_to=later)
    else:
        first = await unit.outbox.done(mail.id)
    if not first:
        log.info("delivery marked before", mail=mail.id)
    return first


async def _mark_delivered(
    house: House, mail: OutgoingMail, attempt: Attempt, word: OutgoingMail | None, now: datetime
) -> None:
    """The next hop has it. Recorded first, for it is a fact whatever happens next; then one unit marks it, keeps those
    who are to be tried again, and tells the sender."""
    async with house.store.begin() as unit:
        if not await _counted(unit, mail, attempt.later, now):
            return
        held = await unit.holds.get(mail.hold_id)
        if held and held.state is HoldState.SENDING:
            by = held.changed_by  # who sent it stays on the page; the record says who marked it
            changed = await unit.holds.change(held, HoldAction.DELIVERED, at=now, by=by, rcpt_to=mail.rcpt_to)
            if changed:
                await _record_fact(house, step_record(held, changed, HoldAction.DELIVERED, at=now, by="gateway"))
        if mail.ask_id:
            await unit.asks.settle(mail.ask_id, AskState.CONFIRMED, now)
        if word:
            await unit.outbox.put(word)


async def _mark_retry(house: House, mail: OutgoingMail, now: datetime) -> None:
    async with house.store.begin() as unit:
        await _counted(unit, mail, mail.rcpt_to, now)


async def _mark_failed(
    house: House, mail: OutgoingMail, attempt: Attempt, word: OutgoingMail | None, now: datetime
) -> None:
    """Nobody will get it: the hold has failed, its ask never counted, the sender gets the mail back."""
    try:
        async with stepping(house) as steps:
            unit = steps.unit
            if not await _counted(unit, mail, (), now):
                return
            held = await unit.holds.get(mail.hold_id)
            if held and held.state is HoldState.SENDING:
                note = _words(attempt)
                await steps.take(held, HoldAction.REFUSED, by="gateway", note=note, rcpt_to=mail.rcpt_to)
                if mail.ask_id:
                    await unit.asks.settle(mail.ask_id, AskState.CANCELLED, now)
            if word:
                await unit.outbox.put(word)
    except Lost:
        log.info("release marked elsewhere", hold=mail.hold_id)


async def _record_fact(house: House, event: AuditEvent) -> None:
    """What has already happened outside is marked even when the audit cannot write at this moment."""
    try:
        await house.audit.record(event)
    except AuditUnavailable:
        house.audit.note(event)


def _next_try(mail: OutgoingMail, now: datetime) -> datetime:
    return now + timedelta(seconds=min(60 * 2 ** min(mail.attempts, 10), _LONGEST_PAUSE))


def _refusal(path: Path, reply: Reply) -> Refusal:
    return Refusal(recipient=path.text, code=reply.code, text=_said(reply))


def _words(attempt: Attempt) -> str:
    _, reply = attempt.refused[0]
    return f"{reply.code} {_said(reply)}" if reply.code else "the next hop did not take it in time"


def _said(reply: Reply) -> str:
    return " ".join(f"{reply.enhanced} {reply.text}".split())[:500]
