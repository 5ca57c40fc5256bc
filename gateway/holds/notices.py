"""What a sender is told while a mail waits: held, several held, still held, about to expire; and the tip for next time.

A busy person must understand in ten seconds what happened, why, and what to do, and must not feel accused. Each
function takes facts and gives a `Notice`; nothing is sent here. *Pure.*
"""

from collections.abc import Sequence

from gateway.holds.grounds import Ground, grounds
from gateway.holds.hold import HeldMail
from gateway.holds.layout import Block, Kind, heading, lead, one_line, paragraph, quote
from gateway.holds.notice import (
    SEND,
    Notice,
    Ways,
    asked_before,
    expiry,
    marked,
    noted,
    recipients,
    remedied,
    rule_words,
    shown_subject,
    ways_out,
)
from gateway.language.catalogue import Catalogue, catalogue, later
from gateway.policy.pack import Pack

_NOBODY = later("Nobody else has been told.")
_IN_A_MINUTE = later("Nobody else has been told. You can put it right in a minute.")
_MOST_RULES = 4
_MOST_HELD = 25  # shown in one digest
_MOST_LOST = 5


def held_notice(held: HeldMail, pack: Pack, ways: Ways, *, window_days: int) -> Notice:
    """Told at once: your mail waits, for this sentence, by this rule; here is what to do. Memory looks back over
    `window_days`."""
    say = catalogue(held.language)
    opening = say.gettext('Your mail "{subject}" to {count} has not been sent yet.')
    blocks = [
        lead(_about(opening, held, say)),
        paragraph(say.gettext(_NOBODY if ways.sealed else _IN_A_MINUTE)),
        *_grounds_and_ways(held, pack, ways, say, window_days),
    ]
    return _of("held", say.gettext("Not sent yet: {subject}"), blocks, held, say, ways)


def digest_notice(held: Sequence[HeldMail], pack: Pack, ways: Sequence[Ways], *, reminding: bool = False) -> Notice:
    """Several mails of one sender wait, or, `reminding`, go back soon: each with its first reason and its own page; in
    the language of the newest."""
    say, count = catalogue(held[-1].language), len(held)
    if reminding:
        opening = say.ngettext(
            "{number} mail of yours still waits for you.", "{number} mails of yours still wait for you.", count
        )
    else:
        opening = say.ngettext(
            "{number} mail of yours has not been sent yet.", "{number} mails of yours have not been sent yet.", count
        )
    opening = opening.format(number=count)
    blocks = [lead(opening), paragraph(say.gettext("Nobody else has been told. Each can be put right in a minute."))]
    for one, way in list(zip(held, ways, strict=True))[:_MOST_HELD]:
        blocks += _one_of_many(one, pack, way, say)
    if len(held) > _MOST_HELD:
        more = say.ngettext("And {number} more.", "And {number} more.", len(held) - _MOST_HELD)
        blocks.append(paragraph(more.format(number=len(held) - _MOST_HELD)))
    kind = "reminder" if reminding else "digest"
    return noted(kind, opening.rstrip("."), blocks, say, subject="", message_id="")


def _one_of_many(held: HeldMail, pack: Pack, ways: Ways, say: Catalogue) -> list[Block]:
    found = grounds(held.findings, pack, say)[:1]
    to = say.gettext("To {count}; it comes back to you on {date} if you do nothing.")
    blocks = [
        heading(shown_subject(held.subject, say)),
        *(quote(sentence) for ground in found for sentence in ground.sentences[:1]),
        *(paragraph(ground.title or ground.because) for ground in found),
        paragraph(to.format(count=recipients(len(held.rcpt_to), say), date=say.date(held.expires_at))),
    ]
    if ways.link:
        blocks.append(Block(kind=Kind.LINK, text=ways.link, label=say.gettext("Open your mail")))
    return blocks


def reminder_notice(held: HeldMail, pack: Pack, ways: Ways) -> Notice:
    """Soon the mail goes back: the last chance to do something about it."""
    say = catalogue(held.language)
    opening = say.gettext('Your mail "{subject}" to {count} still waits for you.')
    until = say.gettext("Until {moment} you can change and send it, or take it back. Then it comes back to you.")
    if ways.sealed:
        until = say.gettext("Until {moment} you can take it back. Then it comes back to you.")
    blocks = [
        lead(_about(opening, held, say)),
        paragraph(until.format(moment=say.moment(held.expires_at))),
        *marked(grounds(held.findings, pack, say)[:1], say),
        heading(say.gettext("What to do")),
        *ways_out(ways, say),
    ]
    return _of("reminder", say.gettext("Still waiting for you: {subject}"), blocks, held, say, ways)


def still_held_notice(
    held: HeldMail,
    pack: Pack,
    ways: Ways,
    *,
    answer_to: str,
    window_days: int,
    lost: Sequence[str] = (),
    reason: str = "",
) -> Notice:
    """The answer to a new text that does not pass either: `held` carries what is found in it. `reason`: why the mail
    cannot be changed at all."""
    say = catalogue(held.language)
    opening = say.gettext('Your new text for "{subject}" has not been sent yet.')
    blocks = [lead(opening.format(subject=shown_subject(held.subject, say)))]
    if reason:
        told = [] if reason == ways.sealed else [paragraph(say.gettext(reason))]
        blocks += [*told, *ways_out(ways, say), expiry(held, say)]
    else:
        waits = say.gettext("Something in it still needs another wording. The mail waits as it was; nobody got it.")
        blocks += [paragraph(waits), *_lost(lost, say)]
        blocks += _grounds_and_ways(held, pack, ways, say, window_days)
    title = say.gettext("Not sent yet: {subject}")
    return _of("still-held", title, blocks, held, say, ways, answer_to=answer_to)


def unclear_notice(held: HeldMail, ways: Ways, *, answer_to: str, read: str, why: str) -> Notice:
    """The answer to an answer that may have been meant otherwise; nothing was done. `why` one plain sentence; `read`
    what was understood as the new text, "" for none."""
    say = catalogue(held.language)
    opening = say.gettext('Your mail "{subject}" still waits: we were not sure what you meant.')
    blocks = [lead(opening.format(subject=shown_subject(held.subject, say)))]
    blocks += [] if why == ways.sealed else [paragraph(say.gettext(why))]
    if read and not ways.sealed:
        again = say.gettext("To send exactly this, answer with {word} alone on the first line and the text below it.")
        blocks += [quote(one_line(read, 1000)), paragraph(again.format(word=say.gettext(SEND)))]
    blocks += [heading(say.gettext("What to do")), *ways_out(ways, say), expiry(held, say)]
    title = say.gettext("Not sent yet: {subject}")
    return _of("unclear", title, blocks, held, say, ways, answer_to=answer_to)


def advise_notice(
    *,
    subject: str,
    message_id: str,
    window_days: int,
    language: str = "en",
    found: Sequence[Ground] = (),
    artwork: bool = True,
    closed: HeldMail | None = None,
) -> Notice:
    """The mail went out; next time, do as the rules in `found` advise and, for a favour without it, supply the
    `artwork`. `closed`: the held mail whose place it took."""
    say = catalogue(language)
    opening = say.gettext('Your mail "{subject}" has been sent. You need not do anything.')
    supply = say.gettext(
        "Supply the artwork: attach the picture or banner, or link to it, so that whoever likes the idea can use it at"
        " once, without having to make it, look for it or ask for it."
    )
    once = say.ngettext(
        "And let this one mail stand for itself: these colleagues are asked for this once within {number} day."
        " Making new artwork available to everyone, without asking, is always fine.",
        "And let this one mail stand for itself: these colleagues are asked for this once within {number} days."
        " Making new artwork available to everyone, without asking, is always fine.",
        window_days,
    )
    blocks = [
        lead(opening.format(subject=shown_subject(subject, say))),
        *([paragraph(closed_words(closed, say))] if closed else []),
        heading(say.gettext("A tip for next time")),
    ]
    for ground in found[:_MOST_RULES]:
        blocks += [*map(quote, ground.sentences), paragraph(rule_words(ground, say))]
        blocks += [paragraph(ground.advice)] if ground.advice else []
    if artwork:
        blocks += [paragraph(supply), paragraph(once.format(number=window_days))]
    title = say.gettext("Sent - and a tip for next time: {subject}")
    return noted("advise", title, blocks, say, subject=subject, message_id=message_id)


def closed_words(closed: HeldMail, say: Catalogue) -> str:
    """What became of a held mail whose place a corrected one took."""
    line = say.gettext("It takes the place of the mail we held since {date}; that one is closed and reaches nobody.")
    return line.format(date=say.date(closed.held_at))


def _grounds_and_ways(held: HeldMail, pack: Pack, ways: Ways, say: Catalogue, window_days: int) -> list[Block]:
    found = grounds(held.findings, pack, say)[:_MOST_RULES]
    return [
        *marked(found, say),
        *asked_before(held, say, window_days=window_days),
        heading(say.gettext("What to do")),
        *remedied(found, ways, say),
        expiry(held, say),
    ]


def _lost(lost: Sequence[str], say: Catalogue) -> list[Block]:
    return [paragraph(say.gettext(sentence)) for sentence in lost[:_MOST_LOST]]


def _about(line: str, held: HeldMail, say: Catalogue) -> str:
    return line.format(subject=shown_subject(held.subject, say), count=recipients(len(held.rcpt_to), say))


def _of(
    kind: str, title: str, blocks: list[Block], held: HeldMail, say: Catalogue, ways: Ways, *, answer_to: str = ""
) -> Notice:
    return noted(
        kind,
        title,
        blocks,
        say,
        subject=held.subject,
        message_id=held.message_id,
        answer_to=answer_to,
        reply_to=ways.reply_to,
    )
