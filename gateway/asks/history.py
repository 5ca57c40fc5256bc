"""Was it asked before? The window, the scope and the answer. *Pure.*"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.asks.ask import Ask, AskKey


@dataclass(frozen=True, slots=True, kw_only=True)
class AskHistory:
    """`earlier`: asks inside the window that share a key, oldest first; `new`: keys nobody asked for yet;
    `reserved`: the id of the ask that was reserved (or found again, for a retransmission), "" when `earlier`."""

    earlier: tuple[Ask, ...] = ()
    new: frozenset[AskKey] = frozenset()
    reserved: str = ""

    @property
    def repeated(self) -> bool:
        """True when at least one person was already asked for this favour."""
        return bool(self.earlier)


def window_start(now: datetime, days: int) -> datetime:
    """The first instant that is still inside the window: day `days` counts whole (UTC days)."""
    return (now - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
