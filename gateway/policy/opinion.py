"""A second opinion: a linear model over what the reading of a mail shows. *Pure.*

Rules see what somebody thought of; the model has weighed many labelled mails. It looks at the sentences that name a
favour and those beside them: their words, slots and marks. Each feature has one weight, so that whoever asks why can be
shown the sentence and the words that counted. Logistic regression (Cox, "The regression analysis of binary sequences",
J. R. Stat. Soc. B 20, 1958); the weights come from `python -m tests.training`.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import regex

from gateway.policy.labels import Label
from gateway.policy.line import Line, Reading

_WORD = regex.compile(r"[\p{L}']+|\d+|[?!%]")
_MOST_LINES = 60  # sentences that are weighed; the favour is named in few
TINY = 2  # sentences, with the subject; below it there is little to go by


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One yes-or-no question: the log-odds are `bias` plus the weights of the features present."""

    bias: float
    of: Mapping[str, float] = field(repr=False)

    def sure(self, features: Iterable[str]) -> float:
        """The probability, 0 to 1."""
        odds = self.bias + sum(self.of.get(feature, 0.0) for feature in features)
        return 1 / (1 + math.exp(-max(min(odds, 30.0), -30.0)))

    def pull(self, features: Iterable[str]) -> float:
        """What these features add to the log-odds."""
        return sum(self.of.get(feature, 0.0) for feature in features)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """`hold`: should the mail be held; `labels`: what it does, if so, one question for each label."""

    hold: Weights
    labels: Mapping[Label, Weights]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What the opinion may do in a pack: hold by itself from `hold` on, overrule the rules' hold below `doubt`. The
    defaults let it do nothing."""

    hold: float = 1.1
    doubt: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """`sure` that the mail should be held, `label` if so, and the `line` that speaks most for it."""

    sure: float
    label: Label
    line: Line


def opinion(reading: Reading, model: Model) -> Opinion | None:
    """What the model thinks of a mail just read, before anything is excluded; None when no favour is named in it."""
    near = _near(reading.lines)
    if not near:
        return None
    by_line = {place: tuple(_of_line(reading.lines[place], own)) for place, own in near.items()}
    features = {feature for found in by_line.values() for feature in found} | set(_of_mail(reading))
    label = max(model.labels, key=lambda one: model.labels[one].sure(features))
    best = max((place for place in near if near[place]), key=lambda place: model.hold.pull(set(by_line[place])))
    return Opinion(sure=model.hold.sure(features), label=label, line=reading.lines[best])


def features(reading: Reading) -> set[str]:
    """All that the model knows of a mail, as it is weighed; empty when no favour is named in it."""
    near = _near(reading.lines)
    found = {feature for place, own in near.items() for feature in _of_line(reading.lines[place], own)}
    return found | set(_of_mail(reading)) if near else set()


def _near(lines: list[Line]) -> dict[int, bool]:
    """Places of sentences that count: True for those that name a favour or mean one, False for their neighbours."""
    own = [place for place, line in enumerate(lines) if line.reach or line.strength][:_MOST_LINES]
    beside = {place + step: False for place in own for step in (-1, 1) if 0 <= place + step < len(lines)}
    return beside | dict.fromkeys(own, True)


def _of_line(line: Line, own: bool) -> Iterator[str]:
    words = _WORD.findall(line.folded)
    spoken = {*words, *(f"{one} {two}" for one, two in pairwise(words))}
    yield from (f"n {word}" for word in spoken)
    if own:
        yield from (f"o {word}" for word in spoken)
    yield from (f"slot {word}" for word in line.words if word.startswith("{"))
    for mark in line.marking.marks:
        if line.does(mark):
            yield from _of_mark(mark, line)
    for favour, strength in line.strength.items():
        yield f"topic {favour} {strength}"
    yield f"reach {line.reached}"
    yield f"said {line.said}"


def _of_mark(mark: str, line: Line) -> Iterator[str]:
    yield f"mark {mark}"
    if line.reached:
        yield f"mark {mark} reached"
    if line.reached >= 2:
        yield f"mark {mark} plainly"
    if line.strength:
        yield f"mark {mark} here"


def _of_mail(reading: Reading) -> Iterator[str]:
    if reading.many:
        yield "many"
    if len(reading.lines) <= TINY:
        yield "tiny"
    yield from (f"longer {size}" for size in (4, 8, 16, 32) if len(reading.lines) > size)
