"""Judge a finished dialogue by the rules.

dialogue.judged.done -> checked.rule
"""

import inspect
from collections.abc import Iterable, Iterator
from importlib.metadata import version as installed
from itertools import islice

from consumers.rule_checker import aliases, contamination, dates, numerals, text, tool, view
from consumers.rule_checker.contamination import Forbidden
from consumers.rule_checker.rules import MODULES, RULES, Rule, registry
from consumers.rule_checker.view import View
from schemas import results
from schemas.dialogue import Dialogue, RunSpec, Scenario
from schemas.events import Envelope, Judged, Output, RuleChecked, RuleFinding
from schemas.settings import behaviour_hash
from schemas.tools import ToolSpec
from streams.topology import CHECKED_RULE

MAX_FINDINGS = 20
"""Findings kept a rule. A degenerate dialogue would otherwise outgrow the message it travels in."""


def version_of(sources: Iterable[str]) -> str:
    """A readable number and a hash of the rules' source and of the validator they rest on."""
    return f"1+{behaviour_hash(*sources, installed('jsonschema-rs'))}"


VERSION: str = version_of(
    inspect.getsource(module)
    for module in (*MODULES, registry, view, tool, text, numerals, dates, aliases, contamination, results)
)


def version(forbidden: Forbidden | None) -> str:
    """`VERSION`, and with questions that are forbidden another one for each set of them."""
    return VERSION if forbidden is None else version_of((VERSION, forbidden.digest))


def _findings(rule: Rule, view: View) -> Iterator[RuleFinding]:
    for problem in rule.run(view):
        yield RuleFinding(
            rule=rule.id,
            aspect=rule.aspect,
            severity=rule.severity,
            problem=problem.text,
            hint=problem.hint or rule.hint,
            message=problem.message,
        )


def _run(rule: Rule, view: View) -> tuple[RuleFinding, ...]:
    try:
        return tuple(islice(_findings(rule, view), MAX_FINDINGS))
    except Exception as error:
        # A rule with a bug must neither pass a dialogue nor stop the stream: a person will see this.
        return (
            RuleFinding(
                rule="rule_error",
                aspect=rule.aspect,
                severity="error",
                problem=f"the rule {rule.id!r} failed: {type(error).__name__}: {error}",
                hint="Correct the rule; the dialogue itself may be sound.",
            ),
        )


def check(dialogue: Dialogue, forbidden: Forbidden | None = None) -> tuple[RuleFinding, ...]:
    """Run every rule, in the order of `RULES`. Never raises: a rule that does becomes a finding.

    Args:
        forbidden: benchmark questions that the dialogue must not repeat.
    """
    view = View(dialogue, forbidden)
    return tuple(finding for rule in RULES.values() for finding in _run(rule, view))


def tool_errors(tool: ToolSpec) -> tuple[str, ...]:
    """What is wrong with a tool's own definition: no dialogue with it on the table could pass."""
    alone = View(Dialogue(id="", scenario=Scenario.SPECIAL, spec=RunSpec(pool=""), tools=(tool,), targets=()))
    return tuple(
        finding.problem
        for rule in RULES.values()
        if rule.aspect == "tool_definition" and rule.severity == "error"
        for finding in _run(rule, alone)
    )


def passed(findings: Iterable[RuleFinding]) -> bool:
    """Whether the dialogue may go on: warnings do not hold it up."""
    return not any(finding.severity == "error" for finding in findings)


def handle(event: Envelope, forbidden: Forbidden | None = None) -> list[Output]:
    """The verdict on the dialogue of a `dialogue.judged.done` event.

    Raises:
        TypeError: the event's body is not `Judged`.
    """
    if not isinstance(event.body, Judged):
        raise TypeError(f"the rule checker takes Judged, got {type(event.body).__name__} on {event.subject}")
    dialogue = event.body.dialogue
    findings = check(dialogue, forbidden)
    checked = RuleChecked(dialogue=dialogue, passed=passed(findings), findings=findings, rules=len(RULES))
    return [Output(CHECKED_RULE, checked)]
