"""Calls that build on each other's results, and calls that fail."""

import importlib.util
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from agents.role import conversation_view
from agents.roles import function, sample
from agents.roles.function import choose_slots
from agents.teacher import defects
from agents.teacher.assistant import Move, decide, study
from agents.teacher.gives import gives
from agents.teacher.links import _COMING, _EARLIER
from consumers.rule_checker.core import check
from consumers.sampler.neighbours import Neighbours
from schemas.dialogue import (
    AssistantMessage,
    Call,
    Dialogue,
    Link,
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
from tests.teacher.play import act, ask, card_of, opinion, play, say, verdict, views


def tool(name: str, description: str, *required: str, **properties: Any) -> ToolSpec:
    return ToolSpec(
        name=name,
        description=description,
        parameters={"type": "object", "properties": properties, "required": list(required)},
    )


NUMBER, TEXT = {"type": "number"}, {"type": "string"}
AREA = tool(
    "calculate_area", "Calculate the area of a rectangle.", "length", "width", length=NUMBER, width=NUMBER
)
PAINT = tool("paint_needed", "Calculate the amount of paint needed.", "area", area=NUMBER, coats=NUMBER)
COST = tool(
    "paint_cost",
    "Estimate the total cost of a paint job.",
    "amount_of_paint",
    amount_of_paint=NUMBER,
    brand=TEXT,
)
PLACE = tool("get_coordinates", "Get the coordinates of a city.", "city", city=TEXT)
AIR = tool(
    "get_air_quality",
    "Get the air quality at a location.",
    "lat",
    "lon",
    lat=NUMBER,
    lon=NUMBER,
)
HOTELS = tool("search_hotels", "Search for hotels in a city.", "city", city=TEXT)
BOOKING = tool(
    "book_room", "Book a hotel room.", "hotel_id", "nights", hotel_id=TEXT, nights={"type": "integer"}
)
TABLE = (AREA, PAINT, COST, PLACE, AIR, HOTELS, BOOKING, TRAINS, WEATHER)


def task(spec: ToolSpec, **links: ToolSpec) -> Task:
    """A task with all slots said, but for those that come out of other tools' results."""
    said = tuple(name for name in spec.properties if name not in links)
    return Task(spec.name, said, tuple(Link(slot, giver.name) for slot, giver in links.items()))


def at_once(*tasks: Task, **changes: Any) -> tuple[Turn, ...]:
    return (Turn(kind=TurnKind.REQUEST, tasks=tasks, **changes),)


def one_by_one(*tasks: Task) -> tuple[Turn, ...]:
    return tuple(Turn(kind=TurnKind.REQUEST, tasks=(task,)) for task in tasks)


ROOM = (task(AREA), task(PAINT, area=AREA))
TRIP = (task(PLACE), task(AIR, lat=PLACE, lon=PLACE))
STAY = (task(HOTELS), task(BOOKING, hotel_id=HOTELS))


def moves(messages: Sequence[Message]) -> list[list[tuple[str, dict[str, Any]]]]:
    """The calls of each calling message."""
    return [
        [(call.name, call.arguments) for call in m.calls]
        for m in messages
        if isinstance(m, AssistantMessage) and m.calls
    ]


def results(messages: Sequence[Message]) -> list[Any]:
    return [json.loads(m.content) for m in messages if isinstance(m, ToolMessage)]


@pytest.fixture(params=range(4))
def rng(request) -> random.Random:
    return random.Random(request.param)


# Linked calls


@pytest.mark.parametrize("turns", [at_once(*ROOM), one_by_one(*ROOM)], ids=["at-once", "one-by-one"])
def test_the_second_call_takes_its_value_from_the_first_result(rng, turns):
    messages = play(turns, TABLE, rng)

    [[(first, given)], [(second, taken)]] = moves(messages)
    area, paint = results(messages)
    assert (first, second) == ("calculate_area", "paint_needed")
    assert taken["area"] == area["area"] == given["length"] * given["width"]
    assert messages[-1].action == "answer"
    assert str(next(iter(paint.values()))) in messages[-1].content


def test_the_answer_tells_both_results(rng):
    messages = play(at_once(*ROOM), TABLE, rng)

    assert len([m for m in messages if isinstance(m, AssistantMessage) and m.content]) == 1
    for result in results(messages):
        assert str(next(iter(result.values()))) in messages[-1].content


def test_several_values_can_come_from_one_result(rng):
    messages = play(at_once(*TRIP), TABLE, rng)

    [[_], [(_, taken)]] = moves(messages)
    place, _ = results(messages)
    assert taken == {"lat": place["lat"], "lon": place["lon"]}


@pytest.mark.parametrize("turns", [at_once(*STAY), one_by_one(*STAY)], ids=["at-once", "one-by-one"])
def test_of_several_things_found_the_first_is_taken(rng, turns):
    messages = play(turns, TABLE, rng)

    [[_], [(name, taken)]] = moves(messages)
    assert name == "book_room"
    assert taken["hotel_id"] == results(messages)[0]["hotels"][0]["hotel_id"]
    assert "first" in messages[0].content + messages[-3].content + messages[-4].content


def test_a_chain_of_three_is_worked_off_in_three_moves(rng):
    turns = at_once(*ROOM, task(COST, amount_of_paint=PAINT))

    messages = play(turns, TABLE, rng)

    assert [[name for name, _ in calls] for calls in moves(messages)] == [
        ["calculate_area"],
        ["paint_needed"],
        ["paint_cost"],
    ]
    assert moves(messages)[2][0][1]["amount_of_paint"] == results(messages)[1]["amount_of_paint"]


def test_what_builds_on_nothing_goes_with_the_first_move(rng):
    messages = play(at_once(*ROOM, task(TRAINS)), TABLE, rng)

    assert [[name for name, _ in calls] for calls in moves(messages)] == [
        ["calculate_area", "find_trains"],
        ["paint_needed"],
    ]


def test_the_user_points_to_the_value_in_many_ways_and_never_names_it():
    rng = random.Random(3)
    ways = set()
    for _ in range(120):
        earlier = rng.random() < 0.5
        before = play(one_by_one(ROOM[0]), TABLE, rng) if earlier else []
        turn = (one_by_one(*ROOM)[1:] if earlier else at_once(*ROOM))[0]
        text = say(turn, (AREA, PAINT), before, rng).content
        figures = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)}
        if earlier:
            assert results(before)[0]["area"] not in figures
        [sentence] = [
            part
            for part in re.split(r"(?<=[.!?]) ", text)
            if re.search(r"(?:the|[Ww]hatever) area\b(?! of a)", part)
        ]
        ways.add(re.sub(r"[\d.]+|compute|calculate|work out|figure out", "", sentence))

    assert len(ways) >= 20
    assert len(_COMING) >= 10
    assert len(_EARLIER) >= 10


def test_without_a_result_to_take_it_from_the_value_is_asked_for():
    move = act(TABLE, [UserMessage("With the area you found, calculate the amount of paint needed.")], random)

    assert move.action == "ask"
    assert "the area" in move.content


# Failures

HOWS = ("unavailable", "rate_limited", "not_found", "denied", "timeout")


@pytest.mark.parametrize("how", HOWS)
def test_a_failed_call_is_told_and_not_repeated(how, rng):
    messages = play(at_once(task(TRAINS), fails="find_trains", mishap=how), TABLE, rng)

    [result] = results(messages)
    assert list(result) == ["error"]
    assert len(moves(messages)) == 1
    answer = messages[-1].content
    assert result["error"].rstrip(".") in answer
    assert len(answer) > len(result["error"]) + 40, "and what can be done"


def test_what_was_not_found_is_named(rng):
    messages = play(at_once(task(WEATHER), fails="get_weather", mishap="not_found"), TABLE, rng)

    [[(_, arguments)]] = moves(messages)
    assert arguments["city"] in results(messages)[0]["error"]


def test_complaints_vary_and_say_what_happened():
    words = {
        "unavailable": r"unavailable|not responding|overloaded|offline|down for",
        "rate_limited": r"Too Many|Rate limit|Too many|Quota|throttled",
        "timeout": r"timed out|Timeout|too long|Deadline",
        "denied": r"Forbidden|denied|[Nn]ot authorized|not permitted",
        "not_found": r"found|Nothing matches|does not exist|no entry",
    }
    for how in HOWS:
        errors = set()
        for number in range(40):
            reply = ask(
                function.ROLE,
                random.Random(0),
                tools=views([WEATHER]),
                conversation=[],
                calls=[
                    {"id": "call_1", "name": "get_weather", "arguments": {"city": "Lisbon", "days": number}}
                ],
                events={"fails": [{"call_id": "call_1", "how": how}], "gives": []},
            )
            [result] = reply.results
            errors.add(json.loads(result.result)["error"])
        assert len(errors) >= 4
        assert all(re.search(words[how], error) for error in errors), errors


@pytest.mark.parametrize("rest", [(), (task(TRAINS),)], ids=["alone", "beside-another"])
def test_after_a_failure_nothing_is_built_on_it(rng, rest):
    messages = play(at_once(*ROOM, *rest, fails="calculate_area"), TABLE, rng)

    called = [name for calls in moves(messages) for name, _ in calls]
    assert called == ["calculate_area", *(task.tool for task in rest)]
    answer = messages[-1].content
    assert results(messages)[0]["error"].rstrip(".") in answer
    assert "the area" in answer
    assert "paint" in answer


def test_the_second_call_may_fail_while_the_first_is_told(rng):
    messages = play(at_once(*ROOM, fails="paint_needed"), TABLE, rng)

    assert [[name for name, _ in calls] for calls in moves(messages)] == [
        ["calculate_area"],
        ["paint_needed"],
    ]
    area, failed = results(messages)
    assert str(area["area"]) in messages[-1].content
    assert failed["error"].rstrip(".") in messages[-1].content


# The sample agent

PAIRS = [
    (PAINT, AREA, ["area"]),
    (AIR, PLACE, ["lat", "lon"]),
    (BOOKING, HOTELS, ["hotel_id"]),
    (AREA, PAINT, []),
    (HOTELS, BOOKING, []),
    (WEATHER, TRAINS, []),
]


@pytest.mark.parametrize(("target", "other", "given"), PAIRS, ids=lambda x: getattr(x, "name", None))
def test_a_tool_gives_what_it_is_for(target, other, given):
    def summary(spec: ToolSpec) -> dict[str, Any]:
        return {"name": spec.name, "description": spec.description, "parameters": list(spec.properties)}

    [score] = ask(sample.ROLE, random.Random(0), target=summary(target), others=[summary(other)]).scores

    assert score.gives == given


# Over many tools


@dataclass(frozen=True)
class Pair:
    giver: ToolSpec
    taker: ToolSpec
    slots: tuple[str, ...]


@pytest.fixture(scope="module")
def pairs(tools) -> list[Pair]:
    """Tools and the givers that the sampler would find for them."""
    if importlib.util.find_spec("bfcl_eval") is None:
        pytest.skip("needs the tools of bfcl-eval")

    def summary(spec: ToolSpec) -> bytes:
        view = {"name": spec.name, "description": spec.description, "parameters": list(spec.properties)}
        return msgspec.json.encode(view)

    neighbours = Neighbours(tools)
    by_name = {spec.name: spec for spec in tools}
    found = []
    for taker in tools:
        for other in neighbours.kin(taker.name):
            if slots := gives(summary(taker), summary(by_name[other])):
                found.append(Pair(by_name[other], taker, tuple(slots)))
    return found


def test_many_tools_have_a_giver(pairs):
    assert len({pair.taker.name for pair in pairs}) >= 60


def planned(pair: Pair, rng: random.Random) -> tuple[Task, Task]:
    said = tuple(slot for slot in choose_slots(pair.taker, "dynamic", rng) if slot not in pair.slots)
    first = Task(pair.giver.name, choose_slots(pair.giver, "dynamic", rng))
    return first, Task(pair.taker.name, said, tuple(Link(slot, pair.giver.name) for slot in pair.slots))


def stands_in(value: Any, result: Any) -> bool:
    """Whether a value is in a result; an id may be a number there."""
    texts = re.split(r"[\[\]{}]|, |: ", json.dumps(result))
    return json.dumps(value) in json.dumps(result) or str(value) in texts


@pytest.fixture(scope="module")
def dialogues(pairs, tools) -> list[tuple[Pair, Dialogue]]:
    """Dialogues about linked tasks, half of them in one turn, among three other tools."""
    rng = random.Random(9)
    made = []
    for number in range(200):
        pair = rng.choice(pairs)
        others = [t for t in rng.sample(tools, 3) if t not in (pair.giver, pair.taker)]
        table = (pair.giver, pair.taker, *others)
        turns = one_by_one(*planned(pair, rng)) if number % 2 else at_once(*planned(pair, rng))
        dialogue = Dialogue(
            id=str(number),
            scenario=Scenario.MULTI_MULTI if number % 2 else Scenario.SINGLE_MULTI,
            spec=RunSpec(pool="p"),
            tools=table,
            targets=(pair.giver.name, pair.taker.name),
            turns=turns,
            messages=play(turns, table, rng),
            type_label="linked-tasks-at-work",
        )
        made.append((pair, dialogue))
    return made


def test_linked_calls_come_in_order_with_the_value_of_the_result(dialogues):
    right = 0
    for pair, dialogue in dialogues:
        calls = dialogue.calls
        found = results(dialogue.messages)
        right += [call.name for call in calls] == [pair.giver.name, pair.taker.name] and all(
            stands_in(calls[1].arguments.get(slot), found[0]) for slot in pair.slots
        )

    assert right >= 0.97 * len(dialogues)


def test_the_rules_pass_linked_dialogues(dialogues):
    failed = [
        (dialogue.id, finding.rule, finding.problem)
        for _, dialogue in dialogues
        for finding in check(dialogue)
        if finding.severity == "error"
    ]

    assert len({number for number, *_ in failed}) <= 0.05 * len(dialogues), failed


def test_the_checker_trusts_linked_dialogues(dialogues):
    confident = [opinion(dialogue.tools, dialogue.messages).confidence >= 0.75 for _, dialogue in dialogues]

    assert sum(confident) >= 0.96 * len(confident)


def test_the_judge_knows_which_calls_wait(dialogues):
    marks = []
    for _, d in dialogues:
        starts = [i for i, message in enumerate(d.messages) if isinstance(message, UserMessage)]
        for turn, at in zip(d.turns, starts, strict=True):
            candidate = d.messages[at : at + 2]
            found = verdict(turn, d.tools, d.messages[:at], [candidate], random.Random(0))
            marks.append(found.marks[0].appropriateness)

    assert sum(mark >= 4 for mark in marks) >= 0.97 * len(marks)


@pytest.fixture(scope="module")
def planted() -> dict[str, list[tuple[Message, ...]]]:
    """Defect -> conversations that end with it."""
    found: dict[str, list[tuple[Message, ...]]] = {}
    for number in range(160):
        rng = random.Random(number)
        fails = {"fails": rng.choice((AREA.name, PAINT.name))} if number % 2 else {}
        messages = play(at_once(*ROOM, **fails), TABLE, rng)
        for index, message in enumerate(messages):
            if isinstance(message, AssistantMessage):
                state = study(_shown(messages[:index]), tuple(map(card_of, TABLE)))
                spoiled = defects.spoil_move(state, decide(state, rng), rng)
                if spoiled is not None:
                    move, defect = spoiled
                    found.setdefault(defect.kind, []).append((*messages[:index], _message(move)))
    return found


@pytest.mark.parametrize(
    "defect", ["unlinked_value", "made_up_link", "stopped_halfway", "claimed_success", "repeated_call"]
)
def test_the_checker_finds_what_was_planted(planted, defect):
    """Linked calls with a wrong value, too early or left out; a failure denied, or run against once more."""
    found = [opinion(TABLE, messages).confidence < 0.5 for messages in planted[defect]]

    assert len(found) >= 10
    assert sum(found) >= 0.9 * len(found)


def _shown(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return conversation_view(tuple(messages))


def _message(move: Move) -> AssistantMessage:
    if move.action != "call":
        return AssistantMessage(content=move.message, action=move.action)
    calls = tuple(Call(f"call_{90 + i}", name, values) for i, (name, values) in enumerate(move.calls))
    return AssistantMessage(calls=calls, action="call")


def test_the_checker_finds_a_result_that_contradicts_an_earlier_one():
    rng = random.Random(1)
    messages = play(one_by_one(*STAY), TABLE, rng)
    details = tool("get_hotel", "Get the details of a hotel.", "hotel_id", hotel_id=TEXT)
    row = results(messages)[0]["hotels"][0]
    asked = [
        *messages[:4],
        UserMessage(f"Now get the details of a hotel with the hotel ID {row['hotel_id']}."),
        AssistantMessage(calls=(Call("call_9", "get_hotel", {"hotel_id": row["hotel_id"]}),), action="call"),
    ]

    def aspects(told: dict[str, Any]) -> set[str]:
        result = ToolMessage("call_9", "get_hotel", json.dumps(told))
        return set(opinion([*TABLE, details], [*asked, result]).faulty)

    assert aspects(row) == set()
    assert aspects({**row, "rating": row["rating"] + 1}) == {"tool_response"}
