"""Results are consistent, right where the formula is known, and of the shape that was promised."""

import math
import random

import jsonschema_rs
import pytest

from agents.teacher.function import result
from schemas.tools import ToolSpec
from tests.teacher.play import card_of


def tool(name: str, description: str, *numbers: str, **changes) -> ToolSpec:
    properties = {number: {"type": "number"} for number in numbers}
    values = {
        "parameters": {"type": "object", "properties": properties, "required": list(numbers)},
    }
    return ToolSpec(name=name, description=description, **(values | changes))


def test_the_same_call_always_returns_the_same():
    card = card_of(tool("get_price", "Get the current price of a product.", "product_id"))

    first, again = (result(card, card.name, {"product_id": 7}, 0) for _ in range(2))

    assert first == again
    assert result(card, card.name, {"product_id": 8}, 0) != first


@pytest.mark.parametrize(
    ("name", "description", "arguments", "expected"),
    [
        ("math.factorial", "Calculate the factorial of a given number.", {"number": 5}, 120),
        ("circle_area", "Calculate the area of a circle.", {"radius": 3}, round(math.pi * 9, 4)),
        ("triangle_area", "Calculate the area of a triangle.", {"base": 10, "height": 5}, 25),
        ("gcd", "Calculate the greatest common divisor.", {"a": 12, "b": 18}, 6),
        ("mean", "Calculate the mean of a list of numbers.", {"numbers": [1, 2, 6]}, 3),
        ("add", "Adds two numbers.", {"a": 2, "b": 3}, 5),
        ("is_prime", "Check if a number is prime.", {"number": 91}, False),
    ],
)
def test_known_formulas_are_computed(name, description, arguments, expected):
    card = card_of(tool(name, description, *arguments))
    if "numbers" in arguments:
        schema = {"properties": {"numbers": {"type": "array", "items": {"type": "number"}}}}
        card = card_of(tool(name, description, parameters=schema))

    assert expected in result(card, name, arguments, 0).values()


def test_a_formula_is_left_alone_when_a_number_has_no_place_in_it():
    card = card_of(tool("circle_area", "Calculate the area of a circle.", "radius", "sector"))

    assert round(math.pi * 9, 4) not in result(card, card.name, {"radius": 3, "sector": 90}, 0).values()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "missing required"),
        ({"days": 30, "city": "Rome"}, "days must be"),
        ({"city": "Rome", "x": 1}, "unexpected"),
    ],
)
def test_a_call_that_does_not_fit_fails(arguments, reason):
    schema = {
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "maximum": 14}},
        "required": ["city"],
    }
    card = card_of(tool("get_weather", "Get the weather.", parameters=schema))

    assert reason in result(card, card.name, arguments, 0)["error"]


def test_an_unknown_tool_fails():
    assert "unknown tool" in result(None, "nonsense", {}, 0)["error"]


def test_results_keep_to_what_the_tool_says_it_returns(tools):
    stating = [t for t in tools if t.returns]
    rng = random.Random(1)
    for spec in stating:
        card = card_of(spec)
        from agents.teacher.lexicon import Scene

        arguments = Scene(rng).values(card, list(card.slot))
        found = result(card, card.name, arguments, 0)
        if isinstance(found, dict) and "error" in found:
            continue
        assert jsonschema_rs.is_valid(spec.returns, found), (spec.name, spec.returns, found)


def test_arguments_are_echoed_as_they_were_given():
    card = card_of(tool("get_price", "Get the current price of a product.", "product_id"))

    assert result(card, card.name, {"product_id": 7}, 0)["product_id"] == 7
