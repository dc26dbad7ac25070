"""Decide who decides.

checked.rule (failed)  -> review.needed, unless the repairer has it
checked.model (passed) -> review.accepted
checked.model (unsure) -> review.needed
checked.rule (of a run without evaluation) -> review.accepted
"""

from collections.abc import Iterator, Sequence

from consumers.repairable import may_be_repaired
from schemas.dialogue import Dialogue
from schemas.events import (
    AspectFinding,
    Envelope,
    ModelChecked,
    Opinion,
    Output,
    ReviewAccepted,
    ReviewNeeded,
    RuleChecked,
    RuleFinding,
)
from streams.topology import REVIEW_ACCEPTED, REVIEW_NEEDED

VERSION = "2"

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
        case RuleChecked() as checked if may_be_repaired(checked):
            return []  # the repairer has it
        case RuleChecked(dialogue=dialogue, findings=findings):
            errors = [finding for finding in findings if finding.severity == "error"]
            return [
                Output(
                    REVIEW_NEEDED,
                    ReviewNeeded(
                        dialogue=dialogue,
                        reasons=(
                            *(f"{finding.rule}: {finding.problem}" for finding in errors),
                            *tried_repairs(dialogue),
                        ),
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
        case ModelChecked(dialogue=dialogue, confidence=confidence) as checked:
            return [
                Output(
                    REVIEW_NEEDED,
                    ReviewNeeded(
                        dialogue=dialogue,
                        reasons=(
                            *doubts(checked),
                            *tried_repairs(dialogue),
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


def doubts(checked: ModelChecked) -> tuple[str, ...]:
    """Why the committee does not pass a dialogue: a sentence a doubt, of each member that does not."""
    against = [opinion for opinion in _opinions(checked) if not opinion.passed]
    several = len(checked.opinions) > 1
    votes = f"{len(checked.opinions) - len(against)} of {len(checked.opinions)} models pass it"
    return (
        *((votes,) if several else ()),
        *(
            f"{opinion.model}: {doubt}" if opinion.model else doubt
            for opinion in against
            for doubt in _doubts_of(opinion, checked.threshold)
        ),
    )


def _opinions(checked: ModelChecked) -> tuple[Opinion, ...]:
    """Events from before there was a committee hold one, of a model not named."""
    alone = Opinion("", False, checked.confidence, checked.rationale, checked.findings)
    return checked.opinions or (alone,)


def _doubts_of(opinion: Opinion, threshold: float) -> Iterator[str]:
    if opinion.failure:
        yield f"no usable answer: {opinion.failure}"
    for finding in opinion.findings:
        if not finding.ok:
            yield f"{finding.aspect}: {_said(finding)}"
    if not opinion.failure and opinion.confidence < threshold:
        yield f"confidence {opinion.confidence:.2f} is under {threshold:.2f}: {opinion.rationale}"


def _said(finding: AspectFinding) -> str:
    if not finding.reason:
        return finding.evidence
    if finding.unquoted:
        evidence = f"“{finding.evidence}” stands nowhere" if finding.evidence else "no evidence"
        return f"{finding.reason} ({evidence})"
    return f"{finding.reason} “{finding.evidence}”"


def tried_repairs(dialogue: Dialogue) -> tuple[str, ...]:
    """What a person should know of the repair agent's work on a dialogue."""
    return tuple(
        f"a repair of {', '.join(repair.rules)} was tried; "
        + (f"it failed: {repair.failure}" if repair.failure else f"it says: {repair.explanation}")
        for repair in dialogue.repairs
    )


def priority(errors: Sequence[RuleFinding]) -> float:
    """The gravest aspect counts, further errors a little."""
    gravest = max((ASPECT_PRIORITY.get(error.aspect, 1.0) for error in errors), default=0.0)
    return gravest + min(0.9, 0.1 * len(errors))
