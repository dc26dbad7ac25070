"""What checkers share when they work for a replay: batches of stored events in, verdicts out."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from schemas import events
from schemas.events import Envelope, Output
from schemas.replays import ReplayBatch, ReplayChecked, ReplayItem, ReplayVerdict
from schemas.settings import Settings
from streams import topology
from streams.stage import Halt, Handle, Stage
from streams.topology import Durable, StageName

BREATH = 25
"""Dialogues after which the event loop has its turn: computing must not hold up the heartbeats."""

Examine = Callable[[ReplayItem, Envelope], Awaitable[ReplayVerdict]]
"""The verdict on a stored event. What it raises concerns the whole batch, which comes again."""


def durables(stage: StageName, settings: Settings) -> tuple[Durable, ...] | None:
    """What a checker takes its messages from: the batches of its replay; None: live traffic."""
    return (topology.replay_durable(stage, settings.replay),) if settings.replay else None


def replayed(stage: Stage, examine: Examine, at_once: int = 1) -> Handle:
    """Handle batches; a stored event that cannot be read becomes a verdict that says so.

    Args:
        at_once: events of a batch that are examined at the same time; for checkers that wait for models.
    """

    async def one(item: ReplayItem) -> ReplayVerdict:
        try:
            event = events.decode(bytes(item.event))
        except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            return no_verdict(item, f"the stored event cannot be read: {error}")
        return await examine(item, event)

    async def on_batch(event: Envelope) -> Sequence[Output]:
        batch = event.body
        if not isinstance(batch, ReplayBatch):
            raise TypeError(f"a replay's batch is wanted, got {type(batch).__name__}")
        if batch.checker != stage.producer:
            raise Halt(
                f"the replay {batch.name!r} wants {batch.checker}, this process is {stage.producer}: give it "
                "the same release, rules, forbidden questions and models"
            )
        verdicts: list[ReplayVerdict] = []
        for start in range(0, len(batch.items), at_once):
            verdicts += await asyncio.gather(*map(one, batch.items[start : start + at_once]))
            if len(verdicts) % BREATH < at_once:
                await asyncio.sleep(0)
        return [Output(f"{topology.REPLAY}.{batch.name}.checked", ReplayChecked(batch.name, tuple(verdicts)))]

    return on_batch


def no_verdict(item: ReplayItem, why: str) -> ReplayVerdict:
    return ReplayVerdict(
        input_id=item.input_id, run_id=item.run_id, dialogue_id=item.dialogue_id, passed=False, failure=why
    )
