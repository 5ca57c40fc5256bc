"""One step in the life of a held mail: changed by whoever is first, on record before anybody can see it.

Compare-and-set through the lifecycle table; who comes too late learns what happened, when and by whom. A step that was
recorded and whose unit then fails is taken back on record. IO: one unit of the store and the audit, through ports.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from gateway.audit.events import HoldChanged, StepUndone
from gateway.errors import AuditUnavailable, NoSpace
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldAction, HoldState
from gateway.mail.envelope import Path
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The steps of one unit; `taken` are their records."""

    house: House
    unit: Unit
    taken: list[HoldChanged] = field(default_factory=list)

    async def take(
        self,
        held: HeldMail,
        action: HoldAction,
        *,
        by: str,
        note: str = "",
        ask_id: str = "",
        rcpt_to: Sequence[Path] = (),
    ) -> HeldMail:
        """Take a step. Its record is durable before the unit commits: no effect without a record. Raises Lost, which
        must leave the unit's block and so undo it."""
        now = self.house.clock()
        changed = await self.unit.holds.change(held, action, at=now, by=by, note=note, ask_id=ask_id, rcpt_to=rcpt_to)
        if changed is None:
            raise Lost
        record = step_record(held, changed, action, at=now, by=by, note=note)
        self.taken.append(record)  # first, for a record whose writing is broken off may be durable
        try:
            await self.house.audit.record(record)
        except AuditUnavailable:
            self.taken.remove(record)
            raise
        return changed


@asynccontextmanager
async def stepping(house: House) -> AsyncIterator[Steps]:
    """A unit of the store for steps. When it fails, whatever the reason, the audit is told of each step on record."""
    taken: list[HoldChanged] = []
    ended = False
    try:
        async with house.store.begin() as unit:
            yield Steps(house=house, unit=unit, taken=taken)
            ended = True
    except BaseException as error:
        outcome = "unknown" if ended and unanswered(error) else "undone"
        for record in taken:
            house.audit.note(_undone(record, outcome, house.clock()))
        raise


def unanswered(error: BaseException) -> bool:
    """Did a commit that ended in this error perhaps take place? All but a full disk may be an answer that was lost."""
    return not isinstance(error, NoSpace)


def _undone(record: HoldChanged, outcome: str, at: datetime) -> StepUndone:
    return StepUndone(
        mail_id=record.mail_id,
        at=at,
        hold_id=record.hold_id,
        step=record.step,
        before=record.before,
        after=record.after,
        actor=record.actor,
        outcome=outcome,
    )


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
