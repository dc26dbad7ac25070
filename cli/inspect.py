"""Commands that look: status, sql, trace, export, report, rules."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from cli.errors import OUTSIDE, SHORTFALL, CommandError
from cli.store import open_store
from schemas.settings import Settings

LOOKS = 5
"""The sink takes one stream after the other, so an end may be stored a second before its beginning. Only
what stays out of balance is lost."""
PIPED_WIDTH = 240
"""Columns where there is no terminal to fit into."""


def _console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=PIPED_WIDTH)


def show_status(settings: Settings, run_id: str | None, as_json: bool) -> None:
    from sinks.status import status

    with open_store(settings) as store:
        found = status(store, run_id)
        for _ in range(LOOKS if store.is_remote else 0):
            if found["conserved"]:
                break
            time.sleep(1)
            found = status(store, run_id)
    if as_json:
        _print_json(found)
    else:
        _show(found)
    if not found["conserved"] or found["conflicts"]:
        raise CommandError(
            f"run {found['run_id']} is not conserved: {found['sampled']} sampled, "
            f"{found['conflicts']} in conflicting states",
            SHORTFALL,
        )


def _show(status: Mapping[str, Any]) -> None:
    console = _console()
    parts = " + ".join(
        f"{status[key]} {key.replace('_', ' ')}"
        for key in ("in_flight", "accepted", "needs_review", "rejected", "dead")
    )
    console.print(f"[bold]run {status['run_id']}[/]  {status['accepted']} of {status['target']} accepted")
    console.print(f"{status['sampled']} sampled = {parts}  [green]✓[/]" if status["conserved"] else parts)
    console.print(_table("scenario", status["by_scenario"], ("sampled", "accepted")))
    if status["rejections_by_rule"]:
        failed = {rule: {"dialogues": count} for rule, count in status["rejections_by_rule"].items()}
        console.print(_table("failed rule", failed, ("dialogues",)))
    if (repairs := status["repairs"])["tried"]:
        console.print(
            f"repaired: {repairs['tried']:,} tried, {repairs['changed']:,} changed, "
            f"{repairs['accepted']:,} accepted"
        )
    sums = ("calls", "failed", "prompt_tokens", "completion_tokens", "cost_usd")
    roles = status["llm"]["by_role"] | {"all": status["llm"]}
    console.print(_table("LLM role", roles, sums))
    console.print(f"[dim]{status['seconds']:.1f} s from the first event to the last[/]")


def _table(title: str, rows: Mapping[str, Mapping[str, Any]], columns: tuple[str, ...]) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 3, 0, 0))
    table.add_column(title)
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right")
    for name, row in rows.items():
        table.add_row(
            name, *(f"{row[c]:,.4f}" if isinstance(row[c], float) else f"{row[c]:,}" for c in columns)
        )
    return table


def run_sql(settings: Settings, statement: str, as_json: bool) -> None:
    with open_store(settings) as store:
        found = store.query(statement)
    if as_json:
        for row in found.rows:
            _print_json(dict(zip(found.columns, row, strict=True)))
        return
    table = Table(box=None, header_style="bold", padding=(0, 3, 0, 0))
    for column in found.columns:
        table.add_column(column, overflow="fold")
    for row in found.rows:
        table.add_row(*(_cell(value) for value in row))
    _console().print(table)


def _cell(value: object) -> str:
    from rich.markup import escape

    return escape(value if isinstance(value, str) else str(value))


def show_trace(settings: Settings, dialogue_id: str, as_json: bool) -> None:
    from rich.markup import escape

    from sinks.trace import trace

    with open_store(settings) as store:
        events = trace(store, dialogue_id)
    if as_json:
        for event in events:
            _print_json(event)
        return
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("s", justify="right")
    for column in ("round", "subject", "by", "what"):
        table.add_column(column, overflow="fold")
    for event in events:
        llm = event["llm"]
        what = escape(event["summary"])
        if llm:
            what = (
                f"[dim]{llm['role']} prompt {llm['prompt_version']}, {llm['model']}: {llm['outcome']}, "
                f"{llm['prompt_tokens']}+{llm['completion_tokens']} tokens, ${llm['cost_usd']:.4f}, "
                f"{llm['latency_s']:.2f} s[/]"
            )
        table.add_row(
            f"{event['since_start_s']:.2f}",
            str(event["round"] or ""),
            event["subject"],
            event["producer"],
            what,
        )
    _console().print(table)


def write_export(settings: Settings, run_id: str | None, to: Path | None) -> None:
    from sinks.accepted import accepted_dialogues
    from sinks.status import resolve_run
    from trainer.export import ExportError, export

    with open_store(settings) as store:
        run_id = resolve_run(store, run_id)
        folder = to or settings.data_dir / "exports" / run_id
        try:
            done = export(accepted_dialogues(store, run_id), folder, run_id=run_id)
        except ExportError as error:
            raise CommandError(str(error), OUTSIDE) from error
    _console().print(
        f"{done.dialogues} dialogues: {done.openai}, {done.alpaca}", highlight=False, soft_wrap=True
    )


def write_html(settings: Settings, run_id: str | None, to: Path | None) -> None:
    from sinks.report import write_report
    from sinks.status import resolve_run

    with open_store(settings) as store:
        run_id = resolve_run(store, run_id)
        try:
            page = to or settings.data_dir / "reports" / f"{run_id}.html"
            path = write_report(store, run_id, page, settings.planted_labels)
        except OSError as error:
            raise CommandError(f"the report cannot be written: {error}", OUTSIDE) from error
    _console().print(str(path), highlight=False, soft_wrap=True)


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
