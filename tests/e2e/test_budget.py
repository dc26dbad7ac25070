"""A run stops at its budget, loses nothing, and goes on with a larger one."""

import asyncio
import contextlib
import json
import threading
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from agents.teacher.server import TeacherConfig, create_app
from tests.e2e.command import adds_up, command, last_json, run_arguments, started, until_line

PRICES = "[prices.rehearsal]\nusd_per_mtok_in = 2.0\nusd_per_mtok_cached = 0.5\nusd_per_mtok_out = 8.0\n"


@dataclass
class Endpoint:
    """The offline teacher, and what it was asked."""

    url: str = ""
    bodies: Counter[bytes] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        return self.bodies.total()


@contextlib.asynccontextmanager
async def served() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()

    @web.middleware
    async def listen(request, handler):
        body = await request.read()
        if b"response_format" in body:  # not the word before a run
            endpoint.bodies[body] += 1
        return await handler(request)

    app = create_app(TeacherConfig(error_rate=0.0))
    app.middlewares.append(listen)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    endpoint.url = f"http://{host}:{port}/v1"
    try:
        yield endpoint
    finally:
        await runner.cleanup()


async def test_a_run_stops_at_its_budget_and_goes_on_with_a_larger_one(tmp_path):
    folder, settings = tmp_path / "data", tmp_path / "settings.toml"
    settings.write_text(PRICES)
    async with served() as endpoint:

        async def run(*more: str):
            return await asyncio.to_thread(
                command,
                *run_arguments(folder, 16, "--model", "rehearsal", "--settings", str(settings), *more),
                OPENAI_BASE_URL=endpoint.url,
                OPENAI_API_KEY="k",
            )

        stopped = await run("--budget-usd", "0.5")
        assert stopped.returncode == 4, stopped.stderr
        assert "its budget of $0.50 is used up" in stopped.stderr
        assert "the same command with a larger budget goes on" in stopped.stderr
        status = last_json(stopped.stdout)
        assert adds_up(status)
        assert status["in_flight"] > 0
        assert status["budget"]["used_up"]
        assert 0.5 <= status["budget"]["spent_usd"] == pytest.approx(status["llm"]["cost_usd"])
        assert status["files"].keys() == {"openai", "alpaca", "report"}
        assert status["llm"]["calls"] == endpoint.requests, "whatever was paid for is on record"

        paid = endpoint.requests
        again = await run("--budget-usd", "0.5")
        assert again.returncode == 4
        assert endpoint.requests == paid, "nothing is left to pay with"

        done = await run("--budget-usd", "50")
        assert done.returncode == 0, done.stderr
        status = last_json(done.stdout)
        assert (status["accepted"], status["in_flight"]) == (16, 0)
        assert adds_up(status)
        assert not status["budget"]["used_up"]
        assert status["llm"]["calls"] == endpoint.requests
        assert max(endpoint.bodies.values()) == 1, "nothing was paid for twice"


def test_with_stages_of_their_own_a_budget_stops_its_run_alone(tmp_path):
    folder = tmp_path / "data"
    with started("up", "--data-dir", folder) as up:
        until_line(up, lambda line: "now: genesisfunc run" in line)
        reader = threading.Thread(target=lambda: [*(up.stderr or ())], daemon=True)
        reader.start()
        unlimited: list = []
        other = threading.Thread(
            target=lambda: unlimited.append(command(*run_arguments(folder, 8, "--seed", "1")))
        )
        other.start()
        stopped = command(*run_arguments(folder, 12, "--budget-tokens", "150000"))
        done = command(*run_arguments(folder, 12, "--budget-tokens", "50000000"))
        other.join(timeout=110)
        up.terminate()
        up.wait(timeout=60)

    assert stopped.returncode == 4, stopped.stderr
    assert "its budget of 150,000 tokens is used up" in stopped.stderr
    status = last_json(stopped.stdout)
    assert adds_up(status)
    assert status["in_flight"] > 0
    assert 150_000 <= status["budget"]["spent_tokens"] < 600_000

    assert done.returncode == 0, done.stderr
    assert (last_json(done.stdout)["accepted"], last_json(done.stdout)["in_flight"]) == (12, 0)
    [free] = unlimited
    assert free.returncode == 0, free.stderr
    assert last_json(free.stdout)["accepted"] == 8


def test_a_limit_in_usd_wants_a_price_before_anything_starts(tmp_path):
    refused = command(
        *run_arguments(tmp_path / "data", 1, "--model", "gpt-x", "--budget-usd", "5"), OPENAI_API_KEY="k"
    )
    assert refused.returncode == 2
    assert '[prices."gpt-x"]' in refused.stderr
    assert not (tmp_path / "data" / "nats").exists()


def test_the_offline_teacher_needs_no_price(tmp_path):
    done = command(*run_arguments(tmp_path / "data", 1, "--budget-usd", "5"))
    assert done.returncode == 0, done.stderr
    assert "[prices.offline-teacher] in the settings file" in done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["budget"]["spent_usd"] == 0
