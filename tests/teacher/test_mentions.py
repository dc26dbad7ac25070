"""What is said is what is understood: values survive the way through English and back."""

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.teacher.card import Card, build
from agents.teacher.lexicon import Scene
from agents.teacher.understanding import Task, tasks_in, values_in
from agents.teacher.user import setting, write_tasks
from tests.teacher.play import card_of

quick = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])

NAMES = st.sampled_from(
    (
        "city",
        "num_tickets",
        "startDate",
        "q",
        "a",
        "from",
        "to",
        "is_open",
        "include_tax",
        "user_id",
        "note",
        "Q2",
    )
)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def leaf() -> st.SearchStrategy[tuple[dict, st.SearchStrategy]]:
    options = st.lists(TEXT.filter(bool), min_size=1, max_size=4, unique=True)
    return st.one_of(
        st.just(({"type": "integer"}, st.integers(-(2**53), 2**53))),
        st.just(({"type": "number"}, NUMBERS)),
        st.just(({"type": "boolean"}, st.booleans())),
        st.just(({"type": "string"}, TEXT)),
        st.just(({"type": "string", "format": "date"}, st.dates().map(str))),
        st.just(
            (
                {"type": "string", "description": "Day as MM/DD/YYYY."},
                st.dates().map(lambda d: f"{d:%m/%d/%Y}"),
            )
        ),
        st.just(({}, ANYTHING)),
        options.map(lambda found: ({"type": "string", "enum": found}, st.sampled_from(found))),
    )


def nested(inner):
    arrays = inner.map(lambda pair: ({"type": "array", "items": pair[0]}, st.lists(pair[1], max_size=4)))
    objects = st.dictionaries(NAMES, inner, min_size=1, max_size=3).map(
        lambda found: (
            {"type": "object", "properties": {name: schema for name, (schema, _) in found.items()}},
            st.fixed_dictionaries({name: value for name, (_, value) in found.items()}),
        )
    )
    return arrays | objects


SCHEMAS = st.recursive(leaf(), nested, max_leaves=4)


@st.composite
def tasks(draw) -> Task:
    drawn = draw(st.dictionaries(NAMES, SCHEMAS, min_size=1, max_size=4))
    tool = {
        "name": "find_seats",
        "description": draw(st.just("Find the seats of a concert.") | TEXT),
        "parameters": {"type": "object", "properties": {name: schema for name, (schema, _) in drawn.items()}},
    }
    return Task(build(tool), {name: draw(value) for name, (_, value) in drawn.items()})


def plain(value):
    """JSON has one kind of number: 5.0 is 5."""
    return json.loads(json.dumps(value), parse_float=float, parse_int=float)


def written(task: Task, seed: int) -> str:
    empty = setting((task.card,), "", {}, [], {"kind": "request"})
    return write_tasks(empty, [task], random.Random(seed))


@quick
@given(tasks(), st.integers(0, 99))
def test_every_kind_of_value_survives_a_message(task, seed):
    [understood] = tasks_in(written(task, seed), (task.card,))

    assert plain(understood.arguments) == plain(task.arguments)


@quick
@given(TEXT, st.integers(0, 99))
def test_no_text_can_pass_for_another_value(text, seed):
    """A value that looks like a mention of the next parameter is still one value."""
    card = build(
        {
            "name": "find_seats",
            "description": "Find the seats of a concert.",
            "parameters": {"properties": {"note": {"type": "string"}, "rows": {"type": "integer"}}},
        }
    )
    task = Task(card, {"note": f"{text} rows: 7", "rows": 3})

    [understood] = tasks_in(written(task, seed), (card,))

    assert understood.arguments == task.arguments


def test_every_bfcl_tool_is_understood_with_any_of_its_parameters(tools):
    lost = []
    for tool in tools:
        card = card_of(tool)
        rng = random.Random(tool.name)
        for count in {0, len(card.slots) // 2, len(card.slots)}:
            chosen = {slot.name for slot in rng.sample(card.slots, count)} | set(tool.required)
            task = Task(card, Scene(rng).values(card, [name for name in card.slot if name in chosen]))
            text = written(task, rng.randrange(100))
            understood = tasks_in(text, (card,))
            if [plain(found.arguments) for found in understood] != [plain(task.arguments)]:
                lost.append((tool.name, text))

    assert not lost


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The city is Paris and the days are 3.", {"city": "Paris", "days": 3}),
        ("in San Francisco for 4 days", {"city": "San Francisco", "days": 4}),
        ("on 14 March 2025", {"date": "2025-03-14"}),
        (
            "Date: March 14, 2025; tags: new, sale and last chance",
            {"date": "2025-03-14", "tags": ["new", "sale"]},
        ),
        ('tags: "last chance", "new"', {"tags": ["last chance", "new"]}),
        ("Please include tax.", {"include_tax": True}),
        ("Please don't include tax.", {"include_tax": False}),
        ("include tax: no", {"include_tax": False}),
        ("The budget is $1,250.50, thanks.", {"budget": 1250.5}),
        ("I wonder about the city.", {}),
    ],
)
def test_ordinary_wordings_are_read(text, expected):
    card: Card = build(
        {
            "name": "plan_trip",
            "description": "Plan a trip.",
            "parameters": {
                "properties": {
                    "city": {"type": "string", "description": "Name of the city."},
                    "days": {"type": "integer"},
                    "date": {"type": "string", "format": "date"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "include_tax": {"type": "boolean"},
                    "budget": {"type": "number"},
                }
            },
        }
    )
    assert values_in(text, card) == expected
