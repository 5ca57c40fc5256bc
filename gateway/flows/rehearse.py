"""Rehearsing: what would happen to a mail that nobody has sent yet. Judged with memory, written nowhere. IO: reads
through ports.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.disposition import Disposition, Relay
from gateway.flows.assess import assess, judged_recipients
from gateway.flows.recheck import Recheck, checked
from gateway.flows.suggest import Suggestion, suggest
from gateway.holds.hold import HeldMail
from gateway.holds.revision import editable_text
from gateway.mail.address import addresses
from gateway.mail.envelope import Path
from gateway.mail.fingerprint import fingerprint
from gateway.mail.letter import Letter, written
from gateway.mail.message import Message, walk
from gateway.mail.reading import read_text
from gateway.policy.labels import Label
from gateway.ports import House

SOMEBODY = "somebody"  # a colleague: the reader of a draft without recipients, the writer of one without a sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A mail as it might be sent: addresses, subject and plain words."""

    sender: str
    to: Sequence[str]
    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What would happen to it, and other words that would pass, None where none are needed or known. `judged`: False
    for mail that goes through unread."""

    disposition: Disposition
    recheck: Recheck
    suggestion: Suggestion | None
    judged: bool = True


async def rehearse(house: House, draft: Draft) -> Rehearsal:
    """Judge a draft as it would be judged at the edge, where it would be, against the memory of this moment. Raises
    GatewayError."""
    raw = written(Letter(sender=draft.sender, to=draft.to, subject=draft.subject, body=draft.text))
    message = walk(raw)
    sender, rcpt_to = _mailbox(draft.sender), tuple(_mailbox(one) for one in draft.to or [SOMEBODY])
    if not judged_recipients(house, sender if sender.text else Path(text=SOMEBODY), rcpt_to):
        return _unread(message)
    async with house.store.begin(write=False) as unit:
        found = await assess(
            house,
            message,
            sender=sender,
            rcpt_to=rcpt_to,
            fingerprint=fingerprint(message, sender.address.key),
            now=house.clock(),
            unit=unit,
            reserve=False,
        )
    judged = checked(found, message)
    as_held = _as_held(house, draft, sender, rcpt_to)
    suggestion = await suggest(house, as_held, raw, editable_text(raw), message.subject, judged)
    return Rehearsal(disposition=found.disposition, recheck=judged, suggestion=suggestion)


def _mailbox(text: str) -> Path:
    """The address in "Ann <ann@corp.example>" as well."""
    found = addresses(text)
    return Path(text=found[0] if len(found) == 1 else text)


def _unread(message: Message) -> Rehearsal:
    text = read_text(message)
    found = Recheck(passes=True, label=Label.OTHER, findings=(), earlier=(), text=text)
    return Rehearsal(disposition=Relay(), recheck=found, suggestion=None, judged=False)


def _as_held(house: House, draft: Draft, sender: Path, rcpt_to: tuple[Path, ...]) -> HeldMail:
    """The draft as if it were held: what suggestions are made for. It is never stored."""
    now = house.clock()
    return HeldMail(
        id="",
        mail_from=sender,
        rcpt_to=rcpt_to,
        sender=sender.address.key,
        subject=draft.subject,
        message_id="",
        fingerprint="",
        label=Label.OTHER,
        labels=(),
        findings=(),
        earlier=(),
        pack="",
        held_at=now,
        expires_at=now,
        token_hash="",
    )
