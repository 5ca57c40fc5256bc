"""The weights of the second opinion: what each feature says for each label, as a file keeps them. *IO*: `mapped` maps
a file; everything else is pure.

A file is one line `MAGIC`, one line of JSON (`Header`), blanks up to `ALIGNED` bytes, then 2**BITS bytes of seals, and
for each label in the order of the header 2**BITS signed bytes: the feature's log-odds in steps of that label's `step`.
The seal of a place tells the feature that owns it from strangers whose digest leads there too: without it a long text
about anything else would gather the weights of hundreds of features it does not have. The file is mapped, not read: a
process touches only the pages of the features it meets, and all processes share them.
"""

import json
import math
import mmap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

from gateway.policy.features import digest
from gateway.policy.labels import Label

MAGIC = b"askonce opinion 3\n"
ALIGNED = 4096  # bytes before the seals
BITS = 19
SIZE = 1 << BITS  # places
_MASK = SIZE - 1
_SEALED = 24  # the digest's upper bits, which its place does not show
_MOST = 30.0  # log-odds; beyond it exp says nothing more


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """`labels` in the order of the tables, with the log-odds of each before anything is seen (`bias`) and the value of
    one unit in its table (`step`). `head`: the mail's log-odds of a hold from the numbers of `opinion.evidence`, by
    name. `rules`: ids of the rules that were weighed with it, whose findings the opinion may overrule."""

    labels: tuple[Label, ...]
    bias: tuple[float, ...]
    step: tuple[float, ...]
    head: Mapping[str, float]
    rules: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """A model: for the features of a sentence, the probability of each label; OTHER where it does nothing."""

    header: Header
    seals: memoryview = field(repr=False)  # bytes; 0 where nothing is
    tables: tuple[memoryview, ...] = field(repr=False)  # signed bytes, one for each label
    place: Path | None = None  # the file they are mapped from

    def __reduce__(self) -> tuple[Any, ...]:
        """Handed to another process, they are mapped there from the same file."""
        if self.place is not None:
            return mapped, (self.place,)
        return _copied, (written(self.header, bytes(self.seals), [bytes(table) for table in self.tables]),)

    def probabilities(self, names: Iterable[str]) -> dict[Label, float]:
        """How likely each label is for a sentence with these features; they add up to 1."""
        places = self._places(set(names))
        header = self.header
        odds = [
            bias + step * _total(table, places)
            for bias, step, table in zip(header.bias, header.step, self.tables, strict=True)
        ]
        most = max(odds)
        raised = [math.exp(max(one - most, -_MOST)) for one in odds]
        whole = sum(raised)
        return {label: one / whole for label, one in zip(header.labels, raised, strict=True)}

    def pull(self, name: str, label: Label) -> float:
        """What one feature adds to the log-odds of a label."""
        column = self.header.labels.index(label)
        return self.header.step[column] * _total(self.tables[column], self._places({name}))

    def _places(self, names: set[str]) -> list[int]:
        """Where the features are that the model knows."""
        seals = self.seals
        found = ((code & _MASK, code) for code in map(digest, names))
        return [place for place, code in found if seals[place] == (code >> _SEALED | 1)]


def place_of(code: int) -> int:
    """The place of a feature's weights, 0 to 2**BITS - 1, from its digest."""
    return code & _MASK


def seal_of(code: int) -> int:
    """What stands among the seals at the place of a feature that the model knows: 1 to 255."""
    return code >> _SEALED | 1


def _total(table: memoryview, places: Sequence[int]) -> int:
    if len(places) < 2:
        return sum(table[place] for place in places)
    return sum(itemgetter(*places)(table))


def sigmoid(odds: float) -> float:
    """The probability of these log-odds."""
    return 1 / (1 + math.exp(-max(min(odds, _MOST), -_MOST)))


def logit(probability: float) -> float:
    """The log-odds of a probability, within what four digits tell apart."""
    inside = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(inside / (1 - inside))


def written(header: Header, seals: bytes, tables: Sequence[bytes]) -> bytes:
    """The file of a model. Raises ValueError when the tables do not fit the header."""
    if [len(table) for table in (seals, *tables)] != [SIZE] * (1 + len(header.labels)):
        raise ValueError("seals and one table for each label, of 2**BITS bytes each")
    said = asdict(header) | {"rules": sorted(header.rules), "head": dict(header.head), "bits": BITS}
    front = MAGIC + json.dumps(said, sort_keys=True).encode() + b"\n"
    if len(front) > ALIGNED:
        raise ValueError("the header is too long")
    return front.ljust(ALIGNED) + seals + b"".join(tables)


def mapped(place: Path) -> Weights:
    """The model in a file, mapped. Raises OSError, and ValueError for a file that is none."""
    with place.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return opened(memoryview(data), place)


def _copied(data: bytes) -> Weights:
    return opened(memoryview(data))


def opened(data: memoryview, place: Path | None = None) -> Weights:
    """The model in a file's bytes. Raises ValueError for anything else."""
    if bytes(data[: len(MAGIC)]) != MAGIC:
        raise ValueError("it does not begin as weights do")
    line = bytes(data[len(MAGIC) : ALIGNED]).partition(b"\n")[0]
    try:
        header = _header(json.loads(line))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"its header lacks {error}") from None
    if len(data) != ALIGNED + SIZE * (1 + len(header.labels)):
        raise ValueError("its tables are cut or too long")
    seals, signed = data[ALIGNED : ALIGNED + SIZE], data[ALIGNED + SIZE :].cast("b")
    tables = tuple(signed[start : start + SIZE] for start in range(0, len(signed), SIZE))
    return Weights(header, seals, tables, place)


def _header(said: dict[str, Any]) -> Header:
    header = Header(
        labels=tuple(Label(name) for name in said["labels"]),
        bias=tuple(float(one) for one in said["bias"]),
        step=tuple(float(one) for one in said["step"]),
        head={str(name): float(one) for name, one in said["head"].items()},
        rules=frozenset(said["rules"]),
    )
    if said["bits"] != BITS or not len(header.labels) == len(header.bias) == len(header.step):
        raise ValueError("its header contradicts itself")
    if Label.OTHER not in header.labels:
        raise ValueError('its labels lack "other"')
    return header
