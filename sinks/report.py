"""A run as one HTML file: figures, charts, statistics, and dialogues to read."""

import hashlib
import heapq
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from schemas.dialogue import AssistantMessage, Dialogue, Scenario, ToolMessage, UserMessage
from schemas.events import Dead, Envelope, ReviewNeeded, ReviewRejected, decode
from sinks import charts
from sinks.calibration import Checking, checking
from sinks.cost import cost_figures
from sinks.figures import Figures, gather, switched_off, wishes
from sinks.page import Chart, fill, write_whole
from sinks.sql import load
from sinks.statistics import BIN_LABELS, count_histogram
from sinks.status import resolve_run
from sinks.store import Queryable

SAMPLES_PER_SCENARIO = 2
FAILURES_PER_KIND = 3
RULES_SHOWN = 10
CLUSTERS_SHOWN = 5
LANGUAGES_SHOWN = 10


def write_report(store: Queryable, run_id: str | None, path: Path, labels: Path | None = None) -> Path:
    """Write the report of a run; None is the run with the newest event.

    The file appears whole or not at all. The same events and labels give the same file.

    Args:
        labels: the offline teacher's label file, for how well the model checker does; see `checking`.

    Returns:
        The path.

    Raises:
        RunNotFound: the store holds no event of the run.
        OSError: the file cannot be written, or the labels not be read.
    """
    return write_whole(path, render(store, resolve_run(store, run_id), labels))


def render(store: Queryable, run_id: str, labels: Path | None = None) -> str:
    """The report as HTML text; see `write_report`."""
    samples = Samples(SAMPLES_PER_SCENARIO)
    figures = gather(store, run_id, samples.watch)
    failures = [
        failure(decode(payload))
        for (payload,) in store.query(load("failures"), {"run_id": run_id, "each": FAILURES_PER_KIND}).rows
    ]
    checks = checking(store, run_id, labels)
    return fill(
        "report.html.j2",
        {
            "run": figures.status,
            "made_by": figures.made_by,
            "request": figures.request,
            "wishes": wishes(figures.spec) if figures.spec else {},
            "without": switched_off(figures.spec) if figures.spec else (),
            "charts": draw(figures) | {"checking": [*_checking(checks)]},
            "statistics": figures.statistics,
            "poor_clusters": poorest(figures.statistics.cluster_variety),
            "coverage": figures.coverage,
            "judging": figures.judging,
            "checks": checks,
            "cost": cost_figures(store, run_id),
            "samples": [chat(dialogue) for dialogue in samples.chosen()],
            "failures": failures,
        },
    )


def poorest(clusters: Mapping[str, tuple[int, int]]) -> list[tuple[str, int, int]]:
    """The clusters whose dialogues have the fewest types for their number: name, types, dialogues."""
    repeating = [(name, types, of) for name, (types, of) in clusters.items() if types < of]
    return sorted(repeating, key=lambda one: (one[1] / one[2], -one[2], one[0]))[:CLUSTERS_SHOWN]


@dataclass
class Samples:
    """Keeps a few dialogues of each scenario: those whose ids hash lowest, so neither first nor last."""

    each: int
    _kept: dict[Scenario, list[tuple[int, str, Dialogue]]] = field(default_factory=dict)

    def watch(self, dialogues: Iterable[Dialogue]) -> Iterator[Dialogue]:
        """Pass the dialogues on, keeping some."""
        for dialogue in dialogues:
            kept = self._kept.setdefault(dialogue.scenario, [])
            digest = int.from_bytes(hashlib.sha256(dialogue.id.encode()).digest()[:8])
            # The heap's top is the kept one to give up first, hence the minus.
            heapq.heappush(kept, (-digest, dialogue.id, dialogue))
            if len(kept) > self.each:
                heapq.heappop(kept)
            yield dialogue

    def chosen(self) -> list[Dialogue]:
        """Those kept, scenario by scenario."""
        return [
            dialogue
            for scenario in Scenario
            for _, _, dialogue in sorted(self._kept.get(scenario, ()), reverse=True)
        ]


def chat(dialogue: Dialogue) -> dict[str, Any]:
    """A dialogue as the template shows it: who says what, each call with its result, and which messages (by
    their index) a line shows."""
    results = {
        message.call_id: message.content for message in dialogue.messages if isinstance(message, ToolMessage)
    }
    lines: list[dict[str, Any]] = []
    for index, message in enumerate(dialogue.messages):
        match message:
            case UserMessage(content=content):
                lines.append({"by": "user", "text": content, "shows": [index]})
            case AssistantMessage(calls=calls, content=content):
                shown = [
                    {
                        "name": call.name,
                        "given": _one_line(call.arguments),
                        "arguments": _pretty(call.arguments),
                        "result": _pretty_text(results.get(call.id, "")),
                    }
                    for call in calls
                ]
                lines.append({"by": "assistant", "text": content, "calls": shown, "shows": [index]})
            case ToolMessage() if lines:
                lines[-1]["shows"].append(index)  # with its call
    return {
        "id": dialogue.id,
        "scenario": str(dialogue.scenario),
        "type_label": dialogue.type_label,
        "tools": [tool.name for tool in dialogue.tools],
        "turns": dialogue.user_turns,
        "calls": len(dialogue.calls),
        "lines": lines,
    }


def failure(event: Envelope) -> dict[str, Any]:
    """A dialogue that was not accepted: what became of it and why."""
    match event.body:
        case ReviewNeeded(dialogue=dialogue, reasons=reasons):
            return {"state": "needs review", "reasons": reasons, "chat": chat(dialogue)}
        case ReviewRejected(dialogue=dialogue, reasons=reasons):
            return {"state": "rejected", "reasons": reasons, "chat": chat(dialogue)}
        case Dead(stage=stage, error=error, deliveries=deliveries, dialogue=found):
            reason = f"{stage} gave up after {deliveries} tries: {error}"
            return {"state": "dead", "reasons": (reason,), "chat": chat(found) if found else None}
        case body:
            raise TypeError(f"{type(body).__name__} ends no dialogue")


def draw(figures: Figures) -> dict[str, list[Chart]]:
    """The charts by the section of the page they are in; one without data is left out."""
    return {
        "outcome": [*_outcome(figures)],
        "shape": [*_shape(figures)],
        "tools": [*_tools(figures)],
        "judge": [*_judge(figures)],
        "models": [*_models(figures)],
    }


def _outcome(figures: Figures) -> Iterator[Chart]:
    run, funnel = figures.status, figures.funnel
    scenarios = [str(scenario) for scenario in Scenario if str(scenario) in run["by_scenario"]]
    if scenarios:
        yield Chart(
            "Scenarios",
            "Turns first, tasks second: single-multi is one turn with several tasks.",
            charts.bars(
                scenarios,
                [
                    charts.Series(key, [run["by_scenario"][scenario][key] for scenario in scenarios])
                    for key in ("sampled", "accepted")
                ],
                name="scenarios",
            ),
        )
    stages = {
        "sampled": funnel["sampled"],
        "written, judged": funnel["written"],
        "passed the rules": funnel["passed_rules"],
        "passed the model": funnel["passed_model"],
        "accepted": run["accepted"],
    }
    note = "Dialogues that passed each stage."
    if not figures.held_back:
        del stages["passed the model"]
        note += " Without evaluation the rules held nothing back, and no model checked."
    yield Chart(
        "How far dialogues came",
        note,
        charts.bars([*stages], [charts.Series("dialogues", [*stages.values()])], name="funnel"),
    )
    if rules := list(run["rejections_by_rule"].items())[:RULES_SHOWN]:
        yield Chart(
            "What the rules found",
            "Dialogues the rule checker failed, by rule; one dialogue can break several.",
            charts.bars(
                [rule for rule, _ in rules],
                [charts.Series("dialogues", [dialogues for _, dialogues in rules])],
                name="rules",
            ),
        )


def _shape(figures: Figures) -> Iterator[Chart]:
    statistics = figures.statistics
    if kinds := statistics.special_kinds:
        yield Chart(
            "Special dialogues",
            "Accepted ones, by what makes them special.",
            charts.bars(
                [kind.replace("_", " ") for kind in kinds],
                [charts.Series("dialogues", [*kinds.values()])],
                name="kinds",
            ),
        )
    if sum(statistics.call_filling):
        yield Chart(
            "Slot-filling ratio of calls",
            "Arguments given over parameters of the tool, for each call.",
            charts.columns(
                BIN_LABELS,
                [charts.Series("calls", statistics.call_filling)],
                name="slots",
                axis="ratio; the bars count calls",
            ),
        )
    if sum(statistics.table_filling):
        yield Chart(
            "Slot-filling ratio of dialogues",
            "Parameters that got a value in some call, over all parameters of all tools on the table. "
            "The sampler aims at even bars.",
            charts.columns(
                BIN_LABELS,
                [charts.Series("dialogues", statistics.table_filling)],
                name="table-slots",
                axis="ratio; the bars count dialogues with calls",
            ),
        )
    if len(statistics.languages) > 1:
        languages = dict(list(statistics.languages.items())[:LANGUAGES_SHOWN])
        yield Chart(
            "Languages",
            "Accepted dialogues by the user's language.",
            charts.bars([*languages], [charts.Series("dialogues", [*languages.values()])], name="languages"),
        )


def _tools(figures: Figures) -> Iterator[Chart]:
    if coverage := figures.coverage:
        histogram = count_histogram(coverage.counts, coverage.most)
        yield Chart(
            "Dialogues of a tool",
            "How many tools of the pool are a target of so many accepted dialogues.",
            charts.columns(
                [*histogram],
                [charts.Series("tools", [*histogram.values()])],
                name="coverage",
                axis="accepted dialogues; the bars count tools",
            ),
        )


def _judge(figures: Figures) -> Iterator[Chart]:
    if choices := figures.judging.usual:
        yield Chart(
            "Where the winner stood",
            "Share of the choices that each place in the list won, with 95 % intervals. The order is drawn "
            f"anew each time: a judge that has no favourite place keeps to the line, 1/{choices.candidates}.",
            charts.columns(
                [str(place) for place in range(1, choices.candidates + 1)],
                [charts.Series("share of choices won", choices.win_shares, choices.win_intervals)],
                name="places",
                axis=f"place in the list; {choices.decided:,} choices with a sole winner",
                show=charts.percent,
                line=1 / choices.candidates,
            ),
        )


def _checking(checks: Checking) -> Iterator[Chart]:
    if checks.committee is not None and (bins := checks.committee.bins):
        yield Chart(
            "Confidence and truth",
            "Dots: the share of sound dialogues among those of like confidence, with 95 % intervals. "
            "On the dotted diagonal, of those with confidence 0.8 just 80 % are sound; under it the models "
            f"are too sure, over it not sure enough. The dashed line is the threshold, {checks.threshold:g}.",
            charts.reliability(
                [
                    charts.Share(each.confidence, each.share, each.interval, each.of, (each.low, each.high))
                    for each in bins
                ],
                name="calibration",
                threshold=checks.threshold,
                axis="confidence; upwards the share that is sound",
                counts="dialogues of that confidence",
            ),
        )


def _models(figures: Figures) -> Iterator[Chart]:
    if roles := figures.status["llm"]["by_role"]:
        yield Chart(
            "LLM calls by role",
            "Failed calls were asked again.",
            charts.bars(
                list(roles),
                [charts.Series(key, [role[key] for role in roles.values()]) for key in ("calls", "failed")],
                name="calls",
            ),
        )
        yield Chart(
            "Tokens by role",
            "Read and written, failed calls included.",
            charts.bars(
                list(roles),
                [
                    charts.Series("read", [role["prompt_tokens"] for role in roles.values()]),
                    charts.Series("written", [role["completion_tokens"] for role in roles.values()]),
                ],
                name="tokens",
            ),
        )


def _one_line(arguments: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _pretty_text(content: str) -> str:
    """JSON text laid out for reading; anything else as it is."""
    try:
        return _pretty(msgspec.json.decode(content))
    except msgspec.DecodeError:
        return content
