"""False alarms: the rules stay silent on the benchmarks' own gold calls.

The data is evaluation data: it is read here to measure the checker, and goes nowhere else.
"""

from collections.abc import Iterable
from pathlib import Path

import pytest

from benchmarks.checker import gold
from consumers.sampler.importers.bfcl import BFCLError

DATA = Path(__file__).parents[3] / "shared" / "data"


def alarms(cases: Iterable[gold.Case]) -> tuple[int, list[str]]:
    """How many cases there are, and the ids of those that raise an alarm and are no known noise."""
    read = list(cases)
    return len(read), [case.id for case in read if case.id not in gold.NOISE and gold.alarms(case)]


@pytest.mark.parametrize("category", ["simple_python", "multiple", "parallel_multiple", "live_multiple"])
def test_gold_calls_of_bfcl_raise_next_to_no_alarm(category: str) -> None:
    try:
        checked, found = alarms(gold.bfcl(category))
    except BFCLError:
        pytest.skip("needs the package bfcl-eval")
    assert checked >= 200
    assert len(found) <= 0.005 * checked


@pytest.mark.skipif(not (DATA / "acebench").is_dir(), reason="needs the ACEBench data beside the repository")
def test_gold_calls_of_acebench_raise_next_to_no_alarm() -> None:
    checked, found = alarms(gold.acebench(DATA / "acebench" / "en"))
    assert checked > 700
    assert len(found) <= 0.005 * checked


@pytest.mark.skipif(not (DATA / "api_bank").is_dir(), reason="needs the API-Bank data beside the repository")
def test_gold_calls_of_api_bank_raise_next_to_no_alarm() -> None:
    checked, found = alarms(gold.api_bank(DATA / "api_bank"))
    assert checked > 550
    assert len(found) <= 0.005 * checked


def test_what_counts_as_noise_is_little_and_has_a_reason() -> None:
    assert len(gold.NOISE) < 160
    assert all(reason for reason in gold.NOISE.values())
