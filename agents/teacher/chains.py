"""Calls that depend on each other: which of them can be made now, and with what from the results."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from agents.teacher.answers import Fact, Outcome, deed, error_of, facts
from agents.teacher.card import Slot
from agents.teacher.check import fault, normalised
from agents.teacher.understanding import Task
from agents.teacher.words import humanise, join, split_name


def settled(tasks: Sequence[Task], outcomes: Sequence[Outcome]) -> tuple[Task, ...]:
    """The tasks of a message with the values that earlier results have; what none of them has is missing.

    A task goes on waiting where it builds on another one of the same message.
    """
    waits = any(not task.links for task in tasks)
    return tuple(
        filled(task, outcomes) or replace(task, links=())
        if task.links and (task.earlier or not waits)
        else task
        for task in tasks
    )


class Pending(NamedTuple):
    ready: tuple[Task, ...]
    """Tasks whose values have all come."""
    stuck: tuple[Task, ...]
    """Tasks that cannot be done, since a value did not come."""


def pending(tasks: Sequence[Task], fresh: Sequence[Outcome]) -> Pending:
    """What is left to do of a message's tasks once some of its calls have their results."""
    made = Counter(outcome.name for outcome in fresh)
    ready: list[Task] = []
    stuck: list[Task] = []
    before: Task | None = None
    for task in tasks:
        if made[task.card.name]:
            made[task.card.name] -= 1
        elif task.links and (before is None or before not in ready):
            came = _of(before, fresh) if before is not None else None
            failed = before in stuck or (came is not None and error_of(came.result) != "")
            others = [outcome for outcome in fresh if outcome is not came]
            done = None if failed else filled(task, [*others, came] if came else others)
            if done is None:
                stuck.append(task)
            else:
                ready.append(task := done)
        before = task
    return Pending(tuple(ready), tuple(stuck))


def _of(task: Task, fresh: Sequence[Outcome]) -> Outcome | None:
    """What came of a task."""
    return next((outcome for outcome in reversed(fresh) if outcome.name == task.card.name), None)


def filled(task: Task, outcomes: Sequence[Outcome]) -> Task | None:
    """The task with its open values taken from results; None if one of them stands in none.

    Args:
        outcomes: the results, that of the task it builds on last.
    """
    found = {name: value_for(task.card.slot[name], outcomes) for name in task.links}
    values = {name: fact.value for name, fact in found.items() if fact is not None}
    if len(values) < len(found):
        return None
    values = {name: _fitted(task.card.slot[name], value) for name, value in values.items()}
    known = {**task.arguments, **values}
    return Task(task.card, {slot.name: known[slot.name] for slot in task.card.slots if slot.name in known})


def value_for(slot: Slot, outcomes: Sequence[Outcome]) -> Fact | None:
    """The value for a parameter in the newest result that has one, under its name or the likeliest other."""
    for fits in (_same_name, _same_label, _same_end, _alone):
        for outcome in reversed(outcomes):
            if error_of(outcome.result):
                continue
            usable = [fact for fact in _values(outcome.result) if not fault(slot, _fitted(slot, fact.value))]
            new = [fact for fact in usable if not _is_echo(fact, outcome)]
            for facts_there in (new, usable) if fits is _same_name else (new,):
                matching = [fact for fact in facts_there if fits(fact, slot, new)]
                if matching:
                    return matching[0]
    return None


def _fitted(slot: Slot, value: Any) -> Any:
    """The value in the type that the parameter asks for: an id may be a number here and a text there."""
    if slot.form == "text" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return normalised(slot, value)


def _values(result: Any, path: tuple[str | int, ...] = ()) -> Iterator[Fact]:
    """Every value of a result that a parameter could take, lists and objects among them."""
    yield from facts(result, path)
    if isinstance(result, dict):
        for key, child in result.items():
            if isinstance(child, list | dict):
                yield Fact(humanise(key), child, (*path, key))
                inner = _values(child, (*path, key))
                yield from (fact for fact in inner if isinstance(fact.value, list | dict))


def _is_echo(fact: Fact, outcome: Outcome) -> bool:
    return len(fact.path) == 1 and outcome.arguments.get(str(fact.path[0])) == fact.value


def _key(fact: Fact) -> str:
    return next((part for part in reversed(fact.path) if isinstance(part, str)), "")


def _same_name(fact: Fact, slot: Slot, others: Sequence[Fact]) -> bool:
    return _key(fact) == slot.name


def _same_label(fact: Fact, slot: Slot, others: Sequence[Fact]) -> bool:
    return humanise(_key(fact)).lower() in (slot.label.lower(), humanise(slot.name).lower())


def _same_end(fact: Fact, slot: Slot, others: Sequence[Fact]) -> bool:
    """`id` for a `user_id`, `circle_area` for an `area`."""
    left, right = split_name(_key(fact)), split_name(slot.name)
    short = min(len(left), len(right))
    return short > 0 and left[-short:] == right[-short:]


def _alone(fact: Fact, slot: Slot, others: Sequence[Fact]) -> bool:
    """The only value in the result that the parameter could take."""
    return slot.form in ("integer", "number") and len(others) == 1


def regret(tasks: Iterable[Task], fresh: Sequence[Outcome], rng: random.Random) -> str:
    """What is said of tasks that are stuck."""
    failed = any(error_of(outcome.result) for outcome in fresh)
    said = []
    for task in tasks:
        doing = deed(task.card, task.arguments)
        needed = join([task.card.slot[name].the for name in task.links])
        if failed:
            said.append(
                rng.choice(
                    (
                        f"Without {needed} from it I cannot {doing} either.",
                        f"So I do not have {needed}, and could not {doing}.",
                        f"That also means that I could not {doing}: {needed} should have come from it.",
                    )
                )
            )
        else:
            said.append(f"The result does not tell {needed}, so I could not {doing}.")
    return " ".join(said)
