"""Schemas that stall a validator end in a finding, within about a second.

They are checked in another process, so that a regression fails here and does not hang the suite.
"""

import json
import subprocess
import sys
import time
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from consumers.rule_checker.bounds import MAX_DEPTH, bounds
from consumers.rule_checker.core import check, tool_errors
from consumers.rule_checker.tool import Tool
from schemas.dialogue import AssistantMessage, Call, Dialogue, RunSpec, Scenario, ToolMessage, UserMessage
from schemas.tools import ToolSpec

SECONDS = 1.5
SELF = {"$ref": "#"}


def taking(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": schema}}


def nested(keyword: str, levels: int) -> dict[str, Any]:
    return reduce(lambda inner, _: {keyword: inner}, range(levels), {"type": "null"})


def doubling(keyword: str, levels: int = 30) -> dict[str, Any]:
    steps = {f"d{i}": {keyword: [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(levels)}
    return {**taking({"$ref": "#/$defs/d0"}), "$defs": {**steps, f"d{levels}": {"type": "null"}}}


def chain(levels: int) -> dict[str, Any]:
    return reduce(lambda inner, _: {"a": inner}, range(levels), {"a": "x"})


def unevaluated(levels: int) -> dict[str, Any]:
    start: dict[str, Any] = {"properties": {"a": {}}}
    return reduce(lambda inner, _: {"allOf": [inner], "unevaluatedProperties": False}, range(levels), start)


REFUSED: dict[str, dict[str, Any]] = {
    "ref to itself": {"type": "object", **SELF},
    **{f"itself in {word}": {"type": "object", word: [SELF, SELF]} for word in ("anyOf", "allOf", "oneOf")},
    **{f"itself in {word}": {"type": "object", word: SELF} for word in ("not", "if", "then")},
    "itself in dependentSchemas": {"type": "object", "dependentSchemas": {"a": SELF}},
    "itself by an anchor": {"type": "object", "$anchor": "n", "anyOf": [{"$ref": "#n"}]},
    "itself by a dynamic anchor": {"type": "object", "$dynamicAnchor": "n", "anyOf": [{"$dynamicRef": "#n"}]},
    "itself by its id": {"type": "object", "$id": "https://a.example/b", "anyOf": [{"$ref": "b"}]},
    "two that refer to each other": {
        **taking({"$ref": "#/$defs/x"}),
        "$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"$ref": "#/$defs/x"}},
    },
    **{f"thirty doublings of {word}": doubling(word) for word in ("anyOf", "allOf", "oneOf")},
    "unevaluatedProperties at every level": {"type": "object", **unevaluated(60)},
    "a hundred levels of anyOf": taking(reduce(lambda s, _: {"anyOf": [s]}, range(120), {"type": "null"})),
    "a thousand levels of items": taking(nested("items", 900)),
    "a million properties": {"type": "object", "properties": {f"p{i}": {} for i in range(200_000)}},
    "a hundred thousand alternatives": taking({"anyOf": [{"const": i} for i in range(100_000)]}),
    "a long pattern": taking({"pattern": "(a|b)" * 100_000}),
    "a pattern of a million repetitions": taking({"pattern": "(?:a{1000}){1000}"}),
    "a pattern of deep groups": taking({"pattern": "(" * 5000 + ")" * 5000}),
}
"""These can never be used."""

KEPT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "alternatives of itself below a property": (taking({"anyOf": [SELF, SELF]}), chain(40)),
    "one of itself or itself": (taking({"oneOf": [SELF, SELF, {"type": "null"}]}), chain(40)),
    "nested quantifiers": (taking({"pattern": "^(a+)+$"}), {"a": "a" * 40 + "!"}),
    "nested quantifiers that look ahead": (taking({"pattern": "(?=a)^(a+)+b$"}), {"a": "a" * 60 + "!"}),
    "a back reference": (taking({"pattern": r"^(a+)+\1b$"}), {"a": "a" * 60 + "!"}),
    "a slow pattern for each of many": (
        taking({"items": {"pattern": "(?=a)^(a+)+b$"}}),
        {"a": ["a" * 40 + "!"] * 500},
    ),
}
"""(schema, arguments): the schema can be used, and the arguments are what is hostile."""


def dialogue(tool: ToolSpec, arguments: dict[str, Any]) -> Dialogue:
    return Dialogue(
        id="d",
        scenario=Scenario.SINGLE_SINGLE,
        spec=RunSpec(pool=""),
        tools=(tool,),
        targets=(tool.name,),
        messages=(
            UserMessage("Please take x."),
            AssistantMessage(calls=(Call("1", tool.name, arguments),), action="call"),
            ToolMessage("1", tool.name, '{"taken": "x"}'),
            AssistantMessage("I took x."),
        ),
    )


def main() -> None:
    """Check every case and print what came of it, a line each."""
    cases = {name: (schema, {"a": "x"}) for name, schema in REFUSED.items()} | KEPT
    for name, (schema, arguments) in cases.items():
        tool = ToolSpec(name="take", description="Takes it.", parameters=schema)
        started = time.perf_counter()
        errors = tool_errors(tool)
        findings = check(dialogue(tool, arguments))
        seconds = time.perf_counter() - started
        outcome = [name, errors, [finding.rule for finding in findings], seconds]
        sys.stdout.write(json.dumps(outcome) + "\n")
        sys.stdout.flush()


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[list[str], list[str], float]]:
    """Case -> (errors of the tool, rules that found something, seconds). Missing: it never ended."""
    command = [sys.executable, "-m", "tests.rule_checker.test_hostile_schemas"]
    root = Path(__file__).parents[2]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, timeout=90, check=False)
        output = done.stdout
    except subprocess.TimeoutExpired as expired:
        output = expired.stdout or b""
    lines = [json.loads(line) for line in output.splitlines()]
    return {name: (errors, rules, seconds) for name, errors, rules, seconds in lines}


@pytest.mark.parametrize("name", REFUSED)
def test_a_schema_without_bounds_is_an_error_of_the_tool(outcomes, name):
    errors, rules, seconds = outcomes[name]

    assert errors
    assert {"schema_is_bounded", "schema_compiles"} & set(rules)
    assert "rule_error" not in rules
    assert seconds < SECONDS


@pytest.mark.parametrize("name", KEPT)
def test_hostile_arguments_are_a_finding_and_the_tool_stays(outcomes, name):
    errors, rules, seconds = outcomes[name]

    assert not errors
    assert {"nested_too_deep", "malformed_value", "unchecked_pattern"} & set(rules)
    assert seconds < SECONDS


def test_the_finding_says_what_is_wrong_and_how_to_mend_it():
    [finding] = [
        finding
        for finding in check(dialogue(ToolSpec(name="take", parameters=doubling("anyOf")), {"a": "x"}))
        if finding.rule == "schema_is_bounded"
    ]

    assert "looks at one and the same value more than 2,000 times" in finding.problem
    assert "Make the schema smaller" in finding.hint


TREE = {
    **taking({"anyOf": [{"type": "null"}, SELF]}),
    "required": ["a"],
}


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(TREE, id="a list of itself"),
        pytest.param(taking({"items": SELF}), id="a tree of itself"),
        pytest.param({"type": "object", "properties": {"l": SELF, "r": SELF}}, id="a binary tree"),
        pytest.param(taking(nested("items", 30)), id="deep lists"),
        pytest.param(taking({"anyOf": [{"const": i} for i in range(1000)]}), id="many alternatives"),
        pytest.param(taking({"$ref": "#/$defs/none"}), id="a dangling reference"),
    ],
)
def test_what_people_write_may_be_used_at_any_depth(schema):
    assert bounds(schema).fault == ""
    assert bounds(schema).depth == MAX_DEPTH


def test_a_recursive_schema_is_checked_as_deep_as_it_can_afford():
    union = taking({"oneOf": [SELF, SELF]})

    assert 5 <= bounds(union).depth < MAX_DEPTH
    shallow = check(dialogue(ToolSpec(name="take", parameters=union), chain(2)))
    assert "nested_too_deep" not in {finding.rule for finding in shallow}


def test_results_are_not_checked_against_what_has_no_bounds():
    tool = Tool(ToolSpec(name="take", returns={"anyOf": [SELF]}))

    assert "returns" in tool.excess
    assert tool.returns is None


if __name__ == "__main__":
    main()
