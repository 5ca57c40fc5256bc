"""The mail server behind us: implements `ports.NextHop` over pooled, pipelined ESMTP. IO: TCP connections.

RFC 5321; RFC 2920 (PIPELINING); RFC 3207 (STARTTLS), never downgraded when required.
"""

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING

from gateway.delivery.opening import Opening
from gateway.delivery.pool import Pool
from gateway.delivery.transaction import UpstreamTransaction
from gateway.errors import NextHopUnavailable
from gateway.mail.envelope import Path, SessionFacts

if TYPE_CHECKING:
    from gateway.config import Upstream as UpstreamSettings


class Upstream:
    """The next hop at `settings.address`; `hostname` is our name in EHLO ("": the machine's).

    With `tls = "required"` the next hop's certificate must be good for the host of `settings.address` in
    `tls_context`, by default that of the system's authorities. Belongs to one event loop; `close` it.
    """

    def __init__(
        self, settings: "UpstreamSettings", *, hostname: str = "", tls_context: ssl.SSLContext | None = None
    ) -> None:
        tls = (tls_context or ssl.create_default_context()) if settings.tls == "required" else None
        name = hostname or socket.gethostname() or "localhost"
        self._settings = settings
        self._pool = Pool(Opening(settings=settings, hostname=name, tls=tls))
        self._learning: asyncio.Task[NextHopUnavailable | None] | None = None

    async def extensions(self) -> dict[str, str]:
        """EHLO keywords and parameters of the connection opened last; connects when there was none yet. Raises
        NextHopUnavailable when nothing was ever learnt, within `connect_timeout` + `command_timeout`: all who ask
        meanwhile wait for one attempt."""
        if self._pool.known is None:
            if self._learning is None:
                self._learning = asyncio.create_task(self._learn())
            await _outcome(self._learning)
        return dict(self._pool.known or {})

    def begin(self, mail_from: Path, session: SessionFacts) -> UpstreamTransaction:
        """A transaction; a connection is taken from the pool at the first `rcpt`."""
        return UpstreamTransaction(self._pool, mail_from, session)

    async def close(self) -> None:
        """Close all connections; transactions under way end with NextHopUnavailable."""
        if self._learning is not None:
            self._learning.cancel()
            await asyncio.wait((self._learning,))
        await self._pool.close()

    async def _learn(self) -> NextHopUnavailable | None:
        """Connect once; what went wrong, if anything."""
        seconds = self._settings.connect_timeout + self._settings.command_timeout
        try:
            self._pool.release(await self._pool.take(asyncio.get_running_loop().time() + seconds))
        except NextHopUnavailable as error:
            return error
        finally:
            self._learning = None
        return None


async def _outcome(attempt: asyncio.Task[NextHopUnavailable | None]) -> None:
    """Wait for an attempt that others wait for too: whoever is cancelled here does not end it. Raises
    NextHopUnavailable."""
    await asyncio.wait((attempt,))
    if attempt.cancelled():
        raise NextHopUnavailable("the gateway stops")
    failure = attempt.result()
    if failure is not None:
        raise NextHopUnavailable(*failure.args) from failure
