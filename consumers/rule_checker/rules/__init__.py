"""The rules, one file an aspect. Importing this package registers them all."""

from consumers.rule_checker.rules import call, contamination, grounding, structure, tool_definition, wording
from consumers.rule_checker.rules.registry import RULES, Aspect, Problem, Rule, Severity, rule, tool_rule

MODULES = (tool_definition, call, structure, wording, contamination, grounding)

__all__ = ["MODULES", "RULES", "Aspect", "Problem", "Rule", "Severity", "rule", "tool_rule"]
