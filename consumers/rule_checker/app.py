"""The rule checker as a consumer: `faststream run consumers.rule_checker.app:app`."""

from collections.abc import Sequence

from consumers.rule_checker.core import VERSION, handle
from schemas.events import Envelope, Output
from schemas.settings import Settings, load
from streams.stage import Stage


async def check(event: Envelope) -> Sequence[Output]:
    return handle(event)


def build(settings: Settings) -> Stage:
    stage = Stage("rule-checker", VERSION, settings)
    stage.in_batches(check)
    return stage


app = build(load()).app
