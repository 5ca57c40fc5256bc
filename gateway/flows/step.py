"""One step in the life of a held mail: changed by whoever is first, on record before anybody can see it.

Compare-and-set through the lifecycle table; who comes too late learns what happened, when and by whom. IO: one unit of
the store and the audit, through ports.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.audit.events import HoldChanged
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldAction, HoldState
from gateway.ports import House, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The step was taken; `held` as it is now."""

    held: HeldMail

    @property
    def state(self) -> HoldState:
        """Where the mail is now."""
        return self.held.state


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLate:
    """Somebody was faster, or the lifecycle has no such step; `held` says what happened, when and by whom."""

    held: HeldMail

    @property
    def state(self) -> HoldState:
        """Where the mail is now."""
        return self.held.state


Along = Callable[[Unit], Awaitable[None]]  # what else belongs into the unit of a step


async def nothing(unit: Unit) -> None:
    """Nothing else."""


class Lost(Exception):
    """Raised inside a unit to undo it when the compare-and-set failed."""


async def take(
    house: House, unit: Unit, held: HeldMail, action: HoldAction, *, by: str, note: str = "", ask_id: str = ""
) -> HeldMail:
    """Take a step inside the caller's unit. Its record is durable before the unit commits: no effect without a record.
    Raises Lost, which must leave the unit's block and so undo it."""
    now = house.clock()
    changed = await unit.holds.change(held, action, at=now, by=by, note=note, ask_id=ask_id)
    if changed is None:
        raise Lost
    await house.audit.record(step_record(held, changed, action, at=now, by=by, note=note))
    return changed


def step_record(
    held: HeldMail, changed: HeldMail, action: HoldAction, *, at: datetime, by: str, note: str = ""
) -> HoldChanged:
    """The record of a step from `held` to `changed`."""
    return HoldChanged(
        mail_id=held.id,
        at=at,
        hold_id=held.id,
        step=action.value,
        before=held.state.value,
        after=changed.state.value,
        actor=by,
        note=note,
    )


async def known(unit: Unit, hold_id: str) -> HeldMail:
    """The held mail. Raises KeyError for an unknown id."""
    held = await unit.holds.get(hold_id)
    if held is None:
        raise KeyError(hold_id)
    return held


async def too_late(house: House, hold_id: str) -> TooLate:
    """What the one who came too late is told."""
    async with house.store.begin(write=False) as unit:
        return TooLate(held=await known(unit, hold_id))
