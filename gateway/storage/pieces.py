"""The bytes of mails, stored in pieces of 1 MiB in a table of their own. IO: the database, through a transaction."""

from collections.abc import Sequence

from sqlalchemy import Table, insert, select

from gateway.storage.transaction import Transaction

PIECE = 1024 * 1024  # bytes; each statement stays well inside its time limit


async def store_pieces(transaction: Transaction, table: Table, owner: str, raw: bytes) -> None:
    """Write the bytes of `owner`; an empty mail has one empty piece."""
    view = memoryview(raw)
    for position in range(max(1, -(-len(raw) // PIECE))):
        piece = bytes(view[position * PIECE : (position + 1) * PIECE])
        await transaction.write(insert(table), [{"owner": owner, "position": position, "piece": piece}])


async def load_pieces(transaction: Transaction, table: Table, owner: str) -> bytes | None:
    """The bytes of `owner`, None when there are none."""
    query = select(table.c.position).where(table.c.owner == owner).order_by(table.c.position)
    positions: Sequence[int] = [row["position"] for row in await transaction.rows(query)]
    if not positions:
        return None
    whole = bytearray()
    for position in positions:
        piece = select(table.c.piece).where(table.c.owner == owner, table.c.position == position)
        whole += (await transaction.rows(piece))[0]["piece"]
    return bytes(whole)
