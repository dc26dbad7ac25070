"""Confidence beside the truth: the arithmetic by hand, and what of a run is taken for true."""

import json
from itertools import product
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dialogue import AssistantMessage, Dialogue, Scenario
from schemas.events import AspectFinding, LLMCalled, ModelChecked, Opinion, ReviewAccepted, ReviewRejected
from sinks.calibration import BINS, THRESHOLDS, Calibration, Case, checking
from sinks.planted import Label
from sinks.store import EventStore
from tests.sinks.build import Run


def cases(*of: tuple[float, bool]) -> Calibration:
    return Calibration("m", tuple(Case(confidence, confidence, sound) for confidence, sound in of))


HAND = cases((0.9, True), (0.8, True), (0.8, False), (0.3, False), (0.2, True))


def test_the_calibration_error_is_the_mean_gap_weighted_by_the_bins():
    # Gaps of 0.8 and 0.3 once, 0.8 against one half twice, 0.1 once.
    assert HAND.error == pytest.approx((0.8 + 0.3 + 2 * 0.3 + 0.1) / 5)


def test_the_auroc_counts_the_pairs_in_the_right_order():
    # 0.9 beats both, 0.8 ties with one and beats the other, 0.2 loses to both.
    assert HAND.auroc == pytest.approx((2 + 1.5 + 0) / 6)


def test_a_threshold_accepts_from_itself_on():
    at = HAND.at(0.8)
    assert (at.accepted, at.sound_accepted, at.sound) == (3, 2, 3)
    assert at.precision == pytest.approx(2 / 3)
    assert at.recall == pytest.approx(2 / 3)
    assert HAND.at(0.95).precision is None
    assert cases((0.9, False)).at(0.5).recall is None


def test_a_bin_holds_its_lower_end_and_the_last_one_both():
    bins = cases((0.0, False), (0.1, False), (0.19, True), (0.9, True), (1.0, True)).bins
    assert [(each.low, each.sound, each.of) for each in bins] == [(0.0, 0, 1), (0.1, 1, 2), (0.9, 2, 2)]
    assert bins[1].confidence == pytest.approx(0.145)


def test_perfect_and_useless_confidence():
    assert cases((1.0, True), (0.0, False)).error == 0
    assert cases((1.0, True), (0.0, False)).auroc == 1
    assert cases((0.5, True), (0.5, False)).auroc == 0.5
    assert cases((0.0, True), (1.0, False)).auroc == 0
    assert cases((0.4, True)).auroc is None
    assert cases().error is None


def test_what_has_no_answer_has_no_confidence_and_is_accepted_nowhere():
    calibration = Calibration("m", (Case(0.0, -1.0, True, answered=False), Case(0.9, 0.9, True)))
    assert [each.of for each in calibration.bins] == [1]
    assert calibration.error == pytest.approx(0.1)
    assert calibration.at(0.0).recall == 0.5


CASES = st.lists(st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.booleans()), max_size=40)


@given(CASES)
def test_the_auroc_is_that_of_all_pairs(of):
    sound = [confidence for confidence, is_sound in of if is_sound]
    faulty = [confidence for confidence, is_sound in of if not is_sound]
    pairs = [(s > f) + (s == f) / 2 for s, f in product(sound, faulty)]
    expected = sum(pairs) / len(pairs) if pairs else None
    assert cases(*of).auroc == pytest.approx(expected)


@given(CASES)
def test_every_case_is_in_one_bin_and_the_error_is_a_share(of):
    calibration = cases(*of)
    assert sum(each.of for each in calibration.bins) == len(of)
    assert len(calibration.bins) <= BINS
    for each in calibration.bins:
        assert each.low - 1e-9 <= each.confidence <= each.high + 1e-9
        assert each.interval.low <= each.share <= each.interval.high
    assert calibration.error is None or 0 <= calibration.error <= 1


@given(CASES)
def test_a_higher_threshold_accepts_fewer(of):
    accepted = [cases(*of).at(threshold).accepted for threshold in THRESHOLDS]
    assert accepted == sorted(accepted, reverse=True)


def opinion(model: str, confidence: float, *, ok: bool = True, failure: str = "") -> Opinion:
    findings = (AspectFinding("consistency", ok, "x"),)
    return Opinion(model, ok and confidence >= 0.75, confidence, "so", findings, failure)


def checked(run: Run, index: int, *opinions: Opinion) -> Dialogue:
    """A dialogue whose last answer is the reply `reply-<index>`, and what the committee says of it."""
    dialogue = run.compose(Scenario.SINGLE_SINGLE, index)
    answer = dialogue.messages[-1]
    assert isinstance(answer, AssistantMessage)
    reply = json.dumps({"action": "answer", "calls": [], "message": answer.content})
    call = LLMCalled(
        "assistant", "offline-teacher", f"h{index}", "1", "ok", (reply,), response_id=f"reply-{index}"
    )
    run.emit("llm.called", call, dialogue_id=dialogue.id)
    confidence = sorted(o.confidence for o in opinions)[(len(opinions) - 1) // 2]
    passed = 2 * sum(o.passed for o in opinions) > len(opinions)
    verdict = ModelChecked(dialogue, passed, confidence, 0.75, "so", opinions=opinions)
    run.emit("checked.model", verdict, dialogue_id=dialogue.id)
    return dialogue


def labels(path: Path, *faulty: int, role: str = "assistant") -> Path:
    rows = [Label(f"reply-{index}", 0, role, "contradiction") for index in faulty]
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    return path


def test_what_was_planted_is_the_truth(store: EventStore, tmp_path):
    run = Run("planted")
    for index, confidence in enumerate((0.95, 0.85, 0.3, 0.9)):
        checked(run, index, opinion("m", confidence))
    store.insert(run.encoded())

    found = checking(store, "planted", labels(tmp_path / "labels", 2, 3))

    assert (found.truth, found.checked, found.threshold) == ("planted", 4, 0.75)
    assert found.committee is not None
    assert sorted((case.confidence, case.sound) for case in found.committee.cases) == [
        (0.3, False),
        (0.85, True),
        (0.9, False),
        (0.95, True),
    ]
    assert found.members == ()
    assert [a.threshold for a in found.acceptances if a.threshold == 0.75] == [0.75]


def test_a_user_who_strays_from_the_plan_makes_no_fault(store: EventStore, tmp_path):
    run = Run("strayed")
    checked(run, 0, opinion("m", 0.9))
    checked(run, 1, opinion("m", 0.9))
    store.insert(run.encoded())

    found = checking(store, "strayed", labels(tmp_path / "labels", 1, role="user"))
    assert found.committee is not None
    assert found.committee.sound == 2


def test_each_member_of_a_committee_stands_beside_it(store: EventStore, tmp_path):
    run = Run("committee")
    checked(run, 0, opinion("a", 0.9), opinion("b", 0.9, ok=False), opinion("c", 0.8))
    checked(run, 1, opinion("a", 0.2, ok=False), opinion("b", 0.9), opinion("c", 0.0, failure="no JSON"))
    store.insert(run.encoded())

    found = checking(store, "committee", labels(tmp_path / "labels", 1))

    assert found.committee is not None
    assert found.committee.at(0.75).accepted == 1
    by_name = {member.name: member for member in found.members}
    assert [*by_name] == ["a", "b", "c"]
    assert by_name["b"].at(0.75).sound_accepted == 0
    assert (by_name["a"].auroc, by_name["b"].auroc) == (1.0, 0.5)
    assert [case.answered for case in by_name["c"].cases].count(False) == 1


def test_labels_of_other_runs_make_nothing_true(store: EventStore, tmp_path):
    """A real model's run beside a teacher's label file: without people, nothing is known."""
    run = Run("real")
    checked(run, 0, opinion("gpt", 0.9))
    store.insert(run.encoded())

    for path in (labels(tmp_path / "labels", 7, 8), tmp_path / "nowhere", None):
        found = checking(store, "real", path)
        assert (found.checked, found.truth, found.committee) == (1, "", None)


def test_people_s_decisions_are_the_truth_of_a_real_run(store: EventStore):
    run = Run("people")
    decided = {}
    for index, how in enumerate(("approved", "revised", "rejected", "automatic")):
        dialogue = checked(run, index, opinion("gpt", 0.5 + index / 10))
        decided[how] = 0.5 + index / 10
        body = (
            ReviewRejected(dialogue, how, ("wrong",), by="ada")
            if how == "rejected"
            else ReviewAccepted(dialogue, how, by="ada")
        )
        run.emit(f"review.{'rejected' if how == 'rejected' else 'accepted'}", body, dialogue_id=dialogue.id)
    store.insert(run.encoded())

    found = checking(store, "people")

    assert (found.truth, found.checked) == ("people", 4)
    assert found.committee is not None
    assert {case.confidence: case.sound for case in found.committee.cases} == {
        0.5: True,
        0.6: False,
        0.7: False,
    }


def test_an_event_from_before_there_was_a_committee_goes_by_its_confidence(store: EventStore):
    run = Run("old")
    dialogue = run.compose(Scenario.SINGLE_SINGLE, 0)
    run.emit("checked.model", ModelChecked(dialogue, True, 0.8, 0.75), dialogue_id=dialogue.id)
    run.emit("review.accepted", ReviewAccepted(dialogue, "approved"), dialogue_id=dialogue.id)
    store.insert(run.encoded())

    found = checking(store, "old")
    assert found.committee is not None
    assert [case.passes_up_to for case in found.committee.cases] == [0.8]


def test_a_run_that_no_model_checked_has_nothing_to_say(store: EventStore):
    assert checking(store, "nobody").checked == 0
