"""The values the review page and the story page show. *Pure.*"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldState
from gateway.language.catalogue import Catalogue
from gateway.mail.envelope import Path
from gateway.policy.labels import Label
from gateway.policy.pack import ASKED_BEFORE, Pack
from gateway.web import words
from gateway.web.access import form_token
from gateway.web.banner import Banner
from gateway.web.elsewhere import elsewhere, in_box
from gateway.web.forms import MAX_REASON, MAX_SUBJECT
from gateway.web.held_text import HeldText
from gateway.web.judged import Judged, offered_reasons
from gateway.web.reasons import Reason
from gateway.web.sheet import encodable, lay_out, on_one_line
from gateway.web.standing import PERSONS, kind
from gateway.web.story import story
from gateway.web.typed import Typed
from gateway.web.visit import Visit

PURPOSES = ("revise", "withdraw", "dispute", "undo")


def live_values(held: HeldMail, judged: Judged, pack: Pack, window_days: int, say: Catalogue) -> dict[str, Any]:
    """What changes when a text is checked again."""
    suggestion = judged.suggestion
    reasons = offered_reasons(judged, pack, say)
    return {
        "reasons": reasons,
        "in_box": in_box(reasons, judged.text, judged.places),
        "elsewhere": elsewhere(reasons, judged.text, judged.places, say),
        "written": judged.written,
        "sheet": lay_out(judged.text, reasons),
        "memory": words.memory(held.sender, judged.earlier, window_days, say),
        "memory_at": _where_memory_speaks(reasons),
        "outlook": words.outlook(judged.passes, reasons, judged.people, say),
        "people_in_words": words.persons(judged.people, say),
        "suggestion": suggestion,
        "sought": judged.sought,
        "suggestion_told": words.suggested(suggestion, say) if suggestion else "",
        "lost": tuple(say.gettext(line) for line in judged.lost),
        "override": judged.override if not judged.passes else "none",
        "gist": words.gist(reasons, judged.passes, say),
    }


def _where_memory_speaks(reasons: Sequence[Reason]) -> int:
    """The number of the one reason that shows what memory found, 0 for none."""
    repeats = [reason for reason in reasons if reason.label is Label.REPEAT_ASK]
    found = [reason for reason in repeats if reason.rule_id == ASKED_BEFORE] or repeats
    return found[0].number if found else 0


def review_values(
    visit: Visit,
    mail: HeldText,
    typed: Typed,
    *,
    live: Mapping[str, Any],
    now: datetime,
    banner: Banner | None = None,
    missing: bool = False,
    unexplained: bool = False,
    open_form: str = "",
) -> Mapping[str, Any]:
    """All values of the review page; `missing`: Send was pressed without the tick; `unexplained`: "send anyway" without
    the reason or tick it wants."""
    held = visit.held
    return {
        **live,
        "off": typed.off,
        "why": encodable(typed.why),
        "unexplained": unexplained,
        **_both(visit),
        "left": words.remaining(held.expires_at, now, visit.voice.say),
        "decision": held if held.changed_by.startswith("compliance") else None,
        "from_line": on_one_line(mail.from_line or held.mail_from.text),
        "editable": mail.own is not None,
        "why_not": visit.voice.say.gettext(mail.why_not),
        "subject": encodable(typed.subject),
        "text": encodable(typed.text),
        "reason": encodable(typed.reason),
        "rows": min(24, max(6, typed.text.count("\n") + 2)),
        "max_subject": MAX_SUBJECT,
        "max_reason": MAX_REASON,
        "banner": banner.said(visit.voice.say) if banner else None,
        "missing": missing,
        "open_form": open_form,
        "keeps": "revise" if mail.own is not None else "",
    }


def story_values(
    visit: Visit,
    *,
    off: Sequence[Path] = (),
    undo_left: int = 0,
    banner: Banner | None = None,
    kept: str = "",
    open_form: str = "",
) -> Mapping[str, Any]:
    """All values of the page that tells what became of a mail; `off`: who was taken off it; `undo_left`: seconds in
    which it can be taken back."""
    return {
        **_both(visit),
        "off": _mailboxes(off),
        "undo_left": undo_left,
        "story": story(visit.held, visit.voice.say, visit.actor),
        "banner": banner.said(visit.voice.say) if banner else None,
        "kept": encodable(kept),
        "open_form": open_form,
    }


def undo_left(held: HeldMail, seconds: int, now: datetime) -> int:
    """Seconds, rounded up, in which the sender can still take back what was sent from the page; 0 for none."""
    by_person = kind(held.changed_by) in PERSONS
    if held.state is not HoldState.SENDING or not by_person or held.changed_at is None:
        return 0
    left = timedelta(seconds=seconds) - (now - held.changed_at)
    return max(0, -(-left // timedelta(seconds=1)))


def waits(held: HeldMail) -> bool:
    """True while its sender can change and send it."""
    return held.state is HoldState.HELD


def _both(visit: Visit) -> Mapping[str, Any]:
    held = visit.held
    return {
        "held": held,
        "here": visit.here,
        "acting_for": visit.acting_for,
        "tokens": {purpose: form_token(visit.key, held, purpose) for purpose in PURPOSES},
        "subject_line": on_one_line(held.subject, 200) or visit.voice.say.gettext("Your mail without a subject"),
        "recipients": _mailboxes(held.rcpt_to),
    }


def _mailboxes(paths: Sequence[Path]) -> Sequence[str]:
    return [on_one_line(path.text, 320) for path in paths]
