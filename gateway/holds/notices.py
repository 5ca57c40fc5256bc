"""The notices we write to senders: what they say, in which order, with which headers.

A busy person must understand in ten seconds what happened, why, and what to do, and must not feel accused. Each
function takes facts and gives a `Notice`; nothing is sent here. Headers follow RFC 3834 (automatic responses). *Pure.*
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.holds.hold import HeldMail
from gateway.holds.layout import Block, Kind, as_html, as_text, one_line
from gateway.holds.words import Words, words
from gateway.policy.labels import SHOWN_FIRST, Mode
from gateway.policy.pack import ASKED_BEFORE, Pack
from gateway.policy.verdict import Finding

_MOST_SENTENCES = 3  # of one rule
_MOST_RULES = 4
_MOST_REFUSALS = 20
_SUBJECT_LENGTH = 120
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A mail to a sender before it gets its envelope. `headers` are (name, value), ASCII."""

    kind: str  # held, advise, expired, bounce, granted, upheld
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One rule that stopped a mail, as its sender sees it; `because` says what is the matter with the sentences."""

    rule_id: str
    title: str
    why: str
    advice: str
    fix: str
    sentences: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A recipient the next hop refused for good, and its words; `code` 0 when time ran out."""

    recipient: str
    code: int = 0
    text: str = ""


def grounds(findings: Sequence[Finding], pack: Pack) -> tuple[Ground, ...]:
    """The rules on whose account a mail is held, strictest reason first, each once."""
    return _grounds(findings, pack, (Mode.HOLD, Mode.REJECT))


def advice(findings: Sequence[Finding], pack: Pack) -> tuple[Ground, ...]:
    """The rules that only advise, strictest reason first, each once."""
    return _grounds(findings, pack, (Mode.ADVISE,))


def _grounds(findings: Sequence[Finding], pack: Pack, modes: tuple[Mode, ...]) -> tuple[Ground, ...]:
    stopping = [finding for finding in findings if finding.mode in modes]
    stopping.sort(key=lambda finding: SHOWN_FIRST[finding.label])
    by_rule: dict[str, list[Finding]] = {}
    for finding in stopping:
        by_rule.setdefault(finding.rule_id, []).append(finding)
    return tuple(_ground(rule_id, found, pack) for rule_id, found in by_rule.items())


def _ground(rule_id: str, found: list[Finding], pack: Pack) -> Ground:
    rule = pack.rules.get(rule_id)
    sentences = dict.fromkeys(one_line(finding.sentence) for finding in found)
    because = one_line(found[0].because)
    why = one_line(rule.why, 600) if rule else ""
    return Ground(
        rule_id=rule_id,
        title=one_line(rule.title) if rule else "",
        why=why,
        advice=one_line(rule.advice, 600) if rule else "",
        fix=one_line(rule.fix) if rule else "",
        sentences=tuple(sentence for sentence in sentences if sentence)[:_MOST_SENTENCES],
        because="" if because.rstrip(".") in why else because,
    )


def held_notice(held: HeldMail, pack: Pack, link: str) -> Notice:
    """Told at once: your mail waits, for this sentence, by this rule; here is what to do. `link` "" without a page."""
    say = words(held.language)
    found = grounds(held.findings, pack)[:_MOST_RULES]
    blocks = [
        _lead(say.held_opening.format(subject=_subject(held.subject, say), count=say.count(len(held.rcpt_to)))),
        _paragraph(say.nobody_told),
        *_marked(found, say),
        *_asked_before(held, say),
        _heading(say.to_do),
        *_remedy(found, say),
        *_act(link, say),
        _paragraph(say.expiry.format(date=say.date(held.expires_at))),
    ]
    return _notice("held", say.held_subject, blocks, say, subject=held.subject, message_id=held.message_id)


def advise_notice(
    *,
    subject: str,
    message_id: str,
    window_days: int,
    language: str = "en",
    found: Sequence[Ground] = (),
    artwork: bool = True,
) -> Notice:
    """The mail went out; next time, do as the rules in `found` advise and, for a favour without it, supply the
    `artwork`."""
    say = words(language)
    blocks = [_lead(say.advise_opening.format(subject=_subject(subject, say))), _heading(say.advise_rule)]
    for ground in found[:_MOST_RULES]:
        blocks += [*(_quote(sentence) for sentence in ground.sentences), _paragraph(_rule(ground, say))]
        blocks += [_paragraph(ground.advice)] if ground.advice else []
    if artwork:
        blocks += [_paragraph(say.advise_to_do), _paragraph(say.advise_once.format(days=window_days))]
    return _notice("advise", say.advise_subject, blocks, say, subject=subject, message_id=message_id)


def expired_notice(held: HeldMail, pack: Pack) -> Notice:
    """The hold's time is up: the mail goes back to its sender, attached."""
    say = words(held.language)
    opening = say.expired_opening.format(
        subject=_subject(held.subject, say), count=say.count(len(held.rcpt_to)), since=say.date(held.held_at)
    )
    blocks = [
        _lead(opening),
        _paragraph(say.expired_attached),
        *_marked(grounds(held.findings, pack)[:1], say),
        _heading(say.to_do),
        _paragraph(say.expired_to_do),
    ]
    return _notice("expired", say.expired_subject, blocks, say, subject=held.subject, message_id=held.message_id)


def bounce_notice(held: HeldMail, refusals: Sequence[Refusal], *, others_got_it: bool, late_hours: int = 0) -> Notice:
    """A mail that its sender released could not be delivered to these recipients; it is attached."""
    say = words(held.language)
    opening = say.bounce_some if others_got_it else say.bounce_late if late_hours else say.bounce_all
    subject = _subject(held.subject, say)
    lines = [f"{one_line(refusal.recipient)}: {_reply(refusal)}".rstrip(": ") for refusal in refusals]
    blocks = [
        _lead(opening.format(subject=subject, count=say.count(len(refusals)), hours=late_hours)),
        _paragraph(say.bounce_attached),
        _heading(say.bounce_refused),
        *(_paragraph(line) for line in lines[:_MOST_REFUSALS]),
        *([_paragraph("…")] if len(lines) > _MOST_REFUSALS else []),
    ]
    return _notice("bounce", say.bounce_subject, blocks, say, subject=held.subject, message_id=held.message_id)


def granted_notice(held: HeldMail, note: str) -> Notice:
    """Compliance agrees that the hold was a mistake: the mail is going out."""
    say = words(held.language)
    opening = _lead(say.granted_opening.format(subject=_subject(held.subject, say)))
    blocks = [opening, *_their_words(note, say)]
    return _notice("granted", say.granted_subject, blocks, say, subject=held.subject, message_id=held.message_id)


def upheld_notice(held: HeldMail, pack: Pack, note: str, *, now: datetime) -> Notice:
    """Compliance upholds the hold: what the sender can still do."""
    say = words(held.language)
    over = held.expires_at <= now
    todo = say.upheld_late if over else say.upheld_to_do.format(date=say.date(held.expires_at))
    found = grounds(held.findings, pack)[:_MOST_RULES]
    blocks = [
        _lead(say.upheld_opening.format(subject=_subject(held.subject, say))),
        *_their_words(note, say),
        *_marked(found[:1], say),
        _heading(say.to_do),
        *_remedy(found, say),
        _paragraph(todo),
    ]
    return _notice("upheld", say.upheld_subject, blocks, say, subject=held.subject, message_id=held.message_id)


def _notice(kind: str, title: str, blocks: list[Block], say: Words, *, subject: str, message_id: str) -> Notice:
    title = title.format(subject=_subject(subject, say))
    blocks = [*blocks, Block(kind=Kind.SMALL, text=say.footer)]
    return Notice(
        kind=kind,
        subject=title,
        text=as_text(blocks),
        html=as_html(blocks, title=title, language=say.language),
        headers=_headers(message_id),
    )


def _headers(message_id: str) -> tuple[tuple[str, str], ...]:
    """RFC 3834 section 3.1; the thread only where the mail's own Message-ID is well-formed."""
    thread = (("In-Reply-To", message_id), ("References", message_id)) if _MESSAGE_ID.fullmatch(message_id) else ()
    return (("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All"), *thread)


def _subject(subject: str, say: Words) -> str:
    return one_line(subject, _SUBJECT_LENGTH) or say.no_subject


def _marked(found: Sequence[Ground], say: Words) -> list[Block]:
    """The sentences and the rule behind them; further rules shorter, under "also"."""
    if not found:
        return []
    first, *others = found
    blocks = [_heading(say.marked), *(_quote(sentence) for sentence in first.sentences)]
    blocks += [_paragraph(first.because)] if first.because else []
    if first.title or first.why or not first.because:
        blocks += [_heading(say.rule), _paragraph(_rule(first, say))]
    for other in others:
        new = [sentence for sentence in other.sentences if sentence not in first.sentences]
        blocks += [_heading(say.also), *(_quote(sentence) for sentence in new)]
        blocks += [_paragraph(other.title or other.because)] if other.title or other.because else []
    return blocks


def _rule(ground: Ground, say: Words) -> str:
    title = f"{ground.title}." if ground.title and ground.title[-1] not in ".!?" else ground.title
    return " ".join(part for part in (title, ground.why) if part) or say.house_rule


def _asked_before(held: HeldMail, say: Words) -> list[Block]:
    """The earlier ask, with its date; in full only to the one who sent it."""
    if not held.earlier:
        return []
    own = [ask for ask in held.earlier if ask.asker == held.sender]
    last = max(own or held.earlier, key=lambda ask: ask.at)
    called = say.called.format(subject=_subject(last.subject, say)) if last.subject else ""
    line = say.you_asked.format(date=say.date(last.at), called=called)
    return [
        _heading(say.asked_before),
        _paragraph(line if own else say.colleague_asked.format(date=say.date(last.at))),
    ]


def _remedy(found: Sequence[Ground], say: Words) -> list[Block]:
    """The advice of the strictest rule; where these people were asked before, other words for asking are no help."""
    repeated = [ground for ground in found if ground.rule_id == ASKED_BEFORE]
    shown = list(dict.fromkeys([*found[:1], *repeated]))
    blocks = [_paragraph(ground.advice) for ground in shown if ground.advice]
    fixes = [ground.fix for ground in repeated or shown if ground.fix]
    return [*blocks, *([_paragraph(say.instead), Block(kind=Kind.SAMPLE, text=fixes[0])] if fixes else [])]


def _act(link: str, say: Words) -> list[Block]:
    if not link:
        return [_paragraph(say.no_page)]
    return [_paragraph(say.act), Block(kind=Kind.LINK, text=link, label=say.act_button)]


def _their_words(note: str, say: Words) -> list[Block]:
    return [_heading(say.their_words), _quote(one_line(note, 1000))] if note.strip() else []


def _reply(refusal: Refusal) -> str:
    return one_line(f"{refusal.code or ''} {refusal.text}")


def _lead(text: str) -> Block:
    return Block(kind=Kind.LEAD, text=text)


def _heading(text: str) -> Block:
    return Block(kind=Kind.HEADING, text=text)


def _paragraph(text: str) -> Block:
    return Block(kind=Kind.PARAGRAPH, text=text)


def _quote(text: str) -> Block:
    return Block(kind=Kind.QUOTE, text=text)
