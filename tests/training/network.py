"""What a sentence does, learnt: a regression over its features, with a few hidden numbers that see what goes with what.

Each feature has a row of weights: a column for each class, and one for each hidden number. Trained by Adam (Kingma and
Ba, ICLR 2015), which here touches only the rows of the features in a batch, with many features dropped at random in
each round (Srivastava et al., "Dropout", JMLR 15, 2014): what holds only together with all the rest is not learnt.
*Pure*, and the same on every run.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gateway.policy.weights import damped
from tests.training.regression import Floats, softmax

BATCH = 256  # sentences
PACE = 0.003  # of Adam at the start; it falls to nothing
FORGET, FORGET_SQUARES, TINY = 0.9, 0.999, 1e-8  # Adam's own


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """`table`: a row for each feature, its columns the classes and then the hidden numbers; `inner`: what the hidden
    numbers begin with; `outer`: what each says for each class; `bias`: what each class begins with."""

    table: Floats
    inner: Floats
    outer: Floats
    bias: Floats

    def chances(self, rows: csr_matrix) -> Floats:
        """The probability of each class for rows of features."""
        added = rows @ self.table
        classes = len(self.bias)
        hidden = np.maximum(added[:, classes:] * _damp(rows) + self.inner, 0.0)
        return softmax(added[:, :classes] + self.bias + hidden @ self.outer)


def rows_of(features: Sequence[NDArray[np.uint32]], known: NDArray[np.uint32], worth: Floats) -> csr_matrix:
    """One row for each set of features: where one of the `known` (ascending) is present, what it is worth."""
    places = []
    for one in features:
        found = np.searchsorted(known, one)
        inside = found < len(known)
        places.append(found[inside][known[found[inside]] == one[inside]])
    ends = np.cumsum([0, *(len(one) for one in places)])
    joined = np.concatenate([np.zeros(0, dtype=np.int64), *places])
    return csr_matrix((worth[joined], joined, ends), shape=(len(places), len(known)))


def trained(
    rows: csr_matrix, answers: Sequence[int], classes: int, hidden: int, *, rounds: int, dropped: float
) -> Network:
    """The network after so many rounds over all rows. `rows`: what each feature is worth where it is present."""
    chance = np.random.default_rng(7)
    wide = classes + hidden
    table, inner, bias = np.zeros((rows.shape[1], wide)), np.full(hidden, 0.1), np.zeros(classes)
    outer = chance.normal(0.0, 0.3, (hidden, classes))
    sparse, dense = _Adam(table), [_Adam(one) for one in (inner, outer, bias)]
    wanted = np.eye(classes)[np.asarray(answers)]
    steps = rounds * -(-rows.shape[0] // BATCH)
    for step, places in enumerate(_batches(rows.shape[0], rounds, chance)):
        part, met = _thinned(rows[places], dropped, chance)
        pace = PACE * (1 - step / steps)
        added = part @ table[met]
        damp = _damp(part)
        raw = added[:, classes:] * damp + inner
        seen = np.maximum(raw, 0.0)
        slope = (softmax(added[:, :classes] + bias + seen @ outer) - wanted[places]) / len(places)
        back = (slope @ outer.T) * (raw > 0)
        sparse.step(part.T @ np.hstack([slope, back * damp]), pace, met)
        for adam, one in zip(dense, (back.sum(axis=0), seen.T @ slope, slope.sum(axis=0)), strict=True):
            adam.step(one, pace)
    return Network(table, inner, outer, bias)


def _damp(rows: csr_matrix) -> Floats:
    return np.array([[damped(count)] for count in np.diff(rows.indptr).tolist()])


class _Adam:
    """Moves numbers, or some rows of them, against their slope, in place."""

    def __init__(self, moved: Floats) -> None:
        self._moved, self._mean, self._square, self._step = moved, np.zeros_like(moved), np.zeros_like(moved), 0

    def step(self, slope: Floats, pace: float, at: "NDArray[np.int64] | slice" = slice(None)) -> None:
        self._step += 1
        mean = FORGET * self._mean[at] + (1 - FORGET) * slope
        square = FORGET_SQUARES * self._square[at] + (1 - FORGET_SQUARES) * slope * slope
        self._mean[at], self._square[at] = mean, square
        level, spread = 1 - FORGET**self._step, 1 - FORGET_SQUARES**self._step
        self._moved[at] -= pace * (mean / level) / (np.sqrt(square / spread) + TINY)


def _batches(count: int, rounds: int, chance: np.random.Generator) -> "list[NDArray[np.int64]]":
    orders = [chance.permutation(count) for _ in range(rounds)]
    return [order[start : start + BATCH] for order in orders for start in range(0, count, BATCH)]


def _thinned(rows: csr_matrix, dropped: float, chance: np.random.Generator) -> "tuple[csr_matrix, NDArray[np.int64]]":
    """The rows without some of their features, what is left worth as much more, over the features they have."""
    kept = chance.random(rows.nnz) >= dropped
    ends = np.concatenate([[0], np.cumsum(kept)])[rows.indptr]
    met, columns = np.unique(rows.indices[kept], return_inverse=True)
    data = rows.data[kept] / (1 - dropped)
    return csr_matrix((data, columns, ends), shape=(rows.shape[0], len(met))), met
