"""The page of a replay in a real browser: it can be read anywhere, and what dialogues say is text."""

import contextlib
from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Page

from sinks.replay_page import write_replay
from sinks.replays import diff
from tests.browser import in_chromium, opened
from tests.sinks.build_replay import Replayed, finding
from tests.sinks.test_report import HOSTILE

pytestmark = in_chromium


@pytest.fixture(scope="module")
def page(store, tmp_path_factory) -> Iterator[Page]:
    """Of a replay in which names, findings and messages all try something."""
    made = Replayed(f"{HOSTILE} {'long' * 40}")
    for rules in ((HOSTILE,), ("dates", "y" * 90)):
        made.dialogue((), rules, request=f"{HOSTILE} \u202etxt {'long' * 400}")
    made.dialogue(("known_tool", HOSTILE), ("known_tool",))
    made.dialogue(("dates",), (), by_person=True, state="accepted")
    error = msgspec.structs.replace(
        finding("rule_error"), problem=f"the rule 'x' failed: KeyError: {HOSTILE}"
    )
    made.dialogue((), (), extra=(error, finding("style", 99, "warning")))
    made.dialogue((), None, failure=HOSTILE)
    path = tmp_path_factory.mktemp("page") / "replay.html"
    with opened(write_replay(diff(store, made.stored(store)), path)) as page:
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        yield page


def test_hostile_text_runs_nothing_and_fetches_nothing(page):
    assert page.happened == []
    assert page.locator("script, img, iframe").count() == 0
    assert page.inner_text("body").count("<script>alert(1)</script>") >= 8


@pytest.mark.parametrize("width", [360, 768, 1200])
def test_nothing_sticks_out_sideways(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_finding_stands_at_the_message_it_is_about(page):
    example = page.locator("details.example", has=page.locator("code", has_text="y" * 90)).first
    lines = example.locator("ol.chat > li")
    assert "dates is not as it should be" in lines.nth(0).inner_text()
    assert "y is not as it should be" in lines.nth(1).inner_text()
    assert "mend dates" in lines.nth(0).inner_text()


def test_what_is_new_what_went_and_what_stayed_is_told_apart_in_words(page):
    texts = page.locator(".found > li > b").all_inner_texts()
    assert {"new", "no longer", "as before"} <= {*texts}


def test_a_finding_without_a_message_stands_before_the_chat(page):
    example = page.locator("details.example", has_text="style is not as it should be").first
    assert "style" in example.locator("div > .found").inner_text()
    assert "style" not in example.locator("ol.chat").inner_text()


CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour.slice(0, 3);
    }
  };
  const found = [];
  const walker = document.createTreeWalker(document.querySelector("body"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("svg")) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color).slice(0, 3)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${element.className} ${walker.currentNode.data}`);
  }
  return found;
}"""
"""Texts under WCAG AA's 4.5 to 1."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_light_and_dark(page, scheme):
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate(CONTRAST) == []


def test_a_bar_is_as_long_as_its_number(page):
    page.set_viewport_size({"width": 1200, "height": 900})
    widths = {
        row.locator("th").inner_text(): [bar.bounding_box()["width"] for bar in row.locator(".bar").all()]
        for row in page.locator("table.changes tbody tr").all()
    }
    came, went = widths["dates"]
    assert came == pytest.approx(went, abs=0.5)
    assert len(widths["known_tool"]) == 0


def test_the_chart_of_a_model_checker_is_drawn(page, store, tmp_path):
    made = Replayed("model-page", stage="model", checker="model-checker@3+cccccccc")
    for old in range(11):
        made.opinion(old / 10, 1 - old / 10)
    path = write_replay(diff(store, made.stored(store)), tmp_path / "page.html")
    with contextlib.closing(page.context.browser.new_page()) as other:
        other.goto(path.as_uri())
        box = other.locator("svg").bounding_box()
        assert box["width"] > 200
        assert "with confidence 0.80" in other.inner_html("body")
