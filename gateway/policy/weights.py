"""The weights of the second opinion: what each feature says for each label, as a file keeps them. *IO*: `mapped` maps
a file; everything else is pure.

A file is one line `MAGIC`, one line of JSON (`Header`), blanks up to `ALIGNED` bytes, then 2**BITS bytes of seals, then
2**BITS rows with a byte for each column: `ZERO` and so many of the column's `step` more. The columns are the labels,
whose numbers are the feature's log-odds, and then a few hidden numbers: the features of a sentence add up in them, and
what comes out above nought says more for each label (`Network` in `tests.training.network` is the same in training).
The seal of a place tells the feature that owns it from strangers whose digest leads there too: without it a long text
about anything else would gather the weights of hundreds of features it does not have. The file is mapped, not read: a
process touches only the pages of the features it meets, and all processes share them. Rows are added up as whole
numbers of many bytes, every second byte apart so that there is room for what is carried: some 28 columns at once.
"""

import json
import math
import mmap
import struct
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gateway.policy.features import digest
from gateway.policy.labels import Label

MAGIC = b"askonce opinion 5\n"
ALIGNED = 16384  # bytes before the seals
BITS = 19
SIZE = 1 << BITS  # places
_MASK = SIZE - 1
_SEALED = 24  # the digest's upper bits, which its place does not show
ZERO = 128  # a byte of a row that says nothing
_AT_ONCE = 256  # rows that two bytes a column have room for
_MOST = 30.0  # log-odds; beyond it exp says nothing more


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """`labels` in the order of their columns, with the log-odds of each before anything is seen (`bias`). `inner`: what
    each hidden number begins with, `outer`: what one of it says for each label. `step`: the value of one unit in each
    column, those of the hidden numbers last. `head`: the mail's log-odds of each label from the numbers of
    `opinion.evidence`, by name, and its `bias`. `rules`: ids of the rules that were weighed with it, whose findings the
    opinion may overrule."""

    labels: tuple[Label, ...]
    bias: tuple[float, ...]
    step: tuple[float, ...]
    inner: tuple[float, ...] = ()
    outer: tuple[tuple[float, ...], ...] = ()
    head: Mapping[str, tuple[float, ...]]
    rules: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """A model: for the features of a sentence, the probability of each label; OTHER where it does nothing."""

    header: Header
    seals: memoryview = field(repr=False)  # bytes; 0 where nothing is
    rows: memoryview = field(repr=False)  # bytes, a row for each place
    place: Path | None = None  # the file they are mapped from

    def __reduce__(self) -> tuple[Any, ...]:
        """Handed to another process, they are mapped there from the same file."""
        if self.place is not None:
            return mapped, (self.place,)
        return _copied, (written(self.header, bytes(self.seals), bytes(self.rows)),)

    def probabilities(self, names: Iterable[str]) -> dict[Label, float]:
        """How likely each label is for a sentence with these features; they add up to 1."""
        places = self._places(set(names))
        return dict(zip(self.header.labels, softmax(self._odds(self._totals(places), len(places))), strict=True))

    def pulls(self, names: Collection[str], label: Label) -> dict[str, float]:
        """What the log-odds of a label would lack without each of these features of a sentence."""
        column = self.header.labels.index(label)
        found = {name: self._places({name}) for name in names}
        places = [place for own in found.values() for place in own]
        said = self._odds(self._totals(places), len(places))[column]
        without = {name: [place for place in places if place not in own] for name, own in found.items()}
        return {name: said - self._odds(self._totals(rest), len(rest))[column] for name, rest in without.items()}

    def _totals(self, places: Sequence[int]) -> list[int]:
        """What the rows at these places add up to in each column, in steps."""
        rows, wide = self.rows, len(self.header.step)
        whole = wide + wide % 2
        every_second = int.from_bytes(b"\xff\0" * (whole // 2), "little")
        totals = [-ZERO * len(places)] * whole
        for start in range(0, len(places), _AT_ONCE):
            even = odd = 0
            for place in places[start : start + _AT_ONCE]:
                row = int.from_bytes(rows[place * wide : place * wide + wide], "little")
                even += row & every_second
                odd += row >> 8 & every_second
            for first, added in enumerate((even, odd)):
                columns = struct.unpack(f"<{whole // 2}H", added.to_bytes(whole, "little"))
                totals[first::2] = [one + more for one, more in zip(totals[first::2], columns, strict=True)]
        return totals[:wide]

    def _odds(self, totals: Sequence[int], count: int) -> list[float]:
        """The log-odds of each label, from what `count` features add up to in each column."""
        header = self.header
        sums = [total * step for total, step in zip(totals, header.step, strict=True)]
        odds = [bias + one for bias, one in zip(header.bias, sums, strict=False)]
        damp = damped(count)
        for begin, one, says in zip(header.inner, sums[len(odds) :], header.outer, strict=True):
            hidden = begin + damp * one
            if hidden > 0:
                odds = [own + hidden * weight for own, weight in zip(odds, says, strict=True)]
        return odds

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


def damped(count: int) -> float:
    """What the sum of so many features counts on its way into a hidden number: long sentences do not shout."""
    return 3.0 / (math.sqrt(count) + 1)


def softmax(odds: Sequence[float]) -> list[float]:
    """The probabilities of these log-odds, which add up to 1."""
    most = max(odds)
    raised = [math.exp(max(one - most, -_MOST)) for one in odds]
    whole = sum(raised)
    return [one / whole for one in raised]


def logit(probability: float) -> float:
    """The log-odds of a probability, within what four digits tell apart."""
    inside = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(inside / (1 - inside))


def written(header: Header, seals: bytes, rows: bytes) -> bytes:
    """The file of a model. Raises ValueError when seals or rows do not fit the header."""
    if (len(seals), len(rows)) != (SIZE, SIZE * len(header.step)):
        raise ValueError("2**BITS bytes of seals and as many rows of a byte for each column")
    said = asdict(header) | {"rules": sorted(header.rules), "head": dict(header.head), "bits": BITS}
    front = MAGIC + json.dumps(said, sort_keys=True).encode() + b"\n"
    if len(front) > ALIGNED:
        raise ValueError("the header is too long")
    return front.ljust(ALIGNED) + seals + rows


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
    if len(data) != ALIGNED + SIZE * (1 + len(header.step)):
        raise ValueError("its rows are cut or too long")
    return Weights(header, data[ALIGNED : ALIGNED + SIZE], data[ALIGNED + SIZE :], place)


def _header(said: dict[str, Any]) -> Header:
    header = Header(
        labels=tuple(Label(name) for name in said["labels"]),
        bias=_numbers(said["bias"]),
        step=_numbers(said["step"]),
        inner=_numbers(said["inner"]),
        outer=tuple(_numbers(row) for row in said["outer"]),
        head={str(name): _numbers(row) for name, row in said["head"].items()},
        rules=frozenset(said["rules"]),
    )
    rows = (header.bias, *header.outer, *header.head.values())
    columns = len(header.labels) + len(header.inner)
    if said["bits"] != BITS or any(len(row) != len(header.labels) for row in rows) or len(header.step) != columns:
        raise ValueError("its header contradicts itself")
    if len(header.inner) != len(header.outer) or "bias" not in header.head:
        raise ValueError("its header contradicts itself")
    if Label.OTHER not in header.labels:
        raise ValueError('its labels lack "other"')
    return header


def _numbers(said: Iterable[Any]) -> tuple[float, ...]:
    return tuple(float(one) for one in said)
