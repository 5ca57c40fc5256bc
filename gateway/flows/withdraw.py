"""Withdrawing: the sender takes a held mail back; it reaches nobody and never counted as an ask. IO through ports."""

from gateway.flows.step import Changed, Lost, TooLate, known, take, too_late
from gateway.holds.lifecycle import HoldAction
from gateway.ports import House


async def withdraw(house: House, hold_id: str, *, actor: str) -> Changed | TooLate:
    """Take the mail back for good. Raises KeyError for an unknown id, GatewayError when nothing was done."""
    try:
        async with house.store.begin() as unit:
            held = await known(unit, hold_id)
            return Changed(held=await take(house, unit, held, HoldAction.WITHDRAW, by=actor))
    except Lost:
        return await too_late(house, hold_id)
