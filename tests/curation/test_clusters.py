"""Clusters are stars: whoever is merged was held against the very definition that is kept."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.sampler.curation.clusters import ALIKE, CLOSE, MOST_ASKED, cluster, groundwork
from consumers.sampler.curation.definition import ranked
from consumers.sampler.curation.nearness import Space
from tests.curation.build import Asked, always, any_tools, by_chance, never, tool

TEXT = "Retrieve the details of a specific user by the unique id that the user has in the system."
USER = tool("get_user", TEXT, "user_id", optional=["locale", "fields"])
OTHERS = [
    tool("circle_area", "Calculate the area of a circle.", "radius"),
    tool("book_flight", "Book a flight between two airports on a date.", "origin", "destination", "date"),
    tool("translate", "Translate a text into a language.", "text", "language"),
    tool("find_restaurants", "Search for restaurants near a place, by cuisine.", "place", "cuisine"),
]
"""What a pool has besides: among few tools every word is rare, and weighs too much."""


def clustered(tools, same=never):
    """The tools, the best first, with the place that each is merged into, and who was asked."""
    definitions = ranked(tools)
    asked = Asked(same)
    found = asyncio.run(cluster(groundwork(definitions), asked))
    return definitions, found, asked


def merged_without_asking(one, other):
    _, found, asked = clustered([one, other, *OTHERS])
    return len(found.leaders) == 1 + len(OTHERS) and not asked.pairs


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(tool("getUser", TEXT, "user_id"), id="spelling"),
        pytest.param(
            tool("fetch_user", TEXT, "user_id", optional=["locale", "fields"]), id="to-get-is-to-fetch"
        ),
        pytest.param(tool("get_user", TEXT.replace("Retrieve", "Get"), "user_id"), id="reworded"),
        pytest.param(tool("get_user", TEXT, "userId"), id="parameter-spelling"),
        pytest.param(tool("get_user", TEXT, "user_id", optional=["fields"]), id="an-optional-less"),
    ],
)
def test_what_is_nearly_identical_is_merged_without_asking(other):
    assert merged_without_asking(USER, other)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(tool("delete_user", TEXT, "user_id"), id="another-deed"),
        pytest.param(
            tool("get_user", TEXT.replace("Retrieve", "Delete"), "user_id"), id="another-deed-in-words"
        ),
        pytest.param(tool("get_user", TEXT, "user_id", "token"), id="a-required-more"),
        pytest.param(tool("get_user", TEXT), id="none-required"),
        pytest.param(tool("get_invoice", TEXT.replace("user", "invoice"), "user_id"), id="another-thing"),
    ],
)
def test_whatever_else_may_be_the_difference_is_asked_about(other):
    _, _, asked = clustered([USER, other, *OTHERS])
    assert len(asked.pairs) == 1


def test_the_type_of_a_shared_parameter_matters():
    listed = tool("get_user", TEXT, "user_id", optional=["fields"])
    flagged = tool("get_user", TEXT, "user_id", optional=["fields"])
    flagged.parameters["properties"]["fields"] = {"type": "boolean", "description": "The fields."}
    assert not merged_without_asking(listed, flagged)


def test_what_has_nothing_in_common_is_not_asked_about():
    _, found, asked = clustered([USER, tool("circle_area", "Area of a circle.", "radius")], always)
    assert not asked.pairs
    assert len(found.leaders) == 2


def test_the_same_name_is_asked_about_even_where_the_words_differ():
    one = tool("play_song", "Starts playback.", "song_id", "device")
    other = tool("play_song", "Music: find what the person wishes to hear, then let it sound.", "query")
    assert Space.of([one, other]).similarity(0, [1])[0] < CLOSE
    _, _, asked = clustered([one, other])
    assert len(asked.pairs) == 1


def test_a_chain_is_cut():
    """Each is the same as its neighbour, but the ends have nothing to do with each other."""
    chain = [
        tool("weather_forecast", "Get the weather forecast of a city.", "city"),
        tool(
            "weather_forecast_alert", "Get the weather forecast and send an alert of a city.", "city", "phone"
        ),
        tool("send_weather_alert", "Send an alert about weather to a phone.", "phone", "text"),
        tool("send_alert_text", "Send a text message to a phone.", "phone", "text"),
    ]
    neighbours = {frozenset((a.name, b.name)) for a, b in pairwise(chain)}

    definitions, found, _ = clustered(
        chain, lambda one, other: frozenset((one.tool.name, other.tool.name)) in neighbours
    )

    assert len(found.leaders) > 1
    for row, link in found.joined.items():
        pair = frozenset((definitions[row].tool.name, definitions[link.to].tool.name))
        assert pair in neighbours


def test_a_merged_definition_speaks_for_its_leader():
    """What is near to a merged one is held against the one that took it in, even if not close to that."""
    best = tool("weather_forecast", "Tell the weather of the next days in a city.", "city", returns={})
    middle = tool("weather_outside", "Tell the weather outside, and whether an umbrella is needed.", "city")
    far = tool("umbrella_weather", "Tell whether an umbrella is needed outside.", "city")
    similar = Space.of([best, middle, far]).similarity(2, [0, 1])
    assert ALIKE <= similar[0] < CLOSE <= similar[1]

    definitions, found, asked = clustered([best, middle, far], always)

    assert definitions[0].tool == best
    assert found.leaders == [0]
    assert (definitions[0].id, next(d.id for d in definitions if d.tool == far)) in asked.pairs


@given(any_tools, st.integers(0, 5))
@settings(max_examples=60)
def test_clusters_partition_the_definitions(tools, salt):
    definitions, found, _ = clustered(tools, by_chance(salt))

    members = found.members()
    rows = [row for leader, merged in members.items() for row in (leader, *merged)]
    assert sorted(rows) == list(range(len(definitions)))
    assert set(found.joined) == set(range(len(definitions))) - set(members)


@given(any_tools, st.integers(0, 5))
@settings(max_examples=60)
def test_whoever_is_merged_is_like_the_one_that_is_kept_and_no_better(tools, salt):
    definitions, found, _ = clustered(tools, by_chance(salt))

    space = Space.of([definition.tool for definition in definitions])
    for row, link in found.joined.items():
        assert found.leader[row] == link.to == found.leader[link.to]
        assert link.similarity == pytest.approx(space.similarity(row, [link.to])[0])
        assert link.similarity >= ALIKE
        assert definitions[link.to].quality.score >= definitions[row].quality.score


@given(any_tools, st.integers(0, 5))
@settings(max_examples=60)
def test_no_pair_is_asked_about_twice_and_nobody_too_often(tools, salt):
    _, found, asked = clustered(tools, by_chance(salt))

    assert len(set(map(frozenset, asked.pairs))) == len(asked.pairs) == found.asked
    worse = [second for _, second in asked.pairs]
    assert all(worse.count(one) <= MOST_ASKED + 1 for one in worse)


@given(any_tools, st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_the_order_of_the_input_does_not_matter(tools, rng):
    shuffled = list(tools)
    rng.shuffle(shuffled)

    one, other = clustered(tools, by_chance(1)), clustered(shuffled, by_chance(1))

    assert one[1] == other[1]
    assert one[2].pairs == other[2].pairs
