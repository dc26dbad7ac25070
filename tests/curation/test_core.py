"""A pool and a reason for every definition."""

import asyncio
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.sampler.curation import Definition, curate
from tests.curation.build import Asked, always, any_tools, by_chance, never, sound, tool

WEATHER = tool("get_weather", "Get the weather of a city, with wind and temperature, for today.", "city")
FORECAST = tool(
    "weather_of_city", "Tell the weather of a city: wind, temperature, and rain for today.", "city"
)
CIRCLE = tool(
    "circle_area", "Calculate the area of a circle, given its radius in metres or in feet.", "radius"
)
MUTE = tool("mute", "", "x")


def curated(tools, same=never, target=1000, seed=0):
    return asyncio.run(curate(tools, target=target, faults=sound, decide=Asked(same), seed=seed))


def decision_on(curation, tool):
    return next(d for d in curation.decisions if d.id == Definition(tool).id)


def test_what_nobody_could_use_is_left_out_with_the_reason():
    found = curated([WEATHER, MUTE])

    assert found.tools == (WEATHER,)
    decision = decision_on(found, MUTE)
    assert decision.decision == "left_out"
    assert decision.by == "rule"
    assert "has no description" in decision.reason


def test_the_better_definition_stands_for_both():
    found = curated([FORECAST, WEATHER, CIRCLE], always)

    assert found.clusters == 2
    merged = next(d for d in found.decisions if d.decision == "merged_into")
    kept = next(d for d in found.decisions if d.id == merged.representative)
    assert kept.decision == "kept"
    assert merged.reason == "so it is"
    assert merged.similarity > 0.4
    assert "best of 2 definitions" in kept.reason


def test_what_is_held_apart_says_from_what_and_why():
    found = curated([FORECAST, WEATHER, CIRCLE])

    [apart] = [apart for d in found.decisions for apart in d.apart]
    assert apart.reason == "so it is"
    assert apart.by == "model"


def test_what_is_not_chosen_names_the_nearest_that_is():
    found = curated([WEATHER, FORECAST, CIRCLE], target=2)

    [dropped] = [d for d in found.decisions if d.decision == "not_chosen"]
    nearest = next(d for d in found.decisions if d.id == dropped.representative)
    assert nearest.decision == "kept"
    assert {dropped.name, nearest.name} == {"get_weather", "weather_of_city"}
    assert nearest.name in dropped.reason


def test_a_shared_name_is_resolved_and_the_decision_says_so():
    one = tool("search", "Find hotels in a city that have a free room on a given day of the year.", "city")
    other = tool(
        "search", "Look a gene up by its symbol and list all the proteins that it encodes.", "symbol"
    )

    found = curated([one, other])

    assert len({tool.name for tool in found.tools}) == 2
    [renamed] = [d for d in found.decisions if d.name_in_pool != d.name]
    assert renamed.name_in_pool in renamed.reason


def test_nothing_but_what_cannot_be_used_gives_an_empty_pool():
    found = curated([MUTE])
    assert found.tools == ()
    assert [d.decision for d in found.decisions] == ["left_out"]


@given(any_tools, st.integers(1, 12), st.integers(0, 3))
@settings(max_examples=60)
def test_every_definition_has_one_decision_and_the_figures_add_up(tools, target, salt):
    found = curated(tools, by_chance(salt), target)

    given_ids = {Definition(tool).id for tool in tools}
    assert [d.id for d in found.decisions] == [d.id for d in found.definitions]
    assert {d.id for d in found.decisions} == given_ids
    states = Counter(d.decision for d in found.decisions)
    assert states["kept"] == len(found.tools) == min(target, found.clusters)
    assert states["kept"] + states["not_chosen"] == found.clusters
    counts = found.counts
    merged = counts["merged_by"]
    parts = (counts["left_out"], merged["cheap"], merged["model"], counts["not_chosen"], counts["kept"])
    assert sum(parts) == len(given_ids)


@given(any_tools, st.integers(1, 12))
@settings(max_examples=60)
def test_what_is_kept_is_what_was_given_but_for_the_name(tools, target):
    found = curated(tools, by_chance(1), target)

    contents = [msgspec.structs.replace(tool, name="") for tool in tools]
    assert all(msgspec.structs.replace(tool, name="") in contents for tool in found.tools)
    names = [tool.name for tool in found.tools]
    assert names == sorted(set(names))


@given(any_tools, st.integers(1, 12))
@settings(max_examples=60)
def test_a_representative_is_kept_or_leads(tools, target):
    found = curated(tools, by_chance(2), target)

    state = {d.id: d.decision for d in found.decisions}
    for decision in found.decisions:
        match decision.decision:
            case "merged_into":
                assert state[decision.representative] in ("kept", "not_chosen")
            case "not_chosen":
                assert state[decision.representative] == "kept"
            case _:
                assert decision.representative == ""


@given(any_tools, st.integers(1, 12), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_the_order_of_the_input_does_not_matter(tools, target, rng):
    shuffled = list(tools)
    rng.shuffle(shuffled)

    one, other = (curated(order, by_chance(3), target, seed=1) for order in (tools, shuffled))

    assert msgspec.json.encode([one.tools, one.decisions]) == msgspec.json.encode(
        [other.tools, other.decisions]
    )


@pytest.mark.parametrize("target", [1, 2, 3])
def test_fewer_are_kept_only_where_there_are_fewer(target):
    assert len(curated([WEATHER, CIRCLE], target=target).tools) == min(target, 2)
