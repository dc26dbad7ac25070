"""The comparison of two runs as one HTML file. A and B have the same colours in every figure."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from schemas.dialogue import SPECIAL_KINDS
from sinks import charts
from sinks.charts import Difference, Series
from sinks.compare import Comparison, Row, Value, same_lists, shown, shown_difference, shown_interval
from sinks.figures import switched_off
from sinks.intervals import Interval
from sinks.page import Chart, fill, percent, write_whole
from sinks.statistics import BIN_LABELS, count_histogram

LEGEND = 24
"""Characters of a legend's entry."""
GLANCED = (
    "accepted",
    "passed_rules",
    "passed_model",
    "given_up",
    "call_filling",
    "table_filling",
    "dependent",
    "failure_planned",
    "errors",
    "parallel",
    "ties",
    "declined",
    "agreed",
)
"""Shares whose differences are drawn together; those of few choices would squeeze the rest."""


def write_comparison(comparison: Comparison, path: Path) -> Path:
    """Write the comparison as one self-contained HTML page, whole or not at all; returns the path.

    Raises:
        OSError: the file cannot be written.
    """
    page = fill(
        "compare.html.j2",
        {
            "comparison": comparison,
            "sides": [
                {
                    "name": name,
                    "figures": figures,
                    "without": switched_off(figures.spec) if figures.spec else (),
                }
                for name, figures in zip(comparison.names, (comparison.a, comparison.b), strict=True)
            ],
            "charts": {section: [*drawn] for section, drawn in _charts(comparison).items()},
            "shown": shown,
            "shown_difference": shown_difference,
            "shown_interval": shown_interval,
        },
    )
    return write_whole(path, page)


def _charts(comparison: Comparison) -> dict[str, Iterator[Chart]]:
    """The charts by the title of their section."""
    return {
        "": _summary(comparison),
        "From sample to data set": _outcome_charts(comparison),
        "Variety": _variety_charts(comparison),
        "Shape of the accepted dialogues": _shape_charts(comparison),
        "Tools of the pool": _tools_charts(comparison),
        "The judge": _judge_charts(comparison),
        "What the rules found": _rules_charts(comparison),
        "Cost": _cost_charts(comparison),
    }


def _summary(comparison: Comparison) -> Iterator[Chart]:
    found = [
        Difference(row.label, row.difference, row.interval, row.differs)
        for row in comparison.rows
        if row.key in GLANCED and row.interval is not None and row.difference is not None
    ]
    if found:
        yield Chart(
            "Differences of shares",
            "B minus A in percentage points, with 95 % intervals; filled where the interval leaves out 0.",
            charts.differences(found, name="differences", axis="percentage points, B minus A"),
        )


def _legend(comparison: Comparison) -> tuple[str, str]:
    return f"A {comparison.a.run_id}"[:LEGEND], f"B {comparison.b.run_id}"[:LEGEND]


def _pair(comparison: Comparison, a: Sequence[float], b: Sequence[float]) -> list[Series]:
    return [Series(name, values) for name, values in zip(_legend(comparison), (a, b), strict=True)]


def _of_rows(comparison: Comparison, rows: Sequence[Row], *, spans: bool = False) -> list[Series]:
    """The values of the rows, with the intervals of shares where wanted."""

    def series(name: str, values: Sequence[Value]) -> Series:
        intervals = [value.interval or Interval(value.value or 0.0, value.value or 0.0) for value in values]
        return Series(name, [value.value or 0.0 for value in values], intervals if spans else ())

    one, other = _legend(comparison)
    return [series(one, [row.a for row in rows]), series(other, [row.b for row in rows])]


def _named(comparison: Comparison, *keys: str) -> list[Row]:
    """The rows of these keys in which both runs have a value."""
    rows = {row.key: row for row in comparison.rows}
    return [
        row
        for key in keys
        if (row := rows.get(key)) is not None and row.a.value is not None and row.b.value is not None
    ]


def _outcome_charts(comparison: Comparison) -> Iterator[Chart]:
    if rows := _named(comparison, "accepted", "passed_rules", "passed_model"):
        yield Chart(
            "Passed",
            "Shares with 95 % intervals; see the table for of what.",
            charts.bars(
                [row.label for row in rows],
                _of_rows(comparison, rows, spans=True),
                name="passed",
                show=charts.percent,
            ),
        )


def _variety_charts(comparison: Comparison) -> Iterator[Chart]:
    keys = (
        "distinct_in_cluster",
        "type_evenness",
        "distinct_requests",
        "distinct_1",
        "distinct_2",
        "distinct_3",
    )
    if rows := _named(comparison, *keys):
        yield Chart(
            "Distinct",
            f"On {comparison.drawn:,} dialogues of each run; 1 where nothing comes twice.",
            charts.bars(
                [row.label for row in rows],
                _of_rows(comparison, rows),
                name="distinct",
                show=lambda value: f"{value:.3f}",
            ),
        )


def _shape_charts(comparison: Comparison) -> Iterator[Chart]:
    if rows := _named(comparison, "turns", "tasks", "tools_on_table", "tools_called", "calls"):
        yield Chart(
            "Means",
            "Turns of multi-turn dialogues, tasks of multi-task ones, the others of all.",
            charts.bars(
                [row.label for row in rows],
                _of_rows(comparison, rows),
                name="means",
                show=lambda value: f"{value:.2f}",
            ),
        )
    a, b = comparison.a.statistics, comparison.b.statistics
    for title, name, note, bins_a, bins_b in (
        ("Slot-filling ratio of calls", "slots", "Share of the calls.", a.call_filling, b.call_filling),
        (
            "Slot-filling ratio of dialogues",
            "table-slots",
            "Over all parameters of all tools on the table; share of the dialogues with calls.",
            a.table_filling,
            b.table_filling,
        ),
    ):
        if sum(bins_a) and sum(bins_b):
            yield Chart(
                title,
                note,
                charts.columns(
                    BIN_LABELS,
                    _pair(comparison, _shares(bins_a), _shares(bins_b)),
                    name=name,
                    axis="ratio",
                    show=charts.percent,
                ),
            )
    if a.special_kinds and b.special_kinds:
        yield Chart(
            "Special dialogues",
            "Accepted ones, by what makes them special.",
            charts.bars(
                [str(kind).replace("_", " ") for kind in SPECIAL_KINDS],
                _pair(comparison, [*a.special_kinds.values()], [*b.special_kinds.values()]),
                name="kinds",
            ),
        )


def _tools_charts(comparison: Comparison) -> Iterator[Chart]:
    a, b = comparison.a.coverage, comparison.b.coverage
    if a is None or b is None:
        return
    top = max(a.most, b.most)
    one, other = count_histogram(a.counts, top), count_histogram(b.counts, top)
    yield Chart(
        "Dialogues of a tool",
        "How many of the pool's tools are a target of so many accepted dialogues, in percent.",
        charts.columns(
            [*one],
            _pair(comparison, _shares([*one.values()]), _shares([*other.values()])),
            name="coverage",
            axis="accepted dialogues; the bars are percent of the tools",
            show=lambda value: f"{100 * value:.0f}",
        ),
    )


def _judge_charts(comparison: Comparison) -> Iterator[Chart]:
    for one, other in same_lists(comparison.a, comparison.b):
        yield Chart(
            "Where the winner stood",
            "Share of the choices without ties that each place in the list won, with 95 % intervals. A judge "
            f"without a liking for a place keeps to the line at 1/{one.candidates}.",
            charts.columns(
                [str(place) for place in range(1, one.candidates + 1)],
                [
                    Series(name, choices.win_shares, choices.win_intervals)
                    for name, choices in zip(_legend(comparison), (one, other), strict=True)
                ],
                name="places",
                axis="place in the list",
                show=charts.percent,
                line=1 / one.candidates,
            ),
        )


def _rules_charts(comparison: Comparison) -> Iterator[Chart]:
    rows = [row for row in comparison.rows if row.key.startswith("rule_") and row.difference is not None]
    if rows:
        yield Chart(
            "Failed a rule",
            "Share of the dialogues checked by the rules, with 95 % intervals.",
            charts.bars(
                [row.label for row in rows],
                _of_rows(comparison, rows, spans=True),
                name="rules",
                show=lambda value: percent(value),
            ),
        )


def _cost_charts(comparison: Comparison) -> Iterator[Chart]:
    sides = comparison.a.status, comparison.b.status
    if not all(side["accepted"] for side in sides):
        return
    roles = sorted({role for side in sides for role in side["llm"]["by_role"]})
    for title, name, keys in (
        ("LLM calls an accepted dialogue", "calls", ("calls",)),
        ("Tokens an accepted dialogue", "tokens", ("prompt_tokens", "completion_tokens")),
    ):
        values = [
            [_sum(side["llm"]["by_role"].get(role, {}), keys) / side["accepted"] for role in roles]
            for side in sides
        ]
        show = charts.count if name == "tokens" else (lambda value: f"{value:.1f}")
        if roles:
            yield Chart(
                title, "By role.", charts.bars(roles, _pair(comparison, *values), name=name, show=show)
            )


def _sum(row: Mapping[str, float], keys: Sequence[str]) -> float:
    return sum(row.get(key, 0) for key in keys)


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]
