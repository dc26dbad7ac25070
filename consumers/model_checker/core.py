"""Ask a model whether it would train on a dialogue.

    checked.rule (passed) -> checked.model

A dialogue that failed a rule costs no call: the review router takes it from `checked.rule`. So does one
of a run without evaluation.
"""

from collections.abc import Sequence

from agents.client import LLM
from agents.roles import checker
from consumers.llm import where
from schemas.events import AspectFinding, Envelope, ModelChecked, Output, RuleChecked
from schemas.settings import Settings, behaviour_hash
from streams.topology import CHECKED_MODEL


def version(settings: Settings) -> str:
    return "1+" + behaviour_hash(
        checker.ROLE.version, settings.endpoint("checker").model, settings.confidence_threshold
    )


class ModelChecker:
    def __init__(self, llm: LLM, threshold: float) -> None:
        self.llm = llm
        self.threshold = threshold

    async def handle(self, event: Envelope) -> Sequence[Output]:
        checked = event.body
        if not isinstance(checked, RuleChecked):
            raise TypeError(f"the model checker does not know what to do with {type(checked).__name__}")
        if not checked.passed or not checked.dialogue.spec.evaluation:
            return []
        opinion = await checker.examine(self.llm, where(event), checked.dialogue)
        return [
            Output(
                CHECKED_MODEL,
                ModelChecked(
                    dialogue=checked.dialogue,
                    passed=opinion.confidence >= self.threshold,
                    confidence=opinion.confidence,
                    threshold=self.threshold,
                    rationale=opinion.rationale,
                    findings=tuple(AspectFinding(a.aspect, a.ok, a.evidence) for a in opinion.aspects),
                    rule_findings=checked.findings,
                ),
            )
        ]
