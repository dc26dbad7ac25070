"""A judge that has a favourite place is found out, and one that has none is not."""

import random

import pytest

from schemas.dialogue import Scenario
from schemas.events import Judged, SwapTest
from sinks.judging import Choices, Judging
from sinks.trace import summary
from tests.sinks.build import Run


def judged(store, run: Run) -> Judging:
    store.insert(run.encoded())
    return Judging.of(store, run.run_id)


def test_the_place_of_a_sole_winner_is_counted_whatever_its_number(store):
    run = Run("places")
    run.choice((2, 0, 1), (0,))
    run.choice((1, 2, 0), (0,))
    run.choice((0, 1, 2), (2,))
    run.choice((0, 1, 2), (0,))

    [found] = judged(store, run).by_candidates

    assert (found.candidates, found.choices, found.wins) == (3, 4, (1, 1, 2))


def test_ties_are_counted_but_win_no_place(store):
    run = Run("ties")
    run.choice((0, 1, 2, 3), (0, 3))
    run.choice((0, 1, 2, 3), (1,))

    [found] = judged(store, run).by_candidates

    assert (found.choices, found.ties, found.decided, found.wins) == (2, 1, 1, (0, 1, 0, 0))


def test_lists_of_another_length_are_counted_apart(store):
    run = Run("lengths")
    run.choice((0, 1), (1,))
    run.choice((0, 1, 2, 3), (1,))
    run.choice((0, 1, 2, 3), (2,))

    found = judged(store, run)

    assert [(choices.candidates, choices.wins) for choices in found.by_candidates] == [
        (2, (0, 1)),
        (4, (0, 1, 1, 0)),
    ]
    assert found.usual.candidates == 4
    assert (found.all.choices, found.all.candidates) == (3, 0)


def test_a_single_candidate_is_no_choice(store):
    run = Run("single")
    run.choice((), (0,))
    found = judged(store, run)
    assert found.by_candidates == ()
    assert found.usual is None
    assert found.all == Choices(0)


def test_a_repeated_choice_counts_by_what_the_first_order_said(store):
    run = Run("repeated")
    run.choice((3, 2, 1, 0), (3,), again=(3,))  # agrees
    run.choice((3, 2, 1, 0), (3,), again=(0,))  # first shown, both times
    run.choice((3, 2, 1, 0), (0,), again=(3,))  # last shown, both times
    run.choice((3, 2, 1, 0), (2,), again=(1,))  # neither
    run.choice((3, 2, 1, 0), (3, 2), again=(2,))  # a tie that agrees
    run.choice((3, 2, 1, 0), (1,))

    [found] = judged(store, run).by_candidates

    assert (found.repeated, found.agreed, found.decided_twice) == (5, 2, 4)
    assert (found.first_twice, found.last_twice) == (1, 1)
    assert found.wins == (2, 1, 1, 1)


def test_a_repeated_choice_of_an_early_version_is_left_out(store):
    run = Run("early")
    dialogue = run.compose(Scenario.SINGLE_SINGLE, 0)
    early = Judged(dialogue, shown=(0, 1), swap=SwapTest(1, False, (0, 1)))
    run.emit("dialogue.judged.next", early, dialogue_id=dialogue.id, round=1)
    run.choice((0, 1), (1,))

    [found] = judged(store, run).by_candidates

    assert (found.choices, found.unknown, found.decided, found.repeated) == (2, 1, 1, 1)


def test_refusals_are_counted(store):
    run = Run("refusals")
    run.choice((0, 1), (0,), declined="Both call the wrong tool.")
    run.choice((0, 1), (1,), declined="Both again.", attempt=1, subject="dialogue.judged.done")
    run.choice((0, 1), (1,), attempt=1)

    [found] = judged(store, run).by_candidates

    assert (found.declined, found.redrafted, found.given_up, found.choices) == (2, 2, 1, 3)


def test_the_trace_says_why_candidates_were_declined():
    event = Run("told").choice((0, 1), (0,), declined="Both call the wrong tool.")
    assert summary(event) == "none of 2 candidates is fit: Both call the wrong tool."


@pytest.mark.parametrize(("liking", "found_out"), [(0.0, False), (0.5, True)])
def test_a_liking_for_the_first_place_shows(store, liking, found_out):
    rng = random.Random(7)
    run = Run(f"liking-{liking}")
    for _ in range(200):
        shown = tuple(rng.sample(range(4), 4))
        best = shown[0] if rng.random() < liking else rng.randrange(4)
        run.choice(shown, (best,))

    [found] = judged(store, run).by_candidates

    assert (found.p < 0.001) is found_out
    low, high = found.win_intervals[0]
    assert (low > 1 / 4) is found_out
    assert low < found.win_shares[0] < high
