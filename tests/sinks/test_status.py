"""The status of a run adds up, or says that it does not."""

from collections import Counter

import msgspec
import pytest

from schemas.dialogue import Scenario
from schemas.events import Dead, ReviewAccepted, ReviewRejected
from sinks.status import STATES, RunNotFound, status
from tests.sinks.build import Run, mixed_run


def test_a_run_is_counted_by_state_scenario_rule_role_and_subject(store):
    run = Run("counted")
    run.request(10)
    for index, ending in enumerate(["accepted", "accepted", "needs_review", "rejected", "dead", "in_flight"]):
        run.dialogue(ending, index, Scenario.MULTI_MULTI if index == 0 else Scenario.SPECIAL)
    store.insert(run.encoded())

    found = status(store, "counted")

    assert {
        key: found[key] for key in ("run_id", "target", "sampled", *STATES, "conflicts", "conserved")
    } == {
        "run_id": "counted",
        "target": 10,
        "sampled": 6,
        "accepted": 2,
        "needs_review": 1,
        "rejected": 1,
        "dead": 1,
        "in_flight": 1,
        "conflicts": 0,
        "conserved": True,
    }
    assert found["by_scenario"] == {
        "multi-multi": {"sampled": 1, "accepted": 1},
        "special": {"sampled": 5, "accepted": 1},
    }
    assert found["events"] == Counter(event.subject for event in run.events)
    assert found["seconds"] == (run.events[-1].produced_at - run.events[0].produced_at).total_seconds()
    calls = [event.body for event in run.events if event.subject == "llm.called"]
    assert found["llm"]["calls"] == len(calls)
    assert found["llm"]["failed"] == sum(call.outcome != "ok" for call in calls)
    assert found["llm"]["prompt_tokens"] == sum(call.prompt_tokens for call in calls)
    assert found["llm"]["cost_usd"] == pytest.approx(sum(call.cost_usd for call in calls))
    assert found["llm"]["by_role"].keys() == {"user", "assistant", "judge", "checker"}
    judge = [call.completion_tokens for call in calls if call.role == "judge"]
    assert found["llm"]["by_role"]["judge"]["completion_tokens"] == sum(judge)
    failed = Counter(
        finding.rule
        for event in run.events
        if event.subject == "checked.rule"
        for finding in event.body.findings
        if finding.severity == "error"
    )
    assert found["rejections_by_rule"] == failed
    assert failed.total() == 2


def test_a_mixed_run_is_conserved_at_every_moment(store):
    run = mixed_run("every-moment", 25)
    for batch in run.batches(20):
        store.insert(batch)
        found = status(store, "every-moment")
        assert found["conserved"]
        assert found["sampled"] == sum(found[state] for state in STATES)


def test_the_order_in_which_events_arrive_does_not_matter(store):
    run, again = mixed_run("order", 20), mixed_run("order", 20)
    store.insert(run.encoded())
    expected = status(store, "order")
    renamed = [msgspec.structs.replace(event, run_id="order-2") for event in again.events]
    run.random.shuffle(renamed)
    again.events = [
        # Other ids, so that nothing collapses with the first run's.
        msgspec.structs.replace(event, event_id=event.event_id[::-1].replace("-", "")[:32])
        for event in renamed
    ]
    for batch in again.batches(17):
        store.insert(batch)

    assert status(store, "order-2") == {**expected, "run_id": "order-2"}


def test_events_that_were_stored_twice_are_counted_once(store):
    run = mixed_run("doubled", 15)
    store.query("SYSTEM STOP MERGES events", read_only=False)  # so that the copies are really there
    try:
        for size in (7, 11):
            for batch in run.batches(size):
                store.insert(batch)
        stored = store.query("SELECT count() FROM events WHERE run_id = 'doubled'").rows[0][0]
        found = status(store, "doubled")
        (sums,) = store.query(
            "SELECT sum(tokens), sum(llm_calls) FROM dialogues WHERE run_id = 'doubled'"
        ).rows
    finally:
        store.query("SYSTEM START MERGES events", read_only=False)

    assert stored == 2 * len(run.events)
    assert found["events"] == Counter(event.subject for event in run.events)
    calls = [event.body for event in run.events if event.subject == "llm.called" and event.dialogue_id]
    answered = [call for call in calls if call.outcome != "unparsable"]
    assert sums == (sum(call.prompt_tokens + call.completion_tokens for call in calls), len(answered))


def test_an_ending_without_a_beginning_breaks_conservation(store):
    run = Run("lost")
    run.dialogue("accepted", 0)
    run.dialogue("accepted", 1)
    lost = [pair for pair in run.encoded() if pair[0].subject != "tools.sampled"]
    store.insert(lost)

    found = status(store, "lost")

    assert (found["sampled"], found["accepted"], found["conserved"]) == (0, 2, False)


@pytest.mark.parametrize("second", ["rejected", "dead"])
def test_a_dialogue_that_ended_twice_is_a_conflict_and_still_counted_once(store, second):
    run = Run(f"twice-{second}")
    dialogue = run.dialogue("accepted")
    if second == "rejected":
        run.emit("review.rejected", ReviewRejected(dialogue, "rejected", ("no",)), dialogue_id=dialogue.id)
    else:
        run.emit("dead.checked.model", Dead("review-router", "checked.model", "bug"), dialogue_id=dialogue.id)
    store.insert(run.encoded())

    found = status(store, run.run_id)

    assert (found["conflicts"], found["conserved"], sum(found[state] for state in STATES)) == (1, True, 1)


def test_the_failure_of_a_side_consumer_ends_nothing(store):
    run = Run("side")
    dialogue = run.dialogue("in_flight")
    dead = Dead("memory", "dialogue.judged.done", "bug", ends_dialogue=False)
    run.emit("dead.dialogue.judged.done", dead, dialogue_id=dialogue.id)
    store.insert(run.encoded())

    found = status(store, "side")

    assert (found["in_flight"], found["dead"]) == (1, 0)


@pytest.mark.parametrize(
    ("first", "then", "state"),
    [
        ("needs_review", ReviewAccepted, "accepted"),
        ("dead", ReviewAccepted, "accepted"),
        ("needs_review", ReviewRejected, "rejected"),
        ("accepted", ReviewRejected, "rejected"),
        ("rejected", ReviewAccepted, "rejected"),
    ],
)
def test_a_persons_decision_wins_and_between_two_the_rejection(store, first, then, state):
    run = Run(f"decided-{first}-{then.__name__}")
    dialogue = run.dialogue(first)
    if then is ReviewAccepted:
        run.emit("review.accepted", ReviewAccepted(dialogue, "approved", "ada"), dialogue_id=dialogue.id)
    else:
        run.emit("review.rejected", ReviewRejected(dialogue, "rejected", ("no",)), dialogue_id=dialogue.id)
    store.insert(run.encoded())

    found = status(store, run.run_id)

    assert {name for name in STATES if found[name]} == {state}


def test_a_person_may_bring_back_what_was_rejected_automatically(store):
    run = Run("brought-back")
    dialogue = run.dialogue("in_flight")
    run.emit("review.rejected", ReviewRejected(dialogue, "automatic", ("no",)), dialogue_id=dialogue.id)
    run.emit("review.accepted", ReviewAccepted(dialogue, "approved", "ada"), dialogue_id=dialogue.id)
    store.insert(run.encoded())

    assert status(store, "brought-back")["accepted"] == 1


def test_an_extended_run_wants_all_its_slots(store):
    run = Run("extended")
    run.request(10)
    run.request(25, first=10)
    store.insert(run.encoded())

    assert status(store, "extended")["target"] == 25


def test_without_a_run_the_newest_one_is_shown(store):
    store.insert(mixed_run("old", 3).encoded())
    newest = mixed_run("newest", 80)  # longer, so its last event is the latest of this module
    store.insert(newest.encoded())

    assert status(store)["run_id"] == "newest"


def test_an_unknown_run_is_an_error(store):
    with pytest.raises(RunNotFound, match="no event of run nobody"):
        status(store, "nobody")
