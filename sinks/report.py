"""A run as one HTML file: figures, charts, statistics, and dialogues to read.

The file needs no network and no script, and a policy in its head forbids both: what models and tools
wrote is shown as text, whatever it says.
"""

import hashlib
import heapq
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from schemas.dialogue import AssistantMessage, Dialogue, RunSpec, Scenario, ToolMessage, UserMessage
from schemas.events import Dead, Envelope, ReviewNeeded, ReviewRejected, decode
from sinks import charts
from sinks.accepted import accepted_dialogues
from sinks.sql import load
from sinks.statistics import BINS, Statistics, describe
from sinks.status import resolve_run, status
from sinks.store import Queryable

if TYPE_CHECKING:
    from jinja2 import Environment

SAMPLES_PER_SCENARIO = 2
FAILURES_PER_KIND = 3
RULES_SHOWN = 10

_TEMPLATES = Path(__file__).parent / "templates"


def write_report(store: Queryable, run_id: str | None, path: Path) -> Path:
    """Write the report of a run; None is the run with the newest event.

    The file appears whole or not at all. The same events give the same file.

    Returns:
        The path.

    Raises:
        RunNotFound: the store holds no event of the run.
        OSError: the file cannot be written.
    """
    page = render(store, resolve_run(store, run_id))
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(page)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
    return path


def render(store: Queryable, run_id: str) -> str:
    """The report as HTML text; see `write_report`."""
    run = status(store, run_id)
    funnel = store.query(load("funnel"), {"run_id": run_id}).dicts()[0]
    made_by = store.query(load("provenance"), {"run_id": run_id}).dicts()[0]
    samples = Samples(SAMPLES_PER_SCENARIO)
    statistics = describe(samples.watch(accepted_dialogues(store, run_id)))
    failures = [
        failure(decode(payload))
        for (payload,) in store.query(load("failures"), {"run_id": run_id, "each": FAILURES_PER_KIND}).rows
    ]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            run=run,
            made_by=made_by,
            spec=samples.spec,
            charts=draw(run, funnel, statistics),
            statistics=statistics,
            samples=[chat(dialogue) for dialogue in samples.chosen()],
            failures=failures,
        )
    )


@dataclass
class Samples:
    """Keeps a few dialogues of each scenario: those whose ids hash lowest, so neither first nor last."""

    each: int
    spec: RunSpec | None = None
    _kept: dict[Scenario, list[tuple[int, str, Dialogue]]] = field(default_factory=dict)

    def watch(self, dialogues: Iterable[Dialogue]) -> Iterator[Dialogue]:
        """Pass the dialogues on, keeping some."""
        for dialogue in dialogues:
            self.spec = self.spec or dialogue.spec
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
    """A dialogue as the template shows it: who says what, and each call with its result."""
    results = {
        message.call_id: message.content for message in dialogue.messages if isinstance(message, ToolMessage)
    }
    lines: list[dict[str, Any]] = []
    for message in dialogue.messages:
        match message:
            case UserMessage(content=content):
                lines.append({"by": "user", "text": content})
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
                lines.append({"by": "assistant", "text": content, "calls": shown})
            case ToolMessage():
                pass  # shown with its call
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


def draw(run: dict[str, Any], funnel: dict[str, int], statistics: Statistics) -> list[dict[str, str]]:
    """The charts as {title, note, svg}; one without data is left out."""
    drawn: list[dict[str, str]] = []

    def add(title: str, note: str, svg: str) -> None:
        drawn.append({"title": title, "note": note, "svg": svg})

    scenarios = [str(scenario) for scenario in Scenario if str(scenario) in run["by_scenario"]]
    if scenarios:
        add(
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
    add(
        "How far dialogues came",
        "Dialogues that passed each stage.",
        charts.bars(
            ("sampled", "written, judged", "passed the rules", "passed the model", "accepted"),
            [charts.Series("dialogues", [*funnel.values(), run["accepted"]])],
            name="funnel",
        ),
    )
    if sum(statistics.slot_filling):
        edges = [index / BINS for index in range(BINS + 1)]
        add(
            "Slot-filling ratio",
            "Arguments given over parameters of the tool, for each call of an accepted dialogue.",
            charts.columns(
                [f"{low:g}–{high:g}" for low, high in pairwise(edges)],
                statistics.slot_filling,
                name="slots",
                axis="ratio; the bars count calls",
            ),
        )
    if rules := list(run["rejections_by_rule"].items())[:RULES_SHOWN]:
        add(
            "What the rules found",
            "Dialogues the rule checker failed, by rule; one dialogue can break several.",
            charts.bars(
                [rule for rule, _ in rules],
                [charts.Series("dialogues", [dialogues for _, dialogues in rules])],
                name="rules",
            ),
        )
    if roles := run["llm"]["by_role"]:
        add(
            "LLM calls by role",
            "Failed calls were asked again.",
            charts.bars(
                list(roles),
                [charts.Series(key, [role[key] for role in roles.values()]) for key in ("calls", "failed")],
                name="calls",
            ),
        )
        add(
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
    return drawn


def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    environment.filters["duration"] = _duration
    # Only for drawings of `charts`, whose every label has been escaped.
    environment.filters["drawing"] = Markup
    return environment


def _number(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _duration(seconds: float) -> str:
    """`45 s`, `3 min 20 s` or `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


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
