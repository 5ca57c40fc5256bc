"""The life of a held mail, as one table. *Pure.*

A held mail is revised and judged again, and goes out (SENDING, SENT); or its sender sends it in spite of a rule that
allows that, with a reason on record (OVERRIDE); or it is withdrawn by its sender, or expires and goes back to its
sender; or the sender disputes the hold and compliance releases it or upholds it; or its sender sends a corrected mail
afresh, and once that is delivered the held one is closed (SUPERSEDED): while it is HELD only, for a dispute waits for a
decision. For some seconds, while nothing of it has been offered to the next hop, the sender can take what is SENDING
back to HELD (UNDO). What the next hop refuses for good comes back as a bounce (FAILED). There is no other way through.
"""

from enum import StrEnum


class HoldState(StrEnum):
    """Where a held mail is in its life."""

    HELD = "held"
    DISPUTED = "disputed"
    SENDING = "sending"
    SENT = "sent"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    FAILED = "failed"


class HoldAction(StrEnum):
    """What can be done to it."""

    RELEASE = "release"  # the sender sends the revision that passed, or compliance grants the dispute
    OVERRIDE = "override"  # the sender sends in spite of rules that allow it, with a reason on record
    UNDO = "undo"  # the sender takes a release back before anything of it went out
    WITHDRAW = "withdraw"
    DISPUTE = "dispute"
    UPHOLD = "uphold"  # compliance: the hold stands, the sender may still revise
    EXPIRE = "expire"
    SUPERSEDE = "supersede"  # a corrected mail of the same sender was delivered
    DELIVERED = "delivered"  # the next hop's 250
    REFUSED = "refused"  # the next hop's 5yz, or retries exhausted


LIFECYCLE: dict[tuple[HoldState, HoldAction], HoldState] = {
    (HoldState.HELD, HoldAction.RELEASE): HoldState.SENDING,
    (HoldState.HELD, HoldAction.OVERRIDE): HoldState.SENDING,
    (HoldState.HELD, HoldAction.WITHDRAW): HoldState.WITHDRAWN,
    (HoldState.HELD, HoldAction.DISPUTE): HoldState.DISPUTED,
    (HoldState.HELD, HoldAction.EXPIRE): HoldState.EXPIRED,
    (HoldState.HELD, HoldAction.SUPERSEDE): HoldState.SUPERSEDED,
    (HoldState.DISPUTED, HoldAction.RELEASE): HoldState.SENDING,
    (HoldState.DISPUTED, HoldAction.UPHOLD): HoldState.HELD,
    (HoldState.DISPUTED, HoldAction.WITHDRAW): HoldState.WITHDRAWN,
    (HoldState.SENDING, HoldAction.UNDO): HoldState.HELD,
    (HoldState.SENDING, HoldAction.DELIVERED): HoldState.SENT,
    (HoldState.SENDING, HoldAction.REFUSED): HoldState.FAILED,
}

TERMINAL = frozenset({HoldState.SENT, HoldState.WITHDRAWN, HoldState.EXPIRED, HoldState.SUPERSEDED, HoldState.FAILED})


def next_state(state: HoldState, action: HoldAction) -> HoldState | None:
    """Where `action` leads from `state`; None when the table does not allow it."""
    return LIFECYCLE.get((state, action))
