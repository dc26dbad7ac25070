"""Which runs there are, and which one is meant."""

from dataclasses import dataclass
from datetime import datetime

from sinks.sql import load
from sinks.status import RunNotFound
from sinks.store import Queryable, StoreError

LISTED = 10


class AmbiguousRun(StoreError):
    """The ids of several runs start like that."""


@dataclass(frozen=True)
class Run:
    run_id: str
    started_at: datetime
    accepted: int

    def __str__(self) -> str:
        return f"{self.run_id} ({self.accepted:,} accepted, begun {self.started_at:%Y-%m-%d %H:%M})"


def runs(store: Queryable, prefix: str = "") -> list[Run]:
    """The runs whose id starts with the prefix, the one with the newest event first."""
    return [Run(*row) for row in store.query(load("runs"), {"prefix": prefix}).rows]


def find_run(store: Queryable, prefix: str) -> str:
    """The id of the one run whose id is, or starts with, the prefix.

    Raises:
        RunNotFound, AmbiguousRun: with the runs there are.
    """
    found = runs(store, prefix) if prefix else []
    if any(run.run_id == prefix for run in found):
        return prefix
    if not found:
        known = runs(store)
        raise RunNotFound(
            f"no run has an id that starts with {prefix!r}; "
            + (f"there are {_listed(known)}" if known else "there is no run at all")
        )
    if len(found) > 1:
        raise AmbiguousRun(f"{prefix!r} could be {_listed(found)}: give more of the id")
    return found[0].run_id


def _listed(found: list[Run]) -> str:
    more = f", and {len(found) - LISTED} more" if len(found) > LISTED else ""
    return ", ".join(map(str, found[:LISTED])) + more
