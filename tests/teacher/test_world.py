"""What a tool returned once stays so for the rest of the dialogue."""

import string
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.teacher.function import respond
from agents.teacher.world import World
from schemas.tools import ToolSpec
from tests.teacher.play import card_of

TEXT = st.text(string.ascii_letters, min_size=1, max_size=8)
FIGURE = st.integers(0, 9999) | st.floats(0, 9999)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("title", "address", "city", "status", "owner"), TEXT),
        **dict.fromkeys(("price", "rating", "year", "score"), FIGURE),
        "in_stock": st.booleans(),
    },
)
IDS = st.from_regex(r"[A-Z]{3}-[0-9]{5}", fullmatch=True)


def returned(world: World, name: str, arguments: dict[str, Any], made: Any, **how: bool) -> Any:
    settled = world.settled(name, arguments, made, changes=False, computes=False, **how)
    world.add(name, arguments, settled)
    return settled


@given(IDS, FIELDS, st.lists(FIELDS, max_size=4))
def test_what_was_returned_once_for_an_id_stays_whenever_the_id_is_an_argument(thing, shown, later):
    """However often tools are asked about a thing: a field has the value that it had first."""
    world = World()
    returned(world, "find_lamps", {"colour": "red"}, {"lamps": [{"lamp_id": thing, **shown}]})
    seen = dict(shown)
    for number, made in enumerate(later):
        found = returned(world, f"get_lamp_{number}", {"lamp_id": thing}, {"lamp_id": thing, **made})

        assert all(found[name] == seen[name] for name in made.keys() & seen.keys())
        seen = {**found, **seen}


@given(IDS, FIELDS, FIELDS)
def test_a_thing_is_the_same_in_every_list(thing, shown, made):
    world = World()
    returned(world, "find_lamps", {"colour": "red"}, {"lamps": [{"lamp_id": thing, **shown}]})

    [row] = returned(world, "search_offers", {"city": "Rome"}, [{"lamp_id": thing, **made}])

    assert all(row[name] == shown[name] for name in made.keys() & shown.keys())


@given(IDS, IDS, FIELDS, FIELDS)
def test_another_thing_is_left_alone(thing, other, shown, made):
    world = World()
    returned(world, "find_lamps", {"colour": "red"}, {"lamps": [{"lamp_id": thing, **shown}]})

    if other != thing:
        assert returned(world, "get_lamp", {"lamp_id": other}, made) == made


def test_numbers_are_ids_of_one_sort_of_thing_only():
    world = World()
    returned(world, "get_user", {"user_id": 12}, {"user_id": 12, "city": "Rome"})

    assert returned(world, "get_order", {"order_id": 12}, {"city": "Oslo"}) == {"city": "Oslo"}
    assert returned(world, "get_address", {"user_id": 12}, {"city": "Oslo"}) == {"city": "Rome"}


def test_other_circumstances_may_change_a_figure_but_no_name():
    world = World()
    returned(world, "get_price", {"symbol": "ACME", "date": "2025-01-02"}, {"company": "Acme", "price": 12.5})

    other_day = {"company": "Foo", "price": 13.5}
    found = returned(world, "get_price", {"symbol": "ACME", "date": "2025-01-03"}, other_day)

    assert found == {"company": "Acme", "price": 13.5}


def test_what_a_call_changes_has_a_state_of_its_own():
    world = World()
    returned(world, "get_order", {"order_id": "ORD-1"}, {"status": "open", "item": "lamp"})

    arguments = {"order_id": "ORD-1"}
    cancelled = world.settled(
        "cancel_order", arguments, {"status": "cancelled", "item": "x"}, changes=True, computes=False
    )
    world.add("cancel_order", arguments, cancelled)

    assert cancelled == {"status": "cancelled", "item": "lamp"}
    assert returned(world, "get_order_state", arguments, {"status": "open"}) == {"status": "cancelled"}


def test_a_sum_is_never_overwritten():
    world = World()
    returned(world, "circle_area", {"radius": 3}, {"area": 28.27})

    sphere = world.settled("sphere_area", {"radius": 3}, {"area": 113.1}, changes=False, computes=True)

    assert sphere == {"area": 113.1}


# Through the function role

SEARCH = ToolSpec(
    name="search_hotels",
    description="Search for hotels in a city.",
    parameters={"properties": {"city": {"type": "string"}}, "required": ["city"]},
)
DETAILS = ToolSpec(
    name="get_hotel_details",
    description="Get the details of a hotel.",
    parameters={"properties": {"hotel_id": {"type": "string"}}, "required": ["hotel_id"]},
)
CARDS = {tool.name: card_of(tool) for tool in (SEARCH, DETAILS)}


def call(call_id: str, tool: ToolSpec, **arguments: Any) -> dict[str, Any]:
    return {"id": call_id, "name": tool.name, "arguments": arguments}


def after(calls: list[dict[str, Any]], results: list[Any]) -> list[dict[str, Any]]:
    """The conversation in which the calls were made and returned the results."""
    told = [
        {"role": "tool", "call_id": c["id"], "name": c["name"], "content": msgspec.json.encode(r).decode()}
        for c, r in zip(calls, results, strict=True)
    ]
    return [{"role": "user", "content": "..."}, {"role": "assistant", "calls": calls}, *told]


def test_details_show_again_what_the_list_has_shown():
    asked = [call("call_1", SEARCH, city="Rome")]
    wanted = {"gives": [{"call_id": "call_1", "field": "hotel_id", "schema": {"type": "string"}}]}
    [found] = respond(CARDS, asked, [], wanted, 0)
    row = found["hotels"][0]

    details = [call("call_2", DETAILS, hotel_id=row["hotel_id"])]
    [told] = respond(CARDS, details, after(asked, [found]), {}, 0)

    assert row.items() <= told.items()


def test_two_calls_of_one_message_agree_as_well():
    asked = [call("call_1", DETAILS, hotel_id="HOT-1"), call("call_2", DETAILS, hotel_id="HOT-1")]

    first, second = respond(CARDS, asked, [], {}, 0)

    assert first == second


@pytest.mark.parametrize("how", ["unavailable", "rate_limited", "not_found", "denied", "timeout"])
def test_a_call_that_failed_succeeds_when_made_again_and_then_stays(how):
    asked = [call("call_1", SEARCH, city="Rome")]
    [failed] = respond(CARDS, asked, [], {"fails": [{"call_id": "call_1", "how": how}]}, 0)
    conversation = after(asked, [failed])
    again = [call("call_2", SEARCH, city="Rome")]

    [found] = respond(CARDS, again, conversation, {}, 0)
    [once_more] = respond(CARDS, asked, [*conversation, *after(again, [found])], {}, 0)

    assert list(failed) == ["error"]
    assert "error" not in found
    assert once_more == found
