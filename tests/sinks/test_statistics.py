"""Every measure is what its definition says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dialogue import Scenario
from sinks.statistics import (
    describe,
    distinct_n,
    entropy,
    histogram,
    slot_filling_ratios,
    unique_share,
)
from tests.sinks.build import Run


def test_distinct_n_counts_ngrams_within_texts():
    assert distinct_n(["a b c", "A b, d"], 2) == 3 / 4  # ab bc ab bd
    assert distinct_n(["a b c"], 3) == 1
    assert distinct_n(["one", "two"], 2) is None


def test_unique_share_ignores_case_and_punctuation():
    assert unique_share(["Book it!", "book it", "cancel it"]) == 2 / 3
    assert unique_share([]) is None


@pytest.mark.parametrize(
    ("counts", "bits"), [([4, 4], 1), ([1, 1, 1, 1], 2), ([7], 0), ([3, 0], 0), ([], None), ([0], None)]
)
def test_entropy_is_in_bits(counts, bits):
    assert entropy(counts) == bits


def test_a_bin_holds_its_upper_edge():
    assert histogram([0, 0.2, 0.21, 0.4, 0.6, 0.8, 0.81, 1], 5) == (2, 2, 1, 1, 2)


@given(st.lists(st.fractions(0, 1)))
def test_every_ratio_is_in_exactly_one_bin(ratios):
    assert sum(histogram(map(float, ratios), 5)) == len(ratios)


def test_the_slot_filling_ratio_is_given_over_defined_parameters():
    dialogue = Run("ratios").compose(Scenario.SINGLE_MULTI, 0)
    first, second = dialogue.calls
    expected = [len(call.arguments) / len(dialogue.tool(call.name).properties) for call in (first, second)]
    assert slot_filling_ratios(dialogue) == expected


def test_a_set_is_described_by_its_means():
    run = Run("means")
    dialogues = [run.compose(scenario, index) for index, scenario in enumerate(Scenario)]

    found = describe(dialogues)

    assert found.dialogues == 5
    assert found.tools_on_table == 4
    assert found.turns == 3
    assert found.tasks == (2 + 6) / 2  # single-multi has one turn of two tasks, multi-multi three of two
    assert found.calls == 1 + 2 + 3 + 6
    assert sum(found.slot_filling) == found.calls
    assert found.types == len({dialogue.type_label for dialogue in dialogues})
    assert 0 < found.type_evenness <= 1


def test_nothing_has_no_figures():
    found = describe([])
    assert (found.dialogues, found.distinct_2, found.turns, found.type_entropy) == (0, None, None, None)
