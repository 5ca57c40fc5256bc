"""Forgetting: mails that have ended and asks whose window is over are deleted, some at a time. What was decided stays
in the audit, which holds no words of mail (GDPR art. 5(1)(e): no longer than necessary). IO through ports.
"""

from datetime import timedelta

from gateway.ports import House

AT_ONCE = 50  # rows in one unit, mails of many megabytes among them
_ROUNDS = 20  # units in one go; what is left waits for the next


async def forget_old(house: House) -> tuple[int, int]:
    """How many mails and how many asks were deleted. Raises GatewayError."""
    settings, now = house.settings, house.clock()
    mails = asks = 0
    for _ in range(_ROUNDS):
        async with house.store.begin() as unit:
            gone = 0
            if settings.holds.keep_days:
                gone = await unit.holds.forget(now - timedelta(days=settings.holds.keep_days), limit=AT_ONCE)
            over = await unit.asks.forget(now - timedelta(days=settings.memory.window_days), limit=AT_ONCE)
        mails, asks = mails + gone, asks + over
        if max(gone, over) < AT_ONCE:
            break
    return mails, asks
