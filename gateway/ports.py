"""What the flows need of the outside world, as Protocols; adapters implement them, `app.py` puts them together.

The contracts stand here, on the interface; `tests/contract` proves them over every adapter. All methods may raise
`GatewayError` (the mail stays with the client) and nothing else on foreseeable trouble.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gateway.asks.ask import Ask, AskState
from gateway.asks.history import AskHistory
from gateway.audit.events import AuditEvent
from gateway.holds.hold import HeldMail, OutgoingMail, Wording
from gateway.holds.lifecycle import HoldAction, HoldState
from gateway.mail.audience import Audience, Person
from gateway.mail.content import Content
from gateway.mail.envelope import Path, SessionFacts
from gateway.policy.pack import Pack
from gateway.replies import Reply

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.policy.exceptions import Exemption

Clock = Callable[[], datetime]  # aware, UTC
NewId = Callable[[], str]  # 32 hex digits, lower case, unique over all nodes, sortable by time


class Transaction(Protocol):
    """One mail transaction with the next hop (RFC 5321 section 3.3). Used by one task at a time."""

    async def rcpt(self, path: Path) -> Reply:
        """Offer a recipient. The reverse-path goes out, pipelined, with the first one; if it is refused, that refusal
        is the answer. Raises NextHopUnavailable."""
        ...

    def prepare(self) -> None:
        """Say DATA already, where that saves waiting: the mail will be sent, as soon as its verdict is on record.
        Nothing of it goes out before `send`. Never raises; what goes wrong is `send`'s to tell."""
        ...

    async def send(self, headers: bytes, content: Content) -> Reply:
        """Send whole header lines (each ended by CRLF) on top of the content, then the final dot; the next hop's own
        reply to the dot. Raises NextHopUnavailable when none came, as NoAnswer when the dot was said: then the next
        hop may have the mail. Ends the transaction."""
        ...

    async def abort(self) -> None:
        """Forget the transaction (RSET); nothing was delivered. Never raises."""
        ...


class NextHop(Protocol):
    """The mail server behind us."""

    async def extensions(self) -> dict[str, str]:
        """EHLO keywords (upper case) and their parameters, as the next hop last gave them; may ask it."""
        ...

    def begin(self, mail_from: Path, session: SessionFacts) -> Transaction:
        """A transaction; a connection is taken from the pool at the first `rcpt`."""
        ...


class Directory(Protocol):
    """Who people are and who is behind a list."""

    async def expand(self, addresses: Sequence[str]) -> Audience:
        """People behind these internal addresses: nested lists, aliases, any letter case, loop-safe, each once."""
        ...

    async def person(self, address: str) -> Person | None:
        """One person by any of their addresses."""
        ...

    async def team(self, address: str) -> frozenset[str]:
        """Keys of those with the same manager, that manager, and this person's reports; this person included."""
        ...

    async def addresses(self, address: str) -> frozenset[str]:
        """Keys of all addresses of the person who has this very one, in any letter case; only its own key where it is
        nobody's, or a list's. A tag behind "+" is part of the address here: this decides who may act."""
        ...


class AskTable(Protocol):
    """The memory of asks, inside one unit."""

    async def reserve(self, ask: Ask, *, since: datetime, askers: frozenset[str] | None) -> AskHistory:
        """Atomically, over all processes and nodes: look for asks (RESERVED or CONFIRMED, `at` >= since, by one of
        `askers` unless None) that share a key and have another fingerprint. Any: nothing is written and they are
        returned. None: the ask is stored RESERVED; a live ask with the same fingerprint is found again and takes up
        the additional keys, so that a mail split over transactions is one ask."""
        ...

    async def insist(self, ask: Ask) -> str:
        """Store an ask RESERVED that goes out in spite of earlier ones (a rule that only monitors, a decision of
        compliance): its people are asked once more, and the window starts again at its delivery. The id under which
        it is stored: that of a live ask with the same fingerprint, which takes up the keys, or its own."""
        ...

    async def earlier(self, ask: Ask, *, since: datetime, askers: frozenset[str] | None) -> AskHistory:
        """What `reserve` would answer, without writing: for live re-checks."""
        ...

    async def settle(self, ask_id: str, state: AskState, at: datetime) -> None:
        """CONFIRMED at its delivery, or CANCELLED; a confirmed ask is never cancelled. Unknown ids are ignored."""
        ...

    async def settle_stale(self, before: datetime) -> int:
        """Cancel what was RESERVED before this instant and never settled; how many."""
        ...

    async def forget(self, before: datetime, *, limit: int) -> int:
        """Delete settled asks that are older than this instant, at most `limit`, the oldest first; how many."""
        ...


class HoldTable(Protocol):
    """Held mails, inside one unit."""

    async def add(self, held: HeldMail, raw: bytes) -> None:
        """Store a mail, durable when the unit commits."""
        ...

    async def get(self, hold_id: str) -> HeldMail | None: ...

    async def raw(self, hold_id: str) -> bytes:
        """The held message, as it came in. Raises KeyError for an unknown id."""
        ...

    async def by_token(self, token_hash: str) -> HeldMail | None: ...

    async def by_fingerprint(self, fingerprint: str) -> HeldMail | None:
        """The newest hold of this mail. Units that write look one after the other, over all processes and nodes, so
        that one mail is held once."""
        ...

    async def find(
        self,
        *,
        states: Sequence[HoldState] = (),
        expires_before: datetime | None = None,
        sender: str | None = None,
        told_since: datetime | None = None,
        untold: bool = False,
        unreminded: bool = False,
        newest_first: bool = False,
        limit: int = 100,
    ) -> list[HeldMail]:
        """Holds in these states (all when empty), oldest first unless told otherwise: of this sender (an address key);
        whose notice was written after an instant, or not yet; whose sender was not reminded yet."""
        ...

    async def change(
        self,
        held: HeldMail,
        action: HoldAction,
        *,
        at: datetime,
        by: str,
        note: str = "",
        ask_id: str = "",
        rcpt_to: Sequence[Path] = (),
    ) -> HeldMail | None:
        """Compare-and-set on state and version through the lifecycle table; the changed mail, or None when somebody was
        faster or the table forbids it. `note` is stored, also an empty one (DELIVERED keeps the one before);
        `ask_id` and `rcpt_to` where they are not empty."""
        ...

    async def add_recipients(self, held: HeldMail, rcpt_to: Sequence[Path]) -> HeldMail | None:
        """More recipients of a split mail that is still HELD; None when it no longer is."""
        ...

    async def note(
        self, held: HeldMail, *, told_at: datetime | None = None, reminded_at: datetime | None = None
    ) -> HeldMail | None:
        """Compare-and-set: its notice, its reminder is written; None when somebody was faster."""
        ...

    async def senders(self, state: HoldState) -> frozenset[str]:
        """Keys of those who have a mail in this state."""
        ...

    async def stored_bytes(self) -> int:
        """Sum of the sizes of mails not yet in a terminal state."""
        ...

    async def forget(self, before: datetime, *, limit: int) -> int:
        """Delete mails that reached a terminal state before this instant, with their words and the marks of answers to
        them, at most `limit`, the oldest first; how many."""
        ...


class AnswerTable(Protocol):
    """Answers to our notices that were taken, inside one unit."""

    async def add(self, hold_id: str, mark: str, at: datetime) -> bool:
        """Remember an answer to this hold, or a copy of its mail, by its mark; False when it was taken before."""
        ...

    async def since(self, hold_id: str, at: datetime) -> int:
        """How many were taken for this hold after this instant."""
        ...


class Outbox(Protocol):
    """Mail of ours that must go out, inside one unit."""

    async def put(self, mail: OutgoingMail, wording: Wording | None = None) -> None:
        """Store a mail, durable when the unit commits; of one that can be recalled also as it was typed."""
        ...

    async def lease(self, *, now: datetime, until: datetime, limit: int) -> list[OutgoingMail]:
        """Take mails that are due and not leased, for nobody else until `until` (SKIP LOCKED), also on nodes
        whose clock is wrong. They come without their bytes."""
        ...

    async def raw(self, mail_id: str) -> bytes:
        """The bytes of a mail. Raises KeyError for an unknown id."""
        ...

    async def release_of(self, hold_id: str) -> OutgoingMail | None:
        """The release of a hold as it waits, without its bytes; None where there is none."""
        ...

    async def wording(self, mail_id: str) -> Wording | None:
        """How a mail was typed, as long as it waits; None where that was not said."""
        ...

    async def recall(self, hold_id: str, *, now: datetime) -> bool:
        """Take the release of a hold out again before it is due: True when it is gone, and nobody will be offered it.
        False when its time has come, it is leased, or there is none. Never both a lease and a recall."""
        ...

    async def done(self, mail_id: str) -> bool:
        """Delivered or given up: remove it. False when it was not there: somebody has marked it."""
        ...

    async def retry(self, mail: OutgoingMail, *, due: datetime, rcpt_to: Sequence[Path]) -> bool:
        """Count an attempt of a mail as it was leased, end the lease, try these recipients again when due. False, and
        nothing changed, when the attempt was counted before or the mail is gone."""
        ...


class SessionTable(Protocol):
    """Who is signed in on the review page, inside one unit. A `mark` is the SHA-256 (hex) of what the browser keeps."""

    async def open(self, mark: str, address: str, *, now: datetime, until: datetime) -> None:
        """Remember until then who signed in (an address key); sessions whose time is over are forgotten."""
        ...

    async def who(self, mark: str, *, now: datetime) -> str:
        """The address key, "" for an unknown mark or one whose time is over."""
        ...

    async def end(self, mark: str) -> None:
        """Signed out; unknown marks are ignored."""
        ...


class Unit(Protocol):
    """One atomic piece of work; commits when its block ends, is undone when the block raises."""

    @property
    def answers(self) -> AnswerTable: ...
    @property
    def asks(self) -> AskTable: ...
    @property
    def holds(self) -> HoldTable: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def sessions(self) -> SessionTable: ...


class Store(Protocol):
    """State shared by all processes and nodes."""

    def begin(self, *, write: bool = True) -> AbstractAsyncContextManager[Unit]:
        """Open a unit. Raises StoreUnavailable (NoSpace on a full disk) on entry or at commit, within 5 seconds."""
        ...

    async def close(self) -> None: ...


class IdentityProvider(Protocol):
    """Who vouches for the address of the person at the browser: an OpenID provider, authorization code flow."""

    async def entrance(self, *, state: str, nonce: str, challenge: str) -> str:
        """The address the browser is sent to; `challenge` is PKCE's, made with S256. Raises ProviderUnavailable."""
        ...

    async def identify(self, *, code: str, verifier: str, nonce: str) -> str:
        """The address key the provider vouches for, given the code it sent the browser back with. Raises
        SignInRefused, ProviderUnavailable."""
        ...


class Audit(Protocol):
    """One stream of the proof log."""

    async def record(self, event: AuditEvent) -> None:
        """Returns once the record is durable. Raises AuditUnavailable."""
        ...

    def note(self, event: AuditEvent) -> None:
        """Keeps the order, durable with the next record or within a second; never raises."""
        ...


class Waiting(Protocol):
    """Who has a held mail: a hint that costs no store. It may lag behind by seconds, either way."""

    def __contains__(self, sender: object) -> bool:
        """True when this address key may have a mail in state HELD. Never raises."""
        ...

    def add(self, sender: str) -> None:
        """A mail of this sender is held from now on."""
        ...

    def publish(self, senders: Collection[str]) -> None:
        """All who have a held mail, as the store knows them; for every process of this node. Raises OSError."""
        ...


class WaitingHere:
    """`Waiting` within one process."""

    def __init__(self) -> None:
        self._senders: set[str] = set()

    def __contains__(self, sender: object) -> bool:
        """See the port."""
        return sender in self._senders

    def add(self, sender: str) -> None:
        """See the port."""
        self._senders.add(sender)

    def publish(self, senders: Collection[str]) -> None:
        """See the port."""
        self._senders = set(senders)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What every flow works with: the settings, the policy and the outside world, as one value. `notice_key` signs
    the mark by which our own notices are known again; `exemptions` are the site's named exclusions."""

    settings: "Settings"
    pack: Pack
    store: Store
    directory: Directory
    next_hop: NextHop
    audit: Audit
    clock: Clock
    new_id: NewId
    notice_key: bytes = b""
    exemptions: "tuple[Exemption, ...]" = ()
    waiting: Waiting = field(default_factory=WaitingHere)
