"""Held mails: `ports.HoldTable` on a transaction. IO: the database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update

from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import TERMINAL, HoldAction, HoldState, next_state
from gateway.mail.envelope import Path
from gateway.storage.pieces import load_pieces, store_pieces
from gateway.storage.rows import hold_of, hold_row, paths_document
from gateway.storage.tables import hold_bytes, holds
from gateway.storage.transaction import Transaction


class HoldRows:
    """`ports.HoldTable`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, held: HeldMail, raw: bytes) -> None:
        """See the port. A `size` of 0 is taken from the bytes."""
        row = hold_row(held) | {"size": held.size or len(raw)}
        await self._transaction.write(insert(holds), [row])
        await store_pieces(self._transaction, hold_bytes, held.id, raw)

    async def get(self, hold_id: str) -> HeldMail | None:
        """See the port."""
        return await self._one(select(holds).where(holds.c.id == hold_id))

    async def raw(self, hold_id: str) -> bytes:
        """See the port."""
        found = await load_pieces(self._transaction, hold_bytes, hold_id)
        if found is None:
            raise KeyError(hold_id)
        return found

    async def by_token(self, token_hash: str) -> HeldMail | None:
        """The held mail whose link's secret has this hash."""
        return await self._one(select(holds).where(holds.c.token_hash == token_hash))

    async def by_fingerprint(self, fingerprint: str) -> HeldMail | None:
        """See the port."""
        await self._transaction.alone()
        query = select(holds).where(holds.c.fingerprint == fingerprint)
        return await self._one(query.order_by(holds.c.held_at.desc(), holds.c.id.desc()))

    async def find(
        self,
        *,
        states: Sequence[HoldState] = (),
        expires_before: datetime | None = None,
        sender: str | None = None,
        told_since: datetime | None = None,
        untold: bool = False,
        unreminded: bool = False,
        newest_first: bool = False,
        limit: int = 100,
    ) -> list[HeldMail]:
        """See the port."""
        order = (holds.c.held_at.desc(), holds.c.id.desc()) if newest_first else (holds.c.held_at, holds.c.id)
        query = select(holds).order_by(*order).limit(limit)
        if sender is not None:
            query = query.where(holds.c.sender == sender)
        if told_since is not None:
            query = query.where(holds.c.told_at > told_since)
        if untold:
            query = query.where(holds.c.told_at.is_(None))
        if unreminded:
            query = query.where(holds.c.reminded_at.is_(None))
        if states:
            query = query.where(holds.c.state.in_([state.value for state in states]))
        if expires_before is not None:
            query = query.where(holds.c.expires_at < expires_before)
        return [hold_of(row) for row in await self._transaction.rows(query)]

    async def change(
        self,
        held: HeldMail,
        action: HoldAction,
        *,
        at: datetime,
        by: str,
        note: str = "",
        ask_id: str = "",
        rcpt_to: Sequence[Path] = (),
    ) -> HeldMail | None:
        """See the port."""
        state = next_state(held.state, action)
        if state is None:
            return None
        changed = replace(
            held,
            state=state,
            changed_at=at,
            changed_by=by,
            note=note or (held.note if action is HoldAction.DELIVERED else ""),
            ask_id=ask_id or held.ask_id,
            rcpt_to=tuple(rcpt_to) or held.rcpt_to,
        )
        fields: dict[str, Any] = {"state": state.value, "changed_at": at, "changed_by": by}
        if rcpt_to:
            fields["rcpt_to"] = paths_document(rcpt_to)
        return await self._set(held, changed, fields | {"note": changed.note, "ask_id": changed.ask_id})

    async def add_recipients(self, held: HeldMail, rcpt_to: Sequence[Path]) -> HeldMail | None:
        """See the port. Recipients already there, spelled alike, stay as they are; the others come behind them."""
        await self._transaction.alone()
        now = await self.get(held.id)
        if now is None or now.state is not HoldState.HELD:
            return None
        there = {path.text for path in now.rcpt_to}
        added = tuple({path.text: path for path in rcpt_to if path.text not in there}.values())
        if not added:
            return now
        changed = replace(now, rcpt_to=now.rcpt_to + added)
        return await self._set(now, changed, {"rcpt_to": paths_document(changed.rcpt_to)})

    async def note(
        self, held: HeldMail, *, told_at: datetime | None = None, reminded_at: datetime | None = None
    ) -> HeldMail | None:
        """See the port."""
        changed = replace(held, told_at=told_at or held.told_at, reminded_at=reminded_at or held.reminded_at)
        return await self._set(held, changed, {"told_at": changed.told_at, "reminded_at": changed.reminded_at})

    async def senders(self, state: HoldState) -> frozenset[str]:
        """See the port."""
        query = select(holds.c.sender).where(holds.c.state == state.value).distinct()
        return frozenset(row["sender"] for row in await self._transaction.rows(query))

    async def stored_bytes(self) -> int:
        """See the port."""
        waiting = holds.c.state.not_in(sorted(state.value for state in TERMINAL))
        query = select(func.coalesce(func.sum(holds.c.size), 0).label("size")).where(waiting)
        return int((await self._transaction.rows(query))[0]["size"])

    async def forget(self, before: datetime, *, limit: int) -> int:
        """See the port. What hangs on a row goes with it."""
        await self._transaction.alone()
        ended = holds.c.state.in_(sorted(state.value for state in TERMINAL))
        old = select(holds.c.id).where(ended, holds.c.changed_at < before).order_by(holds.c.changed_at).limit(limit)
        found = [row["id"] for row in await self._transaction.rows(old)]
        return await self._transaction.write(delete(holds).where(holds.c.id.in_(found))) if found else 0

    async def _one(self, query: Select[Any]) -> HeldMail | None:
        rows = await self._transaction.rows(query.limit(1))
        return hold_of(rows[0]) if rows else None

    async def _set(self, before: HeldMail, after: HeldMail, values: dict[str, Any]) -> HeldMail | None:
        """Compare-and-set: nobody else may have changed it since `before` was read."""
        await self._transaction.alone()
        unchanged = (holds.c.id == before.id, holds.c.state == before.state.value, holds.c.version == before.version)
        version = before.version + 1
        done = await self._transaction.write(update(holds).where(*unchanged).values(**values, version=version))
        return replace(after, version=version) if done == 1 else None
