"""Our notices as mail ready for the outbox: envelope, mark and bytes around what `holds.notices` says.

RFC 3834: the reverse-path is null, nobody's automatic mail is answered, and each notice carries the keyed mark by which
we know it again. Enqueued in the unit of what it tells about, so that there is never one without the other. IO: the
clock and ids of the house, the directory, the caller's unit.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.holds.answer_address import answer_address
from gateway.holds.dispute import to_decide_notice
from gateway.holds.endings import disputed_notice, settled_notice, withdrawn_notice
from gateway.holds.grounds import advice
from gateway.holds.hold import HeldMail, OutgoingMail
from gateway.holds.link import answer_place, link_place
from gateway.holds.notice import Notice, Ways
from gateway.holds.notices import advise_notice, digest_notice, held_notice, reminder_notice
from gateway.holds.sealed import why_sealed
from gateway.language.catalogue import catalogue
from gateway.language.tags import best
from gateway.mail.automatic import is_automatic
from gateway.mail.compose import ascii_domain, compose
from gateway.mail.envelope import Path
from gateway.mail.message import Message, walk
from gateway.mail.trace_headers import NOTICE_HEADER, notice_mark
from gateway.policy.labels import Favour
from gateway.policy.verdict import Verdict
from gateway.ports import House, Unit

if TYPE_CHECKING:
    from gateway.config import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a notice is about: the mail it belongs to in the audit, its hold ("" for none), and whom it goes to."""

    mail_id: str
    sender: Path
    hold_id: str = ""


def about(held: HeldMail) -> About:
    """A notice about a held mail, to its sender."""
    return About(mail_id=held.id, sender=held.mail_from, hold_id=held.id)


def held_notice_mail(house: House, held: HeldMail, *, message: Message) -> OutgoingMail | None:
    """The notice of a hold, with its link; None when nobody may be answered: null sender or automatic mail."""
    if unanswerable(message, held.mail_from):
        return None
    return held_mail_notice(house, held, bytes(message.raw))


def held_mail_notice(house: House, held: HeldMail, raw: bytes) -> OutgoingMail:
    """The notice of a hold whose sender may be answered; `raw`: its message."""
    notice = held_notice(held, house.pack, ways(house, held, raw), window_days=house.settings.memory.window_days)
    return enveloped(house, notice, about(held))


def digest_mail(house: House, held: Sequence[HeldMail], *, reminding: bool = False) -> OutgoingMail:
    """One notice about several holds of one sender; or, `reminding`, the word before they expire."""
    notice = digest_notice(held, house.pack, [ways(house, one) for one in held], reminding=reminding)
    return enveloped(house, notice, about(held[-1]))


def reminder_mail(house: House, held: HeldMail, raw: bytes) -> OutgoingMail:
    """The word before a hold expires; `raw`: its message."""
    return enveloped(house, reminder_notice(held, house.pack, ways(house, held, raw)), about(held))


def withdrawn_mail(house: House, held: HeldMail) -> OutgoingMail:
    """The mail was taken back."""
    return enveloped(house, withdrawn_notice(held), about(held))


def disputed_mail(house: House, held: HeldMail, *, answer_to: str) -> OutgoingMail:
    """The dispute that came by reply has been passed on."""
    return enveloped(house, disputed_notice(held, answer_to=answer_to), about(held))


def to_decide_mails(house: House, held: HeldMail) -> list[OutgoingMail]:
    """A dispute, to each address of `holds.disputes_to`. They name no hold, so that its keys are never filled in, not
    even for a mail of whoever decides."""
    settings = house.settings
    notice = to_decide_notice(held, house.pack, language=settings.organisation.language)
    paths = [Path(text=address) for address in settings.holds.disputes_to]
    different = {path.address.key: path for path in reversed(paths)}.values()
    return [enveloped(house, notice, About(mail_id=held.id, sender=path)) for path in different]


def settled_mail(house: House, held: HeldMail, *, answer_to: str) -> OutgoingMail:
    """The answer came too late; what happened before it."""
    return enveloped(house, settled_notice(held, answer_to=answer_to), about(held))


def advise_mail(
    house: House,
    *,
    mail_id: str,
    sender: Path,
    message: Message,
    verdict: Verdict,
    language: str = "en",
    closed: HeldMail | None = None,
) -> OutgoingMail | None:
    """The friendly note: what a rule advises, to supply the artwork next time, and a word about a held mail that this
    one took the place of; None when nobody may be answered or there is nothing to advise."""
    say = catalogue(language)
    found = advice(verdict.findings, house.pack, say)
    artwork = Favour.PROFILE_CHANGE in verdict.favours and not verdict.artwork
    if unanswerable(message, sender) or not (found or artwork):
        return None
    notice = advise_notice(
        subject=message.subject,
        message_id=message.message_id,
        window_days=house.settings.memory.window_days,
        found=found,
        artwork=artwork,
        language=language,
        closed=closed,
    )
    return enveloped(house, notice, About(mail_id=mail_id, sender=sender))


async def language_of(house: House, message: Message, sender: Path) -> str:
    """In which of our languages the sender is written to: what the mail says its writer reads (RFC 3282), what it is
    written in, what the directory says of the person, the setting. Raises GatewayError of the directory."""
    said = best(message.header("accept-language"), message.header("content-language"), default="")
    if said:
        return said
    person = await house.directory.person(sender.address.key) if sender.text else None
    return best(person.language if person else "", default=house.settings.organisation.language)


def unanswerable(message: Message, sender: Path) -> bool:
    """RFC 3834 section 2: a null reverse-path, a list, a bulk or an automatic mail gets no answer."""
    return not sender.text or is_automatic(message, sender.text)


async def answerable(unit: Unit, held: HeldMail) -> bool:
    """The same asked of a mail in the store."""
    if not held.mail_from.text:
        return False
    raw = await unit.holds.raw(held.id)
    return not unanswerable(await asyncio.to_thread(walk, raw), held.mail_from)


def ways(house: House, held: HeldMail, raw: bytes = b"") -> Ways:
    """What the sender can do, with places where the keys will be when the notice leaves. `raw`: the message, where it
    is to be said that it cannot be changed."""
    settings, key = house.settings, house.notice_key
    reply = settings.holds.replies
    return Ways(
        link=link(settings, link_place(key, held.id)),
        reply_to=answer_address(notice_from(settings), answer_place(key, held.id)) if reply else "",
        sealed=why_sealed(raw) if raw else "",
    )


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
    message_id = f"<{unique}@{ascii_domain(from_.rpartition('@')[2])}>"  # as it is sent: the mark is made of it
    raw = compose(
        from_=f"{notice.sender_name} <{from_}>" if notice.sender_name else from_,
        to=about.sender.text,
        subject=notice.subject,
        text=notice.text,
        html=notice.html,
        headers=(*notice.headers, (NOTICE_HEADER, notice_mark(house.notice_key, message_id))),
        message_id=message_id,
        date=now,
        boundary_seed=unique,
        attached=original,
        reply_to=notice.reply_to,
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
