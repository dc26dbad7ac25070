"""`genesisfunc compare`: two runs side by side, on the terminal and as a page."""

import sys
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.errors import OUTSIDE, CommandError
from cli.store import open_store
from schemas.settings import Settings
from sinks.compare import Comparison, as_json, compare, shown, shown_difference, shown_interval
from sinks.compare_page import write_comparison
from sinks.figures import Figures, gather
from sinks.runs import AmbiguousRun, find_run
from sinks.status import RunNotFound
from sinks.store import Queryable

PIPED_WIDTH = 160
"""Columns where there is no terminal to fit into."""


def show_comparison(
    settings: Settings, run_a: str, run_b: str, folder_b: Path | None, to: Path | None, json: bool
) -> None:
    """Compare two runs, of one data folder or of two.

    Args:
        folder_b: the data folder of the second run; None: that of the first.
    """
    if folder_b is not None and settings.clickhouse_url:
        raise CommandError(
            "both runs are read from the ClickHouse server that is set (GENESISFUNC_CLICKHOUSE_URL): "
            "leave out --data-dir-b, or the server"
        )
    a, b = _read(settings, run_a, run_b, folder_b)
    names = f"A {a.run_id}", f"B {b.run_id}"
    if folder_b is not None:
        folders = settings.data_dir.resolve(), folder_b.resolve()
        same = folders[0].name == folders[1].name
        one, other = (str(folder) if same else folder.name for folder in folders)
        names = f"{names[0]} in {one}", f"{names[1]} in {other}"
    comparison = compare(a, b, names)
    path = to or settings.data_dir / "reports" / f"compare-{a.run_id}-{b.run_id}.html"
    try:
        write_comparison(comparison, path)
    except OSError as error:
        raise CommandError(f"the comparison cannot be written: {error}", OUTSIDE) from error
    if json:
        found = as_json(comparison) | {"file": str(path)}
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    else:
        _show(comparison, path)


def _read(settings: Settings, run_a: str, run_b: str, folder_b: Path | None) -> tuple[Figures, Figures]:
    """The figures of both. One folder after the other: a process can have one embedded store open."""
    if folder_b is None or folder_b.resolve() == settings.data_dir.resolve():
        with open_store(settings) as store:
            ids = _find(store, run_a, settings), _find(store, run_b, settings)
            if ids[0] == ids[1]:
                raise CommandError(f"both are run {ids[0]}; name two runs, or two folders with --data-dir-b")
            return gather(store, ids[0]), gather(store, ids[1])
    found = []
    for run, where in ((run_a, settings), (run_b, settings.model_copy(update={"data_dir": folder_b}))):
        with open_store(where) as store:
            found.append(gather(store, _find(store, run, where)))
    return found[0], found[1]


def _find(store: Queryable, prefix: str, settings: Settings) -> str:
    try:
        return find_run(store, prefix)
    except (RunNotFound, AmbiguousRun) as error:
        place = "the ClickHouse server" if settings.clickhouse_url else str(settings.data_dir)
        raise CommandError(f"{place}: {error}") from error


def _show(comparison: Comparison, path: Path) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=PIPED_WIDTH)
    for name, figures in zip(comparison.names, (comparison.a, comparison.b), strict=True):
        status = figures.status
        console.print(
            f"[bold]{escape(name)}[/]  {status['accepted']:,} accepted of {status['sampled']:,}",
            highlight=False,
        )
    console.print()
    if comparison.asked:
        asked = _table("asked for differently")
        asked.add_column("A", overflow="fold")
        asked.add_column("B", overflow="fold")
        for name, pair in comparison.asked.items():
            asked.add_row(name, *map(escape, pair))
        console.print(asked)
    else:
        console.print("[dim]asked for the same, of the same versions[/]")
    for section in comparison.sections:
        if not section.rows:
            continue
        console.print()
        table = _table(section.title.lower())
        for column in ("A", "B", "B − A", "95 % interval"):
            table.add_column(column, justify="right", no_wrap=True)
        table.add_column("")
        for row in section.rows:
            table.add_row(
                escape(row.label),
                shown(row.kind, row.a),
                shown(row.kind, row.b),
                shown_difference(row.kind, row.difference),
                shown_interval(row.kind, row.interval),
                "[bold]≠[/]" if row.differs else "",
            )
        console.print(table)
    console.print(
        f"\n[dim]≠: the interval leaves out 0, as about one in twenty does by chance; here "
        f"{len(comparison.differing)} of {comparison.tested}. Differences of percentages are in points. "
        f"Variety is measured on {comparison.drawn:,} dialogues of each run.[/]",
        highlight=False,
    )
    console.print(f"[dim]page[/] {escape(str(path))}", highlight=False, soft_wrap=True)


def _table(title: str) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 3, 0, 0))
    table.add_column(title, overflow="fold")
    return table
