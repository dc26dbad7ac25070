"""The rule checker as a consumer: `faststream run consumers.rule_checker.app:app`."""

import asyncio
from collections.abc import Sequence

from consumers.rule_checker.contamination import Forbidden, read_index
from consumers.rule_checker.core import VERSION, handle, version
from schemas.events import Envelope, Output
from schemas.settings import Settings, load
from streams.stage import Stage


def build(settings: Settings) -> Stage:
    stage = Stage("rule-checker", VERSION, settings)
    forbidden: Forbidden | None = None

    async def load_forbidden() -> None:
        # At the start, so that importing this module reads no file.
        nonlocal forbidden
        forbidden = await asyncio.to_thread(read_index, settings)
        stage.producer = f"{stage.name}@{version(forbidden)}"

    async def check(event: Envelope) -> Sequence[Output]:
        return handle(event, forbidden)

    stage.app.on_startup(load_forbidden)
    stage.in_batches(check)
    return stage


app = build(load()).app
