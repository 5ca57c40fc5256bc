"""Why a mail is judged as it is: everything the reading saw, and what each rule still lacked. *Pure.*

The verdict itself is the judge's; the trace goes over the same reading again and writes down what the judge only uses.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.mail.normal import normalise
from gateway.mail.text import MessageText
from gateway.policy.detector import Condition, Detector
from gateway.policy.features import Features
from gateway.policy.firing import holds
from gateway.policy.judge import judge
from gateway.policy.line import Line, Reading
from gateway.policy.nearness import relevant
from gateway.policy.opinion import opinion
from gateway.policy.pack import Pack
from gateway.policy.reading import exclude, read
from gateway.policy.sieve import words_of
from gateway.policy.verdict import Scene, Verdict
from gateway.policy.weights import Weights, softmax

MOST_WEIGHTS = 12  # words shown of an opinion, those that count most


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """Which words of the gate are in the mail, how likely the sieve finds it that it is about the matter (None where
    there is none), how likely that must be where the gate is open wide, and whether it passes both."""

    passed: bool
    said: float | None
    near: float
    alone: tuple[str, ...]
    together: tuple[str, ...]
    ajar: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One sentence as read. `said` and `reached`: how plainly each favour is named here, or meant; `excluded`: why it
    is no evidence."""

    kind: str
    text: str
    slots: tuple[str, ...]
    marks: tuple[str, ...]
    said: tuple[tuple[str, int], ...]
    reached: tuple[tuple[str, int], ...]
    excluded: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """The condition of a rule that came nearest to holding: its number, the sentence, and what was missing (nothing
    when the rule fires)."""

    rule: str
    number: int
    sentence: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaning:
    """What the second opinion thinks before rules speak: how sure it is of a hold, and how sure it was without the
    encoder (None where that was not asked); its label, its sentence, and the features that count most there for the
    regression, as log-odds."""

    sure: float
    alone: float | None
    label: str
    sentence: str
    weights: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A mail traced. `rules`: for each rule, its nearest condition; `leaning` None where there is no second opinion;
    `overruled`: rules that fire and are not in the verdict, because another reason stands before them or the second
    opinion doubts them."""

    gate: Gated
    blocks: tuple[tuple[str, str], ...]
    many: bool
    circumstances: tuple[str, ...]
    sentences: tuple[Spoken, ...]
    rules: tuple[Near, ...]
    leaning: Leaning | None
    overruled: tuple[str, ...]
    verdict: Verdict


def trace(text: MessageText, scene: Scene, pack: Pack) -> Trace:
    """Trace one mail, read by these people. A mail that the gate stops is read here all the same."""
    detector = pack.detector
    assert detector is not None  # every pack from a folder has one
    reading = read(text, scene, detector)
    leaning = _leaning(reading, pack, detector, detector.model) if detector.model else None
    exclude(reading, detector)
    rules = tuple(_nearest(rule, reading, detector) for rule in pack.rules if detector.conditions.get(rule))
    verdict = judge(text, scene, pack)
    told = {finding.rule_id for finding in verdict.findings}
    return Trace(
        gate=_gated(text, pack, detector),
        blocks=tuple((block.kind.value, text.text[block.start : block.end]) for block in text.blocks),
        many=reading.many,
        circumstances=tuple(sorted(reading.circumstances)),
        sentences=tuple(_spoken(line, detector) for line in reading.lines),
        rules=rules,
        leaning=leaning,
        overruled=tuple(one.rule for one in rules if not one.missing and one.rule not in told),
        verdict=verdict,
    )


def _gated(text: MessageText, pack: Pack, detector: Detector) -> Gated:
    plain, gate = normalise(f"{text.subject}\n{text.text}").text.lower(), detector.gate
    return Gated(
        passed=relevant(text, pack),
        said=softmax([detector.sieve.says(words_of(text)), 0.0])[0] if detector.sieve else None,
        near=pack.opinion.near,
        alone=tuple(word for word in gate.alone if word in plain),
        together=tuple(word for word in gate.together if word in plain),
        ajar=tuple(word for word in gate.ajar if word in plain),
    )


def _spoken(line: Line, detector: Detector) -> Spoken:
    return Spoken(
        kind=line.sentence.kind.value,
        text=line.original.strip(),
        slots=tuple(
            sorted(word[1:-1] for word in line.words if word[:1] == "{" and word[1:-1] in detector.lexicon.slots)
        ),
        marks=tuple(sorted(mark for mark in detector.marking.marks if line.does(mark))),
        said=tuple(sorted((favour.value, strength) for favour, strength in line.strength.items())),
        reached=tuple(sorted((favour.value, strength) for favour, strength in line.reach.items())),
        excluded=tuple(sorted(line.out)),
    )


def _nearest(rule: str, reading: Reading, detector: Detector) -> Near:
    """The condition and the sentence with the least missing."""
    best = Near(rule=rule, number=0, sentence="", missing=("any sentence",))
    despite = detector.despite.get(rule, frozenset())
    for number, condition in enumerate(detector.conditions[rule]):
        for place, line in enumerate(reading.lines):
            missing = _missing(condition, place, reading, despite)
            if not best.sentence or len(missing) < len(best.missing):
                best = Near(rule=rule, number=number, sentence=line.original.strip(), missing=missing)
                if not missing:
                    return best
    return best


def _missing(condition: Condition, place: int, reading: Reading, despite: frozenset[str]) -> tuple[str, ...]:
    """What keeps a condition from holding for this sentence, in words."""
    line = reading.lines[place]
    excluded = tuple(f"is excluded: {one}" for one in sorted(line.out - despite))
    lacks = tuple(_lacks(condition, place, reading))
    return excluded + lacks if excluded or lacks or holds(condition, place, reading) else ("something else",)


def _lacks(condition: Condition, place: int, reading: Reading) -> Iterator[str]:
    yield from _untopical(condition, reading.lines[place])
    if condition.audience and (condition.audience == "many") is not reading.many:
        yield f"is not read by {condition.audience}"
    yield from _undone(condition, reading.lines[place])
    around = reading.around(place)
    if condition.near and not any(line.does_any(condition.near) for line in around):
        yield f"nothing near has the mark {_any(condition.near)}"
    if condition.apart and any(line.does_any(condition.apart) for line in around):
        yield f"something near has the mark {_any(condition.apart)}"
    if condition.anywhere and not reading.does_any(condition.anywhere):
        yield f"nothing in the mail has the mark {_any(condition.anywhere)}"
    if condition.nowhere and reading.does_any(condition.nowhere):
        yield f"something in the mail has the mark {_any(condition.nowhere)}"


def _untopical(condition: Condition, line: Line) -> Iterator[str]:
    favour = condition.favour
    said = line.strength.get(favour, 0) if favour else line.said
    reached = line.reach.get(favour, 0) if favour else line.reached
    about = favour.value if favour else "a favour"
    if said < condition.here:
        yield f"names {about} {_plainly(said)}, wanted {_plainly(condition.here)}"
    if reached < condition.about:
        yield f"means {about} {_plainly(reached)}, wanted {_plainly(condition.about)}"
    if condition.under and said >= condition.under:
        yield f"names {about} too plainly"


def _undone(condition: Condition, line: Line) -> Iterator[str]:
    if condition.mark and not line.does_any(condition.mark):
        yield f"lacks the mark {_any(condition.mark)}"
    yield from (f"lacks the mark {mark}" for mark in sorted(condition.also) if not line.does(mark))
    yield from (f"has the mark {mark}" for mark in sorted(condition.none) if line.does(mark))
    if condition.say and not line.says(condition.say):
        yield "says " + " or ".join(f"no \u201c{pattern.source}\u201d" for pattern in condition.say[:3])


def _any(marks: frozenset[str]) -> str:
    return " or ".join(sorted(marks))


def _plainly(strength: int) -> str:
    return ("not at all", "as a hint", "likely", "plainly")[strength]


def _leaning(reading: Reading, pack: Pack, detector: Detector, weights: Weights) -> Leaning | None:
    found = opinion(reading, weights)
    if found is None:
        return None
    alone = found.whole().sure
    if detector.encoders and found.in_doubt():
        found = found.joined(detector.encoders.says(reading, found.places), pack.opinion.encoder)
    whole = found.whole()
    label = whole.held_for()
    line = found.where(label)[0][0]
    pulled = weights.pulls(set(Features(reading).of(reading.lines.index(line))), label)
    pulls = sorted(pulled.items(), key=lambda one: (-abs(one[1]), one[0]))
    return Leaning(
        sure=whole.sure,
        alone=alone if found.encoded else None,
        label=label.value,
        sentence=line.original.strip(),
        weights=tuple(pulls[:MOST_WEIGHTS]),
    )
