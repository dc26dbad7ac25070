"""`genesisfunc replay promote`: a replay's verdicts take effect."""

import asyncio
import contextlib
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from nats.aio.client import Client
from nats.errors import Error as NatsError
from rich.console import Console
from rich.progress import Progress

from cli import hosting
from cli.errors import OUTSIDE, CommandError
from cli.replay import MODEL_ROLES, hosted
from cli.store import open_store
from schemas.events import Envelope, derive_id
from schemas.replays import ReplayPromoted, ReplayStarted
from schemas.settings import OFFLINE_MODEL, Settings
from sinks import promotion, replay_inputs
from sinks.promotion import Change
from sinks.sql import load
from sinks.store import Queryable, StoreError
from streams import topology
from streams.publisher import NoSpace, NotStored, publish
from streams.topology import StageName

ACTING: tuple[StageName, ...] = ("model-checker", "review-router")
"""Stages that a verdict which takes effect needs."""
QUIET_AFTER_S = 300.0


def promote(name: str, settings: Settings, dry_run: bool, as_json: bool) -> None:
    """Raises CommandError: there is no such replay, it is not complete, or nothing can be reached."""
    with open_store(settings) as store:
        replay = _complete(store, name)
        changes = promotion.plan(store, replay)
        if not dry_run and replay.stage == "rule":
            _require_models(store, settings, changes)
    counts = Counter(change.action for change in changes)
    told = ReplayPromoted(name, counts["revoke"], counts["pass on"], counts["keep"])
    if not dry_run:
        try:
            asyncio.run(_publish(replay, changes, told, settings))
        except (StoreError, NatsError, NotStored, NoSpace) as error:
            raise CommandError(
                f"promoting stopped: {error or type(error).__name__}. Nothing is lost: the same command goes "
                "on",
                OUTSIDE,
            ) from error
    if as_json:
        facts = {key: value for key, value in msgspec.to_builtins(told).items() if key != "type"}
        sys.stdout.write(msgspec.json.encode(facts | {"dry_run": dry_run}).decode() + "\n")
    _tell(replay, told, dry_run)


def _complete(store: Queryable, name: str) -> ReplayStarted:
    found = replay_inputs.find(store, name)
    if found is None:
        known = ", ".join(row[0] for row in store.query("SELECT name FROM replays ORDER BY started_at").rows)
        raise CommandError(
            f"there is no replay {name!r}; there {f'are: {known}' if known else 'is none yet'}"
        )
    if found.checked < found.started.dialogues:
        raise CommandError(
            f"replay {name!r} has checked {found.checked:,} of {found.started.dialogues:,} dialogues: the "
            "same `genesisfunc replay start` goes on with it; then promote it"
        )
    return found.started


def _require_models(store: Queryable, settings: Settings, changes: Sequence[Change]) -> None:
    """The offline teacher must not wave through what real models wrote, because a setting was forgotten."""
    runs = sorted({change.run_id for change in changes if change.action == "pass on"})
    if not runs or not settings.offline:
        return
    rows = store.query(load("models_of_runs"), {"runs": runs, "but": OFFLINE_MODEL}).rows
    if rows:
        raise CommandError(
            "what passes the rules now has to pass the model checker, and no model is named: these dialogues "
            f"were made with {', '.join(row[0] for row in rows)}; give --model or --settings"
        )


async def _publish(
    replay: ReplayStarted, changes: Sequence[Change], told: ReplayPromoted, settings: Settings
) -> None:
    passing = any(change.action == "pass on" for change in changes)
    roles = MODEL_ROLES if replay.stage == "rule" and passing else ()
    acting = () if not passing else ACTING if replay.stage == "rule" else ACTING[1:]
    async with hosted(settings, "replay promote", roles) as place, contextlib.AsyncExitStack() as stack:
        if place.own:
            await stack.enter_async_context(hosting.in_process(place.settings, acting))
        js = place.nc.jetstream()
        pages = promotion.events_of(place.store, replay, changes)
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("promoting", total=told.revoked + told.passed_on)
            while page := await asyncio.to_thread(next, pages, None):
                await publish(js, *page)
                progress.advance(task, len(page))
        await publish(js, _promoted(replay, told))
        if place.own:
            await _quiet(place.nc, (*acting, "sink"))


def _promoted(replay: ReplayStarted, told: ReplayPromoted) -> Envelope:
    subject = f"{topology.REPLAY}.{replay.name}.promoted"
    return Envelope(
        event_id=derive_id(subject, told.revoked, told.passed_on, told.kept),
        subject=subject,
        run_id="",
        produced_at=datetime.now(UTC),
        producer="cli@1",
        body=told,
    )


async def _quiet(nc: Client, stages: Sequence[StageName]) -> None:
    """Wait until the stages hosted here have worked off what was published."""
    deadline = time.monotonic() + QUIET_AFTER_S
    quiet = 0
    while quiet < 2:
        lags = await topology.lags(nc.jetstream())
        quiet = quiet + 1 if not any(lags[stage].depth for stage in stages) else 0
        if time.monotonic() > deadline:
            raise CommandError(
                f"the stages are not done after {QUIET_AFTER_S:.0f} s; what is left goes on with the next "
                "`genesisfunc run` or `up`",
                OUTSIDE,
            )
        await asyncio.sleep(0.2)


def _tell(replay: ReplayStarted, told: ReplayPromoted, dry_run: bool) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    would = "would be" if dry_run else "are"
    to = "the model checker" if replay.stage == "rule" else "acceptance"
    console.print(
        f"replay [bold]{told.name}[/] by {replay.checker}: {told.revoked:,} acceptances {would} revoked, "
        f"{told.passed_on:,} dialogues {would} passed on to {to}"
        + (f", {told.kept:,} that a person accepted stay" if told.kept else "")
    )
