"""One mail on its way through, and how it is written into the audit. *Pure*, but for `note_outcome`."""

from dataclasses import dataclass
from datetime import datetime

from gateway.asks.history import AskHistory
from gateway.audit.events import OutcomeReached, VerdictReached
from gateway.disposition import Disposition
from gateway.mail.content import Content
from gateway.mail.envelope import Envelope, Path
from gateway.mail.message import Message
from gateway.policy.verdict import Verdict
from gateway.ports import House, Transaction
from gateway.replies import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What came in, the open transaction with the next hop, and the id that ties the mail's records together."""

    id: str
    at: datetime
    envelope: Envelope
    content: Content
    message: Message
    onward: Transaction

    @property
    def sender(self) -> Path:
        """The reverse-path."""
        return self.envelope.mail_from


def verdict_record(
    case: Case,
    disposition: Disposition,
    verdict: Verdict | None = None,
    *,
    history: AskHistory | None = None,
    mark: str = "",
    internal: bool = True,
    unjudged: str = "",
    attempt_of: str = "",
    exceptions: tuple[str, ...] = (),
) -> VerdictReached:
    """The record of a verdict; without one (`verdict` None) the mail was not judged, and `unjudged` says why."""
    return VerdictReached(
        mail_id=case.id,
        at=case.at,
        disposition=disposition.name,
        label=verdict.label.value if verdict else "",
        labels=tuple(label.value for label in verdict.labels) if verdict else (),
        findings=verdict.findings if verdict else (),
        pack=verdict.pack if verdict else "",
        message_id=case.message.message_id,
        sender=case.sender.text,
        recipients=tuple(path.text for path in case.envelope.rcpt_to),
        peer=case.envelope.session.peer_address,
        size=len(case.content.wire),
        fingerprint=mark,
        internal=internal,
        gated=bool(verdict and verdict.gated),
        earlier=tuple(ask.id for ask in history.earlier) if history else (),
        unjudged=unjudged,
        attempt_of=attempt_of,
        exceptions=exceptions,
    )


def note_outcome(house: House, case: Case, outcome: str, reply: Reply | None = None, *, hold_id: str = "") -> None:
    """Write what became of the mail; durable with the next record."""
    house.audit.note(
        OutcomeReached(
            mail_id=case.id,
            at=house.clock(),
            outcome=outcome,
            code=reply.code if reply else 0,
            reply=reply.text if reply else "",
            hold_id=hold_id,
        )
    )
