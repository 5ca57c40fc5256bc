"""The encoders of a pack, and who reads which mail. *Pure*, but for the files that they open.

One has learnt English before it learnt our labels, one many languages. English is read by the first; everything else
by both, since their mistakes are different ones: what they say together is the mean (Dietterich, "Ensemble methods in
machine learning", MCS 2000). Which language a mail is in is told by its own small words.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from gateway.language.written import written_in
from gateway.policy.encoder import Encoded, Encoder
from gateway.policy.labels import Label
from gateway.policy.line import Reading

_LONGEST = 4000  # characters that tell the language


@dataclass(frozen=True, slots=True)
class Encoders:
    """`english` reads all mail, `others` all that is not in English too; where one is missing the other reads all."""

    english: Encoder | None = None
    others: Encoder | None = None

    def __bool__(self) -> bool:
        return bool(self.english or self.others)

    def __iter__(self) -> Iterator[Encoder]:
        return (one for one in (self.english, self.others) if one)

    def says(self, reading: Reading, places: Collection[int]) -> Encoded | None:
        """What those that this mail is for make of it; see `Encoder.says`."""
        said = [found for one in self._for(reading) if (found := one.says(reading, places))]
        return _mean(said[0], said[1]) if len(said) == 2 else next(iter(said), None)

    def check(self) -> None:
        """Raises UserError for a file that is no encoder."""
        for one in self:
            one.check()

    def _for(self, reading: Reading) -> list[Encoder]:
        both = list(self)
        said = "\n".join(line.original for line in reading.lines)
        return both[:1] if len(both) == 2 and written_in(said[:_LONGEST], "") == "en" else both


def _mean(one: Encoded, other: Encoded) -> Encoded:
    """Their vocabularies differ, so where there was no room a sentence may have been read by one only."""
    lines = {line: _half(said, other.lines.get(line, said)) for line, said in {**other.lines, **one.lines}.items()}
    return Encoded(mail=_half(one.mail, other.mail), lines=lines, encoders=2)


def _half(one: Mapping[Label, float], other: Mapping[Label, float]) -> dict[Label, float]:
    return {label: (chance + other[label]) / 2 for label, chance in one.items()}
