"""A notice: a mail to a sender before it gets its envelope, and the parts that several kinds of notice share.

Headers follow RFC 3834 (automatic responses) and RFC 5322 section 3.6.4 (the thread of the mail it is about). *Pure.*
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.holds.earlier import others_asked
from gateway.holds.grounds import Ground
from gateway.holds.hold import EarlierAsk, HeldMail
from gateway.holds.layout import Block, Kind, as_html, as_text, heading, one_line, paragraph, quote
from gateway.language.catalogue import Catalogue, later
from gateway.policy.pack import ASKED_BEFORE

# Translators: one word in capitals that people write alone on the first line of an answer; each must be another one.
WITHDRAW = later("WITHDRAW")
# Translators: one word in capitals that people write alone on the first line of an answer; each must be another one.
DISPUTE = later("DISPUTE")
# Translators: one word in capitals that people write alone on the first line of an answer; each must be another one.
SEND = later("SEND")

_SUBJECT_LENGTH = 120
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """`kind` stands in the audit: held, digest, reminder, still-held, unclear, advise, sent, superseded, withdrawn,
    disputed, settled, again, to-decide, granted, upheld, expired, bounce. `headers` are (name, value)."""

    kind: str
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]
    sender_name: str = ""  # whom it is from, in the reader's language
    reply_to: str = ""  # the keyed address, "" where nothing can be done by reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What a sender can do about a held mail: `link` to the page and `reply_to`, each "" where there is none;
    `sealed`: why the mail cannot be changed, one plain sentence, "" where it can."""

    link: str = ""
    reply_to: str = ""
    sealed: str = ""


def noted(
    kind: str,
    title: str,
    blocks: Sequence[Block],
    say: Catalogue,
    *,
    subject: str,
    message_id: str,
    answer_to: str = "",
    reply_to: str = "",
    footer: str = "",
) -> Notice:
    """A whole notice under a band and above a footer ("": the one of a note to the sender). `title` may have {subject};
    `answer_to` is the Message-ID of a reply this answers, when it is not the mail itself that is answered."""
    title = title.replace("{subject}", shown_subject(subject, say))
    band = Block(kind=Kind.BAND, text=band_words(say, reply=bool(reply_to)))
    footer = footer or say.gettext("This note was written by the mail gateway and sent to you alone.")
    blocks = [band, *blocks, Block(kind=Kind.SMALL, text=footer)]
    return Notice(
        kind=kind,
        subject=title,
        text=as_text(blocks),
        html=as_html(blocks, title=title, language=say.language),
        headers=_headers(message_id, answer_to, subject, say),
        sender_name=say.gettext("Mail gateway"),
        reply_to=reply_to,
    )


def band_words(say: Catalogue, *, reply: bool) -> str:
    """The words above everything else; an answer is cut off where they are quoted."""
    # Translators: the line on top of every note of the gateway.
    whose = say.gettext("A note from your mail gateway")
    if not reply:
        return whose
    # Translators: the same line where the note can be answered; it is also how the quoted note is told from the answer.
    return say.gettext("A note from your mail gateway. Write your answer above this line.")


def _headers(message_id: str, answer_to: str, subject: str, say: Catalogue) -> tuple[tuple[str, str], ...]:
    """RFC 3834 section 3.1; the thread only where Message-IDs are well-formed. Thread-Topic is how Outlook gathers."""
    ids = [one for one in (message_id, answer_to) if _MESSAGE_ID.fullmatch(one)]
    thread = (("In-Reply-To", ids[-1]), ("References", " ".join(dict.fromkeys(ids)))) if ids else ()
    topic = one_line(subject, _SUBJECT_LENGTH)
    return (
        ("Auto-Submitted", "auto-replied"),
        ("X-Auto-Response-Suppress", "All"),
        ("Content-Language", say.language),
        *thread,
        *((("Thread-Topic", topic),) if topic else ()),
    )


def shown_subject(subject: str, say: Catalogue) -> str:
    """A mail's subject as it stands in a sentence."""
    return one_line(subject, _SUBJECT_LENGTH) or say.gettext("(no subject)")


def recipients(number: int, say: Catalogue) -> str:
    """How many, in words that fit the number."""
    return say.ngettext("{number} recipient", "{number} recipients", number).format(number=number)


def marked(found: Sequence[Ground], say: Catalogue) -> list[Block]:
    """The sentences and the rule behind them; further rules shorter, under "also"."""
    if not found:
        return []
    first, *others = found
    blocks = [heading(say.gettext("What stopped it")), *map(quote, first.sentences)]
    blocks += [paragraph(first.because)] if first.because else []
    if first.title or first.why or not first.because:
        blocks += [heading(say.gettext("The rule")), paragraph(rule_words(first, say))]
    for other in others:
        new = [sentence for sentence in other.sentences if sentence not in first.sentences]
        blocks += [heading(say.gettext("Also")), *map(quote, new)]
        blocks += [paragraph(other.title or other.because)] if other.title or other.because else []
    return blocks


def rule_words(ground: Ground, say: Catalogue) -> str:
    """A rule and why it is one."""
    title = f"{ground.title}." if ground.title and ground.title[-1] not in ".!?" else ground.title
    house = say.gettext(
        "It touches your organisation's rule on asking colleagues to use their own social-media accounts."
    )
    return " ".join(part for part in (title, ground.why) if part) or house


def asked_before(held: HeldMail, say: Catalogue, *, window_days: int) -> list[Block]:
    """The sender's last own ask, dated; of others' only that there was one within `window_days`."""
    if not held.earlier:
        return []
    own = [ask for ask in held.earlier if ask.asker == held.sender]
    lines = [paragraph(_own_ask(max(own, key=lambda ask: ask.at), say))] if own else []
    if len(own) < len(held.earlier):
        lines.append(paragraph(others_asked(window_days, say, besides=bool(own))))
    return [heading(say.gettext("Asked before")), *lines]


def _own_ask(ask: EarlierAsk, say: Catalogue) -> str:
    date = say.date(ask.at)
    if not ask.subject:
        return say.gettext("You asked this group on {date}.").format(date=date)
    line = say.gettext('You asked this group on {date}, in "{subject}".')
    return line.format(date=date, subject=shown_subject(ask.subject, say))


def remedied(found: Sequence[Ground], ways: Ways, say: Catalogue) -> list[Block]:
    """What to do about these grounds, and how; no other words where the mail cannot be changed."""
    advised = [] if ways.sealed else remedy(found, say)
    proposed = any(block.kind is Kind.SAMPLE for block in advised)
    return [*advised, *ways_out(ways, say, proposed=proposed)]


def remedy(found: Sequence[Ground], say: Catalogue) -> list[Block]:
    """The advice of the strictest rule; where these people were asked before, other words for asking are no help."""
    repeated = [ground for ground in found if ground.rule_id == ASKED_BEFORE]
    shown = list(dict.fromkeys([*found[:1], *repeated]))
    blocks = [paragraph(ground.advice) for ground in shown if ground.advice]
    fixes = [ground.fix for ground in repeated or shown if ground.fix]
    if not fixes:
        return blocks
    return [*blocks, paragraph(say.gettext("You could write instead:")), Block(kind=Kind.SAMPLE, text=fixes[0])]


def ways_out(ways: Ways, say: Catalogue, *, proposed: bool = False) -> list[Block]:
    """The button, and what an answer to this note does; `proposed`: a wording stands above."""
    blocks: list[Block] = [paragraph(say.gettext(ways.sealed))] if ways.sealed else []
    if ways.link:
        act = say.gettext("Change it and send it, take it back, or tell us that this is a mistake:")
        less = say.gettext("Take it back, or tell us that this is a mistake:")
        blocks += [paragraph(less if ways.sealed else act)]
        blocks += [Block(kind=Kind.LINK, text=ways.link, label=say.gettext("Open your mail"))]
    if ways.reply_to:
        title = say.gettext("Or simply answer this mail") if ways.link else say.gettext("By answering this mail")
        changing = [] if ways.sealed else _changing(say, page=bool(ways.link), proposed=proposed)
        blocks += [heading(title), *changing, *_ending(say)]
    if not blocks:
        blocks = [paragraph(say.gettext("Write it anew without the words above; this one will come back to you."))]
    return blocks


def _changing(say: Catalogue, *, page: bool, proposed: bool) -> list[Block]:
    """What an answer with other words does."""
    whole = say.gettext("it replaces everything you wrote and is sent. Attachments and recipients stay as they are.")
    wording = say.gettext("it takes the place of what stopped your mail; everything else stays as you wrote it.")
    one = say.gettext("To change one sentence only, open your mail above.")
    return [
        _choice(say.gettext("Your whole new text, from greeting to closing"), f"{whole} {one}" if page else whole, say),
        *([_choice(say.gettext("The proposed wording alone"), wording, say)] if proposed else []),
    ]


def _ending(say: Catalogue) -> list[Block]:
    """What an answer with one of our words does."""
    return [
        _choice(say.gettext(WITHDRAW), say.gettext("the mail is taken back and reaches nobody."), say),
        _choice(
            say.gettext("{word} and a reason").format(word=say.gettext(DISPUTE)),
            say.gettext("you tell us that this is a mistake, and a person decides."),
            say,
        ),
    ]


def _choice(label: str, text: str, say: Catalogue) -> Block:
    return Block(kind=Kind.CHOICE, text=text, label=headed(label, say))


def headed(label: str, say: Catalogue) -> str:
    """A word, a moment, an address, with the colon behind which something is said of it."""
    # Translators: the colon as it stands behind a word: with a no-break space where the language has one.
    return say.gettext("{label}:").format(label=label)


def expiry(held: HeldMail, say: Catalogue) -> Block:
    """What happens if nobody does anything."""
    line = say.gettext("If you do nothing, it comes back to you on {date} and reaches nobody.")
    return paragraph(line.format(date=say.date(held.expires_at)))
