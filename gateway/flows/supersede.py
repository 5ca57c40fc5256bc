"""Superseding: a corrected mail was sent afresh and delivered, so the one that is held is closed.

Only senders who have a held mail are looked up; everybody else's mail touches no store. The state and the word to the
sender are one unit. The new mail's fate is sealed by then, so trouble here is logged and never changes its answer: the
held mail just waits on. IO through ports.
"""

import asyncio
from collections.abc import Sequence

import structlog

from gateway.errors import GatewayError
from gateway.flows.case import Case
from gateway.flows.notify import about, enveloped, unanswerable
from gateway.flows.step import Lost, stepping
from gateway.holds.endings import superseded_notice
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldAction, HoldState
from gateway.holds.successor import may_succeed, succeeds
from gateway.ports import House

_MOST = 50  # held mails of one sender that are looked at

log = structlog.get_logger(__name__)


async def supersede(house: House, case: Case, *, tell: bool) -> HeldMail | None:
    """Close what the delivered mail of this case takes the place of; the held mail closed, None when there is none.
    Without `tell` the caller tells the sender. Never raises but for cancellation."""
    if case.sender.address.key not in house.waiting:
        return None
    try:
        return await _superseded(house, case, tell=tell)
    except Lost:
        log.info("hold settled elsewhere", mail=case.id)
    except GatewayError as error:
        log.error("held mail not closed by its correction", mail=case.id, error=type(error).__name__)
    except Exception as error:
        log.error("correction cannot be compared", mail=case.id, error=type(error).__name__)
    return None


async def _superseded(house: House, case: Case, *, tell: bool) -> HeldMail | None:
    replaced = await _replaced(house, case)
    if not replaced:
        return None
    async with stepping(house) as steps:
        closed = [
            await steps.take(held, HoldAction.SUPERSEDE, by="sender", note=case.message.message_id) for held in replaced
        ]
        if tell and not unanswerable(case.message, case.sender):
            notice = superseded_notice(
                closed[-1],
                subject=case.message.subject,
                message_id=case.message.message_id,
                count=len(case.envelope.rcpt_to),
            )
            await steps.unit.outbox.put(enveloped(house, notice, about(closed[-1])))
    return closed[-1]


async def _replaced(house: House, case: Case) -> Sequence[HeldMail]:
    """The held mails this one is the corrected version of, oldest first."""
    recipients = {path.address.key for path in case.envelope.rcpt_to}
    async with house.store.begin(write=False) as unit:
        held = await unit.holds.find(states=(HoldState.HELD,), sender=case.sender.address.key, limit=_MOST)
        likely = [one for one in held if may_succeed(case.message, recipients, one)]
        raws = [await unit.holds.raw(one.id) for one in likely]
    return [
        one
        for one, raw in zip(likely, raws, strict=True)
        if await asyncio.to_thread(succeeds, case.message, one, raw, _suggestions(house, one))
    ]


def _suggestions(house: House, held: HeldMail) -> list[str]:
    """What the notice of this hold proposed to write instead."""
    rules = (house.pack.rules.get(finding.rule_id) for finding in held.findings)
    return [" ".join(fix.split()) for rule in rules if rule for fix in rule.fixes]
