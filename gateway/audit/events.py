"""The closed catalogue of audit events.

Each is one fact compliance may have to prove. No event carries a body; sentences appear only in verdicts, where they
are the ground of a decision. `mail_id` ties the records of one mail together. *Pure.*
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from gateway.policy.verdict import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """What every event has; `action` is ECS `event.action`."""

    action: ClassVar[str] = ""
    mail_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictReached(AuditEvent):
    """Durable before any effect. `disposition`: relay, advise, hold, reject; `unjudged`: why it was not read."""

    action: ClassVar[str] = "verdict"
    disposition: str
    label: str
    labels: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    pack: str = ""
    message_id: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    peer: str = ""
    size: int = 0
    fingerprint: str = ""
    internal: bool = True
    gated: bool = False
    earlier: tuple[str, ...] = ()  # ids of the asks memory found
    unjudged: str = ""
    exceptions: tuple[str, ...] = ()  # ids of the exceptions without which it would have gone otherwise
    attempt_of: str = ""  # id of the hold or ask this is a retransmission of


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeReached(AuditEvent):
    """What became of it: `outcome` relayed, refused (next hop said 4yz/5yz), held, rejected, duplicate, failed (we
    could not: nobody has it), unknown (the next hop or our store may have it: the final dot or the commit got no
    answer, or a crash; completed at start-up then); `code`/`reply` what the client was told."""

    action: ClassVar[str] = "outcome"
    outcome: str
    code: int = 0
    reply: str = ""
    hold_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldChanged(AuditEvent):
    """A step in the life of a held mail; `step` is the lifecycle action, `actor` who did it."""

    action: ClassVar[str] = "hold"
    hold_id: str
    step: str
    before: str
    after: str
    actor: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUndone(AuditEvent):
    """Takes back the record of a step whose unit failed: `outcome` undone (nothing of it was stored), unknown (the
    store did not say; the next step of this hold tells, by the state it was taken from). The other fields repeat it."""

    action: ClassVar[str] = "undone"
    hold_id: str
    step: str
    before: str
    after: str
    actor: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSent(AuditEvent):
    """A notice of ours was accepted, refused or given up; `kind` held, advise, expired, bounce."""

    action: ClassVar[str] = "notice"
    hold_id: str
    kind: str
    outcome: str
    code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReceived(AuditEvent):
    """A notice was answered by mail; `outcome` revised (its words pass), held (they do not), withdrawn, disputed,
    unclear, late (all was settled), or nothing done: automatic, stranger, repeated, too-big, too-often, unknown."""

    action: ClassVar[str] = "answer"
    hold_id: str
    outcome: str
    message_id: str = ""
    sender: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOpened(AuditEvent):
    """Somebody looked at a held mail; `actor` sender or a name, `purpose` review, list, export. Who signed in is named:
    sender:ADDRESS, delegate:ADDRESS, bearer:ADDRESS (of another's link)."""

    action: ClassVar[str] = "opened"
    hold_id: str
    actor: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStarted(AuditEvent):
    """A process began to write; `recovered` counts torn lines marked, `completed` verdicts without outcome."""

    action: ClassVar[str] = "start"
    version: str
    pack: str
    recovered: int = 0
    completed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStopped(AuditEvent):
    """A process stopped in good order."""

    action: ClassVar[str] = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRecovered(AuditEvent):
    """Something of this stream did not reach the disk. After a crash, an unfinished last line gave way to this record:
    its length in bytes, its SHA-256, and how it began (bytes as `\\xNN` where they are not text). Or `lost_notes`
    records that could wait could not wait long enough while the disk was full."""

    action: ClassVar[str] = "recovered"
    torn_bytes: int = 0
    torn_sha256: str = ""
    torn_begin: str = ""
    lost_notes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamContinued(AuditEvent):
    """The first record of every further file: `pending` are the mails whose outcome is still to come."""

    action: ClassVar[str] = "continue"
    pending: tuple[str, ...] = ()


CATALOGUE: tuple[type[AuditEvent], ...] = (
    VerdictReached,
    OutcomeReached,
    HoldChanged,
    StepUndone,
    NoticeSent,
    AnswerReceived,
    HoldOpened,
    StreamStarted,
    StreamStopped,
    StreamRecovered,
    StreamContinued,
)
