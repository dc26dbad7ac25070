"""What a replay changes as one HTML file: the verdicts, the rules behind them, and dialogues to read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from schemas.findings import RuleFinding
from sinks import charts
from sinks.charts import Series
from sinks.page import Chart, fill, write_whole
from sinks.replay_words import in_words
from sinks.replays import CHANGES, VERDICTS, Confusion, Diff, Example, Said, Verdict
from sinks.report import chat
from sinks.trace import shorten

QUANTILES = ("5 %", "25 %", "50 %", "75 %", "95 %")
COLUMNS: tuple[tuple[str, tuple[tuple[Verdict, Verdict], ...]], ...] = (
    ("passes still", (("pass", "pass"),)),
    ("fails now", (("pass", "fail"),)),
    ("passes now", (("fail", "pass"),)),
    ("fails still", (("fail", "fail"),)),
    ("first checked", (("none", "pass"), ("none", "fail"))),
    ("no verdict", tuple((old, "none") for old in VERDICTS)),
)
"""How a dialogue fared, and the cells of the table that say so."""

Since = Literal["new", "still", "gone"]


@dataclass(frozen=True)
class Mark:
    """A finding of the old or the new verdict, or of both."""

    since: Since
    finding: RuleFinding


def write_replay(diff: Diff, path: Path) -> Path:
    """Write the difference as one self-contained HTML page, whole or not at all; returns the path.

    Raises:
        OSError: the file cannot be written.
    """
    page = fill(
        "replay.html.j2",
        {
            "diff": diff,
            "replay": diff.replay,
            "summary": in_words(diff),
            "verdicts": VERDICTS,
            "columns": [name for name, _ in COLUMNS],
            "parts": {
                title: {name: fared(table) for name, table in tables.items()}
                for title, tables in (("state", diff.by_state), ("scenario", diff.by_scenario))
                if tables
            },
            "most": max((max(row.appeared, row.vanished) for row in diff.rules), default=0),
            "charts": [*_charts(diff)],
            "quantiles": QUANTILES,
            "changes": [*_changes(diff)],
        },
    )
    return write_whole(path, page)


def fared(table: Confusion) -> list[int]:
    """Dialogues by how they fared, in the order of `COLUMNS`."""
    return [sum(table.of(*cell) for cell in cells) for _, cells in COLUMNS]


def marks(old: Sequence[RuleFinding], new: Sequence[RuleFinding]) -> list[Mark]:
    """The findings of both verdicts, the new ones first; one in both says the same of the same message."""

    def key(finding: RuleFinding) -> tuple[str, int | None, str]:
        return finding.rule, finding.message, finding.problem

    before, now = {key(one) for one in old}, {key(one) for one in new}
    found = [Mark("still" if key(one) in before else "new", one) for one in new]
    return sorted(
        [*found, *(Mark("gone", one) for one in old if key(one) not in now)],
        key=lambda mark: ("new", "gone", "still").index(mark.since),
    )


def _charts(diff: Diff) -> Iterator[Chart]:
    if confidence := diff.confidence:
        series = [Series("old", confidence.old_tenths), Series("new", confidence.new_tenths)]
        yield Chart(
            "Confidence, old and new",
            f"{confidence.dialogues:,} dialogues that have both, by tenths; the last one includes 1.",
            charts.columns(
                [f"{tenth / 10:g}" for tenth in range(10)],
                series,
                name="confidence",
                axis="confidence from …; the bars count dialogues",
            ),
        )


def _changes(diff: Diff) -> Iterator[dict[str, Any]]:
    """The examples by change."""
    for change, title in CHANGES.items():
        groups = [group for group in diff.groups if group.change == change]
        if groups:
            yield {
                "title": title,
                "groups": [
                    {
                        "rule": group.rule,
                        "dialogues": group.dialogues,
                        "examples": [_example(one) for one in group.examples],
                    }
                    for group in groups
                ],
            }


def _example(example: Example) -> dict[str, Any]:
    """A dialogue as the template shows it, each finding at the line it is about."""
    found = marks(example.old.findings, example.new.findings)
    shown = chat(example.dialogue) if example.dialogue else None
    lines = shown["lines"] if shown else []
    for line in lines:
        line["marks"] = [mark for mark in found if mark.finding.message in line["shows"]]
    placed = {index for line in lines for index in line["shows"]}
    return {
        "id": example.dialogue_id,
        "run_id": example.run_id,
        "title": _title(lines) or "The stored event cannot be read",
        "chat": shown,
        "marks": [mark for mark in found if mark.finding.message not in placed],
        "verdicts": [_verdict("before", example.old), _verdict("now", example.new)],
    }


def _title(lines: Iterable[Mapping[str, Any]]) -> str:
    return next((shorten(line["text"], 120) for line in lines if line["text"]), "")


def _verdict(when: str, said: Said) -> dict[str, Any]:
    words = {"pass": "passed", "fail": "failed", "none": "no verdict" if when == "now" else "not checked"}
    return {
        "when": when,
        "verdict": said.verdict,
        "word": words[said.verdict],
        "confidence": said.confidence,
        "comment": said.comment,
    }
