"""`genesisfunc tools import`: tools from many places, cleaned, in one file."""

import re
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.errors import CommandError
from cli.files import write_whole
from consumers.sampler.importers import Definitions, Imported, Pool, merged, pool_json, read_definitions
from consumers.sampler.importers.pool import count

KINDS_SHOWN = 8


@dataclass(frozen=True)
class _Share:
    """What one source gave."""

    definitions: Definitions
    kept: int
    """Tools in the file; another source's definition of a name may have been the better one."""
    cleaned: int

    def as_json(self) -> dict[str, Any]:
        return {
            "source": self.definitions.source,
            "definitions": len(self.definitions.imported),
            "tools": self.kept,
            "cleaned": self.cleaned,
            "notes": self.definitions.notes,
        }


def import_tools(sources: Sequence[str], to: Path, *, prefix: str, force: bool, as_json: bool) -> None:
    """Read, merge, write, sum up.

    Raises:
        CommandError: a source cannot be read, or the file cannot or must not be written.
    """
    if to.is_dir():
        raise CommandError(f"--to {to}: is a folder; name a file in it, such as {to / 'tools.json'}")
    if to.exists() and not force:
        raise CommandError(f"--to {to}: exists already; --force writes over it")
    read = [_renamed(_read(source), prefix) for source in sources]
    pool = merged(Definitions(tuple(one for found in read for one in found.imported), ", ".join(sources)))
    shares = _shares(read, pool)
    write_whole(to, pool_json(pool.tools))
    _summarise(shares, pool, to)
    if as_json:
        figures = {
            "file": str(to),
            "tools": len(pool.tools),
            "definitions": sum(len(share.definitions.imported) for share in shares),
            "sources": [share.as_json() for share in shares],
            "cleaned": _kinds(pool),
            "changes": pool.changes,
        }
        sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")


def _read(source: str) -> Definitions:
    try:
        return read_definitions(source)
    except ValueError as error:
        raise CommandError(str(error)) from error


def _renamed(definitions: Definitions, prefix: str) -> Definitions:
    if not prefix:
        return definitions

    def renamed(one: Imported) -> Imported:
        return replace(one, tool=msgspec.structs.replace(one.tool, name=prefix + one.tool.name))

    return replace(definitions, imported=tuple(map(renamed, definitions.imported)))


def _shares(read: Sequence[Definitions], pool: Pool) -> list[_Share]:
    home = {id(one.tool): index for index, found in enumerate(read) for one in found.imported}
    kept = Counter(home[id(tool)] for tool in pool.tools)
    cleaned = Counter(home[id(tool)] for tool in pool.tools if tool.name in pool.changes)
    return [_Share(found, kept[index], cleaned[index]) for index, found in enumerate(read)]


# --- summing up ----------------------------------------------------------------------------------


def _summarise(shares: Sequence[_Share], pool: Pool, to: Path) -> None:
    console = Console(stderr=True)
    table = Table(box=None, header_style="dim", padding=(0, 3, 0, 0))
    table.add_column("source")
    for title in ("definitions", "tools", "cleaned"):
        table.add_column(title, justify="right")
    for share in shares:
        figures = (len(share.definitions.imported), share.kept, share.cleaned)
        table.add_row(Text(share.definitions.source), *(f"{figure:,}" for figure in figures))
    console.print(table)

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style), soft_wrap=True)

    for share in shares:
        say(f"\n{share.definitions.source}", "bold")
        for note in share.definitions.notes:
            say(note, "dim")
    if kinds := _kinds(pool):
        say("\ncleaned", "bold")
        for kind, times in list(kinds.items())[:KINDS_SHOWN]:
            say(f"{times:>7,}  {kind}")
        if len(kinds) > KINDS_SHOWN:
            say(
                f"         and {count(len(kinds) - KINDS_SHOWN, 'kind')} more; --json lists all by tool",
                "dim",
            )
    say(f"\n{count(len(pool.tools), 'tool')} in {to}", "bold")
    if given_up := sum(len(share.definitions.imported) for share in shares) - len(pool.tools):
        say(f"{count(given_up, 'definition')} gave way to the best one of their name", "dim")
    say(f"next: genesisfunc run --tools {shlex.quote(str(to))} --dialogues 100")


def _kinds(pool: Pool) -> dict[str, int]:
    """What was changed, with places and values taken out, the most frequent first."""
    sentences = (_kind(change) for changes in pool.changes.values() for change in changes)
    return dict(Counter(sentences).most_common())


def _kind(change: str) -> str:
    """`/properties/x: default '3' became 3` -> `default … became …`; types stay: they say what came in."""
    sentence = change.partition(": ")[2]
    if re.match(r"type '[^']*' (became '|dropped)", sentence):
        return sentence
    # Flags stay as well: 'nullable: true'.
    return re.sub(r"""'(?!\w+: )[^']*'|"[^"]*"|\[.*\]|\{.*\}|-?\b\d[\d.,]*""", "…", sentence)
