"""Undoing: for some seconds after pressing Send the sender can take the mail back to where it was held.

A release waits in the outbox until those seconds are over. Taking it back removes it there, changes the state and lets
go of its ask in one unit; once the mail is being offered to the next hop, or its time has come, it is too late. IO
through ports.
"""

from gateway.asks.ask import AskState
from gateway.flows.step import Changed, Lost, TooLate, known, stepping, too_late
from gateway.holds.lifecycle import HoldAction, next_state
from gateway.ports import House


async def undo(house: House, hold_id: str, *, actor: str) -> Changed | TooLate:
    """Take a release back; the mail is held as before. Raises KeyError for an unknown id, GatewayError when nothing
    was done."""
    try:
        async with stepping(house) as steps:
            unit = steps.unit
            held = await known(unit, hold_id)
            if next_state(held.state, HoldAction.UNDO) is None:
                return TooLate(held=held)
            if not await unit.outbox.recall(hold_id, now=house.clock()):
                return TooLate(held=held)
            if held.ask_id:
                await unit.asks.settle(held.ask_id, AskState.CANCELLED, house.clock())
            return Changed(held=await steps.take(held, HoldAction.UNDO, by=actor))
    except Lost:
        return await too_late(house, hold_id)
