"""Similarity by letters."""

import numpy as np
import pytest
from hypothesis import given, settings

from consumers.sampler.curation import nearness
from consumers.sampler.curation.nearness import Space
from tests.curation.build import any_tools, tool

FORECAST = tool("get_weather_forecast", "Get the weather forecast of a city.", "city", "days")
FORECASTS = tool("weather.forecast", "Retrieves the weather forecasts of a given city.", "city")
CIRCLE = tool("circle_area", "Calculate the area of a circle.", "radius")


def test_the_same_tool_in_other_words_is_near_and_another_is_far():
    space = Space.of([FORECAST, FORECASTS, CIRCLE])

    near, far = space.similarity(0, [1, 2])

    assert near > 0.5
    assert far < 0.2


def test_a_tool_is_all_of_itself():
    assert Space.of([FORECAST, CIRCLE]).similarity(1, [1]) == [1.0]


def test_another_language_is_still_the_same_name_and_parameters():
    translated = tool("get_weather_forecast", "Dự báo thời tiết của một thành phố", "city", "days")
    assert Space.of([FORECAST, translated, CIRCLE]).similarity(0, [1])[0] >= 0.5


@pytest.mark.parametrize("odd", [tool("—", "…"), tool("x"), tool("get", "a"), tool("取得", "")])
def test_a_tool_that_says_next_to_nothing_has_its_place(odd):
    assert Space.of([odd, FORECAST]).similarity(0, [0, 1])[0] == 1.0


def test_of_no_tools_nothing_is_near():
    assert Space.of([]).nearest_before(0.1, 5) == []


@given(any_tools)
@settings(max_examples=30)
def test_the_nearest_are_those_that_comparing_each_with_each_finds(tools):
    space = Space.of(tools)

    for block in (2, 512):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(nearness, "BLOCK", block)
            found = space.nearest_before(0.3, 3)
        for row, near in enumerate(found):
            similar = space.similarity(row, list(range(row)))
            expected = sorted((-value, other) for other, value in enumerate(similar) if value >= 0.3)[:3]
            assert near == [(other, -value) for value, other in expected]


@given(any_tools)
@settings(max_examples=30)
def test_a_part_measures_like_the_whole(tools):
    space = Space.of(tools)
    rows = list(range(0, len(tools), 2))
    for place, row in enumerate(rows):
        assert np.array_equal(space.part(rows).to_all(place), space.to_all(row)[rows])
