"""A dialogue's story is told in the order of causes; accepted dialogues come once each."""

from datetime import timedelta

import msgspec
import pytest

from schemas.dialogue import Scenario
from schemas.events import AspectFinding, ModelChecked, Opinion, ReviewAccepted, ReviewRejected
from sinks.accepted import accepted_dialogues
from sinks.report import write_report
from sinks.status import status
from sinks.store import QueryResult
from sinks.trace import AmbiguousDialogue, DialogueNotFound, causal_order, summary, trace
from tests.build import dialogue, event
from tests.sinks.build import Run, mixed_run


def fault(aspect: str) -> AspectFinding:
    return AspectFinding(aspect, False, "for 3 days", "The days were left out.")


def told(*opinions: Opinion, rationale: str = "All is well.") -> str:
    checked = ModelChecked(dialogue(), False, 0.4, 0.75, rationale, opinions=opinions)
    return summary(event("checked.model", checked))


def test_a_committee_is_told_by_its_votes_and_by_the_questions_that_failed():
    assert told(
        Opinion("a", True, 0.9),
        Opinion("b", False, 0.4, "", (fault("consistency"),)),
        Opinion("c", False, 0.3, "", (fault("consistency"), AspectFinding("hallucination", True))),
        Opinion("d", False, failure="no JSON"),
    ) == (
        "failed with confidence 0.40 (threshold 0.75), 1 of 4 models for it; consistency (2 models): "
        "The days were left out. “for 3 days”; d: no answer"
    )


def test_one_model_that_found_no_fault_is_told_by_its_rationale():
    assert told(Opinion("a", False, 0.4)) == "failed with confidence 0.40 (threshold 0.75): All is well."


def test_a_trace_tells_every_event_of_the_dialogue_with_its_calls(store):
    run = mixed_run("told", 4)
    dialogue = run.dialogue("accepted", 99, Scenario.SINGLE_MULTI)
    store.insert(run.encoded())

    story = trace(store, dialogue.id)

    mine = [event for event in run.events if event.dialogue_id == dialogue.id]
    assert [entry["event_id"] for entry in story] == [event.event_id for event in mine]
    assert story[0]["since_start_s"] == 0
    assert story[-1]["since_start_s"] == (mine[-1].produced_at - mine[0].produced_at).total_seconds()
    assert story[0]["summary"].startswith("single-multi in 1 turn (slot 99)")
    assert story[-1]["summary"] == "accepted: automatic"
    assert all("\n" not in entry["summary"] for entry in story)
    roles = [entry["llm"]["role"] for entry in story if entry["llm"]]
    assert roles == ["user", "assistant", "judge", "checker"]


@pytest.mark.parametrize("ending", ["accepted", "needs_review", "rejected", "dead", "in_flight"])
def test_every_ending_has_a_last_word(store, ending):
    run = Run(f"ending-{ending}")
    dialogue = run.dialogue(ending)
    store.insert(run.encoded())

    last = trace(store, dialogue.id)[-1]["summary"]

    word = {"accepted": "accepted", "needs_review": "needs a person", "rejected": "by ada", "dead": "gave up"}
    assert word.get(ending, "single-single") in last


def test_causes_come_before_effects_whatever_the_clocks_say():
    run = Run("skewed")
    run.dialogue("accepted")
    skewed = [
        msgspec.structs.replace(event, produced_at=event.produced_at - timedelta(hours=3))
        if event.producer.startswith("checked")
        else event
        for event in run.events
    ]
    ordered = causal_order(skewed[::-1])

    place = {event.event_id: index for index, event in enumerate(ordered)}
    assert len(ordered) == len(run.events)
    assert all(
        place[event.causation_id] < place[event.event_id] for event in ordered if event.causation_id in place
    )


def test_a_dialogue_is_found_by_a_prefix_that_only_it_has(store):
    run = Run("prefix")
    first = run.dialogue("in_flight", 0)
    shared = msgspec.structs.replace(
        run.events[0], event_id=run.llm("x", None).event_id, dialogue_id=first.id + "b"
    )
    run.events[-1] = shared
    store.insert(run.encoded())

    assert len(trace(store, first.id)) == 1  # the id itself is never ambiguous
    assert trace(store, first.id + "b")[0]["event_id"] == shared.event_id
    with pytest.raises(AmbiguousDialogue, match=first.id):
        trace(store, first.id[:-1])
    for nothing in ("", "no such dialogue", "%", "_"):
        with pytest.raises(DialogueNotFound):
            trace(store, nothing)


@pytest.mark.parametrize("page", [1, 7, 1000])
def test_accepted_dialogues_come_once_each_in_slot_order(store, page):
    run = mixed_run(f"once-{page}", 40)
    for size in (11, 13):
        for batch in run.batches(size):
            store.insert(batch)

    found = list(accepted_dialogues(store, run.run_id, page=page))

    accepted = [event.body.dialogue for event in run.events if event.subject == "review.accepted"]
    assert found == sorted(accepted, key=lambda dialogue: dialogue.slot.index)
    assert len(found) > 10


@pytest.mark.parametrize("index", range(6))
def test_a_revised_dialogue_comes_in_its_revised_form_whenever_that_was_stored(store, index):
    run = Run(f"revised-{index}")
    dialogue = run.dialogue("in_flight", index)
    revised = msgspec.structs.replace(dialogue, type_label="revised by a person")
    bodies = [ReviewAccepted(revised, "revised", "ada"), ReviewAccepted(dialogue)]
    for body in bodies[:: 1 if index % 2 else -1]:
        run.emit("review.accepted", body, dialogue_id=dialogue.id)
    store.insert(run.encoded())

    assert list(accepted_dialogues(store, run.run_id)) == [revised]


def test_a_dialogue_that_a_person_rejected_later_is_not_accepted(store):
    run = Run("withdrawn")
    dialogue = run.dialogue("accepted")
    run.emit("review.rejected", ReviewRejected(dialogue, "rejected", ("no",)), dialogue_id=dialogue.id)
    store.insert(run.encoded())

    assert list(accepted_dialogues(store, "withdrawn")) == []


class OverTheWire:
    """The store as another process sees it: every row through MessagePack."""

    def __init__(self, store) -> None:
        self.store = store

    def query(self, sql, parameters=None):
        columns, rows = self.store.query(sql, parameters)
        rows = msgspec.msgpack.decode(msgspec.msgpack.encode(rows))
        return QueryResult(columns, [tuple(row) for row in rows])


def test_asking_through_the_sink_gives_the_same_answers(store, tmp_path):
    run = mixed_run("wire", 20)
    store.insert(run.encoded())
    wire = OverTheWire(store)
    dialogue = run.events[5].dialogue_id

    assert status(wire, "wire") == status(store, "wire")
    assert trace(wire, dialogue) == trace(store, dialogue)
    assert list(accepted_dialogues(wire, "wire")) == list(accepted_dialogues(store, "wire"))
    assert (
        write_report(wire, "wire", tmp_path / "wire.html").read_bytes()
        == write_report(store, "wire", tmp_path / "here.html").read_bytes()
    )
