"""Bar charts as static SVG that takes its colours and its font from the page around it.

The text stays text, so it can be read aloud, searched and scaled. Colours become CSS variables, so one
drawing serves light and dark. The same numbers give the same bytes.
"""

import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Drawn in these, then replaced by the page's own colours.
_INK = "#010101"
_MUTED = "#020202"
_LINE = "#030303"
_SERIES = ("#040404", "#050505")
_THEME = {
    _INK: "var(--ink)",
    _MUTED: "var(--muted)",
    _LINE: "var(--line)",
    _SERIES[0]: "var(--series-1)",
    _SERIES[1]: "var(--series-2)",
}
_WIDTH = 4.4
"""Inches of 72 points: 317, so that nothing shrinks on a phone."""
_LABEL = (1.6, 2.3)
"""Inches for the labels of horizontal bars: at least, at most."""


@dataclass(frozen=True)
class Series:
    name: str
    values: Sequence[float]


def bars(labels: Sequence[str], series: Sequence[Series], *, name: str) -> str:
    """Horizontal bars, one group a label and one bar a series, each with its value.

    Args:
        name: what the drawing is called; it makes its element ids distinct within the page.

    Returns:
        An `<svg>` element.
    """
    rows = len(labels)
    figure, axes = _figure(0.36 + rows * (0.24 + 0.19 * len(series)) + (0.3 if len(series) > 1 else 0))
    height = 0.76 / len(series)
    for index, (one, colour) in enumerate(zip(series, _SERIES, strict=False)):
        offset = (index - (len(series) - 1) / 2) * height
        places = [row + offset for row in range(rows)]
        axes.barh(places, one.values, height=height * 0.86, color=colour, label=one.name)
        for place, value in zip(places, one.values, strict=True):
            axes.annotate(
                _value(value),
                (value, place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center_baseline",
                color=_INK,
                fontsize=9,
            )
    axes.set_yticks(range(rows), [_clip(label) for label in labels])
    axes.set_ylim(rows - 0.5, -0.5)
    # Room for the value behind the longest bar.
    axes.set_xlim(0, max((value for one in series for value in one.values), default=1) * 1.25 or 1)
    axes.tick_params(axis="y", length=0, labelsize=10, labelcolor=_INK, pad=6)
    axes.xaxis.set_visible(False)
    _spines(axes, visible="left")
    figure_height = figure.get_figheight()
    top = 1 - 0.36 / figure_height if len(series) > 1 else 1 - 0.06 / figure_height
    left = min(_LABEL[1], max(_LABEL[0], 0.085 * max(map(len, labels), default=0)))
    figure.subplots_adjust(left=left / _WIDTH, right=0.99, top=top, bottom=0.06 / figure_height)
    if len(series) > 1:
        figure.legend(
            loc="upper left",
            bbox_to_anchor=(left / _WIDTH - 0.02, 1.0),
            ncols=len(series),
            frameon=False,
            fontsize=9,
            labelcolor=_MUTED,
            handlelength=0.9,
            handleheight=0.9,
            borderaxespad=0,
            columnspacing=1.4,
        )
    return _svg(figure, name, "; ".join(_spoken(labels, one) for one in series))


def columns(labels: Sequence[str], values: Sequence[float], *, name: str, axis: str) -> str:
    """Upright bars over an ordered axis, each with its value; returns an `<svg>` element."""
    figure, axes = _figure(2.5)
    axes.bar(range(len(labels)), values, width=0.86, color=_SERIES[0])
    for place, value in enumerate(values):
        axes.annotate(
            _value(value),
            (place, value),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            color=_INK,
            fontsize=9,
        )
    axes.set_xticks(range(len(labels)), labels)
    axes.set_ylim(0, max(values, default=1) * 1.12 or 1)
    axes.set_xlabel(axis, color=_MUTED, fontsize=9, labelpad=6)
    axes.tick_params(axis="x", length=0, labelsize=9, labelcolor=_INK, pad=5)
    axes.yaxis.set_visible(False)
    _spines(axes, visible="bottom")
    figure.subplots_adjust(left=0.01, right=0.99, top=0.97, bottom=0.22)
    return _svg(figure, name, _spoken(labels, Series(axis, values)))


def _figure(height: float) -> "tuple[Figure, Axes]":
    # Figure alone, without pyplot: no window system, no global state, half the import time.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, height))
    axes = figure.add_subplot()
    for part in (figure.patch, axes.patch):
        part.set_visible(False)
    return figure, axes


def _spines(axes: "Axes", visible: str) -> None:
    for side, spine in axes.spines.items():
        spine.set_visible(side == visible)
        spine.set_color(_LINE)


def _spoken(labels: Sequence[str], series: Series) -> str:
    pairs = (f"{label} {value:,.0f}" for label, value in zip(labels, series.values, strict=True))
    return f"{series.name}: {', '.join(pairs)}"


def _value(value: float) -> str:
    """`9,876`, and from there on `12.3k`, `456k` or `7.89M`."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= 10 * size or (unit == "M" and value >= size):
            return f"{value / size:.3g}{unit}"
    return f"{value:,.0f}"


def _clip(label: str) -> str:
    return label if len(label) <= 27 else label[:26] + "…"


def _svg(figure: "Figure", name: str, summary: str) -> str:
    from matplotlib import rc_context
    from matplotlib.text import Text

    for text in figure.findobj(match=Text):
        assert isinstance(text, Text)
        text.set_parse_math(False)  # A rule's name is no formula, whatever signs are in it.
    out = io.StringIO()
    # Without a salt the ids would be random.
    with rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(out, format="svg", metadata=nothing)
    return _inline(out.getvalue(), name, summary)


def _inline(document: str, name: str, summary: str) -> str:
    """The drawing without what only a file of its own needs, in the page's colours and font."""
    opening = re.search(r'<svg[^>]*viewBox="([^"]*)"[^>]*>', document)
    assert opening is not None, "matplotlib wrote an SVG without a viewBox"
    svg = document[opening.end() :]
    svg = re.sub(r"<metadata>.*?</metadata>|<defs>\s*<style.*?</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' transform="rotate\(-0 [^"]*"', "", svg).replace("xlink:href", "href")
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    # Two drawings on one page must not share ids.
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for drawn, themed in _THEME.items():
        svg = svg.replace(drawn, themed)
    label = html.escape(summary, quote=True)
    return f'<svg class="chart" viewBox="{opening[1]}" role="img" aria-label="{label}">{svg}'
