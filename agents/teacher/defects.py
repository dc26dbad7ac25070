"""The mistakes models make, planted on purpose and named, so that checkers can be measured against them."""

import random
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec

from agents.teacher import afresh
from agents.teacher.answers import deed, error_of
from agents.teacher.assistant import Move, State, decide
from agents.teacher.card import Card
from agents.teacher.check import fault
from agents.teacher.lexicon import Scene
from agents.teacher.words import join, split_name, turned


class Defect(NamedTuple):
    kind: str
    detail: str


def truncated(text: str, rng: random.Random) -> tuple[str, Defect]:
    """The JSON broken off before its end."""
    at = rng.randint(max(1, len(text) // 3), max(1, len(text) - 2))
    return text[:at], Defect("truncated_json", f"cut after {at} of {len(text)} characters")


def spoil_move(state: State, move: Move, rng: random.Random) -> tuple[Move, Defect] | None:
    """A wrong move in the place of a right one; None if this move cannot be spoiled."""
    ways, of_kind = list(_WAYS[move.action]), list(_WAYS_OF_KINDS[move.action])
    rng.shuffle(ways)
    rng.shuffle(of_kind)
    # What only some kinds of turn make possible would hardly ever come up among all the rest.
    for way in [*of_kind, *ways] if rng.random() < 0.6 else ways:
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


# Of calls that depend on each other, and of calls that failed


def _other_value(card: Card, name: str, not_these: str, rng: random.Random) -> Any:
    """A value that fits a parameter and stands nowhere in a text; None if none comes up."""
    scene = Scene(rng)
    for _ in range(6):
        value = scene.value(card.slot[name], card)
        if str(value) not in not_these and not fault(card.slot[name], value):
            return value
    return None


def _returned(state: State) -> str:
    return " ".join([*state.said, *(str(outcome.result) for outcome in state.outcomes)])


def _unlinked_value(state: State, move: Move, rng: random.Random) -> Spoiled:
    """Calls with another value than the one that the result gave."""
    linked = {task.card.name: task.links for task in state.intent.tasks if task.links}
    for index, (name, arguments) in enumerate(move.calls):
        card = state.card(name)
        for slot in linked.get(name, ()):
            value = _other_value(card, slot, _returned(state), rng) if card and slot in arguments else None
            if value is not None:
                return _with_call(move, index, name, {**arguments, slot: value}), Defect(
                    "unlinked_value", f"{slot} of {name} is {value!r}, which no result gave"
                )
    return None


def _calls_too_early(state: State, move: Move, rng: random.Random) -> Spoiled:
    """Makes up the value that a result is yet to give, or that a failed call never gave."""
    made = {name for name, _ in move.calls} | {outcome.name for outcome in state.fresh}
    for task in state.intent.tasks:
        if not task.links or task.card.name in made:
            continue
        values = {slot: _other_value(task.card, slot, _returned(state), rng) for slot in task.links}
        if None in values.values():
            continue
        call = (task.card.name, {**task.arguments, **values})
        return Move("call", (*move.calls, call)), Defect(
            "made_up_link", f"called {task.card.name} with a made-up {join(list(values))}"
        )
    return None


def _stops_halfway(state: State, move: Move, rng: random.Random) -> Spoiled:
    """Answers although a call that builds on the results is still due."""
    if state.turn != "tool":
        return None
    text = decide(replace(state, intent=state.intent._replace(tasks=())), rng).message
    left = join([name for name, _ in move.calls])
    return Move("answer", message=text), Defect("stopped_halfway", f"did not call {left}")


def _claims_success(state: State, move: Move, rng: random.Random) -> Spoiled:
    failed = [outcome for outcome in state.fresh if error_of(outcome.result)]
    if state.turn != "tool" or not failed:
        return None
    card = state.card(failed[-1].name)
    what = deed(card, failed[-1].arguments) if card else "do that"
    text = rng.choice(
        (
            f"Done! You wanted me to {what}, and that went through.",
            "All set, everything went through as you asked.",
            f"That worked: I was able to {what}.",
            "Your request was completed successfully.",
        )
    )
    return Move("answer", message=text), Defect("claimed_success", f"{failed[-1].name} had failed")


def _tries_again_unasked(state: State, move: Move, rng: random.Random) -> Spoiled:
    failed = [(outcome.name, outcome.arguments) for outcome in state.fresh if error_of(outcome.result)]
    if state.turn != "tool" or not failed:
        return None
    return Move("call", tuple(failed)), Defect("repeated_call", f"called {failed[0][0]} again unasked")


# Of single kinds of turn


def _calls_dropped_task(state: State, move: Move, rng: random.Random) -> Spoiled:
    """Does what the user has taken back as well."""
    if state.turn != "user" or not state.pending or not afresh.drops(state.text):
        return None
    dropped = state.pending[0]
    guessed = Scene(rng).values(dropped.card, dropped.missing)
    call = (dropped.card.name, {**dropped.arguments, **guessed})
    if call in move.calls:
        return None
    return Move("call", (call, *move.calls)), Defect(
        "dropped_task", f"called {dropped.card.name}, which the user no longer wants"
    )


def _refuses_retry(state: State, move: Move, rng: random.Random) -> Spoiled:
    failed = [outcome for outcome in state.recent if error_of(outcome.result)]
    if state.turn != "user" or not failed or not afresh.asks_again(state.text):
        return None
    text = rng.choice(
        (
            "That did not work a moment ago, so there is no point in trying again.",
            "I already tried that, and it failed.",
            "It has failed once, so I would leave it at that.",
        )
    )
    return Move("answer", message=text), Defect("refused_retry", f"did not call {failed[0].name} again")


def _forces_call(state: State, move: Move, rng: random.Random) -> Spoiled:
    """Calls some tool for the part that none of them does."""
    others = [card for card in state.cards if card.name not in {name for name, _ in move.calls}]
    if state.turn != "user" or not state.intent.beyond or not others:
        return None
    card = rng.choice(others)
    arguments = Scene(rng).values(card, [slot.name for slot in card.required])
    return Move("call", (*move.calls, (card.name, arguments))), Defect(
        "forced_call", f"called {card.name} for what no tool does"
    )


def _calls_all_the_same(state: State, move: Move, rng: random.Random) -> Spoiled:
    """Calls the tool that does all but what matters."""
    if state.turn != "user" or state.intent.kind != "almost":
        return None
    calls = tuple((task.card.name, task.arguments) for task in state.intent.tasks)
    return Move("call", calls), Defect("ignored_demand", f"called {calls[0][0]} although it does not do that")


def _promises_it(state: State, move: Move, rng: random.Random) -> Spoiled:
    """Says that what no tool does is done."""
    if state.turn != "user" or state.intent.kind != "almost":
        return None
    task, wanted = state.intent.tasks[0], turned(state.intent.demand)
    text = rng.choice(
        (
            f"Certainly. I will {deed(task.card, task.arguments)} and {wanted}.",
            f"Consider it done: I can {wanted} as well.",
            f"That is no problem, I will {wanted} too.",
        )
    )
    return Move("answer", message=text), Defect("claimed_demand", f"promised to {wanted}")


def _passes_over(state: State, move: Move, rng: random.Random) -> Spoiled:
    """Leaves out of the answer that a part was not done, or says that it was."""
    if state.turn != "tool" or not state.intent.beyond:
        return None
    text = decide(replace(state, intent=state.intent._replace(beyond=())), rng).message
    left = join(state.intent.beyond)
    if rng.random() < 0.5:
        return Move("answer", message=text), Defect("ignored_part", f"does not say that it cannot {left}")
    claim = rng.choice(("The rest is taken care of as well.", "I have seen to the other thing too."))
    return Move("answer", message=f"{text} {claim}"), Defect("claimed_part", f"says that it could {left}")


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


_WAYS_OF_KINDS = {
    "call": (
        _calls_dropped_task,
        _refuses_retry,
        _forces_call,
        _unlinked_value,
        _calls_too_early,
        _stops_halfway,
    ),
    "ask": (),
    "answer": (
        _calls_all_the_same,
        _promises_it,
        _passes_over,
        _claims_success,
        _tries_again_unasked,
        _calls_too_early,
    ),
}


def spoil_result(
    call: dict[str, Any], result: Any, known: Mapping[str, Any], rng: random.Random
) -> tuple[Any, Defect] | None:
    """A result that disagrees with its call or with earlier results; None if there is nothing to spoil.

    Args:
        known: what earlier results say of the thing that the call is about.
    """
    arguments = call.get("arguments") or {}
    if not isinstance(result, dict) or "error" in result:
        return None
    repeated = [
        key
        for key, value in result.items()
        if key in known and known[key] == value and key not in arguments and not isinstance(value, bool)
    ]
    if repeated and rng.random() < 0.7:
        key = rng.choice(repeated)
        value = result[key]
        changed: Any = f"{value} (other)" if isinstance(value, str) else value * 2 + 7
        return {**result, key: changed}, Defect(
            "contradicting_world", f"{key} was {value!r} before and is now {changed!r}"
        )
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
