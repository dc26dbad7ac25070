"""Decide who decides.

checked.rule (failed)  -> review.needed
checked.model (passed) -> review.accepted
checked.model (unsure) -> review.needed
checked.rule (of a run without evaluation) -> review.accepted
"""

from collections.abc import Sequence

from schemas.events import (
    Envelope,
    ModelChecked,
    Output,
    ReviewAccepted,
    ReviewNeeded,
    RuleChecked,
    RuleFinding,
)
from streams.topology import REVIEW_ACCEPTED, REVIEW_NEEDED

VERSION = "1"

ASPECT_PRIORITY = {"call": 4.0, "structure": 3.0, "tool_definition": 2.0, "grounding": 1.0}
"""Errors that stop execution come first (paper: human validation)."""


NEVER_ACCEPTED = frozenset({"overlaps_benchmark"})
"""Rules that hold in a run without evaluation too: they protect the benchmark, not the data's quality."""


async def handle(event: Envelope) -> Sequence[Output]:
    return route(event)


def route(event: Envelope) -> Sequence[Output]:
    match event.body:
        case RuleChecked(dialogue=dialogue, findings=findings) if not (
            dialogue.spec.evaluation or any(finding.rule in NEVER_ACCEPTED for finding in findings)
        ):
            return [Output(REVIEW_ACCEPTED, ReviewAccepted(dialogue, by=event.producer))]
        case RuleChecked(passed=True):
            return []  # the model checker has it
        case RuleChecked(dialogue=dialogue, findings=findings):
            errors = [finding for finding in findings if finding.severity == "error"]
            return [
                Output(
                    REVIEW_NEEDED,
                    ReviewNeeded(
                        dialogue=dialogue,
                        reasons=tuple(f"{finding.rule}: {finding.problem}" for finding in errors),
                        priority=priority(errors),
                        rule_findings=findings,
                    ),
                )
            ]
        case ModelChecked(passed=True, dialogue=dialogue, confidence=confidence):
            return [
                Output(
                    REVIEW_ACCEPTED,
                    ReviewAccepted(dialogue, by=event.producer, confidence=confidence),
                )
            ]
        case ModelChecked(dialogue=dialogue, confidence=confidence, threshold=threshold) as checked:
            doubts = tuple(f"{f.aspect}: {f.evidence}" for f in checked.findings if not f.ok)
            return [
                Output(
                    REVIEW_NEEDED,
                    ReviewNeeded(
                        dialogue=dialogue,
                        reasons=(
                            f"confidence {confidence:.2f} is under {threshold:.2f}: {checked.rationale}",
                            *doubts,
                        ),
                        priority=1.0 - confidence,
                        rule_findings=checked.rule_findings,
                        findings=checked.findings,
                        confidence=confidence,
                    ),
                )
            ]
        case body:
            raise TypeError(f"the review router does not know what to do with {type(body).__name__}")


def priority(errors: Sequence[RuleFinding]) -> float:
    """The gravest aspect counts, further errors a little."""
    gravest = max((ASPECT_PRIORITY.get(error.aspect, 1.0) for error in errors), default=0.0)
    return gravest + min(0.9, 0.1 * len(errors))
