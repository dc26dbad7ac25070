"""Rounds: N candidates drafted, the chosen one finished. A scripted endpoint plays the models."""

import json

import pytest

from agents.client import ReplyUnusable
from consumers.generator.core import Generator
from schemas.dialogue import (
    AssistantMessage,
    Link,
    RunSpec,
    Task,
    ToolMessage,
    Turn,
    TurnKind,
    UserMessage,
)
from schemas.events import CandidatesDrafted, Judged, RuleChecked, ToolsSampled
from tests.agents.endpoint import says, scripted
from tests.build import TALK, TRAINS, WEATHER, dialogue, event

REQUEST = Turn(kind=TurnKind.REQUEST, tasks=(Task("get_weather", ("city",)),))
FOLLOW_UP = Turn(kind=TurnKind.FOLLOW_UP, tasks=(Task("get_weather"),))


def utterances(n: int) -> list[str]:
    return [json.dumps({"message": f"Weather in Lisbon, please ({i})?"}) for i in range(n)]


def calling(name: str = "get_weather", **arguments: object) -> str:
    return json.dumps(
        {"action": "call", "calls": [{"name": name, "arguments": json.dumps(arguments)}], "message": ""}
    )


def results(*ids: str) -> str:
    return json.dumps({"results": [{"call_id": i, "result": '{"sky": "clear"}'} for i in ids]})


ANSWER = json.dumps({"action": "answer", "calls": [], "message": "It is clear."})


def sampled(*turns: Turn):
    return event("tools.sampled", ToolsSampled(dialogue(messages=(), turns=turns or (REQUEST,))), round=0)


def chosen(*turns: Turn, messages=TALK[:2]):
    return event("dialogue.judged.next", Judged(dialogue(messages=messages, turns=turns or (REQUEST,))))


async def generate(cause, *answers, max_steps=5):
    async with scripted(*answers) as (llm, script, ledger):
        [output] = await Generator(llm, max_steps).handle(cause)
        before = len(script.requests)
        # As after a kill between the work and its acknowledgement: done again, paid for once.
        assert [output] == await Generator(llm, max_steps).handle(cause)
        assert len(script.requests) == before
    return output, script, ledger


async def test_a_round_has_n_candidates_from_one_request_to_the_user_agent():
    output, script, ledger = await generate(sampled(), says(*utterances(4)), says(calling(city="Lisbon")))
    assert output.subject == "dialogue.candidates"
    assert output.round == 1
    texts = [candidate.messages[0].content for candidate in output.body.candidates]
    assert texts == [f"Weather in Lisbon, please ({i})?" for i in range(4)]
    for candidate in output.body.candidates:
        [call] = candidate.messages[1].calls
        assert (call.id, call.name, call.arguments) == ("call_1", "get_weather", {"city": "Lisbon"})
    assert [call.role for call in ledger.calls] == ["user", *["assistant"] * 4]
    assert script.requests[0]["n"] == 4


async def test_the_same_words_twice_are_one_candidate():
    words = utterances(2)
    output, _, ledger = await generate(
        sampled(), says(words[0], words[1], words[0], words[0]), says(calling(city="Lisbon"))
    )
    assert len(output.body.candidates) == 2
    assert [call.role for call in ledger.calls] == ["user", "assistant", "assistant"]


async def test_the_user_is_told_who_they_are_and_which_language_they_write():
    start = dialogue(messages=(), turns=(REQUEST,), persona="a nurse, terse", language="German")
    cause = event("tools.sampled", ToolsSampled(start), round=0)
    _, script, _ = await generate(cause, says(*utterances(4)), says(calling(city="Lisbon")))
    assert '"a nurse, terse; writes German"' in script.requests[0]["messages"][1]["content"]


async def test_without_a_judge_one_candidate_is_drafted():
    start = dialogue(messages=(), turns=(REQUEST,), spec=RunSpec(pool="p", judge=False))
    cause = event("tools.sampled", ToolsSampled(start), round=0)
    output, script, _ = await generate(cause, says(*utterances(1)), says(calling(city="Lisbon")))
    assert len(output.body.candidates) == 1
    assert "n" not in script.requests[0]


async def test_a_declined_round_is_drafted_anew():
    start = dialogue(messages=(), turns=(REQUEST,))
    first, _, _ = await generate(sampled(), says(*utterances(4)), says(calling(city="Lisbon")))
    cause = event("dialogue.judged.next", Judged(start, declined="all wrong", attempt=0))
    output, _, _ = await generate(cause, says(*utterances(4)), says(ANSWER))
    assert (output.round, output.body.attempt) == (1, 1)
    assert output.body.dialogue.messages == ()
    assert output.body.candidates != first.body.candidates


async def test_reasoning_is_kept_and_shown_to_nobody():
    start = dialogue(messages=(), turns=(REQUEST,), spec=RunSpec(pool="p", thinking=True))
    cause = event("tools.sampled", ToolsSampled(start), round=0)
    thoughtful = json.dumps({"thinking": "The user names Lisbon."} | json.loads(calling(city="Lisbon")))
    output, script, _ = await generate(cause, says(*utterances(4)), says(thoughtful))
    move = output.body.candidates[0].messages[1]
    assert move.thinking == "The user names Lisbon."
    properties = script.requests[1]["response_format"]["json_schema"]["schema"]["properties"]
    assert next(iter(properties)) == "thinking"

    told = dialogue(messages=output.body.candidates[0].messages, turns=(REQUEST,), spec=start.spec)
    done = json.dumps({"thinking": "It is known."} | json.loads(ANSWER))
    output, script, _ = await generate(
        event("dialogue.judged.next", Judged(told)), says(results("call_1")), says(done)
    )
    assert output.body.candidates[0].messages[-1].thinking == "It is known."
    assert not any("The user names Lisbon." in str(request) for request in script.requests)


async def test_a_planned_mishap_and_a_wanted_value_are_told_to_the_function_agent():
    linked = Turn(
        kind=TurnKind.REQUEST,
        tasks=(Task("get_weather", ("city",)), Task("find_trains", (), (Link("origin", "get_weather"),))),
        fails="get_weather",
        mishap="timeout",
    )
    start = dialogue(messages=TALK[:2], turns=(linked,), tools=(WEATHER, TRAINS))
    _, script, _ = await generate(
        event("dialogue.judged.next", Judged(start)), says(results("call_1")), says(ANSWER)
    )
    content = script.requests[0]["messages"][1]["content"]
    events = json.loads(content.split("<events>\n")[1].split("\n</events>")[0])
    assert events["fails"] == [{"call_id": "call_1", "how": "timeout"}]
    assert events["gives"] == [{"call_id": "call_1", "field": "origin", "schema": {"type": "string"}}]


async def test_an_unusable_reaction_costs_its_candidate_only():
    def spoilt_for_one(request):
        about_the_third = "(2)?" in request["messages"][1]["content"]
        return says("no" if about_the_third else ANSWER)(request)

    output, _, _ = await generate(sampled(), says(*utterances(4)), spoilt_for_one)
    texts = [candidate.messages[0].content for candidate in output.body.candidates]
    assert texts == [f"Weather in Lisbon, please ({i})?" for i in (0, 1, 3)]


async def test_no_usable_reaction_at_all_is_an_error():
    async with scripted(says(*utterances(4)), says("no")) as (llm, _, _):
        with pytest.raises(ReplyUnusable):
            await Generator(llm, 5).handle(sampled())


async def test_the_chosen_turn_is_finished_and_closes_the_dialogue():
    output, _, ledger = await generate(chosen(), says(results("call_1")), says(ANSWER))
    assert isinstance(output.body, CandidatesDrafted)
    assert output.body.closing
    [closing] = output.body.candidates
    assert closing.messages == (
        ToolMessage("call_1", "get_weather", '{"sky": "clear"}'),
        AssistantMessage("It is clear.", action="answer"),
    )
    assert [call.role for call in ledger.calls] == ["function", "assistant"]


async def test_a_result_may_lead_to_another_call_with_an_id_of_its_own():
    output, _, _ = await generate(
        chosen(), says(results("call_1")), says(calling("find_trains")), says(results("call_2")), says(ANSWER)
    )
    [closing] = output.body.candidates
    ids = [call.id for m in closing.messages if isinstance(m, AssistantMessage) for call in m.calls]
    assert ids == ["call_2"]
    assert closing.messages[-1].content == "It is clear."


async def test_an_assistant_that_calls_for_ever_is_stopped():
    output, _, _ = await generate(
        chosen(),
        *[says(results(f"call_{i}")) if j == 0 else says(calling()) for i in range(1, 4) for j in (0, 1)],
        max_steps=3,
    )
    [closing] = output.body.candidates
    assert sum(isinstance(m, ToolMessage) for m in closing.messages) == 3
    assert closing.messages[-1].calls


async def test_a_finished_turn_goes_into_the_next_round():
    output, _, _ = await generate(
        chosen(REQUEST, FOLLOW_UP),
        says(results("call_1")),
        says(ANSWER),
        says(*utterances(4)),
        says(ANSWER),
    )
    assert output.round == 2
    assert output.body.dialogue.messages[-1].content == "It is clear."
    assert not output.body.closing


async def test_a_question_needs_no_finishing():
    asked = (UserMessage("Weather?"), AssistantMessage("Where?", action="ask"))
    output, _, ledger = await generate(
        chosen(REQUEST, FOLLOW_UP, messages=asked), says(*utterances(4)), says(ANSWER)
    )
    assert "function" not in {call.role for call in ledger.calls}
    assert output.body.dialogue.messages == asked


async def test_results_for_the_wrong_calls_are_asked_for_again():
    output, script, _ = await generate(chosen(), says(results("x")), says(results("call_1")), says(ANSWER))
    assert "the calls are ['call_1']" in script.requests[1]["messages"][-1]["content"]
    assert output.body.closing


@pytest.mark.parametrize(
    ("move", "problem"),
    [
        pytest.param({"action": "call", "calls": [], "message": ""}, "calls is empty", id="no-call"),
        pytest.param({"action": "ask", "calls": [], "message": " "}, "must not be empty", id="no-text"),
        pytest.param(
            {"action": "answer", "calls": [{"name": "x", "arguments": "{}"}], "message": "a"},
            "calls must be empty",
            id="answer-and-call",
        ),
        pytest.param(
            {"action": "call", "calls": [{"name": "x", "arguments": "[1]"}], "message": ""},
            "JSON object",
            id="arguments-no-object",
        ),
        pytest.param(
            {"action": "call", "calls": [{"name": "x", "arguments": '{"a": NaN}'}], "message": ""},
            "NaN",
            id="arguments-not-strict",
        ),
    ],
)
async def test_a_move_must_be_one_thing(move, problem):
    _, script, _ = await generate(chosen(), says(results("call_1")), says(json.dumps(move)), says(ANSWER))
    assert problem in script.requests[2]["messages"][-1]["content"]


async def test_an_event_of_another_kind_is_refused():
    async with scripted(says("unused")) as (llm, _, _):
        with pytest.raises(TypeError, match="RuleChecked"):
            await Generator(llm, 5).handle(event("checked.rule", RuleChecked(dialogue(), True)))
