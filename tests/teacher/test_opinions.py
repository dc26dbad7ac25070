"""The judge, the checker, the memory and the sample agent go by what they see."""

import random

import pytest

from agents.role import conversation_view
from agents.roles import memory, sample
from schemas.dialogue import AssistantMessage, Call, Task, ToolMessage, Turn, TurnKind, UserMessage
from schemas.tools import ToolSpec
from tests.build import TRAINS, WEATHER
from tests.teacher.play import act, ask, opinion, play, request, say, verdict

TABLE = (WEATHER, TRAINS)
ASKED = UserMessage(
    "Could you get the weather forecast for Lisbon with the units set to metric? It's for a blog post."
)
RIGHT = AssistantMessage(
    calls=(Call("call_1", "get_weather", {"city": "Lisbon", "units": "metric"}),), action="call"
)
TURN = Turn(kind=TurnKind.REQUEST, tasks=(Task("get_weather", ("city", "units")),))

WRONG = {
    "unknown-tool": AssistantMessage(
        calls=(Call("call_1", "weather_v2", {"city": "Lisbon"}),), action="call"
    ),
    "missing-argument": AssistantMessage(
        calls=(Call("call_1", "get_weather", {"units": "metric"}),), action="call"
    ),
    "made-up-value": AssistantMessage(
        calls=(Call("call_1", "get_weather", {"city": "Lisbon", "units": "metric", "days": 9}),),
        action="call",
    ),
    "other-value": AssistantMessage(
        calls=(Call("call_1", "get_weather", {"city": "Rome", "units": "metric"}),), action="call"
    ),
    "no-call": AssistantMessage("That is all in order.", action="answer"),
    "needless-question": AssistantMessage("Which city do you mean?", action="ask"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_the_judge_prefers_the_right_move(wrong):
    found = verdict(TURN, TABLE, [], [(ASKED, wrong), (ASKED, RIGHT)], random.Random(1))

    assert found.ranking[0] == "B"
    marks = {mark.candidate: mark.appropriateness for mark in found.marks}
    assert marks["B"] == 5
    assert marks["A"] <= 3


def test_the_judge_hardly_ever_goes_by_position():
    rng = random.Random(4)
    candidates = []
    for _ in range(4):
        text = say(request(WEATHER), TABLE, [], rng)
        candidates.append((text, act(TABLE, [text], rng)))

    chosen = []
    for number in range(300):
        order = rng.sample(range(4), 4)
        found = verdict(request(WEATHER), TABLE, [], [candidates[i] for i in order], random.Random(number))
        chosen.append(order["ABCD".index(found.ranking[0])])

    usual = max(set(chosen), key=chosen.count)
    assert 0.9 < chosen.count(usual) / len(chosen) < 1, "some bias is there for the swap test to find"


def test_one_tool_has_problems_of_several_types():
    rng = random.Random(2)
    labels = set()
    for _ in range(30):
        text = say(request(WEATHER), TABLE, [], rng)
        labels.add(verdict(TURN, TABLE, [], [(text, RIGHT)], rng).type_label)

    assert len(labels) > 8
    assert all(2 <= len(label.split("-")) <= 5 for label in labels)


@pytest.mark.parametrize(
    "wrong", [w for n, w in WRONG.items() if n != "needless-question"], ids=lambda w: w.action
)
def test_the_checker_is_not_confident_of_a_wrong_move(wrong):
    found = opinion(TABLE, [ASKED, wrong], random.Random(1))

    assert found.confidence < 0.5
    assert not all(aspect.ok for aspect in found.aspects)


@pytest.mark.parametrize(
    ("result", "answer", "aspect"),
    [
        ('{"city": "Rome", "high": 24}', "The high in Lisbon is 24.", "tool_result"),
        ('{"city": "Lisbon", "high": 24}', "The high in Lisbon is 31.", "answer"),
        ('{"error": "no such city"}', "The weather in Lisbon is fine.", "answer"),
    ],
)
def test_the_checker_holds_answers_and_results_against_each_other(result, answer, aspect):
    messages = [ASKED, RIGHT, ToolMessage("call_1", "get_weather", result), AssistantMessage(answer)]

    found = opinion(TABLE, messages, random.Random(1))

    assert [a.aspect for a in found.aspects if not a.ok] == [aspect]


def test_the_checker_trusts_good_dialogues(tools):
    rng = random.Random(6)
    confident = 0
    for _ in range(120):
        tool, *others = rng.sample(tools, 5)
        turns = [request(tool), Turn(kind=TurnKind.FOLLOW_UP, tasks=(Task(tool.name),))]
        messages = play(turns, [tool, *others], rng)
        confident += opinion([tool, *others], messages, rng).confidence >= 0.75

    assert confident >= 0.96 * 120


def test_near_tools_are_rated_above_far_ones():
    others = (
        ToolSpec(name="weather.forecast", description="Get the weather forecast for a given city and days."),
        ToolSpec(name="get_air_quality", description="Get the air quality of a city."),
        ToolSpec(name="calculate_factorial", description="Calculate the factorial of a number."),
    )

    scores = ask(
        sample.ROLE,
        random.Random(0),
        target={
            "name": WEATHER.name,
            "description": WEATHER.description,
            "parameters": list(WEATHER.properties),
        },
        others=[{"name": t.name, "description": t.description, "parameters": []} for t in others],
    ).scores

    near, middle, far = (score.relevance for score in scores)
    assert near > 0.6
    assert near > middle > far
    assert far < 0.3


def test_all_bands_of_relevance_occur_among_many_tools(tools):
    target = tools[0]
    rated = ask(
        sample.ROLE,
        random.Random(0),
        target={
            "name": target.name,
            "description": target.description,
            "parameters": list(target.properties),
        },
        others=[
            {"name": t.name, "description": t.description, "parameters": list(t.properties)}
            for t in tools[1:]
        ],
    ).scores

    assert len(rated) == len(tools) - 1
    assert min(score.relevance for score in rated) < 0.3


def test_the_memory_files_the_same_problem_under_one_label():
    sections = {
        "summary": "",
        "conversation": conversation_view((ASKED, RIGHT)),
        "seen": {"weather-forecast-blog-post": 2},
    }

    same = ask(memory.ROLE, random.Random(0), **sections, proposed="weather-forecasts-blog-post")
    new = ask(memory.ROLE, random.Random(0), **sections, proposed="circle-area-homework")

    assert same.type_label == "weather-forecast-blog-post"
    assert new.type_label == "circle-area-homework"
    assert len(new.summary.split()) <= 60
