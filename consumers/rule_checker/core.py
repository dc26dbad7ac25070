"""Judge a finished dialogue by the rules.

dialogue.judged.done, dialogue.repaired -> checked.rule
"""

import inspect
from collections.abc import Iterable, Mapping
from importlib.metadata import version as installed
from itertools import islice

from consumers.rule_checker import aliases, bounds, contamination, dates, numerals, screen, text, tool, view
from consumers.rule_checker.contamination import Forbidden
from consumers.rule_checker.rules import MODULES, RULES, Rule, registry
from consumers.rule_checker.rules.registry import Condition
from consumers.rule_checker.tool import Tool
from consumers.rule_checker.view import View
from schemas import results
from schemas.dialogue import Dialogue, RunSpec, Scenario
from schemas.events import DialogueRepaired, Envelope, Judged, Output, RuleChecked, RuleFinding
from schemas.settings import behaviour_hash
from schemas.tools import ToolSpec
from streams.topology import CHECKED_RULE

_MAX_CASES = 4096
MAX_FINDINGS = 20
"""Findings kept a rule. A degenerate dialogue would otherwise outgrow the message it travels in."""


def version_of(sources: Iterable[str]) -> str:
    """A readable number and a hash of the rules' source and of the validator they rest on."""
    return f"1+{behaviour_hash(*sources, installed('jsonschema-rs'))}"


_SOURCES = (
    *MODULES,
    registry,
    view,
    tool,
    text,
    numerals,
    dates,
    screen,
    bounds,
    aliases,
    contamination,
    results,
)
VERSION: str = version_of(map(inspect.getsource, _SOURCES))
"""Of the built-in rules alone."""


def _run(rule: Rule, view: View) -> tuple[RuleFinding, ...]:
    try:
        return tuple(
            [
                RuleFinding(
                    rule=rule.id,
                    aspect=rule.aspect,
                    severity=rule.severity,
                    problem=problem.text,
                    hint=problem.hint or rule.hint,
                    message=problem.message,
                )
                for problem in islice(rule.run(view), MAX_FINDINGS)
            ]
        )
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


def _always(_: View) -> bool:
    return True


def _flawed_tool(rules: Iterable[Rule]) -> Condition:
    """Whether one of these rules, each of which looks at single tools, finds something."""
    checks = [rule.of_tool for rule in rules if rule.of_tool is not None]

    def is_flawed(tool: Tool) -> bool:
        return any(tool.once(check) for check in checks)

    return lambda view: any(tool.once(is_flawed) for tool in view.tools)


def _holds(condition: Condition, view: View) -> bool:
    try:
        return condition(view)
    except Exception:  # what is wrong shows when the rules themselves run
        return True


class Checker:
    """A set of rules, and the version that names their behaviour."""

    def __init__(
        self, rules: Mapping[str, Rule] = RULES, version: str = VERSION, forbidden: Forbidden | None = None
    ) -> None:
        """
        Args:
            rules: by their ids, in the order they run.
            version: of the rules; questions that are forbidden give another one for each set of them.
            forbidden: benchmark questions that no dialogue may repeat.
        """
        self.rules = rules
        self.version = version if forbidden is None else version_of((version, forbidden.digest))
        self.forbidden = forbidden
        flawed_tool = _flawed_tool(rules.values())
        self._when: dict[str, Condition] = {
            id_: rule.when or (_always if rule.of_tool is None else flawed_tool)
            for id_, rule in rules.items()
        }
        self._conditions = tuple(dict.fromkeys(self._when.values()))
        self._due: dict[tuple[bool, ...], tuple[Rule, ...]] = {}
        """Which conditions hold -> the rules to run. The same few cases come again and again."""

    def check(self, dialogue: Dialogue) -> tuple[RuleFinding, ...]:
        """Run every rule that may find something, in order. Never raises: a rule that does is a finding."""
        view = View(dialogue, self.forbidden)
        findings: list[RuleFinding] = []
        for rule in self._rules_for(view):
            findings += _run(rule, view)
        return tuple(findings)

    def _rules_for(self, view: View) -> tuple[Rule, ...]:
        try:
            holding = tuple([condition(view) for condition in self._conditions])
        except Exception:
            holding = tuple([_holds(condition, view) for condition in self._conditions])
        due = self._due.get(holding)
        if due is None:
            if len(self._due) >= _MAX_CASES:
                self._due.clear()
            held = {condition for condition, holds in zip(self._conditions, holding, strict=True) if holds}
            due = tuple(rule for id_, rule in self.rules.items() if self._when[id_] in held)
            self._due[holding] = due
        return due

    def handle(self, event: Envelope) -> list[Output]:
        """The verdict on the dialogue of an event.

        Raises:
            TypeError: the event is about nothing that the rules look at.
        """
        if not isinstance(event.body, Judged | DialogueRepaired):
            raise TypeError(
                f"the rule checker takes Judged and DialogueRepaired, got {type(event.body).__name__} on "
                f"{event.subject}"
            )
        dialogue = event.body.dialogue
        findings = self.check(dialogue)
        checked = RuleChecked(
            dialogue=dialogue, passed=passed(findings), findings=findings, rules=len(self.rules)
        )
        return [Output(CHECKED_RULE, checked)]


BUILT_IN = Checker()
check = BUILT_IN.check


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
