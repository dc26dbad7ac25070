"""`genesisfunc run`: tools in, checked dialogues out. `genesisfunc up`: the same stages, a process each."""

import asyncio
import contextlib
import logging
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from cli import hosting
from cli.budget import Budget, Spending
from cli.errors import BUDGET, INTERRUPTED, OUTSIDE, SHORTFALL, CommandError, give_up
from cli.folder import DataFolder
from cli.live import View
from cli.store import RemoteStore
from consumers.sampler.importers import Pool
from consumers.sampler.plan import once_more
from schemas import events
from schemas.dialogue import RunSpec
from schemas.events import Envelope, RunRequested, derive_id
from schemas.settings import Settings
from sinks.dead import dead_by_stage
from sinks.sql import load
from sinks.status import RunNotFound, status
from sinks.store import StoreError
from streams import topology
from streams.publisher import NoSpace, NotStored, publish
from streams.stores import put_pool

POLL_S = 1.0
LOOK_REST = 6.0
"""Rest after a look at the store, in times of what the look took."""
OVER_AFTER_S = 60.0
"""Without a dialogue under way for this long, a run is over even if other runs keep the stages busy. Longer
than `ack_wait`: after a kill the sink's last messages come again only then."""
SETTLED_AFTER_S = 3.0
"""Once nothing may be paid for any more: without any news for this long, what was under way is in."""
STALLED_AFTER_S = 180.0
"""Without any progress for this long, while models fail, a run stops and says so."""


@dataclass(frozen=True)
class Order:
    """What `run` was asked for."""

    pool: Pool
    dialogues: int
    spec: RunSpec
    """Its `pool` is the tools' content address."""

    def run_id(self, models: Mapping[str, str]) -> str:
        """Derived from all that shapes the data: the same command goes on with the same run.

        The number of dialogues is not part of it (asking for more extends the run), nor are URLs and
        prices (the same model behind another port is the same model).
        """
        shape = (self.spec, sorted(models.items()))
        return derive_id("run", msgspec.json.encode(shape, order="deterministic"))[:8]


@dataclass(frozen=True)
class Outcome:
    status: Mapping[str, Any]
    message: str = ""
    code: int = 0
    budget: Mapping[str, Any] | None = None
    """Limits and what was spent of them; None without limits."""


async def run(
    order: Order, settings: Settings, *, defect_rate: float, budget: Budget
) -> tuple[Outcome, Settings]:
    """Host everything here, or use the pipeline that already works in the data folder.

    Raises:
        CommandError: it cannot start. What was in the folder stays as it was.
    """
    folder = DataFolder(settings.data_dir)
    owner = folder.owner()
    if owner is not None and owner.mode == "up":
        named = hosting.models_of(settings)
        if not settings.offline and named != owner.models:
            raise CommandError(
                f"`genesisfunc up` works in {folder.path} with other models "
                f"({_listed(owner.models)}, not {_listed(named)}); stop it, or leave the models to it"
            )
        _require_prices(budget, owner.unpriced)
        async with hosting.connected(owner.nats_url) as nc:
            spending = Spending(nc, order.run_id(owner.models), budget)
            async with _remote_store(nc) as store, spending.watched(store):
                outcome = await _drive(order, owner.models, nc, store, spending)
        return _told(outcome, order, spending), settings
    _require_prices(budget, settings.unpriced)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(folder.owned())
        log_to(folder.path / "logs" / "run.log")
        settings, nc = await stack.enter_async_context(
            hosting.servers(
                folder, settings, mode="run", teacher_seed=order.spec.seed, defect_rate=defect_rate
            )
        )
        await stack.enter_async_context(hosting.sink_in_process(settings, nc))
        store = await stack.enter_async_context(_remote_store(nc))
        models = hosting.models_of(settings)
        spending = Spending(nc, order.run_id(models), budget)
        # Around the other stages: they start with a permit, and are watched until they have drained.
        await stack.enter_async_context(spending.watched(store))
        await stack.enter_async_context(hosting.in_process(settings, hosting.START_ORDER[1:]))
        outcome = await _drive(order, models, nc, store, spending)
    return _told(outcome, order, spending), settings


def _require_prices(budget: Budget, unpriced: Sequence[str]) -> None:
    if budget.usd is None or not unpriced:
        return
    raise CommandError(
        f"--budget-usd: the price of {', '.join(unpriced)} is not known. State it in the settings file, in "
        f'US dollars a million tokens:\n[prices."{unpriced[0]}"]\nusd_per_mtok_in = …\nusd_per_mtok_out = …\n'
        "or limit the tokens with --budget-tokens"
    )


def _told(outcome: Outcome, order: Order, spending: Spending) -> Outcome:
    """The outcome with what was spent in the end, by calls that were still under way too."""
    if not spending.budget.limited:
        return outcome
    outcome = replace(outcome, budget=spending.as_dict())
    if outcome.code != BUDGET:
        return outcome
    return replace(
        outcome,
        message=f"the run stopped: {spending.budget.used_up_by(spending.spent)}. "
        f"{outcome.status['accepted']} of {order.dialogues} dialogues are accepted, "
        f"{outcome.status['in_flight']} wait half-way. Nothing is lost: the same command with a larger "
        "budget goes on, and pays for nothing twice",
    )


@contextlib.asynccontextmanager
async def _remote_store(nc: Client) -> AsyncIterator[RemoteStore]:
    """The store, through the sink that has it."""
    try:
        store = await asyncio.to_thread(RemoteStore, _url(nc))
    except StoreError as error:
        raise CommandError(str(error), OUTSIDE) from error
    try:
        yield store
    finally:
        await asyncio.to_thread(store.close)


def log_to(path: Path) -> None:
    """The stages' log goes to a file: on the terminal it would tear the live view apart."""
    path.parent.mkdir(exist_ok=True)
    logging.basicConfig(
        filename=path, level=logging.INFO, force=True, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    # A line a request and a line a retry say nothing that the events do not.
    for noisy in ("httpx", "httpx2", "stamina", "openai"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


async def up(settings: Settings, *, seed: int, defect_rate: float) -> str:
    """Every stage as a process, until Ctrl-C; gives the reason when a stage halted.

    Raises:
        CommandError: it cannot start.
    """
    folder = DataFolder(settings.data_dir)

    def say(line: str) -> None:
        sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {line}\n")

    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(folder.owned())
        settings, nc = await stack.enter_async_context(
            hosting.servers(folder, settings, mode="up", teacher_seed=seed, defect_rate=defect_rate)
        )
        halted = await stack.enter_async_context(hosting.halts(nc))
        stop = await stack.enter_async_context(interrupts())
        say(f"NATS is at {settings.nats_url}, data in {folder.path}")
        await stack.enter_async_context(hosting.in_processes(settings, folder, say))
        say(f"now: genesisfunc run --data-dir {folder.path} … (Ctrl-C here stops all stages)")
        interrupted = asyncio.create_task(stop.wait())
        ends: list[asyncio.Future[Any]] = [halted, interrupted]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        interrupted.cancel()
        say("stopping: stages finish what they have under way")
        return halted.result() if halted.done() else ""


async def _drive(
    order: Order, models: Mapping[str, str], nc: Client, store: RemoteStore, spending: Spending
) -> Outcome:
    """Ask for what is still missing of the run, and watch until it is there."""
    async with contextlib.AsyncExitStack() as stack:
        halted = await stack.enter_async_context(hosting.halts(nc))
        stop = await stack.enter_async_context(interrupts())
        run_id = order.run_id(models)
        try:
            await put_pool(nc.jetstream(), order.pool.tools)
            asked = await _request(nc, order, run_id)
        except (NotStored, NoSpace, NatsError) as error:
            raise CommandError(f"the run could not be started: {error}", OUTSIDE) from error
        title = f"run {run_id}  ·  {order.pool.source}: {len(order.pool.tools):,} tools  ·  {_listed(models)}"
        if not asked:
            await _once_more(nc, order, run_id, store)
        with View(title, order.dialogues, against_limits=spending.against_limits) as view:
            return await _watch(nc, store, view, run_id, order.dialogues, spending, halted, stop)


def _url(nc: Client) -> str:
    assert nc.connected_url is not None
    return nc.connected_url.geturl()


def _listed(models: Mapping[str, str]) -> str:
    return ", ".join(sorted(set(models.values())))


async def _request(nc: Client, order: Order, run_id: str) -> bool:
    """Ask for the slots nobody has asked for yet; False when all have been."""
    js = nc.jetstream()
    first = 0
    with contextlib.suppress(NotFoundError):
        last = await js.get_last_msg("RUNS", f"{topology.RUNS_REQUESTED}.{run_id}")
        body = events.decode(last.data or b"").body
        assert isinstance(body, RunRequested)
        first = body.end
    if first >= order.dialogues:
        return False
    await publish(js, _requested(order, run_id, RunRequested(order.spec, first, order.dialogues)))
    return True


async def _once_more(nc: Client, order: Order, run_id: str, store: RemoteStore) -> None:
    """Try the slots again that were given up: the reason may be mended by now."""
    try:
        found = await asyncio.to_thread(store.query, load("given_up_slots"), {"run_id": run_id})
        depth = sum(lag.depth for lag in (await topology.lags(nc.jetstream())).values())
    except (StoreError, NatsError):
        return  # it is not known what was given up; what is under way is watched
    if not found.rows or depth:
        return
    slots = tuple(once_more(order.spec, index, attempts) for index, attempts in found.rows)
    end = order.dialogues
    await publish(nc.jetstream(), _requested(order, run_id, RunRequested(order.spec, end, end, slots=slots)))


def _requested(order: Order, run_id: str, body: RunRequested) -> Envelope:
    body = msgspec.structs.replace(body, pool_size=len(order.pool.tools), pool_source=order.pool.source)
    return Envelope(
        event_id=derive_id(run_id, body.first, body.end, body.slots),
        subject=topology.RUNS_REQUESTED,
        run_id=run_id,
        produced_at=datetime.now(UTC),
        producer="cli@1",
        body=body,
    )


async def _watch(
    nc: Client,
    store: RemoteStore,
    view: View,
    run_id: str,
    target: int,
    spending: Spending,
    halted: "asyncio.Future[str]",
    stop: asyncio.Event,
) -> Outcome:
    js = nc.jetstream()
    now: Mapping[str, Any] = _NOTHING | {"run_id": run_id}
    moved, before, quiet = time.monotonic(), -1, 0
    ended: float | None = None
    while True:
        if halted.done():
            return Outcome(now, f"{halted.result()}. Nothing is lost: the same command goes on.", OUTSIDE)
        if stop.is_set():
            return Outcome(now, "interrupted; the same command goes on where this one stopped", INTERRUPTED)
        began = time.monotonic()
        try:
            now, dead = await asyncio.to_thread(_look, store, run_id)
            lags = await topology.lags(js)
        except (StoreError, NatsError) as error:
            if time.monotonic() - moved > STALLED_AFTER_S:
                return Outcome(now, f"the pipeline does not answer: {error}", OUTSIDE)
            await _pause(stop, POLL_S)
            continue
        view.update(now, lags, dead)
        depth = sum(lag.depth for lag in lags.values())
        progress = sum(count for subject, count in now["events"].items() if subject != topology.LLM_CALLED)
        progress += now["llm"]["calls"] - now["llm"]["failed"]
        if progress != before:
            moved, before = time.monotonic(), progress
        elif spending.used_up and time.monotonic() - moved > SETTLED_AFTER_S:
            return Outcome(now, code=0 if now["accepted"] >= target else BUDGET)
        elif depth and time.monotonic() - moved > STALLED_AFTER_S:
            why = await asyncio.to_thread(_last_failure, store, run_id)
            return Outcome(now, f"nothing has moved for {STALLED_AFTER_S:.0f} s{why}", OUTSIDE)
        # All queues empty twice in a row: whatever was published has been handled and stored. Where
        # others keep the queues busy, that nothing of this run is under way has to do, after a while.
        over = now["sampled"] > 0 and now["in_flight"] == 0 and now["conserved"]
        quiet = quiet + 1 if over and depth == 0 else 0
        ended = (ended or time.monotonic()) if over else None
        if quiet >= 2 or (ended is not None and time.monotonic() - ended > OVER_AFTER_S):
            spending.finished = True
            return _finished(now, target)
        # Looking costs more the more there is; it is not to slow down what it looks at.
        await _pause(stop, max(POLL_S, LOOK_REST * (time.monotonic() - began)))


def _finished(now: Mapping[str, Any], target: int) -> Outcome:
    if now["accepted"] >= target:
        return Outcome(now)
    why = "`genesisfunc status` and the report say by which rules they failed"
    if now["dead"]:
        why = f"{now['dead']} dialogues died, `genesisfunc dead list` says of what; {why}"
    return Outcome(
        now,
        f"{now['accepted']} of {target} dialogues were accepted, the other slots were given up: {why}. "
        "The same command tries them again",
        SHORTFALL,
    )


def _look(store: RemoteStore, run_id: str) -> tuple[dict[str, Any], dict[str, int]]:
    try:
        return status(store, run_id), dead_by_stage(store, run_id)
    except RunNotFound:
        return _NOTHING | {"run_id": run_id}, {}


_NOTHING: dict[str, Any] = {
    "target": 0,
    **dict.fromkeys(("sampled", "accepted", "needs_review", "rejected", "dead", "in_flight", "conflicts"), 0),
    "conserved": True,
    "by_scenario": {},
    "rejections_by_rule": {},
    "repairs": {"tried": 0, "changed": 0, "accepted": 0},
    "llm": {"calls": 0, "failed": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0}
    | {"by_role": {}},
    "events": {},
    "seconds": 0.0,
}


def _last_failure(store: RemoteStore, run_id: str) -> str:
    rows = store.query(
        "SELECT role, outcome, error FROM llm_calls WHERE run_id = {run_id:String} AND outcome != 'ok' "
        "ORDER BY produced_at DESC LIMIT 1",
        {"run_id": run_id},
    ).rows
    return f"; the last failed call was {rows[0][0]}: {rows[0][1]}: {rows[0][2]}" if rows else ""


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


@contextlib.asynccontextmanager
async def interrupts() -> AsyncIterator[asyncio.Event]:
    """Set by Ctrl-C or SIGTERM; a second Ctrl-C ends the process on the spot."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def first() -> None:
        stop.set()
        loop.add_signal_handler(signal.SIGINT, lambda: give_up("stopped at once", INTERRUPTED))
        sys.stderr.write("\nstopping: finishing what is under way (Ctrl-C again: at once)\n")

    loop.add_signal_handler(signal.SIGINT, first)
    loop.add_signal_handler(signal.SIGTERM, first)
    try:
        yield stop
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        loop.remove_signal_handler(signal.SIGTERM)
