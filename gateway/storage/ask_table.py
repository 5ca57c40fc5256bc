"""The memory of asks: `ports.AskTable` on a transaction. IO: the database.

Exactly one of several asks at the same instant is the first, because whoever looks in order to write is alone
(`Transaction.alone`) until its unit ends.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import ColumnElement, and_, case, delete, insert, literal, select, update

from gateway.asks.ask import Ask, AskKey, AskState
from gateway.asks.history import AskHistory
from gateway.storage.columns import Instant
from gateway.storage.rows import ask_of, ask_row, key_of
from gateway.storage.tables import ask_keys, asks
from gateway.storage.transaction import Transaction

_LIVE = asks.c.state.in_([AskState.RESERVED.value, AskState.CONFIRMED.value])
_AT_ONCE = 400  # keys or ids in one statement: well below the limits on parameters, quick to compile


class AskRows:
    """`ports.AskTable`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def reserve(self, ask: Ask, *, since: datetime, askers: frozenset[str] | None) -> AskHistory:
        """See the port."""
        await self._transaction.alone()
        history, same = await self._look(ask, since, askers)
        if history.repeated:
            return history
        if same is None:
            await self._transaction.write(insert(asks), [ask_row(ask)])
            await self._add_keys(ask.id, ask.keys)
            return AskHistory(new=ask.keys, reserved=ask.id)
        await self._add_keys(same.id, history.new)
        await self._retried(same, ask.at)
        return history

    async def insist(self, ask: Ask) -> str:
        """See the port."""
        await self._transaction.alone()
        same = await self._same(ask.fingerprint)
        if same is None:
            await self._transaction.write(insert(asks), [ask_row(ask)])
            await self._add_keys(ask.id, ask.keys)
            return ask.id
        await self._add_keys(same.id, ask.keys - same.keys)
        await self._retried(same, ask.at)
        return same.id

    async def earlier(self, ask: Ask, *, since: datetime, askers: frozenset[str] | None) -> AskHistory:
        """See the port; `reserved` is the id the ask has or would get."""
        history, same = await self._look(ask, since, askers)
        return history if history.repeated or same else AskHistory(new=ask.keys, reserved=ask.id)

    async def settle(self, ask_id: str, state: AskState, at: datetime) -> None:
        """See the port. Delivered twice, in parts, an ask counts from its last delivery; a delivery also brings back
        what was cancelled, since it is a fact. Raises ValueError for RESERVED."""
        if state is AskState.RESERVED:
            raise ValueError("an ask is settled as confirmed or cancelled")
        await self._transaction.alone()
        change = update(asks).where(asks.c.id == ask_id)
        if state is AskState.CANCELLED:
            reserved = asks.c.state == AskState.RESERVED.value
            await self._transaction.write(change.where(reserved).values(state=state.value, at=at))
            return
        again = and_(asks.c.state == AskState.CONFIRMED.value, asks.c.at > at)
        await self._transaction.write(
            change.values(state=state.value, at=case((again, asks.c.at), else_=literal(at, Instant)))
        )

    async def settle_stale(self, before: datetime) -> int:
        """See the port."""
        await self._transaction.alone()
        stale = and_(asks.c.state == AskState.RESERVED.value, asks.c.at < before)
        return await self._transaction.write(update(asks).where(stale).values(state=AskState.CANCELLED.value))

    async def forget(self, before: datetime, *, limit: int) -> int:
        """See the port."""
        await self._transaction.alone()
        settled = asks.c.state != AskState.RESERVED.value
        old = select(asks.c.id).where(settled, asks.c.at < before).order_by(asks.c.at).limit(limit)
        found = [row["id"] for row in await self._transaction.rows(old)]
        return await self._transaction.write(delete(asks).where(asks.c.id.in_(found))) if found else 0

    async def _look(self, ask: Ask, since: datetime, askers: frozenset[str] | None) -> tuple[AskHistory, Ask | None]:
        """What others asked, and the live ask that this one is a transmission of."""
        same = await self._same(ask.fingerprint)
        wanted = ask.keys - same.keys if same else ask.keys
        within = and_(_LIVE, asks.c.at >= since, asks.c.fingerprint != ask.fingerprint)
        if askers is not None:
            within = and_(within, asks.c.asker.in_(sorted(askers)))
        found = await self._sharing(wanted, within)
        if not found:
            return AskHistory(new=wanted, reserved=same.id if same else ""), same
        asked = frozenset[AskKey]().union(*(other.keys for other in found))
        return AskHistory(earlier=tuple(found), new=wanted - asked), same

    async def _same(self, fingerprint: str) -> Ask | None:
        newest = (
            select(asks.c.id)
            .where(_LIVE, asks.c.fingerprint == fingerprint)
            .order_by(asks.c.at.desc(), asks.c.id)
            .limit(1)
        )
        found = await self._load([row["id"] for row in await self._transaction.rows(newest)])
        return found[0] if found else None

    async def _sharing(self, keys: frozenset[AskKey], within: ColumnElement[bool]) -> list[Ask]:
        """Asks `within` that share one of `keys`, oldest first."""
        ids: set[str] = set()
        for wanted in _wanted(keys):
            joined = select(asks.c.id).join(ask_keys, ask_keys.c.ask_id == asks.c.id).where(wanted, within)
            ids.update(row["id"] for row in await self._transaction.rows(joined.distinct()))
        return await self._load(sorted(ids))

    async def _load(self, ids: Sequence[str]) -> list[Ask]:
        found: list[Ask] = []
        for some in _slices(ids):
            query = select(asks, ask_keys.c.favour, ask_keys.c.person).outerjoin(
                ask_keys, ask_keys.c.ask_id == asks.c.id
            )
            ordered = query.where(asks.c.id.in_(some)).order_by(asks.c.id)
            for _, rows in groupby(await self._transaction.rows(ordered), key=lambda row: row["id"]):
                several = list(rows)
                found.append(ask_of(several[0], frozenset(key_of(row) for row in several if row["favour"])))
        return sorted(found, key=lambda ask: (ask.at, ask.id))

    async def _add_keys(self, ask_id: str, keys: Iterable[AskKey]) -> None:
        rows = [{"ask_id": ask_id, "favour": key.favour.value, "person": key.person} for key in sorted(keys)]
        if rows:
            await self._transaction.write(insert(ask_keys), rows)

    async def _retried(self, ask: Ask, at: datetime) -> None:
        """A reservation that is tried again is not stale."""
        younger = and_(asks.c.id == ask.id, asks.c.state == AskState.RESERVED.value, asks.c.at < at)
        await self._transaction.write(update(asks).where(younger).values(at=at))


def _wanted(keys: Iterable[AskKey]) -> Iterator[ColumnElement[bool]]:
    for favour, group in groupby(sorted(keys), key=lambda key: key.favour):
        for people in _slices([key.person for key in group]):
            yield and_(ask_keys.c.favour == favour.value, ask_keys.c.person.in_(people))


def _slices(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
