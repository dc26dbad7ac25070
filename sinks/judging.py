"""How the judge chose: whether a place in the list wins by itself, and whether a repeated choice agrees.

The order of the candidates is drawn anew for each choice. So without a liking for a place every place wins
equally often, however good the candidates are, and what departs from 1/N by more than chance is the judge's.
"""

from dataclasses import dataclass
from typing import Self

from sinks.intervals import Interval, even_p, wilson
from sinks.sql import load
from sinks.store import Queryable


@dataclass(frozen=True)
class Choices:
    """The choices between so many candidates, or the sum of several such."""

    candidates: int
    """N; 0 for a sum."""
    choices: int = 0
    ties: int = 0
    """Choices in which several came out best in the first order, so that the lot decided."""
    unknown: int = 0
    """Choices of which the first order's winner is not known: repeated by an early version of the judge."""
    repeated: int = 0
    """Choices asked again in reverse order."""
    agreed: int = 0
    """Repeated ones with a candidate that came out best both times, be it among equals."""
    decided_twice: int = 0
    """Repeated ones with a sole winner both times."""
    first_twice: int = 0
    """Those of them in which the candidate shown first won both times: two different ones."""
    last_twice: int = 0
    """The same for the candidate shown last."""
    declined: int = 0
    """Choices that found no candidate fit."""
    redrafted: int = 0
    """Choices between candidates that were drafted because those before had been declined."""
    given_up: int = 0
    """Choices that ended their dialogue because none was fit again."""
    wins: tuple[int, ...] = ()
    """For each place in the list, how often its candidate was the sole winner in the first order."""

    @property
    def decided(self) -> int:
        """Choices with a sole winner."""
        return sum(self.wins)

    @property
    def win_shares(self) -> list[float]:
        return [won / self.decided for won in self.wins] if self.decided else []

    @property
    def win_intervals(self) -> list[Interval]:
        return [found for won in self.wins if (found := wilson(won, self.decided)) is not None]

    @property
    def p(self) -> float | None:
        """How likely wins at least as uneven are for a judge without a liking; see `even_p`."""
        return even_p(self.wins)

    @property
    def agreement(self) -> Interval | None:
        """Of the share of repeated choices that agreed."""
        return wilson(self.agreed, self.repeated)

    @property
    def first_twice_interval(self) -> Interval | None:
        """Of the share of twice decided choices that the first place won both times."""
        return wilson(self.first_twice, self.decided_twice)

    def __add__(self, other: "Choices") -> "Choices":
        return Choices(0, **{name: getattr(self, name) + getattr(other, name) for name in _COUNTS})


_COUNTS = (
    "choices",
    "ties",
    "unknown",
    "repeated",
    "agreed",
    "decided_twice",
    "first_twice",
    "last_twice",
    "declined",
    "redrafted",
    "given_up",
)


@dataclass(frozen=True)
class Judging:
    by_candidates: tuple[Choices, ...]
    """Places can be compared among lists of one length only."""

    @property
    def all(self) -> Choices:
        return sum(self.by_candidates, start=Choices(0))

    @property
    def usual(self) -> Choices | None:
        """The length of list with the most sole winners; None where there was never one."""
        most = max(self.by_candidates, key=lambda choices: choices.decided, default=None)
        return most if most is not None and most.decided else None

    @classmethod
    def of(cls, store: Queryable, run_id: str) -> Self:
        """Read the choices of a run."""
        won: dict[int, dict[int, int]] = {}
        for candidates, place, count in store.query(load("judge_places"), {"run_id": run_id}).rows:
            won.setdefault(candidates, {})[place] = count
        return cls(
            tuple(
                Choices(**row, wins=_wins(row["candidates"], won.get(row["candidates"], {})))
                for row in store.query(load("judge_choices"), {"run_id": run_id}).dicts()
            )
        )


def _wins(candidates: int, by_place: dict[int, int]) -> tuple[int, ...]:
    return tuple(by_place.get(place, 0) for place in range(1, candidates + 1))
