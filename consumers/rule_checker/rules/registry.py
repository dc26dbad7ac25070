"""What a rule is, and how one is made: adding a rule is writing a function."""

from collections.abc import Callable, Iterable, Iterator
from inspect import getdoc
from types import ModuleType
from typing import Literal

from msgspec import Struct

from consumers.rule_checker.tool import Tool
from consumers.rule_checker.view import View

Aspect = Literal["tool_definition", "call", "structure", "grounding"]
Severity = Literal["error", "warning"]


class Problem(Struct, frozen=True):
    """One thing a rule found wrong."""

    text: str
    message: int | None = None
    """Index of the message it is about."""
    hint: str = ""
    """How to correct this very problem; empty: the rule's own hint says it."""


Check = Callable[[View], Iterable[Problem]]
Condition = Callable[[View], bool]


class Rule(Struct, frozen=True):
    """A named check of one aspect (paper: tool definition, call, structure, result and answer)."""

    id: str
    aspect: Aspect
    severity: Severity
    """error: the dialogue must not be trained on; warning: the model checker and a person may care."""
    hint: str
    """How to correct what it finds."""
    doc: str
    """What it looks for."""
    run: Check
    when: Condition | None = None
    """A quick test that holds wherever the rule finds something; where it does not, the rule is spared."""
    of_tool: Callable[[Tool], tuple[str, ...]] | None = None
    """What it finds in a single tool, where it looks at nothing else."""


def rule(
    aspect: Aspect, severity: Severity, hint: str, when: Condition | None = None
) -> Callable[[Check], Rule]:
    """Make a rule of a check; the function's name is the rule's id, in analytics too.

    Args:
        when: spares the rule where it could find nothing (see `Rule.when`); rules may share one.
    """

    def made(check: Check) -> Rule:
        return Rule(check.__name__, aspect, severity, hint, getdoc(check) or "", check, when)

    return made


def tool_rule(severity: Severity, hint: str) -> Callable[[Callable[[Tool], Iterable[str]]], Rule]:
    """Make a rule of a check of one tool. A tool rides on thousands of dialogues; it is checked once."""

    def made(check: Callable[[Tool], Iterable[str]]) -> Rule:
        def problems(tool: Tool) -> tuple[str, ...]:
            return tuple(check(tool))

        def on_every_tool(view: View) -> Iterator[Problem]:
            for tool in view.tools:
                for text in tool.once(problems):
                    yield Problem(f"tool {tool.name!r} {text}")

        doc = getdoc(check) or ""
        return Rule(check.__name__, "tool_definition", severity, hint, doc, on_every_tool, of_tool=problems)

    return made


def rules_of(module: ModuleType) -> dict[str, Rule]:
    """The rules of a module by their ids, in the order in which they are written."""
    return {found.id: found for found in vars(module).values() if isinstance(found, Rule)}
