"""Disputing: the sender says that a hold is a mistake, and compliance decides.

Granting is `release(..., decision=True)`; upholding leads back to HELD, so that the sender may still revise, and tells
the sender in the same unit. IO through ports.
"""

from gateway.flows.notify import About, enveloped, unanswerable
from gateway.flows.step import Changed, Lost, TooLate, known, take, too_late
from gateway.holds.lifecycle import HoldAction
from gateway.holds.notices import upheld_notice
from gateway.mail.message import walk
from gateway.ports import House


async def dispute(house: House, hold_id: str, *, reason: str, actor: str) -> Changed | TooLate:
    """Put the mail before compliance. Raises KeyError for an unknown id, GatewayError when nothing was done."""
    try:
        async with house.store.begin() as unit:
            held = await known(unit, hold_id)
            return Changed(held=await take(house, unit, held, HoldAction.DISPUTE, by=actor, note=reason))
    except Lost:
        return await too_late(house, hold_id)


async def uphold(house: House, hold_id: str, *, note: str, actor: str) -> Changed | TooLate:
    """Compliance: the hold stands. `note` is what the sender is told. Raises as `dispute` does."""
    try:
        async with house.store.begin() as unit:
            held = await known(unit, hold_id)
            changed = await take(house, unit, held, HoldAction.UPHOLD, by=actor, note=note)
            if not unanswerable(walk(await unit.holds.raw(hold_id)), held.mail_from):
                notice = upheld_notice(changed, house.pack, note, now=house.clock())
                about = About(mail_id=held.id, sender=held.mail_from, hold_id=held.id)
                await unit.outbox.put(enveloped(house, notice, about))
            return Changed(held=changed)
    except Lost:
        return await too_late(house, hold_id)
