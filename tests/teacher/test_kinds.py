"""Trying again, changing one's mind, wanting too much: what is said is understood from the words alone."""

import itertools
import json
import random
import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.role import Role, conversation_view
from agents.roles import assistant
from agents.roles.function import choose_slots
from agents.teacher import afresh, essentials, parts
from agents.teacher.phrases import register_of
from agents.teacher.roles import answer, recognise
from agents.teacher.words import turned
from consumers.rule_checker.core import check, passed
from schemas.dialogue import (
    EXPECTED_ACTION,
    AssistantMessage,
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
from schemas.tools import ToolSpec
from tests.build import TRAINS, WEATHER
from tests.teacher.play import act, card_of, opinion, play, request, results, say, verdict, views
from tests.teacher.test_turns import RADIUS, calls

TABLE = (TRAINS, RADIUS, WEATHER)
FORECAST = Task("get_weather", ("city", "days"))
REGISTERS = [register_of(f"a nurse, {manner}") for manner in ("terse", "formal", "chatty", "plain-spoken")]


@pytest.fixture
def rng() -> random.Random:
    return random.Random(7)


def failing(turn: Turn, tool: ToolSpec) -> Turn:
    return Turn(kind=turn.kind, tasks=turn.tasks, fails=tool.name, mishap="timeout")


# Trying again


def test_what_failed_is_tried_again_unchanged(rng):
    turns = (failing(request(WEATHER), WEATHER), Turn(kind=TurnKind.RETRY, tasks=(FORECAST,)))

    messages = play(turns, TABLE, rng)

    first, second = calls(messages)
    assert first == second
    assert messages[-1].action == "answer"
    assert "error" not in messages[-2].content


def test_only_what_failed_is_tried_again(rng):
    turns = (failing(request(WEATHER, RADIUS), RADIUS), Turn(kind=TurnKind.RETRY, tasks=(Task(RADIUS.name),)))

    messages = play(turns, TABLE, rng)

    assert [name for name, _ in calls(messages)] == ["get_weather", "circle_area", "circle_area"]


def test_a_second_look_at_a_result_is_no_second_try(rng):
    messages = play((request(WEATHER),), TABLE, rng)

    move = act(TABLE, [*messages, UserMessage("Would you give me the result once more?")], rng)

    assert move.action == "answer"


def test_asking_again_speaks_of_what_has_changed_since(rng):
    said = {afresh.try_again("plain", "", "Permission denied.", rng) for _ in range(80)}

    assert any("access" in text for text in said)
    assert all(afresh.asks_again(text) for text in said)


def test_nobody_is_delighted_by_a_failure(rng):
    messages = play((FAILED,), TABLE, rng)

    said = [say(request(TRAINS), TABLE, messages, rng, persona="a nurse, chatty").content for _ in range(40)]

    assert not any(re.match(r"Lovely|Perfect|Great|Brilliant|Wonderful|Oh nice|Super", text) for text in said)


# Changing one's mind


def test_only_what_is_wanted_now_is_done(rng):
    turns = (
        Turn(kind=TurnKind.WITHHOLD, tasks=(Task("find_trains", ("origin",)),), withheld=("destination",)),
        Turn(kind=TurnKind.CHANGE_MIND, tasks=(FORECAST,)),
    )

    messages = play(turns, TABLE, rng)

    [(name, arguments)] = calls(messages)
    assert name == "get_weather"
    assert set(arguments) == {"city", "days"}


def test_the_same_task_can_be_wanted_with_all_new_values(rng):
    turns = (
        Turn(kind=TurnKind.WITHHOLD, tasks=(Task("find_trains", ("origin",)),), withheld=("destination",)),
        Turn(kind=TurnKind.CHANGE_MIND, tasks=(Task("find_trains", ("origin", "destination")),)),
    )

    messages = play(turns, TABLE, rng)

    [(_, arguments)] = calls(messages)
    assert all(city in messages[2].content for city in arguments.values())


def test_a_change_of_mind_keeps_nothing_of_earlier_calls(rng):
    messages = play((request(WEATHER),), TABLE, rng)

    move = act(
        TABLE,
        [*messages, UserMessage("Actually, forget that. Please get the weather forecast for Oslo.")],
        rng,
    )

    assert [call.arguments for call in move.calls] == [{"city": "Oslo"}]


# All but the one thing that matters


def test_a_tool_that_lacks_the_essential_is_not_called(rng):
    messages = play((Turn(kind=TurnKind.ALMOST, tasks=(FORECAST,)),), TABLE, rng)

    demand = essentials.heard(messages[0].content).demand
    assert messages[-1].action == "answer"
    assert turned(demand) in messages[-1].content, "it names what it cannot do"
    assert "weather forecast" in messages[-1].content, "and what it can"


@pytest.mark.parametrize("register", REGISTERS)
@given(
    st.text(string.ascii_letters + " '", min_size=3).map(str.strip).filter(lambda text: len(text) > 2),
    st.integers(0, 999),
)
def test_whatever_is_insisted_on_is_heard_apart_from_the_rest(register, demand, seed):
    sentence = essentials.insist(demand, register, random.Random(seed))

    heard = essentials.heard(f"Could you get the weather for Oslo? {sentence} Thanks!")

    assert heard.demand == demand
    assert re.sub(r"\s+", " ", heard.rest) == "Could you get the weather for Oslo? Thanks!"


def test_people_insist_in_many_ways():
    leads = {
        essentials.insist("sing", register, random.Random(seed)).partition(" sing")[0].rpartition(", ")[2]
        for register, seed in itertools.product(REGISTERS, range(150))
    }
    assert len(leads) > 24


def test_nothing_is_demanded_that_the_tool_does(tools):
    """A tool that speaks of calls and certificates is not asked for them as if it could not."""
    for tool in tools:
        card = card_of(tool)
        for kind in essentials.fitting(card):
            assert not any(essentials.covers(card, text) for text in kind.texts), (tool.name, kind.texts)


def test_a_demand_that_the_tool_does_meet_is_no_obstacle(rng):
    tool = ToolSpec(
        name="print_label",
        description="Print the label of a parcel on paper in Braille.",
        parameters={"properties": {"parcel": {"type": "string"}}, "required": ["parcel"]},
    )

    move = act(
        (tool,),
        [UserMessage("Please print the label of P-17. It's no good to me unless you print it in Braille.")],
        rng,
    )

    assert [call.arguments for call in move.calls] == [{"parcel": "P-17"}]


# Two things, one of them beyond the tools


def test_what_can_be_done_is_done_and_the_rest_is_owned_up_to(rng):
    turn = Turn(kind=TurnKind.PARTIAL, tasks=(FORECAST,), beyond="circle_area")

    messages = play((turn,), (TRAINS, WEATHER), rng, missing=(RADIUS,))

    assert [name for name, _ in calls(messages)] == ["get_weather"]
    assert "the area of a circle" in messages[-1].content
    assert parts.owned_up(messages[-1].content, ("calculate the area of a circle",))


def test_what_a_tool_does_is_never_beyond(rng):
    for _ in range(30):
        text = say(request(WEATHER, TRAINS, RADIUS), TABLE, [], rng).content
        cards = tuple(card_of(tool) for tool in TABLE)

        assert parts.heard(text, cards) == (text, ())


def test_silence_about_a_part_is_not_owning_up():
    beyond = ("calculate the area of a circle",)

    assert not parts.owned_up("Oslo will be sunny. The rest is taken care of.", beyond)
    assert not parts.owned_up("I could not get the weather. The area of a circle is 12.", beyond)
    assert parts.owned_up("Oslo will be sunny. I cannot calculate the area of a circle.", beyond)


# Tools of any sort


@dataclass(frozen=True)
class Played:
    kind: TurnKind
    dialogue: Dialogue
    right: bool
    """Each first move has the right action, tools and arguments."""


def planned(
    kind: TurnKind, tools: Sequence[ToolSpec], rng: random.Random
) -> tuple[list[Turn], list[ToolSpec], list[ToolSpec]]:
    """Turns, table and missing tools of a dialogue of one kind, with tools drawn from all over."""
    usable = [tool for tool in rng.sample(tools, 30) if tool.required]
    tool, other, *others = usable[:6]

    def task(of: ToolSpec) -> Task:
        return Task(of.name, choose_slots(of, "dynamic", rng))

    wanted = task(tool)
    match kind:
        case TurnKind.RETRY:
            both = (wanted, task(other)) if rng.random() < 0.4 else (wanted,)
            first = failing(Turn(kind=TurnKind.REQUEST, tasks=both), tool)
            return [first, Turn(kind=kind, tasks=(wanted,))], [tool, other, *others], []
        case TurnKind.CHANGE_MIND:
            left_out = (rng.choice(tool.required),)
            said = Task(tool.name, tuple(slot for slot in wanted.slots if slot not in left_out))
            first = Turn(kind=TurnKind.WITHHOLD, tasks=(said,), withheld=left_out)
            second = Turn(kind=kind, tasks=(task(rng.choice((tool, other, other))),))
            return [first, second], [tool, other, *others], []
        case TurnKind.PARTIAL:
            return [Turn(kind=kind, tasks=(wanted,), beyond=other.name)], [tool, *others], [other]
    return [Turn(kind=kind, tasks=(wanted,))], [tool, *others], []


def is_right(turn: Turn, move: AssistantMessage, before: Sequence[Message]) -> bool:
    if move.action != EXPECTED_ACTION[turn.kind]:
        return False
    made = sorted((call.name, sorted(call.arguments)) for call in move.calls)
    if turn.kind is TurnKind.RETRY:
        names = {task.tool for task in turn.tasks}
        failed = [call for call in calls(before) if call[0] in names]
        return [(call.name, call.arguments) for call in move.calls] == failed
    return not move.calls or made == sorted((task.tool, sorted(task.slots)) for task in turn.tasks)


def played(kind: TurnKind, tools: Sequence[ToolSpec], count: int, rng: random.Random) -> Iterator[Played]:
    for number in range(count):
        turns, table, missing = planned(kind, tools, rng)
        messages: list[Message] = []
        right = True
        for turn in turns:
            before = tuple(messages)
            messages.append(say(turn, (*table, *missing), messages, rng))
            messages.append(act(table, messages, rng))
            right = right and is_right(turn, messages[-1], before)
            while messages[-1].calls:
                messages += results(table, messages, rng, turns, turn)
                messages.append(act(table, messages, rng))
        yield Played(
            kind,
            Dialogue(
                id=str(number),
                scenario=Scenario.MULTI_SINGLE if kind is TurnKind.RETRY else Scenario.SPECIAL,
                spec=RunSpec(pool="p"),
                tools=tuple(table),
                targets=(turns[0].tasks[0].tool,),
                missing_tools=tuple(missing),
                turns=tuple(turns),
                messages=tuple(messages),
            ),
            right,
        )


NEW_KINDS = (TurnKind.RETRY, TurnKind.CHANGE_MIND, TurnKind.ALMOST, TurnKind.PARTIAL)


@pytest.mark.parametrize("kind", NEW_KINDS)
def test_the_move_is_right_for_tools_of_any_sort(kind, tools):
    rng = random.Random(11)
    games = list(played(kind, tools, 70, rng))

    wrong = [game.dialogue.messages for game in games if not game.right]
    broken = [game.dialogue.messages for game in games if game.right and not passed(check(game.dialogue))]
    doubted = [
        game.dialogue.messages
        for game in games
        if game.right and opinion(game.dialogue.tools, game.dialogue.messages).confidence < 0.75
    ]

    assert len(wrong) <= 0.03 * len(games), wrong
    assert len(broken) <= 0.05 * len(games), broken
    assert len(doubted) <= 0.05 * len(games), doubted


@pytest.mark.parametrize("kind", NEW_KINDS)
def test_nobody_says_the_same_twice(kind, tools):
    games = list(played(kind, tools, 60, random.Random(3)))

    said = [game.dialogue.messages[0].content for game in games]
    last = [[m for m in game.dialogue.messages if isinstance(m, UserMessage)][-1].content for game in games]

    assert len(set(said)) == len(said)
    assert len(set(last)) >= 0.9 * len(last)


# Mistakes on purpose


def spoiled(table: Sequence[ToolSpec], messages: Sequence[Message], kind: str) -> AssistantMessage:
    """The assistant's next message with a planted defect of one kind; seeds are tried until it comes up."""
    role: Role[assistant.ThoughtfulMove] = assistant.THINKING_ROLE
    for seed in range(400):
        asked = recognise(
            role.prompt(tools=views(table), conversation=conversation_view(tuple(messages))),
            role.name,
            role.schema,
        )
        assert asked is not None
        reply = answer(asked, random.Random(seed), 1.0, 0)
        if reply.defect is not None and reply.defect.kind == kind:
            return act(table, messages, random.Random(seed), thinking=True, defect_rate=1.0)
    raise AssertionError(f"no defect of the kind {kind}")


ALMOST = Turn(kind=TurnKind.ALMOST, tasks=(FORECAST,))
TWO_THINGS = Turn(kind=TurnKind.PARTIAL, tasks=(FORECAST,), beyond="circle_area")
TRY_AGAIN = Turn(kind=TurnKind.RETRY, tasks=(FORECAST,))
DROP_IT = Turn(kind=TurnKind.CHANGE_MIND, tasks=(FORECAST,))
FAILED = failing(Turn(kind=TurnKind.REQUEST, tasks=(FORECAST,)), WEATHER)
ASKED = Turn(kind=TurnKind.WITHHOLD, tasks=(Task("find_trains", ("origin",)),), withheld=("destination",))


@pytest.mark.parametrize(
    ("turns", "defect"),
    [
        pytest.param((ALMOST,), "ignored_demand", id="almost-called"),
        pytest.param((ALMOST,), "claimed_demand", id="almost-promised"),
        pytest.param((TWO_THINGS,), "forced_call", id="partial-forced"),
        pytest.param((FAILED, TRY_AGAIN), "refused_retry", id="retry-refused"),
        pytest.param((ASKED, DROP_IT), "dropped_task", id="dropped-done"),
    ],
)
def test_a_wrong_first_move_is_marked_down_and_not_trusted(turns, defect, rng):
    table = (TRAINS, WEATHER)
    before = list(play(turns[:-1], table, rng))
    said = say(turns[-1], (*table, RADIUS), before, rng)

    wrong, right = spoiled(table, [*before, said], defect), act(table, [*before, said], rng)

    marks = {
        m.candidate: m.appropriateness
        for m in verdict(turns[-1], table, before, [(said, wrong), (said, right)], rng).marks
    }
    assert marks["A"] <= 2
    assert marks["B"] == 5
    assert opinion(table, [*before, said, wrong]).confidence < 0.5


@pytest.mark.parametrize("defect", ["ignored_part", "claimed_part"])
def test_passing_over_a_part_is_found_out(defect, rng):
    table = (TRAINS, WEATHER)
    *before, _ = play((TWO_THINGS,), table, rng, missing=(RADIUS,))

    wrong = spoiled(table, before, defect)

    assert not parts.owned_up(wrong.content, ("calculate the area of a circle",))
    assert opinion(table, [*before, wrong]).confidence < 0.5


def test_a_message_that_misses_the_plan_is_marked_down(rng):
    plain, almost = say(request(WEATHER), TABLE, [], rng), say(ALMOST, TABLE, [], rng)
    candidates = [(text, act(TABLE, [text], rng)) for text in (plain, almost)]

    found = verdict(ALMOST, TABLE, [], candidates, rng)

    assert found.ranking[0] == ["B"]
    assert {m.candidate: m.significance for m in found.marks}["A"] == 2


# Thinking


def test_thoughts_come_only_where_they_are_asked_for(rng):
    said = [say(request(WEATHER), TABLE, [], rng)]

    assert act(TABLE, said, rng).thinking == ""
    assert act(TABLE, said, rng, thinking=True).thinking


def test_thoughts_come_without_a_schema_where_the_prompt_asks_for_them(rng):
    prompt = {"tools": views(TABLE), "conversation": [{"role": "user", "content": "Hello!"}]}

    plain = recognise(assistant.ROLE.prompt(**prompt), "")
    thinking = recognise(assistant.THINKING_ROLE.prompt(**prompt), "")

    assert plain is not None
    assert thinking is not None
    assert '"thinking"' not in answer(plain, rng, 0.0, 0).text
    assert answer(thinking, rng, 0.0, 0).text.startswith('{"thinking":"')


def thoughts(
    messages: Sequence[Message], table: Sequence[ToolSpec], rng: random.Random
) -> list[tuple[int, AssistantMessage]]:
    """(index, the move made there once more, with its thoughts) for every message of the assistant's."""
    return [
        (index, act(table, messages[:index], rng, thinking=True))
        for index, message in enumerate(messages)
        if isinstance(message, AssistantMessage)
    ]


@pytest.mark.parametrize("kind", NEW_KINDS)
def test_thoughts_are_about_the_case(kind, tools):
    """Two to six sentences that name the tools called and quote what was really said."""
    rng = random.Random(5)
    for game in played(kind, tools, 25, rng):
        messages = game.dialogue.messages
        for index, move in thoughts(messages, game.dialogue.tools, rng):
            said = "\n".join(m.content for m in messages[:index])
            plain = re.sub(r"“[^”]*”", "", move.thinking)
            assert 2 <= len(re.findall(r"[.?!](?=\s|$)", plain)) <= 6, move.thinking
            assert all(call.name in move.thinking for call in move.calls[:2])
            for quote in re.findall(r"from “([^”…]*)”", move.thinking):
                assert quote in said, move.thinking


def test_thoughts_say_that_a_retry_changes_nothing(rng):
    messages = play((FAILED, TRY_AGAIN), TABLE, rng)
    error = next(json.loads(m.content)["error"] for m in messages if isinstance(m, ToolMessage))

    [(_, again)] = [pair for pair in thoughts(messages, TABLE, rng) if pair[0] == 5]

    assert error.rstrip(".") in again.thinking or "returned an error" in again.thinking
    assert re.search(r"again|same arguments|stay as they were", again.thinking)


def test_thoughts_argue_for_a_planted_mistake(rng):
    messages = [say(request(WEATHER, slots=("city",)), TABLE, [], rng)]

    made_up = spoiled(TABLE, messages, "unmentioned_value")
    unknown = spoiled(TABLE, messages, "unknown_tool")

    assert re.search(r"fair assumption|safely|should be right", made_up.thinking)
    assert unknown.calls[0].name in unknown.thinking
