"""A next hop in memory: takes mail at once and keeps it, for simulations and tests. IO: none."""

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.errors import NextHopUnavailable
from gateway.mail.content import Content
from gateway.mail.envelope import Path, SessionFacts
from gateway.replies import OK, SENDER_OK, Reply

_RECIPIENT_OK = Reply(code=250, enhanced="2.1.5", text="Ok")
_EXTENSIONS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES")


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMail:
    """One mail as it was sent: `wire` is header lines and content, dot-stuffing still in. `reply`: what was answered
    to it; only a 2yz means that it was delivered."""

    mail_from: Path
    rcpt_to: tuple[Path, ...]
    session: SessionFacts
    headers: bytes
    content: bytes
    reply: Reply

    @property
    def wire(self) -> bytes:
        """All that crossed between 354 and the final dot."""
        return self.headers + self.content


@dataclass(slots=True, kw_only=True)
class MemoryNextHop:
    """Implements `ports.NextHop`. `mail` answers MAIL, `rcpt` a recipient (a reply for all, or a function of the
    path), `data` the final dot; `down` makes everything raise NextHopUnavailable. `sent` holds every mail that got as
    far as the dot, `aborted` counts transactions given up."""

    mail: Reply = SENDER_OK
    rcpt: Reply | Callable[[Path], Reply] = _RECIPIENT_OK
    data: Reply = OK
    down: bool = False
    offered: dict[str, str] = field(default_factory=lambda: dict.fromkeys(_EXTENSIONS, ""))
    sent: list[SentMail] = field(default_factory=list)
    aborted: int = 0

    @property
    def delivered(self) -> list[SentMail]:
        """The mails that were accepted."""
        return [mail for mail in self.sent if mail.reply.accepted]

    async def extensions(self) -> dict[str, str]:
        """What `offered` says."""
        self.reach()
        return dict(self.offered)

    def begin(self, mail_from: Path, session: SessionFacts) -> "MemoryTransaction":
        """A transaction that ends in `sent`."""
        return MemoryTransaction(self, mail_from, session)

    def reach(self) -> None:
        """Raises NextHopUnavailable while `down`."""
        if self.down:
            raise NextHopUnavailable("down")


class MemoryTransaction:
    """Implements `ports.Transaction`."""

    def __init__(self, hop: MemoryNextHop, mail_from: Path, session: SessionFacts) -> None:
        self._hop = hop
        self._mail_from = mail_from
        self._session = session
        self._rcpt_to: list[Path] = []
        self._over = False

    async def rcpt(self, path: Path) -> Reply:
        """The reply set for it; a refused reverse-path is the answer to every recipient."""
        self._hop.reach()
        if not self._hop.mail.accepted:
            return self._hop.mail
        reply = self._hop.rcpt(path) if callable(self._hop.rcpt) else self._hop.rcpt
        if reply.accepted:
            self._rcpt_to.append(path)
        return reply

    def prepare(self) -> None:
        """Nothing to wait for."""

    async def send(self, headers: bytes, content: Content) -> Reply:
        """Keep the mail and answer what is set. Raises NextHopUnavailable when down, over or without recipients."""
        self._hop.reach()
        if self._over or not self._rcpt_to:
            raise NextHopUnavailable("there is no transaction to send in")
        self._over = True
        self._hop.sent.append(
            SentMail(
                mail_from=self._mail_from,
                rcpt_to=tuple(self._rcpt_to),
                session=self._session,
                headers=headers,
                content=bytes(content.wire[:]),
                reply=self._hop.data,
            )
        )
        return self._hop.data

    async def abort(self) -> None:
        """Forget it."""
        if not self._over:
            self._over = True
            self._hop.aborted += 1
