"""Every name of a pool is there once."""

from hypothesis import given

from consumers.rule_checker.core import tool_errors
from consumers.sampler.curation.definition import Definition
from consumers.sampler.curation.names import unique_names
from schemas.tools import ToolSpec
from tests.curation.build import any_tools, tool


def names(*tools):
    return unique_names([Definition(one) for one in tools])


def test_the_first_keeps_its_name_and_others_say_what_they_are_about():
    assert names(
        tool("search", "Find hotels in a city."),
        tool("search", "Find songs by an artist."),
        tool("circle_area", "Calculate the area."),
    ) == ["search", "search_songs", "circle_area"]


def test_a_parameter_may_say_it():
    assert names(tool("run", "Run it."), tool("run", "Run it.", "playlist_id")) == ["run", "run_playlist"]


def test_where_no_word_is_its_own_numbers_tell_apart():
    assert names(tool("run", "Run it."), tool("run", "Run it!"), tool("run", "Run")) == [
        "run",
        "run_2",
        "run_3",
    ]


def test_a_new_name_is_nobody_elses():
    found = names(
        tool("search", "Find hotels."),
        tool("search", "Find songs."),
        tool("search_songs", "Find songs by name."),
    )
    assert len(set(found)) == 3
    assert found[2] == "search_songs"


def test_a_long_name_stays_callable():
    long = "f" * 128
    found = names(tool(long, "Find hotels."), tool(long, "Find songs."))
    assert len(set(found)) == 2
    assert not tool_errors(ToolSpec(name=found[1], description="Find songs."))


@given(any_tools)
def test_names_are_unique_and_the_first_of_each_is_kept(tools):
    found = names(*tools)
    assert len(set(found)) == len(tools)
    assert {one.name for one in tools} <= set(found)
