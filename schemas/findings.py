"""What a checker found."""

from msgspec import Struct


class RuleFinding(Struct, frozen=True):
    """One problem that one rule found."""

    rule: str
    aspect: str
    """tool_definition, call, structure or grounding."""
    severity: str
    """error (must not be trained on) or warning."""
    problem: str
    hint: str = ""
    """How to correct it."""
    message: int | None = None
    """Index of the message it is about."""
