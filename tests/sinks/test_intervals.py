"""Intervals are those of the literature, and behave as intervals do."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare

from sinks.intervals import LEAST, Interval, bootstrap, even_p, newcombe, ratio, wilson

COUNTS = st.integers(1, 400).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(COUNTS)
def test_wilson_is_the_score_interval_of_scipy(pair):
    hits, of = pair
    theirs = binomtest(hits, of).proportion_ci(method="wilson")
    assert wilson(hits, of) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@given(COUNTS)
def test_a_share_lies_in_its_interval_and_that_within_0_and_1(pair):
    hits, of = pair
    low, high = wilson(hits, of)
    assert 0 <= low <= hits / of <= high <= 1


def test_newcombe_gives_the_interval_of_its_paper():
    """Newcombe 1998, table II, example (a), method 10, with the groups the other way round."""
    assert newcombe(48, 80, 56, 70) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@given(COUNTS, COUNTS)
def test_a_difference_lies_in_its_interval_and_turns_around_with_it(a, b):
    found, turned = newcombe(*a, *b), newcombe(*b, *a)
    difference = b[0] / b[1] - a[0] / a[1]
    assert found.low - 1e-12 <= difference <= found.high + 1e-12
    assert turned == pytest.approx((-found.high, -found.low))


def test_a_share_of_nothing_has_no_interval():
    assert wilson(0, 0) is None
    assert newcombe(0, 0, 1, 2) is None
    assert ratio([(1, 0), (2, 0)]) is None


@pytest.mark.parametrize(
    ("interval", "excludes"), [((-1, 1), False), ((0, 1), False), ((0.1, 1), True), ((-1, -0.1), True)]
)
def test_an_interval_that_touches_0_does_not_leave_it_out(interval, excludes):
    assert Interval(*interval).excludes_zero is excludes


def parts(mean: float, size: int, seed: int = 0):
    rng = random.Random(seed)
    return [(rng.gauss(mean, 1), 1.0) for _ in range(size)]


def test_a_bootstrap_finds_a_difference_that_is_there_and_none_that_is_not():
    assert bootstrap(parts(3, 200), parts(4, 200, seed=1)).excludes_zero
    assert not bootstrap(parts(3, 200), parts(3, 200, seed=1)).excludes_zero


def test_a_bootstrap_is_as_wide_as_theory_says():
    low, high = bootstrap(parts(3, 400), parts(3, 400, seed=1))
    assert high - low == pytest.approx(2 * 1.96 * (1 / 400 + 1 / 400) ** 0.5, rel=0.15)


def test_the_same_parts_give_the_same_interval():
    assert bootstrap(parts(1, 30), parts(2, 30)) == bootstrap(parts(1, 30), parts(2, 30))


def test_too_few_that_count_have_no_interval():
    few = [*parts(1, LEAST - 1), *[(0.0, 0.0)] * 50]
    assert bootstrap(few, parts(1, 50)) is None
    assert bootstrap([*few, (1.0, 1.0)], parts(1, 50)) is not None


def test_what_was_spent_besides_moves_the_ratio_and_its_interval():
    calls = [(10.0, 1.0)] * 20
    assert ratio(calls, 40.0) == 12
    assert bootstrap(calls, calls, (0.0, 40.0)) == pytest.approx((2, 2))


def test_even_counts_are_likely_and_uneven_ones_are_not():
    assert even_p([25, 25, 25, 25]) == 1
    assert even_p([70, 10, 10, 10]) < 1e-6
    assert even_p([30, 20, 25, 25]) == pytest.approx(chisquare([30, 20, 25, 25]).pvalue)


@pytest.mark.parametrize("counts", [(), (50,), (5, 5, 5, 4)])
def test_too_few_counts_prove_nothing(counts):
    assert even_p(counts) is None
