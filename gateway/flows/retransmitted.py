"""A mail comes again after its hold has ended: how long it counts as the same transmission, and who is told of it.

RFC 5321 section 4.5.4.1: a client that missed our 250 sends the mail again. It gets the same 250, and nothing is sent;
a person who sends the mail again on purpose must not believe that it is on its way. IO: the caller's unit.
"""

from datetime import datetime, timedelta

from gateway.flows.case import Case
from gateway.flows.notify import about, enveloped, unanswerable
from gateway.holds.endings import again_notice
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import TERMINAL, HoldState
from gateway.ports import House, Unit

_RETRIES = timedelta(hours=6)  # so long after a mail was taken a client that missed our 250 may send it again
_UNSENT = TERMINAL - {HoldState.SENT}
_COPY = "copy"  # the mark by which a hold knows that its copy was told; no digest looks like it


def may_be_retry(case: Case, known: HeldMail) -> bool:
    """A client that missed our 250 sends the mail again soon. Without a Message-ID two mails may be alike by intent."""
    return bool(case.message.message_id) and case.at - known.held_at <= _RETRIES


async def tell_of_copy(house: House, case: Case, known: HeldMail, unit: Unit) -> None:
    """Enqueue the word that this copy was not sent and what became of the mail: once for each hold, however often a
    queue tries again. While a mail waits its sender has the notice of the hold. Of a mail that was sent nothing is
    said either: it went where it should, its sender has the word that it did, and its retransmission is dropped as any
    mail server would."""
    if known.state not in _UNSENT or unanswerable(case.message, case.sender):
        return
    if await unit.answers.add(known.id, _COPY, case.at):
        await unit.outbox.put(enveloped(house, again_notice(known, afresh=_afresh(known)), about(known)))


def _afresh(known: HeldMail) -> datetime:
    """From when on it is weighed anew, in whole minutes, as it is told."""
    return known.held_at + _RETRIES + timedelta(minutes=1)
