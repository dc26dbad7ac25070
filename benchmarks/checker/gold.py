"""Gold calls that nobody here wrote, as dialogues: the rules are to stay silent on them.

Three benchmarks, each read into cases of (id, dialogue), the dialogue ending with the gold call:

- BFCL's single-turn categories from the installed package `bfcl-eval`, with the first accepted value of each
  argument. Java's and JavaScript's gold values are plain JSON already, but for what a tool declares as `any`:
  there the name of a variable stands as a string.
- ACEBench's `data_normal_*` files. The date and the user's profile, which its prompt states, are said first.
  The agent files are left out: their gold is the final state of a simulated world, and where the values of
  their milestones came from is not in the data. The special files have no gold calls.
- API-Bank, levels 1 to 3 in ToolRL's edition, the earlier dialogue with its calls and results included.

The data is evaluation data. It is read here to measure the checker; of a case nothing leaves this module but
its id.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from consumers.rule_checker.core import BUILT_IN
from consumers.sampler.importers.bfcl import data_folder
from consumers.sampler.importers.normalise import ToolError, clean
from consumers.sampler.importers.prompts import tools_in
from schemas.dialogue import (
    AssistantMessage,
    Call,
    Dialogue,
    Message,
    RunSpec,
    Scenario,
    ToolMessage,
    UserMessage,
)
from schemas.events import RuleFinding
from schemas.tools import ToolSpec

BFCL = (
    *("simple_python", "simple_java", "simple_javascript", "multiple", "parallel", "parallel_multiple"),
    *("live_simple", "live_multiple", "live_parallel", "live_parallel_multiple"),
)
"""Its single-turn categories with gold calls."""

_NOISE = {
    # The gold call breaks the tool's own schema.
    "gold names a variable or a constant where the schema wants its value": (
        "simple_java_26 simple_java_35 simple_java_38 simple_java_45 simple_java_58 simple_java_69 "
        "simple_java_72 simple_java_82 simple_java_87 simple_java_88 simple_javascript_5 "
        "simple_javascript_9 simple_javascript_11 simple_javascript_15 simple_javascript_19 "
        "simple_javascript_32 simple_javascript_37 simple_javascript_39"
    ),
    "gold writes code where the schema wants a list": "parallel_multiple_21",
    "gold passes texts where the schema wants integers": "parallel_multiple_94",
    "gold passes an argument that the tool does not have": (
        "parallel_multiple_26 live_multiple_862-181-3 live_multiple_964-207-0 live_multiple_189-83-0 "
        "api_bank_1_61 api_bank_1_130 api_bank_1_164 api_bank_1_167 api_bank_1_215 api_bank_1_261 "
        "api_bank_1_270 api_bank_1_357"
    ),
    "gold leaves out a required argument": (
        "simple_python_200 live_multiple_144-56-0 live_multiple_507-149-4 live_multiple_834-178-9 "
        "normal_atom_object_deep_35 normal_single_turn_parallel_function_68 "
        "normal_single_turn_single_function_85"
    ),
    "the tool has several forms, and its definition does not say which arguments go together": (
        "api_bank_1_35 api_bank_1_36 api_bank_1_45 api_bank_1_46 api_bank_1_190 api_bank_1_191 "
        "api_bank_1_326 api_bank_1_327"
    ),
    "gold has an option that the schema does not offer": (
        "live_multiple_87-38-4 live_multiple_750-169-5 live_multiple_756-169-11 "
        "live_multiple_835-178-10 live_multiple_871-182-8 live_multiple_947-197-0 "
        "live_parallel_multiple_2-2-0 normal_single_turn_single_function_50"
    ),
    "gold joins three options in one text": "normal_atom_object_deep_14",
    "gold passes true or a number where the options are texts": (
        "live_multiple_552-153-1 live_multiple_595-158-1 live_multiple_596-158-2 "
        "live_multiple_731-167-2 live_multiple_733-167-4 live_multiple_735-167-6"
    ),
    "gold passes null where the schema wants text": (
        "live_multiple_1038-265-0 live_multiple_1041-268-0 normal_preference_38"
    ),
    "gold has a year above the maximum, and a figure that nobody gave": "normal_atom_object_deep_25",
    "gold has a time range where the pattern wants one time": "normal_atom_object_deep_28",
    "gold has a date range where the format wants one date": "normal_multi_turn_user_adjust_34_2",
    "gold's formulas do not match the pattern": "normal_single_turn_parallel_function_22",
    "gold passes one object where the schema wants a list": "normal_single_turn_parallel_function_84",
    "gold's counts are garbled by the conversion": (
        "api_bank_1_258 api_bank_1_285 api_bank_1_323 api_bank_1_341 api_bank_1_393"
    ),
    "the tool of the gold call is not among the tools": (
        "api_bank_2_6 api_bank_2_13 api_bank_2_14 api_bank_2_19 api_bank_2_25 api_bank_2_54"
    ),
    # The gold call uses what nobody stated.
    "knowledge of cards and dice": (
        "simple_python_112 simple_python_116 simple_python_117 simple_python_338 multiple_51 "
        "multiple_123 multiple_124 parallel_multiple_155"
    ),
    "knowledge of history, sports or physics": ("simple_python_238 simple_python_304 simple_javascript_18"),
    "coordinates of a place that was only named": (
        "multiple_5 normal_atom_object_short_38 normal_atom_object_short_45 "
        "normal_single_turn_single_function_0 normal_single_turn_single_function_18"
    ),
    "an optional value that nobody gave": (
        "live_multiple_130-50-2 live_multiple_555-154-1 live_multiple_945-196-3 live_multiple_905-186-2"
    ),
    "a figure made up for 'good', 'young' or 'intense'": (
        "live_multiple_920-191-8 live_multiple_927-191-15 normal_atom_number_29 "
        "normal_single_turn_parallel_function_37 normal_single_turn_single_function_26"
    ),
    "a place made up for 'my current location'": "live_multiple_886-184-3",
    "another profession than the one asked for": "live_multiple_783-173-5",
    "figures and texts made up": (
        "normal_atom_number_32 normal_atom_number_44 normal_similar_api_12 "
        "normal_single_turn_parallel_function_48"
    ),
    "a stand-in for the key": "normal_atom_list_31",
    "a password or a time of day that the profile does not hold": ("normal_preference_0 normal_preference_7"),
    "'None' for no preferences": "normal_preference_40",
    "credentials, a patient or a user id made up before they were asked for": (
        "api_bank_1_20 api_bank_1_34 api_bank_1_51 api_bank_1_59 api_bank_1_93 api_bank_1_238 "
        "api_bank_1_310 api_bank_1_382 api_bank_2_64"
    ),
    "an end of the meeting made up": "api_bank_1_239 api_bank_1_240 api_bank_1_354",
    "another time than the one given": "api_bank_1_398",
    "a meeting room made up": "api_bank_3_25 api_bank_3_29 api_bank_3_33 api_bank_3_37 api_bank_3_41",
    "a journey made up for 'a given destination'": "api_bank_3_101",
    "an end of the stay made up": (
        "api_bank_3_102 api_bank_3_104 api_bank_3_106 api_bank_3_108 api_bank_3_110"
    ),
}
NOISE = {id_: reason for reason, ids in _NOISE.items() for id_ in ids.split()}
"""Cases whose gold is wrong, breaks its own schema or uses what nobody stated -> why.

What our rules get wrong is not listed: it counts.
"""

_NEEDS_AN_END = frozenset(("unanswered_call", "ends_with_text"))
"""Rules about what comes after a call: a lone gold call has nothing there."""

Calls = list[tuple[str, dict[str, Any]]]


class Case(Struct, frozen=True):
    id: str
    dialogue: Dialogue
    """Ends with the gold call."""


def alarms(case: Case) -> tuple[RuleFinding, ...]:
    """The errors found in the gold call and in the definitions of the tools it calls."""
    gold = len(case.dialogue.messages) - 1
    return tuple(
        finding
        for finding in BUILT_IN.check(case.dialogue)
        if finding.severity == "error"
        and finding.rule not in _NEEDS_AN_END
        and (finding.message == gold or finding.aspect == "tool_definition")
    )


def bfcl(category: str, data: Path | None = None) -> Iterator[Case]:
    """The cases of one category.

    Raises:
        BFCLError: the package is not installed.
    """
    folder = data or data_folder()
    name = f"BFCL_v4_{category}.json"
    gold = {row["id"]: row["ground_truth"] for row in _rows(folder / "possible_answer" / name)}
    for row in _rows(folder / name):
        calls = [
            (
                tool,
                {key: _first(options) for key, options in arguments.items() if options[:1] != [""]},
            )
            for truth in gold[row["id"]]
            for tool, arguments in truth.items()
        ]
        said = "\n".join(message["content"] for turn in row["question"] for message in turn)
        yield Case(row["id"], _dialogue(row["function"], (UserMessage(said),), calls))


def acebench(folder: Path) -> Iterator[Case]:
    """The cases of the normal files. A tool called twice is numbered in the gold: `name_1`, `name_2`."""
    for path in sorted(folder.glob("data_normal_*.json")):
        gold = {row["id"]: row["ground_truth"] for row in _rows(folder / "possible_answer" / path.name)}
        for row in _rows(path):
            truths = gold[row["id"]] if isinstance(gold[row["id"]], list) else [gold[row["id"]]]
            names = {tool["name"] for tool in row["function"]}
            calls = [
                (name if name in names else re.sub(r"_\d+$", "", name), arguments)
                for name, arguments in truths[0].items()
            ]
            context = f"{row.get('time', '')}\n{row.get('profile', '')}\n"
            said = UserMessage(f"{context}{row['question']}")
            yield Case(row["id"], _dialogue(row["function"], (said,), calls))


_PART = re.compile(r"<(user|response|tool_call|obs)>(.*?)</\1>", re.DOTALL)


def api_bank(folder: Path) -> Iterator[Case]:
    """The cases of the three levels, as `api_bank_<level>_<position in the file>`."""
    for level in (1, 2, 3):
        for index, row in enumerate(json.loads((folder / f"level-{level}.json").read_text("utf-8"))):
            answers = row["answer"] if isinstance(row["answer"], list) else [row["answer"]]
            calls = [(answer["name"], answer["parameters"]) for answer in answers]
            before = tuple(_spoken(row["user"]))
            case = _dialogue(list(tools_in(row["system"])), before, calls)
            yield Case(f"api_bank_{level}_{index}", _typed(case))


def _typed(dialogue: Dialogue) -> Dialogue:
    """The gold call with its values in their declared types: API-Bank's record writes all of them as text."""
    *before, last = dialogue.messages
    assert isinstance(last, AssistantMessage)
    calls = []
    for call in last.calls:
        tool = dialogue.tool(call.name)
        types = {n: s.get("type") for n, s in tool.properties.items()} if tool is not None else {}
        arguments = {
            name: _literal(value)
            if isinstance(value, str) and types.get(name, "string") != "string"
            else value
            for name, value in call.arguments.items()
        }
        calls.append(replace(call, arguments=arguments))
    return replace(dialogue, messages=(*before, replace(last, calls=tuple(calls))))


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _spoken(record: str) -> Iterator[Message]:
    """The earlier dialogue, with each result as JSON text."""
    for number, (role, text) in enumerate(_PART.findall(record)):
        match role:
            case "user":
                yield UserMessage(text.strip())
            case "response":
                yield AssistantMessage(text.strip())
            case "obs":
                yield ToolMessage(
                    call_id=f"earlier_{number}", name="earlier", content=json.dumps(text.strip())
                )


def _dialogue(tools: list[dict[str, Any]], before: tuple[Message, ...], calls: Calls) -> Dialogue:
    made = tuple(Call(f"call_{index}", name, arguments) for index, (name, arguments) in enumerate(calls))
    called = {name for name, _ in calls}
    return Dialogue(
        id="gold",
        scenario=Scenario.SINGLE_SINGLE,
        spec=RunSpec(pool=""),
        tools=tuple(_tools([tool for tool in tools if tool.get("name") in called])),
        targets=tuple(called),
        messages=(*before, AssistantMessage(calls=made, action="call")),
    )


def _tools(raw: list[dict[str, Any]]) -> Iterator[ToolSpec]:
    """The tools as the importers clean them; one that they refuse is missing, and its call an alarm."""
    seen: set[str] = set()
    for definition in raw:
        try:
            tool = clean(definition, "gold").tool
        except ToolError:
            continue
        if tool.name not in seen:
            seen.add(tool.name)
            yield tool


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as lines:
        yield from (msgspec.json.decode(line) for line in lines if line.strip())


def _first(options: Any) -> Any:
    """The first of BFCL's accepted values, nested objects included. "" stands for leaving it out."""
    if isinstance(options, list) and options:
        return _value(next((option for option in options if option != ""), ""))
    return _value(options)


def _value(chosen: Any) -> Any:
    if isinstance(chosen, dict):
        return {key: _first(child) for key, child in chosen.items() if child != [""]}
    return [_value(item) for item in chosen] if isinstance(chosen, list) else chosen
