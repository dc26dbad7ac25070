"""Turns, tasks and mishaps: arithmetic that must hold for every seed."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.roles.function import choose_slots
from consumers.sampler.core import crowd, draw_distractors, starts
from consumers.sampler.plan import (
    Giver,
    Plan,
    Table,
    can_be_invalid,
    first_slots,
    next_slots,
    once_more,
    plan,
    with_mishaps,
)
from schemas.dialogue import (
    EXPECTED_ACTION,
    NEW_TASK,
    SPECIAL_KINDS,
    Link,
    Relevance,
    RunSpec,
    Scenario,
    Slot,
    Task,
    Turn,
    TurnKind,
)
from schemas.events import Dead, ReviewAccepted, ReviewNeeded, ReviewRejected, RunRequested
from schemas.tools import ToolSpec
from tests.build import TRAINS, WEATHER, dialogue, event

SPEC = RunSpec(pool="p", seed=7)
CITY = ToolSpec(name="find_city", description="Find the city of a person.", source="test")
MAIL = ToolSpec(name="send_mail", description="Send a mail.", source="test")
FULL_TABLE = Table(WEATHER, [TRAINS], [Giver(CITY, ("city",))], [MAIL])


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
    made = plan(SPEC, scenario, 3, FULL_TABLE, random.Random(seed))
    kinds = [turn.kind for turn in made.turns]
    tasks = sum(len(turn.tasks) for turn in made.turns if turn.kind in NEW_TASK)
    match scenario:
        case Scenario.SINGLE_SINGLE:
            assert (len(kinds), tasks) == (1, 1)
        case Scenario.SINGLE_MULTI:
            assert (len(kinds), tasks) == (1, 3)
        case Scenario.MULTI_SINGLE:
            assert len(kinds) >= 3
            assert tasks == 1
        case Scenario.MULTI_MULTI:
            assert len(kinds) >= 3
            assert tasks == 3
        case Scenario.SPECIAL:
            assert len(set(kinds) & set(SPECIAL_KINDS)) == 1
    for turn in made.turns:
        assert not set(turn.withheld) & {slot for task in turn.tasks for slot in task.slots} or (
            turn.kind is TurnKind.SUPPLY
        )


def special(table: Table) -> dict[TurnKind, Plan]:
    """A plan of each special kind that the table allows."""
    found = {}
    for seed in range(200):
        made = plan(SPEC, Scenario.SPECIAL, 1, table, random.Random(seed))
        found[next(turn.kind for turn in made.turns if turn.kind in SPECIAL_KINDS)] = made
    return found


def test_all_six_special_kinds_are_made():
    assert set(special(FULL_TABLE)) == set(SPECIAL_KINDS)


def test_special_kinds_are_made_only_of_what_is_there():
    aimless = ToolSpec(name="refresh", description="Refresh the view.", source="test")
    assert set(special(Table(aimless, may_miss=False))) == {TurnKind.ALMOST}


def test_what_no_tool_can_do_is_not_on_the_table():
    made = special(FULL_TABLE)
    assert made[TurnKind.NO_TOOL].missing == (WEATHER,)
    assert made[TurnKind.PARTIAL].missing == (MAIL,)
    assert made[TurnKind.PARTIAL].turns[0].beyond == "send_mail"
    assert made[TurnKind.ALMOST].missing == ()


def test_a_mind_changes_only_after_the_assistant_has_asked():
    first, second = special(FULL_TABLE)[TurnKind.CHANGE_MIND].turns
    assert EXPECTED_ACTION[first.kind] == "ask"
    assert second.tasks[0].tool == "find_trains"


@pytest.mark.parametrize("scenario", [Scenario.SINGLE_MULTI, Scenario.MULTI_MULTI])
def test_a_call_that_builds_on_another_comes_after_it_and_its_value_is_not_said(scenario):
    chained = 0
    for seed in range(60):
        made = plan(SPEC, scenario, 3, FULL_TABLE, random.Random(seed))
        before: list[str] = []
        for task in (task for turn in made.turns for task in turn.tasks):
            for link in task.links:
                assert (task.tool, link) == ("get_weather", Link("city", "find_city"))
                assert "find_city" in before
                assert "city" not in task.slots
                chained += 1
            before.append(task.tool)
        assert all("city" not in turn.withheld for turn in made.turns if turn.tasks[0].links)
    assert 35 <= chained <= 58


REQUEST = Turn(kind=TurnKind.REQUEST, tasks=(Task("get_weather", ("city",)),))
QUESTION = Turn(kind=TurnKind.FOLLOW_UP, tasks=(Task("get_weather"),))
ALWAYS = RunSpec(pool="p", mishap_share=1.0)


def test_what_a_later_turn_builds_on_is_tried_again_after_it_failed():
    for seed in range(20):
        failing, again, question = with_mishaps(ALWAYS, (REQUEST, QUESTION), True, random.Random(seed))
        assert failing.fails == "get_weather"
        assert (again.kind, again.tasks, again.fails) == (TurnKind.RETRY, REQUEST.tasks, "")
        assert question == QUESTION


def test_a_single_turn_has_no_second_try():
    [failing] = with_mishaps(ALWAYS, (REQUEST,), False, random.Random(0))
    assert failing.fails == "get_weather"


def test_calls_that_depend_on_each_other_do_not_fail():
    linked = Turn(
        kind=TurnKind.REQUEST,
        tasks=(Task("find_city"), Task("get_weather", (), (Link("city", "find_city"),))),
    )
    assert with_mishaps(ALWAYS, (linked,), True, random.Random(0)) == (linked,)


def test_without_mishaps_the_turns_stay_as_they_are():
    calm = RunSpec(pool="p", mishap_share=0.0)
    assert with_mishaps(calm, (REQUEST, QUESTION), True, random.Random(0)) == (REQUEST, QUESTION)


def test_what_is_withheld_is_supplied_next():
    made = plan(SPEC, Scenario.MULTI_SINGLE, 1, Table(TRAINS), random.Random(1))
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


def test_distractors_come_from_the_bands_of_the_mix():
    relevance = {f"t{i}": i / 30 for i in range(30)}
    drawn = Counter(
        Relevance.of(relevance[name])
        for seed in range(300)
        for name in draw_distractors(
            list(relevance), relevance, {Relevance.HIGH: 3, Relevance.LOW: 1}, random.Random(seed)
        )
    )
    assert set(drawn) == {Relevance.HIGH, Relevance.LOW}
    assert 2.7 <= drawn[Relevance.HIGH] / drawn[Relevance.LOW] <= 3.3


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.floats(0, 1)), st.integers(0, 99))
def test_no_distractor_is_drawn_twice(relevance, seed):
    mix = dict.fromkeys(Relevance, 1.0)
    drawn = draw_distractors(list(relevance), relevance, mix, random.Random(seed))
    assert len(set(drawn)) == len(drawn) == min(7, len(relevance))


def test_a_table_is_as_crowded_as_wanted():
    made = Plan(("get_weather",), (REQUEST,))  # one slot of three
    pool = {"get_weather": WEATHER}
    others = [TRAINS] * 6  # two slots each
    assert crowd(made, pool, others, 1.0) == 0
    assert crowd(made, pool, others, 0.2) == 1
    assert crowd(made, pool, others, 0.0) == 6


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
