"""The offline teacher compares tools by what their words say they do."""

import random

import pytest

from agents.roles.curator import ROLE, Verdicts, summary
from agents.teacher.roles import BadPrompt, answer, recognise
from tests.curation.build import tool


def compared(*pairs):
    prompt = ROLE.prompt(
        pairs=[
            {"pair": number, "first": summary(first), "second": summary(second)}
            for number, (first, second) in enumerate(pairs, start=1)
        ]
    )
    request = recognise(prompt, "curator")
    assert request == recognise(prompt, ""), "without a schema's name the prompt says it"
    assert request is not None
    return Verdicts.model_validate_json(answer(request, random.Random(0), 1.0, 0).text).verdicts


CIRCLE = tool("calculate_circle_area", "Calculate the area of a circle given its radius.", "radius")
USER = tool("get_user", "Retrieve the profile of a user by id.", "user_id")

SAME = {
    "circle": (CIRCLE, tool("geometry.area_of_circle", "Computes the area of a circle.", "radius")),
    "user": (USER, tool("fetchUser", "Get the profile of a specific user.", "user_id")),
}
OTHER = {
    "another-deed": (USER, tool("delete_user", "Delete the profile of a user by id.", "user_id")),
    "another-shape": (
        CIRCLE,
        tool("calculate_square_area", "Calculate the area of a square given its side.", "side"),
    ),
    "forecast": (
        tool("get_current_weather", "Get the current weather of a city.", "city"),
        tool("get_weather_forecast", "Get the weather forecast of a city.", "city"),
    ),
    "a-noun-swapped": (
        tool("calculate_simple_interest", "Calculate the simple interest on a loan.", "loan"),
        tool("calculate_compound_interest", "Calculate the compound interest on a loan.", "loan"),
    ),
}


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME.keys())
def test_the_same_deed_on_the_same_thing_is_one_tool(pair):
    [verdict] = compared(pair)
    assert verdict.same
    assert verdict.reason


@pytest.mark.parametrize("pair", OTHER.values(), ids=OTHER.keys())
def test_another_deed_or_another_thing_is_another_tool(pair):
    [verdict] = compared(pair)
    assert not verdict.same


def test_every_pair_gets_its_verdict():
    found = compared(*SAME.values(), *OTHER.values())
    assert [verdict.pair for verdict in found] == [1, 2, 3, 4, 5, 6]
    assert [verdict.same for verdict in found] == [True] * 2 + [False] * 4


def test_the_order_of_a_pair_does_not_matter():
    for first, second in (*SAME.values(), *OTHER.values()):
        [one], [other] = compared((first, second)), compared((second, first))
        assert one.same == other.same


def test_a_pair_without_tools_is_a_bad_prompt():
    request = recognise(ROLE.prompt(pairs=[{"pair": 1}]), "curator")
    with pytest.raises(BadPrompt, match="a first and a second"):
        answer(request, random.Random(0), 0.0, 0)
