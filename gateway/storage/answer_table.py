"""Answers to notices that were taken: `ports.AnswerTable` on a transaction. IO: the database."""

from datetime import datetime

from sqlalchemy import func, insert, select

from gateway.storage.tables import answers
from gateway.storage.transaction import Transaction


class AnswerRows:
    """`ports.AnswerTable`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, hold_id: str, mark: str, at: datetime) -> bool:
        """See the port."""
        await self._transaction.alone()
        known = select(answers.c.mark).where(answers.c.hold_id == hold_id, answers.c.mark == mark)
        if await self._transaction.rows(known):
            return False
        await self._transaction.write(insert(answers), [{"hold_id": hold_id, "mark": mark, "at": at}])
        return True

    async def since(self, hold_id: str, at: datetime) -> int:
        """See the port."""
        query = select(func.count().label("count")).where(answers.c.hold_id == hold_id, answers.c.at > at)
        return int((await self._transaction.rows(query))[0]["count"])
