"""What a rule is, and how one is registered: adding a rule is writing a function."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from inspect import getdoc
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


RULES: dict[str, Rule] = {}
"""Every rule by its id, in the order they run."""


def rule(aspect: Aspect, severity: Severity, hint: str) -> Callable[[Check], Check]:
    """Register a check under its function name, which is also its name in analytics."""

    def register(check: Check) -> Check:
        name = check.__name__
        RULES[name] = Rule(name, aspect, severity, hint, getdoc(check) or "", check)
        return check

    return register


def tool_rule(severity: Severity, hint: str) -> Callable[[Callable[[Tool], Iterable[str]]], Check]:
    """Register a check of one tool. A tool rides on thousands of dialogues; it is checked once."""

    def register(check: Callable[[Tool], Iterable[str]]) -> Check:
        @lru_cache(maxsize=4096)
        def problems(tool: Tool) -> tuple[str, ...]:
            return tuple(check(tool))

        def on_every_tool(view: View) -> Iterator[Problem]:
            for tool in view.tools:
                for text in problems(tool):
                    yield Problem(f"tool {tool.name!r} {text}")

        on_every_tool.__name__ = check.__name__
        on_every_tool.__doc__ = check.__doc__
        return rule("tool_definition", severity, hint)(on_every_tool)

    return register
