"""Words for what the tools returned: figures, names and ids just as the results write them."""

import json
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from agents.teacher.card import Card
from agents.teacher.mention import say
from agents.teacher.words import capital, head_noun, humanise, is_plural, join


class Outcome(NamedTuple):
    """A call and what came of it."""

    name: str
    arguments: dict[str, Any]
    result: Any


def error_of(result: Any) -> str:
    """What went wrong, in the tool's words; empty if nothing did."""
    if isinstance(result, dict):
        for key in ("error", "errors", "error_message"):
            if result.get(key):
                found = result[key]
                return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
        if result.get("success") is False:
            return str(result.get("message") or "the tool reports a failure")
    return ""


_ADMITS = re.compile(
    r"\b(?:cannot|can['’]t|could not|couldn['’]t|not able to|unable|no way|beyond|none of)\b", re.IGNORECASE
)


def admits(text: str) -> bool:
    """The text says that something cannot be done."""
    return _ADMITS.search(text) is not None


class Fact(NamedTuple):
    label: str
    value: Any
    path: tuple[str | int, ...]


def facts(result: Any, path: tuple[str | int, ...] = ()) -> Iterator[Fact]:
    """Every plain value of a result, with a human label."""
    if isinstance(result, dict):
        for key, child in result.items():
            yield from facts(child, (*path, key))
    elif isinstance(result, list):
        for index, child in enumerate(result):
            yield from facts(child, (*path, index))
    elif result is not None:
        names = [part for part in path if isinstance(part, str)]
        yield Fact(humanise(names[-1]) if names else "result", result, path)


def spoken(value: Any) -> str:
    """A value exactly as it stands in the result, but for the quotes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and not any(isinstance(v, list | dict) for v in value):
        return join([spoken(v) for v in value])
    # The very bytes of the result: 1e38 must not become 1e+38.
    return msgspec.json.encode(value).decode()


def _yours(text: str) -> str:
    """The user's `my` becomes the assistant's `your`."""
    text = re.sub(r"\bmy\b", "your", text)
    return re.sub(r"\bme\b", "you", text)


def subject(card: Card, arguments: dict[str, Any]) -> str:
    """What the call was about: `the factorial of 5`."""
    goal = card.goal
    if goal.slot and goal.slot in arguments:
        value = say(card.slot[goal.slot], arguments[goal.slot]).strip('"')
        return _yours(f"{goal.head} {value}")
    return _yours(goal.noun)


def deed(card: Card, arguments: dict[str, Any] | None = None) -> str:
    """What the tool does, after `I can` or `to`."""
    verb = card.goal.verbs[0] if card.goal.verb else ""
    verb = {"bring up": "show you"}.get(verb, verb)
    if not verb:
        return f"help with {subject(card, arguments or {})}"
    return f"{verb} {subject(card, arguments or {})}"


_ECHO_SKIP = frozenset(("query", "input", "arguments", "parameters"))


def tell(card: Card | None, outcome: Outcome, rng: random.Random) -> str:
    """One result in words."""
    arguments, result = outcome.arguments, outcome.result
    what = subject(card, arguments) if card else humanise(outcome.name)
    if error := error_of(result):
        task = deed(card, arguments) if card else f"use {what}"
        return rng.choice(
            (
                f"I could not {task}: {error.rstrip('.')}.",
                f"That did not work. I tried to {task}, but the answer was: {error.rstrip('.')}.",
            )
        )
    if not isinstance(result, dict):
        return _tell_value(what, result, rng)
    shown = _without_echo(result, arguments)
    plain = {key: value for key, value in shown.items() if not _is_nested(value)}
    nested = {key: value for key, value in shown.items() if _is_nested(value)}
    parts = []
    if plain:
        parts.append(_tell_plain(card, what, plain, rng))
    for key, value in nested.items():
        parts.append(_tell_nested(key if len(nested) > 1 or plain else "", what, value, rng))
    return " ".join(parts) if parts else f"{capital(what)}: nothing was returned."


def _without_echo(result: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """Leave out what only repeats the question, unless nothing else is left."""
    kept = {
        key: value
        for key, value in result.items()
        if value is not None and not (key in arguments and arguments[key] == value) and key not in _ECHO_SKIP
    }
    return kept or {key: value for key, value in result.items() if value is not None}


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(v, dict | list) for v in value)
    )


def _is(label: str, value: Any, noun: str = "") -> str:
    many = is_plural(head_noun(noun or label))
    if many and not noun and isinstance(value, int | float) and not label.startswith("number of "):
        return f"number of {label} is {spoken(value)}"
    verb = "are" if many and not isinstance(value, int | float) else "is"
    return f"{label} {verb} {spoken(value)}"


def _fact(label: str, value: Any) -> str:
    return f"{label}: {spoken(value)}" if isinstance(value, bool) else f"the {_is(label, value)}"


def _tell_value(what: str, value: Any, rng: random.Random) -> str:
    if isinstance(value, list):
        return f"Here is what came back for {what}: {'; '.join(_row(v) for v in value) or 'an empty list'}."
    if isinstance(value, bool):
        return f"The answer for {what} is {spoken(value)}."
    return f"{capital(what)}: {_ended(spoken(value))}"


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


_DONE = frozenset(("status", "success", "message", "confirmation_id", "confirmation", "reference"))


def _tell_plain(card: Card | None, what: str, plain: dict[str, Any], rng: random.Random) -> str:
    items = [(humanise(key), value) for key, value in plain.items() if key != "success"]
    if not items:
        return rng.choice(("Done, that worked.", "That went through."))
    asks = card is None or card.goal.asks_for_thing
    if asks and len(items) == 1:
        label, value = items[0]
        if isinstance(value, bool):
            return f"{capital(label)}: {spoken(value)}."
        if label in ("result", "value", "answer", "output") or label.lower() in what.lower():
            verb = "are" if is_plural(head_noun(what)) else "is"
            return _ended(f"{capital(what)} {verb} {spoken(value)}")
        return _ended(
            f"The {_is(f'{label} for {what}', value, label)}"
            if not what.startswith(("all ", "how "))
            else f"The {_is(label, value)}"
        )
    listed = join([_fact(label, value) for label, value in items])
    if not asks:
        lead = rng.choice(("That is done", "Done", "All set", "That went through"))
        return _ended(f"{lead}: {listed}")
    lead = rng.choice(
        (f"Here is what I found for {what}", f"For {what}", f"This is what came back for {what}")
    )
    return _ended(f"{lead}: {listed}")


def _tell_nested(key: str, what: str, value: Any, rng: random.Random) -> str:
    label = humanise(key) if key else what
    if isinstance(value, dict):
        listed = join([_fact(fact.label, fact.value) for fact in facts(value)])
        return _ended(f"{capital(label)}: {listed}")
    rows = "; ".join(_row(row) for row in value)
    lead = (
        f"{capital(label)}"
        if key
        else rng.choice((f"Here is what I found for {what}", f"These are the results for {what}"))
    )
    return _ended(f"{lead}: {rows}")


def _row(row: Any) -> str:
    """An entry of a list: its name first, the rest in brackets."""
    if not isinstance(row, dict):
        return spoken(row)
    found = list(facts(row))
    if not found:
        return "an empty entry"
    head, rest = found[0], found[1:]
    if not isinstance(head.value, str):
        return ", ".join(f"{fact.label} {spoken(fact.value)}" for fact in found)
    if not rest:
        return spoken(head.value)
    return f"{spoken(head.value)} ({', '.join(f'{fact.label} {spoken(fact.value)}' for fact in rest)})"


def reply_to(question: str, outcomes: Sequence[Outcome], rng: random.Random) -> str | None:
    """Answer a question from results that are already there; None if they do not speak of it."""
    lower = question.lower()
    best: tuple[int, Fact] | None = None
    for outcome in reversed(outcomes):
        if error_of(outcome.result):
            continue
        if (ranked := _superlative(lower, outcome.result)) is not None:
            return ranked
        for fact in facts(outcome.result):
            label = fact.label.lower()
            if re.search(
                rf"\b(?:the|which) {re.escape(label)}(?=\s*(?:[?,.]|again|for me|in that|according|did|"
                rf"please|$))",
                lower,
            ):
                named = sum(
                    1
                    for other in _siblings(outcome.result, fact.path)
                    if isinstance(other, str) and other.lower() in lower
                )
                weight = len(label) + 100 * named
                if best is None or weight > best[0]:
                    best = (weight, fact)
        if best is not None:
            fact = best[1]
            return rng.choice(
                (
                    _ended(f"The {_is(fact.label, fact.value)}"),
                    _ended(f"According to the result, the {_is(fact.label, fact.value)}"),
                    _ended(f"Going by what came back earlier, the {_is(fact.label, fact.value)}"),
                )
            )
    return None


def _siblings(result: Any, path: tuple[str | int, ...]) -> list[Any]:
    node = result
    for part in path[:-1]:
        node = node[part]
    return list(node.values()) if isinstance(node, dict) else []


_SUPERLATIVE = re.compile(r"\b(highest|lowest)\b")


def rows_in(result: Any) -> list[dict[str, Any]]:
    """The first list of objects in a result."""
    candidates = [result, *(result.values() if isinstance(result, dict) else ())]
    for value in candidates:
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            return value
    return []


def _superlative(question: str, result: Any) -> str | None:
    match = _SUPERLATIVE.search(question)
    rows = rows_in(result)
    if match is None or not rows:
        return None
    for key in rows[0]:
        label = humanise(key)
        values = [row.get(key) for row in rows]
        if label.lower() in question and all(
            isinstance(v, int | float) and not isinstance(v, bool) for v in values
        ):
            chosen = (max if match[1] == "highest" else min)(rows, key=lambda row: row[key])
            name = next(iter(chosen.values()))
            return _ended(f"{spoken(name)} has the {match[1]} {label}: {spoken(chosen[key])}")
    return None
