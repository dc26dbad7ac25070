"""Write an event of every kind as this schema version writes it.

    python -m tests.schemas.make_golden > tests/schemas/golden/v1.jsonl

Once for each new SCHEMA_VERSION, before it is released; its lines then never change. A kind of event that is
added within a version is one more line at the end.
"""

import sys
from datetime import UTC, datetime
from typing import get_args

import msgspec

from schemas.dialogue import Distractor, Guidance, Relevance, Repair, RunSpec, Scenario
from schemas.events import (
    AspectFinding,
    Assessment,
    Body,
    Candidate,
    CandidatesDrafted,
    Dead,
    DialogueRepaired,
    Envelope,
    Judged,
    LLMCalled,
    ModelChecked,
    ReviewAccepted,
    ReviewNeeded,
    ReviewRejected,
    ReviewRevoked,
    RuleChecked,
    RuleFinding,
    RunRequested,
    SwapTest,
    ToolsSampled,
    encode,
)
from schemas.replays import (
    ReplayBatch,
    ReplayChecked,
    ReplayItem,
    ReplayPromoted,
    ReplayStarted,
    ReplayVerdict,
    Selection,
)
from tests.build import TALK, dialogue, event

FULL = dialogue(
    distractors=(Distractor("find_trains", 0.2, Relevance.LOW),),
    guidance=Guidance("Weekend trips were covered.", ("weekend-weather",)),
    spec=RunSpec(pool="0123456789abcdef", seed=3, mix={Scenario.SPECIAL: 1.0}, swap_share=0.5),
)
REPAIRED = dialogue(repairs=(Repair(("missing_argument",), (1,), "repairer@1 m"),))
FINDING = RuleFinding("known_tool", "call", "error", "there is no tool 'x'", "use one on the table", 1)
ASPECT = AspectFinding("answer", False, "'24' stands nowhere")
THEN = datetime(2026, 1, 1, tzinfo=UTC)
TURN = Candidate(TALK[:2])

EVENTS: tuple[Envelope, ...] = (
    event("runs.requested", RunRequested(FULL.spec, 0, 200, 1998, "bfcl"), dialogue_id="", round=0),
    event("tools.sampled", ToolsSampled(dialogue(messages=()))),
    event("dialogue.candidates", CandidatesDrafted(FULL, (TURN, TURN))),
    event(
        "dialogue.judged.done",
        Judged(FULL, (TURN, TURN), 1, (1, 0), (Assessment(1, 5, 4, "clear"),), SwapTest(0, False, (0, 1))),
    ),
    event("checked.rule", RuleChecked(FULL, False, (FINDING,), 67)),
    event("checked.model", ModelChecked(FULL, False, 0.4, 0.75, "made up", (ASPECT,), (FINDING,))),
    event("review.needed", ReviewNeeded(FULL, ("known_tool: no",), 4.1, (FINDING,), (ASPECT,), 0.4)),
    event("review.accepted", ReviewAccepted(FULL, "automatic", "model-checker@1", 0.9)),
    event("review.rejected", ReviewRejected(FULL, "rejected", ("made up",), "ada")),
    event(
        "llm.called",
        LLMCalled("judge", "m", "abc", "1f", "ok", ("{}",), "chatcmpl-1", 1, 100, 10, 50, 0.001, 0.25),
    ),
    event("dead.dialogue.candidates", Dead("judge", "dialogue.candidates", "boom", "tb", 5, "", FULL)),
    event("review.revoked", ReviewRevoked("d1", ("rule: gone",), "rule-checker@2", "stricter")),
    event("dialogue.repaired", DialogueRepaired(REPAIRED)),
    event(
        "replay.stricter.started",
        ReplayStarted(
            "stricter", "rule", "rule-checker@2", "rules.py", Selection(stored_until=THEN, run="r1"), 1
        ),
    ),
    event(
        "replay.stricter.batch",
        ReplayBatch("stricter", "rule-checker@2", (ReplayItem("e1", "r1", "d1", msgspec.Raw(b'{"a":1}')),)),
    ),
    event(
        "replay.stricter.checked",
        ReplayChecked(
            "stricter",
            (ReplayVerdict(input_id="e1", run_id="r1", dialogue_id="d1", passed=False, findings=(FINDING,)),),
        ),
    ),
    event("replay.stricter.promoted", ReplayPromoted("stricter", 1, 2, 3)),
)

assert {type(e.body) for e in EVENTS} == set(get_args(Body)), "an event of every kind"

if __name__ == "__main__":
    for each in EVENTS:
        sys.stdout.write(encode(each).decode() + "\n")
