"""Dead letters: what no stage could handle, and the way back."""

from typing import Any

from schemas.events import Dead, Envelope, decode
from sinks.sql import load
from sinks.store import Queryable, StoreError


class LetterNotFound(StoreError):
    """No dead letter's id starts like that, or several do."""


def dead_by_stage(store: Queryable, run_id: str) -> dict[str, int]:
    """How many messages of a run each stage could not handle."""
    return dict(store.query(load("dead_by_stage"), {"run_id": run_id}).rows)


def dead_letters(store: Queryable, run_id: str = "", limit: int = 100) -> list[dict[str, Any]]:
    """event_id, run_id, dialogue_id, produced_at, subject, stage and error; the newest first."""
    return store.query(load("dead_letters"), {"run_id": run_id, "limit": limit}).dicts()


def dead_letter(store: Queryable, prefix: str) -> Envelope:
    """The dead letter whose id starts with the prefix.

    Raises:
        LetterNotFound: there is not exactly one.
    """
    found = [decode(row[0]) for row in store.query(load("event_payloads"), {"prefix": prefix}).rows]
    letters = [event for event in found if isinstance(event.body, Dead)]
    if not prefix or len(letters) != 1:
        raise LetterNotFound(f"there is not exactly one dead letter whose id starts with {prefix!r}")
    return letters[0]
