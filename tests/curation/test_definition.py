"""What the curator sees in a definition."""

import pytest

from consumers.sampler.curation.definition import Definition, advantage, quality, ranked, words
from schemas.tools import ToolSpec
from tests.curation.build import tool

FULL = tool("get_weather", "Get the weather forecast of a city for up to fourteen days from today.", "city")
BARE = ToolSpec(
    name="get_weather",
    description="Get weather.",
    parameters={"type": "object", "properties": {"city": {}}, "required": ["city"]},
)


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("get_weatherByCity", ["get", "weather", "by", "city"]),
        ("uber.eat.order", ["uber", "eat", "order"]),
        ("Hotels_4_SearchHotel", ["hotels", "4", "search", "hotel"]),
        ("погода", ["погода"]),
    ],
)
def test_identifiers_fall_into_words(identifier, expected):
    assert words(identifier) == expected


def test_described_typed_and_explained_is_better():
    assert quality(FULL).score > quality(BARE).score
    assert quality(FULL).described == quality(FULL).typed == 1
    assert quality(BARE).described == quality(BARE).typed == 0


def test_parameters_count_at_any_depth():
    nested = ToolSpec(
        name="t",
        parameters={
            "type": "object",
            "properties": {
                "items": {
                    "type": "array",
                    "description": "What to buy.",
                    "items": {"type": "object", "properties": {"sku": {"type": "string"}}},
                }
            },
        },
    )
    assert quality(nested).described == 0.5


def test_a_tool_without_parameters_lacks_no_description_of_them():
    assert quality(tool("now", "Get the time.")).described == 1


def test_the_advantage_is_said_in_words():
    assert advantage(Definition(FULL), [Definition(BARE)]) == (
        "best of 2 definitions: more of its parameters are described, its description says more, "
        "more of its parameters have a type"
    )
    assert (
        advantage(Definition(FULL), [Definition(FULL)])
        == "best of 2 definitions, all as complete as this one"
    )
    assert advantage(Definition(FULL), []) == "nothing else has its purpose"


def test_the_best_comes_first_whatever_the_order():
    assert [d.tool for d in ranked([BARE, FULL])] == [d.tool for d in ranked([FULL, BARE])] == [FULL, BARE]


def test_of_equals_the_one_that_requires_least_comes_first_but_not_one_without_parameters():
    text = "Get the weather forecast of a city for up to fourteen days from today."
    tools = [
        tool("none", text),
        tool("two", text, "city", "country"),
        tool("one", text, "city", optional=["country"]),
    ]
    assert [d.tool.name for d in ranked(tools)] == ["one", "two", "none"]


def test_a_definition_read_twice_is_one():
    assert len(ranked([FULL, FULL, BARE])) == 2


def test_ids_tell_content_and_source_apart():
    elsewhere = ToolSpec(
        name=FULL.name, description=FULL.description, parameters=FULL.parameters, source="elsewhere"
    )
    assert len({Definition(one).id for one in (FULL, BARE, elsewhere)}) == 3


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("get_user", "user.fetch", True),
        ("calculate_area_circle", "circle.area", True),
        ("get_user", "delete_user", False),
        ("get", "fetch", False),
    ],
)
def test_names_agree_in_what_they_do(one, other, same):
    assert (Definition(tool(one)).deed == Definition(tool(other)).deed) is same


def test_what_is_said_knows_to_retrieve_from_to_delete():
    said = [
        Definition(tool("t", text)).said for text in ("Retrieves a user.", "Get the users", "Delete a user.")
    ]
    assert said[0] == said[1]
    assert said[0] != said[2]
