"""Keeping the SMTP processes alive: start, wait until ready, restart after a crash, stop in good order.

A child reads its orders as one JSON line on standard input and says "ready" on standard output. Each line after the
first bids it read its certificate again. It lives as long as its standard input stays open, so no child outlives us,
however we end. IO: processes, pipes.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

log = structlog.get_logger(__name__)

READY_SECONDS = 60
RESTART_SECONDS = 1.0  # pause before a crashed child is started again, so that a crash loop costs little


class Supervisor:
    """Runs one child for each of `orders` with the same command; children keep the `inherited` descriptors."""

    def __init__(
        self, command: Sequence[str], orders: Sequence[Mapping[str, Any]], *, inherited: Sequence[int] = ()
    ) -> None:
        self._command, self._orders, self._inherited = command, orders, tuple(inherited)
        self._children: dict[int, asyncio.subprocess.Process] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._ready: set[int] = set()
        self._stopping = False

    async def start(self) -> None:
        """Start all children. Raises RuntimeError when one does not get ready."""
        await asyncio.gather(*(self._launch(index) for index in range(len(self._orders))))
        self._keepers = [asyncio.create_task(self._keep(index)) for index in range(len(self._orders))]

    def any_ready(self) -> bool:
        """Whether at least one child does its work."""
        return bool(self._ready) and not self._stopping

    def reload(self) -> None:
        """Bid all children read their certificates again. One that is still starting does so before it serves."""
        for child in self._children.values():
            if child.stdin and not child.stdin.is_closing():
                child.stdin.write(b"reload\n")

    async def stop(self, seconds: float) -> None:
        """Ask all children to drain, wait this long, then kill."""
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()  # it may be about to start a child again
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for child in self._children.values():
            if child.stdin:
                child.stdin.close()  # the child drains on end of file
        waits = [asyncio.create_task(child.wait()) for child in self._children.values()]
        if waits:
            await asyncio.wait(waits, timeout=seconds)
        for child in self._children.values():
            if child.returncode is None:
                child.kill()
        await asyncio.gather(*waits, return_exceptions=True)

    async def _launch(self, index: int) -> None:
        child = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=self._inherited,
        )
        self._children[index] = child
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(dict(self._orders[index])).encode() + b"\n")
        await child.stdin.drain()
        try:
            said = await asyncio.wait_for(child.stdout.readline(), READY_SECONDS)
        except TimeoutError:
            said = b""
        if said.strip() != b"ready":
            child.kill()
            await child.wait()
            raise RuntimeError(f"SMTP process {index + 1} did not get ready")
        self._ready.add(index)

    async def _keep(self, index: int) -> None:
        """Restart this child whenever it ends without being told to."""
        while True:
            code = await self._children[index].wait()
            self._ready.discard(index)
            if self._stopping:
                break
            log.error("SMTP process ended; starting it again", process=index + 1, exit_code=code)
            await asyncio.sleep(RESTART_SECONDS)
            try:
                await self._launch(index)
            except (OSError, RuntimeError) as error:
                log.error("SMTP process does not start", process=index + 1, error=str(error))
