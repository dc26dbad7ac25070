"""Where a run stands, and the proof that no dialogue was lost."""

from typing import Any

from sinks.sql import load
from sinks.store import Queryable, StoreError

STATES = ("accepted", "needs_review", "rejected", "dead", "in_flight")
_LLM_SUMS = ("calls", "failed", "prompt_tokens", "completion_tokens", "cost_usd")


class RunNotFound(StoreError):
    """The store holds no event of the run."""


def resolve_run(store: Queryable, run_id: str | None) -> str:
    """The run itself, or the one with the newest event for None.

    Raises:
        RunNotFound: the store is empty.
    """
    if run_id is not None:
        return run_id
    rows = store.query(load("latest_run")).rows
    if not rows:
        raise RunNotFound("the store holds no run yet")
    return str(rows[0][0])


def status(store: Queryable, run_id: str | None = None) -> dict[str, Any]:
    """Where a run stands.

    Every sampled dialogue is in exactly one state, so `sampled` must equal the sum of the states. The two
    sides are counted from different events: `conserved` is False when, say, an accepted dialogue was
    never seen to start. `conflicts` counts dialogues that were accepted and also rejected or dead.

    Returns:
        run_id, target (slots asked for), sampled, one count a state (accepted, needs_review, rejected,
        dead, in_flight), conflicts, conserved, by_scenario {scenario: {sampled, accepted}},
        rejections_by_rule {rule: dialogues it failed}, repairs (dialogues that the repair agent had, by
        {tried, changed, accepted}: each a part of the one before), llm {calls, failed, prompt_tokens,
        completion_tokens, cost_usd, by_role}, events {subject: count}, seconds (first to last event).

    Raises:
        RunNotFound: the store holds no event of the run.
    """
    run_id = resolve_run(store, run_id)
    of_run = {"run_id": run_id}
    events = store.query(load("status_events"), of_run).dicts()
    if not events:
        raise RunNotFound(f"the store holds no event of run {run_id}")
    scenarios = store.query(load("status_dialogues"), of_run).dicts()
    rules = store.query(load("status_rules"), of_run).rows
    roles = store.query(load("status_llm"), of_run).dicts()
    [repairs] = store.query(load("status_repairs"), of_run).dicts()

    totals = {key: sum(row[key] for row in scenarios) for key in ("sampled", *STATES, "conflicts")}
    seconds = max(row["last_at"] for row in events) - min(row["first_at"] for row in events)
    return {
        "run_id": run_id,
        "target": sum(row["target"] for row in events),
        **totals,
        "conserved": totals["sampled"] == sum(totals[state] for state in STATES),
        "by_scenario": {
            row["scenario"]: {"sampled": row["sampled"], "accepted": row["accepted"]}
            for row in scenarios
            if row["scenario"]
        },
        "rejections_by_rule": dict(rules),
        "repairs": repairs,
        "llm": {
            **{key: sum(row[key] for row in roles) for key in _LLM_SUMS},
            "by_role": {row["role"]: {key: row[key] for key in _LLM_SUMS} for row in roles},
        },
        "events": {row["subject"]: row["events"] for row in events},
        "seconds": seconds.total_seconds(),
    }
