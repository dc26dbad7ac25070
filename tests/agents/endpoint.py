"""A scripted OpenAI-compatible endpoint: each request gets the next answer of the script."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from agents.client import LLM
from schemas.events import LLMCalled, Where
from schemas.settings import Endpoint, Settings

Answer = Callable[[dict[str, Any]], web.Response | Awaitable[web.Response]]


def says(*texts: str, finish: str = "stop") -> Answer:
    """Answer with these choices, as many as were asked for at the most."""

    def answer(request: dict[str, Any]) -> web.Response:
        return web.json_response(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": request["model"],
                "choices": [
                    {
                        "index": i,
                        "message": {"role": "assistant", "content": text},
                        "finish_reason": finish,
                    }
                    for i, text in enumerate(texts[: request.get("n", 1)])
                ],
                "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
            }
        )

    return answer


def refuses(status: int, message: str, code: str | None = None, **headers: str) -> Answer:
    def answer(request: dict[str, Any]) -> web.Response:
        return web.json_response(
            {"error": {"message": message, "type": "error", "code": code}}, status=status, headers=headers
        )

    return answer


@dataclass
class Slow:
    """Answers as `answer` does, once it is let."""

    answer: Answer
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    let: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: dict[str, Any]) -> web.Response:
        self.asked.set()
        await self.let.wait()
        reply = self.answer(request)
        assert isinstance(reply, web.Response)
        return reply


@dataclass
class Script:
    answers: Sequence[Answer]
    """The last one is repeated."""
    requests: list[dict[str, Any]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        self.requests.append(body)
        reply = self.answers[min(len(self.requests), len(self.answers)) - 1](body)
        return reply if isinstance(reply, web.Response) else await reply


@dataclass
class DictLedger:
    """The ledger in memory; `streams.stores.NatsLedger` is tested on its own."""

    answers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    calls: list[LLMCalled] = field(default_factory=list)

    async def recall(self, request_hash: str) -> Sequence[str] | None:
        return self.answers.get(request_hash)

    async def record(self, call: LLMCalled, where: Where) -> None:
        self.calls.append(call)
        if call.outcome == "ok":
            self.answers[call.request_hash] = call.answers


@dataclass
class DictPurse:
    """Refusals by run, in memory; `streams.control.Permits` is tested on its own."""

    refusals: dict[str, str] = field(default_factory=dict)

    async def refusal(self, run_id: str) -> str:
        return self.refusals.get(run_id, "")


@contextlib.asynccontextmanager
async def served(script: Script) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", script.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/v1"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def scripted(*answers: Answer, **settings: Any) -> AsyncIterator[tuple[LLM, Script, DictLedger]]:
    """A client of an endpoint that follows a script."""
    script, ledger = Script(answers), DictLedger()
    async with served(script) as url:
        endpoint = Endpoint(
            model="m", base_url=url, api_key=SecretStr("k"), usd_per_mtok_in=1.0, usd_per_mtok_out=10.0
        )
        llm = LLM(Settings(llm=endpoint, **settings), ledger, DictPurse())
        try:
            yield llm, script, ledger
        finally:
            await llm.close()
