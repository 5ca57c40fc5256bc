"""How good a pack is on labelled mails: counts, rates and their intervals. *Pure.*

Wilson, "Probable inference, the law of succession, and statistical inference", J. Am. Stat. Assoc. 22 (1927): the
interval that stays honest for small counts and for rates near 0 and 1.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import regex

from gateway.mail.reading import text_from
from gateway.policy.cases import Case
from gateway.policy.judge import judge
from gateway.policy.labels import Label, Mode
from gateway.policy.pack import Pack
from gateway.policy.verdict import Finding, Scene

_Z = 1.959964  # 95 %, two-sided
_STOPS = (Mode.HOLD, Mode.REJECT)
_WORD = regex.compile(r"[\p{L}\p{N}]+")
_SHARED = 0.5  # of the shorter sentence's words, for two sentences to be about the same place


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One case and what the pack made of it. `due`: this pack should hold it; `pointed`: a sentence shown overlaps the
    evidence, None where there is no evidence or no hold; `shown`: the rules and sentences, for open cases only."""

    id: str
    split: str
    batch: str
    language: str
    label: Label
    found: Label
    due: bool
    held: bool
    pointed: bool | None = None
    shown: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`right` of `total`, with the ends of its 95 % interval (0 to 1)."""

    right: int
    total: int

    @property
    def value(self) -> float | None:
        """None when there is nothing to count."""
        return self.right / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval; (0, 1) when there is nothing to count."""
        if not self.total:
            return 0.0, 1.0
        n, p = self.total, self.right / self.total
        middle, spread = p + _Z * _Z / (2 * n), _Z * math.sqrt(p * (1 - p) / n + _Z * _Z / (4 * n * n))
        scale = 1 + _Z * _Z / n
        return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """`precision`: of what was held, so much was due; `recall`: of what was due, so much was held; `labels`: the label
    shown is the right one; `asks`: first asks found as such; `evidence`: right holds that point at the right place."""

    name: str
    mails: int
    precision: Rate
    recall: Rate
    labels: Rate
    asks: Rate
    evidence: Rate

    def rates(self) -> tuple[tuple[str, Rate], ...]:
        """All rates by name."""
        names = ("precision", "recall", "labels", "asks", "evidence")
        return tuple((name, getattr(self, name)) for name in names)


def judged(case: Case, pack: Pack) -> Judged:
    """What the pack makes of a case, without memory."""
    text = text_from(case.subject, case.body, html=case.html)
    verdict = judge(text, Scene(recipients=case.to, people=max(1, len(case.to))), pack)
    held = verdict.mode in _STOPS
    due = case.hold or case.label in _held_anyway(pack)
    stopping = [finding for finding in verdict.findings if finding.mode in _STOPS]
    return Judged(
        id=case.id,
        split=case.split,
        batch=case.batch,
        language=case.language,
        label=case.label,
        found=verdict.label,
        due=due,
        held=held,
        pointed=_pointed(stopping, case.evidence) if held and due and case.evidence else None,
        shown=tuple((one.rule_id, one.sentence) for one in verdict.findings) if case.split == "open" else (),
    )


def score(name: str, cases: Sequence[Judged]) -> Score:
    """The rates over these cases."""
    held = [one for one in cases if one.held]
    due = [one for one in cases if one.due]
    asks = [one for one in cases if one.label is Label.FIRST_ASK]
    pointed = [one for one in cases if one.pointed is not None]
    return Score(
        name=name,
        mails=len(cases),
        precision=_rate(one.due for one in held),
        recall=_rate(one.held for one in due),
        labels=_rate(one.found is one.label for one in cases),
        asks=_rate(one.found is Label.FIRST_ASK for one in asks),
        evidence=_rate(bool(one.pointed) for one in pointed),
    )


def groups(cases: Sequence[Judged], by: str) -> list[Score]:
    """One score for each language, label or batch, in order of name."""
    found: dict[str, list[Judged]] = {}
    for one in cases:
        found.setdefault(str(getattr(one, by)), []).append(one)
    return [score(f"{by} {name}", found[name]) for name in sorted(found)]


def confusion(cases: Iterable[Judged]) -> dict[tuple[Label, Label], int]:
    """How often each label was shown for each true label: (true, shown) to count."""
    found: dict[tuple[Label, Label], int] = {}
    for one in cases:
        found[one.label, one.found] = found.get((one.label, one.found), 0) + 1
    return found


def overlaps(one: str, other: str) -> bool:
    """True when two sentences are about the same place of a text: one holds the other, or they share many words."""
    first, second = _WORD.findall(one.casefold()), _WORD.findall(other.casefold())
    if not first or not second:
        return False
    if " ".join(first) in " ".join(second) or " ".join(second) in " ".join(first):
        return True
    return len(set(first) & set(second)) >= max(3, _SHARED * min(len(set(first)), len(set(second))))


def _pointed(findings: Sequence[Finding], evidence: Sequence[str]) -> bool:
    return any(overlaps(finding.sentence, sentence) for finding in findings for sentence in evidence)


def _held_anyway(pack: Pack) -> frozenset[Label]:
    """Labels that other policies allow and this one holds, such as every ask under never-ask."""
    return frozenset(rule.label for rule in pack.rules.values() if rule.mode in _STOPS and not rule.label.holding)


def _rate(answers: Iterable[bool]) -> Rate:
    found = list(answers)
    return Rate(right=sum(found), total=len(found))
