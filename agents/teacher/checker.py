"""The model checker: replays a conversation, and says where the assistant or a result went astray."""

import random
import re
from typing import Any

import msgspec

from agents.teacher import parts
from agents.teacher.answers import admits, error_of, facts
from agents.teacher.assistant import Move, State, decide, study
from agents.teacher.card import Card
from agents.teacher.check import faults
from agents.teacher.function import settled
from agents.teacher.words import content_words, join
from agents.teacher.world import World

Findings = dict[str, list[str]]

MISSED = 0.04
"""How often a fault goes unnoticed, as with a model."""
FALSE_ALARM = 0.012
"""How often a sound conversation gets a low confidence."""


def examine(
    cards: tuple[Card, ...], conversation: list[dict[str, Any]], rng: random.Random
) -> dict[str, Any]:
    found: Findings = {"hallucination": [], "task": [], "tool_result": [], "answer": []}
    for index, message in enumerate(conversation):
        match message.get("role"):
            case "assistant" if message.get("calls"):
                _check_calls(cards, conversation, index, found)
            case "assistant":
                _check_text(cards, conversation, index, found)
            case "tool":
                _check_result(cards, conversation, index, found)
    faulty = [aspect for aspect, problems in found.items() if problems]
    if faulty and rng.random() >= MISSED:
        confidence = rng.uniform(0.05, 0.4) / (1 + 0.3 * (len(faulty) - 1))
        rationale = found[faulty[0]][0]
    elif rng.random() < FALSE_ALARM:
        found = {aspect: [] for aspect in found}
        confidence = rng.uniform(0.5, 0.74)
        rationale = "No clear fault, but parts of the conversation are hard to judge."
    else:
        found = {aspect: [] for aspect in found}
        confidence = rng.uniform(0.82, 0.99)
        rationale = "Values come from the user or from results, tools fit, answers agree with the results."
    return {
        "aspects": [
            {"aspect": aspect, "evidence": _evidence(aspect, problems, conversation), "ok": not problems}
            for aspect, problems in found.items()
        ],
        "rationale": rationale,
        "confidence": round(confidence, 3),
    }


def _evidence(aspect: str, problems: list[str], conversation: list[dict[str, Any]]) -> str:
    if problems:
        return problems[0]
    match aspect:
        case "hallucination" | "task":
            texts = [str(m.get("content")) for m in conversation if m.get("role") == "user"]
        case "tool_result":
            texts = [str(m.get("content")) for m in conversation if m.get("role") == "tool"]
        case _:
            texts = [
                str(m.get("content"))
                for m in conversation
                if m.get("role") == "assistant" and m.get("content")
            ]
    return f"“{texts[-1][:120]}”" if texts else "Nothing of the kind occurs."


def _before(cards: tuple[Card, ...], conversation: list[dict[str, Any]], index: int) -> tuple[State, Move]:
    state = study(conversation[:index], cards)
    return state, decide(state, random.Random(0))


def _said(conversation: list[dict[str, Any]], index: int) -> str:
    return "\n".join(_spaced(m) for m in conversation[:index])


def _spaced(message: dict[str, Any]) -> str:
    """What a message says; in a result's JSON a comma divides numbers instead of grouping their digits."""
    content = str(message.get("content") or "")
    return content.replace(",", ", ") if message.get("role") == "tool" else content


_NUMBERS = re.compile(r"(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?")


def _numbers(text: str) -> set[float]:
    return {float(number.replace(",", "")) for number in _NUMBERS.findall(text)}


def _grounded(value: Any, text: str, numbers: set[float], words: frozenset[str]) -> bool:
    """Whether a value was said: its figures, and at least half of its words."""
    match value:
        case bool() | None:
            return True
        case int() | float():
            return float(value) in numbers or value in (0, 1)
        case str():
            if not value or value.lower() in text.lower():
                return True
            if match := re.match(r"(\d{4})-(\d{2})-(\d{2})|(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", value):
                return all(float(part) in numbers for part in match.groups() if part and len(part) == 4)
            roots = content_words(value.replace("_", " ").replace("-", " "))
            if not roots:
                return True
            if all(root.isdigit() for root in roots):
                return all(float(root) in numbers for root in roots if len(root) < 12)
            known = sum(
                root in words or root.lstrip("0") in words or (root.isdigit() and float(root) in numbers)
                for root in roots
            )
            return 2 * known >= len(roots)
        case list():
            return all(_grounded(child, text, numbers, words) for child in value)
        case dict():
            return all(_grounded(child, text, numbers, words) for child in value.values())
    return True


def _check_calls(
    cards: tuple[Card, ...], conversation: list[dict[str, Any]], index: int, found: Findings
) -> None:
    state, expected = _before(cards, conversation, index)
    text = _said(conversation, index)
    numbers, words = _numbers(text), content_words(text)
    calls = [(str(c.get("name")), c.get("arguments") or {}) for c in conversation[index]["calls"]]
    for name, arguments in calls:
        card = state.card(name)
        if card is None:
            found["task"].append(f"{name} is called, which is not among the tools.")
            continue
        for slot in card.required:
            if slot.name not in arguments:
                found["task"].append(f"{name} is called without {slot.name}.")
        for key, need in faults(card, arguments).items():
            found["task"].append(f"{key} of {name} has to be {need}.")
        for key, value in arguments.items():
            slot_form = card.slot[key].form if key in card.slot else ""
            if slot_form in ("date", "datetime", "time"):
                continue
            if not _grounded(value, text, numbers, words):
                found["hallucination"].append(f"Nobody mentioned {value!r} for {key}.")
    if expected.action == "call":
        wanted, made = sorted(map(_canonical, expected.calls)), sorted(map(_canonical, calls))
        if wanted != made and not found["task"] and not found["hallucination"]:
            kind = "hallucination" if [n for n, _ in expected.calls] == [n for n, _ in calls] else "task"
            found[kind].append("The calls are not what the user asked for.")
    elif state.turn == "tool":
        failed = [_canonical((o.name, o.arguments)) for o in state.fresh if error_of(o.result)]
        again = any(_canonical(call) in failed for call in calls)
        found["task"].append(
            "A call that failed is made again unasked." if again else "A call is made that nobody asked for."
        )
    elif state.turn == "user" and state.intent.kind in _CLEAR:
        found["task"].append(f"The assistant called a tool where it should have chosen to {expected.action}.")
    elif state.turn == "user" and state.intent.kind == "unclear" and not found["task"]:
        found["task"].append("None of the tools fits the request, but one is called.")


_CLEAR = ("tasks", "refusal", "almost")
"""Kinds of intent that leave no doubt about what is to be done."""


def _canonical(call: tuple[str, dict[str, Any]]) -> bytes:
    return msgspec.json.encode(call, order="deterministic")


_NO_TOOL = re.compile(r"(?i)\b(none of|not something|no tool|cannot help|can't help|sorry)\b")


def _check_text(
    cards: tuple[Card, ...], conversation: list[dict[str, Any]], index: int, found: Findings
) -> None:
    message = conversation[index]
    state, expected = _before(cards, conversation, index)
    action = str(message.get("action") or "answer")
    content = str(message.get("content") or "")
    if state.turn == "user" and state.intent.kind in _CLEAR and action != expected.action:
        found["task"].append(
            f"The assistant chose to {action} where it should have chosen to {expected.action}."
        )
        return
    if state.turn == "tool" and expected.action == "call":
        left = join([name for name, _ in expected.calls])
        found["task"].append(f"The assistant stopped before {left} was called.")
        return
    if action == "ask":
        return
    if state.turn == "user" and state.intent.kind == "almost" and not admits(content):
        found["answer"].append("The answer promises what no tool does.")
        return
    said = _numbers(_said(conversation, index))
    # An offer of what the tools can do may repeat a figure of theirs.
    said |= _numbers(" ".join(card.description for card in cards))
    for message_before in conversation[:index]:
        for call in message_before.get("calls") or ():
            said |= _numbers(msgspec.json.encode(call.get("arguments")).decode())
    new = _numbers(content) - said - {0.0, 1.0}
    if new:
        found["answer"].append(f"The answer says {min(new):g}, which no result contains.")
    if state.turn == "tool":
        _check_report(state, content, found)


def _check_report(state: State, content: str, found: Findings) -> None:
    lower = content.lower()
    if state.intent.beyond and not parts.owned_up(content, state.intent.beyond):
        found["answer"].append("The answer does not say that a part of the request cannot be done.")
    for outcome in state.fresh:
        error = error_of(outcome.result)
        if error:
            if not re.search(r"(?i)could not|not work|error|fail|unable|cannot|sorry|problem", content):
                found["answer"].append("A tool reported an error, and the answer does not say so.")
            continue
        told = [f for f in facts(outcome.result) if not (f.path and f.path[0] in outcome.arguments)]
        strings = [f for f in told if isinstance(f.value, str) and len(f.value) > 3]
        if (
            strings
            and not any(str(f.value).lower() in lower for f in strings)
            and not any(str(f.value) in content for f in told if not isinstance(f.value, str))
        ):
            found["answer"].append("The answer leaves out what the tool returned.")
        for fact in strings:
            match = re.search(rf"\bthe {re.escape(fact.label.lower())} (?:is|are) ([^,.;]+)", lower)
            if match and fact.value.lower()[:12] not in lower:
                found["answer"].append(f"The answer contradicts the result on the {fact.label}.")
                break


def _check_result(
    cards: tuple[Card, ...], conversation: list[dict[str, Any]], index: int, found: Findings
) -> None:
    message = conversation[index]
    try:
        result = msgspec.json.decode(str(message.get("content")))
    except msgspec.DecodeError:
        found["tool_result"].append("A result is no JSON.")
        return
    call = next(
        (
            c
            for m in conversation[:index]
            for c in m.get("calls") or ()
            if c.get("id") == message.get("call_id")
        ),
        None,
    )
    if call is None:
        found["tool_result"].append("A result belongs to no call.")
        return
    if not isinstance(result, dict) or error_of(result):
        return
    for key, value in (call.get("arguments") or {}).items():
        echoed = result.get(key)
        if (
            echoed is not None
            and type(echoed) is type(value)
            and isinstance(value, str | int | float)
            and echoed != value
        ):
            found["tool_result"].append(f"The call says {key} {value!r}, the result says {echoed!r}.")
    card = next((card for card in cards if card.name == call.get("name")), None)
    promised = card.returns if card is not None else None
    if card is not None:
        _check_world(card, call.get("arguments") or {}, result, World.of(conversation[:index]), found)
    if result == {} and not (promised is not None and not promised.get("properties")):
        found["tool_result"].append("A result is empty.")


def _check_world(
    card: Card, arguments: dict[str, Any], result: dict[str, Any], world: World, found: Findings
) -> None:
    """Hold a result against what the dialogue's tools returned before."""
    before = world.again(card.name, arguments)
    agreed = before if before is not None else settled(world, card, card.name, arguments, result)
    if not isinstance(agreed, dict):
        return
    for key, value in result.items():
        if key in agreed and agreed[key] != value:
            found["tool_result"].append(f"{key} is {value!r}, but an earlier result said {agreed[key]!r}.")
            return
