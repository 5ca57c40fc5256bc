"""What all sessions of one process share: settings, budgets, the way onward, and the flows under way.

IO: starts tasks; the operators' log, without message text or secrets.
"""

import asyncio
import ssl
import time
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
from gateway.smtp.limits import Budget, Connections, Peers
from gateway.smtp.spool import Spool

if TYPE_CHECKING:
    from gateway.config import Smtp
    from gateway.smtp.channel import Channel

IsOurs: TypeAlias = Callable[[Path], bool]
Receive: TypeAlias = Callable[[Envelope, Content, Transaction], Awaitable[Reply]]

_MOST_STRANGERS = 1000  # told of in the log

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
    welcome: Peers = field(init=False)
    trusted: Peers = field(init=False)
    sessions: set["Channel"] = field(default_factory=set, init=False)
    flows: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    strangers: set[str] = field(default_factory=set, init=False)  # turned away, and told of
    empty: asyncio.Event = field(default_factory=asyncio.Event, init=False)  # no session is left

    def __post_init__(self) -> None:
        settings = self.settings
        self.connections = Connections(settings.max_connections, settings.max_connections_per_peer)
        self.budget = Budget(settings.memory_limit)
        self.welcome = Peers(settings.clients)
        self.trusted = Peers(settings.xforward_peers)

    def turn_away(self, peer: str) -> None:
        """Tell the operators of a stranger, each once."""
        if peer not in self.strangers and len(self.strangers) < _MOST_STRANGERS:
            self.strangers.add(peer)
            log.warning("a client that is not in smtp.clients was turned away", peer=peer)

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


class Trouble:
    """What makes mail wait outside, for the operators' log: once a minute for each kind of error."""

    def __init__(self, pause: float = 60.0) -> None:
        """`pause` in seconds."""
        self._pause = pause
        self._told: dict[str, float] = {}

    def tell(self, error: GatewayError) -> None:
        """Log it, unless its like was just told of."""
        kind, now = type(error).__name__, time.monotonic()
        if now - self._told.get(kind, -self._pause) < self._pause:
            return
        self._told[kind] = now
        log.warning("mail waits outside", answer=error.reply.code, error=kind, reason=str(error) or error.reply.text)


TROUBLE = Trouble()  # of this process


def answer_to(error: Exception) -> Reply:
    """The reply an exception carries, and why in the log; 451 with fixed words when it was not foreseen."""
    if isinstance(error, GatewayError):
        TROUBLE.tell(error)
        return error.reply
    where = traceback.extract_tb(error.__traceback__)[-1:]  # never str(error): it may quote the message
    log.error(
        "unforeseen error in a session",
        error=type(error).__name__,
        at=f"{where[0].filename}:{where[0].lineno}" if where else "",
    )
    return LOCAL_ERROR
