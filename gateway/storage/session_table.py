"""Who is signed in: `ports.SessionTable` on a transaction. IO: the database."""

from datetime import datetime

from sqlalchemy import delete, insert, select

from gateway.storage.tables import sessions
from gateway.storage.transaction import Transaction


class SessionRows:
    """`ports.SessionTable`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def open(self, mark: str, address: str, *, now: datetime, until: datetime) -> None:
        """See the port."""
        await self._transaction.alone()
        await self._transaction.write(delete(sessions).where(sessions.c.until <= now))
        await self._transaction.write(insert(sessions), [{"mark": mark, "address": address, "until": until}])

    async def who(self, mark: str, *, now: datetime) -> str:
        """See the port."""
        query = select(sessions.c.address).where(sessions.c.mark == mark, sessions.c.until > now)
        found = await self._transaction.rows(query)
        return str(found[0]["address"]) if found else ""

    async def end(self, mark: str) -> None:
        """See the port."""
        await self._transaction.write(delete(sessions).where(sessions.c.mark == mark))
