"""The values the review page and the story page show. *Pure.*"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from gateway.flows.recheck import holding_rules
from gateway.flows.suggest import Suggestion
from gateway.holds.hold import EarlierAsk, HeldMail
from gateway.holds.lifecycle import HoldState
from gateway.mail.text import MessageText
from gateway.policy.labels import Label
from gateway.policy.pack import ASKED_BEFORE, Override, Pack
from gateway.policy.verdict import Finding
from gateway.web import words
from gateway.web.access import form_token
from gateway.web.forms import MAX_REASON, MAX_SUBJECT
from gateway.web.held_text import HeldText
from gateway.web.reasons import Reason, reasons_for, with_changes
from gateway.web.sheet import encodable, lay_out, on_one_line
from gateway.web.standing import BEARER, DELEGATE, SENDER, kind

PURPOSES = ("revise", "withdraw", "dispute", "undo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A line on top about what the last press did: `tone` "ask" (something is missing), "open" or "done"."""

    tone: str
    title: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A text with what was found in it: as it was held, or as it was last checked. `people`: how many get it."""

    passes: bool
    text: MessageText
    findings: tuple[Finding, ...]
    earlier: tuple[EarlierAsk, ...]
    people: int
    lost: tuple[str, ...] = ()
    suggestion: Suggestion | None = None
    override: Override = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What stands in the forms."""

    subject: str
    text: str
    reason: str = ""
    why: str = ""
    off: frozenset[int] = frozenset()  # numbers of the recipients it shall not go to


def as_held(held: HeldMail, mail: HeldText, people: int, suggestion: Suggestion | None, pack: Pack) -> Judged:
    """The mail as it was judged when it came in."""
    return Judged(
        passes=False,
        text=mail.text,
        findings=held.findings,
        earlier=held.earlier,
        people=people,
        suggestion=suggestion,
        override=pack.override(holding_rules(held.findings)),
    )


def live_values(held: HeldMail, judged: Judged, pack: Pack, window_days: int) -> dict[str, Any]:
    """What changes when a text is checked again."""
    suggestion = judged.suggestion
    reasons = offered_reasons(judged, pack)
    return {
        "reasons": reasons,
        "sheet": lay_out(judged.text, reasons),
        "memory": words.memory(held.sender, judged.earlier, window_days),
        "memory_at": _where_memory_speaks(reasons),
        "outlook": words.outlook(judged.passes, reasons, judged.people),
        "people_in_words": words.persons(judged.people),
        "suggestion": suggestion,
        "suggestion_told": words.suggested(suggestion) if suggestion else "",
        "no_suggestion": words.NO_SUGGESTION,
        "lost": judged.lost,
        "override": judged.override if not judged.passes else "none",
        "gist": words.gist(reasons, judged.passes),
    }


def offered_reasons(judged: Judged, pack: Pack) -> tuple[Reason, ...]:
    """The reasons of a text, each with what a suggestion that passes puts in its place."""
    reasons = reasons_for(judged.findings, pack)
    return with_changes(reasons, judged.suggestion.changes) if judged.suggestion else reasons


def _where_memory_speaks(reasons: Sequence[Reason]) -> int:
    """The number of the one reason that shows what memory found, 0 for none."""
    repeats = [reason for reason in reasons if reason.label is Label.REPEAT_ASK]
    found = [reason for reason in repeats if reason.rule_id == ASKED_BEFORE] or repeats
    return found[0].number if found else 0


def review_values(
    held: HeldMail,
    mail: HeldText,
    typed: Typed,
    *,
    live: Mapping[str, Any],
    key: bytes,
    here: str,
    now: datetime,
    notice: Notice | None = None,
    missing: bool = False,
    unexplained: bool = False,
    open_form: str = "",
) -> Mapping[str, Any]:
    """All values of the review page; `missing`: Send was pressed without the tick; `unexplained`: "send anyway" without
    the reason or tick it wants."""
    return {
        **live,
        "off": typed.off,
        "why": encodable(typed.why),
        "unexplained": unexplained,
        **_both(held, key, here),
        "left": words.remaining(held.expires_at, now),
        "decision": held if held.changed_by.startswith("compliance") else None,
        "from_line": on_one_line(mail.from_line or held.mail_from.text),
        "editable": mail.own is not None,
        "why_not": mail.why_not,
        "about_edit": words.ABOUT_EDIT,
        "subject": encodable(typed.subject),
        "text": encodable(typed.text),
        "reason": encodable(typed.reason),
        "rows": min(24, max(6, typed.text.count("\n") + 2)),
        "max_subject": MAX_SUBJECT,
        "max_reason": MAX_REASON,
        "notice": notice,
        "missing": missing,
        "open_form": open_form,
    }


def story_values(
    held: HeldMail,
    *,
    key: bytes,
    here: str,
    viewer: str = SENDER,
    undo_left: int = 0,
    notice: Notice | None = None,
    kept: str = "",
    open_form: str = "",
) -> Mapping[str, Any]:
    """All values of the page that tells what became of a mail to `viewer` (an actor); `undo_left`: seconds in which it
    can be taken back."""
    return {
        **_both(held, key, here),
        "undo_left": undo_left,
        "story": words.story(held, viewer),
        "notice": notice,
        "kept": encodable(kept),
        "open_form": open_form,
    }


def addressed(held: HeldMail, off: Collection[int]) -> HeldMail:
    """The mail as it would go out when these recipients are taken off."""
    return replace(held, rcpt_to=tuple(path for number, path in enumerate(held.rcpt_to) if number not in off))


def undo_left(held: HeldMail, seconds: int, now: datetime) -> int:
    """Seconds, rounded up, in which the sender can still take back what was sent from the page; 0 for none."""
    by_person = kind(held.changed_by) in (SENDER, DELEGATE, BEARER)
    if held.state is not HoldState.SENDING or not by_person or held.changed_at is None:
        return 0
    left = timedelta(seconds=seconds) - (now - held.changed_at)
    return max(0, -(-left // timedelta(seconds=1)))


def waits(held: HeldMail) -> bool:
    """True while its sender can change and send it."""
    return held.state is HoldState.HELD


def _both(held: HeldMail, key: bytes, here: str) -> Mapping[str, Any]:
    return {
        "held": held,
        "here": here,
        "tokens": {purpose: form_token(key, held, purpose) for purpose in PURPOSES},
        "subject_line": on_one_line(held.subject, 200) or "Your mail without a subject",
        "recipients": _mailboxes(held),
    }


def _mailboxes(held: HeldMail) -> Sequence[str]:
    return [on_one_line(path.text, 320) for path in held.rcpt_to]
