"""Our notices as mail ready for the outbox: envelope, mark and bytes around what `holds.notices` says.

RFC 3834: the reverse-path is null, nobody's automatic mail is answered, and each notice carries the keyed mark by which
we know it again. Enqueued in the unit of what it tells about, so that there is never one without the other. IO: the
clock and ids of the house.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.holds.hold import HeldMail, OutgoingMail
from gateway.holds.notices import Notice, advice, advise_notice, held_notice
from gateway.mail.automatic import is_automatic
from gateway.mail.compose import compose
from gateway.mail.envelope import Path
from gateway.mail.message import Message
from gateway.mail.trace_headers import NOTICE_HEADER, notice_mark
from gateway.policy.labels import Favour
from gateway.policy.verdict import Verdict
from gateway.ports import House

if TYPE_CHECKING:
    from gateway.config import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a notice is about: the mail it belongs to in the audit, its hold ("" for none), and whom it goes to."""

    mail_id: str
    sender: Path
    hold_id: str = ""


def held_notice_mail(house: House, held: HeldMail, *, secret: str, message: Message) -> OutgoingMail | None:
    """The notice of a hold, with its link; None when nobody may be answered: null sender or automatic mail."""
    if unanswerable(message, held.mail_from):
        return None
    notice = held_notice(held, house.pack, link(house.settings, secret))
    return enveloped(house, notice, About(mail_id=held.id, sender=held.mail_from, hold_id=held.id))


def advise_mail(house: House, *, mail_id: str, sender: Path, message: Message, verdict: Verdict) -> OutgoingMail | None:
    """The friendly note: what a rule advises, and to supply the artwork next time; None when nobody may be answered or
    there is nothing to say."""
    found = advice(verdict.findings, house.pack)
    artwork = Favour.PROFILE_CHANGE in verdict.favours and not verdict.artwork
    if unanswerable(message, sender) or not (found or artwork):
        return None
    notice = advise_notice(
        subject=message.subject,
        message_id=message.message_id,
        window_days=house.settings.memory.window_days,
        found=found,
        artwork=artwork,
    )
    return enveloped(house, notice, About(mail_id=mail_id, sender=sender))


def unanswerable(message: Message, sender: Path) -> bool:
    """RFC 3834 section 2: a null reverse-path, a list, a bulk or an automatic mail gets no answer."""
    return not sender.text or is_automatic(message, sender.text)


def link(settings: "Settings", secret: str) -> str:
    """Where the sender goes; "" when there is no page."""
    base = settings.web.public_url or (f"http://{settings.web.listen}" if settings.web.listen != "off" else "")
    return f"{base.rstrip('/')}/h/{secret}" if base else ""


def notice_from(settings: "Settings") -> str:
    """Whom our notices are from."""
    domains = [domain for domain in settings.organisation.internal_domains if not domain.startswith("*")]
    host = domains[0] if domains else settings.smtp.hostname or "localhost"
    return settings.holds.notice_from or f"askonce@{host}"


def enveloped(house: House, notice: Notice, about: About, *, original: bytes | None = None) -> OutgoingMail:
    """A notice as mail with a null reverse-path. Its id tells what it is about: "MAIL-ID.UNIQUE.KIND"."""
    now, unique = house.clock(), house.new_id()
    from_ = notice_from(house.settings)
    message_id = f"<{unique}@{from_.rpartition('@')[2]}>"
    raw = compose(
        from_=from_,
        to=about.sender.text,
        subject=notice.subject,
        text=notice.text,
        html=notice.html,
        headers=(*notice.headers, (NOTICE_HEADER, notice_mark(house.notice_key, message_id))),
        message_id=message_id,
        date=now,
        boundary_seed=unique,
        attached=original,
    )
    return OutgoingMail(
        id=f"{about.mail_id}.{unique}.{notice.kind}",
        kind="notice",
        mail_from=Path(text=""),
        rcpt_to=(Path(text=about.sender.text),),
        raw=raw,
        due=now,
        created_at=now,
        hold_id=about.hold_id,
    )
