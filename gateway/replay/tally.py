"""The figures of a replay: holds by week and by rule, what fires together, samples, and where two policies differ.

*Pure.* People are never counted or ranked: the figures are about mails and rules.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import combinations

from gateway.flows.assess import Assessment
from gateway.policy.labels import Mode
from gateway.policy.pack import ASKED_BEFORE
from gateway.replay.pseudonym import Pseudonyms
from gateway.replay.weighing import Weighed

STOPPED = ("hold", "reject")
_STOPS = (Mode.HOLD, Mode.REJECT)
_LONGEST = 400  # characters of a sentence shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One mail, pseudonymised: which rules, which sentences, and what each policy does with it."""

    day: str
    sender: str
    readers: int
    subject: str
    marks: tuple[tuple[str, str], ...]
    dispositions: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Tally:
    """One policy's figures. `weeks`: Monday to holds by label; `rules`: mails a rule stops, and those that it alone
    stops; `pairs`: rules that stop the same mail; `watched`: mails in which a rule that does not stop fired."""

    pack: str
    dispositions: Counter[str] = field(default_factory=Counter)
    weeks: dict[date, Counter[str]] = field(default_factory=dict)
    rules: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    watched: Counter[str] = field(default_factory=Counter)
    exceptions: Counter[str] = field(default_factory=Counter)
    asks: int = 0
    by_memory: int = 0
    unjudged: int = 0
    samples: dict[str, list[Sample]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Difference:
    """Where two policies part: (what the first does, what the second does) to mails, and samples of each."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    samples: dict[tuple[str, str], list[Sample]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All of it. `weeks` are the Mondays of the whole archive in order, with all mail of each."""

    mails: int
    judged: int
    outside: int
    copies: int
    unread: tuple[str, ...]
    unread_count: int
    clocks: dict[str, int]
    first: str
    last: str
    weeks: dict[date, int]
    tallies: tuple[Tally, ...]
    difference: Difference | None


def monday(at: datetime) -> date:
    """The Monday of its week, UTC."""
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def tallied(
    mails: Sequence[Weighed], packs: Sequence[str], names: Pseudonyms, *, most: int
) -> tuple[tuple[Tally, ...], Difference | None]:
    """The figures of each policy, and the difference between the first two; at most `most` samples of each kind."""
    tallies = tuple(Tally(pack=pack) for pack in packs)
    difference = Difference() if len(packs) > 1 else None
    for mail in mails:
        if not mail.seen.internal:
            continue
        dispositions = tuple(found.disposition.name for found in mail.found) or ("relay",) * len(packs)
        for place, tally in enumerate(tallies):
            tally.dispositions[dispositions[place]] += 1
            if mail.found:
                _count(tally, mail, mail.found[place], names, dispositions, most)
        if difference is not None and dispositions[0] != dispositions[1]:
            pair = (dispositions[0], dispositions[1])
            difference.counts[pair] += 1
            _keep(difference.samples.setdefault(pair, []), mail, names, dispositions, most)
    return tallies, difference


def _count(
    tally: Tally, mail: Weighed, found: Assessment, names: Pseudonyms, dispositions: tuple[str, ...], most: int
) -> None:
    stopped = found.disposition.name in STOPPED
    stopping = sorted({one.rule_id for one in found.verdict.findings if one.mode in _STOPS})
    tally.watched.update({one.rule_id for one in found.verdict.findings if one.mode not in (*_STOPS, Mode.OFF)})
    tally.exceptions.update(found.exceptions)
    tally.unjudged += bool(found.unjudged)
    if not stopped:
        tally.asks += found.ask is not None
        return
    tally.weeks.setdefault(monday(mail.at), Counter())[found.verdict.label.value] += 1
    tally.rules.update(stopping)
    tally.pairs.update(combinations(stopping, 2))
    tally.by_memory += stopping == [ASKED_BEFORE]
    if len(stopping) == 1:
        tally.alone[stopping[0]] += 1
    for rule in stopping:
        _keep(tally.samples.setdefault(rule, []), mail, names, dispositions, most)


def _keep(kept: list[Sample], mail: Weighed, names: Pseudonyms, dispositions: tuple[str, ...], most: int) -> None:
    if len(kept) < most:
        kept.append(_sample(mail, names, dispositions))


def _sample(mail: Weighed, names: Pseudonyms, dispositions: tuple[str, ...]) -> Sample:
    marks: dict[tuple[str, str], None] = {}
    for found in mail.found:
        for one in found.verdict.findings:
            if one.mode is not Mode.OFF:
                sentence = " ".join(one.sentence.split())[:_LONGEST]
                marks[one.rule_id, names.text(sentence)] = None
    return Sample(
        day=mail.at.date().isoformat(),
        sender=names.address(mail.seen.sender),
        readers=len(mail.seen.people),
        subject=names.text(mail.seen.subject),
        marks=tuple(marks),
        dispositions=dispositions,
    )
