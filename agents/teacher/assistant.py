"""The assistant: reads the tasks out of the words alone, then calls, asks or answers."""

import random
import re
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import msgspec

from agents.teacher.answers import Outcome, deed, error_of, reply_to, tell
from agents.teacher.card import Card, Slot
from agents.teacher.lexicon import hints
from agents.teacher.mention import say
from agents.teacher.understanding import (
    Task,
    closest,
    fitness,
    is_again,
    is_refusal,
    lone_value,
    tasks_in,
    values_in,
)
from agents.teacher.words import capital, join


class Move(NamedTuple):
    action: Literal["call", "ask", "answer"]
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    message: str = ""


class Intent(NamedTuple):
    """What a user message wants."""

    kind: Literal["tasks", "refusal", "question", "unclear"]
    tasks: tuple[Task, ...] = ()


@dataclass
class State:
    """The conversation so far, as far as it matters for the next move."""

    cards: tuple[Card, ...]
    pending: tuple[Task, ...] = ()
    """Tasks for which the assistant asked for something."""
    outcomes: list[Outcome] = field(default_factory=list)
    fresh: list[Outcome] = field(default_factory=list)
    """Results that came after the last user message."""
    text: str = ""
    """The last user message."""
    intent: Intent = field(default_factory=lambda: Intent("unclear"))
    turn: str = ""
    """Role of the last message."""
    said: list[str] = field(default_factory=list)
    """What the user said so far."""

    def card(self, name: str) -> Card | None:
        return next((card for card in self.cards if card.name == name), None)


def study(conversation: list[dict[str, Any]], cards: tuple[Card, ...]) -> State:
    """Follow a conversation (`agents.role.conversation_view`) up to its last message."""
    state = State(cards)
    open_calls: dict[str, tuple[str, dict[str, Any]]] = {}
    for message in conversation:
        state.turn = str(message.get("role"))
        match state.turn:
            case "user":
                state.text = str(message.get("content") or "")
                state.said.append(state.text)
                state.intent = understand(state)
                state.fresh = []
            case "assistant" if message.get("calls"):
                open_calls = {
                    str(call.get("id")): (str(call.get("name")), call.get("arguments") or {})
                    for call in message["calls"]
                }
                state.pending = ()
            case "assistant":
                asked = message.get(
                    "action", "ask" if str(message.get("content")).rstrip().endswith("?") else "answer"
                )
                state.pending = state.intent.tasks if asked == "ask" else ()
            case "tool":
                name, arguments = open_calls.get(str(message.get("call_id")), (str(message.get("name")), {}))
                outcome = Outcome(name, arguments, _decoded(message.get("content")))
                state.outcomes.append(outcome)
                state.fresh.append(outcome)
    return state


def _decoded(content: Any) -> Any:
    """A result's JSON; what is no JSON stays text."""
    try:
        return msgspec.json.decode(content) if isinstance(content, str) else content
    except msgspec.DecodeError:
        return content


def understand(state: State) -> Intent:
    """What the last user message wants, in the light of what came before."""
    text = state.text
    tasks = tasks_in(text, state.cards)
    if tasks:
        if is_again(text) and state.outcomes:
            tasks = [_merged(task, state.outcomes) for task in tasks]
        if is_refusal(text) and any(task.missing for task in tasks):
            return Intent("refusal", tuple(tasks))
        return Intent("tasks", tuple(tasks))
    if state.pending:
        supplied = _supplied(text, state.pending)
        if supplied is not None:
            return Intent("tasks", supplied)
        if is_refusal(text):
            return Intent("refusal", state.pending)
        return Intent("tasks", state.pending)
    if state.outcomes:
        changed = _changed(text, state)
        if changed is not None:
            return Intent("tasks", (changed,))
    if state.outcomes:
        return Intent("question")
    card = closest(text, state.cards)
    if card is not None:
        return Intent("tasks", (Task(card, values_in(text, card)),))
    return Intent("unclear")


def _merged(task: Task, outcomes: list[Outcome]) -> Task:
    """`again, but with …`: what is not said anew stays as it was in the last call of the tool."""
    for outcome in reversed(outcomes):
        if outcome.name == task.card.name:
            return Task(task.card, {**outcome.arguments, **task.arguments})
    return task


def _supplied(text: str, pending: tuple[Task, ...]) -> tuple[Task, ...] | None:
    """The pending tasks with the values that the text gives; None if it gives none."""
    found = []
    progress = False
    for task in pending:
        ways = [way for rival in (task, *task.rivals) if (way := _with_answer(text, rival)) is not None]
        progress = progress or bool(ways)
        found.append(max(ways, key=fitness) if ways else task)
    return tuple(found) if progress else None


def _with_answer(text: str, task: Task) -> Task | None:
    """The task with what the text gives for its missing or impossible values; None if it gives none."""
    needed = (*task.missing, *task.faults)
    values = values_in(text, task.card)
    if not any(name in values for name in needed) and len(needed) == 1:
        alone = lone_value(text, task.card, needed[0]) if not is_refusal(text) else None
        values = {**values, needed[0]: alone[0]} if alone is not None else values
    useful = {name: value for name, value in values.items() if name in needed or name not in task.arguments}
    return task.with_values(useful) if any(name in needed for name in useful) else None


def _changed(text: str, state: State) -> Task | None:
    """The last call that takes the value the text gives, with that value."""
    if not is_again(text):
        return None
    for outcome in reversed(state.outcomes):
        card = state.card(outcome.name)
        if card is None:
            continue
        values = values_in(text, card)
        if any(outcome.arguments.get(name, _NOTHING) != value for name, value in values.items()):
            return Task(card, {**outcome.arguments, **values})
    return None


_NOTHING = object()


_SUM_UP = re.compile(
    r"\b(?:sum (?:that|it|this) up|what did the result say|(?:repeat|read) (?:that|the) result"
    r"|the result (?:again|once more))\b",
    re.IGNORECASE,
)


def decide(state: State, rng: random.Random) -> Move:
    """The next move."""
    if state.turn == "tool":
        return Move("answer", message=_report(state, rng))
    intent = state.intent
    match intent.kind:
        case "tasks":
            return _work(intent.tasks, rng)
        case "refusal":
            return Move("answer", message=_give_up(intent.tasks, rng))
        case "question":
            said = reply_to(state.text, state.outcomes, rng)
            if said is None and _SUM_UP.search(state.text):
                said = " ".join(tell(state.card(o.name), o, rng) for o in state.outcomes[-2:])
            return Move("answer", message=said or _nothing_fits(state, rng))
        case _:
            return Move("answer", message=_nothing_fits(state, rng))


def _work(tasks: tuple[Task, ...], rng: random.Random) -> Move:
    if any(task.missing or task.faults for task in tasks):
        return Move(
            "ask", message=" ".join(_question(task, rng) for task in tasks if task.missing or task.faults)
        )
    calls: list[tuple[str, dict[str, Any]]] = []
    for task in tasks:
        call = (task.card.name, task.arguments)
        if call not in calls:
            calls.append(call)
    return Move("call", tuple(calls))


def _what(slot: Slot) -> str:
    """A missing parameter with what is possible for it."""
    options = slot.schema.get("enum") or hints(slot.description).options
    if options and len(options) <= 8:
        return f"{slot.the} ({join([str(option) for option in options], 'or')})"
    if slot.form in ("date", "datetime"):
        return f"{slot.the} (day, month and year)"
    return slot.the


def _question(task: Task, rng: random.Random) -> str:
    faults = task.faults
    if faults:
        parts = []
        for name, need in faults.items():
            slot = task.card.slot[name]
            value = say(slot, task.arguments[name])
            parts.append(
                rng.choice(
                    (
                        f"{value} does not work for {slot.the}: it has to be {need}.",
                        f"I cannot use {value} as {slot.the}, because it has to be {need}.",
                        f"{capital(slot.the)} cannot be {value}; it has to be {need}.",
                    )
                )
            )
        which = join([f"{task.card.slot[name].the}" for name in faults])
        asked = rng.choice(
            (f"What should I use for {which} instead?", f"Which value would you like for {which}?")
        )
        return f"{' '.join(capital(part) for part in parts)} {asked}"
    needed = join([_what(task.card.slot[name]) for name in task.missing])
    doing = deed(task.card, task.arguments)
    return rng.choice(
        (
            f"I can {doing}. Could you tell me {needed}?",
            f"To {doing}, I still need {needed}. What should I use?",
            f"Happy to help with that. Could you give me {needed} first?",
            f"Before I can {doing}, I need to know {needed}. Could you tell me?",
        )
    )


def _give_up(tasks: tuple[Task, ...], rng: random.Random) -> str:
    task = tasks[0]
    names = task.missing or tuple(task.faults)
    needed = join([task.card.slot[name].the for name in names]) or "that value"
    doing = deed(task.card, task.arguments)
    return rng.choice(
        (
            f"Without {needed} I cannot {doing}, so I have to leave it here. If you find it later, "
            f"send it over and I will carry on.",
            f"I understand. I cannot {doing} without {needed}, and I do not want to guess. Let me "
            f"know if it turns up.",
            f"That is a pity: {needed} is required to {doing}, so I cannot do it for now. Once you "
            f"have it, I can continue right away.",
        )
    )


def _nothing_fits(state: State, rng: random.Random) -> str:
    offers = [deed(card) for card in state.cards[:3]]
    if not state.cards:
        return "I have no tools here, so I can only answer in general terms."
    offer = join(offers, "or")
    return rng.choice(
        (
            f"I am sorry, but none of my tools can do that. What I can do is {offer}.",
            f"That is not something I can do with the tools I have. I could {offer} instead.",
            f"None of the tools at hand fits this request, so I cannot help with it. I can {offer}, "
            f"if that is of use.",
        )
    )


def _report(state: State, rng: random.Random) -> str:
    outcomes = state.fresh or state.outcomes[-1:]
    parts = [tell(state.card(outcome.name), outcome, rng) for outcome in outcomes]
    if all(error_of(outcome.result) for outcome in outcomes) and len(outcomes) == 1:
        parts.append(
            rng.choice(("Would you like to try other values?", "Please check the values and try again."))
        )
    return " ".join(parts)
