"""What a run costs: calls, tokens and US dollars by role, beside the paper's algorithm counted naively.

The offline teacher answers here, in this process, so that every request can be looked at: how much of a
prompt is the beginning of an earlier one of its role, and whether any request is paid for twice. A second,
shorter run is stopped by a budget half-way and then goes on. The prices are made up: 2, 0.50 (cached) and 8
dollars a million.

    python -m benchmarks.cost [--dialogues 200] [--seed 0]
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from agents.teacher.prefixes import CHARACTERS_A_TOKEN, Prefixes
from agents.teacher.server import TeacherConfig, create_app
from benchmarks.figures import finish
from sinks.cost import cost_figures
from sinks.store import EventStore

PRICES = "[prices.rehearsal]\nusd_per_mtok_in = 2.0\nusd_per_mtok_cached = 0.5\nusd_per_mtok_out = 8.0\n"
VLLM_BLOCK = 16
"""Tokens; vLLM caches prefixes from the first whole block on."""
USED_UP = 4

AFTER_THE_LIMIT = """
WITH (
    SELECT min(produced_at)
    FROM (SELECT produced_at, sum(cost_usd) OVER (ORDER BY produced_at) AS spent FROM llm_calls)
    WHERE spent >= {limit:Float64}
) AS reached
SELECT
    countIf(produced_at > reached) AS answered,
    countIf(began > reached) AS begun,
    max(if(began > reached, dateDiff('millisecond', reached, began), 0)) AS last_begun_ms
FROM
(
    SELECT produced_at, produced_at - toIntervalMicrosecond(toUInt64(latency_s * 1000000)) AS began
    FROM llm_calls
    WHERE outcome = 'ok'
)
"""
"""Calls answered after the budget was reached, those of them begun after it, and the last beginning."""


@dataclass
class Requests:
    """What was asked, by role."""

    bodies: Counter[bytes] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    """Tokens at the beginning of a prompt that an earlier prompt of the role began with as well."""
    _prefixes: dict[str, Prefixes] = field(default_factory=dict)

    def take(self, raw: bytes) -> None:
        request = json.loads(raw)
        if "response_format" not in request:
            return  # the word before a run
        role, _, _ = request["response_format"]["json_schema"]["name"].partition("_")  # the checker has two
        prompt = "\n".join(message["content"] for message in request["messages"])
        prefixes = self._prefixes.setdefault(role, Prefixes(step=VLLM_BLOCK, least=0, room=10_000_000))
        self.bodies[raw] += 1
        self.tokens[role] += len(prompt) // CHARACTERS_A_TOKEN
        self.known[role] += prefixes.read(prompt)

    @property
    def paid_twice(self) -> int:
        return sum(times - 1 for times in self.bodies.values())

    @property
    def known_share(self) -> dict[str, float]:
        shares = {role: self.known[role] / tokens for role, tokens in self.tokens.items()}
        return shares | {"all": self.known.total() / self.tokens.total()}


@contextlib.asynccontextmanager
async def listened_teacher(seed: int) -> AsyncIterator[tuple[str, Requests]]:
    """The URL of a teacher without mishaps, and what it was asked."""
    requests = Requests()

    @web.middleware
    async def listen(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.method == "POST":
            requests.take(await request.read())
        return await handler(request)

    app = create_app(TeacherConfig(seed=seed, error_rate=0.0))
    app.middlewares.append(listen)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/v1", requests
    finally:
        await runner.cleanup()


async def run(url: str, folder: Path, dialogues: int, seed: int, *more: str) -> dict[str, Any]:
    """`genesisfunc run` to its end or to its budget's; gives what it printed last."""
    settings = folder / "settings.toml"
    settings.write_text(PRICES)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "run", "--tools", "bfcl", "--model", "rehearsal", "--json"),
        *("--dialogues", str(dialogues), "--seed", str(seed)),
        *("--settings", str(settings), "--data-dir", str(folder / "data"), *more),
        env=os.environ | {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "k"},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if process.returncode not in (0, USED_UP):
        sys.exit(f"the run failed with exit {process.returncode}")
    status: dict[str, Any] = json.loads(output.splitlines()[-1])
    return status


async def whole_run(dialogues: int, seed: int) -> tuple[dict[str, Any], Requests]:
    """Cost figures of a run, and its requests."""
    with tempfile.TemporaryDirectory() as folder:
        async with listened_teacher(seed) as (url, requests):
            status = await run(url, Path(folder), dialogues, seed)
        with EventStore(f"chdb://{folder}/data/clickhouse") as store:
            return cost_figures(store, status["run_id"]), requests


async def stopped_run(dialogues: int, seed: int, limit: float) -> dict[str, Any]:
    """How far a run goes over its budget, and whether going on pays for anything twice."""
    with tempfile.TemporaryDirectory() as folder:
        async with listened_teacher(seed) as (url, requests):
            status = await run(url, Path(folder), dialogues, seed, "--budget-usd", f"{limit:.4f}")
            asked = requests.bodies.total()
            with EventStore(f"chdb://{folder}/data/clickhouse") as store:
                [after] = store.query(AFTER_THE_LIMIT, {"limit": limit}).dicts()
            done = await run(url, Path(folder), dialogues, seed, "--budget-usd", f"{limit * 100:.4f}")
        return {
            "limit_usd": round(limit, 4),
            "spent_usd": status["budget"]["spent_usd"],
            "accepted": status["accepted"],
            "in_flight": status["in_flight"],
            "unrecorded_calls": asked - status["llm"]["calls"],
            "calls_answered_after": after["answered"],
            "calls_begun_after": after["begun"],
            "last_begun_after_ms": after["last_begun_ms"],
            "accepted_in_the_end": done["accepted"],
            "paid_twice": requests.paid_twice,
        }


def table(figures: dict[str, Any], known: dict[str, float]) -> None:
    """One line a role."""
    heads = ("calls", "tokens in", "cached", "known", "tokens out", "USD")
    print(f"{'role':10}" + "".join(f"{head:>12}" for head in heads))
    for role, row in [*figures["by_role"].items(), ("all", figures)]:
        cells = (
            f"{row['calls']:,}",
            f"{row['prompt_tokens']:,}",
            f"{row['cached_tokens'] / max(1, row['prompt_tokens']):.0%}",
            f"{known[role]:.0%}",
            f"{row['completion_tokens']:,}",
            f"{row['cost_usd']:.2f}",
        )
        print(f"{role:10}" + "".join(f"{cell:>12}" for cell in cells))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dialogues", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    figures, requests = asyncio.run(whole_run(options.dialogues, options.seed))
    known = requests.known_share
    table(figures, known)
    few = max(1, options.dialogues // 4)
    half = figures["cost_usd"] * few / options.dialogues / 2
    stopped = asyncio.run(stopped_run(few, options.seed, half))
    naive = figures["naive"]
    finish(
        {
            "accepted": figures["accepted"],
            "rounds": figures["rounds"],
            "calls": figures["calls"],
            "per_accepted": {name: round(value, 4) for name, value in figures["per_accepted"].items()},
            "by_state": figures["by_state"],
            "naive_calls": naive["calls"],
            "strict_share": round(naive["strict_share"], 3),
            "unchecked_share": round(naive["unchecked_share"], 3),
            "cached_share": round(figures["cached_share"], 3),
            "known_share": {role: round(share, 3) for role, share in known.items()},
            "stopped": stopped,
        },
        {
            "share_of_naive": (round(naive["share"], 3), "<= 0.36"),
            "paid_twice": (requests.paid_twice + stopped["paid_twice"], "== 0"),
            "unrecorded_calls": (stopped["unrecorded_calls"], "== 0"),
            "last_call_begun_after_the_limit_ms": (stopped["last_begun_after_ms"], "<= 500"),
            "accepted_after_the_stop": (stopped["accepted_in_the_end"], f"== {few}"),
        },
    )


if __name__ == "__main__":
    main()
