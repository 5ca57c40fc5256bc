"""The time of a mail: which of its headers is believed."""

from datetime import UTC, datetime

import pytest

from gateway.mail.message import walk
from gateway.replay.moment import moment

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DATE = "Date: Mon, 03 Mar 2025 10:00:00 +0100"
RECEIVED = "Received: from a by b; Mon, 03 Mar 2025 09:00:07 +0000"
LATER = "Received: from b by c; Tue, 04 Mar 2025 09:00:07 +0000"


def told(*headers: str) -> tuple[datetime | None, str]:
    """The moment of a mail with these headers."""
    return moment(walk("\r\n".join([*headers, "", "x"]).encode()), NOW)


def test_the_authors_date_counts() -> None:
    """In UTC."""
    assert told(LATER, RECEIVED, DATE) == (datetime(2025, 3, 3, 9, tzinfo=UTC), "date")
    assert told("Date: 3 Mar 97 10:00 EST") == (datetime(1997, 3, 3, 15, tzinfo=UTC), "date")


@pytest.mark.parametrize(
    "date",
    [
        "Date: soon",
        "Date:",
        "Date: Thu, 01 Jan 1970 00:00:00 +0000",
        "Date: Mon, 03 Mar 2031 10:00:00 +0000",
        "Date: Mon, 03 Mar 2024 10:00:00 +0000",
        "Date: Mon, 99 Mar 2025 10:00:00 +0000",
        "Date: Mon, 03 Mar 99999 10:00:00 +0000",
        "Subject: none",
    ],
)
def test_the_first_received_line_stands_in_for_an_odd_date(date: str) -> None:
    """Unreadable, from before mail, from the future, or a year away: the oldest hop's clock counts."""
    assert told(LATER, RECEIVED, date) == (datetime(2025, 3, 3, 9, 0, 7, tzinfo=UTC), "received")


def test_a_mail_without_any_time_has_none() -> None:
    """Nothing is made up."""
    assert told("Subject: none") == (None, "")
    assert told("Date: soon", "Received: from a by b; later") == (None, "")
