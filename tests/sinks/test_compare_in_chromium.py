"""The comparison in a real browser, and its two colours for every kind of colour vision."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

import sinks
from sinks.compare import compare
from sinks.compare_page import write_comparison
from sinks.figures import gather
from tests.browser import in_chromium, opened
from tests.sinks.build import mixed_run


@pytest.fixture(scope="module")
def page(store, tmp_path_factory) -> Iterator[Page]:
    names = ("long-" * 12 + "one", "x" * 90)
    for seed, name in enumerate(names):
        store.insert(mixed_run(name, 30, seed).encoded())
    comparison = compare(*(gather(store, name) for name in names))
    path = write_comparison(comparison, tmp_path_factory.mktemp("page") / "compare.html")
    with opened(path) as page:
        assert page.happened == []
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        yield page


@in_chromium
@pytest.mark.parametrize("width", [390, 768, 1200])
def test_nothing_sticks_out_sideways(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@in_chromium
def test_every_chart_is_drawn(page):
    page.set_viewport_size({"width": 1200, "height": 900})
    boxes = [chart.bounding_box() for chart in page.locator("svg").all()]
    assert len(boxes) == 12
    assert all(box["width"] > 200 and box["height"] > 50 for box in boxes)


# What is left of a colour, in linear RGB, without one kind of cone (Viénot, Brettel and Mollon 1999),
# and in grey print.
SEEN = {
    "all": np.eye(3),
    "protanopia": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
    "deuteranopia": np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
    "grey": np.tile([0.2126, 0.7152, 0.0722], (3, 1)),
}


def palettes() -> list[tuple[str, str]]:
    css = (Path(sinks.__file__).parent / "templates" / "compare.css").read_text()
    return re.findall(r"--series-1: (#\w{6}); --series-2: (#\w{6})", css)


def lab(colour: str, seen: np.ndarray) -> np.ndarray:
    """CIELAB of a colour as it is seen."""
    rgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    relative = to_xyz @ np.clip(seen @ linear, 0, 1) / to_xyz.sum(axis=1)
    f = np.where(relative > 0.008856, np.cbrt(relative), 7.787 * relative + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", SEEN)
@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_a_and_b_are_told_apart_by_everyone(palette, vision):
    """Distance in CIELAB, in which 2 can just be seen."""
    a, b = (lab(colour, SEEN[vision]) for colour in palette)
    assert np.linalg.norm(a - b) > (14 if vision == "grey" else 40)
