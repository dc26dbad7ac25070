"""The whole of `genesisfunc run`: read the tools, work, export, report, sum up."""

import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import msgspec
from rich.console import Console
from rich.table import Table

from cli.errors import CommandError
from cli.run import Order, Outcome
from cli.run import run as work
from cli.store import open_store
from consumers.rule_checker.core import tool_errors
from consumers.sampler.importers import Pool, read_tools
from schemas.dialogue import RunSpec, Scenario
from schemas.settings import Settings
from schemas.tools import pool_hash
from sinks.store import Queryable


@dataclass(frozen=True)
class Left:
    """What a run leaves behind."""

    openai: Path
    alpaca: Path
    dialogues: int
    report: Path


def generate(
    *,
    tools: str,
    dialogues: int,
    mix: dict[Scenario, float],
    candidates: int,
    dialogues_per_tool: int,
    slot_strategy: Literal["dynamic", "max", "min"],
    swap_share: float,
    in_flight: int,
    seed: int,
    defect_rate: float,
    settings: Settings,
    as_json: bool,
) -> None:
    began = time.monotonic()
    try:
        pool = read_tools(tools)
    except ValueError as error:
        raise CommandError(f"--tools {tools}: {error}") from error
    pool = sound(pool)
    console = Console(stderr=True)
    for note in pool.notes:
        console.print(f"[dim]tools: {note}[/]", highlight=False, soft_wrap=True)
    if settings.offline:
        console.print(
            "[dim]no endpoint is set, so the offline teacher answers: templated text, not for training[/]",
            highlight=False,
            soft_wrap=True,
        )
    order = Order(
        pool,
        dialogues,
        RunSpec(
            pool=pool_hash(pool.tools),
            seed=seed,
            mix=mix,
            candidates=candidates,
            dialogues_per_tool=dialogues_per_tool,
            slot_strategy=slot_strategy,
            swap_share=swap_share,
            in_flight=in_flight,
        ),
    )
    outcome, used = asyncio.run(work(order, settings, defect_rate=defect_rate))
    with open_store(used) as store:
        try:
            left = leave(store, outcome.status["run_id"], used)
        except CommandError:
            if not outcome.code:
                raise
            left = None  # why the run stopped is the better explanation
        final = final_status(store, outcome, time.monotonic() - began)
    if left is not None:
        summarise(console, final, left, offline=settings.offline)
    if as_json:
        sys.stdout.write(
            msgspec.json.encode(final | ({"files": _files(left)} if left else {})).decode() + "\n"
        )
    if outcome.code:
        raise CommandError(outcome.message, outcome.code)


def sound(pool: Pool) -> Pool:
    """The pool without tools that no dialogue could pass the rules with, and a note about them.

    Raises:
        CommandError: nothing is left.
    """
    errors = {tool.name: found for tool in pool.tools if (found := tool_errors(tool))}
    if not errors:
        return pool
    kept = tuple(tool for tool in pool.tools if tool.name not in errors)
    shown = "; ".join(found[0] for found in list(errors.values())[:3])
    if not kept:
        raise CommandError(f"--tools {pool.source}: no tool has a sound definition: {shown}")
    note = f"{len(errors):,} left out, since no dialogue with them could pass the rules: {shown}"
    more = f" (and {len(errors) - 3:,} more)" if len(errors) > 3 else ""
    return replace(pool, tools=kept, notes=(*pool.notes, note + more))


def final_status(store: Queryable, outcome: Outcome, seconds: float) -> dict[str, Any]:
    from sinks.status import RunNotFound, status

    try:
        return status(store, outcome.status["run_id"]) | {"wall_seconds": round(seconds, 3)}
    except RunNotFound:
        return dict(outcome.status)


def leave(store: Queryable, run_id: str, settings: Settings) -> Left | None:
    """Write the data set and the report of a run; None when it has no event yet."""
    from sinks.accepted import accepted_dialogues
    from sinks.report import write_report
    from sinks.status import RunNotFound
    from trainer.export import ExportError, export

    try:
        exported = export(
            accepted_dialogues(store, run_id), settings.data_dir / "exports" / run_id, run_id=run_id
        )
        report = write_report(store, run_id, settings.data_dir / "reports" / f"{run_id}.html")
    except RunNotFound:
        return None
    except ExportError as error:
        raise CommandError(str(error), 3) from error
    return Left(exported.openai, exported.alpaca, exported.dialogues, report)


def _files(left: Left) -> dict[str, str]:
    return {"openai": str(left.openai), "alpaca": str(left.alpaca), "report": str(left.report)}


def summarise(console: Console, status: Mapping[str, Any], left: Left, *, offline: bool) -> None:
    states = Table.grid(padding=(0, 3))
    for label, key in (
        ("sampled", "sampled"),
        ("accepted", "accepted"),
        ("needs review", "needs_review"),
        ("rejected", "rejected"),
        ("dead", "dead"),
        ("in flight", "in_flight"),
    ):
        states.add_row(
            f"[dim]{label}[/]", f"[bold]{status[key]:,}[/]" if key == "accepted" else f"{status[key]:,}"
        )
    console.print(f"\n[bold]run {status['run_id']}[/]")
    console.print(states)
    console.print(
        "[green]conserved: every sampled dialogue is in exactly one state[/]"
        if status["conserved"]
        else "[bold red]NOT conserved: the states do not add up to what was sampled[/]"
    )
    scenarios = Table(box=None, header_style="dim", padding=(0, 3, 0, 0))
    scenarios.add_column("scenario")
    scenarios.add_column("sampled", justify="right")
    scenarios.add_column("accepted", justify="right")
    for name, counts in status["by_scenario"].items():
        scenarios.add_row(name, f"{counts['sampled']:,}", f"{counts['accepted']:,}")
    console.print(scenarios)
    if status["rejections_by_rule"]:
        worst = list(status["rejections_by_rule"].items())[:5]
        console.print("[dim]failed most:[/] " + ", ".join(f"{rule} {count}" for rule, count in worst))
    llm = status["llm"]
    each = max(1, status["accepted"])
    console.print(
        f"[dim]LLM[/] {llm['calls']:,} calls ({llm['calls'] / each:.1f} an accepted dialogue), "
        f"{llm['prompt_tokens']:,} tokens in, {llm['completion_tokens']:,} out, ${llm['cost_usd']:.2f}, "
        f"{status['seconds']:.1f} s",
        highlight=False,
    )
    if offline:
        console.print("[yellow]text by the offline teacher: templated; real data wants a real model[/]")
    for label, path in (
        ("OpenAI format", left.openai),
        ("Alpaca format", left.alpaca),
        ("report", left.report),
    ):
        console.print(f"[dim]{label}[/] {path}", highlight=False, soft_wrap=True)
