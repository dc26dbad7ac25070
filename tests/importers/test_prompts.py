"""Tools written into system prompts."""

import json

import pytest

from consumers.sampler.importers import SourceError, read_tools
from consumers.sampler.importers.prompts import tools_in

NAMED = """You are helpful.

**Available Tools**
You can use these:
1. Name: Weather
Description: Tells the weather.
Say where:
1. a city
Parameters: {'city': {'type': 'str', 'description': "The city's name."}, \
'days': {'type': 'list(int)', 'description': '[Optional] Which.'}}
2. Name: Now
Description: Tells the time.
Parameters: {}

**Steps**
1. Name: Not a tool
Parameters: {}
"""
SHORT = """**Available Tools**
1. Weather: Tells the weather: here.
Parameters: {"city": {"type": "str", "description": "Where."}}
"""


def test_both_hands_are_read():
    first, second = tools_in(NAMED)
    assert first["name"] == "Weather"
    assert first["description"] == "Tells the weather.\nSay where:\n1. a city"
    assert first["parameters"]["city"] == {"type": "str", "description": "The city's name."}
    assert second == {"name": "Now", "description": "Tells the time.", "parameters": {}}
    (short,) = tools_in(SHORT)
    assert short == {
        "name": "Weather",
        "description": "Tells the weather: here.",
        "parameters": {"city": {"type": "str", "description": "Where."}},
    }


@pytest.mark.parametrize(
    "prompt", ["", "You are helpful.", "**Available Tools**\nnone\n", "1. Name: a\nParameters: {}"]
)
def test_a_prompt_without_tools_has_none(prompt):
    assert list(tools_in(prompt)) == []


@pytest.mark.parametrize("parameters", ["{'a': open('x')}", "{'a':", "(" * 5000, "['x'] * 9", "{" * 100_000])
def test_parameters_that_are_no_literal_stay_text(parameters):
    (found,) = tools_in(f"**Available Tools**\n1. Name: a\nParameters: {parameters}\n")
    assert found["parameters"] == parameters


def rows(path, *rows):
    path.write_text(json.dumps(list(rows)))
    return str(path)


def test_rows_with_prompts_are_a_source(tmp_path):
    row = {"user": "What is SECRET?", "answer": [{"name": "Weather", "parameters": {"city": "SECRET"}}]}
    pool = read_tools(rows(tmp_path / "rows.json", {"system": NAMED, **row}, {"system": SHORT, **row}))
    weather, now = pool.tools
    assert weather.required == ("city",), "'[Optional] …' says that the other one is not"
    assert weather.properties["days"]["type"] == "array"
    assert weather.properties["days"]["items"] == {"type": "integer"}
    assert now.parameters == {"type": "object", "properties": {}}
    assert "SECRET" not in repr(pool)


def test_a_tool_of_a_prompt_that_cannot_be_read_is_left_out_by_name(tmp_path):
    prompt = SHORT + "2. Broken: Is.\nParameters: {'a': oops}\n"
    pool = read_tools(rows(tmp_path / "rows.json", {"system": prompt}))
    assert [tool.name for tool in pool.tools] == ["Weather"]
    assert pool.notes[-1] == (
        "  [0], system prompt, tool 2 'Broken': parameters: are text; decode the JSON in it first"
    )


def test_prompts_without_tools_are_no_source(tmp_path):
    with pytest.raises(SourceError, match="holds no tools"):
        read_tools(rows(tmp_path / "rows.json", {"system": "You are helpful.", "user": "Hi"}))
