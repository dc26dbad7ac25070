"""The model checker as a consumer: `faststream run consumers.model_checker.app:app`."""

from consumers import replaying
from consumers.llm import asks_models, client
from consumers.model_checker.core import ModelChecker, version
from schemas.events import Envelope, ModelChecked, RuleChecked, RuleFinding
from schemas.replays import ReplayItem, ReplayVerdict
from schemas.settings import Settings, load
from streams.replay import BATCH_ITEMS
from streams.stage import Stage


def build(settings: Settings) -> Stage:
    durables = replaying.durables("model-checker", settings)
    stage = Stage("model-checker", version(settings), settings, durables)
    core = ModelChecker(client(stage, settings), settings.confidence_threshold)

    async def check_again(item: ReplayItem, event: Envelope) -> ReplayVerdict:
        if not isinstance(event.body, RuleChecked):
            return replaying.no_verdict(item, f"the stored event is a {type(event.body).__name__}")
        for output in await core.handle(event):
            assert isinstance(output.body, ModelChecked)
            return _verdict(item, output.body)
        return replaying.no_verdict(item, "its run asked for no evaluation")

    if settings.replay:
        at_once = BATCH_ITEMS["model"]
        handle = replaying.replayed(stage, check_again, at_once)
        stage.per_message(asks_models(handle), max(1, settings.workers // at_once))
    else:
        stage.per_message(asks_models(core.handle), settings.workers)
    return stage


def _verdict(item: ReplayItem, checked: ModelChecked) -> ReplayVerdict:
    """A failed question as a finding, so that verdicts of rules and models read alike."""
    return ReplayVerdict(
        input_id=item.input_id,
        run_id=item.run_id,
        dialogue_id=item.dialogue_id,
        scenario=checked.dialogue.scenario,
        passed=checked.passed,
        confidence=checked.confidence,
        threshold=checked.threshold,
        findings=tuple(
            RuleFinding(finding.aspect, "model", "error", finding.reason or finding.evidence)
            for finding in checked.findings
            if not finding.ok
        ),
        failure="; ".join(opinion.failure for opinion in checked.opinions if opinion.failure)
        if all(opinion.failure for opinion in checked.opinions)
        else "",
    )


app = build(load()).app
