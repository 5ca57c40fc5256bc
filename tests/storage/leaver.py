"""Ends its event loop while units are in trouble: `python -m tests.storage.leaver FOLDER`, again and again.

Prints "left" when every loop came to its end. IO: the stores.
"""

import asyncio
import sys
from contextlib import suppress

from gateway.storage.opening import open_store
from tests.contract.values import RAW, a_hold


async def _leave(path: str, seconds: float) -> None:
    store = await open_store(path)

    async def fail() -> None:
        while True:
            with suppress(Exception):
                async with store.begin() as unit:
                    await unit.holds.add(a_hold("twice"), RAW)
                    await unit.holds.add(a_hold("twice"), RAW)

    tasks = [asyncio.create_task(fail()) for _ in range(4)]
    await asyncio.wait(tasks, timeout=seconds)


if __name__ == "__main__":
    for turn in range(40):
        asyncio.run(_leave(f"{sys.argv[1]}/{turn}.db", 0.01 + turn * 0.0007))
    print("left")
