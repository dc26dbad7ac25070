"""How sure a figure is: 95 % intervals of shares and of differences, and a test for evenness.

All take their observations as independent of each other.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

Z = 1.959963984540054
"""Standard deviations around the mean of a normal distribution that hold 95 % of it."""
RESAMPLES = 2000
LEAST = 10
"""Observations under which a bootstrap sees too little of the distribution to say how wide it is."""
LEAST_EXPECTED = 5
"""Expected count a cell from which the chi-square distribution is a good approximation (Cochran 1954)."""


class Interval(NamedTuple):
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


def wilson(hits: int, of: int) -> Interval | None:
    """The 95 % score interval of a share (Wilson 1927), within [0, 1]; None for a share of nothing."""
    if not of:
        return None
    share = hits / of
    middle = (share + Z * Z / (2 * of)) / (1 + Z * Z / of)
    half = Z * math.sqrt(share * (1 - share) / of + Z * Z / (4 * of * of)) / (1 + Z * Z / of)
    # At the ends the formula is exact, and a float nearly so.
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == of else min(1.0, middle + half)
    return Interval(low, high)


def newcombe(hits_a: int, of_a: int, hits_b: int, of_b: int) -> Interval | None:
    """The 95 % interval of share b minus share a from their Wilson intervals (Newcombe 1998, method 10).

    None where one of them is a share of nothing.
    """
    a, b = wilson(hits_a, of_a), wilson(hits_b, of_b)
    if a is None or b is None:
        return None
    share_a, share_b = hits_a / of_a, hits_b / of_b
    difference = share_b - share_a
    return Interval(
        difference - math.hypot(share_b - b.low, a.high - share_a),
        difference + math.hypot(b.high - share_b, share_a - a.low),
    )


Parts = Sequence[tuple[float, float]]
"""Numerator and denominator that each dialogue, or other unit, adds to a ratio; in a mean the latter is 1."""


def ratio(parts: Parts, spent: float = 0.0) -> float | None:
    """Sum of the numerators, and what was spent besides, over the sum of the denominators; None over 0."""
    total = sum(below for _, below in parts)
    return (spent + sum(above for above, _ in parts)) / total if total else None


def bootstrap(a: Parts, b: Parts, spent: tuple[float, float] = (0.0, 0.0)) -> Interval | None:
    """The 95 % percentile interval of ratio b minus ratio a, resampling whole units.

    Seeded: the same parts give the same interval. None where one side has under `LEAST` units that count.

    Args:
        spent: what stands in the numerators besides, of a and of b, however the units are drawn.
    """
    import numpy as np

    if min(_counting(a), _counting(b)) < LEAST:
        return None
    rng = np.random.default_rng(0)
    found = []
    for parts, besides in zip((a, b), spent, strict=True):
        table, size = np.asarray(parts, dtype=float), len(parts)
        # How often each unit is drawn, times what it adds: faster than adding up what was drawn.
        sums = np.array(
            [np.bincount(rng.integers(0, size, size), minlength=size) @ table for _ in range(RESAMPLES)]
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            found.append((sums[:, 0] + besides) / sums[:, 1])
    difference = found[1] - found[0]
    low, high = np.percentile(difference[np.isfinite(difference)], [2.5, 97.5])
    return Interval(float(low), float(high))


def _counting(parts: Parts) -> int:
    return sum(below > 0 for _, below in parts)


def even_p(counts: Sequence[int]) -> float | None:
    """How likely counts at least as uneven are where all cells are equally likely: Pearson's chi-square test.

    None for fewer than two cells, or under `LEAST_EXPECTED` a cell on average.
    """
    if len(counts) < 2 or sum(counts) < LEAST_EXPECTED * len(counts):
        return None
    # Imported here: scipy.stats takes a second to load.
    from scipy.stats import chisquare

    return float(chisquare(counts).pvalue)
