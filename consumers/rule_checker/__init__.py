"""The rule checker: small pure rules over four aspects of a finished dialogue.

What a rule of one's own needs:

    from consumers.rule_checker import Problem, View, rule
"""

from consumers.rule_checker.rules import RULES, Problem, Rule, rule, tool_rule
from consumers.rule_checker.tool import Tool
from consumers.rule_checker.view import View

__all__ = ["RULES", "Problem", "Rule", "Tool", "View", "rule", "tool_rule"]
