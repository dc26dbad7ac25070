"""`genesisfunc replay start`: stored dialogues through a new checker version."""

import asyncio
import contextlib
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from nats.aio.client import Client
from nats.errors import Error as NatsError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli import hosting
from cli.errors import INTERRUPTED, OUTSIDE, SHORTFALL, CommandError
from cli.folder import DataFolder
from cli.rules import usable_rules
from cli.run import interrupts, log_to
from cli.store import RemoteStore
from cli.tasks import cancelled
from schemas.events import Envelope, derive_id
from schemas.replays import ReplayItem, ReplayStage, ReplayStarted, Selection
from schemas.settings import RoleName, Settings, SettingsError, load
from sinks import replay_inputs
from sinks.status import RunNotFound, status
from sinks.store import EventStore, Queryable, StoreError
from streams import topology
from streams.publisher import NoSpace, NotStored, publish
from streams.replay import STAGE_NAMES, Feeder

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
VERSION = re.compile(r"\d+\+[0-9a-f]{8}")
BATCHES_A_WORKER = 4
"""Batches under way at once, for each worker: one in hand, some on the way."""
LINE_EVERY_S = 5.0
STALLED_AFTER_S = 120.0
ROUNDS = 3
"""How often what has no verdict is fed again within one command, before a person has to look."""


@dataclass(frozen=True, kw_only=True)
class Order:
    name: str
    stage: ReplayStage
    checker: str | None
    """As the user said it: a path, a version, or nothing."""
    since: datetime | None
    until: datetime | None
    run: str
    scenario: str
    sample: float
    workers: int | None


@dataclass(frozen=True)
class Place:
    """Where a replay works: the servers, and the store however it is reached."""

    settings: Settings
    nc: Client
    store: Queryable
    own: bool = False
    """Servers and sink were started here, and no stage but the sink is."""


def replay(order: Order, settings: Settings, as_json: bool) -> None:
    """Raises CommandError when it cannot start, is stopped, or leaves dialogues without a verdict."""
    if not NAME.fullmatch(order.name):
        raise CommandError(
            f"{order.name!r} is no name for a replay: use up to 64 letters, digits, `-` and `_`, and a "
            "letter or digit first"
        )
    settings, version = _checker(order, settings)
    done = asyncio.run(_start(order, settings, version))
    if as_json:
        sys.stdout.write(msgspec.json.encode(done.as_dict()).decode() + "\n")
    done.tell(settings.data_dir)


def _checker(order: Order, settings: Settings) -> tuple[Settings, str]:
    """The settings that make a process the wanted checker, and its version as producers state it.

    Raises:
        CommandError: there is no such checker, or it cannot be used.
    """
    wanted = order.checker or ""
    as_version = wanted.rpartition("@")[2]
    if wanted and not VERSION.fullmatch(as_version):
        settings = _from_file(Path(wanted), order.stage, settings)
    if order.stage == "rule":
        version = usable_rules(settings).version
    else:
        from consumers.model_checker.core import version as model_version

        # Where no endpoint is named, the offline teacher will be the model.
        version = model_version(hosting.answered_at(settings, "") if settings.offline else settings)
    if VERSION.fullmatch(as_version) and as_version != version:
        raise CommandError(
            f"--checker {wanted}: the {order.stage} checker that is installed and set here is {version}. "
            "Install the release, or name the files, that make the other one"
        )
    return settings, f"{STAGE_NAMES[order.stage]}@{version}"


def _from_file(path: Path, stage: ReplayStage, settings: Settings) -> Settings:
    if not path.is_file():
        raise CommandError(
            f"--checker {path}: there is no such file, and it is no version either (such as 1+3f9c2a1d)"
        )
    if stage == "rule":
        return settings.model_copy(update={"rules": (path.resolve(),)})
    try:
        loaded = load(path)
    except SettingsError as error:
        raise CommandError(f"--checker: {error}") from error
    # The new models and thresholds; where data lies is not the checker's to say.
    kept = {name: getattr(settings, name) for name in ("nats_url", "clickhouse_url", "data_dir", "forbidden")}
    return loaded.model_copy(update=kept)


@dataclass(frozen=True)
class Done:
    replay: ReplayStarted
    checked: int
    """Dialogues with a verdict, from earlier commands too."""
    passed: int
    failures: int
    """Verdicts that say why there is none."""
    fed: int
    """Dialogues that this command sent out."""
    seconds: float
    """From the first batch to the last verdict; starting and stopping processes is not in it."""
    stopped: str = ""
    code: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.replay.name,
            "stage": self.replay.stage,
            "checker": self.replay.checker,
            "dialogues": self.replay.dialogues,
            "checked": self.checked,
            "passed": self.passed,
            "failed": self.checked - self.passed - self.failures,
            "no_verdict": self.failures,
            "fed": self.fed,
            "seconds": round(self.seconds, 2),
            "per_second": round(self.fed / self.seconds, 1) if self.seconds else 0.0,
            "complete": self.checked >= self.replay.dialogues,
        }

    def tell(self, data_dir: Path) -> None:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        name, told = self.replay.name, self.as_dict()
        console.print(
            f"replay [bold]{name}[/]: {self.checked:,} of {self.replay.dialogues:,} dialogues checked by "
            f"{self.replay.checker}: {self.passed:,} pass, {told['failed']:,} fail"
            + (f", {self.fed:,} now, {told['per_second']:,.0f} a second" if self.fed else "")
        )
        if self.stopped:
            raise CommandError(self.stopped, self.code)
        console.print(f"[dim]what is different: genesisfunc replay diff {name} --data-dir {data_dir}[/]")
        if self.failures:
            raise CommandError(
                f"{self.failures:,} dialogues have no verdict: their events cannot be read, or the models' "
                f"answers; `genesisfunc replay diff {name}` says which and why",
                SHORTFALL,
            )


@contextlib.asynccontextmanager
async def hosted(settings: Settings, mode: str, roles: Sequence[RoleName] = ()) -> AsyncIterator[Place]:
    """The pipeline that works in the data folder, or a server's; else servers and a sink of our own.

    Args:
        mode: what the folder's lock says of this process.
        roles: those whose endpoints have to answer.

    Raises:
        CommandError: nothing can be reached or started.
    """
    folder = DataFolder(settings.data_dir)
    owner = folder.owner()
    async with contextlib.AsyncExitStack() as stack:
        if owner is not None and owner.has_store:
            settings = settings.model_copy(update={"nats_url": owner.nats_url})
            nc = await stack.enter_async_context(_connected(settings))
            store = await asyncio.to_thread(RemoteStore, owner.nats_url)
            stack.callback(store.close)
            yield Place(await _with_models(stack, settings, folder, roles), nc, store)
            return
        if settings.clickhouse_url:
            nc = await stack.enter_async_context(_connected(settings))
            own = stack.enter_context(EventStore(settings.store_url))
            yield Place(await _with_models(stack, settings, folder, roles), nc, own)
            return
        if not folder.exists():
            raise CommandError(
                f"{folder.path} holds no GenesisFunc data; `genesisfunc run` makes some, --data-dir names "
                "another folder"
            )
        stack.enter_context(folder.owned())
        log_to(folder.path / "logs" / "replay.log")
        settings, nc = await stack.enter_async_context(
            hosting.servers(
                folder,
                settings,
                mode=mode,
                teacher_seed=0,
                defect_rate=0.0,
                roles=roles,
                asks_models=bool(roles),
            )
        )
        await stack.enter_async_context(hosting.sink_in_process(settings, nc))
        # A second door to the store that the sink has open: one process may have several.
        yield Place(settings, nc, stack.enter_context(EventStore(settings.store_url)), own=True)


async def _with_models(
    stack: contextlib.AsyncExitStack, settings: Settings, folder: DataFolder, roles: Sequence[RoleName]
) -> Settings:
    """A running pipeline does not lend its offline teacher: a replay that asks models has one of its own."""
    if settings.offline and roles:
        url = await stack.enter_async_context(
            hosting.offline_teacher(folder.path / "teacher-replay", seed=0, defect_rate=0.0)
        )
        settings = hosting.answered_at(settings, url)
    if roles:
        await hosting.check_endpoints(settings, roles)
    return settings


@contextlib.asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Client]:
    try:
        async with asyncio.timeout(10):
            connection = hosting.connected(settings.nats_url)
            nc = await connection.__aenter__()
    except (OSError, TimeoutError, NatsError) as error:
        raise CommandError(f"NATS cannot be reached at {settings.nats_url}: {error}", OUTSIDE) from error
    try:
        yield nc
    finally:
        await connection.__aexit__(None, None, None)


async def _start(order: Order, settings: Settings, version: str) -> Done:
    roles = MODEL_ROLES if order.stage == "model" else ()
    try:
        async with hosted(settings, "replay start", roles) as place:
            replay = await _begun(order, place, version)
            return await _work(order, replay, place)
    except (StoreError, NatsError, NotStored, NoSpace) as error:
        raise CommandError(
            f"the replay stopped: {error or type(error).__name__}. Nothing is lost: the same command goes on "
            "where the verdicts end",
            OUTSIDE,
        ) from error


async def _begun(order: Order, place: Place, version: str) -> ReplayStarted:
    """The replay, as it was started before or is started now.

    Raises:
        CommandError: the name is another replay's, or there is nothing to replay.
    """
    store = place.store
    stored_until = await asyncio.to_thread(replay_inputs.now, store)
    selection = Selection(
        stored_until=stored_until,
        since=_utc(order.since),
        until=_utc(order.until),
        run=await asyncio.to_thread(_run, store, order.run) if order.run else "",
        scenario=order.scenario,
        sample=order.sample,
    )
    wanted = ReplayStarted(order.name, order.stage, version, order.checker or "installed", selection, 0)
    found = await asyncio.to_thread(replay_inputs.find, store, order.name)
    if found is not None:
        _require_same(found.started, wanted)
        return found.started
    runs = await asyncio.to_thread(replay_inputs.runs, store, order.stage, selection)
    if not runs:
        raise CommandError("nothing stored fits: no dialogue was judged in this run, scenario and time")
    replay = msgspec.structs.replace(wanted, dialogues=sum(runs.values()))
    subject = f"{topology.REPLAY}.{order.name}.started"
    await publish(
        place.nc.jetstream(),
        Envelope(
            event_id=derive_id(subject),
            subject=subject,
            run_id="",
            produced_at=datetime.now(UTC),
            producer="cli@1",
            body=replay,
        ),
    )
    return replay


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=moment.tzinfo or UTC)


def _run(store: Queryable, run_id: str) -> str:
    try:
        return str(status(store, run_id)["run_id"])
    except RunNotFound as error:
        raise CommandError(str(error)) from None


def _require_same(there: ReplayStarted, wanted: ReplayStarted) -> None:
    """The same command goes on; another one needs another name."""

    def facts(replay: ReplayStarted) -> dict[str, object]:
        chosen = replay.selection
        return {
            "stage": replay.stage,
            "checker": replay.checker,
            "since": chosen.since,
            "until": chosen.until,
            "run": chosen.run,
            "scenario": chosen.scenario,
            "sample": chosen.sample,
        }

    before, now = facts(there), facts(wanted)
    changed = [
        f"{key} {before[key] or 'any'}, not {now[key] or 'any'}" for key in now if now[key] != before[key]
    ]
    if changed:
        raise CommandError(
            f"the name {there.name!r} is in use by another replay ({'; '.join(changed)}): choose another "
            "name, or say the same to go on with it"
        )


MODEL_ROLES: tuple[RoleName, ...] = ("checker",)
"""What the model checker asks."""


async def _work(order: Order, replay: ReplayStarted, place: Place) -> Done:
    """Feed what has no verdict, and wait for the verdicts."""
    settings = place.settings.model_copy(update={"replay": replay.name})
    workers = (os.cpu_count() or 1) if order.workers is None else order.workers
    feeder = Feeder(place.nc.jetstream(), replay, settings, most=BATCHES_A_WORKER * max(1, workers))
    await feeder.declare()
    async with contextlib.AsyncExitStack() as stack:
        halted = await stack.enter_async_context(hosting.halts(place.nc))
        stop = await stack.enter_async_context(interrupts())
        shown = stack.enter_context(Shown(replay))
        if workers:
            await stack.enter_async_context(
                hosting.replicas(
                    STAGE_NAMES[replay.stage], workers, settings, DataFolder(settings.data_dir), shown.say
                )
            )
        work = asyncio.create_task(_rounds(replay, place, feeder, shown))
        stopping = asyncio.create_task(stop.wait())
        ends: list[asyncio.Future[Any]] = [work, halted, stopping]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if work.done():
            await feeder.retire()
            return work.result()
        await cancelled(work)
    checked, passed, failures = await asyncio.to_thread(_counts, place.store, replay.name)
    why, code = ("interrupted", INTERRUPTED) if stop.is_set() else (halted.result(), OUTSIDE)
    return Done(
        replay, checked, passed, failures, shown.fed, shown.seconds, f"{why}; the same command goes on", code
    )


async def _rounds(replay: ReplayStarted, place: Place, feeder: Feeder, shown: "Shown") -> Done:
    # What an earlier command's checkers found may not be stored yet.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(hosting.CATCH_UP_S):
            await hosting.all_stored(place.nc)
    for _ in range(ROUNDS):
        counts = await asyncio.to_thread(_counts, place.store, replay.name)
        shown.stored = counts[0]
        if counts[0] >= replay.dialogues:
            break
        await _feed(replay, place, feeder, shown)
        counts = await _settled(replay, place, feeder, shown)
    checked, passed, failures = counts
    missing = replay.dialogues - checked
    return Done(
        replay,
        checked,
        passed,
        failures,
        shown.fed,
        shown.seconds,
        f"{missing:,} dialogues got no verdict; `genesisfunc dead list` and the log of the checkers say why. "
        "The same command tries them again"
        if missing > 0
        else "",
        SHORTFALL,
    )


async def _feed(replay: ReplayStarted, place: Place, feeder: Feeder, shown: "Shown") -> None:
    """Send out all that has no verdict, a page ahead of what is published."""
    runs = await asyncio.to_thread(replay_inputs.runs, place.store, replay.stage, replay.selection)
    for run_id in runs:
        pages = replay_inputs.items(place.store, replay, run_id)
        coming = asyncio.create_task(asyncio.to_thread(_next, pages))
        while page := await coming:
            coming = asyncio.create_task(asyncio.to_thread(_next, pages))
            shown.fed += len(page)
            await feeder.put(page)
            shown.update(max(0, shown.fed - feeder.waiting))


def _next(pages: Any) -> list[ReplayItem]:
    return next(pages, [])


async def _settled(
    replay: ReplayStarted, place: Place, feeder: Feeder, shown: "Shown"
) -> tuple[int, int, int]:
    """Wait until every batch is worked off and stored; gives what there is of verdicts."""
    before, moved = -1, time.monotonic()
    while True:
        depth = await feeder.depth()
        waiting = (await topology.lags(place.nc.jetstream()))["sink"].depth if not depth else 1
        counts = await asyncio.to_thread(_counts, place.store, replay.name)
        shown.update(counts[0] - shown.stored)
        if counts[0] >= replay.dialogues or not (depth or waiting):
            return counts
        if counts[0] != before:
            before, moved = counts[0], time.monotonic()
        elif time.monotonic() - moved > STALLED_AFTER_S:
            raise CommandError(
                f"no verdict has come for {STALLED_AFTER_S:.0f} s while {depth} batches wait: are checkers "
                "running (GENESISFUNC_REPLAY, --workers)? The same command goes on",
                OUTSIDE,
            )
        await asyncio.sleep(0.2)


def _counts(store: Queryable, name: str) -> tuple[int, int, int]:
    """(verdicts, passed, without a verdict)."""
    rows = store.query(
        "SELECT count(), countIf(v.passed), countIf(failure != '') FROM replay_verdicts AS v FINAL "
        "WHERE replay = {name:String}",
        {"name": name},
    ).rows
    return rows[0][0], rows[0][1], rows[0][2]


class Shown:
    """The progress: a bar on a terminal, a line now and then in a log."""

    def __init__(self, replay: ReplayStarted) -> None:
        self.replay = replay
        self.stored = 0
        """Verdicts from before this command."""
        self.fed = 0
        self._console = Console(stderr=True, highlight=False)
        self._began = self._ended = 0.0
        self._last_line = 0.0
        self._progress = Progress(
            TextColumn("replay {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:,.0f}/s"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._progress.add_task(replay.name, total=replay.dialogues, rate=0.0)

    def __enter__(self) -> "Shown":
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()

    @property
    def seconds(self) -> float:
        return self._ended - self._began

    def say(self, line: str) -> None:
        self._console.print(f"[dim]{line}[/]")

    def update(self, checked: int) -> None:
        """Args: checked: by this command."""
        now = time.monotonic()
        self._began = self._began or now
        self._ended = now
        done = min(self.replay.dialogues, self.stored + checked)
        rate = checked / max(1e-9, self.seconds)
        self._progress.update(self._task, completed=done, rate=rate)
        if checked and not self._console.is_terminal and now - self._last_line >= LINE_EVERY_S:
            self._last_line = now
            self._console.print(
                f"replay={self.replay.name} checked={done} of={self.replay.dialogues} per_second={rate:.0f}"
            )
