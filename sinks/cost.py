"""What a run's model calls cost, beside the paper's algorithm counted naively from the same events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sinks.sql import load
from sinks.store import Queryable

CALLS_PER_CANDIDATE = 6
"""Naively each candidate is followed to the end of its round by requests of its own: the user's message, the
slots it fills, the assistant's move, the function's result, the assistant's answer, the judge's mark."""
CALLS_OF_CHOICE = 2
"""And then one request ranks the marked candidates, and one names the type of problem of the best."""
NAIVE_ROUND = 4 * CALLS_PER_CANDIDATE + CALLS_OF_CHOICE
"""26: a round of the paper's four candidates."""
CALLS_WITHOUT_TOOL = 4
"""Of a candidate whose move is a question or a plain answer: no result follows, and no second answer."""

_SUMS = ("calls", "prompt_tokens", "completion_tokens", "cached_tokens", "cost_usd")


def cost_figures(store: Queryable, run_id: str) -> dict[str, Any]:
    """The calls of a run and what they cost; zeros for a run without events.

    Calls are those that `status` counts: tries that failed are among them, and so are all calls around the
    rounds and for dialogues that were not accepted. The naive count is of rounds, and of the checker's calls:
    the same dialogues are checked on both sides, by the same questions. Sample, memory and repair are on our
    side alone, so the comparison leans to the naive one.

    Returns:
        calls, prompt_tokens, completion_tokens, cached_tokens (of the prompt's), cost_usd; by_role {role: the
        same}; by_state {state of the dialogue: {dialogues, calls, cost_usd}}; accepted (dialogues);
        per_accepted {calls, prompt_tokens, completion_tokens, cost_usd}, None where none was; cached_share,
        of the prompt tokens, None without any; rounds (drafted, closings apart); naive {round (26), calls,
        share (ours over naive), strict_calls, strict_share, unchecked_share}, shares None without rounds. The
        strict count lets the naive algorithm off the calls that a candidate without tool calls does not need.
        The unchecked share is of rounds alone, as if the naive algorithm checked nothing and we did.
    """
    of_run = {"run_id": run_id}
    by_role = {row.pop("role"): row for row in store.query(load("cost_roles"), of_run).dicts()}
    by_state = {row.pop("state"): row for row in store.query(load("cost_states"), of_run).dicts()}
    [rounds] = store.query(load("cost_rounds"), of_run).dicts()
    totals = {key: sum(row[key] for row in by_role.values()) for key in _SUMS}
    accepted = by_state.get("accepted", {}).get("dialogues", 0)
    of_rounds = rounds["candidates"] * CALLS_PER_CANDIDATE + rounds["rounds"] * CALLS_OF_CHOICE
    naive = of_rounds + by_role.get("checker", {}).get("calls", 0) if of_rounds else 0
    strict = naive - (rounds["candidates"] - rounds["calling"]) * (CALLS_PER_CANDIDATE - CALLS_WITHOUT_TOOL)
    return {
        **totals,
        "by_role": by_role,
        "by_state": by_state,
        "accepted": accepted,
        "per_accepted": {key: totals[key] / accepted for key in _SUMS if key != "cached_tokens"}
        if accepted
        else None,
        "cached_share": _share(totals["cached_tokens"], totals["prompt_tokens"]),
        "rounds": rounds["rounds"],
        "naive": {
            "round": NAIVE_ROUND,
            "calls": naive,
            "share": _share(totals["calls"], naive),
            "strict_calls": strict,
            "strict_share": _share(totals["calls"], strict),
            "unchecked_share": _share(totals["calls"], of_rounds),
        },
    }


def spent_before(
    store: Queryable, run_id: str, before: datetime, without: Sequence[str]
) -> tuple[float, int]:
    """US dollars and tokens of a run's calls that were made before a moment, those events left out."""
    [row] = store.query(
        load("cost_spent"),
        {"run_id": run_id, "before": round(before.timestamp() * 1_000_000), "without": list(without)},
    ).rows
    return float(row[0]), int(row[1])


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
