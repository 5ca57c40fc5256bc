"""Withdrawing: the sender takes a held mail back; it reaches nobody and never counted as an ask.

The state and the word to the sender are one unit. IO through ports.
"""

from gateway.flows.notify import answerable, withdrawn_mail
from gateway.flows.step import Along, Changed, Lost, TooLate, known, nothing, stepping, too_late
from gateway.holds.lifecycle import HoldAction
from gateway.ports import House


async def withdraw(house: House, hold_id: str, *, actor: str, along: Along = nothing) -> Changed | TooLate:
    """Take the mail back for good. `along` joins the same unit. Raises KeyError for an unknown id, GatewayError when
    nothing was done."""
    try:
        async with stepping(house) as steps:
            unit = steps.unit
            held = await known(unit, hold_id)
            changed = await steps.take(held, HoldAction.WITHDRAW, by=actor)
            if await answerable(unit, held):
                await unit.outbox.put(withdrawn_mail(house, changed))
            await along(unit)
            return Changed(held=changed)
    except Lost:
        return await too_late(house, hold_id)
