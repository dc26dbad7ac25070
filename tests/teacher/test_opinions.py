"""The judge, the checker, the memory and the sample agent go by what they see."""

import random

import pytest

from agents.quotes import sources, stands
from agents.role import conversation_view
from agents.roles import checker, judge, memory, sample, user
from agents.teacher.checker import clip
from agents.teacher.server import Teacher, TeacherConfig
from schemas.dialogue import AssistantMessage, Call, Task, ToolMessage, Turn, TurnKind, UserMessage
from schemas.tools import ToolSpec
from tests.build import TRAINS, WEATHER
from tests.teacher.play import act, ask, looked, opinion, play, request, say, verdict, views

TABLE = (WEATHER, TRAINS)


@pytest.fixture
def rng() -> random.Random:
    return random.Random(1)


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

    assert found.ranking == [["B"], ["A"]]
    assert found.none_fits == ""
    marks = {mark.candidate: mark.appropriateness for mark in found.marks}
    assert marks["B"] == 5
    assert marks["A"] <= 3


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_the_judge_declines_when_every_candidate_is_wrong(wrong):
    found = verdict(TURN, TABLE, [], [(ASKED, wrong)] * 3, random.Random(1))

    assert found.none_fits.startswith("Every candidate has the same fault: ")
    assert found.none_fits.count(".") == 1, "one sentence"


def test_candidates_that_are_alike_share_a_place(rng):
    found = verdict(TURN, TABLE, [], [(ASKED, WRONG["no-call"]), (ASKED, RIGHT), (ASKED, RIGHT)], rng)

    assert found.ranking == [["B", "C"], ["A"]]


@pytest.fixture
def drafts() -> list[tuple[UserMessage, AssistantMessage]]:
    rng = random.Random(4)
    said = [say(request(WEATHER), TABLE, [], rng) for _ in range(4)]
    return [(text, act(TABLE, [text], rng)) for text in said]


def test_the_judge_does_not_go_by_position(drafts, rng):
    best = set()
    for _ in range(40):
        order = rng.sample(range(4), 4)
        found = verdict(request(WEATHER), TABLE, [], [drafts[i] for i in order], rng)
        best.add(frozenset(order["ABCD".index(letter)] for letter in found.ranking[0]))

    assert len(best) == 1


@pytest.mark.parametrize("bias", [0.2, 0.6])
def test_a_bias_can_be_set_for_measuring_it(bias):
    """The first candidate wins that often although it is the worst; it would never win on merit."""
    first = 0
    for number in range(300):
        found = verdict(
            TURN,
            TABLE,
            [],
            [(ASKED, WRONG["no-call"]), (ASKED, RIGHT)],
            random.Random(number),
            judge_bias=bias,
        )
        assert sorted(letter for group in found.ranking for letter in group) == ["A", "B"]
        first += found.ranking[0] == ["A"]

    assert first / 300 == pytest.approx(bias, abs=0.08)


def test_a_biased_endpoint_answers_with_bias():
    candidates = [(ASKED, WRONG["no-call"]), (ASKED, RIGHT)]
    prompt = judge.ROLE.prompt(
        tools=views(TABLE),
        conversation=[],
        turn=user.turn_view(TURN),
        candidates=[
            {"candidate": letter, "messages": conversation_view(candidate)}
            for letter, candidate in zip("AB", candidates, strict=True)
        ],
    )
    body = {"model": "any", "messages": prompt}

    def first(bias: float) -> list[str]:
        reply = Teacher(TeacherConfig(judge_bias=bias)).complete(body)
        content = reply["choices"][0]["message"]["content"]
        return judge.Verdict.model_validate_json(content).ranking[0]

    assert first(0.0) == ["B"]
    assert first(1.0) == ["A"]


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
    found = opinion(TABLE, [ASKED, wrong])

    assert found.confidence < 0.5
    assert found.faulty


@pytest.mark.parametrize(
    ("result", "answer", "aspect"),
    [
        ('{"city": "Rome", "high": 24}', "The high in Lisbon is 24.", "tool_response"),
        ('{"city": "Lisbon", "high": 24}', "The high in Lisbon is 31.", "hallucination"),
        ('{"error": "no such city"}', "The weather in Lisbon is fine.", "consistency"),
    ],
)
def test_the_checker_holds_answers_and_results_against_each_other(result, answer, aspect):
    messages = [ASKED, RIGHT, ToolMessage("call_1", "get_weather", result), AssistantMessage(answer)]

    found = opinion(TABLE, messages)

    assert found.faulty == [aspect]


def test_the_checker_trusts_good_dialogues(tools):
    rng = random.Random(6)
    confident = 0
    for _ in range(120):
        tool, *others = rng.sample(tools, 5)
        turns = [request(tool), Turn(kind=TurnKind.FOLLOW_UP, tasks=(Task(tool.name),))]
        messages = play(turns, [tool, *others], rng)
        confident += opinion([tool, *others], messages).confidence >= 0.75

    assert confident >= 0.96 * 120


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_what_the_checker_gives_as_evidence_stands_in_the_conversation(wrong):
    shown = sources(conversation_view((ASKED, wrong)))
    for findings in opinion(TABLE, [ASKED, wrong]).findings:
        for finding in findings.values():
            assert stands(finding.evidence, shown) or (finding.ok and not finding.evidence)


def test_long_evidence_is_cut_between_words():
    long = " ".join(f"word{number}," for number in range(100))
    assert len(clip(long)) <= 160
    assert stands(clip(long), sources([long]))
    assert clip("x" * 500) == "x" * 160


def test_models_overlook_different_things():
    """Each misses a few of a hundred faults, and seldom the same ones as another."""
    rng = random.Random(3)
    missed: dict[str, set[int]] = {"offline-teacher": set(), "offline-teacher-b": set()}
    for number in range(300):
        said = say(request(WEATHER), TABLE, [], rng)
        data = {"tools": views(TABLE), "conversation": conversation_view((said, WRONG["unknown-tool"]))}
        for model, of in missed.items():
            if all(looked(role, model, **data).ok for role in checker.EXPERTS.values()):
                of.add(number)
    first, second = missed.values()
    assert 0 < len(first) < 20
    assert 0 < len(second) < 20
    assert first != second


def test_all_answers_of_a_model_are_of_one_look():
    """What an expert overlooks, the same model is confident of: its mistakes are its own, not the call's."""
    rng = random.Random(4)
    for _ in range(100):
        said = say(request(WEATHER), TABLE, [], rng)
        data = {"tools": views(TABLE), "conversation": conversation_view((said, WRONG["no-call"]))}
        sound = all(looked(role, "m", **data).ok for role in checker.EXPERTS.values())
        assert (looked(checker.OVERALL, "m", **data, findings=[]).confidence >= 0.5) == sound


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


def test_the_memory_names_a_problem_that_nobody_named():
    def label(*messages):
        sections = {"seen": {}, "summary": "", "conversation": conversation_view(messages), "proposed": ""}
        return ask(memory.ROLE, random.Random(0), **sections).type_label

    assert label(ASKED, RIGHT) == "get-weather-blog-post"
    assert label(ASKED, AssistantMessage("I cannot do that.")) == "weather-forecast-blog-post"
    assert label(UserMessage("Hi."), AssistantMessage("Hello.")) == "general-help-everyday-use"
