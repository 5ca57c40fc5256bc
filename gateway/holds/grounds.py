"""Why a mail is held, in its sender's language: one ground for each rule, the strictest first. *Pure.*"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.holds.layout import one_line
from gateway.language.catalogue import Catalogue
from gateway.language.written import written_in
from gateway.policy.labels import SHOWN_FIRST, Label, Mode
from gateway.policy.pack import Pack, Rule, Telling
from gateway.policy.verdict import Finding

_MOST_SENTENCES = 3  # of one rule
_NOBODY = Telling(title="", why="", advice="")


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


def grounds(findings: Sequence[Finding], pack: Pack, say: Catalogue) -> tuple[Ground, ...]:
    """The rules on whose account a mail is held, strictest reason first, each once."""
    return _grounds(findings, pack, say, (Mode.HOLD, Mode.REJECT))


def advice(findings: Sequence[Finding], pack: Pack, say: Catalogue) -> tuple[Ground, ...]:
    """The rules that only advise, strictest reason first, each once."""
    return _grounds(findings, pack, say, (Mode.ADVISE,))


def _grounds(findings: Sequence[Finding], pack: Pack, say: Catalogue, modes: tuple[Mode, ...]) -> tuple[Ground, ...]:
    stopping = [finding for finding in findings if finding.mode in modes]
    stopping.sort(key=lambda finding: SHOWN_FIRST[finding.label])
    by_rule: dict[str, list[Finding]] = {}
    for finding in stopping:
        by_rule.setdefault(finding.rule_id, []).append(finding)
    return tuple(_ground(found, pack.rules.get(rule_id), say) for rule_id, found in by_rule.items())


def _ground(found: list[Finding], rule: Rule | None, say: Catalogue) -> Ground:
    told = rule.telling(say.language) if rule else _NOBODY
    sentences = dict.fromkeys(one_line(finding.sentence) for finding in found)
    return Ground(
        rule_id=found[0].rule_id,
        title=one_line(told.title),
        why=one_line(told.why, 600),
        advice=one_line(told.advice, 600),
        fix=one_line(rule.fix_in(written_in(" ".join(sentences), say.language))) if rule else "",
        sentences=tuple(sentence for sentence in sentences if sentence)[:_MOST_SENTENCES],
        because=_because(found[0], rule, say),
    )


def _because(finding: Finding, rule: Rule | None, say: Catalogue) -> str:
    """What is the matter, where the rule does not say so already."""
    if rule is None and finding.label is Label.OTHER:
        return say.gettext("This mail could not be read here, and your organisation holds such mail.")
    because = one_line(finding.because)
    return "" if rule and because.rstrip(".") in one_line(rule.why, 600) else because
