"""The offline repair agent mends what the rules find, from what the request says alone."""

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from agents.role import Role
from agents.roles import repair
from agents.teacher import repair as teacher
from consumers.repairable import may_be_repaired
from consumers.repairer.edits import EditRefused, apply
from consumers.rule_checker.core import check, passed
from schemas.dialogue import (
    AssistantMessage,
    Call,
    Dialogue,
    Message,
    RunSpec,
    Scenario,
    Task,
    ToolMessage,
    Turn,
    TurnKind,
    UserMessage,
)
from schemas.events import RuleChecked
from schemas.tools import ToolSpec
from tests.build import TRAINS, WEATHER
from tests.teacher.play import act, ask, play, request, results, say, views

ASKED = UserMessage("Could you get the weather forecast for Lisbon with the units set to metric, days 3?")
RIGHT = {"city": "Lisbon", "days": 3, "units": "metric"}
ANSWER = AssistantMessage("Here you are, all of it is done.")


@pytest.fixture(autouse=True)
def _attentive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its slips have a test of their own."""
    monkeypatch.setattr(teacher, "GIVES_UP", 0.0)
    monkeypatch.setattr(teacher, "LEAVES_FAULT", 0.0)


def of(*messages: Message, tools: Sequence[ToolSpec] = (WEATHER, TRAINS), **changes: Any) -> Dialogue:
    values: dict[str, Any] = {
        "id": "d1",
        "scenario": Scenario.SINGLE_SINGLE,
        "spec": RunSpec(pool="p", repair=True),
        "tools": tuple(tools),
        "targets": (tools[0].name,),
        "turns": (request(tools[0]),),
        "messages": messages,
    }
    return Dialogue(**(values | changes))


def calling(arguments: dict[str, Any], name: str = "get_weather") -> AssistantMessage:
    return AssistantMessage(calls=(Call("call_1", name, arguments),), action="call")


def told_on(*messages: Message, seed: int = 1) -> tuple[Message, ...]:
    """The messages with what the tool and the assistant say to them."""
    rng = random.Random(seed)
    whole = [*messages, *results((WEATHER, TRAINS), messages, rng)]
    return (*whole, act((WEATHER, TRAINS), whole, rng))


def asked_to_mend(dialogue: Dialogue, seed: int = 1, defect_rate: float = 0.0) -> repair.Mending:
    faults = [finding for finding in check(dialogue) if finding.severity == "error"]
    role: Role[repair.Mending] = repair.ROLE
    return ask(
        role,
        random.Random(seed),
        defect_rate,
        tools=views(dialogue.tools),
        conversation=repair.numbered_view(dialogue),
        faults=[repair.fault_view(fault) for fault in faults],
    )


def mended(dialogue: Dialogue, seed: int = 1) -> Dialogue:
    faults = [finding for finding in check(dialogue) if finding.severity == "error"]
    assert may_be_repaired(RuleChecked(dialogue, False, tuple(faults)))
    found = asked_to_mend(dialogue, seed)
    return apply(dialogue, found.edits, {fault.message for fault in faults if fault.message is not None})


GOOD = told_on(ASKED, calling(RIGHT))
FAULTY = {
    "missing-argument": told_on(ASKED, calling({"days": 3, "units": "metric"})),
    "mistyped-argument": told_on(ASKED, calling(RIGHT | {"days": "3"})),
    "unknown-tool": told_on(ASKED, calling(RIGHT, "get_weather_v2")),
    "not-an-option": told_on(ASKED, calling(RIGHT | {"units": "Metric"})),
    "value-nobody-said": told_on(ASKED, calling(RIGHT | {"city": "Reykjavik"})),
    "invented-number": (*GOOD[:-1], AssistantMessage(f"{GOOD[-1].content} That is 8471 in all.")),
    "only-talked": (ASKED, ANSWER),
    "needless-question": (ASKED, AssistantMessage("Which city do you mean?", action="ask")),
    "orphan-result": (*GOOD[:3], replace(GOOD[2], call_id="call_9"), GOOD[3]),
    "no-json": (ASKED, GOOD[1], replace(GOOD[2], content="sunny!"), GOOD[3]),
    "no-result": (ASKED, GOOD[1], GOOD[3]),
    "called-twice": (
        ASKED,
        replace(GOOD[1], calls=(*GOOD[1].calls, Call("call_2", "get_weather", RIGHT))),
        GOOD[2],
        replace(GOOD[2], call_id="call_2"),
        GOOD[3],
    ),
}


@pytest.mark.parametrize("messages", FAULTY.values(), ids=FAULTY.keys())
def test_it_mends(messages):
    assert passed(check(of(*GOOD)))
    faulty = of(*messages)
    assert not passed(check(faulty))

    sound = mended(faulty)

    assert passed(check(sound))
    assert [call.arguments for call in sound.calls] == [RIGHT]


def test_an_error_told_as_success_is_told_as_an_error():
    down = ToolMessage("call_1", "get_weather", '{"error": "service unavailable, try again later"}')
    faulty = of(ASKED, GOOD[1], down, AssistantMessage("Done! That went through."))
    sound = mended(faulty)
    assert passed(check(sound))
    assert sound.messages[:3] == faulty.messages[:3]
    assert "service unavailable" in sound.messages[3].content


def test_a_tool_that_was_down_is_still_down_for_the_corrected_call():
    down = ToolMessage("call_1", "get_weather", '{"error": "service unavailable, try again later"}')
    sound = mended(of(ASKED, calling({"days": 3}), down, AssistantMessage("It is down, I am sorry.")))
    assert json.loads(sound.messages[2].content) == json.loads(down.content)
    assert sound.calls[0].arguments == RIGHT


def test_a_guessed_value_is_asked_for_instead():
    withheld = Turn(
        kind=TurnKind.WITHHOLD, tasks=(Task("find_trains", ("origin",)),), withheld=("destination",)
    )
    guess = calling({"origin": "Porto", "destination": "Faro"}, "find_trains")
    messages = told_on(say(withheld, (TRAINS,), (), random.Random(1)), guess)
    sound = mended(of(*messages, turns=(withheld,), tools=(TRAINS, WEATHER), scenario=Scenario.MULTI_SINGLE))
    assert passed(check(sound))
    assert [type(message) for message in sound.messages] == [UserMessage, AssistantMessage]
    assert sound.messages[1].action == "ask"


def test_the_user_s_words_lose_the_tool_s_name_and_nothing_else():
    named = UserMessage(f"With get_weather, please. {ASKED.content}")
    sound = mended(of(named, *GOOD[1:]))
    assert sound.messages == (replace(named, content=f"With get weather, please. {ASKED.content}"), *GOOD[1:])


def test_as_little_as_possible_is_changed():
    found = asked_to_mend(of(*FAULTY["invented-number"]))
    assert [edit.message for edit in found.edits] == [3]
    found = asked_to_mend(of(*FAULTY["orphan-result"]))
    assert [(edit.message, edit.becomes) for edit in found.edits] == [(3, [])]


def test_other_words_for_the_same_results_touch_no_later_turn():
    question = UserMessage("What did the result say, could you repeat that result?")
    faulty = of(
        *FAULTY["invented-number"],
        question,
        act((WEATHER, TRAINS), (*GOOD, question), random.Random(3)),
        turns=(request(WEATHER), Turn(kind=TurnKind.FOLLOW_UP)),
        scenario=Scenario.MULTI_SINGLE,
    )
    assert [edit.message for edit in asked_to_mend(faulty).edits] == [3]


def test_reasoning_is_written_anew_with_the_move():
    thoughtful = [
        replace(message, thinking="They want the weather.")
        if isinstance(message, AssistantMessage)
        else message
        for message in FAULTY["missing-argument"]
    ]
    sound = mended(of(*thoughtful, spec=RunSpec(pool="p", repair=True, thinking=True)))
    assert "Lisbon" in sound.messages[1].thinking
    assert passed(check(sound))


def test_a_turn_that_rests_on_a_changed_result_is_told_anew():
    question = UserMessage("What did the result say, could you repeat that result?")
    turns = (request(WEATHER), Turn(kind=TurnKind.FOLLOW_UP))
    faulty = of(
        *FAULTY["value-nobody-said"],
        question,
        AssistantMessage("The city is Reykjavik."),
        turns=turns,
        scenario=Scenario.MULTI_SINGLE,
    )
    sound = mended(faulty)
    assert passed(check(sound))
    assert "Reykjavik" not in sound.messages[-1].content


def test_where_the_words_call_for_nothing_else_it_gives_up():
    """The plan wants a call, but the user names no task."""
    found = asked_to_mend(of(UserMessage("How are you today?"), AssistantMessage("Fine, thank you.")))
    assert found.edits == []
    assert found.explanation


def test_it_slips_now_and_then_as_models_do(monkeypatch):
    monkeypatch.undo()
    faulty = of(*FAULTY["missing-argument"])
    ends = {"given up": 0, "left": 0, "mended": 0}
    for seed in range(150):
        found = asked_to_mend(faulty, seed)
        if not found.edits:
            ends["given up"] += 1
        else:
            after = apply(faulty, found.edits, {1})
            ends["mended" if passed(check(after)) else "left"] += 1
    assert 1 <= ends["given up"] <= 20
    assert 1 <= ends["left"] <= 20
    assert ends["mended"] >= 120


def test_a_planted_defect_spoils_the_repair():
    faulty = of(*FAULTY["missing-argument"])
    spoiled = 0
    for seed in range(40):
        try:
            after = apply(faulty, asked_to_mend(faulty, seed, defect_rate=1.0).edits, {1})
        except (ValueError, EditRefused):
            spoiled += 1
        else:
            spoiled += not passed(check(after)) or after.calls != of(*GOOD).calls
    assert spoiled >= 20


def test_dialogues_of_many_tools_with_an_argument_gone_are_mended(tools):
    """Whatever the tools are: the call gets back what the user had said."""
    rng = random.Random(5)
    usable = [tool for tool in tools if tool.required]
    tried = right = 0
    for tool in rng.sample(usable, min(40, len(usable))):
        turn = request(tool, slots=tool.required)
        good = of(*play((turn,), (tool,), rng), tools=(tool,), turns=(turn,))
        call = next(iter(good.calls), None)
        if call is None or not passed(check(good)):
            continue
        less = replace(call, arguments={k: v for k, v in call.arguments.items() if k != tool.required[0]})
        broken = [good.messages[0], replace(good.messages[1], calls=(less,))]
        broken += results((tool,), broken, rng)
        faulty = replace(good, messages=(*broken, act((tool,), broken, rng)))
        if passed(check(faulty)):
            continue
        tried += 1
        sound = mended(faulty)
        right += passed(check(sound)) and sound.calls == good.calls
    assert tried >= min(20, len(usable) // 2)
    assert right >= 0.9 * tried
