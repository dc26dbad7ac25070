"""The rule checker as a consumer: `faststream run consumers.rule_checker.app:app`."""

import asyncio
from collections.abc import Sequence

from consumers import replaying
from consumers.rule_checker.contamination import read_index
from consumers.rule_checker.core import BUILT_IN, passed
from consumers.rule_checker.own_rules import checker
from schemas.events import DialogueRepaired, Envelope, Judged, Output
from schemas.replays import ReplayItem, ReplayVerdict
from schemas.settings import Settings, load
from streams.stage import Stage


def build(settings: Settings) -> Stage:
    durables = replaying.durables("rule-checker", settings)
    stage = Stage("rule-checker", BUILT_IN.version, settings, durables)
    in_use = BUILT_IN

    async def load_rules() -> None:
        # At the start, so that importing this module reads no file.
        nonlocal in_use
        forbidden = await asyncio.to_thread(read_index, settings)
        in_use = checker(settings.rules, forbidden)
        stage.producer = f"{stage.name}@{in_use.version}"

    async def check(event: Envelope) -> Sequence[Output]:
        return in_use.handle(event)

    async def check_again(item: ReplayItem, event: Envelope) -> ReplayVerdict:
        if not isinstance(event.body, Judged | DialogueRepaired):
            return replaying.no_verdict(item, f"the stored event is a {type(event.body).__name__}")
        dialogue = event.body.dialogue
        findings = in_use.check(dialogue)
        return ReplayVerdict(
            input_id=item.input_id,
            run_id=item.run_id,
            dialogue_id=item.dialogue_id,
            scenario=dialogue.scenario,
            passed=passed(findings),
            findings=findings,
        )

    stage.app.on_startup(load_rules)
    if settings.replay:
        # Two at once: the next batch is there when one is done.
        stage.per_message(replaying.replayed(stage, check_again), workers=2)
    else:
        stage.in_batches(check)
    return stage


app = build(load()).app
