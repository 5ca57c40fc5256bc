"""Expiring: a hold whose time is up goes back to its sender, with the mail as it was written attached.

The state and the returning mail are one unit: never one without the other, never a silent drop. IO through ports.
"""

import structlog

from gateway.errors import GatewayError
from gateway.flows.notify import about, enveloped
from gateway.flows.step import Lost, known, stepping
from gateway.holds.endings import expired_notice
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldAction, HoldState
from gateway.ports import House

log = structlog.get_logger(__name__)


async def expire_due(house: House, *, limit: int = 100) -> int:
    """Expire the holds whose time is up, at most `limit`; how many. Raises GatewayError; what is left stays due. A
    mail whose return cannot even be written is logged, and never keeps the others waiting."""
    async with house.store.begin(write=False) as unit:
        due = await unit.holds.find(states=(HoldState.HELD,), expires_before=house.clock(), limit=limit)
    return sum([await _expired(house, held) for held in due])


async def _expired(house: House, held: HeldMail) -> bool:
    try:
        return await expire(house, held)
    except GatewayError:
        raise
    except Exception as error:
        log.error("hold cannot be returned to its sender", hold=held.id, error=type(error).__name__)
        return False


async def expire(house: House, held: HeldMail) -> bool:
    """Expire one hold; False when somebody else was faster. The mail of a null sender can go back to nobody (RFC 5321
    section 4.5.5): its audit record is all that is told."""
    try:
        async with stepping(house) as steps:
            unit = steps.unit
            held = await known(unit, held.id)
            changed = await steps.take(held, HoldAction.EXPIRE, by="gateway")
            if held.mail_from.text:
                raw = await unit.holds.raw(held.id)
                await unit.outbox.put(enveloped(house, expired_notice(changed, house.pack), about(held), original=raw))
            return True
    except Lost:
        log.info("hold expired elsewhere", hold=held.id)
        return False
