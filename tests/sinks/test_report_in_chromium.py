"""The report in a real browser: nothing runs, nothing is fetched, nothing sticks out."""

from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Page

from schemas.dialogue import AssistantMessage, UserMessage
from sinks.report import write_report
from tests.browser import in_chromium, opened
from tests.sinks.build import Run, mixed_run
from tests.sinks.test_calibration import checked, labels, opinion
from tests.sinks.test_report import CHARTS, HOSTILE

pytestmark = in_chromium


def hostile_run():
    """A run whose every message tries something."""
    run = mixed_run("hostile-in-a-browser", 20)

    def spoil(message):
        match message:
            case UserMessage() | AssistantMessage(calls=()):
                return msgspec.structs.replace(message, content=f"{HOSTILE} \u202etxt {'long' * 400}")
            case _:
                return message

    spoilt = []
    for each, _ in run.encoded():
        body = each.body
        if hasattr(body, "dialogue") and body.dialogue is not None:
            messages = tuple(spoil(message) for message in body.dialogue.messages)
            changed = msgspec.structs.replace(body.dialogue, messages=messages, type_label=HOSTILE)
            each = msgspec.structs.replace(each, body=msgspec.structs.replace(body, dialogue=changed))
        spoilt.append((each, msgspec.json.encode(each)))
    return spoilt


def test_the_calibration_fits_a_phone_in_both_schemes(store, tmp_path):
    run = Run("calibrated-in-a-browser")
    for index in range(30):
        checked(run, index, *(opinion(f"{HOSTILE}{model}", index / 30, ok=index > 9) for model in "abc"))
    store.insert(run.encoded())
    path = write_report(store, run.run_id, tmp_path / "report.html", labels(tmp_path / "labels", *range(9)))

    with opened(path) as page:
        page.set_viewport_size({"width": 390, "height": 900})
        drawing = page.locator("section[aria-labelledby=checker] svg")
        assert drawing.count() == 1
        assert (drawing.bounding_box() or {})["width"] > 250
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.emulate_media(color_scheme="dark")
        grounds = page.evaluate(
            "[...document.querySelectorAll('section[aria-labelledby=checker] svg path')]"
            ".map(path => getComputedStyle(path).fill)"
        )
        assert "rgb(255, 255, 255)" not in grounds, "no part of the drawing brings a ground of its own"
        assert page.happened == []


@pytest.fixture(scope="module")
def page(store, tmp_path_factory) -> Iterator[Page]:
    store.insert(hostile_run())
    path = write_report(store, "hostile-in-a-browser", tmp_path_factory.mktemp("page") / "report.html")
    with opened(path) as page:
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        yield page


def test_hostile_text_runs_nothing_and_fetches_nothing(page):
    assert page.happened == []
    assert page.locator("script, img, iframe").count() == 0
    assert "<script>alert(1)</script>" in page.inner_text("body")


@pytest.mark.parametrize("width", [390, 768, 1200])
def test_nothing_sticks_out_sideways(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(page, scheme):
    """WCAG AA: 4.5 to 1 between the text's colour and the page's."""
    page.emulate_media(color_scheme=scheme)
    ink, paper = (
        [int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        for colour in page.evaluate(
            "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
        )
    )
    lighter, darker = sorted((luminance(ink), luminance(paper)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def luminance(colour: list[int]) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_chart_is_drawn(page):
    page.set_viewport_size({"width": 1200, "height": 900})
    charts = page.locator("svg")
    assert charts.count() == CHARTS
    for index in range(CHARTS):
        box = charts.nth(index).bounding_box()
        assert box is not None
        assert box["width"] > 200
        assert box["height"] > 50
