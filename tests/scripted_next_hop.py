"""A next hop that does what a test's script says, and keeps every byte it was sent.

    async with ScriptedNextHop({"RCPT": [say(b"250 2.1.5 fine\r\n"), RESET]}) as hop:
        ...  # talk to hop.address ("127.0.0.1:PORT")
    assert hop.messages == [b"..."]  # as it crossed, between 354 and the final dot, dot-stuffing still in

The script names steps: "connect" (the greeting), a verb ("EHLO", "HELO", "STARTTLS", "XFORWARD", "XCLIENT", "MAIL",
"RCPT", "DATA", "RSET", "NOOP", "QUIT") or "." (the reply to the final dot). A step has one act, or a list of acts used
in turn, over all connections, the last one for ever. What the script leaves out is answered as a good server would.
"""

import asyncio
import hashlib
import socket
import ssl
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, cast

EHLO = (
    b"250-next.example\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n"
    b"250 ENHANCEDSTATUSCODES\r\n"
)
BARE_EHLO = b"250-next.example\r\n250 8BITMIME\r\n"  # no PIPELINING
DOT = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What to do at a step: write `reply` (`drip`: seconds between its bytes), after `delay` seconds, then go on
    (""), "close" (FIN), "reset" (RST), fall "silent" for good, become "deaf" (read nothing until
    `hear_again`), or begin the "tls" handshake."""

    reply: bytes = b""
    then: str = ""
    delay: float = 0
    drip: float = 0


def say(reply: bytes, *, then: str = "", delay: float = 0, drip: float = 0) -> Act:
    """Answer with exactly these bytes."""
    return Act(reply=reply, then=then, delay=delay, drip=drip)


SILENCE = Act(then="silent")
RESET = Act(then="reset")
CLOSE = Act(then="close")
GARBAGE = Act(reply=b"\x00\xff not SMTP at all\r\n")
HALF_A_REPLY = Act(reply=b"25", then="close")
BARE_LF = Act(reply=b"250 fine\n")
ENDLESS = Act(reply=b"250-more and more and more\r\n" * 3000)
CLOSING = Act(reply=b"421 4.3.2 going down\r\n", then="close")

Script = Mapping[str, Act | Sequence[Act]]

DEFAULTS: dict[str, Act] = {
    "connect": say(b"220 next.example ESMTP\r\n"),
    "EHLO": say(EHLO),
    "HELO": say(b"250 next.example\r\n"),
    "STARTTLS": say(b"454 4.7.0 no TLS here\r\n"),
    "MAIL": say(b"250 2.1.0 Ok\r\n"),
    "RCPT": say(b"250 2.1.5 Ok\r\n"),
    "DATA": say(b"354 go on\r\n"),
    ".": say(b"250 2.0.0 Ok: queued\r\n"),
    "RSET": say(b"250 2.0.0 Ok\r\n"),
    "NOOP": say(b"250 2.0.0 Ok\r\n"),
    "XFORWARD": say(b"250 2.0.0 Ok\r\n"),
    "XCLIENT": say(b"220 next.example ESMTP\r\n"),
    "QUIT": say(b"221 2.0.0 bye\r\n", then="close"),
}
UNKNOWN = say(b"500 5.5.2 unknown command\r\n")


@dataclass(slots=True, kw_only=True)
class Heard:
    """What one connection sent: `segments` as they arrived (outside DATA), `commands` as whole lines with their CRLF,
    `messages` as they crossed, `tls` whether it was encrypted in the end."""

    segments: list[bytes] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    tls: bool = False
    ended: bool = False


class ScriptedNextHop:
    """An asynchronous context manager. `tls`: the context for an act that begins a handshake. With `keep=False`
    messages are only counted and hashed (SHA-256), as they may be large."""

    def __init__(self, script: Script | None = None, *, tls: ssl.SSLContext | None = None, keep: bool = True) -> None:
        self.script: dict[str, Act | Sequence[Act]] = {**DEFAULTS, **(script or {})}
        self.tls = tls
        self.keep = keep
        self.connections: list[Heard] = []
        self.port = 0
        self.deaf = asyncio.Event()  # set while a connection is not read
        self._turns: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._open: set[_Conversation] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def address(self) -> str:
        """Where it listens, as "HOST:PORT"."""
        return f"127.0.0.1:{self.port}"

    @property
    def commands(self) -> list[bytes]:
        """The command lines of all connections, in the order the connections came."""
        return [line for heard in self.connections for line in heard.commands]

    @property
    def messages(self) -> list[bytes]:
        """The messages of all connections, as they crossed."""
        return [message for heard in self.connections for message in heard.messages]

    def count(self, verb: str) -> int:
        """How often this verb was heard."""
        return sum(line[: len(verb)].upper() == verb.encode() for line in self.commands)

    async def start(self) -> None:
        """Listen, on the same port again after a stop."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Conversation(self), "127.0.0.1", self.port, reuse_address=True
        )
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and reset what is open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.reset_all()
        await asyncio.sleep(0.01)

    def reset_all(self) -> None:
        """RST on every open connection."""
        for conversation in list(self._open):
            conversation.end("reset")

    def close_all(self) -> None:
        """FIN on every open connection."""
        for conversation in list(self._open):
            conversation.end("close")

    def say_all(self, words: bytes) -> None:
        """Send something nobody asked for on every open connection."""
        for conversation in list(self._open):
            conversation.say(words)

    def hear_again(self) -> None:
        """Read on, on every open connection."""
        self.deaf.clear()
        for conversation in list(self._open):
            conversation.listen(True)

    def act(self, step: str) -> Act:
        """The act whose turn it is at this step."""
        acts = self.script.get(step, UNKNOWN)
        if isinstance(acts, Act):
            return acts
        turn = min(self._turns[step], len(acts) - 1)
        self._turns[step] += 1
        return acts[turn]


class _Conversation(asyncio.Protocol):
    """One connection: reads at once, acts one step after another."""

    def __init__(self, hop: ScriptedNextHop) -> None:
        self.hop = hop
        self.heard = Heard()
        self._transport: asyncio.Transport | None = None
        self._input = bytearray()
        self._in_data = False
        self._data = bytearray(b"\r\n")  # a line end in front, so that a dot in the first line is found too
        self._hash = hashlib.sha256()
        self._size = 0
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self.hop._open.add(self)
        self.hop.connections.append(self.heard)
        self._task = asyncio.get_running_loop().create_task(self._talk())

    def data_received(self, data: bytes) -> None:
        if not self._in_data:
            self.heard.segments.append(data)
        self._input += data
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.heard.ended = True
        self.hop._open.discard(self)
        if self._task is not None:
            self._task.cancel()

    def say(self, words: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(words)

    def listen(self, hearing: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if hearing:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()
            self.hop.deaf.set()

    def end(self, how: str) -> None:
        """Close with FIN, or with RST."""
        assert self._transport is not None
        if how == "close":
            self._transport.close()
            return
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def _talk(self) -> None:
        if not await self._do(self.hop.act("connect")):
            return
        while True:
            step = await self._step()
            act = self.hop.act(step)
            if not await self._do(act):
                return
            self._in_data = step == "DATA" and act.reply.startswith(b"354")

    async def _step(self) -> str:
        """The next command's verb, or "." at the end of a message."""
        while True:
            if self._in_data:
                if self._message():
                    return "."
            elif (end := self._input.find(b"\r\n") + 2) > 1:
                line = bytes(self._input[:end])
                del self._input[:end]
                self.heard.commands.append(line)
                return line.split()[0].decode("ascii", "replace").upper() if line.split() else ""
            self._news.clear()
            await self._news.wait()

    def _message(self) -> bool:
        """Take in what came of a message; True when it is whole."""
        self._data += self._input
        self._input.clear()
        end = self._data.find(DOT)
        if end < 0:
            self._count(len(self._data) - len(DOT) - 2)
            return False
        self._input += self._data[end + len(DOT) :]
        del self._data[end + 2 :]
        whole = bytes(self._data[2:]) if self.hop.keep else b""
        self._count(len(self._data))
        self.heard.messages.append(whole)
        self.heard.digests.append(hashlib.sha256(whole).hexdigest() if self.hop.keep else self._hash.hexdigest())
        self.heard.sizes.append(len(whole) if self.hop.keep else self._size - 2)
        self._data, self._hash, self._size = bytearray(b"\r\n"), hashlib.sha256(), 0
        self._in_data = False
        return True

    def _count(self, upto: int) -> None:
        """Hash and forget all but what may be part of the end, where messages are not kept."""
        if self.hop.keep or upto <= 0:
            return
        taken = self._data[:upto]
        self._hash.update(taken[2:] if not self._size else taken)
        self._size += len(taken)
        del self._data[:upto]

    async def _do(self, act: Act) -> bool:
        """Act; False when that was the end of the conversation."""
        await asyncio.sleep(act.delay)
        for piece in _pieces(act):
            self.say(piece)
            await asyncio.sleep(act.drip)
        if act.then == "tls":
            await self._handshake()
        elif act.then == "deaf":
            self.listen(False)
        elif act.then == "silent":
            await asyncio.get_running_loop().create_future()
        elif act.then:
            self.end(act.then)
            return False
        return True

    async def _handshake(self) -> None:
        assert self._transport is not None
        assert self.hop.tls is not None
        try:
            self._transport = await asyncio.get_running_loop().start_tls(
                self._transport, self, self.hop.tls, server_side=True, ssl_handshake_timeout=5
            )
        except (OSError, ssl.SSLError):
            return
        self.heard.tls = True


def _pieces(act: Act) -> list[bytes]:
    if act.drip:
        return [act.reply[index : index + 1] for index in range(len(act.reply))]
    return [act.reply] if act.reply else []


def refusing_port() -> int:
    """A loopback port on which a connection is refused."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
