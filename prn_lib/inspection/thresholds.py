"""A threshold with a meaning: chosen on normals kept apart, at a stated rate of false alarms."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Threshold:
    """A photograph whose score is above ``value`` is called a defect.

    ``low`` and ``high`` bound the rate of false alarms on further normals, in [0, 1], with 95%
    confidence; ``false_alarms`` is the rate that was asked for.
    """

    value: float
    false_alarms: float
    normals: int
    low: float
    high: float


def normals_needed(false_alarms: float) -> int:
    """The fewest normals from which a rate in (0, 1) can be promised: 99 for 1%."""
    return math.ceil(round(1 / false_alarms - 1, 9))


def check_rate(false_alarms: float) -> None:
    """Raise ValueError for a rate of false alarms outside (0, 1)."""
    if not 0 < false_alarms < 1:
        raise ValueError(
            f"a rate of false alarms of {false_alarms:g} must lie between 0 and 1: 0.05 for 5%"
        )


def choose_threshold(scores: Sequence[float] | np.ndarray, false_alarms: float) -> Threshold:
    """The lowest of the normals' own ``scores`` that promises at most the rate ``false_alarms``.

    Of n normals, the k highest may lie above, k = floor(rate (n + 1)) - 1. The rate on further
    normals is then Beta(k + 1, n - k), whatever their scores' distribution, if they are like these:
    its mean is at most the rate asked for (split conformal prediction). Equal scores only lower it.

    Raises ValueError for a rate outside (0, 1), and if there are too few normals for it.
    """
    check_rate(false_alarms)
    ordered = np.sort(np.asarray(scores, float))
    n = len(ordered)
    above = math.floor(round(false_alarms * (n + 1), 9)) - 1
    if above < 0:
        raise ValueError(
            f"{n} normals are too few for a rate of {false_alarms:.1%} of false alarms: it needs "
            f"{normals_needed(false_alarms)}; with {n}, the lowest rate is {1 / (n + 1):.1%}"
        )
    low, high = stats.beta.interval(CONFIDENCE, above + 1, n - above)
    return Threshold(float(ordered[n - 1 - above]), false_alarms, n, float(low), float(high))
