"""The assistant: reads the tasks out of the words alone, then calls, asks or answers."""

import random
import re
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import msgspec

from agents.teacher import afresh, chains, essentials, parts
from agents.teacher.answers import Outcome, deed, error_of, reply_to, tell
from agents.teacher.card import Card, Slot
from agents.teacher.lexicon import hints
from agents.teacher.mention import say
from agents.teacher.mishaps import advice
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

    kind: Literal["tasks", "refusal", "question", "unclear", "almost"]
    tasks: tuple[Task, ...] = ()
    demand: str = ""
    """What the user insists on and the tool does not do (almost)."""
    beyond: tuple[str, ...] = ()
    """Further things that are wanted and that no tool does."""


@dataclass
class State:
    """The conversation so far, as far as it matters for the next move."""

    cards: tuple[Card, ...]
    pending: tuple[Task, ...] = ()
    """Tasks for which the assistant asked for something."""
    outcomes: list[Outcome] = field(default_factory=list)
    fresh: list[Outcome] = field(default_factory=list)
    """Results that came after the last user message."""
    recent: list[Outcome] = field(default_factory=list)
    """Results of the turn before the last user message."""
    text: str = ""
    """The last user message."""
    intent: Intent = field(default_factory=lambda: Intent("unclear"))
    turn: str = ""
    """Role of the last message."""
    said: list[str] = field(default_factory=list)
    """What the user said so far."""
    reply: str = ""
    """What the assistant said last."""

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
                state.recent, state.fresh = state.fresh, []
                state.intent = understand(state)
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
                state.reply = str(message.get("content") or "")
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


def hearing(before: State, text: str) -> State:
    """The state after one more user message."""
    state = replace(before, text=text, turn="user", recent=before.fresh, fresh=[], said=[*before.said, text])
    state.intent = understand(state)
    return state


def understand(state: State) -> Intent:
    """What the last user message wants, in the light of what came before."""
    rest, demand = essentials.heard(state.text)
    rest, beyond = parts.heard(rest, state.cards)
    intent = _wanted(rest, state)
    if intent.kind != "tasks":
        return intent
    if demand and not essentials.covers(intent.tasks[0].card, demand):
        return Intent("almost", intent.tasks, demand=demand)
    return intent._replace(beyond=beyond)


def _wanted(text: str, state: State) -> Intent:
    """What the part of a message wants that tools may do."""
    tasks = tasks_in(text, state.cards)
    dropped = bool(state.pending or state.outcomes) and afresh.drops(text)
    if tasks:
        if not dropped and (again := _named_again(tasks, text, state)):
            return Intent("tasks", again)
        if is_again(text) and state.outcomes and not dropped:
            tasks = [_merged(task, state.outcomes) for task in tasks]
        if is_refusal(text) and any(task.missing for task in tasks):
            return Intent("refusal", tuple(tasks))
        return Intent("tasks", tuple(tasks))
    if state.pending and not dropped:
        supplied = _supplied(text, state.pending)
        if supplied is not None:
            return Intent("tasks", supplied)
        if is_refusal(text):
            return Intent("refusal", state.pending)
        return Intent("tasks", state.pending)
    if state.outcomes and not dropped:
        if (failed := _failed(state)) and afresh.asks_again(text):
            return Intent("tasks", failed)
        changed = _changed(text, state)
        if changed is not None:
            return Intent("tasks", (changed,))
        return Intent("question")
    card = closest(text, state.cards)
    if card is not None:
        return Intent("tasks", (Task(card, values_in(text, card)),))
    return Intent("unclear")


def _merged(task: Task, outcomes: list[Outcome]) -> Task:
    """`again, but with …`: what is not said anew stays as it was in the last call of the tool."""
    for outcome in reversed(outcomes):
        if outcome.name == task.card.name:
            return replace(task, arguments={**outcome.arguments, **task.arguments})
    return task


def _failed(state: State) -> tuple[Task, ...]:
    """The calls of the turn before that came back with an error, as they were."""
    return tuple(
        Task(card, outcome.arguments)
        for outcome in state.recent
        if error_of(outcome.result) and (card := state.card(outcome.name)) is not None
    )


def _named_again(tasks: list[Task], text: str, state: State) -> tuple[Task, ...]:
    """The failed calls that a message asks to try again by what they were for; empty if it does not."""
    if not afresh.asks_again(text):
        return ()
    said = {way.card.name: way.arguments for task in tasks for way in (task, *task.rivals)}
    return tuple(
        failed
        for failed in _failed(state)
        if (values := said.get(failed.card.name)) is not None and values.items() <= failed.arguments.items()
    )


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
    intent = state.intent
    if state.turn == "tool":
        left = chains.pending(intent.tasks, state.fresh) if intent.kind == "tasks" else chains.Pending((), ())
        if left.ready:
            return _work(left.ready, rng)
        return Move("answer", message=_report(state, left.stuck, rng))
    match intent.kind:
        case "tasks":
            return _work(chains.settled(intent.tasks, state.outcomes), rng)
        case "refusal":
            return Move("answer", message=_give_up(intent.tasks, rng))
        case "almost":
            return Move("answer", message=essentials.decline(intent.tasks[0], intent.demand, rng))
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
        if not task.links and call not in calls:
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
        reasons = []
        for name, need in faults.items():
            slot = task.card.slot[name]
            value = say(slot, task.arguments[name])
            reasons.append(
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
        return f"{' '.join(capital(reason) for reason in reasons)} {asked}"
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


def _report(state: State, stuck: tuple[Task, ...], rng: random.Random) -> str:
    """What came of the calls, what went wrong and what the user can do about it.

    Args:
        stuck: tasks that build on a result that did not come.
    """
    outcomes = state.fresh or state.outcomes[-1:]
    told = [tell(state.card(outcome.name), outcome, rng) for outcome in outcomes]
    if stuck:
        told.append(chains.regret(stuck, outcomes, rng))
    failed = [error for outcome in outcomes if (error := error_of(outcome.result))]
    if failed:
        told.append(advice(failed[-1], rng))
    if state.intent.beyond:
        told.append(parts.decline(state.intent.beyond, rng))
    return " ".join(told)
