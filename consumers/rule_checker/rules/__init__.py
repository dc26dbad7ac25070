"""The built-in rules, one file an aspect or a part of one."""

from consumers.rule_checker.rules import (
    agreement,
    call,
    contamination,
    damage,
    grounding,
    language,
    refusal,
    structure,
    tool_definition,
    values,
    wording,
)
from consumers.rule_checker.rules.registry import (
    Aspect,
    Problem,
    Rule,
    Severity,
    rule,
    rules_of,
    tool_rule,
)

MODULES = (
    *(tool_definition, call, structure, wording, damage, language, refusal),
    *(contamination, grounding, values, agreement),
)

RULES: dict[str, Rule] = {id_: rule for module in MODULES for id_, rule in rules_of(module).items()}
"""By their ids, in the order they run. Users' own are in `Checker.rules` alone."""

__all__ = ["MODULES", "RULES", "Aspect", "Problem", "Rule", "Severity", "rule", "rules_of", "tool_rule"]
