"""Logistic regression with a quadratic penalty, by adaptive gradient steps. *Pure*, and the same on every machine.

Duchi, Hazan and Singer, "Adaptive subgradient methods", JMLR 12 (2011). Rows are sets of features; there are hundreds
of rows, so plain Python is fast enough and no array library is needed.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.policy.opinion import Weights

PASSES = 40
PENALTY = 0.004  # on each weight, for each row that has its feature
SETTLED = 0.01  # an error below this teaches nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was seen, and the answer."""

    features: tuple[str, ...]
    yes: bool


def fit(rows: Sequence[Row], *, step: float) -> Weights:
    """The weights that explain the rows; `step` is the first step's length in log-odds."""
    order = random.Random(7)
    weights: dict[str, float] = {}
    moved: dict[str, float] = {}
    bias = 0.0
    rows = list(rows)
    for _ in range(PASSES):
        order.shuffle(rows)
        for row in rows:
            scale = 1 / math.sqrt(len(row.features) + 1)
            odds = bias + sum(weights.get(name, 0.0) for name in row.features)
            error = row.yes - 1 / (1 + math.exp(-max(min(odds, 30.0), -30.0)))
            if abs(error) < SETTLED:
                continue
            bias += step * 0.1 * error
            for name in row.features:
                slope = error * scale - PENALTY * weights.get(name, 0.0)
                moved[name] = moved.get(name, 1e-3) + slope * slope
                weights[name] = weights.get(name, 0.0) + step * scale * slope / math.sqrt(moved[name])
    return Weights(bias=bias, of=weights)
