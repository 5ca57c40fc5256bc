"""When a mail of an archive was sent, as far as its header can be believed. *Pure.*

RFC 5322 section 3.3, RFC 5321 section 4.4.

The author's Date counts, unless it is missing, unreadable, from before there was mail, from the future, or far away
from what the first server wrote into its Received line; then that line counts.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

from gateway.mail.message import Message

EARLIEST = datetime(1982, 8, 13, tzinfo=UTC)  # RFC 822
FAR = timedelta(days=2)  # between Date and the first Received line: more than a night in an outbox and a wrong zone


def moment(message: Message, now: datetime) -> tuple[datetime | None, str]:
    """The time, UTC, and where it is from: "date", "received", or None and "" when nothing can be believed."""
    written = _believed(parsed(message.header("date")), now)
    received = _first_received((value for name, value in message.headers if name == "received"), now)
    if written and (received is None or abs(written - received) <= FAR):
        return written, "date"
    if received:
        return received, "received"
    return None, ""


def parsed(text: str) -> datetime | None:
    """A date as RFC 5322 has it, its obsolete forms included, UTC; None for anything else."""
    try:
        fields = parsedate_tz(text[:200])
        if fields is None:
            return None
        year, month, day, hour, minute, second, *_, offset = fields
        at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        return at - timedelta(seconds=offset or 0)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _first_received(lines: Iterable[str], now: datetime) -> datetime | None:
    """The oldest Received line stands at the bottom; a broken one gives way to the next above."""
    for line in reversed(list(lines)):
        at = _believed(parsed(line.rpartition(";")[2].strip()), now)
        if at:
            return at
    return None


def _believed(at: datetime | None, now: datetime) -> datetime | None:
    return at if at and EARLIEST <= at <= now + timedelta(days=1) else None
