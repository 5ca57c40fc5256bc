"""Logistic regression with a quadratic penalty, by L-BFGS. *Pure*, and the same on every run.

Liu and Nocedal, "On the limited memory BFGS method for large scale optimization", Mathematical Programming 45 (1989).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]


def fit(rows: Floats, answers: Sequence[int], classes: int, penalty: float, *, rounds: int = 400) -> Floats:
    """Weights, a row for each column of `rows` and a column for each class; the last row is the bias, which costs
    nothing."""
    wide = np.hstack([rows, np.ones((len(rows), 1))])
    wanted = np.eye(classes)[np.asarray(answers)]
    cost = np.append(np.full(rows.shape[1], penalty), 0.0)[:, None]

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(-1, classes)
        said = softmax(wide @ weights)
        slope = wide.T @ (said - wanted) / len(wide) + cost * weights
        missed = -np.log(np.maximum((said * wanted).sum(axis=1), 1e-300)).mean()
        return float(missed + 0.5 * (cost * weights * weights).sum()), slope.ravel()

    start = np.zeros(wide.shape[1] * classes)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": rounds})
    return np.asarray(found.x, dtype=np.float64).reshape(-1, classes)


def chances(rows: Floats, weights: Floats) -> Floats:
    """The probability of each class for each row."""
    return softmax(rows @ weights[:-1] + weights[-1])


def softmax(odds: Floats) -> Floats:
    """The probabilities of log-odds, row by row."""
    raised = np.exp(odds - odds.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float64)
