"""The rule checker: small pure rules over four aspects of a finished dialogue."""

from consumers.rule_checker.rules import RULES, Rule

__all__ = ["RULES", "Rule"]
