"""Undoing: for some seconds after pressing Send the sender can take the mail back to where it was held.

A release waits in the outbox until those seconds are over. Taking it back removes it there, changes the state and lets
go of its ask in one unit; once the mail is being offered to the next hop, or its time has come, it is too late. The
hold is as it came in; what was about to go out is handed back, so that one can go on from there. IO through ports.
"""

from dataclasses import dataclass

from gateway.asks.ask import AskState
from gateway.flows.step import Changed, Lost, TooLate, known, stepping, too_late
from gateway.holds.hold import Wording
from gateway.holds.lifecycle import HoldAction, next_state
from gateway.holds.recipients import taken_off
from gateway.mail.envelope import Path
from gateway.ports import House


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone(Changed):
    """The mail is held again; `wording`: how it was about to go out, None where that is not known; `off`: who had been
    taken off."""

    wording: Wording | None
    off: tuple[Path, ...]


async def undo(house: House, hold_id: str, *, actor: str) -> Undone | TooLate:
    """Take a release back; the mail is held as before. Raises KeyError for an unknown id, GatewayError when nothing
    was done."""
    try:
        async with stepping(house) as steps:
            unit = steps.unit
            held = await known(unit, hold_id)
            if next_state(held.state, HoldAction.UNDO) is None:
                return TooLate(held=held)
            release = await unit.outbox.release_of(hold_id)
            wording = await unit.outbox.wording(release.id) if release else None
            if release is None or not await unit.outbox.recall(hold_id, now=house.clock()):
                return TooLate(held=held)
            if held.ask_id:
                await unit.asks.settle(held.ask_id, AskState.CANCELLED, house.clock())
            changed = await steps.take(held, HoldAction.UNDO, by=actor)
            return Undone(held=changed, wording=wording, off=taken_off(held.rcpt_to, release.rcpt_to))
    except Lost:
        return await too_late(house, hold_id)
