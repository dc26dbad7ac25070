"""`genesisfunc replay diff` and `replay list`: what replays found, on the terminal and as a page."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cli.errors import OUTSIDE, CommandError
from cli.store import open_store
from schemas.settings import Settings
from sinks.replay_page import COLUMNS, fared, write_replay
from sinks.replay_words import as_json, in_words, replay_json
from sinks.replays import (
    VERDICTS,
    Confusion,
    Diff,
    Replay,
    ReplayNotFound,
    diff,
    replays,
)

PIPED_WIDTH = 160
"""Columns where there is no terminal to fit into."""
RULES_SHOWN = 20


def show_diff(settings: Settings, name: str, to: Path | None, examples: int, json: bool) -> None:
    """Old verdicts against a replay's new ones.

    Args:
        to: the page; None: `reports/replay-NAME.html` in the data folder.
        examples: dialogues to read of each change and rule.
    """
    with open_store(settings) as store:
        try:
            found = diff(store, name, examples)
        except ReplayNotFound as error:
            raise CommandError(str(error)) from error
    path = to or settings.data_dir / "reports" / f"replay-{re.sub(r'[^A-Za-z0-9_-]', '_', name)}.html"
    try:
        write_replay(found, path)
    except OSError as error:
        raise CommandError(f"the page cannot be written: {error}", OUTSIDE) from error
    if json:
        _print_json(as_json(found) | {"file": str(path)})
    else:
        _show(found, path)


def show_list(settings: Settings, json: bool) -> None:
    """Every replay, the newest first."""
    with open_store(settings) as store:
        known = replays(store)
    if json:
        _print_json({"replays": [replay_json(replay) for replay in known]})
        return
    console = _console()
    if not known:
        console.print("There is no replay yet; `genesisfunc replay start NAME` makes one.", highlight=False)
        return
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("replay", overflow="fold")
    for name in ("started", "checker", "checked", ""):
        table.add_column(name, no_wrap=True)
    for replay in known:
        table.add_row(
            escape(replay.name),
            f"{replay.started_at:%Y-%m-%d}",
            escape(replay.checker),
            f"{replay.checked:,} of {replay.dialogues:,}",
            _stands(replay),
        )
    console.print(table)


def _stands(replay: Replay) -> str:
    if replay.promoted_at is not None:
        return "[green]promoted[/]"
    return "complete" if replay.complete else "[yellow]not finished[/]"


def _show(found: Diff, path: Path) -> None:
    console = _console()
    replay = found.replay
    console.print(f"[bold]replay {escape(replay.name)}[/]  {escape(replay.checker)}", highlight=False)
    for producer, count in found.producers.items():
        console.print(f"[dim]instead of[/] {escape(producer)} [dim]({count:,})[/]", highlight=False)
    if not replay.complete:
        console.print(
            f"[yellow]not finished:[/] {replay.checked:,} of {replay.dialogues:,} dialogues are checked; the "
            "same `genesisfunc replay start` goes on",
            highlight=False,
        )
    elif replay.promoted_at is not None:
        console.print(f"[green]promoted[/] on {replay.promoted_at:%Y-%m-%d %H:%M} UTC", highlight=False)
    console.print(f"\n{escape(in_words(found))}\n", highlight=False)
    console.print(_verdicts(found.all))
    for title, tables in (("state", found.by_state), ("scenario", found.by_scenario)):
        if tables:
            console.print()
            console.print(_parts(title, tables))
    if found.rules:
        console.print()
        console.print(_rules(found))
        if len(found.rules) > RULES_SHOWN:
            console.print(f"[dim]and {len(found.rules) - RULES_SHOWN} more rules, all on the page[/]")
    if found.confidence:
        console.print()
        console.print(_confidence(found))
    for fault in found.faults:
        console.print(
            f"\n[red]a rule raised[/] (dialogues: {fault.dialogues:,}): {escape(fault.example)}",
            highlight=False,
        )
    if found.failures:
        console.print()
        table = _table("no verdict", ("dialogues",))
        for failure in found.failures:
            table.add_row(escape(failure.reason), f"{failure.dialogues:,}")
        console.print(table)
    console.print(f"\n[dim]page[/] {escape(str(path))}", highlight=False, soft_wrap=True)


def _verdicts(of: Confusion) -> Table:
    table = _table("", ("passes now", "fails now", "no verdict"))
    colours = {("pass", "fail"): "red", ("fail", "pass"): "green"}
    for old, words in zip(VERDICTS, ("passed before", "failed before", "not checked before"), strict=True):
        table.add_row(words, *(Text(f"{of.of(old, new):,}", colours.get((old, new), "")) for new in VERDICTS))
    return table


def _parts(title: str, tables: Mapping[str, Confusion]) -> Table:
    """How the dialogues of each part fared; two lines a heading, so that seven columns fit into 80."""
    table = _table(title, tuple(name.replace(" ", "\n", 1) for name, _ in COLUMNS))
    for name, part in tables.items():
        table.add_row(escape(name.replace("_", " ")), *(f"{count:,}" for count in fared(part)))
    return table


def _rules(found: Diff) -> Table:
    table = _table(
        "rule", ("fires\nnew", "passed\nbefore", "fires\nno more", "pass\nnow", "fires as\nbefore")
    )
    for row in found.rules[:RULES_SHOWN]:
        figures = (row.appeared, row.made_fail, row.vanished, row.let_pass, row.stayed)
        table.add_row(escape(row.rule), *(f"{figure:,}" for figure in figures))
    return table


def _confidence(found: Diff) -> Table:
    assert found.confidence is not None
    table = _table("confidence", ("5 %", "25 %", "50 %", "75 %", "95 %"))
    for name, values in (("old", found.confidence.old_quantiles), ("new", found.confidence.new_quantiles)):
        table.add_row(name, *(f"{value:.2f}" for value in values))
    return table


def _table(title: str, right: tuple[str, ...]) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(title, overflow="fold", vertical="bottom")
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=PIPED_WIDTH)


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
