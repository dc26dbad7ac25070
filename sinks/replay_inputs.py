"""What a replay reads: stored events of a selection, page by page, and which have a verdict already."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from schemas.events import decode
from schemas.replays import ReplayItem, ReplayStage, ReplayStarted, Selection
from sinks.sql import load
from sinks.store import Queryable, QueryError

INPUTS: dict[ReplayStage, tuple[str, ...]] = {
    "rule": ("dialogue.judged.done", "dialogue.repaired"),
    "model": ("checked.rule",),
}
"""Subjects of the events that a stage of the pipeline is given."""

PAGE = 2000
"""Events read at once: some 10 MB. Smaller pages save little: ClickHouse reads thousands of rows anyway."""
LEAST_PAGE = 32
"""Far more than a dialogue has of such events."""

_ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))


class Found(NamedTuple):
    """A replay that was started."""

    started: ReplayStarted
    checked: int
    """Dialogues with a verdict."""


def now(store: Queryable) -> datetime:
    """The store's clock, which stamps what it takes in."""
    moment: datetime = store.query("SELECT now64(6, 'UTC')").rows[0][0]
    return moment.replace(tzinfo=UTC)


def find(store: Queryable, name: str) -> Found | None:
    """The replay of a name; None where there is none."""
    rows = store.query(load("replay_find"), {"name": name, "subject": f"replay.{name}.started"}).rows
    if not rows:
        return None
    body = decode(rows[0][0]).body
    assert isinstance(body, ReplayStarted)
    return Found(body, rows[0][1])


def runs(store: Queryable, stage: ReplayStage, selection: Selection) -> dict[str, int]:
    """Run -> dialogues that the selection has of it."""
    parameters = _parameters(stage, selection) | {"run": selection.run}
    return dict(store.query(load("replay_runs"), parameters).rows)


def items(
    store: Queryable, replay: ReplayStarted, run_id: str, page: int = PAGE
) -> Iterator[list[ReplayItem]]:
    """Pages of a run's events, one event a dialogue, from the first dialogue that has no verdict yet.

    After that one come also such as have a verdict: replicas do not finish in order, and to check a
    dialogue again changes nothing. Two pages are held in memory.
    """
    parameters = _parameters(replay.stage, replay.selection) | {"run_id": run_id, "name": replay.name}
    first = store.query(load("replay_first"), parameters).rows[0][0]
    after = ""
    while first:
        asked = parameters | {"first": first, "after": after, "page": page}
        try:
            rows = store.query(load("replay_page"), asked).rows
        except QueryError as error:
            # A sink that is asked over NATS cannot send more than a message holds.
            if page <= LEAST_PAGE or "LIMIT" not in str(error):
                raise
            page = max(LEAST_PAGE, page // 4)
            continue
        found = _last_of_each(rows)
        if len(rows) == page:
            found.popitem()  # more of its events may be on the next page
        if not found:
            return
        after = next(reversed(found))
        yield [
            ReplayItem(id_, run_id, dialogue, _json(payload)) for dialogue, (id_, payload) in found.items()
        ]


def _last_of_each(rows: Sequence[tuple[Any, ...]]) -> dict[str, tuple[str, str]]:
    """Dialogue -> (id, payload) of the event that counts: that after a repair, or else the newest.

    An event may come twice: copies that were not merged yet are the same.
    """
    found: dict[str, tuple[str, str]] = {}
    ranks: dict[str, tuple[int, datetime, str]] = {}
    for dialogue, id_, repairs, produced_at, payload in rows:
        rank = (repairs, produced_at, id_)
        if dialogue not in ranks or rank > ranks[dialogue]:
            ranks[dialogue], found[dialogue] = rank, (id_, payload)
    return found


def _json(payload: str | bytes) -> msgspec.Raw:
    """The stored text as a part of a JSON message; what is no JSON as a text."""
    data = payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else payload
    try:
        return msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return msgspec.Raw(msgspec.json.encode(data[:1000].decode("utf-8", "backslashreplace")))


def _parameters(stage: ReplayStage, selection: Selection) -> dict[str, Any]:
    earliest, latest = _ALWAYS
    return {
        "subjects": list(INPUTS[stage]),
        "stored_until": _spelled(selection.stored_until),
        "since": _spelled(selection.since or earliest),
        "until": _spelled(selection.until or latest),
        "scenario": selection.scenario,
        "per_million": round(selection.sample * 1_000_000),
    }


def _spelled(moment: datetime) -> str:
    """As ClickHouse reads it, to the microsecond; the driver would send whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
