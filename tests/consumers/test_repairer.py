"""One try at mending a dialogue that failed a rule, and whose turn it is before and after."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.roles.assistant import ProposedCall
from agents.roles.repair import Edit, Written
from consumers.repairable import BEYOND_REPAIR, MOST_ERRORS, may_be_repaired
from consumers.repairer.core import Repairer
from consumers.repairer.edits import EditRefused, apply
from consumers.review_router.core import route
from consumers.rule_checker.core import BUILT_IN, check, passed
from schemas.dialogue import (
    AssistantMessage,
    Call,
    Dialogue,
    Repair,
    RunSpec,
    Task,
    ToolMessage,
    Turn,
    TurnKind,
    UserMessage,
)
from schemas.events import Envelope, ModelChecked, RuleChecked, RuleFinding
from streams.topology import JUDGED_DONE, REPAIRED, durables_of
from tests.agents.endpoint import says, scripted
from tests.build import TALK, dialogue, event

REPAIRING = RunSpec(pool="p", repair=True)
ASKED, CALLED, RETURNED, TOLD = TALK
NO_CITY = AssistantMessage(calls=(Call("call_1", "get_weather", {"days": 3}),), action="call")
REFUSED = ToolMessage("call_1", "get_weather", '{"error": "missing required parameter: city"}')
FAULTY = dialogue(
    spec=REPAIRING, messages=(ASKED, NO_CITY, REFUSED, AssistantMessage("I could not find that out."))
)
FAULT = RuleFinding("missing_argument", "call", "error", "get_weather: city is missing", "Take it.", 1)


def written(kind: str, text: str = "", *calls: tuple[str, dict[str, Any]], thinking: str = "") -> Written:
    return Written.model_validate(
        {
            "kind": kind,
            "thinking": thinking,
            "text": text,
            "calls": [{"name": name, "arguments": json.dumps(arguments)} for name, arguments in calls],
        }
    )


def raw_call(arguments: str) -> Written:
    return written("call", "", ("get_weather", {})).model_copy(
        update={"calls": [ProposedCall(name="get_weather", arguments=arguments)]}
    )


def edit(message: int, *becomes: Written) -> Edit:
    return Edit(message=message, becomes=list(becomes))


RIGHT_CALL = written("call", "", ("get_weather", {"city": "Lisbon", "days": 3}))
RIGHT_RESULT = written("result", '{"city": "Lisbon", "forecast": "sunny"}')
RIGHT_ANSWER = written("answer", "Lisbon will be sunny over the next 3 days.")
MENDS = [edit(1, RIGHT_CALL), edit(2, RIGHT_RESULT), edit(3, RIGHT_ANSWER)]


def replies(*edits: Edit, explanation: str = "The city was left out.") -> str:
    return json.dumps({"explanation": explanation, "edits": [each.model_dump() for each in edits]})


def failed(of: Dialogue = FAULTY, *findings: RuleFinding) -> Envelope:
    return event("checked.rule", RuleChecked(of, False, findings or (FAULT,)))


# Edits


def test_edits_put_right_what_depends_on_each_other():
    mended = apply(FAULTY, MENDS, {1})
    assert mended.messages[1] == CALLED
    assert mended.messages[2] == ToolMessage(
        "call_1", "get_weather", '{"city": "Lisbon", "forecast": "sunny"}'
    )
    assert passed(check(mended))


def test_a_message_without_an_edit_stays_as_it_is():
    mended = apply(FAULTY, [edit(3, RIGHT_ANSWER)], {1})
    assert mended.messages[:3] == FAULTY.messages[:3]


def test_a_call_is_added_where_the_assistant_only_talked():
    talked = dialogue(messages=(ASKED, AssistantMessage("All done.")))
    mended = apply(talked, [edit(1, RIGHT_CALL, RIGHT_RESULT, RIGHT_ANSWER)], {1})
    assert [type(message) for message in mended.messages] == [type(message) for message in TALK]
    assert mended.messages[2].call_id == mended.messages[1].calls[0].id == "call_1"


def test_a_question_takes_the_place_of_a_call_that_had_to_guess():
    asks = written("ask", "Which city do you mean?")
    mended = apply(FAULTY, [edit(1, asks), edit(2), edit(3)], {1})
    assert mended.messages == (ASKED, AssistantMessage("Which city do you mean?", action="ask"))


def test_a_further_call_gets_an_id_of_its_own_and_the_results_follow_in_order():
    both = written("call", "", ("get_weather", {"city": "Lisbon"}), ("get_weather", {"city": "Porto"}))
    mended = apply(dialogue(), [edit(1, both), edit(2, RIGHT_RESULT, written("result", "{}"))], {1})
    assert [call.id for call in mended.calls] == ["call_1", "call_2"]
    assert [(m.call_id, m.content) for m in mended.messages[2:4]] == [
        ("call_1", RIGHT_RESULT.text),
        ("call_2", "{}"),
    ]


def test_an_orphan_result_is_taken_out_or_finds_its_call():
    orphan = ToolMessage("call_9", "get_weather", "{}")
    assert apply(dialogue(messages=(*TALK[:3], orphan, TOLD)), [edit(3)], {3}).messages == TALK
    strayed = dialogue(messages=(ASKED, CALLED, orphan, TOLD))
    assert apply(strayed, [edit(2, RIGHT_RESULT)], {2}).messages[2].call_id == "call_1"


def test_an_id_used_twice_becomes_two():
    twice = dialogue(messages=(*TALK, ASKED, CALLED, RETURNED, TOLD))
    mended = apply(twice, [edit(7, RIGHT_ANSWER)], {5})
    assert [call.id for call in mended.calls] == ["call_1", "call_2"]
    assert mended.messages[6].call_id == "call_2"


def test_the_user_s_words_change_only_where_a_fault_is_in_them():
    other = written("user", "What will the weather be in Porto?")
    with pytest.raises(EditRefused, match="message 0 is the user's and has no fault"):
        apply(FAULTY, [edit(0, other)], {1})
    assert apply(FAULTY, [edit(0, other)], {0}).messages[0] == UserMessage(other.text)


def test_reasoning_is_asked_for_where_the_run_has_it_and_left_out_elsewhere():
    aloud = written("answer", "Sunny.", thinking="The result says so.")
    assert apply(dialogue(), [edit(3, aloud)], {3}).messages[3].thinking == ""
    thoughtful = dialogue(spec=RunSpec(pool="p", thinking=True))
    assert apply(thoughtful, [edit(3, aloud)], {3}).messages[3].thinking == "The result says so."
    with pytest.raises(EditRefused, match="thinking must hold the reasoning"):
        apply(thoughtful, [edit(3, RIGHT_ANSWER)], {3})


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        pytest.param([edit(4, RIGHT_ANSWER)], "there is no message 4; the last one is 3", id="unknown-index"),
        pytest.param([edit(3, RIGHT_ANSWER), edit(3)], "message 3 is edited twice", id="twice"),
        pytest.param([edit(1), edit(2), edit(3)], "would not end with the assistant's words", id="all-out"),
        pytest.param([edit(0)], "message 0 is the user's: it becomes one message", id="user-out"),
        pytest.param([edit(0, RIGHT_CALL)], "message 0 is the user's: it becomes one", id="call-for-user"),
        pytest.param([edit(3, RIGHT_ANSWER, written("user", "Thanks."))], "cannot become one", id="new-turn"),
        pytest.param([edit(2)], "the call of 'get_weather' has no result", id="result-out"),
        pytest.param([edit(1)], "a result belongs to no call", id="call-out"),
        pytest.param([edit(1, written("call", "", ("fly", {})))], "'fly' is called, which is not", id="tool"),
        pytest.param(
            [edit(1, written("call", "", ("find_trains", {})))],
            "the call is now of 'find_trains', but its result is still of 'get_weather'",
            id="other-tool",
        ),
        pytest.param([edit(1, raw_call('{"city": 1e999}'))], "a value is no JSON", id="infinite"),
        pytest.param([edit(1, raw_call('{"city": "\\ud800"}'))], "a value is no JSON", id="surrogate"),
        pytest.param([edit(3, RIGHT_ANSWER, RIGHT_ANSWER)], "a text would follow directly on a", id="order"),
        pytest.param([edit(3, written("answer", TOLD.content))], "the edits change nothing", id="nothing"),
    ],
)
def test_an_illegal_edit_is_refused_with_its_reason(edits, reason):
    with pytest.raises(EditRefused, match=reason):
        apply(dialogue(), edits, {0, 1, 2, 3})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"kind": "user", "text": "hi"}, "kind is user, so calls must be empty", id="user-calls"),
        pytest.param({"calls": []}, "kind is call, but calls is empty", id="no-calls"),
        pytest.param({"calls": [{"name": "f", "arguments": "[1]"}]}, "must be a JSON object", id="arguments"),
        pytest.param({"kind": "result", "text": "{", "calls": []}, "text must be JSON", id="result"),
        pytest.param({"kind": "answer", "text": " ", "calls": []}, "text must not be empty", id="no-text"),
    ],
)
def test_a_message_is_one_thing(changes, reason):
    sound = {"kind": "call", "thinking": "", "text": "", "calls": [{"name": "f", "arguments": "{}"}]}
    with pytest.raises(ValueError, match=reason):
        Written.model_validate(sound | changes)


CALLS = st.lists(
    st.tuples(st.sampled_from(["get_weather", "find_trains", "fly"]), st.just({"city": "Oslo"})),
    min_size=1,
    max_size=3,
)
MESSAGES = st.one_of(
    CALLS.map(lambda calls: written("call", "", *calls)),
    st.sampled_from(["result", "ask", "answer", "user"]).map(lambda kind: written(kind, '"said"')),
)
EDITS = st.one_of(
    st.lists(
        st.builds(lambda at, to: edit(at, *to), st.integers(0, 9), st.lists(MESSAGES, max_size=3)), max_size=4
    ),
    # Such as may well go together.
    st.lists(
        st.sampled_from(
            [
                *MENDS,
                edit(1, RIGHT_CALL, RIGHT_RESULT, RIGHT_ANSWER),
                edit(1, RIGHT_CALL, RIGHT_RESULT, RIGHT_CALL),
                *(edit(at, RIGHT_ANSWER) for at in (1, 5, 7)),
                *(edit(at) for at in (2, 3, 5)),
            ]
        ),
        max_size=4,
        unique_by=lambda each: each.message,
    ),
)
SHAPES = st.one_of(
    st.sampled_from([TALK, (*TALK, *TALK), FAULTY.messages, (ASKED, TOLD, *TALK)]),
    st.lists(st.sampled_from([*TALK, NO_CITY, ToolMessage("call_7", "fly", "{}")]), max_size=9),
)


@given(SHAPES, EDITS, st.sets(st.integers(0, 9)))
def test_edits_give_a_sound_form_or_are_refused(messages, edits, named):
    before = dialogue(messages=tuple(messages))
    try:
        after = apply(before, edits, named)
    except EditRefused:
        return
    assert msgspec.json.decode(msgspec.json.encode(after), type=Dialogue) == after
    ids = [call.id for call in after.calls]
    assert len(set(ids)) == len(ids)
    assert "" not in ids
    answered = [message.call_id for message in after.messages if isinstance(message, ToolMessage)]
    assert sorted(answered) == sorted(ids)
    form = {"role_order", "starts_with_user", "ends_with_text", "unanswered_call", "orphan_result"}
    assert not form & {finding.rule for finding in check(after)}
    said = [m for m in before.messages if isinstance(m, UserMessage)]
    assert len([m for m in after.messages if isinstance(m, UserMessage)]) == len(said)


# Whose turn it is


def test_a_first_failure_with_a_hint_may_be_repaired():
    assert may_be_repaired(RuleChecked(FAULTY, False, (FAULT,)))


def _checked(spec: RunSpec = REPAIRING, *findings: RuleFinding, **changes: Any) -> RuleChecked:
    return RuleChecked(dialogue(spec=spec, **changes), False, findings or (FAULT,))


@pytest.mark.parametrize(
    "checked",
    [
        pytest.param(RuleChecked(FAULTY, True), id="passed"),
        pytest.param(_checked(RunSpec(pool="p")), id="run-without-repair"),
        pytest.param(_checked(RunSpec(pool="p", repair=True, evaluation=False)), id="no-evaluation"),
        pytest.param(_checked(repairs=(Repair(("missing_argument",)),)), id="once-is-all"),
        pytest.param(_checked(REPAIRING, RuleFinding("own", "call", "error", "wrong")), id="no-hint"),
        pytest.param(
            _checked(REPAIRING, FAULT, RuleFinding("schema", "tool_definition", "error", "bad", "Mend.")),
            id="tool-definition",
        ),
        *(
            pytest.param(_checked(REPAIRING, RuleFinding(name, "structure", "error", "p", "h")), id=name)
            for name in sorted(BEYOND_REPAIR)
        ),
        pytest.param(_checked(REPAIRING, *[FAULT] * (MOST_ERRORS + 1)), id="too-many"),
        pytest.param(_checked(REPAIRING, RuleFinding("w", "call", "warning", "p", "h")), id="warning-alone"),
    ],
)
async def test_the_rest_is_left_to_others(checked):
    assert not may_be_repaired(checked)
    async with scripted(says("unused")) as (llm, script, _):
        assert await Repairer(llm, "by").handle(event("checked.rule", checked)) == []
    assert script.requests == []


@pytest.mark.parametrize(
    "spec", [REPAIRING, RunSpec(pool="p"), RunSpec(pool="p", repair=True, evaluation=False)]
)
@pytest.mark.parametrize("repairs", [(), (Repair(("missing_argument",)),)])
@pytest.mark.parametrize("rule", ["missing_argument", "overlaps_benchmark"])
async def test_repairer_or_router_has_a_failed_dialogue_never_both(spec, repairs, rule):
    checked = failed(dialogue(spec=spec, repairs=repairs), msgspec.structs.replace(FAULT, rule=rule))
    async with scripted(says(replies(explanation="No."))) as (llm, _, _):
        repaired = await Repairer(llm, "by").handle(checked)
    assert len(repaired) + len(route(checked)) == 1


def test_the_router_tells_a_person_of_a_repair_that_did_not_help():
    given_up = dialogue(spec=REPAIRING, repairs=(Repair(("a", "b"), failure="nobody named a city"),))
    [output] = route(failed(given_up))
    assert output.body.reasons[1] == "a repair of a, b was tried; it failed: nobody named a city"

    changed = dialogue(spec=REPAIRING, repairs=(Repair(("a",), (1,), explanation="I put the city in."),))
    [output] = route(event("checked.model", ModelChecked(changed, False, 0.3, 0.75, "made up")))
    assert output.body.reasons[-1] == "a repair of a was tried; it says: I put the city in."


def test_a_repaired_dialogue_is_filed_in_the_memory_once():
    subjects = {subject for durable in durables_of("memory") for subject in durable.subjects}
    assert (JUDGED_DONE in subjects, REPAIRED in subjects) == (True, False)


# The agent


async def test_a_mended_dialogue_goes_back_to_the_rules_marked():
    async with scripted(says(replies(*MENDS))) as (llm, script, _):
        [output] = await Repairer(llm, "repairer@1 m").handle(failed())
    assert output.subject == "dialogue.repaired"
    mended = output.body.dialogue
    assert mended.repairs == (
        Repair(("missing_argument",), (1, 2, 3), "repairer@1 m", explanation="The city was left out."),
    )
    [checked] = BUILT_IN.handle(event("dialogue.repaired", output.body))
    assert checked.body.passed
    prompt = script.requests[0]["messages"][1]["content"]
    assert '"number":1,"role":"assistant"' in prompt
    assert '"correction":"Take it."' in prompt


async def test_warnings_are_not_shown():
    warning = RuleFinding("loose", "grounding", "warning", "perhaps", "Look.", 1)
    async with scripted(says(replies(*MENDS))) as (llm, script, _):
        await Repairer(llm, "by").handle(failed(FAULTY, FAULT, warning))
    assert "loose" not in script.requests[0]["messages"][1]["content"]


async def test_a_refused_edit_is_asked_for_again_with_the_reason():
    async with scripted(says(replies(edit(2))), says(replies(*MENDS))) as (llm, script, _):
        [output] = await Repairer(llm, "by").handle(failed())
    assert "the call of 'get_weather' has no result" in script.requests[1]["messages"][-1]["content"]
    assert output.body.dialogue.repairs[0].failure == ""


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        pytest.param(
            replies(explanation="Nobody named a city."),
            "the repair agent gave up: Nobody named a city.",
            id="gives-up",
        ),
        pytest.param("I would rather not.", "no usable reply in 2 attempts", id="unusable"),
        pytest.param(replies(edit(2)), "has no result after it", id="refused"),
    ],
)
async def test_where_nothing_comes_of_it_the_dialogue_stays_and_says_why(reply, failure):
    async with scripted(says(reply), max_reply_attempts=2) as (llm, _, _):
        [output] = await Repairer(llm, "by").handle(failed())
    mended = output.body.dialogue
    assert mended.messages == FAULTY.messages
    assert failure in mended.repairs[0].failure
    assert mended.repairs[0].messages == ()

    [checked] = BUILT_IN.handle(event("dialogue.repaired", output.body))
    [needed] = route(event("checked.rule", checked.body))
    assert needed.subject == "review.needed"
    assert failure in needed.body.reasons[-1]


async def test_what_is_no_verdict_of_the_rules_is_refused():
    async with scripted(says("unused")) as (llm, _, _):
        with pytest.raises(TypeError, match="ModelChecked"):
            await Repairer(llm, "by").handle(event("x", ModelChecked(dialogue(), True, 0.9, 0.75)))


async def test_the_same_failure_heard_twice_is_repaired_alike_and_paid_once():
    async with scripted(says(replies(*MENDS))) as (llm, script, _):
        first = await Repairer(llm, "by").handle(failed())
        assert await Repairer(llm, "by").handle(failed()) == first
    assert len(script.requests) == 1


def test_a_withheld_value_is_asked_for():
    """The structure allows it where the turn was planned like that."""
    withheld = dialogue(
        turns=(Turn(kind=TurnKind.WITHHOLD, tasks=(Task("get_weather", ()),), withheld=("city",)),),
        messages=(UserMessage("What will the weather be?"), *TALK[1:]),
    )
    assert not passed(check(withheld))
    asks = written("ask", "Which city do you mean?")
    assert passed(check(apply(withheld, [edit(1, asks), edit(2), edit(3)], {1})))
