"""The beat: tell and remind senders, expire what is due, drain the outbox, settle asks nobody came back for, and once
an hour forget what is past keeping.

Each step is a flow; here is only when, how many at once, and that trouble with one never stops the others. Deliveries
run beside the beat, so that a slow one holds up nothing else. Any number of workers on any number of nodes may run:
leases and compare-and-set keep them apart. IO through ports.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

import structlog

from gateway.errors import GatewayError
from gateway.flows.deliver import LEASE, deliver
from gateway.flows.expire import expire_due
from gateway.flows.forget import forget_old
from gateway.flows.tell import remind_due, tell_due
from gateway.holds.hold import OutgoingMail
from gateway.holds.lifecycle import HoldState
from gateway.ports import House

_BEAT = 2.0  # seconds between two looks at the store when nothing wakes us
_AT_ONCE = 8  # deliveries; a mail is leased for a free place only, so that no lease ends before its delivery began
_FORGETTING = timedelta(hours=1)

log = structlog.get_logger(__name__)


class Worker:
    """`wake` after a release makes the next beat come at once."""

    def __init__(self, house: House, *, beat_seconds: float = _BEAT) -> None:
        self._house, self._beat_seconds = house, beat_seconds
        self._awake = asyncio.Event()
        self._stopping = False
        self._forgot: datetime | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._filling = asyncio.Lock()
        self._under_way = 0  # deliveries

    def wake(self) -> None:
        """Do not wait for the next beat."""
        self._awake.set()

    async def run(self) -> None:
        """Beat until `stop`. Never raises but for cancellation."""
        self._idle.clear()
        try:
            async with asyncio.TaskGroup() as deliveries:
                while not self._stopping:
                    self._awake.clear()
                    await self._beat(deliveries)
                    if not self._stopping:
                        await self._rest()
        finally:
            self._idle.set()

    async def stop(self) -> None:
        """End after the beat and the deliveries under way; returns when they are over."""
        self._stopping = True
        self._awake.set()
        await self._idle.wait()

    async def beat_once(self) -> None:
        """One beat; when it returns everything that was due has been offered to the next hop."""
        async with asyncio.TaskGroup() as deliveries:
            await self._beat(deliveries)

    async def _beat(self, deliveries: asyncio.TaskGroup) -> None:
        """Every step once, whatever became of the one before."""
        await self._step("expire", self._expire)
        await self._step("tell", self._tell)
        await self._step("waiting", self._publish)
        await self._step("outbox", partial(self._fill, deliveries))
        await self._step("asks", self._settle)
        await self._step("forget", self._forget)

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._beat_seconds):
                await self._awake.wait()

    async def _step(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except GatewayError as error:
            log.warning("beat step put off", step=name, error=type(error).__name__)
        except Exception:
            log.exception("beat step failed", step=name)

    async def _expire(self) -> None:
        count = await expire_due(self._house)
        if count:
            log.info("holds expired", count=count)

    async def _tell(self) -> None:
        await tell_due(self._house)
        await remind_due(self._house)

    async def _publish(self) -> None:
        """SMTP processes learn whose mail is held, so that a corrected one is noticed."""
        async with self._house.store.begin(write=False) as unit:
            senders = await unit.holds.senders(HoldState.HELD)
        self._house.waiting.publish(senders)

    async def _fill(self, deliveries: asyncio.TaskGroup) -> None:
        """Start what is due in the free places."""
        async with self._filling:
            if free := _AT_ONCE - self._under_way:
                now = self._house.clock()
                async with self._house.store.begin() as unit:
                    mails = await unit.outbox.lease(now=now, until=now + LEASE, limit=free)
                self._under_way += len(mails)
                for mail in mails:
                    deliveries.create_task(self._deliver(mail, deliveries))

    async def _deliver(self, mail: OutgoingMail, deliveries: asyncio.TaskGroup) -> None:
        """One mail's trouble is its own; its lease ends and it is tried again. Its place goes to the next."""
        try:
            await deliver(self._house, mail)
        except GatewayError as error:
            log.warning("delivery not marked", mail=mail.id, error=type(error).__name__)
        except Exception:
            log.exception("delivery failed", mail=mail.id)
        finally:
            self._under_way -= 1
        if not self._stopping:
            await self._step("outbox", partial(self._fill, deliveries))

    async def _settle(self) -> None:
        """Cancel what was reserved by a mail that never came back; not what we still try to deliver."""
        settings = self._house.settings
        age = max(timedelta(days=settings.memory.settle_days), timedelta(hours=settings.holds.retry_hours + 24))
        async with self._house.store.begin() as unit:
            count = await unit.asks.settle_stale(self._house.clock() - age)
        if count:
            log.info("asks never delivered, cancelled", count=count)

    async def _forget(self) -> None:
        """Once an hour, on each node: whoever comes first has the work."""
        now = self._house.clock()
        if self._forgot is not None and now - self._forgot < _FORGETTING:
            return
        self._forgot = now
        mails, asks = await forget_old(self._house)
        if mails or asks:
            log.info("past keeping, deleted", mails=mails, asks=asks)
