"""What a run costs, from its events."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from schemas.dialogue import AssistantMessage, Call, UserMessage
from schemas.events import Candidate, CandidatesDrafted, LLMCalled
from sinks.cost import NAIVE_ROUND, cost_figures, spent_before
from tests.sinks.build import START, Run, mixed_run

CALLS = Candidate((UserMessage("Book it."), AssistantMessage(calls=(Call("c", "t", {}),), action="call")))
ASKS = Candidate((UserMessage("Book it."), AssistantMessage("Which day?", action="ask")))


def stored(store, run: Run) -> Run:
    for batch in run.batches(500):
        store.insert(batch)
    return run


def rounds(run_id: str, *drafted: tuple[Candidate, ...], closing: bool = False) -> Run:
    run = Run(run_id)
    dialogue = run.dialogue("in_flight")
    for number, candidates in enumerate(drafted, start=1):
        run.emit(
            "dialogue.candidates",
            CandidatesDrafted(dialogue, candidates, closing=closing),
            dialogue_id=dialogue.id,
            round=number,
        )
    return run


def test_the_sums_are_those_of_the_calls(store):
    run = stored(store, mixed_run("sums", 30))
    bodies = [event.body for event in run.events if isinstance(event.body, LLMCalled)]
    figures = cost_figures(store, "sums")

    assert figures["calls"] == sum(body.outcome != "unparsable" for body in bodies)
    for key in ("prompt_tokens", "completion_tokens", "cached_tokens", "cost_usd"):
        assert figures[key] == pytest.approx(sum(getattr(body, key) for body in bodies))
        assert figures[key] == pytest.approx(sum(role[key] for role in figures["by_role"].values()))
    assert figures["by_role"]["checker"]["calls"] == sum(
        body.role == "checker" and body.outcome != "unparsable" for body in bodies
    )
    assert figures["per_accepted"]["calls"] == pytest.approx(figures["calls"] / figures["accepted"])
    assert sum(state["dialogues"] for state in figures["by_state"].values()) == 30


def test_a_round_of_four_candidates_that_all_call_is_26_calls_naively(store):
    stored(store, rounds("four", (CALLS,) * 4))
    naive = cost_figures(store, "four")["naive"]
    assert (naive["calls"], naive["strict_calls"], naive["round"]) == (26, 26, NAIVE_ROUND)


def test_the_same_checks_are_on_both_sides(store):
    run = rounds("checked", (CALLS,) * 4)
    for _ in range(4):
        run.llm("checker", None, outcome="ok")
    run.llm("memory", None, outcome="ok")
    stored(store, run)

    naive = cost_figures(store, "checked")["naive"]

    assert (naive["calls"], naive["strict_calls"]) == (30, 30)
    assert naive["unchecked_share"] == pytest.approx(naive["share"] * 30 / 26)


def test_the_strict_count_lets_off_what_a_question_does_not_need(store):
    stored(store, rounds("strict", (CALLS, CALLS, ASKS, ASKS), (ASKS,) * 4))
    figures = cost_figures(store, "strict")
    assert figures["rounds"] == 2
    assert figures["naive"]["calls"] == 2 * 26
    assert figures["naive"]["strict_calls"] == (26 - 2 * 2) + (26 - 4 * 2)


def test_fewer_candidates_cost_less_naively_too(store):
    stored(store, rounds("two", (CALLS,) * 2))
    assert cost_figures(store, "two")["naive"]["calls"] == 2 * 6 + 2


def test_a_closing_is_no_round(store):
    stored(store, rounds("closing", (CALLS,), closing=True))
    assert cost_figures(store, "closing")["rounds"] == 0


def test_a_run_of_which_nothing_is_known_cost_nothing(store):
    figures = cost_figures(store, "nobody")
    assert (figures["calls"], figures["cost_usd"], figures["rounds"]) == (0, 0, 0)
    assert (figures["per_accepted"], figures["cached_share"], figures["naive"]["share"]) == (None, None, None)


def test_cached_tokens_are_a_share_of_the_prompt(store):
    run = Run("cached")
    event = run.llm("user", None, outcome="ok")
    body = msgspec.structs.replace(event.body, prompt_tokens=2000, cached_tokens=1500)
    run.events[-1] = msgspec.structs.replace(event, body=body)
    stored(store, run)
    assert cost_figures(store, "cached")["cached_share"] == 0.75


def test_what_was_spent_before_a_moment_leaves_later_and_named_events_out(store):
    run = Run("spent")
    for _ in range(4):
        run.llm("user", None, outcome="ok")
    stored(store, run)
    other = Run("spent-by-another")
    other.llm("user", None, outcome="ok")
    stored(store, other)

    def tokens(events) -> int:
        return sum(event.body.prompt_tokens + event.body.completion_tokens for event in events)

    late = datetime(2030, 1, 1, tzinfo=UTC)
    assert spent_before(store, "spent", late, ()) == (pytest.approx(0.002), tokens(run.events))
    without = [run.events[1].event_id]
    assert spent_before(store, "spent", late, without)[1] == tokens(run.events) - tokens([run.events[1]])
    third = run.events[2].produced_at
    assert spent_before(store, "spent", third, ())[1] == tokens(run.events[:2])
    assert spent_before(store, "spent", third + timedelta(microseconds=1), ())[1] == tokens(run.events[:3])
    assert spent_before(store, "spent", START - timedelta(days=1), ()) == (0.0, 0)
