"""Mail of an archive in the order of its time, weighed with memory: the second half of the receive flow, told again.

Takes what the workers saw; gives for each mail what each policy does with it. Nothing is written: the memory is this
process's own. IO: the directory, through its port.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import cast

from gateway.asks.ask import AskState
from gateway.asks.history import AskHistory
from gateway.disposition import Hold, Reject
from gateway.flows.assess import Assessment, Heard, conclude, recall
from gateway.mail.audience import Audience
from gateway.mail.envelope import Path
from gateway.mail.text import MessageText
from gateway.ports import House, Unit
from gateway.replay.memory import MemoryAsks
from gateway.replay.seen import Said, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """One mail at its time, and what became of it under each policy (empty: nothing relevant, relayed)."""

    seen: Seen
    at: datetime
    found: tuple[Assessment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    """A unit of nothing but asks; nothing else of it is used."""

    asks: MemoryAsks


def in_order(mails: Iterable[Seen]) -> tuple[list[Seen], int]:
    """Each mail once, in the order of time, and how many copies were left out. A mail without a time follows the one
    before it in the archive. Of several copies the one that names most recipients stands for all, since a copy in a
    sent folder also names the hidden ones; it is as old as the oldest."""
    once: dict[str, Seen] = {}
    copies, last = 0, 0.0
    for seen in mails:
        last = seen.at if seen.at is not None else last
        seen = seen if seen.at is not None else replace(seen, at=last)
        known = once.get(seen.mark)
        if known is None:
            once[seen.mark] = seen
            continue
        copies += 1
        once[seen.mark] = _joined(known, seen)
    return sorted(once.values(), key=lambda seen: (seen.at or 0.0, seen.mark)), copies


def _joined(one: Seen, other: Seen) -> Seen:
    fuller = other if (other.internal, len(other.to)) > (one.internal, len(one.to)) else one
    return replace(
        fuller,
        at=min(one.at or 0.0, other.at or 0.0),
        people=tuple(dict.fromkeys((*fuller.people, *one.people, *other.people))),
    )


async def weighed(houses: Sequence[House], mails: Iterable[Seen]) -> "list[Weighed]":
    """Every mail weighed, oldest first; each policy has a memory of its own."""
    units = [cast("Unit", _Unit(asks=MemoryAsks())) for _ in houses]
    found = []
    for seen in mails:
        at = datetime.fromtimestamp(seen.at or 0.0, UTC)
        judged = [
            await _weighed(house, unit, seen, said, at)
            for house, unit, said in zip(houses, units, seen.said, strict=False)
        ]
        found.append(Weighed(seen=seen, at=at, found=tuple(judged)))
    return found


async def _weighed(house: House, unit: Unit, seen: Seen, said: Said, at: datetime) -> Assessment:
    """As `flows.receive` has it: what passes counts as asked, what is held does not."""
    heard = _heard(house, seen, said)
    if heard.plain:
        return conclude(house, heard, AskHistory(), None)
    history, ask = await recall(
        house,
        heard,
        sender=Path(text=seen.sender),
        fingerprint=seen.mark,
        now=at,
        unit=unit,
        reserve=True,
        ask_id=seen.mark,
    )
    found = conclude(house, heard, history, ask)
    if not ask or isinstance(found.disposition, Hold | Reject):
        return found
    await unit.asks.settle(history.reserved or await unit.asks.insist(ask), AskState.CONFIRMED, at)
    return found


def _heard(house: House, seen: Seen, said: Said) -> Heard:
    return Heard(
        text=MessageText(subject=seen.subject, text="", blocks=(), unjudgeable=seen.unjudged),
        audience=Audience(unresolved=seen.people),
        verdict=said.verdict,
        exemptions=tuple(one for one in house.exemptions if one.id in said.exempt),
        excused=said.excused,
    )
