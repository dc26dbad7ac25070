"""The rule checker as a consumer: `faststream run consumers.rule_checker.app:app`."""

import asyncio
from collections.abc import Sequence

from consumers.rule_checker.contamination import read_index
from consumers.rule_checker.core import BUILT_IN
from consumers.rule_checker.own_rules import checker
from schemas.events import Envelope, Output
from schemas.settings import Settings, load
from streams.stage import Stage


def build(settings: Settings) -> Stage:
    stage = Stage("rule-checker", BUILT_IN.version, settings)
    in_use = BUILT_IN

    async def load_rules() -> None:
        # At the start, so that importing this module reads no file.
        nonlocal in_use
        forbidden = await asyncio.to_thread(read_index, settings)
        in_use = checker(settings.rules, forbidden)
        stage.producer = f"{stage.name}@{in_use.version}"

    async def check(event: Envelope) -> Sequence[Output]:
        return in_use.handle(event)

    stage.app.on_startup(load_rules)
    stage.in_batches(check)
    return stage


app = build(load()).app
