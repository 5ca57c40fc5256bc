"""What all sessions of one process share: settings, budgets, the way onward, and the flows under way.

IO: starts tasks; the operators' log, without message text or secrets.
"""

import asyncio
import ssl
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, TypeAlias

import structlog

from gateway.errors import GatewayError
from gateway.mail.content import Content
from gateway.mail.envelope import Envelope, Path
from gateway.ports import Clock, NextHop, Transaction
from gateway.replies import LOCAL_ERROR, Reply
from gateway.smtp.data import DataReader
from gateway.smtp.limits import Budget, Connections, TrustedPeers
from gateway.smtp.spool import Spool

if TYPE_CHECKING:
    from gateway.config import Smtp
    from gateway.smtp.channel import Channel

IsOurs: TypeAlias = Callable[[Path], bool]
Receive: TypeAlias = Callable[[Envelope, Content, Transaction], Awaitable[Reply]]

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True, eq=False)
class Desk:
    """One process's edge. `rate_window` (seconds) is how long a client may stay under the minimum rate; `is_ours`
    tells a recipient that is an address of our own, without asking anybody."""

    settings: "Smtp"
    next_hop: NextHop
    receive: Receive
    clock: Clock
    hostname: str
    spool_directory: FilePath | None = None
    rate_window: float = 60.0
    tls: ssl.SSLContext | None = None
    draining: bool = False
    is_ours: IsOurs = lambda path: False
    connections: Connections = field(init=False)
    budget: Budget = field(init=False)
    trusted: TrustedPeers = field(init=False)
    sessions: set["Channel"] = field(default_factory=set, init=False)
    flows: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    empty: asyncio.Event = field(default_factory=asyncio.Event, init=False)  # no session is left

    def __post_init__(self) -> None:
        """Raises UserError for a peer that is no network."""
        settings = self.settings
        self.connections = Connections(settings.max_connections, settings.max_connections_per_peer)
        self.budget = Budget(settings.memory_limit)
        self.trusted = TrustedPeers(settings.xforward_peers)

    @property
    def max_size(self) -> int:
        """Bytes of the largest message that can be taken."""
        return min(self.settings.max_size, self.settings.memory_limit)

    def reader(self) -> DataReader:
        """For one message."""
        settings = self.settings
        return DataReader(
            max_size=self.max_size,
            max_header=settings.max_header_size,
            threshold=settings.spool_threshold,
            budget=self.budget,
            new_spool=lambda: Spool(self.spool_directory),
        )

    def start_flow(
        self, mail: Envelope, content: Content, onward: Transaction, held: DataReader
    ) -> asyncio.Future[Reply]:
        """Begin what follows the final dot, in a task of its own that no client can cancel. Who waits for the answer
        may go away; it is cancelled only when the flow was."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Reply] = loop.create_future()
        flow = loop.create_task(self._flow(mail, content, onward, held, answer))
        self.flows.add(flow)
        flow.add_done_callback(partial(self._over, answer))
        return answer

    async def _flow(
        self, mail: Envelope, content: Content, onward: Transaction, held: DataReader, answer: asyncio.Future[Reply]
    ) -> None:
        try:
            reply = await self.receive(mail, content, onward)
        except Exception as error:
            await onward.abort()
            reply = answer_to(error)
        finally:
            held.close()
        if not answer.done():
            answer.set_result(reply)  # here and not when the task is done: one turn of the loop less

    def _over(self, answer: asyncio.Future[Reply], flow: asyncio.Task[None]) -> None:
        self.flows.discard(flow)
        if not answer.done():
            answer.cancel()


def answer_to(error: Exception) -> Reply:
    """The reply an exception carries; 451 with fixed words, and a line in the log, when it was not foreseen."""
    if isinstance(error, GatewayError):
        return error.reply
    where = traceback.extract_tb(error.__traceback__)[-1:]  # never str(error): it may quote the message
    log.error(
        "unforeseen error in a session",
        error=type(error).__name__,
        at=f"{where[0].filename}:{where[0].lineno}" if where else "",
    )
    return LOCAL_ERROR
