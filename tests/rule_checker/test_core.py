"""The checker as a stage: a verdict on every dialogue, whatever happens inside a rule."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from consumers.rule_checker import RULES
from consumers.rule_checker.core import BUILT_IN, MAX_FINDINGS, VERSION, Checker, check, passed, version_of
from consumers.rule_checker.rules import Problem, rule
from consumers.rule_checker.view import View
from schemas.dialogue import Dialogue
from schemas.events import Envelope, Judged, LLMCalled, RuleChecked, decode, encode, envelope
from tests.rule_checker.good_dialogues import (
    LISBON,
    WEATHER,
    answer,
    dialogue,
    multi_turn,
    single,
    user,
    with_message,
)


def judged(subject: Dialogue) -> Envelope:
    return Envelope(
        event_id="e1",
        subject="dialogue.judged.done",
        run_id="r1",
        dialogue_id=subject.id,
        produced_at=datetime(2025, 1, 1, tzinfo=UTC),
        producer="judge@1+00000000",
        body=Judged(subject),
    )


def test_a_sound_dialogue_passes() -> None:
    [output] = BUILT_IN.handle(judged(multi_turn()))
    assert output.subject == "checked.rule"
    assert output.body == RuleChecked(dialogue=multi_turn(), passed=True, findings=(), rules=len(RULES))


def test_a_spoilt_dialogue_fails_with_its_findings() -> None:
    spoilt = with_message(single(), 3, answer("In Lisbon expect mostly sunny skies at 99.9 degrees."))
    [output] = BUILT_IN.handle(judged(spoilt))
    assert isinstance(output.body, RuleChecked)
    assert not output.body.passed
    assert [finding.rule for finding in output.body.findings] == ["invented_number"]


def test_the_verdict_survives_the_wire() -> None:
    cause = judged(single(told="In Lisbon expect 99.9 degrees."))
    [output] = BUILT_IN.handle(cause)
    event = envelope(cause, output, f"rule-checker@{VERSION}", 0)
    assert decode(encode(event)) == event


def test_a_warning_does_not_hold_a_dialogue_up() -> None:
    findings = check(single(told="All done, have fun!"))
    assert [finding.severity for finding in findings] == ["warning"]
    assert passed(findings)


def test_only_judged_events_are_taken() -> None:
    wrong = msgspec.structs.replace(
        judged(single()),
        body=LLMCalled(role="judge", model="m", request_hash="h", prompt_version="p", outcome="ok"),
    )
    with pytest.raises(TypeError, match="LLMCalled"):
        BUILT_IN.handle(wrong)


def test_a_rule_that_raises_becomes_a_finding_and_the_others_still_run() -> None:
    @rule("structure", "warning", "Never mind.")
    def breaks(view: View) -> Iterator[Problem]:
        yield Problem("one")
        raise KeyError("oops")

    @rule("structure", "warning", "Never mind.")
    def speaks(view: View) -> Iterator[Problem]:
        yield Problem("heard")

    broken, heard = Checker({"breaks": breaks, "speaks": speaks}).check(single())
    assert (broken.rule, broken.severity) == ("rule_error", "error")
    assert "'breaks'" in broken.problem
    assert "KeyError" in broken.problem
    assert heard.problem == "heard"


def test_a_rule_keeps_a_bounded_number_of_findings() -> None:
    @rule("structure", "warning", "Never mind.")
    def floods(view: View) -> Iterator[Problem]:
        while True:
            yield Problem("again")

    assert len(Checker({"floods": floods}).check(single())) == MAX_FINDINGS


def test_the_version_is_a_number_and_a_hash() -> None:
    assert re.fullmatch(r"\d+\+[0-9a-f]{8}", VERSION)


def test_the_version_changes_with_the_source_and_only_with_it() -> None:
    assert version_of(["def a(): ..."]) == version_of(["def a(): ..."])
    assert version_of(["def a(): ..."]) != version_of(["def b(): ..."])


def test_every_rule_explains_itself() -> None:
    for id_, found in RULES.items():
        assert found.id == id_
        assert found.aspect in ("tool_definition", "call", "structure", "grounding")
        assert found.severity in ("error", "warning")
        assert found.hint.endswith(".")
        assert found.doc


def test_all_four_aspects_are_covered() -> None:
    assert {found.aspect for found in RULES.values()} == {"tool_definition", "call", "structure", "grounding"}


def test_an_empty_dialogue_is_judged_and_not_crashed_on() -> None:
    rules = {finding.rule for finding in check(dialogue())}
    assert "starts_with_user" in rules
    assert "rule_error" not in rules


@pytest.mark.parametrize(
    "text",
    [
        "9" * 50_000,
        "a" * 50_000,
        " \n" * 25_000,
        "<" * 50_000,
        '"' * 50_000,
        "1/" * 25_000,
        "a " * 25_000,
        "7:30 " * 9_000,
    ],
    ids=["digits", "letters", "blanks", "angles", "quotes", "fractions", "words", "times"],
)
@pytest.mark.timeout(20)
def test_hostile_text_does_not_stall_the_checker(text: str) -> None:
    findings = check(with_message(with_message(single(), 3, answer(text)), 0, user(text)))
    assert "rule_error" not in {finding.rule for finding in findings}


@pytest.mark.timeout(20)
def test_a_schema_that_refers_to_itself_all_over_does_not_stall_the_checker() -> None:
    node = {"$ref": "#/$defs/node"}
    schema = {
        **WEATHER.parameters,
        "$defs": {"node": {"properties": {"a": node}, "anyOf": [node] * 50, "oneOf": [node] * 50}},
        "additionalProperties": node,
    }
    hostile = single(tools=(msgspec.structs.replace(WEATHER, parameters=schema),), made=LISBON)
    assert "rule_error" not in {finding.rule for finding in check(hostile)}
