"""The story of one dialogue, told by its events."""

import heapq
from datetime import datetime
from typing import Any

import msgspec

from schemas.dialogue import AssistantMessage, Message, ToolMessage, UserMessage
from schemas.events import (
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
    RuleChecked,
    RunRequested,
    ToolsSampled,
    UnknownSchema,
    decode,
)
from sinks.sql import load
from sinks.store import Queryable, StoreError


class DialogueNotFound(StoreError):
    """No dialogue's id starts like that."""


class AmbiguousDialogue(StoreError):
    """The ids of several dialogues start like that."""


def find_dialogue(store: Queryable, prefix: str) -> str:
    """The id of the one dialogue whose id is, or starts with, the prefix.

    Raises:
        DialogueNotFound, AmbiguousDialogue
    """
    found = [row[0] for row in store.query(load("matching_dialogues"), {"prefix": prefix}).rows]
    if not prefix or not found:
        raise DialogueNotFound(f"no dialogue has an id that starts with {prefix!r}")
    if found[0] != prefix and len(found) > 1:
        more = ", …" if len(found) > 5 else ""
        raise AmbiguousDialogue(f"{prefix!r} could be {', '.join(found[:5])}{more}: give more of the id")
    return str(found[0])


def trace(store: Queryable, dialogue_id: str) -> list[dict[str, Any]]:
    """Every event of a dialogue, causes before effects, else by the producers' clocks.

    Args:
        dialogue_id: the id or a prefix that no other dialogue shares.

    Returns:
        One dict an event: event_id, causation_id, subject, round, producer, at (ISO 8601), since_start_s,
        summary (one line), and llm: None, or for a model call role, model, prompt_version, outcome,
        prompt_tokens, completion_tokens, cost_usd, latency_s.

    Raises:
        DialogueNotFound, AmbiguousDialogue
    """
    dialogue_id = find_dialogue(store, dialogue_id)
    rows = store.query(load("dialogue_events"), {"dialogue_id": dialogue_id}).rows
    events = causal_order([_read(row[0]) for row in rows])
    start = min(event.produced_at for event in events)
    return [_entry(event, start) for event in events]


def causal_order(events: list[Envelope]) -> list[Envelope]:
    """Causes before their effects; where neither led to the other, by time, then by id."""
    waiting = {event.event_id: event for event in events}
    effects: dict[str, list[Envelope]] = {}
    ready: list[tuple[datetime, str]] = []
    for event in waiting.values():
        if event.causation_id in waiting and event.causation_id != event.event_id:
            effects.setdefault(event.causation_id, []).append(event)
        else:
            ready.append((event.produced_at, event.event_id))
    heapq.heapify(ready)
    ordered = []
    while ready:
        event = waiting[heapq.heappop(ready)[1]]
        ordered.append(event)
        for effect in effects.get(event.event_id, ()):
            heapq.heappush(ready, (effect.produced_at, effect.event_id))
    return ordered


def summary(event: Envelope) -> str:
    """What happened, in one line."""
    match event.body:
        case RunRequested(first=first, end=end, pool_size=size):
            return f"slots {first} to {end - 1} asked for, from a pool of {size} tools"
        case ToolsSampled(dialogue=dialogue):
            slot = "no slot" if dialogue.slot is None else f"slot {dialogue.slot.index}"
            if dialogue.slot is not None and dialogue.slot.attempt:
                slot += f", attempt {dialogue.slot.attempt + 1}"
            targets = ", ".join(dialogue.targets) or "no target"
            distractors = _count(len(dialogue.distractors), "distractor")
            turns = _count(len(dialogue.turns), "turn")
            text = f"{dialogue.scenario} in {turns} ({slot}): {targets}; {distractors}"
        case CandidatesDrafted(candidates=candidates, closing=closing):
            text = f"{_count(len(candidates), 'candidate')} drafted" + (", closing" if closing else "")
            if candidates:
                text += f"; first: {_messages(candidates[0].messages)}"
        case Judged(candidates=candidates, declined=declined) if declined:
            text = f"none of {_count(len(candidates), 'candidate')} is fit: {declined}"
        case Judged(candidates=candidates, chosen=chosen, swap=swap, dialogue=dialogue):
            text = f"candidate {chosen + 1} of {len(candidates)} chosen"
            if swap is not None:
                text += f", {'again' if swap.agreed else 'but another'} in the swap test"
            if chosen < len(candidates):
                text += f": {_messages(candidates[chosen].messages)}"
            if event.subject == "dialogue.judged.done" and dialogue.type_label:
                text += f"; type: {dialogue.type_label}"
        case RuleChecked(passed=passed, findings=findings, rules=rules):
            text = f"{_count(rules, 'rule')}: {'passed' if passed else 'failed'}"
            text += "".join(f"; {finding.severity} {finding.rule}: {finding.problem}" for finding in findings)
        case DialogueRepaired(dialogue=dialogue):
            text = "; ".join(
                f"not repaired: {done.failure}"
                if done.failure
                else f"{_count(len(done.messages), 'message')} changed for {', '.join(done.rules)}: "
                f"{done.explanation}"
                for done in dialogue.repairs
            )
        case ModelChecked(passed=passed, confidence=confidence, threshold=threshold) as checked:
            text = (
                f"{'passed' if passed else 'failed'} with confidence {confidence:.2f} "
                f"(threshold {threshold:.2f}){_opinions(checked)}"
            )
        case ReviewNeeded(reasons=reasons, priority=priority):
            text = f"needs a person (priority {priority:g}): {'; '.join(reasons)}"
        case ReviewAccepted(how=how, by=by):
            text = f"accepted: {how}{f' by {by}' if by else ''}"
        case ReviewRejected(how=how, by=by, reasons=reasons):
            text = f"rejected: {how}{f' by {by}' if by else ''}: {'; '.join(reasons)}"
        case LLMCalled() as call:
            text = (
                f"{call.role} asked {call.model}: {call.outcome}, "
                f"{call.prompt_tokens} + {call.completion_tokens} tokens in {call.latency_s:.2f} s"
            )
            text += f" ({call.error})" if call.error else ""
        case Dead(stage=stage, deliveries=deliveries, error=error):
            tries = _count(deliveries, "delivery", "deliveries")
            text = f"{stage} gave up after {tries}: {error}"
    return shorten(text, 240)


def shorten(text: str, width: int) -> str:
    """The text on one line of at most `width` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def _entry(event: Envelope, start: datetime) -> dict[str, Any]:
    body = event.body
    llm = None
    if isinstance(body, LLMCalled):
        llm = {
            "role": body.role,
            "model": body.model,
            "prompt_version": body.prompt_version,
            "outcome": body.outcome,
            "prompt_tokens": body.prompt_tokens,
            "completion_tokens": body.completion_tokens,
            "cost_usd": body.cost_usd,
            "latency_s": body.latency_s,
        }
    return {
        "event_id": event.event_id,
        "causation_id": event.causation_id,
        "subject": event.subject,
        "round": event.round,
        "producer": event.producer,
        "at": event.produced_at.isoformat(),
        "since_start_s": (event.produced_at - start).total_seconds(),
        "summary": summary(event),
        "llm": llm,
    }


def _read(payload: str) -> Envelope:
    try:
        return decode(payload)
    except (UnknownSchema, msgspec.DecodeError) as error:
        raise StoreError(f"an event of this dialogue cannot be read: {error}") from error


def _opinions(checked: ModelChecked) -> str:
    """How the committee voted, and each question with a fault: how many models found one, and the first."""
    opinions = checked.opinions
    text = ""
    if len(opinions) > 1:
        text = f", {sum(opinion.passed for opinion in opinions)} of {_count(len(opinions), 'model')} for it"
    faults = [finding for opinion in opinions for finding in opinion.findings if not finding.ok]
    for aspect in dict.fromkeys(fault.aspect for fault in faults):
        first, *more = (fault for fault in faults if fault.aspect == aspect)
        by = f" ({1 + len(more)} models)" if more else ""
        text += f"; {aspect}{by}: {first.reason} “{first.evidence}”"
    text += "".join(f"; {opinion.model}: no answer" for opinion in opinions if opinion.failure)
    return text if faults else f"{text}: {checked.rationale}"


def _messages(messages: tuple[Message, ...]) -> str:
    return " → ".join(_message(message) for message in messages)


def _message(message: Message) -> str:
    match message:
        case UserMessage(content=content):
            return f"user “{shorten(content, 80)}”"
        case AssistantMessage(calls=calls) if calls:
            return "call " + ", ".join(f"{call.name}({', '.join(call.arguments)})" for call in calls)
        case AssistantMessage(content=content, action=action):
            return f"{action} “{shorten(content, 60)}”"
        case ToolMessage(name=name):
            return f"result of {name}"


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
