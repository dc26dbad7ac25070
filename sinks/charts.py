"""Charts as static SVG that takes its colours and its font from the page around it.

The text stays text, so it can be read aloud, searched and scaled. Colours become CSS variables, so one
drawing serves light and dark. The same numbers give the same bytes.
"""

import html
import io
import re
from collections.abc import Callable, Sequence
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
_GROUND = "#060606"
_THEME = {
    _INK: "var(--ink)",
    _MUTED: "var(--muted)",
    _LINE: "var(--line)",
    _SERIES[0]: "var(--series-1)",
    _SERIES[1]: "var(--series-2)",
    _GROUND: "var(--card)",
}
_WIDTH = 4.4
"""Inches of 72 points: 317, so that nothing shrinks on a phone."""
_LABEL = (1.6, 2.3)
"""Inches for the labels of horizontal bars: at least, at most."""

Span = tuple[float, float]
"""The lower and the upper end of an interval."""
Show = Callable[[float], str]


@dataclass(frozen=True)
class Series:
    name: str
    values: Sequence[float]
    spans: Sequence[Span] = ()
    """An interval for each value; none: the values are exact."""


@dataclass(frozen=True)
class Share:
    """What share of some things is so, beside what was said of them."""

    said: float
    share: float
    span: Span
    of: int
    bounds: Span
    """From where to where they were put together."""


@dataclass(frozen=True)
class Difference:
    label: str
    value: float
    span: Span
    marked: bool
    """It is to stand out."""


def count(value: float) -> str:
    """`9,876`, and from there on `12.3k`, `456k` or `7.89M`."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= 10 * size or (unit == "M" and value >= size):
            return f"{value / size:.3g}{unit}"
    return f"{value:,.0f}"


def percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def signed_points(value: float) -> str:
    """A difference of shares in percentage points."""
    return signed(100 * value)


def signed(value: float) -> str:
    text = f"{value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def bars(labels: Sequence[str], series: Sequence[Series], *, name: str, show: Show = count) -> str:
    """Horizontal bars, one group a label and one bar a series, each with its value.

    Args:
        name: what the drawing is called; it makes its element ids distinct within the page.
        show: a value as text.

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
        if one.spans:
            _whiskers(axes, places, one, upright=False)
        for place, value, end in zip(places, one.values, _ends(one), strict=True):
            axes.annotate(
                show(value),
                (end, place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center_baseline",
                color=_INK,
                fontsize=9,
            )
    axes.set_yticks(range(rows), [_clip(label) for label in labels])
    axes.set_ylim(rows - 0.5, -0.5)
    # Room for the value behind the longest bar.
    axes.set_xlim(0, max((end for one in series for end in _ends(one)), default=1) * 1.25 or 1)
    axes.tick_params(axis="y", length=0, labelsize=10, labelcolor=_INK, pad=6)
    axes.xaxis.set_visible(False)
    _spines(axes, visible="left")
    figure_height = figure.get_figheight()
    top = 1 - (0.36 if len(series) > 1 else 0.06) / figure_height
    left = _label_width(labels)
    figure.subplots_adjust(left=left / _WIDTH, right=0.99, top=top, bottom=0.06 / figure_height)
    if len(series) > 1:
        _legend(figure, left / _WIDTH - 0.02, len(series))
    return _svg(figure, name, "; ".join(_spoken(labels, one, show) for one in series))


def columns(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    name: str,
    axis: str,
    show: Show = count,
    line: float | None = None,
) -> str:
    """Upright bars over an ordered axis, one group a label and one bar a series, each with its value.

    Args:
        axis: what the labels are.
        line: a value to compare with, drawn across.

    Returns:
        An `<svg>` element.
    """
    several = len(series) > 1
    figure, axes = _figure(2.8 if several else 2.5)
    width = 0.86 / len(series)
    for index, (one, colour) in enumerate(zip(series, _SERIES, strict=False)):
        places = [row + (index - (len(series) - 1) / 2) * width for row in range(len(labels))]
        axes.bar(places, one.values, width=width * (0.92 if several else 1), color=colour, label=one.name)
        if one.spans:
            _whiskers(axes, places, one, upright=True)
        for place, value, end in zip(places, one.values, _ends(one), strict=True):
            axes.annotate(
                show(value),
                (place, end),
                xytext=(0, 4),
                textcoords="offset points",
                ha="center",
                color=_INK,
                fontsize=8 if several else 9,
            )
    if line is not None:
        axes.axhline(line, color=_INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_xticks(range(len(labels)), labels)
    tops = [end for one in series for end in _ends(one)]
    axes.set_ylim(0, max([*tops, line or 0.0], default=1) * 1.12 or 1)
    axes.set_xlabel(axis, color=_MUTED, fontsize=9, labelpad=6)
    axes.tick_params(axis="x", length=0, labelsize=9, labelcolor=_INK, pad=5)
    axes.yaxis.set_visible(False)
    _spines(axes, visible="bottom")
    figure.subplots_adjust(left=0.01, right=0.99, top=0.86 if several else 0.97, bottom=0.22)
    if several:
        _legend(figure, 0.01, len(series))
    return _svg(figure, name, "; ".join(_spoken(labels, one, show) for one in series))


def differences(of: Sequence[Difference], *, name: str, axis: str, show: Show = signed_points) -> str:
    """A dot with its interval for each difference, over a line at 0; those to stand out are filled.

    Returns:
        An `<svg>` element.
    """
    rows = len(of)
    figure, axes = _figure(0.62 + rows * 0.3)
    for row, one in enumerate(of):
        low, high = one.span
        colour = _INK if one.marked else _MUTED
        axes.plot([low, high], [row, row], color=colour, linewidth=1.6 if one.marked else 1)
        face = colour if one.marked else "none"
        axes.plot(
            [one.value], [row], marker="o", markersize=5.5, markerfacecolor=face, markeredgecolor=colour
        )
    axes.axvline(0, color=_INK, linewidth=1, linestyle=(0, (4, 3)))
    reach = max((abs(end) for one in of for end in one.span), default=1.0) * 1.05 or 1.0
    axes.set_xlim(-reach, reach)
    axes.set_ylim(rows - 0.4, -0.6)
    axes.set_yticks(range(rows), [_clip(one.label) for one in of])
    ticks = [-reach / 1.05, 0, reach / 1.05]
    axes.set_xticks(ticks, [show(tick) for tick in ticks])
    axes.set_xlabel(axis, color=_MUTED, fontsize=9, labelpad=4)
    axes.tick_params(axis="y", length=0, labelsize=10, labelcolor=_INK, pad=6)
    axes.tick_params(axis="x", length=0, labelsize=9, labelcolor=_MUTED, pad=4)
    _spines(axes, visible="bottom")
    height = figure.get_figheight()
    left = _label_width([one.label for one in of])
    figure.subplots_adjust(left=left / _WIDTH, right=0.95, top=1 - 0.06 / height, bottom=0.46 / height)
    spoken = (
        f"{one.label} {show(one.value)}, from {show(one.span[0])} to {show(one.span[1])}"
        f"{', without 0' if one.marked else ''}"
        for one in of
    )
    return _svg(figure, name, f"{axis}: {'; '.join(spoken)}")


def reliability(of: Sequence[Share], *, name: str, threshold: float, axis: str, counts: str) -> str:
    """Shares with their intervals over what was said, where the diagonal is the truth told; below, how many.

    Args:
        threshold: drawn across both parts.
        axis: what was said; in [0, 1], as the shares are.
        counts: what the columns below count.

    Returns:
        An `<svg>` element.
    """
    figure, above = _figure(4.0)
    below = figure.add_subplot()
    below.patch.set_visible(False)
    left, width = 0.115, 0.86
    above.set_position((left, 0.36, width, 0.625))
    below.set_position((left, 0.075, width, 0.165))
    above.plot([0, 1], [0, 1], color=_MUTED, linewidth=1, linestyle=(0, (1, 3)))
    for one in of:
        above.plot([one.said, one.said], list(one.span), color=_SERIES[0], linewidth=1.4)
    above.plot([one.said for one in of], [one.share for one in of], color=_SERIES[0], marker="o", linewidth=0)
    low = [one.bounds[0] for one in of]
    widths = [one.bounds[1] - one.bounds[0] for one in of]
    below.bar(low, [one.of for one in of], width=widths, align="edge", color=_SERIES[1], linewidth=0)
    for one in of:
        below.annotate(
            count(one.of),
            (sum(one.bounds) / 2, one.of),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            color=_INK,
            fontsize=8,
        )
    ticks = [0, 0.25, 0.5, 0.75, 1]
    for axes in (above, below):
        axes.axvline(threshold, color=_INK, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_xlim(-0.02, 1.02)
        axes.tick_params(axis="both", length=0, labelsize=9, labelcolor=_MUTED, pad=5)
        _spines(axes, visible="bottom")
    above.set_ylim(-0.03, 1.03)
    above.set_yticks(ticks, [percent(tick) for tick in ticks])
    above.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    above.set_xlabel(axis, color=_MUTED, fontsize=9, labelpad=2)
    below.set_ylim(0, max((one.of for one in of), default=1) * 1.3)
    below.set_xticks([])
    below.yaxis.set_visible(False)
    below.set_xlabel(counts, color=_MUTED, fontsize=9, labelpad=4)
    spoken = (
        f"said {percent(one.said)}, so {percent(one.share)} of {one.of}, "
        f"from {percent(one.span[0])} to {percent(one.span[1])}"
        for one in of
    )
    return _svg(figure, name, "; ".join(spoken))


def _whiskers(axes: "Axes", places: Sequence[float], series: Series, *, upright: bool) -> None:
    """The intervals as lines with ends, on a rim of the ground's colour: they lie half on the bars."""
    for colour, width, size in ((_GROUND, 3.0, 8), (_INK, 1.0, 6)):
        for place, (low, high) in zip(places, series.spans, strict=True):
            ends, beside = [low, high], [place, place]
            axes.plot(
                *((beside, ends) if upright else (ends, beside)),
                color=colour,
                linewidth=width,
                marker="_" if upright else "|",
                markersize=size,
                markeredgewidth=width,
            )


def _ends(series: Series) -> list[float]:
    """Where the drawing of each value ends: at the value, or at its interval's upper end."""
    if not series.spans:
        return list(series.values)
    return [max(value, high) for value, (_, high) in zip(series.values, series.spans, strict=True)]


def _figure(height: float) -> "tuple[Figure, Axes]":
    # Figure alone, without pyplot: no window system, no global state, half the import time.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, height))
    axes = figure.add_subplot()
    for part in (figure.patch, axes.patch):
        part.set_visible(False)
    return figure, axes


def _legend(figure: "Figure", left: float, columns: int) -> None:
    figure.legend(
        loc="upper left",
        bbox_to_anchor=(left, 1.0),
        ncols=columns,
        frameon=False,
        fontsize=9,
        labelcolor=_MUTED,
        handlelength=0.9,
        handleheight=0.9,
        borderaxespad=0,
        columnspacing=1.4,
    )


def _label_width(labels: Sequence[str]) -> float:
    """Inches."""
    return min(_LABEL[1], max(_LABEL[0], 0.085 * max(map(len, labels), default=0)))


def _spines(axes: "Axes", visible: str) -> None:
    for side, spine in axes.spines.items():
        spine.set_visible(side == visible)
        spine.set_color(_LINE)


def _spoken(labels: Sequence[str], series: Series, show: Show) -> str:
    # A voice has the time for every digit of a count.
    say = (lambda value: f"{value:,.0f}") if show is count else show
    pairs = (f"{label} {say(value)}" for label, value in zip(labels, series.values, strict=True))
    return f"{series.name}: {', '.join(pairs)}"


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
