"""Ask a committee of models whether they would train on a dialogue.

    checked.rule (passed) -> checked.model

A dialogue that failed a rule costs no call: the review router takes it from `checked.rule`. So does one
of a run without evaluation. A member whose answers cannot be used does not pass the dialogue, and does not
end it either: where no majority is left, a person decides.
"""

import asyncio
from collections.abc import Sequence

from agents.client import LLM
from agents.roles import checker
from consumers.llm import where
from schemas.committee import confidence_of, passes_up_to
from schemas.dialogue import Dialogue
from schemas.events import Envelope, ModelChecked, Opinion, Output, RuleChecked, RuleFinding
from schemas.settings import Settings, behaviour_hash
from streams.topology import CHECKED_MODEL


def version(settings: Settings) -> str:
    members = settings.endpoints("checker")
    return "2+" + behaviour_hash(
        *(role.version for role in checker.ROLES),
        *((member.model, member.temperature) for member in members),
        settings.confidence_threshold,
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
        opinions = await asyncio.gather(
            *(
                checker.opine(self.llm, member, where(event), checked.dialogue, self.threshold)
                for member in self.llm.settings.endpoints("checker")
            )
        )
        return [Output(CHECKED_MODEL, decide(checked.dialogue, opinions, self.threshold, checked.findings))]


def decide(
    dialogue: Dialogue,
    opinions: Sequence[Opinion],
    threshold: float,
    rule_findings: tuple[RuleFinding, ...] = (),
) -> ModelChecked:
    """What the committee says together; see `schemas.committee`."""
    confidence = confidence_of(opinions)
    middle = next(opinion for opinion in opinions if opinion.confidence == confidence)
    return ModelChecked(
        dialogue=dialogue,
        passed=passes_up_to(opinions) >= threshold,
        confidence=confidence,
        threshold=threshold,
        rationale=middle.rationale or middle.failure,
        findings=middle.findings,
        rule_findings=rule_findings,
        opinions=tuple(opinions),
    )
