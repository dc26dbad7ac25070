"""How a benchmark ends: one JSON object with its figures and how they stand to the targets."""

import json
import operator
import sys
from collections.abc import Callable
from typing import Any

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
}


def finish(figures: dict[str, Any], targets: dict[str, tuple[float, str]]) -> None:
    """Print the last line and exit with 1 when a target was missed.

    Args:
        targets: name -> (value, goal), a goal such as ">= 0.99".
    """
    judged = {}
    for name, (value, goal) in targets.items():
        sign, _, bound = goal.partition(" ")
        judged[name] = {"value": value, "goal": goal, "met": _COMPARE[sign](value, float(bound))}
    print(json.dumps({**figures, "targets": judged}, default=str))
    sys.exit(0 if all(target["met"] for target in judged.values()) else 1)
