"""Who decides about a dialogue."""

import pytest

from consumers.review_router.core import priority, route
from schemas.dialogue import RunSpec
from schemas.events import (
    AspectFinding,
    ModelChecked,
    Opinion,
    ReviewAccepted,
    ReviewNeeded,
    RuleChecked,
    RuleFinding,
)
from tests.build import dialogue, event

UNKNOWN = RuleFinding("known_tool", "call", "error", "there is no tool 'x'", "use one of the tools")
UNGROUNDED = RuleFinding("grounded", "grounding", "error", "nobody said 'Oslo'")
WARNING = RuleFinding("described", "tool_definition", "warning", "no description")


def one(body):
    [output] = route(event("checked", body))
    return output


@pytest.mark.parametrize("passed", [True, False])
def test_without_evaluation_everything_is_accepted(passed):
    output = one(RuleChecked(dialogue(spec=RunSpec(pool="p", evaluation=False)), passed, (UNKNOWN,)))
    assert output.subject == "review.accepted"
    assert output.body.confidence is None


def test_without_evaluation_a_benchmark_s_question_is_still_held_back():
    repeats = RuleFinding("overlaps_benchmark", "structure", "error", "repeats a question")
    output = one(RuleChecked(dialogue(spec=RunSpec(pool="p", evaluation=False)), False, (repeats,)))
    assert output.subject == "review.needed"


def test_a_failed_rule_goes_to_a_person_with_its_reason():
    output = one(RuleChecked(dialogue(), False, (UNKNOWN, WARNING)))
    assert output.subject == "review.needed"
    assert output.body.reasons == ("known_tool: there is no tool 'x'",)
    assert output.body.rule_findings == (UNKNOWN, WARNING)


def test_passed_rules_are_the_model_checker_s_turn():
    assert route(event("checked", RuleChecked(dialogue(), True))) == []


def test_a_confident_model_accepts():
    output = one(ModelChecked(dialogue(), True, 0.9, 0.75))
    assert output.subject == "review.accepted"
    assert isinstance(output.body, ReviewAccepted)
    assert (output.body.how, output.body.by) == ("automatic", "test@1")


def test_an_unsure_model_asks_a_person_and_says_why():
    doubts = (AspectFinding("answer", False, "'24' stands nowhere"), AspectFinding("task", True))
    output = one(ModelChecked(dialogue(), False, 0.4, 0.75, "made up", doubts))
    assert isinstance(output.body, ReviewNeeded)
    assert output.body.reasons == (
        "answer: '24' stands nowhere",
        "confidence 0.40 is under 0.75: made up",
    )


def fault(aspect: str = "consistency", evidence: str = "for 3 days", **changes) -> AspectFinding:
    return AspectFinding(aspect, False, evidence, "the days were left out", **changes)


def reasons(*opinions: Opinion) -> tuple[str, ...]:
    output = one(ModelChecked(dialogue(), False, 0.4, 0.75, "made up", opinions=opinions))
    assert isinstance(output.body, ReviewNeeded)
    return output.body.reasons


def test_a_failed_question_is_named_with_its_model_and_its_evidence():
    sure = Opinion("gpt", False, 0.9, "fine", (fault(), AspectFinding("hallucination", True)))
    assert reasons(sure) == ("gpt: consistency: the days were left out “for 3 days”",)


def test_each_member_that_does_not_pass_a_dialogue_says_why():
    assert reasons(
        Opinion("a", True, 0.9, "fine"),
        Opinion("b", False, 0.4, "odd", (fault("tool_response"),)),
        Opinion("c", False, failure="hallucination: no usable reply"),
        Opinion("d", False, 0.6, "unsure"),
    ) == (
        "1 of 4 models pass it",
        "b: tool_response: the days were left out “for 3 days”",
        "b: confidence 0.40 is under 0.75: odd",
        "c: no usable answer: hallucination: no usable reply",
        "d: confidence 0.60 is under 0.75: unsure",
    )


@pytest.mark.parametrize(
    ("evidence", "shown"), [("he said so", "(“he said so” stands nowhere)"), ("", "(no evidence)")]
)
def test_evidence_that_is_none_is_not_shown_as_a_quote(evidence, shown):
    [reason] = reasons(Opinion("a", False, 0.9, "", (fault(evidence=evidence, unquoted=True),)))
    assert reason == f"a: consistency: the days were left out {shown}"


def test_errors_that_stop_execution_come_first():
    assert priority([UNKNOWN]) > priority([UNGROUNDED] * 9) > priority([])
    assert priority([UNKNOWN, UNGROUNDED]) > priority([UNKNOWN])


def test_an_event_of_another_kind_is_refused():
    with pytest.raises(TypeError, match="ReviewAccepted"):
        route(event("checked", ReviewAccepted(dialogue())))
