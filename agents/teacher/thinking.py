"""The assistant's reasoning before a move: what is wanted, what does it, and where each value comes from.

A trace speaks for the move it stands before. Before a planted defect it is as wrong as the defect: a value
that stands nowhere is called a fair guess, a tool that does not exist the one for the job.
"""

import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from agents.teacher import afresh
from agents.teacher.answers import Outcome, admits, deed, error_of, facts, spoken
from agents.teacher.assistant import Move, State
from agents.teacher.card import Card, Slot
from agents.teacher.mention import say
from agents.teacher.understanding import Task
from agents.teacher.words import capital, join

_MOST_VALUES = 4
"""Arguments whose source is told one by one."""


def trace(state: State, move: Move, rng: random.Random) -> str:
    """Two to six sentences."""
    tell = _after_results if state.turn == "tool" else _after_words
    return " ".join(list(filter(None, tell(state, move, rng)))[:6])


# After what the user said


def _after_words(state: State, move: Move, rng: random.Random) -> Iterator[str]:
    match move.action:
        case "call":
            yield _wanted(state, rng)
            if state.intent.beyond:
                more = join(_theirs(state.intent.beyond))
                yield rng.choice(
                    (
                        f"They also want me to {more}, which none of my tools does; I will say so once I "
                        "have the result.",
                        f"No tool here can {more}, so that part has to stay undone, and my answer must not "
                        "pass over it.",
                    )
                )
            yield from _calls(state, move, rng)
        case "ask":
            yield _wanted(state, rng)
            yield from _gaps(state, rng)
        case "answer":
            yield from _without_call(state, rng)


def _wanted(state: State, rng: random.Random) -> str:
    tasks = state.intent.tasks
    if not tasks:
        return rng.choice(
            (
                "The user's message is not quite what my tools are for.",
                "What the user wants is not easy to place.",
            )
        )
    deeds = _deeds(tasks)
    failed = [outcome for outcome in state.recent if error_of(outcome.result)]
    if failed and afresh.asks_again(state.text):
        name, error = failed[0].name, _error(failed[0])
        return rng.choice(
            (
                f"The call of {name} failed with “{error}”, and now the user wants me to try it again.",
                f"Last time {name} returned an error, not through any fault in the arguments; the user asks "
                "for a second attempt.",
                f"{name} answered “{error}” before; the user would like another go at it.",
            )
        )
    if len(state.said) > 1 and afresh.drops(state.text):
        return rng.choice(
            (
                f"The user takes back the earlier request and now wants me to {deeds}.",
                f"The user has changed their mind: what was asked before no longer counts, I am to {deeds}.",
                f"“{_quote_start(state.text)}” means that the earlier task is off; now I am to {deeds}.",
            )
        )
    if state.pending and len(state.said) > 1:
        return rng.choice(
            (
                f"This answers what I asked for: the task is still to {deeds}.",
                f"The user has come back with what was missing in order to {deeds}.",
            )
        )
    if len(tasks) > 1:
        return rng.choice(
            (
                f"The user wants {len(tasks)} things: to {deeds}.",
                f"There are {len(tasks)} tasks here: to {deeds}.",
            )
        )
    return rng.choice(
        (
            f"The user wants me to {deeds}.",
            f"What is asked for is to {deeds}.",
            f"The request: {deeds}.",
            f"So the user needs me to {deeds}.",
        )
    )


def _calls(state: State, move: Move, rng: random.Random) -> Iterator[str]:
    again = (
        [outcome for outcome in state.recent if error_of(outcome.result)]
        if afresh.asks_again(state.text)
        else []
    )
    for name, arguments in move.calls[:2]:
        card = state.card(name)
        planned = any(task.card.name == name for task in state.intent.tasks)
        yield _choice_of(name, card, planned, rng)
        if any(outcome.name == name and outcome.arguments == arguments for outcome in again):
            yield rng.choice(
                (
                    f"Nothing has changed, so the arguments stay as they were: {_listed(arguments)}.",
                    f"I repeat the call with the same arguments ({_listed(arguments)}).",
                )
            )
            continue
        yield _sources(state, name, card, arguments, rng)
    if len(move.calls) > 2:
        others = join([name for name, _ in move.calls[2:]])
        yield f"The values for {others} stand in the message too."
    elif len(move.calls) == 1 and (card := state.card(move.calls[0][0])) is not None:
        yield _left_out(card, move.calls[0][1], rng)


def _choice_of(name: str, card: Card | None, planned: bool, rng: random.Random) -> str:
    if card is None:
        return rng.choice((f"{name} is the tool for that.", f"That is a job for {name}."))
    about = _short(card.description.split(". ")[0].rstrip("."), 90)
    if not planned:
        return rng.choice((f"{name} comes closest to it, so I go with that.", f"I can use {name} for this."))
    return rng.choice(
        (
            f"{name} does this: “{about}”.",
            f"{name} fits, since its description says “{about}”.",
            f"Of the tools at hand {name} is the one for it.",
            f"The right tool is {name} (“{about}”).",
        )
    )


def _left_out(card: Card, arguments: dict[str, Any], rng: random.Random) -> str:
    optional = [slot.name for slot in card.slots if not slot.required and slot.name not in arguments]
    if not optional:
        return rng.choice(("", "That is everything it takes.", "Nothing is missing."))
    names = join(optional[:3]) if len(optional) <= 3 else f"the {len(optional)} optional ones"
    return rng.choice(
        (
            f"All that is required is there; nobody spoke of {names}, so I leave that out.",
            f"Nothing required is missing, and {names} can stay out, as the user says nothing of it.",
            "All required arguments are known, so I can call it now.",
        )
    )


def _sources(
    state: State, name: str, card: Card | None, arguments: dict[str, Any], rng: random.Random
) -> str:
    """Where the arguments of a call come from."""
    if not arguments:
        return rng.choice(("It takes no arguments.", "No argument is needed for that."))
    last = next((o for o in reversed(state.outcomes) if o.name == name and not error_of(o.result)), None)
    told: list[str] = []
    kept: list[str] = []
    for key, value in arguments.items():
        slot = card.slot.get(key) if card else None
        source = _source(state, slot, value)
        if not source and last is not None and last.arguments.get(key) == value:
            kept.append(key)
        elif len(told) < _MOST_VALUES:
            told.append(_told(key, value, source, rng))
    parts = ["; ".join(told)] if told else []
    if len(told) + len(kept) < len(arguments):
        parts.append("the rest stands in the message just as plainly")
    if kept:
        parts.append(f"{join(kept[:4])} {'stay' if len(kept) > 1 else 'stays'} as in the call before")
    return f"{'; '.join(parts)}."


def _told(key: str, value: Any, source: str, rng: random.Random) -> str:
    shown = _value(value)
    if not source:
        return rng.choice(
            (
                f"for {key} {shown} is a fair assumption",
                f"{key} can safely be set to {shown}",
                f"{key} is not spelled out, but {shown} should be right",
            )
        )
    return rng.choice(
        (f"{key} is {shown}, from {source}", f"{key} = {shown} ({source})", f"{source} gives {key} {shown}")
    )


def _source(state: State, slot: Slot | None, value: Any) -> str:
    """The words or the result that a value comes from; empty if it stands nowhere."""
    for text in reversed(state.said):
        if passage := _passage(text, slot, value):
            return f"“{passage}”"
    for outcome in reversed(state.outcomes):
        if not error_of(outcome.result) and any(fact.value == value for fact in facts(outcome.result)):
            return f"the result of {outcome.name}"
    return ""


def _passage(text: str, slot: Slot | None, value: Any) -> str:
    """The user's words for a value, with up to three words before it."""
    if isinstance(value, bool) or value is None:
        words = slot.phrase or slot.label if slot else ""
        named = re.search(rf"(?:[\w'’]+ ){{0,2}}{re.escape(words)}(?:[ :]+[\w]+){{0,2}}", text, re.IGNORECASE)
        return _short(named[0]) if words and named else ""
    label = slot.label.rsplit(" ", 1)[-1].lower() if slot else ""
    passages = [
        f"{_LEAD_IN.search(text, 0, match.start())[0]}{match[0]}"  # type: ignore[index]  # it matches nothing, too
        for said in _writings(slot, value)
        for match in re.finditer(rf"(?<!\w){re.escape(said)}(?!\w)", text, re.IGNORECASE)
    ]
    # The same value may stand for several things; the words before it tell which.
    passages.sort(key=lambda passage: label not in passage.lower())
    return _short(passages[0], 70) if passages else ""


_LEAD_IN = re.compile(r"(?:[^\s.!?;]+ ){0,3}$")


def _writings(slot: Slot | None, value: Any) -> Iterator[str]:
    """How a value may stand in a text."""
    if slot is not None:
        yield from dict.fromkeys(say(slot, value, style=style) for style in range(6))
    if isinstance(value, str | int | float):
        yield str(value)
    if isinstance(value, list) and value:
        yield from _writings(slot.item if slot else None, value[0])
    if isinstance(value, dict) and value:
        fields = {field.name: field for field in slot.fields} if slot else {}
        key, child = next(iter(value.items()))
        yield from _writings(fields.get(key), child)


def _gaps(state: State, rng: random.Random) -> Iterator[str]:
    """What keeps the assistant from calling."""
    found = False
    for task in state.intent.tasks[:2]:
        for name, need in list(task.faults.items())[:2]:
            found = True
            given = _value(task.arguments[name])
            yield rng.choice(
                (
                    f"{task.card.name} would do it, but {name} has to be {need}, and {given} is not.",
                    f"The user says {given} for {name}; {task.card.name} only takes {need}.",
                )
            )
        if task.missing:
            found = True
            yield rng.choice(
                (
                    f"{task.card.name} fits, but it requires {join(task.missing)}, and nothing the user said "
                    f"gives {'it' if len(task.missing) == 1 else 'them'}.",
                    f"For that {task.card.name} needs {join(task.missing)}, which I have not been told.",
                )
            )
        known = [key for key in task.arguments if key not in task.faults]
        if known and task.missing:
            yield f"I already know {join(known[:4])}."
    if not found:
        yield "Something about it is not clear to me yet."
    yield rng.choice(
        (
            "I must not guess, so I ask.",
            "Guessing would risk a wrong call, so the next step is a question.",
            "I ask for it before calling anything.",
        )
    )


def _without_call(state: State, rng: random.Random) -> Iterator[str]:
    intent = state.intent
    names = [card.name for card in state.cards]
    match intent.kind:
        case "almost":
            task = intent.tasks[0]
            yield f"The user wants me to {_deeds([task])}, which {task.card.name} does."
            yield rng.choice(
                (
                    f"But they insist on one thing: “{intent.demand}”.",
                    f"Yet it is only of use to them with this: “{intent.demand}”.",
                )
            )
            yield rng.choice(
                (
                    f"Neither the description of {task.card.name} nor any of its parameters speaks of that.",
                    f"{task.card.name} has nothing for that, and no other tool here has.",
                )
            )
            yield rng.choice(
                (
                    "A call would not give them what matters, so I say what I cannot do and offer the rest.",
                    "Calling it anyway would only look like help; better to say so plainly.",
                )
            )
        case "refusal":
            task = intent.tasks[0]
            yield f"The user cannot give me {join(task.missing or tuple(task.faults)) or 'what is missing'}."
            yield f"{task.card.name} does not work without it, and I must not make a value up."
            yield rng.choice(
                ("So I explain what is missing and stop there.", "All I can do is say so and leave it open.")
            )
        case "question":
            used = join(list(dict.fromkeys(outcome.name for outcome in state.outcomes[-2:])))
            yield rng.choice(
                (
                    "The user asks about something that is already there.",
                    "This is a question about a result I have.",
                )
            )
            yield f"What {used} returned answers it, so no call is needed."
        case "tasks":
            yield f"The user wants me to {_deeds(intent.tasks)}."
            yield rng.choice(
                (
                    "That can be said right away, without calling anything.",
                    "No tool is needed for this; a short answer will do.",
                )
            )
        case _:
            yield rng.choice(
                (
                    f"The user says: “{_request(state.text)}”.",
                    "I look for a tool that does what the user describes.",
                )
            )
            if names:
                offered = join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and the others"
                yield rng.choice(
                    (
                        f"None of the tools I have ({offered}) does that.",
                        f"{capital(offered)} {'do' if len(names) > 1 else 'does'} something else.",
                    )
                )
            yield rng.choice(
                (
                    "So I say that I cannot do it, and what I can do instead.",
                    "Nothing to call here; I say so openly.",
                )
            )


# After results


def _after_results(state: State, move: Move, rng: random.Random) -> Iterator[str]:
    outcomes = state.fresh or state.outcomes[-1:]
    for outcome in outcomes[:2]:
        yield _result(outcome, move.message, rng)
    if len(outcomes) > 2:
        yield f"The other {len(outcomes) - 2} results are there as well."
    if move.action == "call":
        yield rng.choice(
            (
                "Now the next step can be done.",
                "With that I have what the next call needs.",
                "That was not all yet.",
            )
        )
        yield from _calls(state, move, rng)
        return
    if wrong := _stray_figure(state, move.message):
        yield f"The figure to pass on is {wrong}."
    if state.intent.beyond:
        if admits(move.message):
            more = join(_theirs(state.intent.beyond))
            yield rng.choice(
                (
                    f"The user also wanted me to {more}; as no tool does that, I say so.",
                    f"What is left is to {more}, which I cannot do and have to say.",
                )
            )
        else:
            yield "That takes care of the user's message."
    if any(error_of(outcome.result) for outcome in outcomes):
        yield rng.choice(
            (
                "I tell the user what went wrong and do not call again unasked.",
                "It is for the user to decide what happens next, so I only report it.",
            )
        )
    else:
        yield rng.choice(
            (
                "The work is done, and I tell the user what came back.",
                "Nothing else has to be called; I pass this on as it stands.",
                "I answer with what the results say and nothing more.",
            )
        )


def _result(outcome: Outcome, message: str, rng: random.Random) -> str:
    if error := _error(outcome):
        return rng.choice(
            (
                f"{outcome.name} came back with an error: “{error}”.",
                f"The call of {outcome.name} failed: “{error}”.",
            )
        )
    told = [
        f"{fact.label} {_short(spoken(fact.value))}"
        for fact in facts(outcome.result)
        if spoken(fact.value) in message or not message
    ]
    said = f": {'; '.join(told[:3])}" if told else ""
    return rng.choice(
        (f"{outcome.name} returned its result{said}.", f"The result of {outcome.name} is there{said}.")
    )


_FIGURE = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?!\w|\.\d)")


def _stray_figure(state: State, message: str) -> str:
    """A figure of an answer that stands in no result and was not said."""
    known = " ".join(
        (*state.said, *(msgspec.json.encode([o.arguments, o.result]).decode() for o in state.outcomes))
    )
    known += " ".join(card.description for card in state.cards)
    return next((m[0] for m in _FIGURE.finditer(message) if m[0] not in known), "")


# Small pieces


def _deeds(tasks: Sequence[Task]) -> str:
    return join(_theirs([deed(task.card, task.arguments) for task in tasks[:3]]))


def _theirs(deeds: Sequence[str]) -> list[str]:
    """What is said to the user, as one thinks of it."""
    return [re.sub(r"\byou\b", "them", re.sub(r"\byour\b", "their", text)) for text in deeds]


def _value(value: Any) -> str:
    if isinstance(value, str):
        return f"“{_short(value, 40)}”" if " " in value or not value else value
    return _short(msgspec.json.encode(value).decode(), 50)


def _listed(arguments: dict[str, Any]) -> str:
    shown = [f"{key} {_value(value)}" for key, value in list(arguments.items())[:4]]
    return ", ".join(shown) + (", and so on" if len(arguments) > 4 else "") or "none"


def _error(outcome: Outcome) -> str:
    return _short(error_of(outcome.result), 90).rstrip(".")


def _short(text: str, most: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1].rsplit(' ', 1)[0]}…"


def _request(text: str) -> str:
    """The first sentence that says more than hello."""
    sentences = re.split(r"(?<=[.!?])\s", text.strip())
    return _short(next((one for one in sentences if len(one.split()) > 4), sentences[0]), 90).rstrip(".")


def _quote_start(text: str) -> str:
    return _short(re.split(r"(?<=[.!?])\s", text.strip())[0], 80)
