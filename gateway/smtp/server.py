"""The listening edge: sockets, one session for each client, the sweep over deadlines, and an orderly end.

IO: listening sockets, certificate files. RFC 5321 section 3.8 (421 when the server goes).
"""

import asyncio
import logging
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import UserError
from gateway.host_port import host_port
from gateway.ports import Clock, NextHop
from gateway.replies import SHUTTING_DOWN
from gateway.smtp.desk import Desk, IsOurs, Receive
from gateway.smtp.session import Session

if TYPE_CHECKING:
    from gateway.config import Smtp

_BACKLOG = 1024  # connections the kernel may queue for us
_ENDING = 5.0  # seconds for aborted connections and cancelled flows to be gone
_SWEEP = 1.0  # seconds between two looks at all deadlines


class Edge:
    """One process's SMTP server. Several processes may listen on the same port (SO_REUSEPORT)."""

    def __init__(
        self,
        settings: "Smtp",
        next_hop: NextHop,
        receive: Receive,
        clock: Clock,
        hostname: str,
        *,
        spool_directory: Path | None = None,
        is_ours: IsOurs = lambda path: False,
        sweep: float = _SWEEP,
    ) -> None:
        """`is_ours` tells recipients that are addresses of our own; `spool_directory`: where large messages in flight
        are written, None for the system's temporary folder; `sweep` in seconds. Raises UserError for settings that
        cannot work."""
        self.desk = Desk(
            settings=settings,
            next_hop=next_hop,
            receive=receive,
            clock=clock,
            hostname=hostname,
            spool_directory=spool_directory,
            is_ours=is_ours,
        )
        self.desk.tls = certificate(settings)
        self._servers: list[asyncio.Server] = []
        self._sweep = sweep
        self._timer: asyncio.TimerHandle | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen. Raises UserError when the address cannot be had."""
        # aiosmtpd's log holds whole messages at DEBUG.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        loop = asyncio.get_running_loop()
        sock = _bound(*resolved(self.desk.settings.listen))
        self._servers.append(await loop.create_server(lambda: Session(self.desk), sock=sock, backlog=_BACKLOG))
        self.port = sock.getsockname()[1]
        self._timer = loop.call_later(self._sweep, self._look)

    def reload(self) -> None:
        """Read the certificate again, for handshakes from now on. Raises UserError, and the old one stays."""
        self.desk.tls = certificate(self.desk.settings)

    async def drain(self, seconds: float, answers: float) -> None:
        """Accept nobody new, let the mails under way finish, tell everybody else 421; at most `seconds`. Mails past
        the final dot have `answers` seconds more: the next hop may have them, and who hears 421 sends them again."""
        self._close_listeners()
        self.desk.draining = True
        for session in list(self.desk.sessions):
            session.retire()
        await self._settle(seconds)
        for session in list(self.desk.sessions):
            if not session.answering:
                session.hang_up(SHUTTING_DOWN)
        await self._settle(answers, past_the_dot=True)

    async def stop(self) -> None:
        """End everything now. Flows under way are cancelled; their clients were told nothing."""
        self._close_listeners()
        if self._timer is not None:
            self._timer.cancel()
        sessions = list(self.desk.sessions)
        for session in sessions:
            session.abort()
        for flow in self.desk.flows:
            flow.cancel()
        if tasks := self._under_way():
            await asyncio.wait(tasks, timeout=_ENDING)
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        if self.desk.sessions:
            await asyncio.wait_for(self.desk.empty.wait(), _ENDING)

    def _close_listeners(self) -> None:
        for server in self._servers:
            server.close()

    def _under_way(self, *, past_the_dot: bool = False) -> set[asyncio.Task[object]]:
        sessions = (session for session in self.desk.sessions if session.answering or not past_the_dot)
        tasks = {session.task for session in sessions if session.task is not None}
        return {task for task in (*tasks, *self.desk.flows) if not task.done()}

    async def _settle(self, seconds: float, *, past_the_dot: bool = False) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (tasks := self._under_way(past_the_dot=past_the_dot)) and (left := until - loop.time()) > 0:
            await asyncio.wait(tasks, timeout=left)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for session in list(self.desk.sessions):
            session.check(now)
        self._timer = loop.call_later(self._sweep, self._look)


def resolved(listen: str) -> tuple[int, tuple[object, ...]]:
    """Family and address to listen at. IPPROTO_TCP is named so that asyncio sets TCP_NODELAY. Raises UserError."""
    host, port = host_port(listen, key="smtp.listen")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except OSError as error:
        raise UserError(f'"{host}" is not known: {error.strerror or error}', where="smtp.listen") from None
    family, _, _, _, address = found[0]
    return family, address


def _bound(family: int, address: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(address)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise UserError(
            f"{address[0]} port {address[1]} cannot be had: {error.strerror or error}", where="smtp.listen"
        ) from None
    return sock


def certificate(settings: "Smtp") -> ssl.SSLContext | None:
    """The server's side of STARTTLS, None where it is off. Raises UserError for files that cannot be used."""
    if not settings.tls_certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # Never ask the terminal for a key's password: that would stall every session.
        context.load_cert_chain(settings.tls_certificate, settings.tls_key or None, password="")
    except (OSError, ssl.SSLError) as error:
        raise UserError(
            f"the certificate cannot be used: {error.strerror or error}", where="smtp.tls_certificate"
        ) from None
    return context
