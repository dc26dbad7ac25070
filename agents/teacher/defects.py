"""The mistakes models make, planted on purpose and named, so that checkers can be measured against them."""

import random
import re
from typing import Any, NamedTuple

import msgspec

from agents.teacher.assistant import Move, State
from agents.teacher.card import Card
from agents.teacher.check import fault
from agents.teacher.lexicon import Scene
from agents.teacher.words import split_name


class Defect(NamedTuple):
    kind: str
    detail: str


def truncated(text: str, rng: random.Random) -> tuple[str, Defect]:
    """The JSON broken off before its end."""
    at = rng.randint(max(1, len(text) // 3), max(1, len(text) - 2))
    return text[:at], Defect("truncated_json", f"cut after {at} of {len(text)} characters")


def spoil_move(state: State, move: Move, rng: random.Random) -> tuple[Move, Defect] | None:
    """A wrong move in the place of a right one; None if this move cannot be spoiled."""
    ways = list(_WAYS[move.action])
    rng.shuffle(ways)
    for way in ways:
        spoiled = way(state, move, rng)
        if spoiled is not None:
            return spoiled
    return None


Spoiled = tuple[Move, Defect] | None


def _with_call(move: Move, index: int, name: str, arguments: dict[str, Any]) -> Move:
    calls = list(move.calls)
    calls[index] = (name, arguments)
    return Move("call", tuple(calls))


def _unknown_tool(state: State, move: Move, rng: random.Random) -> Spoiled:
    index = rng.randrange(len(move.calls))
    name, arguments = move.calls[index]
    words = [w for w in split_name(name) if not w.isdigit()]
    made_up = rng.choice(
        (f"{name}_v2", f"get_{'_'.join(words[-2:])}_info", f"{'_'.join(reversed(words))}", f"{name}.execute")
    )
    if state.card(made_up) is not None or made_up == name:
        made_up = f"{name}_extended"
    return _with_call(move, index, made_up, arguments), Defect("unknown_tool", f"{name} became {made_up}")


def _missing_argument(state: State, move: Move, rng: random.Random) -> Spoiled:
    for index, (name, arguments) in enumerate(move.calls):
        card = state.card(name)
        required = [slot.name for slot in card.required if slot.name in arguments] if card else []
        if required:
            gone = rng.choice(required)
            kept = {key: value for key, value in arguments.items() if key != gone}
            return _with_call(move, index, name, kept), Defect("missing_argument", f"{name} without {gone}")
    return None


def _mistyped_argument(state: State, move: Move, rng: random.Random) -> Spoiled:
    for index, (name, arguments) in enumerate(move.calls):
        card = state.card(name)
        keys = [key for key in arguments if card and key in card.slot and card.slot[key].form != "any"]
        rng.shuffle(keys)
        for key in keys:
            value = arguments[key]
            wrong: Any
            match value:
                case bool():
                    wrong = "true" if value else "false"
                case int() | float():
                    wrong = str(value)
                case str():
                    wrong = [value]
                case list():
                    wrong = ", ".join(map(str, value))
                case _:
                    continue
            if card and fault(card.slot[key], wrong):
                return (
                    _with_call(move, index, name, {**arguments, key: wrong}),
                    Defect(
                        "mistyped_argument",
                        f"{key} of {name}: {type(value).__name__} as {type(wrong).__name__}",
                    ),
                )
    return None


def _unmentioned_value(state: State, move: Move, rng: random.Random) -> Spoiled:
    for index, (name, arguments) in enumerate(move.calls):
        card = state.card(name)
        if card is None:
            continue
        scene = Scene(rng)
        slots = [slot for slot in card.slots if slot.form in ("integer", "number", "text", "date")]
        rng.shuffle(slots)
        for slot in slots:
            value = scene.value(slot, card)
            if (
                str(value).lower() in state.text.lower()
                or value == arguments.get(slot.name)
                or fault(slot, value)
            ):
                continue
            return (
                _with_call(move, index, name, {**arguments, slot.name: value}),
                Defect("unmentioned_value", f"{slot.name} of {name} is {value!r}, which nobody said"),
            )
    return None


def _answers_instead(state: State, move: Move, rng: random.Random) -> Spoiled:
    text = rng.choice(
        (
            "All done, everything is taken care of.",
            "I have looked into it, and it is all in order.",
            "That should be fine as it is.",
        )
    )
    return Move("answer", message=text), Defect("wrong_action", "answered where a call was due")


def _calls_instead(state: State, move: Move, rng: random.Random) -> Spoiled:
    """Calls with guessed values where it should ask, or a tool that does not fit where none does."""
    tasks = state.intent.tasks
    if move.action == "ask" and tasks:
        calls = []
        for task in tasks:
            scene = Scene(rng)
            guessed = {
                slot.name: scene.value(slot, task.card)
                for slot in task.card.required
                if slot.name in task.missing or slot.name in task.faults
            }
            calls.append((task.card.name, {**task.arguments, **guessed}))
        return Move("call", tuple(calls)), Defect(
            "wrong_action", "called with guessed values where it should ask"
        )
    if state.turn != "user" or not state.cards:
        return None
    card: Card = rng.choice(state.cards)
    arguments = Scene(rng).values(card, [slot.name for slot in card.required])
    return Move("call", ((card.name, arguments),)), Defect(
        "wrong_action", f"called {card.name} where an answer was due"
    )


_FIGURE = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w])")


def _contradiction(state: State, move: Move, rng: random.Random) -> Spoiled:
    if state.turn != "tool":
        return None
    figures = list(_FIGURE.finditer(move.message))
    if not figures:
        return None
    match = rng.choice(figures)
    old = float(match[0])
    new = f"{old * rng.choice((1.5, 2, 0.5)) + rng.randint(3, 9):g}"
    text = move.message[: match.start()] + new + move.message[match.end() :]
    return Move("answer", message=text), Defect("contradicting_answer", f"{match[0]} became {new}")


_WAYS = {
    "call": (_unknown_tool, _missing_argument, _mistyped_argument, _unmentioned_value, _answers_instead),
    "ask": (_calls_instead,),
    "answer": (_contradiction, _calls_instead),
}


def spoil_result(call: dict[str, Any], result: Any, rng: random.Random) -> tuple[Any, Defect] | None:
    """A result that disagrees with its call; None if nothing in it repeats the call."""
    arguments = call.get("arguments") or {}
    if not isinstance(result, dict) or "error" in result:
        return None
    echoed = [
        key
        for key, value in result.items()
        if key in arguments
        and arguments[key] == value
        and isinstance(value, str | int | float)
        and not isinstance(value, bool)
    ]
    if not echoed:
        return {}, Defect("empty_result", f"{call.get('name')} returned nothing")
    key = rng.choice(echoed)
    value = result[key]
    other: Any = f"{value} (other)" if isinstance(value, str) else value * 2 + 7
    return {**result, key: other}, Defect(
        "contradicting_result", f"{key}: {msgspec.json.encode(value).decode()} became {other!r}"
    )
