"""What a run is for: its accepted dialogues."""

from collections.abc import Iterator

from schemas.dialogue import Dialogue
from schemas.events import ReviewAccepted, decode
from sinks.sql import load
from sinks.store import Queryable

PAGE = 100
"""Dialogues read at once: about 2 MB, well below what one NATS message may carry."""


def accepted_dialogues(store: Queryable, run_id: str, page: int = PAGE) -> Iterator[Dialogue]:
    """The accepted dialogues of a run, once each, in the order of their slots.

    A dialogue accepted by the router and then by a person comes in the person's form. Those without a slot
    (brought back by hand) come last.

    Args:
        page: dialogues read at once; one page is held in memory.
    """
    index = store.query(load("accepted_index"), {"run_id": run_id}).rows
    for start in range(0, len(index), page):
        rows = index[start : start + page]
        wanted = {
            "run_id": run_id,
            "dialogue_ids": [dialogue_id for dialogue_id, _ in rows],
            "event_ids": [event_id for _, event_id in rows],
        }
        payloads = dict(store.query(load("payloads"), wanted).rows)
        for _, event_id in rows:
            body = decode(payloads[event_id]).body
            assert isinstance(body, ReviewAccepted)
            yield body.dialogue
