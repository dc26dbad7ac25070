"""Both formats say what the dialogue said, in names that every endpoint takes."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dialogue import (
    AssistantMessage,
    Call,
    Dialogue,
    RunSpec,
    Scenario,
    ToolMessage,
    UserMessage,
)
from schemas.tools import ToolSpec
from trainer.formats import RESULTS_INSTRUCTION, function_names, sanitised, to_alpaca, to_openai

VALID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
HARD = {"text": 'He said "hé"\n\\', "list": [1, 2.5, None, True], "nested": {"ключ": {}}, "": "🙂"}


def dialogue(*messages, tools=("weather.get", "weather_get", "fx/convert")) -> Dialogue:
    return Dialogue(
        id="d1",
        scenario=Scenario.MULTI_MULTI,
        spec=RunSpec(pool="p"),
        tools=tuple(ToolSpec(name=name, description=f"Does {name}.") for name in tools),
        targets=(tools[0],),
        messages=messages,
        type_label="weather",
    )


def two_turns() -> Dialogue:
    calls = (Call("c1", "weather.get", HARD), Call("c2", "fx/convert", {"amount": 3}))
    return dialogue(
        UserMessage("Weather and money, please."),
        AssistantMessage(calls=calls, action="call"),
        ToolMessage("c1", "weather.get", '{"celsius": 11}'),
        ToolMessage("c2", "fx/convert", "no JSON"),
        AssistantMessage("11 degrees."),
        UserMessage("And tomorrow?"),
        AssistantMessage("Which city?", action="ask"),
    )


def test_openai_messages_carry_the_calls_and_their_results():
    example = to_openai(two_turns())

    roles = [message["role"] for message in example["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "tool", "assistant", "user", "assistant"]
    first, second = example["messages"][2]["tool_calls"]
    assert json.loads(first["function"]["arguments"]) == HARD
    assert (first["id"], first["type"]) == ("c1", "function")
    assert [example["messages"][index]["tool_call_id"] for index in (3, 4)] == ["c1", "c2"]
    assert second["function"]["name"] == "fx_convert"
    assert all(isinstance(message["content"], str) for message in example["messages"])
    assert "tool_calls" not in example["messages"][5]
    assert example["metadata"] == {
        "dialogue_id": "d1",
        "scenario": "multi-multi",
        "special_kind": "",
        "language": "English",
        "type_label": "weather",
        "repaired": False,
    }


def test_reasoning_goes_before_the_move_and_out_of_the_history():
    call = AssistantMessage(calls=(Call("c1", "fx/convert", {}),), action="call", thinking="They want euros.")
    said = dialogue(
        UserMessage("Convert it."),
        call,
        ToolMessage("c1", "fx/convert", "{}"),
        AssistantMessage("Done.", thinking="It worked."),
    )
    calling, telling = (m for m in to_openai(said)["messages"] if m["role"] == "assistant")
    assert (calling["reasoning_content"], bool(calling["tool_calls"])) == ("They want euros.", True)
    assert (telling["reasoning_content"], telling["content"]) == ("It worked.", "Done.")
    first, second = to_alpaca(said)
    assert first["output"].startswith("<think>\nThey want euros.\n</think>\n\n[{")
    assert second["output"] == "<think>\nIt worked.\n</think>\n\nDone."
    assert "<think>" not in str(second["history"])


def test_a_called_function_is_one_of_the_functions_offered():
    example = to_openai(two_turns())

    offered = [tool["function"]["name"] for tool in example["tools"]]
    assert offered == ["weather_get_2", "weather_get", "fx_convert"]
    called = {
        call["function"]["name"] for message in example["messages"] for call in message.get("tool_calls", ())
    }
    assert called == {"weather_get_2", "fx_convert"}


def test_an_example_survives_json():
    example = to_openai(two_turns())
    assert json.loads(json.dumps(example)) == example


def test_alpaca_has_a_row_for_each_assistant_message():
    calls, answer, question = to_alpaca(two_turns())

    assert calls["instruction"] == "Weather and money, please."
    assert calls["input"] == ""
    assert json.loads(calls["output"]) == [
        {"name": "weather_get_2", "arguments": HARD},
        {"name": "fx_convert", "arguments": {"amount": 3}},
    ]
    assert calls["history"] == []
    assert answer["instruction"] == RESULTS_INSTRUCTION
    assert json.loads(answer["input"]) == [
        {"name": "weather_get_2", "result": {"celsius": 11}},
        {"name": "fx_convert", "result": "no JSON"},
    ]
    assert answer["output"] == "11 degrees."
    assert answer["history"] == [[calls["instruction"], calls["output"]]]
    assert question["instruction"] == "And tomorrow?"
    assert question["history"][1] == [f"{RESULTS_INSTRUCTION}\n{answer['input']}", "11 degrees."]


def test_the_tool_pool_stands_in_the_alpaca_system_prompt():
    (row,) = to_alpaca(dialogue(UserMessage("Hi"), AssistantMessage("Hello.")))

    pool = [json.loads(line) for line in row["system"].splitlines() if line.startswith('{"name"')]
    assert [tool["name"] for tool in pool] == ["weather_get_2", "weather_get", "fx_convert"]
    assert pool[0]["description"] == "Does weather.get."


def test_a_call_of_a_tool_that_is_not_on_the_table_still_has_a_name():
    strange = dialogue(
        UserMessage("Hi"),
        AssistantMessage(calls=(Call("c", "gone.away", {}),), action="call"),
        ToolMessage("c", "also.gone", "{}"),
    )
    assert function_names(strange)["gone.away"] == "gone_away"
    assert to_openai(strange)["messages"][2]["tool_calls"][0]["function"]["name"] == "gone_away"
    assert len(to_alpaca(strange)) == 1


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.b", "a_b"], ["a_b_2", "a_b"]),
        (["a.b", "a b", "a_b_2"], ["a_b", "a_b_3", "a_b_2"]),
        (["", "x" * 70, "x" * 71], ["tool", "x" * 64, "x" * 62 + "_2"]),
        (["ok", "ok"], ["ok", "ok"]),
    ],
)
def test_names_are_narrowed_without_collisions(names, expected):
    assert [sanitised(names)[name] for name in names] == expected


@given(st.lists(st.text(alphabet="ab._- é/2", max_size=70)))
def test_sanitised_names_are_valid_distinct_and_kept_where_they_can_be(names):
    chosen = sanitised(names)

    assert chosen.keys() == set(names)
    assert len(set(chosen.values())) == len(chosen)
    assert all(VALID.fullmatch(name) for name in chosen.values())
    assert all(chosen[name] == name for name in names if VALID.fullmatch(name))
