"""To whom a mail goes that is on its way: its hold keeps everybody it was written to, for it may be held again; the
outbox has those who stay on it. IO: reads through ports.
"""

from dataclasses import replace

from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldState
from gateway.holds.recipients import taken_off
from gateway.mail.envelope import Path
from gateway.ports import Unit


async def as_it_goes(unit: Unit, held: HeldMail) -> tuple[HeldMail, tuple[Path, ...]]:
    """The mail with those recipients alone to whom it goes, and who was taken off, as far as that is still known. One
    that left the outbox meanwhile comes as it stands now."""
    if held.state is not HoldState.SENDING:
        return held, ()
    release = await unit.outbox.release_of(held.id)  # before the hold: both change in one unit
    if release is None:
        return await unit.holds.get(held.id) or held, ()
    return replace(held, rcpt_to=release.rcpt_to), taken_off(held.rcpt_to, release.rcpt_to)
