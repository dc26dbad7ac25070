"""Coverage, mix and turns: arithmetic that must hold for every seed."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.roles.function import choose_slots
from consumers.sampler.core import draw_distractors, starts
from consumers.sampler.plan import (
    DEFAULT_MIX,
    can_be_invalid,
    first_slots,
    next_slots,
    once_more,
    plan,
    scenario_of,
    target_of,
)
from schemas.dialogue import EXPECTED_ACTION, Relevance, RunSpec, Scenario, Slot, TurnKind
from schemas.events import Dead, ReviewAccepted, ReviewNeeded, ReviewRejected, RunRequested
from tests.build import TRAINS, WEATHER, dialogue, event

SPEC = RunSpec(pool="p", seed=7, dialogues_per_tool=5)
NAMES = [f"tool_{i}" for i in range(100)]


@given(st.integers(0, 10_000), st.integers(90, 400))
def test_every_stretch_of_slots_has_the_mix(seed, count):
    spec = RunSpec(pool="p", seed=seed)
    found = Counter(scenario_of(spec, index) for index in range(count))
    total = sum(DEFAULT_MIX.values())
    for scenario, weight in DEFAULT_MIX.items():
        assert abs(found[scenario] - count * weight / total) <= 4


def test_a_scenario_without_weight_is_not_generated():
    spec = RunSpec(pool="p", mix={Scenario.SPECIAL: 1.0, Scenario.MULTI_MULTI: 0.0})
    assert {scenario_of(spec, index) for index in range(50)} == {Scenario.SPECIAL}


def test_each_tool_has_its_turns_before_any_gets_more():
    counts = Counter(target_of(SPEC, NAMES, index) for index in range(500))
    assert set(counts.values()) == {5}
    early = Counter(target_of(SPEC, NAMES, index) for index in range(200))
    assert len(early) == 40
    assert set(early.values()) == {5}


def test_a_tool_that_keeps_failing_makes_way():
    tried = [target_of(SPEC, NAMES, 7, attempt) for attempt in range(6)]
    assert len(set(tried)) == 3
    assert tried[0] == tried[1]


def test_a_tool_meets_several_scenarios():
    met = {(target_of(SPEC, NAMES, i), scenario_of(SPEC, i)) for i in range(200)}
    assert len(met) > 130


@given(st.integers(1, 40), st.integers(1, 60), st.data())
def test_lanes_fill_every_slot_once_whatever_fails(end, width, data):
    """Follow all lanes to their ends, each attempt failing or not as it pleases."""
    spec = RunSpec(pool="p", in_flight=width, max_attempts=3)
    waiting, accepted, given_up = first_slots(spec, 0, end), Counter(), Counter()
    assert len(waiting) <= width
    while waiting:
        slot = waiting.pop()
        ok = data.draw(st.booleans())
        following = next_slots(spec, slot, ok)
        assert len(following) <= 1
        if ok:
            accepted[slot.index] += 1
        elif not any(n.index == slot.index for n in following):
            given_up[slot.index] += 1
        waiting += following
    assert sorted(accepted + given_up) == list(range(end))
    assert set((accepted + given_up).values()) == {1}


@given(st.integers(1, 6), st.integers(1, 20))
def test_a_slot_given_up_is_tried_as_often_again_under_new_numbers(max_attempts, attempts):
    spec = RunSpec(pool="p", max_attempts=max_attempts)
    slot = once_more(spec, 7, attempts)
    assert slot.attempt >= attempts
    tried = [slot]
    while following := next_slots(spec, tried[-1], False):
        tried += following
    assert [each.attempt for each in tried] == list(range(slot.attempt, slot.attempt + max_attempts))
    assert next_slots(spec, slot, True) == []


def test_a_run_that_is_extended_starts_where_it_ended():
    assert [slot.index for slot in first_slots(RunSpec(pool="p", in_flight=4), 10, 12)] == [10, 11]


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("scenario", list(Scenario))
def test_a_plan_is_what_its_scenario_says(scenario, seed):
    made = plan(SPEC, scenario, WEATHER, [TRAINS], random.Random(seed))
    kinds = [turn.kind for turn in made.turns]
    tasks = sum(len(turn.tasks) for turn in made.turns if turn.kind in (TurnKind.REQUEST, TurnKind.WITHHOLD))
    match scenario:
        case Scenario.SINGLE_SINGLE:
            assert (len(kinds), tasks) == (1, 1)
        case Scenario.SINGLE_MULTI:
            assert len(kinds) == 1
            assert tasks >= 2
        case Scenario.MULTI_SINGLE:
            assert len(kinds) >= 3
            assert tasks == 1
        case Scenario.MULTI_MULTI:
            assert len(kinds) >= 2
            assert tasks >= 2
        case Scenario.SPECIAL:
            assert "call" not in {EXPECTED_ACTION[kind] for kind in kinds}
    for turn in made.turns:
        assert not set(turn.withheld) & {slot for task in turn.tasks for slot in task.slots} or (
            turn.kind is TurnKind.SUPPLY
        )


def test_a_tool_that_would_leave_an_empty_table_is_not_taken_away():
    for seed in range(20):
        made = plan(SPEC, Scenario.SPECIAL, WEATHER, [], random.Random(seed), may_miss=False)
        assert not made.missing


def test_what_is_withheld_is_supplied_next():
    made = plan(SPEC, Scenario.MULTI_SINGLE, TRAINS, [], random.Random(1))
    first, second = made.turns[:2]
    assert first.kind is TurnKind.WITHHOLD
    assert second.tasks[0].slots == first.withheld
    assert set(first.withheld) <= set(TRAINS.required)


@pytest.mark.parametrize(("strategy", "slots"), [("max", {("city", "days", "units")}), ("min", {("city",)})])
def test_slot_strategies(strategy, slots):
    assert {choose_slots(WEATHER, strategy, random.Random(i)) for i in range(20)} == slots


def test_the_dynamic_strategy_spreads_evenly_over_the_number_of_slots():
    sizes = Counter(len(choose_slots(WEATHER, "dynamic", random.Random(i))) for i in range(600))
    assert set(sizes) == {1, 2, 3}
    assert min(sizes.values()) > 150


def test_distractors_come_from_all_bands():
    relevance = {f"t{i}": i / 12 for i in range(12)}
    drawn = draw_distractors(sorted(relevance), relevance, random.Random(3))
    assert {Relevance.of(relevance[name]) for name in drawn} == set(Relevance)
    assert len(set(drawn)) == len(drawn) >= 3


def test_values_that_a_person_can_get_wrong():
    assert can_be_invalid({"type": "string", "enum": ["a"]})
    assert can_be_invalid({"type": "integer"})
    assert not can_be_invalid({"type": "string"})
    assert not can_be_invalid(True)


OPEN = dialogue(slot=Slot(0, 0, 1, 3))


@pytest.mark.parametrize(
    ("body", "slots"),
    [
        pytest.param(ReviewAccepted(OPEN), [Slot(1, 0, 1, 3)], id="accepted-next-slot"),
        pytest.param(ReviewNeeded(OPEN, (), 1.0), [Slot(0, 1, 1, 3)], id="failed-next-attempt"),
        pytest.param(Dead("judge", "s", "e", dialogue=OPEN), [Slot(0, 1, 1, 3)], id="dead-next-attempt"),
        pytest.param(Dead("memory", "s", "e", dialogue=OPEN, ends_dialogue=False), [], id="side-stage"),
        pytest.param(ReviewAccepted(OPEN, how="approved"), [], id="a-person-accepts-later"),
        pytest.param(ReviewRejected(OPEN, "rejected", ()), [], id="a-person-rejects-later"),
        pytest.param(ReviewAccepted(dialogue(slot=None)), [], id="brought-back-by-hand"),
        pytest.param(ReviewAccepted(dialogue(slot=Slot(2, 0, 1, 3))), [], id="the-last-slot"),
    ],
)
def test_what_an_end_starts(body, slots):
    assert starts(event("review.x", body))[1] == slots


def test_a_request_starts_its_lanes():
    _, slots = starts(event("runs.requested", RunRequested(RunSpec(pool="p", in_flight=2), 0, 5)))
    assert slots == [Slot(0, 0, 2, 5), Slot(1, 0, 2, 5)]
