"""Logistic regression with a quadratic penalty, by L-BFGS. *Pure*, and the same on every run.

Rows are sets of features, known by their digests; `penalties` say how dearly each feature's weight is bought. Liu and
Nocedal, "On the limited memory BFGS method for large scale optimization", Mathematical Programming 45 (1989).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]


def rows_of(features: Sequence[NDArray[np.uint32]], known: NDArray[np.uint32]) -> csr_matrix:
    """One row for each set of features, 1 where one of the `known` (ascending) is present; the last column is 1
    everywhere."""
    width = len(known)
    places = []
    for one in features:
        found = np.searchsorted(known, one)
        inside = found < width
        met = found[inside][known[found[inside]] == one[inside]]
        places.append(np.append(met, width))
    ends = np.cumsum([0, *(len(one) for one in places)])
    joined = np.concatenate(places) if places else np.zeros(0, dtype=np.int64)
    return csr_matrix((np.ones(int(ends[-1])), joined, ends), shape=(len(places), width + 1))


def fit(rows: csr_matrix, answers: Sequence[int], classes: int, penalties: Floats, *, rounds: int = 80) -> Floats:
    """Weights, a row for each feature and a column for each class; the last row is the bias, which costs nothing."""
    wanted = np.zeros((rows.shape[0], classes))
    wanted[np.arange(rows.shape[0]), np.asarray(answers)] = 1
    turned = rows.T.tocsr()
    cost = np.append(penalties, 0.0)[:, None]

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(-1, classes)
        odds = rows @ weights
        odds -= odds.max(axis=1, keepdims=True)
        logs = odds - np.log(np.exp(odds).sum(axis=1, keepdims=True))
        slope = turned @ (np.exp(logs) - wanted) / rows.shape[0] + cost * weights
        return float(-(logs * wanted).sum() / rows.shape[0] + 0.5 * (cost * weights * weights).sum()), slope.ravel()

    start = np.zeros(rows.shape[1] * classes)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": rounds})
    return np.asarray(found.x, dtype=np.float64).reshape(-1, classes)


def chances(rows: csr_matrix, weights: Floats) -> Floats:
    """The probability of each class for each row."""
    odds = rows @ weights
    odds -= odds.max(axis=1, keepdims=True)
    raised = np.exp(odds)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float64)
