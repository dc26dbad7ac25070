"""The whole of `genesisfunc run`: read the tools, work, export, report, sum up."""

import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.budget import Budget
from cli.errors import CommandError
from cli.run import Order, Outcome
from cli.run import run as work
from cli.store import open_store
from consumers.rule_checker.core import tool_errors
from consumers.sampler.importers import Pool, read_tools
from schemas.dialogue import RunSpec
from schemas.settings import OFFLINE_MODEL, Price, Settings
from schemas.tools import pool_hash
from sinks.cost import cost_figures
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
    shape: Mapping[str, Any],
    defect_rate: float,
    budget: Budget,
    settings: Settings,
    as_json: bool,
) -> None:
    """Make the dialogues, export them and report.

    Args:
        shape: all of the run's `RunSpec` but its pool.
    """
    began = time.monotonic()
    if settings.offline and set(shape["languages"]) - {"English"}:
        raise CommandError("--languages: the offline teacher writes English only; name a model's endpoint")
    try:
        pool = read_tools(tools)
    except ValueError as error:
        raise CommandError(f"--tools {tools}: {error}") from error
    pool = sound(pool)
    console = Console(stderr=True)
    for note in pool.notes:
        console.print(f"[dim]tools: {escape(note)}[/]", highlight=False, soft_wrap=True)
    if settings.offline:
        console.print(
            "[dim]no endpoint is set, so the offline teacher answers: templated text, not for training[/]",
            highlight=False,
            soft_wrap=True,
        )
    if settings.offline and budget.usd is not None and not settings.prices.get(OFFLINE_MODEL, Price()).known:
        console.print(
            "[dim]the offline teacher is free, so --budget-usd stops nothing; \\[prices.offline-teacher] in "
            "the settings file gives it a price for rehearsal[/]",
            highlight=False,
            soft_wrap=True,
        )
    order = Order(
        pool,
        dialogues,
        RunSpec(pool=pool_hash(pool.tools), **shape),
    )
    outcome, used = asyncio.run(work(order, settings, defect_rate=defect_rate, budget=budget))
    with open_store(used) as store:
        try:
            left = leave(store, outcome.status["run_id"], used)
        except CommandError:
            if not outcome.code:
                raise
            left = None  # why the run stopped is the better explanation
        final = final_status(store, outcome, time.monotonic() - began)
        cost = cost_figures(store, outcome.status["run_id"])
    if left is not None:
        summarise(console, final, cost, left, offline=settings.offline)
    if as_json:
        sys.stdout.write(
            msgspec.json.encode(
                final
                | ({"budget": outcome.budget} if outcome.budget else {})
                | ({"files": _files(left)} if left else {})
            ).decode()
            + "\n"
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
        page = settings.data_dir / "reports" / f"{run_id}.html"
        report = write_report(store, run_id, page, settings.planted_labels)
    except RunNotFound:
        return None
    except ExportError as error:
        raise CommandError(str(error), 3) from error
    return Left(exported.openai, exported.alpaca, exported.dialogues, report)


def _in_short(cost: Mapping[str, Any]) -> str:
    """Calls, tokens and US dollars of a run (`sinks.cost.cost_figures`) in a line."""
    of_calls = []
    if cost["per_accepted"]:
        of_calls.append(f"{cost['per_accepted']['calls']:.1f} an accepted dialogue")
    if cost["naive"]["share"]:
        of_calls.append(f"{cost['naive']['share']:.0%} of the paper's algorithm counted naively")
    calls = f" ({', '.join(of_calls)})" if of_calls else ""
    cached = f" ({cost['cached_share']:.0%} cached)" if cost["cached_tokens"] else ""
    return (
        f"{cost['calls']:,} calls{calls}, {cost['prompt_tokens']:,} tokens in{cached}, "
        f"{cost['completion_tokens']:,} out, ${cost['cost_usd']:,.2f}"
    )


def _files(left: Left) -> dict[str, str]:
    return {"openai": str(left.openai), "alpaca": str(left.alpaca), "report": str(left.report)}


def summarise(
    console: Console, status: Mapping[str, Any], cost: Mapping[str, Any], left: Left, *, offline: bool
) -> None:
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
    if (repairs := status["repairs"])["tried"]:
        console.print(
            f"[dim]repaired:[/] {repairs['tried']:,} tried, {repairs['changed']:,} changed, "
            f"{repairs['accepted']:,} accepted"
        )
    seconds = f"{status['seconds']:.1f} s"
    console.print(f"[dim]LLM[/] {_in_short(cost)}, {seconds}", highlight=False, soft_wrap=True)
    if offline:
        console.print("[yellow]text by the offline teacher: templated; real data wants a real model[/]")
    for label, path in (
        ("OpenAI format", left.openai),
        ("Alpaca format", left.alpaca),
        ("report", left.report),
    ):
        console.print(f"[dim]{label}[/] {path}", highlight=False, soft_wrap=True)
