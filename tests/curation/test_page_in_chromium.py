"""The page in a real browser: it can be searched, and hostile tools run and fetch nothing."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Page, expect

from consumers.sampler.curation import Curation, curate
from consumers.sampler.curation.page import render
from tests.browser import in_chromium, opened
from tests.curation.build import Asked, sound, tool

pytestmark = in_chromium

HOSTILE = (
    "</script><img src=https://example.com/x onerror=alert(1)><script>alert(1)</script><!-- \u202etxt "
    + "long" * 300
)
USER = tool("get_user", "Retrieve the profile of one user of the system by the user's id.", "user_id")
SAME = tool(
    "fetch_user", "Look up the profile of a user in the system, by the user's id.", "user_id", "token"
)
TEAMS = tool("list_teams", "List all teams of the company, with their members and their leads.")
TWIN = tool("list_all_teams", "List all the teams of the company, with members and with leads.", "page")
EVIL = tool(HOSTILE, HOSTILE, HOSTILE)
MUTE = tool("mute", "", "x")
MANY = [
    tool(f"tool_{n}_{word}", f"{word * 3} {n}", word)
    for n in range(30)
    for word in ("alpha", "beta", "gamma")
]


@pytest.fixture(scope="module")
def curation() -> Curation:
    def same(first, second):
        return {first.tool.name, second.tool.name} == {"get_user", "fetch_user"}

    tools = [USER, SAME, TEAMS, TWIN, EVIL, MUTE, *MANY]
    return asyncio.run(curate(tools, target=60, faults=sound, decide=Asked(same)))


@pytest.fixture(scope="module")
def page(curation, tmp_path_factory) -> Iterator[Page]:
    path = tmp_path_factory.mktemp("page") / "curation.html"
    path.write_text(render(curation, [HOSTILE], HOSTILE), encoding="utf-8")
    with opened(path) as page:
        yield page


@pytest.fixture(autouse=True)
def _afresh(page):
    page.set_viewport_size({"width": 1200, "height": 900})
    page.fill("#search", "")
    page.select_option("#state", "tools")
    page.select_option("#by", "")
    page.select_option("#order", "size")


def search(page, words):
    page.fill("#search", words)
    expect(page.locator("#shown")).to_have_attribute("data-for", words)


def names(page):
    return page.locator("#clusters > li > details > summary code").all_inner_texts()


def open_all(page):
    """Open what can be opened, and what that brings."""
    while page.locator("details:not([open])").count():
        page.evaluate("document.querySelectorAll('details:not([open])').forEach(one => { one.open = true; })")
        expect(page.locator("details[open]:not(:has(> .inside))")).to_have_count(0)


def test_hostile_tools_run_nothing_and_fetch_nothing(page):
    search(page, "onerror")
    open_all(page)

    assert page.happened == []
    assert page.locator("img, iframe, object").count() == 0
    assert page.locator("script").count() == 2
    assert HOSTILE[:60] in page.inner_text("#clusters")
    assert HOSTILE[:60] in page.inner_text("header")


def test_the_policy_lets_no_other_script_run(page):
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.evaluate(
            """const script = document.createElement("script");
            script.textContent = "window.ran = 1";
            document.body.append(script);"""
        )
    assert page.evaluate("window.ran") is None


def test_the_funnel_and_the_sizes_are_drawn(page):
    charts = page.locator("svg")
    assert charts.count() == 2
    for index in range(2):
        box = charts.nth(index).bounding_box()
        assert box is not None
        assert box["width"] > 200
    assert "definitions 96" in charts.nth(0).get_attribute("aria-label")


def test_the_list_is_drawn_piece_by_piece(page):
    assert len(names(page)) == 60
    page.locator("#more").scroll_into_view_if_needed()
    expect(page.locator("#clusters > li")).to_have_count(94)


def test_a_tool_is_found_by_the_words_of_what_was_merged_into_it(page):
    search(page, "token user")
    assert names(page) == []
    search(page, "look up the profile")
    assert len(names(page)) == 1


def test_a_merged_definition_stands_beside_the_kept_one(page):
    search(page, "profile")
    open_all(page)

    inside = page.inner_text("#clusters .inside >> nth=0")
    assert "best of 2 definitions" in inside
    assert "so it is" in inside
    assert "decided by the model" in inside
    rows = page.locator(".spec.two tr.differs > th").all_inner_texts()
    assert "name" in rows
    assert "token" in rows
    assert "user_id" not in rows
    assert page.locator(".spec.two mark").count() > 0


def test_the_tools_that_were_not_chosen_show_the_nearest_one_kept(page):
    page.select_option("#state", "not_chosen")
    page.locator("#clusters > li > details").first.evaluate("one => { one.open = true; }")
    expect(page.locator("#clusters h4").first).to_have_text("Nearest tool that is kept")
    assert set(page.locator("#clusters > li > details > summary .tag").all_inner_texts()) == {"not chosen"}


@pytest.mark.parametrize(
    ("choice", "count"), [({"#state": "left_out"}, 1), ({"#by": "merged"}, 1), ({"#by": "cheap pass"}, 0)]
)
def test_the_list_can_be_narrowed(page, choice, count):
    for selector, value in choice.items():
        page.select_option(selector, value)
    assert len(names(page)) == count


def test_the_list_can_be_put_in_order(page):
    assert set(names(page)[:1]) <= {"get_user", "fetch_user"}, "of this one there are two definitions"
    page.select_option("#order", "name")
    shown = names(page)
    assert shown.index("list_all_teams") < shown.index("list_teams") < shown.index("tool_0_alpha")


@pytest.mark.parametrize("width", [390, 768, 1200])
def test_nothing_sticks_out_sideways(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    for words in ("onerror", "profile"):
        search(page, words)
        open_all(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_same_curation_makes_the_same_page(curation):
    assert render(curation, ["a"], "m") == render(curation, ["a"], "m")


def test_json_in_the_page_has_no_angle_bracket(curation):
    found = render(curation, ["a"], "m")
    data = found.partition('id="data">')[2].partition("</script>")[0]
    assert "<" not in data
    assert len(msgspec.json.decode(data)) == 6 + len(MANY)
