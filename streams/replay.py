"""Batches for whoever replays: `replay.NAME.batch`, published no faster than they are worked off.

    cli: Feeder.put -> replay.NAME.batch -> checkers (any number of replicas) -> replay.NAME.checked -> sink

Nothing here has to survive: what the stream holds is stored elsewhere, and the store knows which dialogues
have a verdict. A feeder that is killed starts where the verdicts end.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from schemas.events import Envelope, derive_id
from schemas.replays import ReplayBatch, ReplayItem, ReplayStage, ReplayStarted
from schemas.settings import Settings
from streams import topology
from streams.publisher import publish
from streams.topology import StageName

BATCH_ITEMS: dict[ReplayStage, int] = {"rule": 200, "model": 16}
"""Dialogues a batch at most; with models few, since a batch that is interrupted is worked on again."""
BATCH_BYTES = 2_000_000
"""The same in bytes."""
MAX_ITEM_BYTES = 7_000_000
"""What a message can carry beside the batch's own words."""
LOOK_S = 0.02
"""Between two looks at a queue that is full."""

STAGE_NAMES: dict[ReplayStage, StageName] = {"rule": "rule-checker", "model": "model-checker"}


class Feeder:
    """Publishes a replay's batches.

    Args:
        most: batches under way at once. Together they bound the memory of all that take part.
    """

    def __init__(self, js: JetStreamContext, replay: ReplayStarted, settings: Settings, most: int) -> None:
        self.js = js
        self.replay = replay
        self.most = most
        self.waiting = 0
        """Dialogues under way, about, at the last look."""
        self._durable = topology.replay_durable(STAGE_NAMES[replay.stage], replay.name)
        self._config = topology.consumer_config(self._durable, settings)
        # Part of each batch's id: a batch fed again after a crash must not pass for its twin.
        self._session = time.time_ns()

    async def declare(self) -> None:
        """Make the durable that replicas take batches from. Safe to repeat."""
        await self.js.add_consumer(self._durable.stream, self._config)

    async def retire(self) -> None:
        """Take the durable away; what nobody has taken by then is dropped."""
        with contextlib.suppress(NotFoundError):
            await self.js.delete_consumer(self._durable.stream, self._durable.name)

    async def depth(self) -> int:
        """Batches that wait or are worked on."""
        info = await self.js.consumer_info(self._durable.stream, self._durable.name)
        return (info.num_pending or 0) + (info.num_ack_pending or 0)

    async def put(self, items: Sequence[ReplayItem]) -> None:
        """Publish items in batches, waiting for room.

        Raises:
            NotStored, NoSpace: see `streams.publisher`.
            nats.errors.Error: the server does not answer.
        """
        for batch in _batches(items, BATCH_ITEMS[self.replay.stage]):
            while (depth := await self.depth()) >= self.most:  # noqa: ASYNC110 - only the server knows when there is room
                await asyncio.sleep(LOOK_S)
            await publish(self.js, self._envelope(batch))
            self.waiting = (depth + 1) * len(batch)

    def _envelope(self, batch: Sequence[ReplayItem]) -> Envelope:
        subject = f"{topology.REPLAY}.{self.replay.name}.batch"
        return Envelope(
            event_id=derive_id(subject, self._session, batch[0].input_id, batch[-1].input_id),
            subject=subject,
            run_id="",
            produced_at=datetime.now(UTC),
            producer="cli@1",
            body=ReplayBatch(self.replay.name, self.replay.checker, tuple(batch)),
        )


def _batches(items: Sequence[ReplayItem], most: int) -> Iterator[list[ReplayItem]]:
    batch: list[ReplayItem] = []
    size = 0
    for item in items:
        length = len(bytes(item.event))
        if length > MAX_ITEM_BYTES:
            text = msgspec.json.encode(f"{length:,} bytes, {MAX_ITEM_BYTES:,} can be carried")
            item, length = msgspec.structs.replace(item, event=msgspec.Raw(text)), len(text)
        if batch and (len(batch) >= most or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += length
    if batch:
        yield batch
