"""Start and stop what a run needs on one machine: nats-server, the offline teacher, the stages."""

import asyncio
import contextlib
import importlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import SecretStr

from agents.client import LLM, LLMError
from cli.errors import OUTSIDE, CommandError, give_up
from cli.folder import DataFolder
from cli.rules import usable_rules
from cli.store import quiet
from schemas.events import LLMCalled, Where
from schemas.settings import OFFLINE_MODEL, ROLES, RoleName, Settings
from sinks.store import StoreError
from streams import metrics, topology
from streams.embedded import ServerFailed, dies_with_its_parent, nats_server
from streams.stage import HALTED, Stage
from streams.topology import STAGES, StageName

# The sink first, so that nothing waits for it; the sampler last, so that nothing starts before all stand.
START_ORDER: tuple[StageName, ...] = tuple(reversed(STAGES))
CATCH_UP_S = 10.0
"""How long a sink that is to stop goes on storing what was published; the rest waits for the next start."""


def module_of(stage: StageName) -> str:
    return f"consumers.{stage.replace('-', '_')}.app"


@contextlib.asynccontextmanager
async def servers(
    folder: DataFolder,
    settings: Settings,
    *,
    mode: str,
    teacher_seed: int,
    defect_rate: float,
    roles: Sequence[RoleName] = ROLES,
    asks_models: bool = True,
) -> AsyncIterator[tuple[Settings, Client]]:
    """The embedded servers of a data folder; gives the settings that lead to them, and a connection.

    Args:
        roles: those whose endpoints have to answer before anything starts.
        asks_models: False: no model is needed, so the offline teacher is not started either.

    Raises:
        CommandError: a server does not start, an endpoint refuses, or a file that a stage needs is damaged.
    """
    usable_rules(settings)  # before anything starts: a stage that cannot would be started over and over
    async with contextlib.AsyncExitStack() as stack:
        if settings.offline and asks_models:
            url = await stack.enter_async_context(
                offline_teacher(folder.path / "teacher", teacher_seed, defect_rate)
            )
            settings = answered_at(settings, url)
        await check_endpoints(settings, roles)
        try:
            nats_url = await stack.enter_async_context(nats_server(folder.path / "nats", on_death=_died))
        except ServerFailed as error:
            raise CommandError(str(error), OUTSIDE) from error
        settings = settings.model_copy(update={"nats_url": nats_url, "data_dir": folder.path})
        nc = await stack.enter_async_context(connected(nats_url))
        await topology.declare(nc.jetstream(), settings)
        folder.announce(mode, nats_url, models_of(settings), settings.unpriced)
        yield settings, nc


def answered_at(settings: Settings, url: str) -> Settings:
    """The settings with the offline teacher at a URL for every role."""
    teacher = {"model": OFFLINE_MODEL, "base_url": url, "api_key": SecretStr("offline")}
    return settings.model_copy(update={"llm": settings.llm.model_copy(update=teacher)})


def _died(what: str) -> None:
    give_up(f"{what}. Nothing that was acknowledged is lost: the same command goes on")


def models_of(settings: Settings) -> dict[str, str]:
    """Role -> model, or models."""
    return {role: ", ".join(each.model for each in settings.endpoints(role)) for role in ROLES}


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client]:
    nc = await nats.connect(url, max_reconnect_attempts=-1, reconnect_time_wait=1, error_cb=quiet)
    try:
        yield nc
    finally:
        await nc.close()


async def check_endpoints(settings: Settings, roles: Sequence[RoleName] = ROLES) -> None:
    """A word with each endpoint before any work: a wrong key must not cost hours of retries."""
    for role in roles:
        if not all(each.model for each in settings.endpoints(role)):
            raise CommandError(
                f"no model is named for the role {role!r}: give --model, OPENAI_MODEL or [llm] model in "
                "the settings file"
            )
    llm = LLM(settings, _NoLedger())
    try:
        await llm.preflight(roles)
    except LLMError as error:
        raise CommandError(str(error), OUTSIDE) from error
    finally:
        await llm.close()


class _NoLedger:
    async def recall(self, request_hash: str) -> Sequence[str] | None:
        return None

    async def record(self, call: LLMCalled, where: Where) -> None:
        return None


@contextlib.asynccontextmanager
async def offline_teacher(folder: Path, seed: int, defect_rate: float) -> AsyncIterator[str]:
    """The offline teacher as a process of its own, so that it has a core of its own; gives its URL."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    port_file, output = folder / "port", folder / "teacher.log"
    port_file.unlink(missing_ok=True)
    with output.open("ab") as written:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "agents.teacher"),
            *("--port", "0", "--port-file", str(port_file)),
            *("--seed", str(seed), "--defect-rate", str(defect_rate)),
            *("--labels", str(folder / "defects.jsonl")),
            stdout=written,
            stderr=written,
            start_new_session=True,
            preexec_fn=dies_with_its_parent,
        )
    watch: asyncio.Task[None] | None = None
    try:
        for _ in range(600):
            port = _number_in(port_file)
            if port is not None:
                watch = asyncio.create_task(_watch_teacher(process, output))
                yield f"http://127.0.0.1:{port}/v1"
                return
            if process.returncode is not None:
                raise CommandError(f"the offline teacher did not start; see {output}", OUTSIDE)
            await asyncio.sleep(0.05)
        raise CommandError(f"the offline teacher was not up in 30 s; see {output}", OUTSIDE)
    finally:
        if watch is not None:
            watch.cancel()
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _number_in(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


async def _watch_teacher(process: asyncio.subprocess.Process, output: Path) -> None:
    code = await process.wait()
    _died(f"the offline teacher ended (exit {code}), see {output}")


@contextlib.asynccontextmanager
async def in_process(settings: Settings, names: Sequence[StageName]) -> AsyncIterator[None]:
    """Stages in this process and event loop, without metrics of their own: one process has one port."""
    settings = settings.model_copy(update={"metrics_port": None})
    started: list[Stage] = []
    try:
        for name in names:
            module = await asyncio.to_thread(importlib.import_module, module_of(name))
            stage: Stage = module.build(settings)
            try:
                await stage.app.start()
            except StoreError as error:
                raise CommandError(str(error), OUTSIDE) from error
            started.append(stage)
        yield
    finally:
        # All at once: each drains what it has under way.
        await asyncio.gather(*(stage.app.stop() for stage in started), return_exceptions=True)


@contextlib.asynccontextmanager
async def sink_in_process(settings: Settings, nc: Client) -> AsyncIterator[None]:
    """The sink alone, with the process's metrics; at the end it takes in all that was published before."""
    if settings.metrics_port is not None:
        try:
            metrics.serve(settings.metrics_port, settings.metrics_host)
        except OSError as error:
            raise CommandError(str(error)) from error
    async with in_process(settings, ("sink",)):
        try:
            yield
        finally:
            with contextlib.suppress(NatsError, TimeoutError):
                await asyncio.wait_for(all_stored(nc), CATCH_UP_S)


async def all_stored(nc: Client) -> None:
    """Wait until the sink has taken in all that was published."""
    while True:
        lags = await topology.lags(nc.jetstream())
        if not lags["sink"].depth:
            return
        await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def replicas(
    stage: StageName, count: int, settings: Settings, folder: DataFolder, say: Callable[[str], None]
) -> AsyncIterator[None]:
    """Some processes of one stage, without metrics: started again when they die."""
    environment = environment_of(settings.model_copy(update={"metrics_port": None}))
    logs = folder.path / "logs"
    await asyncio.to_thread(logs.mkdir, parents=True, exist_ok=True)
    async with _supervised(
        _supervise(stage, environment, logs / f"{stage}-{settings.replay or 'replica'}.log", say)
        for _ in range(count)
    ):
        yield


@contextlib.asynccontextmanager
async def _supervised(work: Iterable[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    supervisors = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in supervisors:
            task.cancel()
        await asyncio.gather(*supervisors, return_exceptions=True)


@contextlib.asynccontextmanager
async def in_processes(
    settings: Settings, folder: DataFolder, say: Callable[[str], None]
) -> AsyncIterator[None]:
    """Each stage as its own process, started again when it dies.

    Metrics are on consecutive ports from `metrics_port` on, in the order of `STAGES`.
    """
    logs = folder.path / "logs"
    await asyncio.to_thread(logs.mkdir, exist_ok=True)
    first = settings.metrics_port
    async with _supervised(
        _supervise(
            name,
            environment_of(
                settings.model_copy(update={"metrics_port": first + STAGES.index(name) if first else first})
            ),
            logs / f"{name}.log",
            say,
        )
        for name in START_ORDER
    ):
        yield


async def _supervise(
    name: StageName, environment: dict[str, str], log: Path, say: Callable[[str], None]
) -> None:
    restarts = 0
    while True:
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "faststream", "run", f"{module_of(name)}:app"),
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=dies_with_its_parent,
            )
        say(f"{name} started (process {process.pid})")
        began = asyncio.get_running_loop().time()
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(30):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
            raise
        # A stage that dies at birth over and over must not burn the machine.
        restarts = restarts + 1 if asyncio.get_running_loop().time() - began < 10 else 0
        wait = min(30.0, 0.2 * 2**restarts)
        say(f"{name} ended ({_how(code)}); again in {wait:.1f} s, its log is {log}")
        await asyncio.sleep(wait)


def _how(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
    return f"exit {code}"


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, for processes of our own."""
    own = {
        f"GENESISFUNC_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.model_dump(mode="json", exclude={"llm", "roles", "committee"}).items()
        if value is not None
    }
    members = [member.model_dump(exclude_none=True) for member in settings.committee]
    own["GENESISFUNC_COMMITTEE"] = json.dumps(members, default=SecretStr.get_secret_value)
    for prefix, endpoint in (("LLM", settings.llm), *((f"ROLES__{n}", r) for n, r in settings.roles.items())):
        for name, value in endpoint.model_dump(exclude_none=True).items():
            plain = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            own[f"GENESISFUNC_{prefix}__{name}".upper()] = plain
    return {**os.environ, **own}


@contextlib.asynccontextmanager
async def halts(nc: Client) -> AsyncIterator["asyncio.Future[str]"]:
    """A future of the first stage's reason to stop for good."""
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def on_halt(message: Msg) -> None:
        word = json.loads(message.data)
        if not found.done():
            found.set_result(f"{word['stage']}: {word['reason']}")

    subscription = await nc.subscribe(HALTED, cb=on_halt)
    try:
        yield found
    finally:
        with contextlib.suppress(Exception):
            await subscription.unsubscribe()
        found.cancel()
