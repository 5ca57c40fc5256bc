"""Re-checking: would this text pass? The answer a sender sees while typing. Writes nothing. IO: reads through ports."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.disposition import Advise, Relay
from gateway.flows.assess import Assessment, assess, internal_recipients
from gateway.holds.hold import EarlierAsk, HeldMail
from gateway.holds.revision import NotEditable, Revision
from gateway.holds.unseen import revised
from gateway.mail.envelope import Path
from gateway.mail.message import Message, walk
from gateway.mail.reading import read_text
from gateway.mail.text import MessageText
from gateway.policy.labels import Label, Mode
from gateway.policy.pack import Override
from gateway.policy.verdict import Finding
from gateway.ports import House


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """`passes`: release would send it now. `text` is the revised mail as read, where `findings` have their offsets;
    `lost` what the edit cannot keep; `override` what it takes to send it all the same;
    `reason` why the mail cannot be edited at all, or not with these words, "" when it can."""

    passes: bool
    label: Label
    findings: tuple[Finding, ...]
    earlier: tuple[EarlierAsk, ...]
    text: MessageText
    lost: tuple[str, ...] = ()
    reason: str = ""
    override: Override = "none"

    @property
    def improvable(self) -> bool:
        """False where other words are not needed, or cannot be had."""
        return not self.passes and not self.reason


async def reworded(
    house: House, held: HeldMail, raw: bytes, new_text: str | None, new_subject: str | None
) -> Revision | Recheck:
    """The mail with these words (None: as they are), edited in a thread; a `Recheck` says why it cannot be edited."""
    try:
        return await asyncio.to_thread(revised, raw, new_text, new_subject, house.settings.policy.max_text)
    except NotEditable as error:
        return sealed(held, read_text(walk(raw)), error.reason)


async def recheck(
    house: House, held: HeldMail, raw: bytes, new_text: str | None, new_subject: str | None = None
) -> Recheck:
    """Judge the mail with these words (None: as they are), against the memory as it is now. Raises GatewayError."""
    revision = await reworded(house, held, raw, new_text, new_subject)
    if isinstance(revision, Recheck):
        return revision
    message = walk(revision.raw)
    async with house.store.begin(write=False) as unit:
        found = await assess(
            house,
            message,
            sender=held.mail_from,
            rcpt_to=held.rcpt_to,
            fingerprint=held.fingerprint,
            now=house.clock(),
            unit=unit,
            reserve=False,
        )
    return replace(
        checked(found, message, revision.lost), override=house.pack.override(holding_rules(found.verdict.findings))
    )


def checked(found: Assessment, message: Message, lost: tuple[str, ...] = ()) -> Recheck:
    """An assessment as it is shown to the sender. What the gate let through unread is read for showing."""
    return Recheck(
        passes=passing(found),
        label=found.verdict.label,
        findings=found.verdict.findings,
        earlier=earlier_asks(found),
        text=found.text if found.text.text else read_text(message),
        lost=lost,
    )


def sealed(held: HeldMail, text: MessageText, reason: str) -> Recheck:
    """A mail that cannot be edited: it is judged as it was held."""
    return Recheck(
        passes=False, label=held.label, findings=held.findings, earlier=held.earlier, text=text, reason=reason
    )


def holding_rules(findings: Sequence[Finding]) -> list[str]:
    """Ids of the rules that stop a mail."""
    return [finding.rule_id for finding in findings if finding.mode in (Mode.HOLD, Mode.REJECT)]


def passing(found: Assessment) -> bool:
    """True when this may go out."""
    return isinstance(found.disposition, Relay | Advise)


def earlier_asks(found: Assessment) -> tuple[EarlierAsk, ...]:
    """What memory found, as it is shown."""
    return tuple(
        EarlierAsk(asker=ask.asker, at=ask.at, subject=ask.subject, people=len({key.person for key in ask.keys}))
        for ask in found.history.earlier
    )


async def readers(house: House, rcpt_to: Sequence[Path]) -> int:
    """How many people a mail goes to, lists expanded as far as they are known. Raises GatewayError."""
    inside = internal_recipients(house, rcpt_to)
    audience = await house.directory.expand(inside)
    outside = {path.address.key for path in rcpt_to} - set(inside)
    return len(audience.keys) + len(outside)
