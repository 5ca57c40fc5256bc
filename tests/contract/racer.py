"""One of several processes on one store: `python -m tests.contract.racer TASK URL ARGUMENT`.

It opens the store, says "ready", waits for a line, does its task and prints the result as JSON. IO: the store, stdio.
"""

import asyncio
import json
import os
import sys
from datetime import timedelta
from typing import Any

from gateway.holds.lifecycle import HoldAction
from gateway.storage.database import Database
from gateway.storage.opening import open_store
from tests.contract.values import DAY, NOON, a_hold, an_ask

ASKS = 5  # of each process at once


async def reserve(store: Database, name: str) -> list[bool]:
    """Several asks at once that all reach ann, each someone of its own as well; whether each was a first."""

    async def one(number: int) -> bool:
        async with store.begin() as unit:
            ask = an_ask(f"{name}-{number}", "ann", f"{name}-{number}")
            return not (await unit.asks.reserve(ask, since=NOON - DAY, askers=None)).repeated

    return await asyncio.gather(*(one(number) for number in range(ASKS)))


async def hold(store: Database, name: str) -> list[bool]:
    """One mail arrives several times at once and is held where it is not yet; whether each did it."""

    async def one(number: int) -> bool:
        async with store.begin() as unit:
            if await unit.holds.by_fingerprint("same"):
                return False
            await unit.holds.add(a_hold(f"{name}-{number}", fingerprint="same"), b"x")
            return True

    return await asyncio.gather(*(one(number) for number in range(ASKS)))


async def release(store: Database, hold_id: str) -> list[bool]:
    """Several clicks at once on one hold's button; whether each did it."""

    async def one() -> bool:
        async with store.begin() as unit:
            held = await unit.holds.get(hold_id)
            assert held is not None
            return await unit.holds.change(held, HoldAction.RELEASE, at=NOON, by="sender") is not None

    return await asyncio.gather(*(one() for _ in range(ASKS)))


async def lease(store: Database, limit: str) -> list[str]:
    """Take mails until none is left; their ids."""
    taken: list[str] = []
    while True:
        async with store.begin() as unit:
            mails = await unit.outbox.lease(now=NOON, until=NOON + timedelta(minutes=5), limit=int(limit))
        if not mails:
            return taken
        taken += [mail.id for mail in mails]


async def half(store: Database, hold_id: str) -> None:
    """Write in a unit and stop in the middle of it for ever."""
    async with store.begin() as unit:
        await unit.holds.add(a_hold(hold_id), b"x" * 3_000_000)
        await unit.asks.reserve(an_ask(hold_id, "ann"), since=NOON, askers=None)
        print("in the middle", flush=True)
        await asyncio.sleep(600)


async def lock(store: Database, seconds: str) -> None:
    """Hold the writer's place, then go."""
    async with store.begin() as unit:
        await unit.asks.settle_stale(NOON)
        print("locked", flush=True)
        await asyncio.sleep(float(seconds))


async def commits(store: Database, name: str) -> None:
    """Store holds for ever, say each only when it is committed."""
    for number in range(1_000_000):
        hold_id = f"{name}-{number}"
        async with store.begin() as unit:
            await unit.holds.add(a_hold(hold_id), os.urandom(2000))
        print(hold_id, flush=True)


async def _main(task: str, url: str, argument: str) -> Any:
    store = await open_store(url)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    result = await {
        "reserve": reserve,
        "hold": hold,
        "release": release,
        "lease": lease,
        "half": half,
        "lock": lock,
        "commits": commits,
    }[task](store, argument)
    await store.close()
    return result


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_main(*sys.argv[1:]))), flush=True)
