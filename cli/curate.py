"""`genesisfunc tools curate`: thousands of definitions in, a pool of good and distinct tools out."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from agents.client import LLM, LLMError
from agents.roles.curator import ROLE
from cli import hosting
from cli.errors import INTERRUPTED, OUTSIDE, CommandError
from cli.files import write_whole
from cli.folder import DataFolder
from consumers.rule_checker.core import tool_errors
from consumers.sampler.curation import Clusters, Curation, Curator, Prepared, choose, prepare, settle
from consumers.sampler.curation import Progress as Tell
from consumers.sampler.curation.page import render
from consumers.sampler.importers import pool_json, read_definitions
from schemas.events import LLMCalled, Where
from schemas.settings import OFFLINE_MODEL, Settings
from schemas.tools import ToolSpec
from streams.publisher import NoSpace, NotStored
from streams.stage import Retry
from streams.stores import NatsLedger

RUN_ID = "curation"
"""The run that the model calls of all curations are recorded under: their answers belong to none."""


@dataclass
class Calls:
    """What was asked of the model this time; answers from the ledger cost nothing."""

    calls: int = 0
    failed: int = 0
    from_ledger: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0

    def add(self, call: LLMCalled) -> None:
        self.calls += 1
        self.failed += call.outcome != "ok"
        self.prompt_tokens += call.prompt_tokens
        self.completion_tokens += call.completion_tokens
        self.cost_usd += call.cost_usd


def curate(
    *,
    sources: Sequence[str],
    target: int,
    to: Path,
    page: Path | None,
    decisions: Path | None,
    seed: int,
    settings: Settings,
    as_json: bool,
) -> None:
    """Read, compare, ask, choose; write the pool, the decisions and the page.

    Raises:
        CommandError: a source cannot be read, nothing of it can be used, a model or a file gives out.
    """
    began = time.monotonic()
    console = Console(stderr=True)
    decisions = decisions or to.with_suffix(".decisions.jsonl")
    _require_room(sources, to, decisions, *([page] if page else []))
    tools = _read(sources, console)
    if settings.offline:
        console.print(
            "[dim]no endpoint is set, so the offline teacher compares tools, by their words: "
            "for trying out[/]",
            soft_wrap=True,
        )
    used = Calls()
    try:
        with _progress(console) as progress:
            prepared = prepare(tools, tool_errors, progress)
            if not prepared.usable:
                raise CommandError(f"{', '.join(sources)}: no tool has a sound definition")
            clusters = asyncio.run(_settle(prepared, settings, seed, used, progress))
            curation = choose(prepared, clusters, target, seed, progress)
    except KeyboardInterrupt:
        raise CommandError(
            "interrupted; the same command goes on with the answers it has", INTERRUPTED
        ) from None
    figures = curation.counts | {
        "seconds": round(time.monotonic() - began, 3),
        "llm": msgspec.to_builtins(used),
    }
    files = {"pool": to, "decisions": decisions} | ({"page": page} if page else {})
    write_whole(to, pool_json(curation.tools))
    write_whole(decisions, b"".join(msgspec.json.encode(decision) + b"\n" for decision in curation.decisions))
    if page:
        write_whole(page, render(curation, sources, _model(settings)).encode())
    _summarise(console, curation, figures, files)
    if as_json:
        named = {name: str(path) for name, path in files.items()}
        sys.stdout.write(msgspec.json.encode(figures | {"files": named}).decode() + "\n")


def _read(sources: Sequence[str], console: Console) -> list[ToolSpec]:
    tools: list[ToolSpec] = []
    for source in sources:
        try:
            definitions = read_definitions(source)
        except ValueError as error:
            raise CommandError(str(error)) from error
        for note in definitions.notes:
            console.print(f"[dim]{escape(source)}: {escape(note)}[/]", highlight=False, soft_wrap=True)
        tools += (imported.tool for imported in definitions.imported)
    return tools


# --- asking ---------------------------------------------------------------------------------------


async def _settle(prepared: Prepared, settings: Settings, seed: int, used: Calls, progress: Tell) -> Clusters:
    """Cluster with the model's help, on the ledger of the data folder.

    Raises:
        CommandError: the servers do not start, the endpoint or the ledger gives out.
    """
    async with _hosted(settings, seed) as (settings, js):
        llm = LLM(settings, _Ledger(_Desk(js), used, lambda: llm.preflight([ROLE.name])))
        curator = Curator(llm, Where(run_id=RUN_ID, dialogue_id="", round=0, causation_id=""))
        try:
            return await settle(prepared, curator.decide, progress)
        except asyncio.CancelledError:
            sys.stderr.write("\nstopping: waiting for answers under way (Ctrl-C again: at once)\n")
            raise
        except LLMError as error:
            raise CommandError(
                f"{error}. The same command goes on where this one stopped", OUTSIDE
            ) from error
        except (Retry, NotStored, NoSpace, NatsError) as error:
            raise CommandError(f"the ledger gave out: {error}", OUTSIDE) from error
        finally:
            await llm.settle()
            await llm.close()


@contextlib.asynccontextmanager
async def _hosted(settings: Settings, seed: int) -> AsyncIterator[tuple[Settings, JetStreamContext]]:
    """Settings that lead to the model, and the ledger's server: that of `genesisfunc up`, or our own.

    Raises:
        CommandError: no model is named, or a server does not start.
    """
    if not settings.offline and not _model(settings):
        raise CommandError(
            "no model is named: give --model, OPENAI_MODEL, or the model of [llm] or [roles.sample] in the "
            "settings file"
        )
    folder = DataFolder(settings.data_dir)
    async with contextlib.AsyncExitStack() as stack:
        if (owner := folder.owner()) is not None and owner.mode == "up":
            if settings.offline:
                url = await stack.enter_async_context(
                    hosting.offline_teacher(folder.path / "teacher" / "curation", seed, 0.0)
                )
                settings = hosting.answered_at(settings, url)
            nc = await stack.enter_async_context(hosting.connected(owner.nats_url))
        else:
            stack.enter_context(folder.owned())
            # The endpoint is tried when there is a question that the ledger cannot answer.
            settings, nc = await stack.enter_async_context(
                hosting.servers(
                    folder, settings, mode="tools curate", teacher_seed=seed, defect_rate=0.0, roles=()
                )
            )
        yield settings, nc.jetstream()


def _model(settings: Settings) -> str:
    return OFFLINE_MODEL if settings.offline else settings.endpoint(ROLE.name).model


@dataclass(frozen=True)
class _Desk:
    js: JetStreamContext
    producer: str = f"curator@1+{ROLE.version}"


class _Ledger(NatsLedger):
    """Counts what is asked, and has the endpoint tried before the first question that has to be paid for."""

    def __init__(self, desk: _Desk, used: Calls, preflight: Callable[[], Coroutine[Any, Any, None]]) -> None:
        super().__init__(desk)
        self._used = used
        self._preflight = preflight
        self._tried: asyncio.Task[None] | None = None

    async def recall(self, request_hash: str) -> Sequence[str] | None:
        known = await super().recall(request_hash)
        if known is not None:
            self._used.from_ledger += 1
            return known
        if self._tried is None:
            self._tried = asyncio.create_task(self._preflight())
        await asyncio.shield(self._tried)
        return None

    async def record(self, call: LLMCalled, where: Where) -> None:
        await super().record(call, where)
        self._used.add(call)


# --- files and words ------------------------------------------------------------------------------


def _require_room(sources: Sequence[str], *paths: Path) -> None:
    """Hours of asking must not end in a file that cannot be written, nor in one that was a source.

    Raises:
        CommandError: a path is a source, is named twice, is a folder, or has none that can be written to.
    """
    if len({path.resolve() for path in paths}) < len(paths):
        raise CommandError("--to, --decisions and --page must name different files")
    for path in paths:
        if path.resolve() in {Path(source).resolve() for source in sources}:
            raise CommandError(f"{path} is read from; name another file to write")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}") from None
        if path.is_dir() or not os.access(path.parent, os.W_OK):
            raise CommandError(f"{path} cannot be written: it is a folder, or its folder is read-only")


@contextlib.contextmanager
def _progress(console: Console) -> Iterator[Tell]:
    """A bar for each long part; a word where there is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        parts: dict[str, TaskID] = {}

        def tell(what: str, done: int, of: int) -> None:
            if what not in parts:
                parts[what] = shown.add_task(what)
                if not console.is_terminal:
                    console.print(what)
            shown.update(parts[what], completed=done, total=of)

        yield tell


def _summarise(console: Console, curation: Curation, figures: dict[str, Any], files: dict[str, Path]) -> None:
    counts, merged = curation.counts, figures["merged_by"]
    table = Table.grid(padding=(0, 3))
    table.add_column()
    table.add_column(justify="right")
    for label, value in (
        ("definitions", counts["definitions"]),
        ("left out as unsound", counts["left_out"]),
        ("merged, nearly identical", merged["cheap"]),
        ("merged by the model", merged["model"]),
        ("distinct tools", counts["clusters"]),
        ("not chosen", counts["not_chosen"]),
    ):
        table.add_row(f"[dim]{label}[/]", f"{value:,}")
    table.add_row("[bold]kept[/]", f"[bold]{counts['kept']:,}[/]")
    console.print()
    console.print(table)
    if len(curation.tools) < curation.target:
        console.print(
            f"[yellow]{curation.target:,} were wanted, and {len(curation.tools):,} distinct tools are all "
            "there are: all of them are kept[/]",
            highlight=False,
        )
    llm = figures["llm"]
    console.print(
        f"[dim]model[/] {counts['asked_pairs']:,} pairs asked, {llm['calls']:,} calls, "
        f"{llm['from_ledger']:,} answers from the ledger, {llm['prompt_tokens']:,} tokens in, "
        f"{llm['completion_tokens']:,} out, ${llm['cost_usd']:.2f}, {figures['seconds']:.1f} s",
        highlight=False,
    )
    for name, path in files.items():
        console.print(f"[dim]{name}[/] {path}", highlight=False, soft_wrap=True)
