"""A planted defect counts where the reply that has it stands in the dialogue."""

import json

import msgspec
import pytest

from schemas.dialogue import AssistantMessage
from schemas.events import LLMCalled
from sinks.planted import Label, is_fault, labelled_calls, planted_in, read_labels, stands_in
from sinks.store import StoreError
from tests.build import TALK, dialogue
from tests.sinks.build import Run

CALL = {"name": "get_weather", "arguments": json.dumps({"days": 3, "city": "Lisbon"})}
RESULT = {"call_id": "call_1", "result": TALK[2].content}


@pytest.mark.parametrize(
    ("role", "reply"),
    [
        pytest.param("user", {"message": f" {TALK[0].content}\n"}, id="a-request"),
        pytest.param("assistant", {"action": "call", "calls": [CALL], "message": ""}, id="a-call"),
        pytest.param("assistant", {"calls": [], "message": TALK[3].content}, id="an-answer"),
        pytest.param("function", {"results": [{"call_id": "x", "result": "{}"}, RESULT]}, id="a-result"),
    ],
)
def test_a_reply_stands_in_the_dialogue_it_became_a_part_of(role, reply):
    assert stands_in(dialogue(), role, json.dumps(reply))


@pytest.mark.parametrize(
    ("role", "reply"),
    [
        pytest.param("user", {"message": "Something else?"}, id="voted-out"),
        pytest.param("assistant", {"message": TALK[0].content}, id="of-another-role"),
        pytest.param("assistant", {"calls": [CALL, CALL], "message": ""}, id="other-calls"),
        pytest.param("assistant", {"calls": [], "message": ""}, id="empty-beside-a-call"),
        pytest.param("judge", {"message": TALK[0].content}, id="of-a-role-that-writes-nothing"),
    ],
)
def test_any_other_reply_does_not(role, reply):
    assert not stands_in(dialogue(), role, json.dumps(reply))


def test_a_reply_cut_short_stands_nowhere():
    assert not stands_in(dialogue(), "assistant", '{"message": "Lisbon will')


def test_a_fault_that_was_repaired_no_longer_counts():
    label = Label("r1", 0, "assistant", "contradiction")
    labels = {("r1", 0): label}
    call = LLMCalled(
        "assistant", "m", "h", "1", "ok", (json.dumps({"message": TALK[3].content}),), response_id="r1"
    )
    repaired = dialogue(messages=(*TALK[:3], AssistantMessage("Sunny, 24 °C.")))
    assert planted_in({"d1": dialogue()}, [("d1", call)], labels) == {"d1": {"assistant: contradiction"}}
    assert planted_in({"d1": repaired}, [("d1", call)], labels) == {}


def test_what_the_user_strays_into_is_no_fault():
    assert not is_fault("user: unplanned_value")
    assert is_fault("function: contradiction")


def test_labels_are_read_as_the_teacher_writes_them(tmp_path):
    path = tmp_path / "defects.jsonl"
    assert read_labels(path) == {}

    label = Label("r1", 2, "function", "empty", "no result")
    path.write_bytes(msgspec.json.encode(label) + b'\n{"response_id": "r2", "cho')
    assert read_labels(path) == {("r1", 2): label}

    path.write_text("no label\n")
    with pytest.raises(StoreError, match=r"defects\.jsonl is no label file"):
        read_labels(path)


def test_only_calls_for_the_dialogues_asked_about_are_read(store):
    run = Run("labelled")
    for dialogue_id, response_id in (("d1", "r1"), ("d1", "r2"), ("d2", "r1")):
        body = LLMCalled("user", "m", f"{dialogue_id}{response_id}", "1", "ok", ("{}",), response_id)
        run.emit("llm.called", body, dialogue_id=dialogue_id)
    store.insert(run.encoded())

    labels = {("r1", 0): Label("r1", 0, "user", "x")}

    found = labelled_calls(store, "labelled", ["d1"], labels)
    assert [(dialogue_id, call.response_id) for dialogue_id, call in found] == [("d1", "r1")]
