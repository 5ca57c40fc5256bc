"""The encoders of a pack, each for the mail it reads best. *Pure*, but for the files that they open.

One has learnt English, one many languages; which reads a mail is told by the mail's own small words.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from gateway.language.written import written_in
from gateway.policy.encoder import Encoded, Encoder
from gateway.policy.line import Reading

_LONGEST = 4000  # characters that tell the language


@dataclass(frozen=True, slots=True)
class Encoders:
    """`english` reads what is written in English, `others` all other mail; where one is missing the other reads all."""

    english: Encoder | None = None
    others: Encoder | None = None

    def __bool__(self) -> bool:
        return bool(self.english or self.others)

    def __iter__(self) -> Iterator[Encoder]:
        return (one for one in (self.english, self.others) if one)

    def says(self, reading: Reading, places: Collection[int]) -> Encoded | None:
        """What the one that this mail is for makes of it; see `Encoder.says`."""
        chosen = self._for(reading)
        return chosen.says(reading, places) if chosen else None

    def check(self) -> None:
        """Raises UserError for a file that is no encoder."""
        for one in self:
            one.check()

    def _for(self, reading: Reading) -> Encoder | None:
        if not (self.english and self.others):
            return self.english or self.others
        said = "\n".join(line.original for line in reading.lines)
        return self.english if written_in(said[:_LONGEST], "") == "en" else self.others
