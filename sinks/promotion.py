"""What promoting a replay means for the dialogues it is about."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from schemas.events import (
    Body,
    DialogueRepaired,
    Envelope,
    Judged,
    ModelChecked,
    ReviewRevoked,
    RuleChecked,
    decode,
    derive_id,
)
from schemas.findings import RuleFinding
from schemas.replays import ReplayStarted
from sinks.sql import load
from sinks.store import Queryable

PAGE = 200
"""Dialogues whose events are read at once."""
PLAN_PAGE = 20_000
"""Changes read at once: a running sink cannot send more than a message holds."""


class Change(NamedTuple):
    run_id: str
    dialogue_id: str
    input_id: str
    action: Literal["revoke", "pass on", "keep"]
    accepted: tuple[str, ...]
    """The acceptances that count today."""


_BEGINNING = Change("", "", "", "keep", ())


class Verdict(NamedTuple):
    findings: tuple[RuleFinding, ...]
    confidence: float | None
    threshold: float | None


def plan(store: Queryable, replay: ReplayStarted) -> list[Change]:
    """Every dialogue that the new verdicts change, or would if no person had decided on it."""
    stage = replay.checker.partition("@")[0]
    sql = load("promote_page").format(plan=load("promote_plan"))
    found: list[Change] = []
    while True:
        after = found[-1] if found else _BEGINNING
        asked = {"name": replay.name, "stage": stage, "after_run": after.run_id, "after": after.dialogue_id}
        rows = store.query(sql, asked | {"page": PLAN_PAGE}).rows
        found += (
            Change(run, dialogue, input_, action, tuple(ids)) for run, dialogue, input_, action, ids in rows
        )
        if len(rows) < PLAN_PAGE:
            return found


def events_of(store: Queryable, replay: ReplayStarted, changes: Iterable[Change]) -> Iterator[list[Envelope]]:
    """The events that make the changes so, page by page. The same changes give the same events."""
    ordered = sorted(change for change in changes if change.action != "keep")
    for run_id, of_run in groupby(ordered, key=lambda change: change.run_id):
        remaining = list(of_run)
        for start in range(0, len(remaining), PAGE):
            page = remaining[start : start + PAGE]
            verdicts = _verdicts(store, replay, run_id, page)
            inputs = _inputs(store, run_id, [change for change in page if change.action == "pass on"])
            yield [
                event
                for change in page
                if (verdict := verdicts.get(change.dialogue_id)) is not None
                for event in _events(replay, change, verdict, inputs.get(change.input_id))
            ]


def _verdicts(
    store: Queryable, replay: ReplayStarted, run_id: str, page: Iterable[Change]
) -> dict[str, Verdict]:
    asked = {
        "name": replay.name,
        "run_id": run_id,
        "dialogue_ids": [change.dialogue_id for change in page],
    }
    return {
        dialogue: Verdict(msgspec.json.decode(found, type=tuple[RuleFinding, ...]), confidence, threshold)
        for dialogue, found, confidence, threshold in store.query(load("promote_verdicts"), asked).rows
    }


def _inputs(store: Queryable, run_id: str, page: list[Change]) -> dict[str, Envelope]:
    if not page:
        return {}
    asked = {
        "run_id": run_id,
        "dialogue_ids": [change.dialogue_id for change in page],
        "event_ids": [change.input_id for change in page],
    }
    return {id_: decode(payload) for id_, payload in store.query(load("payloads"), asked).rows}


def _events(
    replay: ReplayStarted, change: Change, verdict: Verdict, input_: Envelope | None
) -> Iterator[Envelope]:
    if change.action == "revoke":
        for accepted in change.accepted:
            yield _event(replay, change, accepted, "review.revoked", _revoked(replay, change, verdict))
    elif input_ is not None:
        subject = f"checked.{replay.stage}"
        event = _event(replay, change, change.input_id, subject, _passed(input_.body, verdict))
        yield replace(event, round=input_.round)


def _revoked(replay: ReplayStarted, change: Change, verdict: Verdict) -> ReviewRevoked:
    errors = (finding for finding in verdict.findings if finding.severity == "error")
    reasons = tuple(f"{finding.rule}: {finding.problem}" for finding in errors)
    if verdict.confidence is not None and verdict.threshold is not None and not reasons:
        reasons = (f"confidence {verdict.confidence:.2f} is under {verdict.threshold:.2f}",)
    return ReviewRevoked(change.dialogue_id, reasons, by=replay.checker, replay=replay.name)


def _passed(body: Body, verdict: Verdict) -> Body:
    """The new verdict as the live stage would have given it, on a dialogue that no longer drives a lane."""
    match body:
        case Judged(dialogue=dialogue) | DialogueRepaired(dialogue=dialogue):
            return RuleChecked(replace(dialogue, slot=None), passed=True, findings=verdict.findings)
        case RuleChecked(dialogue=dialogue, findings=findings):
            return ModelChecked(
                replace(dialogue, slot=None),
                passed=True,
                confidence=verdict.confidence or 0.0,
                threshold=verdict.threshold or 0.0,
                rule_findings=findings,
            )
        case _:
            raise TypeError(f"a replay of {type(body).__name__} cannot be promoted")


def _event(replay: ReplayStarted, change: Change, cause: str, subject: str, body: Body) -> Envelope:
    return Envelope(
        event_id=derive_id("promote", replay.name, cause, subject),
        subject=subject,
        run_id=change.run_id,
        dialogue_id=change.dialogue_id,
        causation_id=cause,
        produced_at=datetime.now(UTC),
        producer=replay.checker,
        body=body,
    )
