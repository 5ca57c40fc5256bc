"""Why a mail is held, the way a person is told: one reason for each rule that fired, strictest first. *Pure.*

Title, why and advice are in the reader's language; a wording to put into the mail is in the mail's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.holds.suggestion import Change
from gateway.language.catalogue import Catalogue, later
from gateway.policy.labels import SHOWN_FIRST, Label, Mode
from gateway.policy.pack import Pack, Reference, Rule, Telling
from gateway.policy.verdict import Finding

TITLES: Mapping[Label, str] = {
    Label.ACCOUNT_ACCESS: later("Access to a personal account"),
    Label.DEMAND: later("This reads as an obligation"),
    Label.CALL_OUT: later("Naming who has and who has not"),
    Label.COMPLIANCE_CHECK: later("Checking who has done it"),
    Label.REPEAT_ASK: later("Asked before"),
    Label.PUBLIC_PRAISE: later("Praise in front of others"),
    Label.CONTRACTOR_RULE: later("A rule that is for employees only"),
}
_OTHER = later("This mail could not be read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The sender's words at `start`..`end` of the mail's text (-1, -1: the subject, or no words at all)."""

    start: int
    end: int
    sentence: str
    because: str
    again: bool = False  # already quoted by an earlier reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule and the words it holds. `references` empty: the house's own rule, and the page says so."""

    number: int
    rule_id: str
    label: Label
    title: str
    why: str
    advice: str
    fix: str
    quotes: tuple[Quote, ...]
    references: tuple[Reference, ...]

    @property
    def known(self) -> bool:
        """False for a mail held because it could not be read: there is no rule to explain."""
        return self.label is not Label.OTHER

    @property
    def told_before(self) -> bool:
        """True when all its words are already quoted, and dealt with, by an earlier reason."""
        return all(quote.again for quote in self.quotes)

    @property
    def in_subject(self) -> bool:
        """True when some of its words stand in the subject."""
        return self.known and any(quote.start < 0 and quote.sentence.strip() for quote in self.quotes)


def reasons_for(findings: Sequence[Finding], pack: Pack, say: Catalogue, *, written: str = "") -> tuple[Reason, ...]:
    """Findings that hold, gathered by rule; a rule the pack no longer has speaks through its finding alone. `written`:
    the language of the mail, "" for the reader's."""
    holding = [finding for finding in findings if finding.mode in (Mode.HOLD, Mode.REJECT)]
    by_rule: dict[str, list[Finding]] = {}
    for finding in sorted(holding, key=lambda one: (SHOWN_FIRST[one.label], one.start)):
        by_rule.setdefault(finding.rule_id, []).append(finding)
    seen: set[tuple[int, int]] = set()
    return tuple(
        _reason(number, found, pack.rules.get(rule_id), seen, say, written or say.language)
        for number, (rule_id, found) in enumerate(by_rule.items(), 1)
    )


def with_changes(reasons: Sequence[Reason], changes: Sequence[Change]) -> tuple[Reason, ...]:
    """Each reason offers what a suggestion that passes puts in its place, which may be nothing."""
    instead = {" ".join(change.sentence.split()): change.instead for change in changes}

    def own(reason: Reason) -> Reason:
        quotes = (" ".join(quote.sentence.split()) for quote in reason.quotes)
        found = [instead[quote] for quote in quotes if quote in instead]
        return replace(reason, fix=next(filter(None, found), "")) if found else reason

    return tuple(own(reason) for reason in reasons)


def quoted_sentences(reasons: Sequence[Reason]) -> int:
    """How many different places of the mail are marked."""
    return len({(quote.start, quote.end) for reason in reasons for quote in reason.quotes})


def _reason(
    number: int,
    found: Sequence[Finding],
    rule: Rule | None,
    seen: set[tuple[int, int]],
    say: Catalogue,
    written: str,
) -> Reason:
    first = found[0]
    own = Telling(title=say.gettext(TITLES.get(first.label, _OTHER)), why="", advice="")
    told = rule.telling(say.language) if rule else own
    return Reason(
        number=number,
        rule_id=first.rule_id,
        label=first.label,
        title=told.title,
        why=told.why,
        advice=told.advice,
        fix=rule.fix_in(written) if rule else "",
        quotes=_quotes(found, rule, seen, say),
        references=rule.references if rule else (),
    )


def _quotes(
    found: Sequence[Finding], rule: Rule | None, seen: set[tuple[int, int]], say: Catalogue
) -> tuple[Quote, ...]:
    """Each place once; a `because` that only repeats the rule's own words, or itself, is left out."""
    told = rule.why if rule else ""
    quotes: dict[tuple[int, int], Quote] = {}
    for finding in found:
        because = "" if finding.because in told else finding.because
        told += because
        if because and rule is None and finding.label is Label.OTHER:
            because = say.gettext("This mail could not be read here, and your organisation holds such mail.")
        place = (finding.start, finding.end)
        quote = Quote(start=place[0], end=place[1], sentence=finding.sentence, because=because, again=place in seen)
        quotes.setdefault(place, quote)
    seen.update(quotes)
    return tuple(quotes.values())
