"""False alarms: the call rules stay silent on the benchmarks' own gold calls.

The data is evaluation data: it is read here to measure the checker, and goes nowhere else.
"""

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from consumers.rule_checker.core import check
from schemas.dialogue import Call
from schemas.tools import ToolSpec
from tests.rule_checker.good_dialogues import calling, dialogue, user

ACEBENCH = Path(__file__).parents[3] / "shared" / "data" / "acebench" / "en"

NOISE = {
    "normal_atom_object_deep_14": "gold joins three enum options in one string",
    "normal_atom_object_deep_25": "gold has a year above the schema's maximum",
    "normal_atom_object_deep_28": "gold has a time range where the pattern wants one time",
    "normal_atom_object_deep_35": "gold leaves out a nested required chartType",
    "normal_multi_turn_user_adjust_34_2": "gold has a date range where the format wants one date",
    "normal_preference_38": "gold passes null for a required string",
    "normal_single_turn_parallel_function_22": "gold's formulas do not match the schema's pattern",
    "normal_single_turn_parallel_function_68": "gold leaves out a nested required timePeriod",
    "normal_single_turn_parallel_function_84": "gold passes one object where the schema wants a list",
    "normal_single_turn_single_function_50": "gold has a time that is no enum option",
    "normal_single_turn_single_function_85": "gold leaves out a nested required metal",
    "simple_python_17": "gold leaves out a required boolean",
    "simple_python_200": "gold lets a required fuel_efficiency be left out",
}
"""Cases whose gold call breaks the tool's own schema."""

_TYPES = {"dict": "object", "float": "number", "tuple": "array", "any": None}


def _schema(value: Any) -> Any:
    """BFCL's Python type names as JSON Schema's; no type where anything goes."""
    if isinstance(value, list):
        return [_schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    renamed = {}
    for key, child in value.items():
        if key == "type" and isinstance(child, str):
            child = _TYPES.get(child, child)
            if child is None:
                continue
        renamed[key] = _schema(child)
    return renamed


def _tool(raw: dict[str, Any]) -> ToolSpec:
    parameters = raw.get("parameters") or raw.get("arguments") or {"type": "object", "properties": {}}
    return ToolSpec(name=raw["name"], description=raw.get("description", ""), parameters=_schema(parameters))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _call_findings(tools: list[dict[str, Any]], calls: list[tuple[str, dict[str, Any]]]) -> list[str]:
    made = tuple(Call(f"call_{i}", name, arguments) for i, (name, arguments) in enumerate(calls))
    checked = dialogue(user("?"), calling(*made), tools=tuple(map(_tool, tools)))
    return [f"{f.rule}: {f.problem}" for f in check(checked) if f.aspect == "call" and f.severity == "error"]


def _acebench() -> Iterator[tuple[str, list[dict[str, Any]], list[tuple[str, dict[str, Any]]]]]:
    """(id, tools, gold calls). A tool called twice is numbered in the gold: `name_1`, `name_2`."""
    for path in sorted(ACEBENCH.glob("data_normal_*.json")):
        gold = {row["id"]: row["ground_truth"] for row in _rows(ACEBENCH / "possible_answer" / path.name)}
        for row in _rows(path):
            truth = gold[row["id"]]
            truth = truth[0] if isinstance(truth, list) else truth
            names = {tool["name"] for tool in row["function"]}
            calls = [
                (name if name in names else re.sub(r"_\d+$", "", name), arguments)
                for name, arguments in truth.items()
            ]
            yield row["id"], row["function"], calls


def _first(options: Any) -> Any:
    """The first of BFCL's accepted values, nested objects included. "" stands for leaving it out."""
    chosen = (
        next((option for option in options if option != ""), "") if isinstance(options, list) else options
    )
    return _value(chosen)


def _value(chosen: Any) -> Any:
    if isinstance(chosen, dict):
        return {key: _first(child) for key, child in chosen.items() if child != [""]}
    return [_value(item) for item in chosen] if isinstance(chosen, list) else chosen


def _bfcl(
    category: str, data: Path
) -> Iterator[tuple[str, list[dict[str, Any]], list[tuple[str, dict[str, Any]]]]]:
    name = f"BFCL_v4_{category}.json"
    gold = {row["id"]: row["ground_truth"] for row in _rows(data / "possible_answer" / name)}
    for row in _rows(data / name):
        calls = [
            (tool, {key: _first(options) for key, options in arguments.items() if "" not in options})
            for truth in gold[row["id"]]
            for tool, arguments in truth.items()
        ]
        yield row["id"], row["function"], calls


def _alarms(cases: Iterator[tuple[str, Any, Any]]) -> tuple[int, dict[str, list[str]]]:
    checked, alarms = 0, {}
    for id_, tools, calls in cases:
        checked += 1
        if id_ not in NOISE and (findings := _call_findings(tools, calls)):
            alarms[id_] = findings
    return checked, alarms


@pytest.mark.skipif(not ACEBENCH.is_dir(), reason="needs the ACEBench data beside the repository")
def test_acebench_gold_calls_raise_no_alarm() -> None:
    checked, alarms = _alarms(_acebench())
    assert checked > 700
    assert alarms == {}


@pytest.mark.parametrize("category", ["simple_python", "multiple"])
def test_bfcl_gold_calls_raise_no_alarm(category: str) -> None:
    # The package is found, not imported: importing it writes folders into its own installation.
    spec = importlib.util.find_spec("bfcl_eval")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("needs the package bfcl-eval")
    checked, alarms = _alarms(_bfcl(category, Path(spec.submodule_search_locations[0]) / "data"))
    assert checked >= 200
    assert alarms == {}
