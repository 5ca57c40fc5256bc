"""Disputing: the sender says that a hold is a mistake, and compliance, told in the same unit, decides.

Granting is `release(..., decision=True)`; upholding leads back to HELD, so that the sender may still revise, and tells
the sender in the same unit. IO through ports.
"""

from gateway.flows.notify import about, answerable, enveloped, to_decide_mails, ways
from gateway.flows.step import Along, Changed, Lost, TooLate, known, nothing, stepping, too_late
from gateway.holds.endings import upheld_notice
from gateway.holds.lifecycle import HoldAction
from gateway.ports import House


async def dispute(house: House, hold_id: str, *, reason: str, actor: str, along: Along = nothing) -> Changed | TooLate:
    """Put the mail before compliance. `along` joins the same unit. Raises KeyError for an unknown id, GatewayError when
    nothing was done."""
    try:
        async with stepping(house) as steps:
            unit = steps.unit
            held = await known(unit, hold_id)
            changed = await steps.take(held, HoldAction.DISPUTE, by=actor, note=reason)
            for mail in to_decide_mails(house, changed):
                await unit.outbox.put(mail)
            await along(unit)
            return Changed(held=changed)
    except Lost:
        return await too_late(house, hold_id)


async def uphold(house: House, hold_id: str, *, note: str, actor: str) -> Changed | TooLate:
    """Compliance: the hold stands. `note` is what the sender is told. Raises as `dispute` does."""
    try:
        async with stepping(house) as steps:
            unit = steps.unit
            held = await known(unit, hold_id)
            changed = await steps.take(held, HoldAction.UPHOLD, by=actor, note=note)
            if await answerable(unit, held):
                open_ways = ways(house, held, await unit.holds.raw(held.id))
                notice = upheld_notice(changed, house.pack, note, open_ways, now=house.clock())
                await unit.outbox.put(enveloped(house, notice, about(held)))
            return Changed(held=changed)
    except Lost:
        return await too_late(house, hold_id)
