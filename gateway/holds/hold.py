"""A held mail: everything needed to show it, revise it, send it and answer for it. *Pure.*"""

from dataclasses import dataclass
from datetime import datetime

from gateway.holds.lifecycle import HoldState
from gateway.mail.envelope import Path
from gateway.policy.labels import Label
from gateway.policy.verdict import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierAsk:
    """An ask that memory found: shown with its date, and in full only to the one who sent it."""

    asker: str
    at: datetime
    subject: str = ""
    people: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldMail:
    """One held mail without its bytes (`HoldTable.raw` has those). `sender` is the address key of the reverse-path;
    `token_hash` the SHA-256 (hex) of the link's secret; `version` counts changes, for compare-and-set."""

    id: str
    mail_from: Path
    rcpt_to: tuple[Path, ...]
    sender: str
    subject: str
    message_id: str
    fingerprint: str
    label: Label
    labels: tuple[Label, ...]
    findings: tuple[Finding, ...]
    earlier: tuple[EarlierAsk, ...]
    pack: str
    held_at: datetime
    expires_at: datetime
    token_hash: str
    state: HoldState = HoldState.HELD
    version: int = 0
    size: int = 0  # bytes of the message
    language: str = "en"
    changed_at: datetime | None = None
    changed_by: str = ""  # "sender" or "sender:ADDRESS", "delegate:ADDRESS", "bearer:ADDRESS" (of the link), who signed
    #                       in; "compliance:NAME", "operator:NAME", "gateway"
    note: str = ""  # the reason of a dispute, the words of a decision, the next hop's refusal
    ask_id: str = ""  # the ask reserved for its release
    told_at: datetime | None = None  # when its notice was written; None: it waits for the digest
    reminded_at: datetime | None = None
    thread: tuple[str, ...] = ()  # the Message-IDs it answers or follows (RFC 5322 section 3.6.4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A release as it was typed. The mail's bytes do not tell: what was typed and looks like a signature or a quote is
    read as one."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMail:
    """A mail of our own making, or a released one, waiting to go out. `hold_id` "" for none; `kind` "notice" or
    "release"; `raw` plain bytes with CRLF, b"" as the outbox leases it; `attempts` so far; `due` when to try next;
    `ask_id` confirmed by its 250."""

    id: str
    kind: str
    mail_from: Path
    rcpt_to: tuple[Path, ...]
    raw: bytes
    due: datetime
    created_at: datetime
    hold_id: str = ""
    ask_id: str = ""
    attempts: int = 0
