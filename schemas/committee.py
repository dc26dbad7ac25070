"""How the committee of the model checker decides, as numbers that can be held against a threshold.

A member passes a dialogue where it answered everything, found no fault, and is confident enough. More than
half of the members have to pass it, so an even split does not.
"""

from collections.abc import Iterable, Sequence

from schemas.events import Opinion

NEVER = -1.0
"""Under every threshold."""


def majority_level(levels: Iterable[float]) -> float:
    """The highest level that more than half of them reach: the median, the lower one of an even number.

    Raises:
        ValueError: there are none.
    """
    ordered = sorted(levels, reverse=True)
    if not ordered:
        raise ValueError("a committee without members decides nothing")
    return ordered[len(ordered) // 2]


def confidence_of(opinions: Sequence[Opinion]) -> float:
    """How confident a majority is at least; of one member: its own confidence."""
    return majority_level(opinion.confidence for opinion in opinions)


def passes_up_to(opinions: Sequence[Opinion]) -> float:
    """The highest threshold at which the committee passes the dialogue; `NEVER` where at none."""
    return majority_level(_level(opinion) for opinion in opinions)


def _level(opinion: Opinion) -> float:
    sound = not opinion.failure and all(finding.ok for finding in opinion.findings)
    return opinion.confidence if sound else NEVER
