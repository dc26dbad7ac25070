"""Each kind of turn is what its name says, and leads to the right action."""

import random

import pytest

from consumers.sampler.plan import can_be_invalid
from schemas.dialogue import (
    EXPECTED_ACTION,
    AssistantMessage,
    Task,
    ToolMessage,
    Turn,
    TurnKind,
    UserMessage,
)
from schemas.tools import ToolSpec
from tests.build import TRAINS, WEATHER
from tests.teacher.play import act, card_of, play, request, say

RADIUS = ToolSpec(
    name="circle_area",
    description="Calculate the area of a circle given its radius.",
    parameters={
        "type": "object",
        "properties": {"radius": {"type": "number", "description": "Radius in meters.", "minimum": 0}},
        "required": ["radius"],
    },
)
TABLE = (TRAINS, RADIUS, WEATHER)


@pytest.fixture
def rng() -> random.Random:
    return random.Random(7)


def calls(messages):
    return [
        (call.name, call.arguments) for m in messages if isinstance(m, AssistantMessage) for call in m.calls
    ]


def test_a_request_names_every_planned_slot_and_no_other(rng):
    for slots in ((), ("days",), ("days", "units")):
        turn = request(WEATHER, slots=("city", *slots))

        move = act(TABLE, [say(turn, TABLE, [], rng)], rng)

        [call] = move.calls
        assert set(call.arguments) == {"city", *slots}


def test_several_tasks_become_several_calls_in_one_move(rng):
    turn = request(WEATHER, TRAINS, RADIUS)

    move = act(TABLE, [say(turn, TABLE, [], rng)], rng)

    assert [call.name for call in move.calls] == ["get_weather", "find_trains", "circle_area"]


def test_one_tool_can_be_wanted_twice_with_different_values(rng):
    turn = Turn(kind=TurnKind.REQUEST, tasks=(Task("get_weather", ("city",)), Task("get_weather", ("city",))))

    move = act(TABLE, [say(turn, TABLE, [], rng)], rng)

    first, second = move.calls
    assert first.name == second.name == "get_weather"
    assert first.arguments != second.arguments


def test_a_withheld_value_is_asked_for_and_then_used(rng):
    said = Task("find_trains", ("origin",))
    turns = (
        Turn(kind=TurnKind.WITHHOLD, tasks=(said,), withheld=("destination",)),
        Turn(kind=TurnKind.SUPPLY, tasks=(Task("find_trains", ("destination",)),)),
    )

    messages = play(turns, TABLE, rng)

    question = messages[1]
    assert question.action == "ask"
    assert "the destination" in question.content
    [(name, arguments)] = calls(messages)
    assert name == "find_trains"
    assert arguments["destination"] in messages[2].content
    assert arguments["origin"] in messages[0].content


def test_a_refinement_changes_one_value_alone(rng):
    turns = (
        request(WEATHER),
        Turn(kind=TurnKind.REFINE, tasks=(Task("get_weather", tuple(WEATHER.properties)),), slot="days"),
    )

    messages = play(turns, TABLE, rng)

    (_, before), (_, after) = calls(messages)
    assert before.keys() == after.keys()
    assert {name for name in after if after[name] != before[name]} == {"days"}


def test_a_follow_up_is_answered_from_the_result(rng):
    turns = (request(RADIUS), Turn(kind=TurnKind.FOLLOW_UP, tasks=(Task("circle_area"),)))

    messages = play(turns, TABLE, rng)

    assert len(calls(messages)) == 1
    assert messages[-1].action == "answer"
    [result] = [m for m in messages if isinstance(m, ToolMessage)]
    figure = result.content.split(":")[1].split(",")[0]
    assert figure in messages[-1].content


def test_without_a_fitting_tool_the_assistant_says_so(rng):
    turn = Turn(kind=TurnKind.NO_TOOL, tasks=(Task("get_weather", ("city",)),))

    messages = play((turn,), (TRAINS, RADIUS), rng, missing=(WEATHER,))

    assert messages[-1].action == "answer"
    assert "trains" in messages[-1].content, "it says what it can do instead"


def test_a_value_that_cannot_be_had_ends_the_matter(rng):
    turns = (
        Turn(kind=TurnKind.WITHHOLD, tasks=(Task("circle_area"),), withheld=("radius",)),
        Turn(kind=TurnKind.CANNOT_FILL, tasks=(Task("circle_area"),), withheld=("radius",)),
    )

    messages = play(turns, TABLE, rng)

    assert messages[-1].action == "answer"
    assert "radius" in messages[-1].content
    assert not calls(messages)


@pytest.mark.parametrize(
    ("slot", "told"), [("days", "between 1 and 14"), ("units", "one of metric or imperial")]
)
def test_a_forbidden_value_is_asked_for_again_with_what_is_possible(rng, slot, told):
    turn = Turn(kind=TurnKind.INVALID_VALUE, tasks=(Task("get_weather", ("city", slot)),), slot=slot)

    messages = play((turn,), TABLE, rng)

    assert messages[-1].action == "ask"
    assert told in messages[-1].content


def test_an_error_is_passed_on(rng):
    messages = [
        UserMessage("Could you work out the area of a circle with a radius of 3 meters?"),
        AssistantMessage(
            calls=act(TABLE, [UserMessage("Calculate the area of a circle. Radius: 3.")], rng).calls
        ),
        ToolMessage("call_1", "circle_area", '{"error": "the service is closed"}'),
    ]

    move = act(TABLE, messages, rng)

    assert move.action == "answer"
    assert "the service is closed" in move.content


def test_actions_are_right_for_tools_of_any_sort(tools):
    """Every kind, on tools drawn from all over, among six others."""
    rng = random.Random(3)
    wrong = []
    for number in range(160):
        tool, *others = rng.sample(tools, 7)
        kinds = [TurnKind.REQUEST, TurnKind.NO_TOOL]
        kinds += [TurnKind.WITHHOLD] if tool.required else []
        invalid = [name for name in tool.required if can_be_invalid(tool.properties[name])]
        kinds += [TurnKind.INVALID_VALUE] if invalid else []
        kind = kinds[number % len(kinds)]
        slots = tuple(tool.properties)
        turn = Turn(
            kind=kind,
            tasks=(Task(tool.name, slots[1:] if kind is TurnKind.WITHHOLD else slots),),
            withheld=tool.required if kind is TurnKind.WITHHOLD else (),
            slot=invalid[0] if kind is TurnKind.INVALID_VALUE else "",
        )
        table = others if kind is TurnKind.NO_TOOL else [tool, *others]
        message = say(turn, [tool], [], rng)
        move = act(table, [message], rng)
        if move.action != EXPECTED_ACTION[kind] or (move.calls and move.calls[0].name != tool.name):
            wrong.append((kind.value, tool.name, message.content, move))

    assert len(wrong) <= 3, wrong


def test_messages_hardly_ever_repeat_even_with_few_tools(tools):
    """40 tools, five dialogues each."""
    rng = random.Random(5)
    chosen = rng.sample(tools, 40)
    messages = [
        say(request(tool, slots=tool.required), [tool], [], rng).content for tool in chosen for _ in range(5)
    ]

    assert len(set(messages)) >= 0.99 * len(messages)


def test_a_reason_of_a_new_kind_is_given_when_old_ones_are_to_be_avoided(rng):
    avoid = [f"weather-forecast-{theme}" for theme in ("homework", "blog-post", "client-work")]
    for _ in range(20):
        text = say(request(WEATHER), TABLE, [], rng, memory={"summary": "", "avoid": avoid}).content.lower()

        assert not any(word in text for word in ("homework", "blog post", "client"))


def test_the_labels_people_use_are_told_from_symbols():
    card = card_of(
        ToolSpec(
            name="roots",
            description="Find the roots.",
            parameters={
                "properties": {
                    "a": {"type": "number"},
                    "b": {"type": "number", "description": "Coefficient of x."},
                    "n": {"type": "integer"},
                    "num_guests": {"type": "integer"},
                    "startDate": {"type": "string"},
                }
            },
        )
    )
    assert [slot.label for slot in card.slots] == [
        *("a", "coefficient of x", "n", "number of guests", "start date"),
    ]
