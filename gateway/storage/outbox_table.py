"""Mail of ours that must go out: `ports.Outbox` on a transaction. IO: the database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, or_, select, update

from gateway.holds.hold import OutgoingMail, Wording
from gateway.mail.envelope import Path
from gateway.storage.pieces import load_pieces, store_pieces
from gateway.storage.rows import outgoing_of, outgoing_row, paths_document
from gateway.storage.tables import outbox, outbox_bytes, outbox_wordings
from gateway.storage.transaction import Transaction

_SAME = timedelta(seconds=1)  # clocks no further apart are not told apart


def node_clock() -> datetime:
    """The time by this node's clock."""
    return datetime.now(UTC)


class OutboxRows:
    """`ports.Outbox`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def put(self, mail: OutgoingMail, wording: Wording | None = None) -> None:
        """See the port."""
        await self._transaction.write(insert(outbox), [outgoing_row(mail) | {"leased_until": None}])
        await store_pieces(self._transaction, outbox_bytes, mail.id, mail.raw)
        if wording:
            row = {"owner": mail.id, "subject": wording.subject, "text": wording.text}
            await self._transaction.write(insert(outbox_wordings), [row])

    async def lease(self, *, now: datetime, until: datetime, limit: int) -> list[OutgoingMail]:
        """See the port. Longest due first."""
        behind = await self._behind()
        free = or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= now + behind)
        due = select(outbox).where(outbox.c.due <= now, free).order_by(outbox.c.due, outbox.c.id).limit(limit)
        rows = await self._transaction.rows(due.with_for_update(skip_locked=True))
        if not rows:
            return []
        taken = outbox.c.id.in_([row["id"] for row in rows])
        await self._transaction.write(update(outbox).where(taken).values(leased_until=until + behind))
        return [outgoing_of(row) for row in rows]

    async def _behind(self) -> timedelta:
        """By how much this node's clock is behind the database's, by which all nodes measure their leases; none where
        it may be the time the answer took."""
        before = node_clock()
        now = await self._transaction.time()
        after = node_clock()
        if now is None or before - _SAME <= now <= after + _SAME:
            return timedelta(0)
        return now - after

    async def raw(self, mail_id: str) -> bytes:
        """See the port."""
        raw = await load_pieces(self._transaction, outbox_bytes, mail_id)
        if raw is None:
            raise KeyError(mail_id)
        return raw

    async def release_of(self, hold_id: str) -> OutgoingMail | None:
        """See the port."""
        release = select(outbox).where(outbox.c.hold_id == hold_id, outbox.c.kind == "release").limit(1)
        rows = await self._transaction.rows(release)
        return outgoing_of(rows[0]) if rows else None

    async def wording(self, mail_id: str) -> Wording | None:
        """See the port."""
        rows = await self._transaction.rows(select(outbox_wordings).where(outbox_wordings.c.owner == mail_id))
        return Wording(subject=rows[0]["subject"], text=rows[0]["text"]) if rows else None

    async def recall(self, hold_id: str, *, now: datetime) -> bool:
        """See the port. A lease under way has the row; it is looked at again when that is over."""
        await self._transaction.alone()
        release = (outbox.c.hold_id == hold_id, outbox.c.kind == "release")
        untouched = (outbox.c.leased_until.is_(None), outbox.c.attempts == 0, outbox.c.due > now)
        return await self._transaction.write(delete(outbox).where(*release, *untouched)) == 1

    async def done(self, mail_id: str) -> bool:
        """See the port."""
        await self._transaction.alone()
        return await self._transaction.write(delete(outbox).where(outbox.c.id == mail_id)) == 1

    async def retry(self, mail: OutgoingMail, *, due: datetime, rcpt_to: Sequence[Path]) -> bool:
        """See the port."""
        await self._transaction.alone()
        uncounted = (outbox.c.id == mail.id, outbox.c.attempts == mail.attempts)
        again = {"attempts": mail.attempts + 1, "leased_until": None, "due": due, "rcpt_to": paths_document(rcpt_to)}
        return await self._transaction.write(update(outbox).where(*uncounted).values(again)) == 1
