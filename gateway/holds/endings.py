"""What a sender is told when something has become of a held mail: sent, taken back, expired, refused, decided.

Each function takes facts and gives a `Notice`; nothing is sent here. *Pure.*
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.holds.changes import Changes
from gateway.holds.grounds import grounds
from gateway.holds.hold import HeldMail
from gateway.holds.layout import Block, Kind, heading, lead, one_line, paragraph, quote
from gateway.holds.lifecycle import HoldState
from gateway.holds.notice import Notice, Ways, headed, marked, noted, recipients, remedied, remedy, shown_subject
from gateway.holds.notices import closed_words
from gateway.language.catalogue import Catalogue, catalogue, later
from gateway.mail.envelope import Path
from gateway.policy.pack import Pack

_MOST_RULES = 4
_TOLD = {
    HoldState.HELD: later("the mail is held."),
    HoldState.DISPUTED: later("you told us that this is a mistake. A person decides, and we write to you."),
    HoldState.SENDING: later("the mail is on its way."),
    HoldState.SENT: later("the mail was sent."),
    HoldState.WITHDRAWN: later("the mail was taken back. It reached nobody."),
    HoldState.EXPIRED: later("the mail came back to you. It reached nobody."),
    HoldState.SUPERSEDED: later("a corrected mail was sent in its place. This one reached nobody."),
    HoldState.FAILED: later("the mail server did not take the mail. It came back to you."),
}
_MOST_REFUSALS = 20
_MOST_CHANGES = 6  # sentences left out, and as many new ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A recipient the next hop refused for good, and its words; `code` 0 when time ran out."""

    recipient: str
    code: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Went:
    """To whom a mail went, who had been taken off it, and whom the next hop wants to be asked for again."""

    to: Sequence[Path]
    off: Sequence[Path] = ()
    trying: Sequence[Path] = ()


def sent_notice(held: HeldMail, changes: Changes | None, went: Went) -> Notice:
    """The mail went out, with what is different from what was held; None: nobody knows, and nothing is said of it."""
    say = catalogue(held.language)
    opening = say.gettext('Your mail "{subject}" has been sent to {count}.')
    subject = shown_subject(held.subject, say)
    said = lead(opening.format(subject=subject, count=recipients(len(went.to), say)))
    blocks = [said, *_whom_else(went, say), *(_changed(changes, say, less=bool(went.off)) if changes else [])]
    return _of("sent", say.gettext("Sent: {subject}"), blocks, held, say)


def _whom_else(went: Went, say: Catalogue) -> list[Block]:
    """Who had been on it and did not get it now."""
    blocks: list[Block] = []
    if went.trying:
        still = say.gettext(
            "The mail server will take it later for {count}. That goes on by itself; we write to you only if it fails."
        )
        blocks += [paragraph(still.format(count=recipients(len(went.trying), say)))]
    if went.off:
        names = [one_line(path.text) for path in went.off]
        shown = [*names[:_MOST_REFUSALS], "…"] if len(names) > _MOST_REFUSALS else names
        blocks += [heading(say.gettext("Taken off before it was sent")), paragraph(", ".join(shown))]
    return blocks


def _changed(changes: Changes, say: Catalogue, *, less: bool) -> list[Block]:
    """`less`: it went to fewer people, so that not everything is as it was written."""
    if changes.none and not less:
        return [paragraph(say.gettext("It went out as you wrote it."))]
    blocks: list[Block] = []
    if changes.subject:
        blocks += [heading(say.gettext("New subject")), Block(kind=Kind.SAMPLE, text=one_line(changes.subject))]
    if changes.left_out:
        blocks += [
            heading(say.gettext("What was left out")),
            *(quote(one_line(text)) for text in _some(changes.left_out)),
        ]
    if changes.put_in:
        samples = (Block(kind=Kind.SAMPLE, text=one_line(text)) for text in _some(changes.put_in))
        blocks += [heading(say.gettext("What is new")), *samples]
    rest = say.gettext("Everything else went out as you wrote it, attachments included.")
    if changes.mostly:
        rest = say.gettext("Attachments and quoted mail went out as they were.")
    return [
        *blocks,
        *(paragraph(say.gettext(one)) for one in changes.lost),
        *([] if changes.lost else [paragraph(rest)]),
    ]


def _some(texts: Sequence[str]) -> Sequence[str]:
    return [*texts[:_MOST_CHANGES], "…"] if len(texts) > _MOST_CHANGES else texts


def superseded_notice(closed: HeldMail, *, subject: str, message_id: str, count: int) -> Notice:
    """A corrected mail was delivered afresh, so the held one is closed."""
    say = catalogue(closed.language)
    opening = say.gettext('Your mail "{subject}" has been sent to {count}.')
    blocks = [
        lead(opening.format(subject=shown_subject(subject, say), count=recipients(count, say))),
        paragraph(closed_words(closed, say)),
        paragraph(say.gettext("You need not do anything.")),
    ]
    title = say.gettext("Sent, and the earlier one closed: {subject}")
    return noted("superseded", title, blocks, say, subject=subject, message_id=message_id)


def withdrawn_notice(held: HeldMail) -> Notice:
    """The sender took the mail back."""
    say = catalogue(held.language)
    opening = say.gettext('Your mail "{subject}" to {count} has been taken back.')
    blocks = [
        lead(_counted(opening, held, say)),
        paragraph(say.gettext("It reached nobody and will not be sent. You need not do anything.")),
    ]
    return _of("withdrawn", say.gettext("Taken back: {subject}"), blocks, held, say)


def disputed_notice(held: HeldMail, *, answer_to: str) -> Notice:
    """The sender disputed by reply; a person decides."""
    say = catalogue(held.language)
    opening = say.gettext('You told us that holding your mail "{subject}" is a mistake. A person will look at it.')
    safe = say.gettext(
        "We write to you as soon as it is decided. Until then the mail waits here, safe, and nobody has received it."
    )
    blocks = [
        lead(opening.format(subject=shown_subject(held.subject, say))),
        paragraph(safe),
        heading(say.gettext("What you wrote")),
        quote(one_line(held.note, 1000)),
    ]
    return _of("disputed", say.gettext("Being looked at: {subject}"), blocks, held, say, answer_to=answer_to)


def settled_notice(held: HeldMail, *, answer_to: str) -> Notice:
    """An answer came after the mail's story had ended or moved on: what happened, and when."""
    say = catalogue(held.language)
    opening = say.gettext('Your answer about "{subject}" came after this was settled. Nothing further was done.')
    blocks = [
        lead(opening.format(subject=shown_subject(held.subject, say))),
        _became(held, say),
    ]
    return _of("settled", say.gettext("Settled before: {subject}"), blocks, held, say, answer_to=answer_to)


def again_notice(held: HeldMail, *, afresh: datetime) -> Notice:
    """The identical mail came again after its hold had ended: what became of the first, and that the copy was not sent.
    `afresh`: from when on the mail is weighed anew."""
    say = catalogue(held.language)
    opening = say.gettext('Your mail "{subject}" came to us once more. This copy was not sent to anybody.')
    same = say.gettext("It is the same mail as that of {moment}. This is what became of it:")
    nothing = say.gettext("If your mail program sent it again by itself, you need not do anything.")
    how = say.gettext(
        "If you want it to go out, change at least one word and send it as a new mail, or send it as it is, from"
        " {moment} on. It is then read like any other mail."
    )
    blocks = [
        lead(opening.format(subject=shown_subject(held.subject, say))),
        paragraph(same.format(moment=say.moment(held.held_at))),
        _became(held, say),
        heading(say.gettext("What to do")),
        paragraph(nothing),
        paragraph(how.format(moment=say.moment(afresh))),
    ]
    return _of("again", say.gettext("Not sent again: {subject}"), blocks, held, say)


def _became(held: HeldMail, say: Catalogue) -> Block:
    when = headed(say.moment(held.changed_at or held.held_at), say)
    return paragraph(f"{when} {say.gettext(_TOLD[held.state])}")


def expired_notice(held: HeldMail, pack: Pack) -> Notice:
    """The hold's time is up: the mail goes back to its sender, attached."""
    say = catalogue(held.language)
    opening = say.gettext('Your mail "{subject}" to {count} waited since {since}. Its time is up, so it was not sent.')
    blocks = [
        lead(_counted(opening.replace("{since}", say.date(held.held_at)), held, say)),
        paragraph(
            say.gettext(
                "It is attached here exactly as you wrote it. It reached nobody, and nobody else has been told."
            )
        ),
        *marked(grounds(held.findings, pack, say)[:1], say),
        heading(say.gettext("What to do")),
        paragraph(say.gettext("If you still want to send it, write it anew without the words above.")),
    ]
    return _of("expired", say.gettext("Returned to you, not sent: {subject}"), blocks, held, say)


def bounce_notice(held: HeldMail, refusals: Sequence[Refusal], *, others_got_it: bool, late_hours: int = 0) -> Notice:
    """A mail that its sender released could not be delivered to these recipients; it is attached."""
    say = catalogue(held.language)
    subject = shown_subject(held.subject, say)
    if others_got_it:
        some = say.gettext('Your mail "{subject}" could not be delivered to {count}. The others have it.')
        opening = some.format(subject=subject, count=recipients(len(refusals), say))
    elif late_hours:
        late = say.ngettext(
            'Your mail "{subject}" could not be delivered: for {number} hour the mail server did not take it.',
            'Your mail "{subject}" could not be delivered: for {number} hours the mail server did not take it.',
            late_hours,
        )
        opening = late.format(subject=subject, number=late_hours)
    else:
        refused = say.gettext('Your mail "{subject}" could not be delivered. The mail server refused it for good.')
        opening = refused.format(subject=subject)
    lines = [_refused(refusal, say) for refusal in refusals]
    blocks = [
        lead(opening),
        paragraph(say.gettext("Your mail is attached.")),
        heading(say.gettext("Who did not get it, and what the mail server said")),
        *map(paragraph, lines[:_MOST_REFUSALS]),
        *([paragraph("…")] if len(lines) > _MOST_REFUSALS else []),
    ]
    return _of("bounce", say.gettext("Not delivered: {subject}"), blocks, held, say)


def granted_notice(held: HeldMail, note: str, *, disputed: bool = True) -> Notice:
    """Compliance agrees that the hold was a mistake, or decides so unasked: the mail is going out."""
    say = catalogue(held.language)
    agreed = say.gettext(
        'You said that holding your mail "{subject}" was a mistake. It is being sent, as you wrote it.'
    )
    decided = say.gettext('Your mail "{subject}" was looked at again. It is being sent, as you wrote it.')
    opening = agreed if disputed else decided
    blocks = [lead(opening.format(subject=shown_subject(held.subject, say))), *_their_words(note, say)]
    return _of("granted", say.gettext("On its way: {subject}"), blocks, held, say)


def upheld_notice(held: HeldMail, pack: Pack, note: str, ways: Ways, *, now: datetime) -> Notice:
    """Compliance upholds the hold: what the sender can still do."""
    say = catalogue(held.language)
    over = held.expires_at <= now
    opening = say.gettext(
        'You said that holding your mail "{subject}" was a mistake. It was looked at, and it stays held.'
    )
    found = grounds(held.findings, pack, say)[:_MOST_RULES]
    until = say.gettext("You can still change and send it, or take it back, until {date}.")
    if ways.sealed:
        until = say.gettext("You can still take it back, until {date}.")
    late = say.gettext("Its time is up: it comes back to you in the next mail.")
    blocks = [
        lead(opening.format(subject=shown_subject(held.subject, say))),
        *_their_words(note, say),
        *marked(found[:1], say),
        heading(say.gettext("What to do")),
        *(remedy(found, say) if over else remedied(found, ways, say)),
        paragraph(late if over else until.format(date=say.date(held.expires_at))),
    ]
    title = say.gettext("Still not sent: {subject}")
    return _of("upheld", title, blocks, held, say, reply_to="" if over else ways.reply_to)


def _their_words(note: str, say: Catalogue) -> list[Block]:
    return [heading(say.gettext("What was said about it")), quote(one_line(note, 1000))] if note.strip() else []


def _counted(line: str, held: HeldMail, say: Catalogue) -> str:
    return line.format(subject=shown_subject(held.subject, say), count=recipients(len(held.rcpt_to), say))


def _refused(refusal: Refusal, say: Catalogue) -> str:
    whom, reply = one_line(refusal.recipient), _reply(refusal)
    return f"{headed(whom, say)} {reply}" if reply else whom


def _reply(refusal: Refusal) -> str:
    return one_line(f"{refusal.code or ''} {refusal.text}")


def _of(
    kind: str,
    title: str,
    blocks: list[Block],
    held: HeldMail,
    say: Catalogue,
    *,
    answer_to: str = "",
    reply_to: str = "",
) -> Notice:
    return noted(
        kind,
        title,
        blocks,
        say,
        subject=held.subject,
        message_id=held.message_id,
        answer_to=answer_to,
        reply_to=reply_to,
    )
