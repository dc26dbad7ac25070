"""The model checker: replays a conversation, and says where the assistant or a result went astray.

A model has an eye of its own: what it overlooks in a conversation, it overlooks in each of its questions.
"""

import hashlib
import random
import re
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from agents.teacher import parts
from agents.teacher.answers import admits, error_of, facts
from agents.teacher.assistant import Move, State, decide, study
from agents.teacher.card import Card, cards
from agents.teacher.check import faults
from agents.teacher.function import settled
from agents.teacher.words import content_words, join
from agents.teacher.world import World

ASPECTS = ("hallucination", "consistency", "tool_response")

MISSED = 0.04
"""How often a fault goes unnoticed, as with a model."""
FALSE_ALARM = 0.006
"""How often a sound conversation is taken for a faulty one."""
UNSURE = 0.006
"""How often a sound conversation gets a low confidence without a fault being named."""


class Fault(NamedTuple):
    aspect: str
    problem: str
    evidence: str
    """Words of the conversation."""


class Look(NamedTuple):
    """What one model sees in a conversation."""

    faults: tuple[Fault, ...]
    rationale: str
    confidence: float


Conversation = list[dict[str, Any]]


def expert(aspect: str, tools: str, conversation: str, eye: str) -> dict[str, Any]:
    """The answer to one of the three questions.

    Args:
        tools, conversation: the prompt's sections.
        eye: which model looks; another one overlooks other things.
    """
    for fault in look(tools, conversation, eye).faults:
        if fault.aspect == aspect:
            return {"reason": fault.problem, "evidence": fault.evidence, "ok": False}
    return {"reason": _SOUND[aspect], "evidence": _rests_on(aspect, _read(conversation)), "ok": True}


def overall(tools: str, conversation: str, eye: str) -> dict[str, Any]:
    """The answer to how sure one can be of the whole."""
    seen = look(tools, conversation, eye)
    return {"rationale": seen.rationale, "confidence": seen.confidence}


@lru_cache(maxsize=256)
def look(tools: str, conversation: str, eye: str) -> Look:
    """One look for all questions, so that the answers of a model agree with each other."""
    messages = _read(conversation)
    rng = random.Random(hashlib.blake2b(f"{eye}\n{tools}\n{conversation}".encode()).hexdigest())
    faults = tuple(fault for fault in faults_in(cards(tools), messages) if rng.random() >= MISSED)
    if faults:
        kinds = len({fault.aspect for fault in faults})
        return Look(faults, faults[0].problem, round(rng.uniform(0.05, 0.4) / (1 + 0.3 * (kinds - 1)), 3))
    if rng.random() < FALSE_ALARM:
        aspect = rng.choice(ASPECTS)
        fault = Fault(aspect, "This is hard to reconcile with the rest.", _rests_on(aspect, messages))
        return Look((fault,) if fault.evidence else (), fault.problem, round(rng.uniform(0.3, 0.7), 3))
    if rng.random() < UNSURE:
        rationale = "No clear fault, but parts of the conversation are hard to judge."
        return Look((), rationale, round(rng.uniform(0.5, 0.74), 3))
    rationale = "Values come from the user or from results, tools fit, answers agree with the results."
    return Look((), rationale, round(rng.uniform(0.82, 0.99), 3))


def faults_in(table: tuple[Card, ...], conversation: Conversation) -> tuple[Fault, ...]:
    """All that is wrong with a conversation."""
    found = Findings(conversation)
    for index, message in enumerate(conversation):
        match message.get("role"):
            case "assistant" if message.get("calls"):
                _check_calls(table, conversation, index, found)
            case "assistant":
                _check_text(table, conversation, index, found)
            case "tool":
                _check_result(table, conversation, index, found)
    return tuple(found.faults)


class Findings:
    """The faults found so far."""

    def __init__(self, conversation: Conversation) -> None:
        self.faults: list[Fault] = []
        self._conversation = conversation

    def __contains__(self, aspect: str) -> bool:
        return any(fault.aspect == aspect for fault in self.faults)

    def add(self, aspect: str, problem: str, evidence: str) -> None:
        self.faults.append(Fault(aspect, problem, clip(evidence)))

    def asked(self, index: int) -> str:
        """What the user said last before a message."""
        return _last(self._conversation[: index + 1], "user")


_SOUND = {
    "hallucination": "Every value and every fact comes from the user or from a result.",
    "consistency": "What was asked for is done or declined, and nothing needless was.",
    "tool_response": "The results fit their calls and each other.",
}
_CLIP = 160
"""Characters of a quote."""


def clip(text: str) -> str:
    """The beginning of a text, cut between words where it is long."""
    if len(text) <= _CLIP:
        return text
    whole = re.match(rf".{{1,{_CLIP}}}(?![\w.,-])", text, re.DOTALL)
    return whole[0] if whole else text[:_CLIP]


def _rests_on(aspect: str, conversation: Conversation) -> str:
    words = clip(_last(conversation, "tool" if aspect == "tool_response" else "user"))
    return words if re.search(r"\w", words) else ""


def _last(conversation: Conversation, role: str) -> str:
    said = [str(message.get("content") or "") for message in conversation if message.get("role") == role]
    return said[-1] if said else ""


def _read(conversation: str) -> Conversation:
    found: Conversation = msgspec.json.decode(conversation)
    return found


def _field(name: str, value: Any) -> str:
    return f'"{name}": {msgspec.json.encode(value).decode()}'


def _before(table: tuple[Card, ...], conversation: Conversation, index: int) -> tuple[State, Move]:
    state = study(conversation[:index], table)
    return state, decide(state, random.Random(0))


def _said(conversation: Conversation, index: int) -> str:
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


def _check_calls(table: tuple[Card, ...], conversation: Conversation, index: int, found: Findings) -> None:
    state, expected = _before(table, conversation, index)
    text = _said(conversation, index)
    numbers, words = _numbers(text), content_words(text)
    calls = [(str(c.get("name")), c.get("arguments") or {}) for c in conversation[index]["calls"]]
    for name, arguments in calls:
        card = state.card(name)
        if card is None:
            found.add("consistency", f"{name} is called, which is not among the tools.", name)
            continue
        for slot in card.required:
            if slot.name not in arguments:
                found.add("consistency", f"{name} is called without {slot.name}.", name)
        for key, need in faults(card, arguments).items():
            found.add("consistency", f"{key} of {name} has to be {need}.", _field(key, arguments[key]))
        for key, value in arguments.items():
            slot_form = card.slot[key].form if key in card.slot else ""
            if slot_form in ("date", "datetime", "time"):
                continue
            if not _grounded(value, text, numbers, words):
                found.add("hallucination", f"Nobody mentioned {value!r} for {key}.", _field(key, value))
    if expected.action == "call":
        wanted, made = sorted(map(_canonical, expected.calls)), sorted(map(_canonical, calls))
        if wanted != made and "consistency" not in found and "hallucination" not in found:
            same = [name for name, _ in expected.calls] == [name for name, _ in calls]
            kind = "hallucination" if same else "consistency"
            found.add(kind, "The calls are not what the user asked for.", found.asked(index))
    elif state.turn == "tool":
        failed = [_canonical((o.name, o.arguments)) for o in state.fresh if error_of(o.result)]
        again = any(_canonical(call) in failed for call in calls)
        problem = (
            "A call that failed is made again unasked." if again else "A call is made that nobody asked for."
        )
        found.add("consistency", problem, calls[0][0])
    elif state.turn == "user" and state.intent.kind in _CLEAR:
        problem = f"The assistant called a tool where it should have chosen to {expected.action}."
        found.add("consistency", problem, found.asked(index))
    elif state.turn == "user" and state.intent.kind == "unclear" and "consistency" not in found:
        problem = "None of the tools fits the request, but one is called."
        found.add("consistency", problem, found.asked(index))


_CLEAR = ("tasks", "refusal", "almost")
"""Kinds of intent that leave no doubt about what is to be done."""


def _canonical(call: tuple[str, dict[str, Any]]) -> bytes:
    return msgspec.json.encode(call, order="deterministic")


_NO_TOOL = re.compile(r"(?i)\b(none of|not something|no tool|cannot help|can't help|sorry)\b")


def _check_text(table: tuple[Card, ...], conversation: Conversation, index: int, found: Findings) -> None:
    message = conversation[index]
    state, expected = _before(table, conversation, index)
    action = str(message.get("action") or "answer")
    content = str(message.get("content") or "")
    if state.turn == "user" and state.intent.kind in _CLEAR and action != expected.action:
        problem = f"The assistant chose to {action} where it should have chosen to {expected.action}."
        found.add("consistency", problem, content or found.asked(index))
        return
    if state.turn == "tool" and expected.action == "call":
        left = join([name for name, _ in expected.calls])
        found.add("consistency", f"The assistant stopped before {left} was called.", found.asked(index))
        return
    if action == "ask":
        return
    if state.turn == "user" and state.intent.kind == "almost" and not admits(content):
        found.add("consistency", "The answer promises what no tool does.", content)
        return
    said = _numbers(_said(conversation, index))
    # An offer of what the tools can do may repeat a figure of theirs.
    said |= _numbers(" ".join(card.description for card in table))
    for message_before in conversation[:index]:
        for call in message_before.get("calls") or ():
            said |= _numbers(msgspec.json.encode(call.get("arguments")).decode())
    new = _numbers(content) - said - {0.0, 1.0}
    if new:
        problem = f"The answer says {min(new):g}, which no result contains."
        found.add("hallucination", problem, _sentence(content, min(new)))
    if state.turn == "tool":
        _check_report(state, content, found)


def _sentence(text: str, number: float) -> str:
    """The text from the sentence on that has the number."""
    at = next(m.start() for m in _NUMBERS.finditer(text) if float(m[0].replace(",", "")) == number)
    return text[text.rfind(". ", 0, at) + 1 :].strip()


def _check_report(state: State, content: str, found: Findings) -> None:
    lower = content.lower()
    if state.intent.beyond and not parts.owned_up(content, state.intent.beyond):
        found.add(
            "consistency", "The answer does not say that a part of the request cannot be done.", content
        )
    for outcome in state.fresh:
        error = error_of(outcome.result)
        if error:
            if not re.search(r"(?i)could not|not work|error|fail|unable|cannot|sorry|problem", content):
                found.add("consistency", "A tool reported an error, and the answer does not say so.", content)
            continue
        told = [f for f in facts(outcome.result) if not (f.path and f.path[0] in outcome.arguments)]
        strings = [f for f in told if isinstance(f.value, str) and len(f.value) > 3]
        if (
            strings
            and not any(str(f.value).lower() in lower for f in strings)
            and not any(str(f.value) in content for f in told if not isinstance(f.value, str))
        ):
            found.add("consistency", "The answer leaves out what the tool returned.", content)
        for fact in strings:
            match = re.search(rf"\bthe {re.escape(fact.label.lower())} (?:is|are) ([^,.;]+)", lower)
            if match and fact.value.lower()[:12] not in lower:
                problem = f"The answer contradicts the result on the {fact.label}."
                found.add("hallucination", problem, content[lower.index(match[0]) :])
                break


def _check_result(table: tuple[Card, ...], conversation: Conversation, index: int, found: Findings) -> None:
    message = conversation[index]
    try:
        result = msgspec.json.decode(str(message.get("content")))
    except msgspec.DecodeError:
        found.add("tool_response", "A result is no JSON.", str(message.get("name")))
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
        found.add("tool_response", "A result belongs to no call.", str(message.get("name")))
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
            problem = f"The call says {key} {value!r}, the result says {echoed!r}."
            found.add("tool_response", problem, _field(key, echoed))
    card = next((card for card in table if card.name == call.get("name")), None)
    promised = card.returns if card is not None else None
    if card is not None:
        _check_world(card, call.get("arguments") or {}, result, World.of(conversation[:index]), found)
    if result == {} and not (promised is not None and not promised.get("properties")):
        found.add("tool_response", "A result is empty.", str(call.get("name")))


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
            problem = f"{key} is {value!r}, but an earlier result said {agreed[key]!r}."
            found.add("tool_response", problem, _field(key, value))
            return
