"""Of too many tools: good ones that are far from each other."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.sampler.curation.definition import ranked
from consumers.sampler.curation.nearness import Space
from consumers.sampler.curation.selection import select
from tests.curation.build import any_tools, tool

TWINS = [
    tool("get_weather", "Get the current weather of a city, with wind and temperature.", "city"),
    tool(
        "get_weather_now", "Get the current weather of a city, with wind and temperature, right now.", "city"
    ),
]
CIRCLE = tool(
    "circle_area", "Calculate the area of a circle, given its radius in metres or in feet.", "radius"
)
FLIGHT = tool(
    "book_flight", "Book a flight between two airports, for one day and any number of people.", "to"
)


def selected(tools, target, seed=0, sizes=None):
    definitions = ranked(tools)
    by_name = dict(zip((t.name for t in tools), sizes or [1] * len(tools), strict=True))
    found = select(
        definitions,
        [by_name[d.tool.name] for d in definitions],
        Space.of([d.tool for d in definitions]),
        target,
        seed,
    )
    return [definitions[row].tool for row in found.chosen], found


def test_of_two_that_are_alike_one_is_chosen():
    chosen, _ = selected([*TWINS, CIRCLE, FLIGHT], 3)
    assert CIRCLE in chosen
    assert FLIGHT in chosen


def test_the_better_described_is_chosen():
    poor = tool("hilbert_curve", "Hilbert.", "n")
    poor.parameters["properties"]["n"] = {}
    chosen, _ = selected([CIRCLE, FLIGHT, poor], 2)
    assert poor not in chosen


def test_what_many_have_defined_is_chosen_before_the_odd():
    near_flight = tool(
        "book_train", "Book a train between two stations, for one day and any number of people.", "to"
    )
    tools = [FLIGHT, near_flight, CIRCLE, *TWINS]
    assert near_flight not in selected(tools, 3, sizes=[2, 1, 1, 1, 1])[0]
    assert near_flight in selected(tools, 3, sizes=[2, 60, 1, 1, 1])[0]


def test_the_seed_decides_between_equals():
    equals = [
        tool(f"tool_{name}", "Do something that nothing else can do, " * 3 + name, "x") for name in "abcdefgh"
    ]
    found = {tuple(sorted(t.name for t in selected(equals, 4, seed)[0])) for seed in range(8)}
    assert len(found) > 1
    assert selected(equals, 4, 3) == selected(equals, 4, 3)


@given(any_tools, st.integers(1, 16), st.integers(0, 3))
@settings(max_examples=60)
def test_as_many_as_wanted_are_chosen_and_the_rest_know_their_nearest(tools, target, seed):
    definitions = ranked(tools)
    space = Space.of([d.tool for d in definitions])

    found = select(definitions, [1] * len(definitions), space, target, seed)

    assert len(found.chosen) == len(set(found.chosen)) == min(target, len(definitions))
    assert set(found.nearest) == set(range(len(definitions))) - set(found.chosen)
    for row, (nearest, similarity) in found.nearest.items():
        assert nearest in found.chosen
        assert similarity == pytest.approx(max(space.similarity(row, list(found.chosen))))
