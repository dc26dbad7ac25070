"""A repaired dialogue is counted once, under what became of it in the end."""

from typing import Any

from msgspec.structs import replace

from schemas.dialogue import Dialogue, Repair, Scenario
from schemas.events import (
    DialogueRepaired,
    Envelope,
    ModelChecked,
    ReviewAccepted,
    ReviewNeeded,
    RuleChecked,
    RuleFinding,
    ToolsSampled,
)
from sinks.report import write_report
from sinks.status import STATES, status
from sinks.trace import trace
from tests.sinks.build import SPEC, Run

FAULT = RuleFinding("missing_argument", "call", "error", "the city is missing", "Take it.", 1)
MENDED = Repair(("missing_argument",), (1, 2), "repairer@1 m", explanation="I put the city in.")
GIVEN_UP = Repair(("missing_argument",), by="repairer@1 m", failure="nobody named a city")


class Repairing(Run):
    """A run in which one dialogue after the other fails a rule."""

    def failed(self, index: int) -> tuple[Dialogue, Envelope]:
        dialogue = self.compose(Scenario.SINGLE_SINGLE, index)
        sampled = self.emit("tools.sampled", ToolsSampled(dialogue), dialogue_id=dialogue.id)
        return dialogue, self._after(sampled, "checked.rule", RuleChecked(dialogue, False, (FAULT,), 40))

    def repaired(self, index: int, repair: Repair) -> tuple[Dialogue, Envelope]:
        dialogue, checked = self.failed(index)
        dialogue = replace(dialogue, repairs=(repair,))
        return dialogue, self._after(checked, "dialogue.repaired", DialogueRepaired(dialogue))

    def accepted(self, index: int) -> Dialogue:
        dialogue, event = self.repaired(index, MENDED)
        event = self._after(event, "checked.rule", RuleChecked(dialogue, True, rules=40))
        event = self._after(event, "checked.model", ModelChecked(dialogue, True, 0.9, 0.75))
        self._after(event, "review.accepted", ReviewAccepted(dialogue))
        return dialogue

    def needs_review(self, index: int, repair: Repair) -> Dialogue:
        dialogue, event = self.repaired(index, repair)
        event = self._after(event, "checked.rule", RuleChecked(dialogue, False, (FAULT,), 40))
        self._after(event, "review.needed", ReviewNeeded(dialogue, ("a repair was tried",), 4.0, (FAULT,)))
        return dialogue

    def _after(self, cause: Envelope, subject: str, body: Any) -> Envelope:
        return self.emit(subject, body, cause, cause.dialogue_id, 1)


def test_a_run_with_repairs_is_conserved_at_every_moment(store):
    run = Repairing("mending", spec=replace(SPEC, repair=True))
    run.accepted(0)
    run.needs_review(1, MENDED)
    run.needs_review(2, GIVEN_UP)
    run.repaired(3, MENDED)
    run.failed(4)
    for batch in run.batches(1):
        store.insert(batch)
        found = status(store, "mending")
        assert found["conserved"]
        assert found["sampled"] == sum(found[state] for state in STATES)
    assert (found["accepted"], found["needs_review"], found["in_flight"]) == (1, 2, 2)
    assert found["repairs"] == {"tried": 4, "changed": 3, "accepted": 1}
    assert found["rejections_by_rule"] == {"missing_argument": 3}, "two after their repair, one not yet tried"


def test_a_trace_tells_what_the_repair_did(store):
    run = Repairing("told-repairs")
    mended, given_up = run.accepted(0), run.needs_review(1, GIVEN_UP)
    store.insert(run.encoded())

    def told(dialogue):
        return {entry["subject"]: entry["summary"] for entry in trace(store, dialogue.id)}

    assert told(mended)["dialogue.repaired"] == (
        "2 messages changed for missing_argument: I put the city in."
    )
    assert told(given_up)["dialogue.repaired"] == "not repaired: nobody named a city"


def test_the_report_counts_repairs(store, tmp_path):
    run = Repairing("reported", spec=replace(SPEC, repair=True))
    run.accepted(0)
    run.needs_review(1, GIVEN_UP)
    store.insert(run.encoded())
    page = write_report(store, "reported", tmp_path / "report.html").read_text()
    assert "Repaired: 2 tried, 1 changed, 1 accepted." in page


def test_a_run_without_repairs_has_none(store, tmp_path):
    run = Run("as-written")
    run.dialogue("needs_review")
    store.insert(run.encoded())
    assert "Repaired:" not in write_report(store, "as-written", tmp_path / "report.html").read_text()
    assert status(store, "as-written")["repairs"] == {"tried": 0, "changed": 0, "accepted": 0}
