"""The OpenAI chat-completions protocol around the roles.

Supported: `n`, `seed`, `tools` and `tool_choice`, `response_format`, `max_tokens` / `max_completion_tokens`,
`usage`, and the errors a hosted endpoint gives: 400, 401, 404, 429 with Retry-After, 500. Not supported:
streaming, log probabilities. A reply is a function of the server's seed and the request; only 429 and
500, so that trying again helps, and the cached tokens of `usage` depend on the requests that came before.
"""

import asyncio
import hashlib
import hmac
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from agents.teacher.card import card, slot_of
from agents.teacher.defects import Defect
from agents.teacher.lexicon import Scene
from agents.teacher.prefixes import Prefixes
from agents.teacher.roles import BadPrompt, Reply, answer, chat, recognise

MODEL = "offline-teacher"
_MAX_BODY = 32 * 2**20


@dataclass(frozen=True)
class TeacherConfig:
    seed: int = 0
    defect_rate: float = 0.05
    """Share of the assistant's, the function's, the user's and the repair agent's replies that get a planted
    defect."""
    error_rate: float = 0.01
    """Share of requests answered with 429 or 500."""
    judge_bias: float = 0.0
    """How often the judge prefers the first candidate shown whatever it holds; for measuring that bias."""
    retry_after_s: float = 0.05
    labels_path: Path | None = None
    """A JSONL file to which every planted defect is appended."""
    api_key: str | None = None
    """The key clients have to send; None: any, or none."""

    def __post_init__(self) -> None:
        for name in ("defect_rate", "error_rate", "judge_bias"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}, but a rate lies between 0 and 1")


class Refused(Exception):
    """A request the endpoint does not answer, as OpenAI's error body says it."""

    def __init__(
        self, status: int, message: str, kind: str, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _bad(message: str, param: str | None = None) -> Refused:
    return Refused(400, message, "invalid_request_error", None, param)


@dataclass
class Labels:
    """The planted defects: what, and in which reply."""

    path: Path | None
    rows: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)

    def add(self, response_id: str, choice: int, role: str, defect: Defect) -> None:
        """Label a reply once, however often the same request comes."""
        if (response_id, choice) in self.rows:
            return
        row = {
            "response_id": response_id,
            "choice": choice,
            "role": role,
            "defect": defect.kind,
            "detail": defect.detail,
        }
        self.rows[response_id, choice] = row
        if self.path is not None:
            with self.path.open("ab") as file:
                file.write(msgspec.json.encode(row) + b"\n")


class Teacher:
    def __init__(self, config: TeacherConfig) -> None:
        self.config = config
        self.labels = Labels(config.labels_path)
        self.prefixes = Prefixes()
        self.requests = 0

    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        """A chat completion.

        Raises:
            Refused: the request is malformed.
        """
        request = _validated(body)
        messages, n = request["messages"], request["n"]
        digest = hashlib.blake2b(
            msgspec.json.encode(
                [self.config.seed, messages, request["seed"], request["tools"], request["schema_name"]],
                order="deterministic",
            ),
            digest_size=16,
        ).hexdigest()
        response_id = f"chatcmpl-{digest[:24]}"
        role = recognise(messages, request["schema_name"], request["schema"], request["model"])
        choices = []
        completion = 0
        for index in range(n):
            rng = random.Random(f"{digest}/{index}")
            try:
                message, defect = self._message(role, request, rng)
            except BadPrompt as error:
                raise _bad(str(error), "messages") from None
            if defect is not None:
                self.labels.add(response_id, index, role.role if role else "chat", defect)
            finish = "tool_calls" if message.get("tool_calls") else "stop"
            text = message.get("content") or ""
            tokens = _tokens(text) + sum(
                _tokens(c["function"]["arguments"]) + 8 for c in message.get("tool_calls") or ()
            )
            limit = request["max_tokens"]
            if limit is not None and tokens > limit:
                message["content"] = text[: limit * 4]
                finish, tokens = "length", limit
            completion += tokens
            choices.append({"index": index, "message": message, "logprobs": None, "finish_reason": finish})
        texts = [_plain(message.get("content")) for message in messages]
        prompt = sum(_tokens(text) + 4 for text in texts)
        # What a model reads first: the reply's schema and the tools, then the messages.
        head = msgspec.json.encode([request["schema_name"], request["tools"]]).decode()
        cached = self.prefixes.read("\n".join([head, *texts]))
        return {
            "id": response_id,
            "object": "chat.completion",
            "created": int(time.time()),
            "model": request["model"],
            "choices": choices,
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "total_tokens": prompt + completion,
                "prompt_tokens_details": {"cached_tokens": min(prompt, cached)},
            },
            "system_fingerprint": f"fp_seed_{self.config.seed}",
        }

    def _message(
        self, role: Any, request: dict[str, Any], rng: random.Random
    ) -> tuple[dict[str, Any], Defect | None]:
        if role is not None:
            reply: Reply = answer(
                role, rng, self.config.defect_rate, self.config.seed, self.config.judge_bias
            )
            return {"role": "assistant", "content": reply.text, "refusal": None}, reply.defect
        schema = request["schema"]
        if schema is not None and not request["tools"]:
            return {"role": "assistant", "content": _instance(schema, rng), "refusal": None}, None
        said = chat(
            request["messages"], request["tools"], request["tool_choice"], rng, self.config.defect_rate
        )
        message: dict[str, Any] = {"role": "assistant", "content": said.content, "refusal": None}
        if request["json"] and said.content is not None:
            message["content"] = msgspec.json.encode({"message": said.content}).decode()
        if said.calls:
            message["tool_calls"] = [
                {
                    "id": f"call_{rng.getrandbits(64):016x}",
                    "type": "function",
                    "function": {"name": name, "arguments": msgspec.json.encode(arguments).decode()},
                }
                for name, arguments in said.calls
            ]
        return message, said.defect

    def mishap(self) -> tuple[int, dict[str, str]] | None:
        """Whether this request fails for no fault of its own, and how."""
        self.requests += 1
        rng = random.Random(f"{self.config.seed}/mishap/{self.requests}")
        if rng.random() >= self.config.error_rate:
            return None
        if rng.random() < 0.7:
            return 429, {"Retry-After": f"{self.config.retry_after_s:g}"}
        return 500, {}


def _instance(schema: dict[str, Any], rng: random.Random) -> str:
    """Any JSON that fits a schema nobody here knows the meaning of."""
    value = Scene(rng).value(slot_of("reply", schema), card({"name": "reply"}))
    return msgspec.json.encode(value).decode()


def _tokens(text: str) -> int:
    """An estimate: four characters make a token."""
    return (len(text) + 3) // 4


def _plain(content: Any) -> str:
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _integer(body: dict[str, Any], name: str, low: int, high: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _bad(f"'{name}' must be an integer from {low} to {high}, got {value!r}", name)
    return value


def _validated(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise _bad("the request body must be a JSON object")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise _bad("'messages' must be a list with at least one message", "messages")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in (
            "system",
            "developer",
            "user",
            "assistant",
            "tool",
        ):
            raise _bad(
                f"messages[{index}] must be an object with a role: system, developer, user, assistant "
                f"or tool",
                "messages",
            )
        if message.get("content") is not None and not isinstance(message["content"], str | list):
            raise _bad(f"messages[{index}].content must be text, a list of parts, or null", "messages")
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise _bad("'model' must be given", "model")
    if body.get("stream"):
        raise _bad("streaming is not supported here; leave 'stream' out", "stream")
    temperature = body.get("temperature")
    if temperature is not None and (
        isinstance(temperature, bool) or not isinstance(temperature, int | float) or not 0 <= temperature <= 2
    ):
        raise _bad(f"'temperature' must be a number from 0 to 2, got {temperature!r}", "temperature")
    tools = body.get("tools") or []
    if not isinstance(tools, list):
        raise _bad("'tools' must be a list", "tools")
    functions = []
    for index, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise _bad(f"tools[{index}] must be of type function and have a function.name", "tools")
        functions.append(
            {
                "name": function["name"],
                "description": function.get("description") or "",
                "parameters": function.get("parameters") or {"type": "object", "properties": {}},
            }
        )
    name, schema, is_json = _format(body.get("response_format"))
    limit = _integer(body, "max_completion_tokens", 1, 2**31) or _integer(body, "max_tokens", 1, 2**31)
    return {
        "messages": messages,
        "model": body["model"],
        "n": _integer(body, "n", 1, 128) or 1,
        "seed": _integer(body, "seed", -(2**63), 2**63 - 1),
        "tools": functions,
        "tool_choice": body.get("tool_choice"),
        "schema_name": name,
        "schema": schema,
        "json": is_json,
        "max_tokens": limit,
    }


def _format(response_format: Any) -> tuple[str, dict[str, Any] | None, bool]:
    """(schema name, schema, whether JSON is wanted)."""
    if response_format is None:
        return "", None, False
    kind = response_format.get("type") if isinstance(response_format, dict) else None
    if kind == "text":
        return "", None, False
    if kind == "json_object":
        return "", None, True
    if kind == "json_schema":
        given = response_format.get("json_schema")
        if not isinstance(given, dict) or not isinstance(given.get("name"), str):
            raise _bad("response_format.json_schema must have a name", "response_format")
        schema = given.get("schema")
        return given["name"], schema if isinstance(schema, dict) else None, True
    raise _bad(
        f"response_format.type must be text, json_object or json_schema, got {kind!r}", "response_format"
    )


_TEACHER = web.AppKey("teacher", Teacher)


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), status=status, headers=headers, content_type="application/json"
    )


@web.middleware
async def _errors(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
    """Answer every failure in OpenAI's form, as clients expect it."""
    teacher = request.app[_TEACHER]
    try:
        key = teacher.config.api_key
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if key and not hmac.compare_digest(given.encode(), key.encode()):
            raise Refused(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")
        response: web.StreamResponse = await handler(request)
    except Refused as refused:
        return _json(refused.body, refused.status)
    except web.HTTPRequestEntityTooLarge:
        return _json(_bad(f"the request is larger than {_MAX_BODY} bytes").body, 413)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
        text = f"No such endpoint: {request.method} {request.path}"
        return _json(Refused(error.status, text, "invalid_request_error").body, error.status)
    return response


async def _completions(request: web.Request) -> web.Response:
    teacher = request.app[_TEACHER]
    raw = await request.read()
    mishap = teacher.mishap()
    if mishap is not None:
        status, headers = mishap
        kind, text = (
            ("rate_limit_error", "Rate limit reached, try again shortly.")
            if status == 429
            else ("server_error", "The server had an error.")
        )
        return _json(
            Refused(status, text, kind, "rate_limit_exceeded" if status == 429 else None).body,
            status,
            headers,
        )
    try:
        body = msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise _bad(f"the request body is no JSON: {error}") from None
    return _json(teacher.complete(body))


async def _models(request: web.Request) -> web.Response:
    model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "genesisfunc"}
    return _json({"object": "list", "data": [model]})


async def _labels(request: web.Request) -> web.Response:
    return _json(list(request.app[_TEACHER].labels.rows.values()))


def create_app(config: TeacherConfig) -> web.Application:
    """The teacher as an aiohttp application; every path is served with and without `/v1`."""
    app = web.Application(middlewares=[_errors], client_max_size=_MAX_BODY)
    app[_TEACHER] = Teacher(config)
    for prefix in ("/v1", ""):
        app.router.add_post(f"{prefix}/chat/completions", _completions)
        app.router.add_get(f"{prefix}/models", _models)
        app.router.add_get(f"{prefix}/teacher/labels", _labels)
    return app


async def serve(
    config: TeacherConfig,
    host: str = "127.0.0.1",
    port: int = 0,
    on_ready: Callable[[int], None] = lambda port: None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until `stop` is set, or until SIGTERM or SIGINT if none is given.

    Args:
        port: 0 takes a free one.
        on_ready: called with the port once connections are accepted.

    Raises:
        OSError: the address cannot be bound.
    """
    runner = web.AppRunner(create_app(config), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        if stop is None:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                with suppress(NotImplementedError):
                    loop.add_signal_handler(number, stop.set)
        on_ready(runner.addresses[0][1])
        await stop.wait()
    finally:
        await runner.cleanup()
