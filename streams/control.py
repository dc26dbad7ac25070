"""Which runs may pay for model calls.

A run with a budget has a permit in a key-value bucket, which whoever watches its spending renews every few
seconds. One that has run out means: no more calls for this run, because its budget is used up, or because
nobody watches it any more. A watcher that is killed thus stops its run instead of leaving it to spend
unseen. A run without a permit pays freely.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import KeyNotFoundError
from nats.js.kv import KV_DEL, KV_OP, KeyValue

from streams.stage import Retry, Stage
from streams.topology import PERMITS_BUCKET

FRESH_S = 5.0
"""How old a stage's knowledge may be. News are heard at once; this is for news lost with a connection."""


_PREFIX = f"$KV.{PERMITS_BUCKET}."


class Permit(msgspec.Struct, frozen=True):
    """A run may pay until then."""

    until: datetime
    reason: str
    """Why not any longer."""


async def permit(js: JetStreamContext, run_id: str, given: Permit | None) -> None:
    """Give a run a permit in place of its last; None lets it pay freely.

    Raises:
        nats.errors.Error: it is not stored.
    """
    # What `KeyValue.put` and `delete` do, without looking the bucket up first: a stop must not wait.
    if given is None:
        await js.publish(f"{_PREFIX}{run_id}", headers={KV_OP: KV_DEL})
    else:
        await js.publish(f"{_PREFIX}{run_id}", msgspec.json.encode(given))


@dataclass(frozen=True)
class _Heard:
    permit: Permit | None
    at: float


class Permits:
    """What a stage knows of the permits, by run; asking costs nothing while the knowledge is fresh."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._heard: dict[str, _Heard] = {}
        self._bucket: KeyValue | None = None
        self._looking = asyncio.Lock()

    async def refusal(self, run_id: str) -> str:
        """Why a run may not pay at this moment; empty where it may.

        Raises:
            Retry: it cannot be found out.
        """
        heard = self._fresh(run_id) or await self._look(run_id)
        given = heard.permit
        return given.reason if given is not None and given.until <= datetime.now(UTC) else ""

    def _fresh(self, run_id: str) -> _Heard | None:
        heard = self._heard.get(run_id)
        return heard if heard is not None and time.monotonic() - heard.at < FRESH_S else None

    async def _look(self, run_id: str) -> _Heard:
        async with self._looking:
            if found := self._fresh(run_id):
                return found
            before = self._heard.get(run_id)
            try:
                entry = await (await self._listened()).get(run_id)
                heard = _Heard(_decoded(entry.value), time.monotonic())
            except KeyNotFoundError:
                heard = _Heard(None, time.monotonic())
            except (TimeoutError, NatsError) as error:
                raise Retry(f"permits cannot be read: {type(error).__name__} {error}") from error
            # What was heard while the answer was on its way is newer.
            if self._heard.get(run_id) is before:
                self._heard[run_id] = heard
            return self._heard[run_id]

    async def _listened(self) -> KeyValue:
        """The bucket, whose news arrive from now on: a put is a message on the key's subject."""
        if self._bucket is None:
            bucket = await self._stage.js.key_value(PERMITS_BUCKET)
            connection = self._stage.connection
            await connection.subscribe(f"{_PREFIX}*", cb=self._on_news)
            await connection.flush()
            self._bucket = bucket
        return self._bucket

    async def _on_news(self, message: Msg) -> None:
        gone = message.headers is not None and KV_OP in message.headers
        run_id = message.subject.removeprefix(_PREFIX)
        self._heard[run_id] = _Heard(None if gone else _decoded(message.data), time.monotonic())


def _decoded(value: bytes | None) -> Permit:
    return msgspec.json.decode(value or b"", type=Permit)
