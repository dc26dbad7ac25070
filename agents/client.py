"""One door to all models: typed replies, retries, the ledger, and an event a call.

A reply is a pydantic model asked for as strict JSON schema. Endpoints differ in what they understand, so
the client starts with the best request and takes back what an endpoint refuses (structured output, `n`,
`seed`, the temperature), once per endpoint. A reply that does not parse is asked for again with the error
shown to the model. Every answer is recorded under its request's hash before it is used, so that handling
the same event again, or replaying it, pays nothing.
"""

import asyncio
import contextlib
import hashlib
import json
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any, Protocol, TypeVar

import msgspec
import stamina
from openai import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    AuthenticationError,
    DefaultAioHttpClient,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)
from openai.types.chat import ChatCompletion
from pydantic import ValidationError

from agents.role import Reply, Role
from schemas.events import LLMCalled, Where
from schemas.settings import ROLES, Endpoint, RoleName, Settings

log = logging.getLogger(__name__)

R = TypeVar("R", bound=Reply)
Chat = list[dict[str, str]]


class LLMError(Exception):
    """A model did not give what was asked; the subclasses say whose fault it is and what to do."""


class EndpointRefused(LLMError):
    """The endpoint says no for good (wrong key, unknown model): a person has to change the settings."""


class EndpointDown(LLMError):
    """The endpoint cannot be reached or is overloaded; trying again later may help."""


class ReplyUnusable(LLMError):
    """The model's reply did not parse after all attempts."""


class MayNotPay(LLMError):
    """The run may not pay for calls now (its budget is used up); recorded answers are still given."""


class Ledger(Protocol):
    """Remembers answers by request hash. The streams room has the real one."""

    async def recall(self, request_hash: str) -> Sequence[str] | None: ...

    async def record(self, call: LLMCalled, where: Where) -> None:
        """Return only when the call is stored for good."""
        ...


class Purse(Protocol):
    """Knows which runs may pay. The streams room has the real one."""

    async def refusal(self, run_id: str) -> str:
        """Why the run may not pay for a call at this moment; empty where it may."""
        ...


@dataclass
class Abilities:
    """What an endpoint has not refused yet."""

    structured: str = "json_schema"
    """json_schema, then json_object, then none."""
    n: bool = True
    seed: bool = True
    temperature: bool = True
    limit_name: str = "max_tokens"

    def take_back(self, complaint: str) -> str | None:
        """Give up what a refused request was refused for; None where the complaint names nothing of it.

        Complaints may quote the prompt, so a name alone is not enough: it has to be called unsupported.
        """
        text = complaint.lower()
        if not _UNSUPPORTED.search(text):
            return None
        if "max_completion_tokens" in text:
            self.limit_name = "max_completion_tokens"
            return "max_tokens"
        if self.structured != "none" and any(word in text for word in _STRUCTURED):
            self.structured = "json_object" if self.structured == "json_schema" else "none"
            return "json_schema"
        for name, pattern in _OPTIONAL.items():
            if getattr(self, name) and pattern.search(text):
                setattr(self, name, False)
                return name
        return None

    def plainest(self) -> "Abilities":
        """The request that asks for nothing special."""
        return replace(self, structured="none", n=False, seed=False)


_UNSUPPORTED = re.compile(
    r"unsupported|unknown|unrecogni[sz]ed|unexpected|invalid|extra|"
    r"not (?:\w+ )?(?:supported|permitted|allowed)|(?:does|do)(?: not|n't) (?:support|allow)|"
    r"only .* supported|must be"
)
_STRUCTURED = ("response_format", "json_schema", "json schema", "json_object", "structured", "grammar")
_OPTIONAL = {
    "temperature": re.compile(r"\btemperature\b"),
    "seed": re.compile(r"\bseed\b"),
    "n": re.compile(r"""['"`]n['"`]|\bn ?[>=]|parameter:? n\b|multiple (?:choices|completions)"""),
}


@dataclass
class LLM:
    settings: Settings
    ledger: Ledger
    purse: Purse | None = None
    """None: everybody may pay."""
    _closing: bool = False
    _clients: dict[tuple[str, str], AsyncOpenAI] = field(default_factory=dict)
    _abilities: dict[tuple[str, str], Abilities] = field(default_factory=dict)
    _limits: dict[tuple[RoleName, str], asyncio.Semaphore] = field(default_factory=dict)
    """By role and model."""
    _under_way: dict[str, asyncio.Task[tuple[str, ...]]] = field(default_factory=dict)

    async def ask(
        self,
        role: Role[R],
        prompt: Chat,
        *,
        where: Where,
        key: str,
        n: int = 1,
        check: Callable[[R], None] | None = None,
        endpoint: Endpoint | None = None,
    ) -> list[R]:
        """n typed replies to a prompt.

        Args:
            key: sets this sampling apart from others of the same prompt; the same key and prompt
                mean the same answer, for ever. Empty at temperature 0, where answers are facts.
            check: raises ValueError with what is wrong with a reply beyond its schema.
            endpoint: of the role's several (see `Settings.endpoints`) the one to ask; None: its own.

        Raises:
            EndpointRefused, EndpointDown, MayNotPay: see there.
            ReplyUnusable: a reply could not be used, however often it was asked for.
        """
        endpoint = endpoint or self.settings.endpoint(role.name)
        texts = await self._texts(role, endpoint, prompt, where, key, n)
        return list(
            await asyncio.gather(
                *(
                    self._parsed(role, endpoint, prompt, where, f"{key}#{i}", text, check)
                    for i, text in enumerate(texts)
                )
            )
        )

    async def _parsed(
        self,
        role: Role[R],
        endpoint: Endpoint,
        prompt: Chat,
        where: Where,
        key: str,
        text: str,
        check: Callable[[R], None] | None,
    ) -> R:
        problem = ""
        for attempt in range(self.settings.max_reply_attempts):
            if attempt:
                again = [
                    *prompt,
                    {"role": "assistant", "content": text},
                    {
                        "role": "user",
                        "content": f"That reply cannot be used: {problem}\n"
                        "Give the whole reply again as one JSON object, corrected.",
                    },
                ]
                [text] = await self._texts(role, endpoint, again, where, f"{key}/{attempt}", 1)
            try:
                reply = role.reply.model_validate_json(object_in(text))
                if check is not None:
                    check(reply)
                return reply
            except ValidationError as error:
                problem = "; ".join(
                    f"{'.'.join(map(str, item['loc'])) or 'reply'}: {item['msg']}" for item in error.errors()
                )
            except ValueError as error:
                problem = str(error)
            # The answer stays in the ledger as it came; this says what became of it.
            await self._failed(role, endpoint, where, "unparsable", problem, attempt, answers=(text,))
        raise ReplyUnusable(
            f"{role.name}: no usable reply in {self.settings.max_reply_attempts} attempts; last: {problem}"
        )

    async def _texts(
        self, role: Role[R], endpoint: Endpoint, prompt: Chat, where: Where, key: str, n: int
    ) -> tuple[str, ...]:
        """n answers to a prompt: in one request where the endpoint gives as many, else one by one.

        Each request is on the ledger by itself, so that none is lost when a later one fails.
        """
        texts = await self._answers(role, endpoint, prompt, where, key, n)
        for i in range(len(texts), n):
            texts += (await self._answers(role, endpoint, prompt, where, f"{key}~{i}", 1))[:1]
        return texts

    async def _answers(
        self, role: Role[R], endpoint: Endpoint, prompt: Chat, where: Where, key: str, n: int
    ) -> tuple[str, ...]:
        """The answers to one request: recorded ones, those another task is already waiting for, or new."""
        temperature = role.temperature if endpoint.temperature is None else endpoint.temperature
        digest = hashlib.sha256(
            msgspec.json.encode([role.version, endpoint.model, temperature, prompt, key, n])
        ).hexdigest()[:40]
        while True:
            ours = digest not in self._under_way
            if ours:
                task = asyncio.create_task(self._paid(role, endpoint, temperature, prompt, where, digest, n))
                self._under_way[digest] = task
                task.add_done_callback(lambda _: self._under_way.pop(digest, None))
            try:
                return await asyncio.shield(self._under_way[digest])
            except MayNotPay:
                # What another run may not pay for, this one perhaps may.
                if ours:
                    raise

    async def _paid(
        self,
        role: Role[R],
        endpoint: Endpoint,
        temperature: float,
        prompt: Chat,
        where: Where,
        digest: str,
        n: int,
    ) -> tuple[str, ...]:
        known = await self.ledger.recall(digest)
        if known is not None:
            return tuple(known)
        seed = int(hashlib.sha256(digest.encode()).hexdigest()[:8], 16) >> 1

        seat = role.name, endpoint.model
        if seat not in self._limits:
            self._limits[seat] = asyncio.Semaphore(endpoint.concurrency)
        async with self._limits[seat]:
            started = time.monotonic()
            reply = await self._reply(role, endpoint, prompt, where, n=n, seed=seed, temperature=temperature)
        answers = tuple(
            choice.message.content or choice.message.refusal or "" for choice in reply.choices[:n]
        )
        usage = reply.usage
        details = usage and usage.prompt_tokens_details
        tokens_in = usage.prompt_tokens if usage else 0
        tokens_out = usage.completion_tokens if usage else 0
        cached = (details and details.cached_tokens) or 0
        await self.ledger.record(
            LLMCalled(
                role=role.name,
                model=endpoint.model,
                request_hash=digest,
                prompt_version=role.version,
                outcome="ok",
                answers=answers,
                response_id=reply.id,
                prompt_tokens=tokens_in,
                completion_tokens=tokens_out,
                cached_tokens=cached,
                cost_usd=endpoint.of(tokens_in, cached, tokens_out),
                latency_s=round(time.monotonic() - started, 6),
            ),
            where,
        )
        return answers

    async def _reply(
        self,
        role: Role[R],
        endpoint: Endpoint,
        prompt: Chat,
        where: Where,
        *,
        n: int,
        seed: int,
        temperature: float,
    ) -> ChatCompletion:
        known = self._abilities.setdefault((endpoint.base_url, endpoint.model), Abilities())
        abilities = known
        attempt = 0
        while True:
            request = _request(role, endpoint, abilities, prompt, n, seed, temperature)
            asked = astuple(abilities)
            try:
                async for tries in stamina.retry_context(
                    on=_wait_before_retry,
                    attempts=self.settings.max_call_attempts,
                    timeout=None,
                    wait_initial=0.5,
                    wait_max=20.0,
                    wait_jitter=0.5,
                ):
                    with tries:
                        attempt += 1
                        await self._require_purse(where)
                        try:
                            reply: ChatCompletion = await self._client(endpoint).chat.completions.create(
                                **request
                            )
                        except (APIStatusError, APIConnectionError) as error:
                            await self._failed(role, endpoint, where, _outcome(error), _said(error), attempt)
                            raise
                        if not reply.choices:
                            raise EndpointDown(f"{endpoint.model} sent a reply without choices")
                        if abilities is not known:
                            self._abilities[endpoint.base_url, endpoint.model] = abilities
                        return reply
            except (AuthenticationError, PermissionDeniedError, NotFoundError, RateLimitError) as error:
                if isinstance(error, RateLimitError) and not _out_of_credit(error):
                    raise _down(endpoint, error) from error
                raise EndpointRefused(
                    f"{endpoint.base_url or 'the OpenAI API'} refuses role {role.name!r}, model "
                    f"{endpoint.model!r}: {_said(error)} (HTTP {error.status_code})"
                ) from error
            except APIConnectionError as error:
                raise _down(endpoint, error) from error
            except APIStatusError as error:
                if error.status_code >= 500 or error.status_code in (408, 409):
                    raise _down(endpoint, error) from error
                if abilities is not known:
                    # Even the plainest request: it is what was asked, not how.
                    raise ReplyUnusable(f"{role.name}: request refused: {_said(error)}") from error
                if asked != astuple(known):
                    continue  # another task learned the lesson while this request was under way
                given_up = known.take_back(_said(error))
                if given_up is not None:
                    log.info("%s does without %s: %s", endpoint.model, given_up, _said(error))
                else:
                    # Unexplained: a content filter, or an endpoint of few words. The plainest request
                    # tells them apart, and the lesson is kept only if that one succeeds.
                    abilities = known.plainest()

    async def _require_purse(self, where: Where) -> None:
        if self._closing:
            raise MayNotPay("this process is stopping")
        if self.purse is not None and (why := await self.purse.refusal(where.run_id)):
            raise MayNotPay(f"run {where.run_id} pays for nothing now: {why}")

    async def _failed(
        self,
        role: Role[R],
        endpoint: Endpoint,
        where: Where,
        outcome: str,
        error: str,
        attempt: int,
        answers: tuple[str, ...] = (),
    ) -> None:
        await self.ledger.record(
            LLMCalled(
                role=role.name,
                model=endpoint.model,
                request_hash="",
                prompt_version=role.version,
                outcome=outcome,
                answers=answers,
                attempt=attempt,
                error=error[:2000],
            ),
            where,
        )

    def _client(self, endpoint: Endpoint) -> AsyncOpenAI:
        key = endpoint.api_key.get_secret_value()
        found = self._clients.get((endpoint.base_url, key))
        if found is None:
            found = self._clients[endpoint.base_url, key] = AsyncOpenAI(
                base_url=endpoint.base_url or None,
                api_key=key or "none",  # local servers ask for no key, the client insists on one
                max_retries=0,  # retries are ours: each failed try is an event
                timeout=endpoint.timeout_s,
                http_client=DefaultAioHttpClient(timeout=endpoint.timeout_s),
            )
        return found

    async def preflight(self, roles: Sequence[RoleName]) -> None:
        """Ask each distinct endpoint for a word, before anything is started.

        Raises:
            EndpointRefused, EndpointDown: with the endpoint's own words.
        """
        endpoints = {
            (e.base_url, e.model, e.api_key.get_secret_value()): e
            for role in roles
            for e in self.settings.endpoints(role)
        }
        for (base_url, model, _), endpoint in sorted(endpoints.items()):
            shown = base_url or "the OpenAI API"
            try:
                async for tries in stamina.retry_context(on=_wait_before_retry, attempts=3, timeout=30.0):
                    with tries:
                        await self._client(endpoint).chat.completions.create(
                            model=model, messages=[{"role": "user", "content": "Say yes."}]
                        )
            except (AuthenticationError, PermissionDeniedError) as error:
                raise EndpointRefused(
                    f"{shown} refuses the key (HTTP {error.status_code}: {_said(error)}); "
                    "check OPENAI_API_KEY or api_key in the settings file"
                ) from error
            except NotFoundError as error:
                raise EndpointRefused(
                    f"{shown} does not know model {model!r} or has no chat completions there "
                    f"(HTTP 404: {_said(error)}); check the model and the base URL"
                ) from error
            except APIConnectionError as error:
                raise EndpointDown(f"{shown} cannot be reached ({_said(error)}); is it running?") from error
            except APIStatusError as error:
                if error.status_code >= 500 or error.status_code == 429:
                    raise EndpointDown(f"{shown} answers HTTP {error.status_code}: {_said(error)}") from error
                raise EndpointRefused(
                    f"{shown} refuses a plain request to {model!r} (HTTP {error.status_code}: {_said(error)})"
                ) from error

    async def settle(self) -> None:
        """Begin no call any more, and wait for those under way: what is paid for is to be recorded.

        An endpoint answers within its time-out or not at all, so it never takes longer.
        """
        self._closing = True
        patience = max(e.timeout_s for role in ROLES for e in self.settings.endpoints(role))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def close(self) -> None:
        for client in self._clients.values():
            await client.close()
        self._clients.clear()


def _request(
    role: Role[Any],
    endpoint: Endpoint,
    abilities: Abilities,
    prompt: Chat,
    n: int,
    seed: int,
    temperature: float,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "model": endpoint.model,
        "messages": prompt,
        abilities.limit_name: endpoint.max_tokens,
    }
    if abilities.temperature:
        request["temperature"] = temperature
    if abilities.seed:
        request["seed"] = seed
    if abilities.n and n > 1:
        request["n"] = n
    match abilities.structured:
        case "json_schema":
            request["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": role.title or role.name, "schema": role.schema, "strict": True},
            }
            return request
        case "json_object":
            request["response_format"] = {"type": "json_object"}
    system, *rest = prompt
    schema = json.dumps(role.schema)
    request["messages"] = [
        {
            "role": "system",
            "content": f"{system['content']}\n\nReply with one JSON object and nothing else. "
            f"It must match this JSON Schema:\n{schema}",
        },
        *rest,
    ]
    return request


_FENCE = re.compile(r"```(?:json)?\s*\n(.*?)\n\s*```", re.DOTALL)


def object_in(text: str) -> str:
    """The JSON object in a reply, without the reasoning, fences or chatter some models put around it."""
    text = text.rpartition("</think>")[2].strip()
    if text.startswith("{"):
        return text
    if fenced := _FENCE.search(text):
        return fenced[1]
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text


def _wait_before_retry(error: Exception) -> bool | float:
    """Whether to try again, or the seconds the endpoint asks to wait first."""
    if isinstance(error, EndpointDown):
        return True
    if isinstance(error, APIConnectionError):  # includes time-outs
        return True
    if not isinstance(error, APIStatusError):
        return False
    if error.status_code not in (408, 409, 429) and error.status_code < 500:
        return False
    if _out_of_credit(error):
        return False
    try:
        return min(60.0, max(0.0, float(error.response.headers["retry-after"])))
    except (KeyError, ValueError):
        return True


def _out_of_credit(error: APIStatusError) -> bool:
    """An account without credit answers 429 as well, and no waiting will change that."""
    body: Mapping[str, Any] = error.body if isinstance(error.body, dict) else {}
    return error.status_code == 429 and body.get("code") == "insufficient_quota"


def _outcome(error: Exception) -> str:
    match error:
        case APITimeoutError():
            return "timeout"
        case APIConnectionError():
            return "connection"
        case RateLimitError():
            return "rate_limited"
        case AuthenticationError() | PermissionDeniedError() | NotFoundError():
            return "refused"
        case APIStatusError(status_code=status) if status >= 500:
            return "server_error"
        case _:
            return "bad_request"


def _said(error: Exception) -> str:
    """The endpoint's own words, in one short line."""
    if isinstance(error, APIStatusError) and isinstance(error.body, dict):
        message = error.body.get("message")
        if isinstance(message, str) and message:
            return " ".join(message.split())[:300]
    cause = error.__cause__ if isinstance(error, APIConnectionError) else None
    return " ".join(f"{error}{f': {cause}' if cause else ''}".split())[:300]


def _down(endpoint: Endpoint, error: Exception) -> EndpointDown:
    return EndpointDown(f"{endpoint.base_url or 'the OpenAI API'}: {_said(error)}")
