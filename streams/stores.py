"""What stages remember together, on JetStream: the ledger, the memory, the tool pools."""

import asyncio
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import msgspec
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.js import JetStreamContext
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError, NotFoundError, ObjectNotFoundError
from nats.js.kv import KeyValue

from schemas import events
from schemas.events import Envelope, LLMCalled, Where
from schemas.tools import ToolSpec, pool_hash
from streams import topology
from streams.publisher import publish
from streams.stage import Permanent, Retry, Stage

T = TypeVar("T")


class Desk(Protocol):
    """Whoever asks models: a stage, or a command that does without one."""

    @property
    def js(self) -> JetStreamContext: ...

    @property
    def producer(self) -> str:
        """Name and version, see `schemas.events.Envelope`."""
        ...


class NatsLedger:
    """Answers by request hash: the event `llm.called` is itself the entry, looked up by its subject.

    Written before an answer is used, so that a stage killed right after pays nothing twice.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def recall(self, request_hash: str) -> Sequence[str] | None:
        try:
            found = await self._desk.js.get_last_msg(
                "LLM", f"{topology.LLM_CALLED}.ok.{request_hash}", direct=True
            )
        except NotFoundError:
            return None
        except (TimeoutError, NatsError) as error:
            raise Retry(f"the ledger cannot be read: {type(error).__name__} {error}") from error
        if not found.data:
            return None
        body = events.decode(found.data).body
        assert isinstance(body, LLMCalled)
        return body.answers

    async def record(self, call: LLMCalled, where: Where) -> None:
        now = datetime.now(UTC)
        match call.outcome:
            case "ok":
                fact: object = call.request_hash
            case "unparsable":  # one fact, as often as the recorded answer is read again
                fact = (where.causation_id, call)
            case _:
                fact = (where.causation_id, now.isoformat(), call)
        await publish(
            self._desk.js,
            Envelope(
                event_id=events.derive_id(topology.LLM_CALLED, fact),
                subject=topology.LLM_CALLED,
                run_id=where.run_id,
                dialogue_id=where.dialogue_id,
                round=where.round,
                causation_id=where.causation_id,
                produced_at=now,
                producer=self._desk.producer,
                body=call,
            ),
        )


class Bucket:
    """A key-value bucket of msgspec Structs, changed by compare-and-set."""

    def __init__(self, stage: Stage, bucket: str) -> None:
        self._stage = stage
        self._bucket = bucket
        self._opened: KeyValue | None = None

    async def _store(self) -> KeyValue:
        if self._opened is None:
            self._opened = await self._stage.js.key_value(self._bucket)
        return self._opened

    async def get(self, key: str, kind: type[T]) -> T | None:
        """The value of a key; None where there is none."""
        value, _ = await self._read(key, kind)
        return value

    async def change(self, key: str, kind: type[T], fold: Callable[[T | None], T]) -> T:
        """Replace a value by a pure function of it, however many replicas do the same at once."""
        store = await self._store()
        while True:
            value, revision = await self._read(key, kind)
            new = fold(value)
            if new == value:
                return new
            try:
                await store.update(_safe(key), msgspec.json.encode(new), last=revision)
            except KeyWrongLastSequenceError:
                await asyncio.sleep(0)  # somebody was faster: fold over what they wrote
            else:
                return new

    async def _read(self, key: str, kind: type[T]) -> tuple[T | None, int]:
        store = await self._store()
        try:
            entry = await store.get(_safe(key))
        except KeyNotFoundError as error:
            return None, (error.entry.revision or 0) if error.entry else 0
        return msgspec.json.decode(entry.value or b"null", type=kind), entry.revision or 0


def _safe(key: str) -> str:
    """KV keys allow few characters; anything else goes in by its hexadecimal form."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else f"={ord(c):x}" for c in key) or "="


async def put_pool(js: JetStreamContext, tools: Sequence[ToolSpec]) -> str:
    """Store a tool pool under its content address; storing it twice is harmless."""
    address = pool_hash(tools)
    store = await js.object_store(topology.POOLS_BUCKET)
    try:
        await store.get_info(address)
    except (ObjectNotFoundError, NotFoundError):
        await store.put(address, zlib.compress(msgspec.json.encode(list(tools))))
    return address


async def get_pool(js: JetStreamContext, address: str) -> tuple[ToolSpec, ...]:
    """Raises Permanent where nothing is stored under the address."""
    store = await js.object_store(topology.POOLS_BUCKET)
    try:
        found = await store.get(address)
    except (ObjectNotFoundError, NotFoundError):
        raise Permanent(f"tool pool {address} is not stored; import the tools again") from None
    except NoRespondersError as error:
        raise Retry(f"tool pool {address} cannot be read: {error}") from error
    return tuple(msgspec.json.decode(zlib.decompress(found.data or b""), type=list[ToolSpec]))
