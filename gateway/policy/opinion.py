"""A second opinion: what a model that has weighed thousands of labelled mails makes of this one. *Pure.*

Rules see what somebody thought of. The model looks at the sentences that count (`features.weighed`), and
says how likely each label is there: logistic regression (Cox, "The regression analysis of binary sequences", J. R.
Stat. Soc. B 20, 1958) with a small hidden layer beside it, over features that can be named, so that whoever asks why is
shown the sentence and the words that counted. A second, small regression makes of the sentences, and of what the rules
find, what the mail is. Both are trained by `python -m tests.training`. Where they are in doubt, an encoder, if there is
one, has its share (`Opinion.joined`).
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from gateway.policy.encoder import Encoded
from gateway.policy.features import NETWORKS, Features, weighed
from gateway.policy.labels import HOLDING, Label
from gateway.policy.line import Line, Reading
from gateway.policy.weights import Weights, logit, softmax

_HELD = tuple(label for label in Label if label in HOLDING)
_FINE = tuple(label for label in Label if label not in HOLDING and label is not Label.OTHER)
CLOSE = 0.6  # this share of the likeliest label is hardly less likely
LEAN = 2.0  # what passes is an ask, if it is half as likely as anything else
CERTAIN = 0.98  # a label this likely is no longer in doubt
LEAST = 1e-4  # probability: what is never said is not impossible
PLAIN = 0.5  # a sentence this likely to be something is shown as that


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What the opinion may do in a pack: hold by itself from `hold` on, or from `unnamed` on where no network is named
    (most of what it says of mail about other things it says there) or the rules find an ask that is free to ignore, or
    an offer, and nothing else; overrule the rules' hold below `doubt`. `encoder`: the encoder's share in what it thinks
    (0 to 1); at 0 it is never asked. Where it was asked, `hold` and `unnamed` are lower by `eased`: two that have to
    agree are less sure together; where two encoders were asked by `eased_by_two`: what both see is seen. `near`: how
    likely the sieve must find it that a mail is about the matter for the mail to be read; at 0 all are. The defaults
    let it do nothing."""

    hold: float = 1.1
    unnamed: float | None = None  # None: as `hold`
    doubt: float = 0.0
    encoder: float = 0.0
    eased: float = 0.0
    eased_by_two: float | None = None  # None: as `eased`
    near: float = 0.0

    def alone(self, fired: Collection[Label], *, network: bool, encoders: int = 0) -> float:
        """From where on the opinion holds a mail by itself, `fired` being the labels that rules found, `encoders` how
        many had a say."""
        allowed = bool(fired) and not any(label.holding for label in fired)
        plain = network and not allowed
        least = self.hold if plain or self.unnamed is None else max(self.hold, self.unnamed)
        eased = self.eased if encoders < 2 or self.eased_by_two is None else self.eased_by_two
        return least - eased if encoders else least


@dataclass(frozen=True, slots=True, eq=False)
class Opinion:
    """What each weighed sentence is likely to be; the rules' findings are taken into account when they are given.
    `places`: where those sentences stand among the reading's lines.
    `many`: more than one person seems to read the mail; `several`: more than one certainly does; `encoded`: what the
    encoder says, where it was asked, and the `share` of that in the whole."""

    lines: tuple[tuple[Line, Mapping[Label, float]], ...]
    places: tuple[int, ...]
    weights: Weights
    many: bool
    several: bool
    quoted: bool
    said: int
    network: bool
    encoded: Encoded | None = None
    share: float = 0.0

    def whole(self, fired: Collection[Label] = ()) -> "Whole":
        """What the mail is, `fired` being the labels that rules found."""
        head = self.weights.header.head
        odds = list(head["bias"])
        found = evidence(
            [chances for _, chances in self.lines],
            fired,
            many=self.many,
            quoted=self.quoted,
            said=self.said,
            network=self.network,
        )
        for name, value in found.items():
            if value and name in head:
                odds = [one + value * weight for one, weight in zip(odds, head[name], strict=True)]
        chances = dict(zip(self.weights.header.labels, softmax(odds), strict=True))
        if self.encoded:
            chances = _together(chances, self.encoded.mail, self.share)
        if self.several:  # whoever else reads it, it is no longer private
            chances[Label.PUBLIC_PRAISE] += chances[Label.PRIVATE_THANKS]
            chances[Label.PRIVATE_THANKS] = 0.0
        return Whole(chances)

    def in_doubt(self, fired: Collection[Label] = ()) -> bool:
        """Whether an encoder could make a difference."""
        return max(self.whole(fired).chances.values()) < CERTAIN

    def joined(self, encoded: Encoded | None, share: float) -> "Opinion":
        """The same, with this share of what an encoder says."""
        return replace(self, encoded=encoded, share=share) if encoded else self

    def regression(self) -> "Opinion":
        """The same without what an encoder says."""
        return replace(self, encoded=None, share=0.0)

    def chance(self, label: Label) -> float:
        """How likely the label is where it is likeliest."""
        return max((self._said(line, label, chances) for line, chances in self.lines), default=0.0)

    def _said(self, line: Line, label: Label, chances: Mapping[Label, float]) -> float:
        also = self.encoded.lines.get(line, chances) if self.encoded else chances
        return (1 - self.share) * chances[label] + self.share * also[label]

    def where(self, label: Label) -> list[tuple[Line, float]]:
        """The sentences that are plainly this, the likeliest first; at least the likeliest one."""
        said = ((line, self._said(line, label, chances)) for line, chances in self.lines)
        ranked = sorted(said, key=lambda one: -one[1])
        return [one for one in ranked if one[1] >= PLAIN] or ranked[:1]


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """How likely each label is for a whole mail; they add up to 1."""

    chances: Mapping[Label, float]

    @property
    def sure(self) -> float:
        """The probability that the mail should be held."""
        return sum(self.chances[label] for label in _HELD)

    def held_for(self, found: Collection[Label] = ()) -> Label:
        """What the mail is, if it should be held: the likeliest label, or one that is hardly less likely and stricter
        where rules found both."""
        best = max(_HELD, key=self.chances.__getitem__)
        near = (label for label in _HELD if label in found and self.chances[label] >= CLOSE * self.chances[best])
        return next(near, best) if best in found else best

    def otherwise(self) -> Label:
        """What it is, if it should pass; memory must not miss an ask."""
        fine = (label for label in Label if label not in HOLDING)
        return max(fine, key=lambda label: self.chances[label] * (LEAN if label is Label.FIRST_ASK else 1))


def opinion(reading: Reading, weights: Weights) -> Opinion | None:
    """What the model thinks of a mail just read, before anything is excluded; None when nothing in it is weighed."""
    places = weighed(reading)
    if not places:
        return None
    features = Features(reading)
    lines = tuple((reading.lines[place], weights.probabilities(features.of(place))) for place in places)
    return Opinion(
        lines=lines,
        places=tuple(places),
        weights=weights,
        many=reading.many,
        several=reading.scene.several,
        quoted=bool(reading.quoted),
        said=named(reading),
        network=networked(reading),
    )


def _together(chances: Mapping[Label, float], also: Mapping[Label, float], share: float) -> dict[Label, float]:
    """Two opinions as one: their weighted geometric mean (Genest and Zidek, Statistical Science 1, 1986)."""
    odds = [
        (1 - share) * math.log(max(chance, LEAST)) + share * math.log(max(also[label], LEAST))
        for label, chance in chances.items()
    ]
    return dict(zip(chances, softmax(odds), strict=True))


def named(reading: Reading) -> int:
    """How plainly the sender's own words name a favour (0 to 3)."""
    return max((line.said for line in reading.lines if "thread" not in line.out), default=0)


def networked(reading: Reading) -> bool:
    """Whether a network, or social media at large, is named anywhere, in what is quoted too."""
    return any(not NETWORKS.isdisjoint(line.words) for line in (*reading.lines, *reading.quoted))


def evidence(
    lines: Iterable[Mapping[Label, float]],
    fired: Collection[Label],
    *,
    many: bool,
    quoted: bool,
    said: int,
    network: bool,
) -> dict[str, float]:
    """What the mail's own regression goes by: the sentences' chances to be held for (the highest, the second, at least
    one of them), to be an ask or an offer, for each label where it is likeliest, how many they are, who reads them, how
    plainly a favour and whether a network is named, and what the rules found."""
    chances = list(lines)
    holds = sorted((sum(one[label] for label in _HELD) for one in chances), reverse=True)
    none = 1.0
    for chance in holds:
        none *= 1 - chance
    fine = sum(max((one[label] for one in chances), default=0.0) for label in _FINE)
    rules_hold = any(label in HOLDING for label in fired)
    highest = logit(holds[0] if holds else 0.0)
    return {
        "highest": highest,
        "second": logit(holds[1] if len(holds) > 1 else 0.0),
        "any": logit(1 - none),
        "fine": logit(min(1.0, fine)),
        "sentences": float(len(chances)) ** 0.5,
        "many": float(many),
        "quoted": float(quoted),
        "named": float(said >= 2),
        "named plainly": float(said >= 3),
        "network": float(network),
        "no network, highest": (not network) * highest,
        "rules hold": float(rules_hold),
        "rules ask": float(Label.FIRST_ASK in fired),
        "rules know it as fine": float(any(label in fired for label in _FINE if label is not Label.FIRST_ASK)),
        "rules hold, highest": rules_hold * highest,
        **{f"{label} at most": logit(max((one[label] for one in chances), default=0.0)) for label in Label},
        **{f"rules find {label}": float(label in fired) for label in Label},
    }
