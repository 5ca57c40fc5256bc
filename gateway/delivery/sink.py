"""A small mail server that accepts everything and keeps it as Maildir: the next hop of a demonstration.

A mail is durable before its 250: written below `tmp`, synced, moved into `new`, the folder synced. The envelope
stands on top of it as Return-Path and Delivered-To lines. IO: a listening socket, files. RFC 5321;
https://cr.yp.to/proto/maildir.html
"""

import asyncio
import os
import secrets
import socket
import time
import weakref
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.errors import UserError
from gateway.host_port import host_port

MAX_SIZE = 64 * 1024 * 1024  # bytes of one mail
_FOLDERS = ("tmp", "new", "cur")


class _Server(SMTP):
    """Lines may be long: what a mail server would take, this one takes."""

    line_length_limit = 1024 * 1024


class MaildirSink:
    """Listens on `listen` ("HOST:PORT", port 0 for any) and keeps mail in the Maildir `path`. One event loop."""

    def __init__(self, path: Path, listen: str = "127.0.0.1:0") -> None:
        self.path = path
        self._listen = listen
        self._server: asyncio.Server | None = None
        self._sessions: weakref.WeakSet[_Server] = weakref.WeakSet()

    @property
    def address(self) -> str:
        """Where it listens, as "HOST:PORT"; only once started."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def start(self) -> None:
        """Make the Maildir and listen. Raises UserError."""
        host, port = host_port(self._listen, key="listen")
        try:
            for folder in _FOLDERS:
                (self.path / folder).mkdir(parents=True, exist_ok=True)
            self._server = await asyncio.get_running_loop().create_server(self._session, host, port)
        except OSError as error:
            raise UserError(f"the mail sink does not start: {error}", where=self._listen) from None

    async def stop(self) -> None:
        """Stop listening and close what is open; nothing that was answered 250 is lost."""
        if self._server is None:
            return
        self._server.close()
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.close()
        await asyncio.sleep(0.01)  # their connection_lost runs
        self._server = None

    def mails(self) -> list[Path]:
        """The files kept, oldest first."""
        return sorted((self.path / "new").iterdir(), key=lambda file: file.name)

    def _session(self) -> _Server:
        session = _Server(
            self,
            hostname="sink.example",
            ident="ready",
            enable_SMTPUTF8=True,
            data_size_limit=MAX_SIZE,
            loop=asyncio.get_running_loop(),
        )
        self._sessions.add(session)
        return session

    # -- what aiosmtpd calls ----------------------------------------------------------------------------------------

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Commands are read line by line, so pipelined ones are answered in order (RFC 2920)."""
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep it, then say so."""
        try:
            name = await asyncio.to_thread(keep, self.path, _with_envelope(envelope))
        except OSError:
            return "452 4.3.1 The mail could not be kept"
        return f"250 2.0.0 Ok: kept as {name}"


def keep(maildir: Path, mail: bytes) -> str:
    """Write one mail durably into `new`; its file name. Blocks; raises OSError."""
    name = f"{time.time_ns()}.{secrets.token_hex(6)}.{socket.gethostname().replace('/', '_')}"
    draft = maildir / "tmp" / name
    try:
        with draft.open("xb") as file:
            file.write(mail)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(maildir / "new" / name)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    _sync(maildir / "new")
    return name


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _with_envelope(envelope: Envelope) -> bytes:
    lines = [f"Return-Path: <{envelope.mail_from or ''}>", *(f"Delivered-To: {one}" for one in envelope.rcpt_tos)]
    content = envelope.original_content or b""
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape") + content
