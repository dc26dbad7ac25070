"""Coverage and mix: arithmetic that must hold for every seed."""

import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from agents.roles.sample import Relation
from consumers.sampler.schedule import (
    BLOCK,
    DEFAULT_MIX,
    Schedule,
    companions,
    scenario_of,
    tasks_of,
)
from schemas.dialogue import RunSpec, Scenario, Slot

NAMES = [f"tool_{i}" for i in range(200)]
ALONE = RunSpec(pool="p", seed=7, mix={Scenario.SINGLE_SINGLE: 1.0})
TOGETHER = RunSpec(pool="p", seed=7)


def ring(name: str) -> list[str]:
    """The three tools to either side."""
    at = NAMES.index(name)
    return [NAMES[(at + step) % len(NAMES)] for step in (1, -1, 2, -2, 3, -3)]


async def relations(name: str) -> dict[str, Relation]:
    """The tools beside one are of its group, those further off of its domain, the last have nothing to do."""
    return {other: Relation(r) for other, r in zip(ring(name), (0.9, 0.8, 0.7, 0.5, 0.3, 0.1), strict=True)}


async def drawn_from(schedule: Schedule, count: int, rate=relations) -> list[tuple[str, ...]]:
    return [await schedule.tools(Slot(index), rate) for index in range(count)]


def drawn(spec: RunSpec, count: int) -> list[tuple[str, ...]]:
    return asyncio.run(drawn_from(Schedule(spec, NAMES), count))


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
    counts = Counter(name for tools in drawn(ALONE, 1000) for name in tools)
    assert set(counts.values()) == {5}
    assert len(counts) == 200
    early = Counter(name for tools in drawn(ALONE, 5 * BLOCK) for name in tools)
    assert len(early) == BLOCK
    assert set(early.values()) == {5}


def test_the_second_pass_is_as_even_as_the_first():
    assert set(Counter(name for tools in drawn(ALONE, 2000) for name in tools).values()) == {10}


def test_companions_count_as_turns_too():
    counts = Counter(name for tools in drawn(TOGETHER, 900) for name in tools)
    assert min(counts[name] for name in NAMES) >= 5
    assert max(counts.values()) <= 3 * min(counts.values())


def test_a_multi_task_dialogue_has_as_many_companions_as_further_tasks():
    for index, (target, *others) in enumerate(drawn(TOGETHER, 200)):
        assert len(others) == tasks_of(TOGETHER, index) - 1
        assert set(others) <= set(ring(target)[:4])
    tasks = [tasks_of(TOGETHER, i) for i in range(3000)]
    several = [count for count in tasks if count > 1]
    assert 3.27 <= sum(several) / len(several) <= 3.4


def test_the_group_goes_before_the_domain_and_the_neglected_before_the_favoured():
    found = {"near": 0.9, "nearer": 0.95, "domain": 0.5, "stranger": 0.2}
    related = {name: Relation(r) for name, r in found.items()}
    assert companions(related, {}, 9) == ["nearer", "near", "domain"]
    assert companions(related, {"nearer": 1}, 9) == ["near", "nearer", "domain"]
    assert companions(related, {"nearer": 1, "near": 2}, 1) == ["nearer"]


WHOLE = drawn(TOGETHER, 301)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=8))
def test_whichever_slot_is_asked_first_the_schedule_is_the_same(order):
    async def asked() -> list[tuple[str, ...]]:
        schedule = Schedule(TOGETHER, NAMES)
        return await asyncio.gather(*(schedule.tools(Slot(index), relations) for index in order))

    assert asyncio.run(asked()) == [WHOLE[index] for index in order]


async def test_a_tool_that_keeps_failing_makes_way():
    schedule = Schedule(ALONE, NAMES)
    tried = [(await schedule.tools(Slot(7, attempt), relations))[0] for attempt in range(6)]
    assert len(set(tried)) == 2
    assert tried[0] == tried[1] == tried[2]


def test_a_tool_meets_several_scenarios():
    met = {(tools[0], scenario_of(TOGETHER, i)) for i, tools in enumerate(drawn(TOGETHER, 400))}
    assert len(met) > 200


def test_the_same_tool_comes_back_only_after_many_others():
    last: dict[str, int] = {}
    for index, (name,) in enumerate(drawn(ALONE, 1000)):
        assert index - last.get(name, -BLOCK) >= BLOCK // 2
        last[name] = index


async def test_companions_that_keep_failing_leave_the_target_alone():
    schedule = Schedule(TOGETHER, NAMES)
    index = next(i for i, tools in enumerate(WHOLE) if len(tools) == 4)
    tried = [await schedule.tools(Slot(index, attempt), relations) for attempt in range(4)]
    assert tried[0] == tried[1] == WHOLE[index]
    assert tried[2] == WHOLE[index][:1]
    assert len(tried[3]) == 1
    assert tried[3] != tried[2]


async def test_a_pool_of_one_tool_has_it_always():
    async def nothing(name: str) -> dict[str, Relation]:
        return {}

    assert set(await drawn_from(Schedule(TOGETHER, ["alone"]), 20, nothing)) == {("alone",)}
