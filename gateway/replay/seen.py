"""What a replay keeps of one mail: enough to weigh it with memory and to show it, and nothing of most mail but a mark.

Crosses pipes and the state file as JSON. *Pure.*
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.policy.labels import Favour, Label, Mode
from gateway.policy.verdict import Finding, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One policy's verdict on a mail, with the ids of the exceptions that count for it (`exempt`) and of those that
    already made a difference (`excused`)."""

    verdict: Verdict
    exempt: tuple[str, ...] = ()
    excused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One mail. `mark`: equal for all copies of it; `at`: seconds since 1970, None when it has no time; `clock`: where
    that is from; `internal`: it is judged; `said`: by policy, empty when no policy found a word it could need."""

    id: str
    mark: str
    at: float | None
    clock: str
    internal: bool
    sender: str = ""
    to: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    subject: str = ""
    unjudged: str = ""
    said: tuple[Said, ...] = ()


def plain(seen: Seen) -> list[Any]:
    """As JSON takes it."""
    short = [seen.id, seen.mark, seen.at, seen.clock, seen.internal]
    if not seen.said:
        return short
    said = [[_verdict(one.verdict), one.exempt, one.excused] for one in seen.said]
    return [*short, seen.sender, seen.to, seen.people, seen.subject, seen.unjudged, said]


def seen_of(row: Sequence[Any]) -> Seen:
    """Back from JSON. Raises ValueError, TypeError or IndexError for anything else."""
    id_, mark, at, clock, internal, *more = row
    if not more:
        return Seen(id=id_, mark=mark, at=at, clock=clock, internal=internal)
    sender, to, people, subject, unjudged, said = more
    return Seen(
        id=id_,
        mark=mark,
        at=at,
        clock=clock,
        internal=internal,
        sender=sender,
        to=tuple(to),
        people=tuple(people),
        subject=subject,
        unjudged=unjudged,
        said=tuple(
            Said(verdict=_verdict_of(verdict), exempt=tuple(exempt), excused=tuple(excused))
            for verdict, exempt, excused in said
        ),
    )


def _verdict(verdict: Verdict) -> list[Any]:
    findings = [
        [one.rule_id, one.label, one.mode, one.start, one.end, one.sentence, one.because, one.favour, one.sure]
        for one in verdict.findings
    ]
    return [
        verdict.label,
        verdict.labels,
        findings,
        sorted(verdict.favours),
        verdict.artwork,
        verdict.pack,
        verdict.gated,
    ]


def _verdict_of(row: Sequence[Any]) -> Verdict:
    label, labels, findings, favours, artwork, pack, gated = row
    return Verdict(
        label=Label(label),
        labels=tuple(map(Label, labels)),
        findings=tuple(_finding_of(one) for one in findings),
        favours=frozenset(map(Favour, favours)),
        artwork=artwork,
        pack=pack,
        gated=gated,
    )


def _finding_of(row: Sequence[Any]) -> Finding:
    rule_id, label, mode, start, end, sentence, because, favour, sure = row
    return Finding(
        rule_id=rule_id,
        label=Label(label),
        mode=Mode(mode),
        start=start,
        end=end,
        sentence=sentence,
        because=because,
        favour=Favour(favour) if favour else None,
        sure=sure,
    )
