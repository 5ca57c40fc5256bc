"""Telling: holds whose notice waited for the quiet time, and those that will soon go back to their senders.

One mail to each mailbox for all of its own. What is told is marked in the same unit, so nobody is told twice. IO
through ports.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from gateway.errors import GatewayError
from gateway.flows.notify import answerable, digest_mail, held_mail_notice, reminder_mail
from gateway.flows.step import Lost
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldState
from gateway.ports import House, Unit

_MOST = 500  # holds looked at in one beat

log = structlog.get_logger(__name__)


async def tell_due(house: House) -> int:
    """Tell each sender whose quiet time is over of what was held meanwhile; how many holds. Raises GatewayError."""
    async with house.store.begin(write=False) as unit:
        waiting = await unit.holds.find(states=(HoldState.HELD,), untold=True, limit=_MOST)
    return sum([await _told(house, sender) for sender in dict.fromkeys(held.sender for held in waiting)])


async def remind_due(house: House) -> int:
    """Remind each sender of what goes back within `holds.remind_hours`; how many holds. Raises GatewayError."""
    ahead = timedelta(hours=house.settings.holds.remind_hours)
    if not ahead or ahead >= timedelta(days=house.settings.holds.expire_days):
        return 0  # a reminder would come with the notice itself
    due = house.clock() + ahead
    async with house.store.begin(write=False) as unit:
        soon = await unit.holds.find(states=(HoldState.HELD,), expires_before=due, unreminded=True, limit=_MOST)
    return sum([await _reminded(house, sender, due) for sender in dict.fromkeys(held.sender for held in soon)])


async def _told(house: House, sender: str) -> int:
    now = house.clock()
    quiet = timedelta(seconds=house.settings.holds.digest_seconds)
    try:
        async with house.store.begin() as unit:
            if quiet and await unit.holds.find(sender=sender, told_since=now - quiet, limit=1):
                return 0
            waiting = await unit.holds.find(states=(HoldState.HELD,), sender=sender, untold=True, limit=_MOST)
            told = [await _noted(unit, held, told_at=now) for held in waiting]
            for mails in _by_mailbox(told):
                if len(mails) == 1:
                    raw = await unit.holds.raw(mails[0].id)
                    await unit.outbox.put(held_mail_notice(house, mails[0], raw))
                else:
                    await unit.outbox.put(digest_mail(house, mails))
            return len(told)
    except Lost:
        return 0  # another node was faster


async def _reminded(house: House, sender: str, due: datetime) -> int:
    """The reminder; a mail nobody may be answered about is marked all the same, and not looked at again."""
    now = house.clock()
    try:
        async with house.store.begin() as unit:
            soon = await unit.holds.find(
                states=(HoldState.HELD,), sender=sender, expires_before=due, unreminded=True, limit=_MOST
            )
            noted = [await _noted(unit, held, reminded_at=now) for held in soon if held.expires_at > now]
            told = [held for held in noted if await answerable(unit, held)]
            for mails in _by_mailbox(told):
                if len(mails) == 1:
                    raw = await unit.holds.raw(mails[0].id)
                    await unit.outbox.put(reminder_mail(house, mails[0], raw))
                else:
                    await unit.outbox.put(digest_mail(house, mails, reminding=True))
            return len(told)
    except Lost:
        return 0
    except GatewayError:
        raise
    except Exception as error:
        log.error("reminder cannot be written", error=type(error).__name__)
        return 0


def _by_mailbox(held: Iterable[HeldMail]) -> Iterable[list[HeldMail]]:
    """Gathered by the mailbox as written: who only compares as the sender gets none of their links."""
    gathered: dict[str, list[HeldMail]] = {}
    for one in held:
        gathered.setdefault(one.mail_from.text, []).append(one)
    return gathered.values()


async def _noted(
    unit: Unit, held: HeldMail, *, told_at: datetime | None = None, reminded_at: datetime | None = None
) -> HeldMail:
    changed = await unit.holds.note(held, told_at=told_at, reminded_at=reminded_at)
    if changed is None:
        raise Lost
    return changed
