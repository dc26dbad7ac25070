"""Synthetic replays: dialogues with an old verdict, and what a new checker says of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import msgspec

from schemas.dialogue import Dialogue, Scenario
from schemas.events import (
    AspectFinding,
    Envelope,
    Judged,
    ModelChecked,
    ReviewAccepted,
    ReviewNeeded,
    ReviewRevoked,
    RuleChecked,
    ToolsSampled,
    derive_id,
)
from schemas.findings import RuleFinding
from schemas.replays import (
    ReplayChecked,
    ReplayPromoted,
    ReplayStage,
    ReplayStarted,
    ReplayVerdict,
    Selection,
)
from sinks.store import EventStore
from tests.sinks.build import START, Run

State = Literal["accepted", "needs_review", "in_flight"]
NEW = "rule-checker@2+bbbbbbbb"
AFTER = START + timedelta(days=1)
"""When the replay starts: later than all that the pipeline said."""


def finding(rule: str, message: int | None = None, severity: str = "error") -> RuleFinding:
    return RuleFinding(rule, "call", severity, f"{rule} is not as it should be", f"mend {rule}", message)


def findings(rules: Sequence[str]) -> tuple[RuleFinding, ...]:
    """One error a rule, each about the next message."""
    return tuple(finding(rule, message) for message, rule in enumerate(rules))


@dataclass
class Replayed:
    """A run and a replay of its dialogues."""

    name: str
    stage: ReplayStage = "rule"
    checker: str = NEW
    verdicts: list[ReplayVerdict] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.run = Run(f"run-of-{self.name}")

    def dialogue(
        self,
        old: Sequence[str] | None,
        new: Sequence[str] | None,
        *,
        state: State | None = None,
        by_person: bool = False,
        scenario: Scenario = Scenario.SINGLE_SINGLE,
        request: str = "",
        failure: str = "",
        extra: Sequence[RuleFinding] = (),
    ) -> Envelope:
        """A dialogue by the rules that failed it before and now; None: not checked before, no verdict now.

        Args:
            state: what became of it. By default accepted where it passed, else waiting for a person.
            extra: further new findings.

        Returns:
            The event that was replayed.
        """
        full = self._compose(scenario, request)
        event = self._emit("dialogue.judged.done", Judged(full), self._begin(full), full)
        source = event
        if old is not None:
            event = self._emit("checked.rule", RuleChecked(full, not old, findings(old), 30), event, full)
        self._end(
            full,
            event,
            state or ("in_flight" if old is None else "needs_review" if old else "accepted"),
            by_person,
        )
        found = () if new is None else (*findings(new), *extra)
        self.verdict(
            source,
            full,
            not any(one.severity == "error" for one in found),
            found,
            None if new is not None else failure or "no answer",
        )
        return source

    def opinion(
        self, old: float | None, new: float | None, *, state: State | None = None, failure: str = ""
    ) -> Envelope:
        """A dialogue by the model checker's confidence before and now; 0.75 passes."""
        full = self._compose(Scenario.SINGLE_SINGLE, "")
        event = self._emit("dialogue.judged.done", Judged(full), self._begin(full), full)
        source = event = self._emit("checked.rule", RuleChecked(full, True, (), 30), event, full)
        if old is not None:
            doubts = (AspectFinding("hallucination", old >= 0.75, "11", "11 is said nowhere"),)
            checked = ModelChecked(full, old >= 0.75, old, 0.75, "So it seems.", doubts)
            event = self._emit("checked.model", checked, event, full)
        passed = old is not None and old >= 0.75
        self._end(
            full,
            event,
            state or ("in_flight" if old is None else "accepted" if passed else "needs_review"),
            False,
        )
        found = () if new is None or new >= 0.75 else (finding("hallucination"),)
        self.verdict(
            source,
            full,
            new is not None and new >= 0.75,
            found,
            None if new is not None else failure or "no answer",
            new,
        )
        return source

    def verdict(
        self,
        source: Envelope,
        dialogue: Dialogue,
        passed: bool,
        found: tuple[RuleFinding, ...],
        failure: str | None = None,
        confidence: float | None = None,
    ) -> None:
        self.verdicts.append(
            ReplayVerdict(
                input_id=source.event_id,
                run_id=self.run.run_id,
                dialogue_id=dialogue.id,
                scenario="" if failure else str(dialogue.scenario),
                passed=passed and not failure,
                confidence=confidence,
                findings=found,
                failure=failure or "",
            )
        )

    def revoke(self) -> None:
        """Take the last acceptance back."""
        accepted = next(event for event in reversed(self.run.events) if event.subject == "review.accepted")
        body = ReviewRevoked(accepted.dialogue_id, ("a rule failed",), NEW, "another")
        self._emit("review.revoked", body, accepted, accepted.body.dialogue)

    def say_again(self, source: Envelope, rules: Sequence[str], producer: str, later: timedelta) -> None:
        """A further live verdict of the rule checker on a replayed event, as a promotion leaves it."""
        dialogue = source.body.dialogue
        event = self._emit(
            "checked.rule", RuleChecked(dialogue, not rules, findings(rules)), source, dialogue
        )
        changed = msgspec.structs.replace(event, producer=producer, produced_at=event.produced_at + later)
        self.run.events[-1] = changed

    def stored(self, store: EventStore, *, dialogues: int | None = None, promoted: bool = False) -> str:
        """Put all of it into a store; returns the replay's name.

        Args:
            dialogues: how many the selection has; by default as many as have a verdict.
        """
        total = len(self.verdicts) if dialogues is None else dialogues
        selection = Selection(stored_until=AFTER)
        facts = [ReplayStarted(self.name, self.stage, self.checker, "rules.py", selection, total)]
        facts += [ReplayPromoted(self.name, 1, 1, 0)] if promoted else []
        envelopes = [self._of_replay(body, "started") for body in facts]
        store.insert([*self.run.encoded(), *((event, msgspec.json.encode(event)) for event in envelopes)])
        store.insert_verdicts([self._of_replay(ReplayChecked(self.name, tuple(self.verdicts)), "checked")])
        return self.name

    def _of_replay(self, body, word: str) -> Envelope:
        return Envelope(
            event_id=derive_id(self.name, body),
            subject=f"replay.{self.name}.{word}",
            run_id="",
            produced_at=AFTER,
            producer=self.checker,
            body=body,
        )

    def _compose(self, scenario: Scenario, request: str) -> Dialogue:
        return self.run.compose(scenario, len(self.verdicts), request)

    def _begin(self, full: Dialogue) -> Envelope:
        start = msgspec.structs.replace(full, messages=(), type_label="")
        return self.run.emit("tools.sampled", ToolsSampled(start), None, full.id)

    def _end(self, full: Dialogue, cause: Envelope, state: State, by_person: bool) -> None:
        if state == "accepted":
            body = ReviewAccepted(full, "approved" if by_person else "automatic", "ada" if by_person else "")
            self._emit("review.accepted", body, cause, full)
        elif state == "needs_review":
            self._emit("review.needed", ReviewNeeded(full, ("a rule failed",), 2.0), cause, full)

    def _emit(self, subject: str, body, cause: Envelope, dialogue: Dialogue) -> Envelope:
        return self.run.emit(subject, body, cause, dialogue.id, dialogue.user_turns)
