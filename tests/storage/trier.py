"""Tries to store a hold, again and again: `python -m tests.storage.trier PATH TIMES`, a line for each try.

"ok ID" when it is committed, else the name of the error. IO: the store.
"""

import asyncio
import sys

from gateway.errors import GatewayError
from gateway.storage.opening import open_store
from tests.contract.values import RAW, a_hold


async def _main(path: str, times: str) -> None:
    store = await open_store(path)
    print("ready", flush=True)
    for number in range(int(times)):
        try:
            async with store.begin() as unit:
                await unit.holds.add(a_hold(f"try-{number}"), RAW)
            print(f"ok try-{number}", flush=True)
        except GatewayError as error:
            print(type(error).__name__, flush=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
