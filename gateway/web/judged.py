"""A text with what was found in it: as it was held, or as it was last checked. *Pure.*"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from gateway.flows.recheck import holding_rules
from gateway.flows.suggest import Suggestion
from gateway.holds.hold import EarlierAsk, HeldMail
from gateway.language.catalogue import Catalogue
from gateway.language.written import written_in
from gateway.mail.text import MessageText
from gateway.policy.pack import Override, Pack
from gateway.policy.verdict import Finding
from gateway.web.elsewhere import Place
from gateway.web.held_text import HeldText
from gateway.web.reasons import Reason, reasons_for, with_changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`people`: how many get it; `lost`: what the edit cannot keep; `sought`: a suggestion is still being looked for;
    `override`: what sending it anyway takes; `places`: where each part of the mail stands."""

    passes: bool
    text: MessageText
    findings: tuple[Finding, ...]
    earlier: tuple[EarlierAsk, ...]
    people: int
    written: str  # the language of the mail's words
    lost: tuple[str, ...] = ()
    suggestion: Suggestion | None = None
    sought: bool = False
    override: Override = "none"
    places: tuple[Place, ...] = ()


def as_held(held: HeldMail, mail: HeldText, people: int, suggestion: Suggestion | None, pack: Pack) -> Judged:
    """The mail as it was judged when it came in."""
    return Judged(
        passes=False,
        text=mail.text,
        findings=held.findings,
        earlier=held.earlier,
        people=people,
        written=written_in(mail.own or mail.text.text, held.language),
        suggestion=suggestion,
        override=pack.override(holding_rules(held.findings)),
        places=mail.places,
    )


def offered_reasons(judged: Judged, pack: Pack, say: Catalogue) -> tuple[Reason, ...]:
    """The reasons of a text in the reader's language, each with what a suggestion that passes puts in its place."""
    reasons = reasons_for(judged.findings, pack, say, written=judged.written)
    return with_changes(reasons, judged.suggestion.changes) if judged.suggestion else reasons


def addressed(held: HeldMail, off: Collection[int]) -> HeldMail:
    """The mail as it would go out when these recipients are taken off."""
    return replace(held, rcpt_to=tuple(path for number, path in enumerate(held.rcpt_to) if number not in off))
