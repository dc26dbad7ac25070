"""What a dialogue will be about: scenario and tools -> turns, tasks and slots. Pure and seeded.

None of this needs a model: the turns, the slots to fill and the mishaps are arithmetic.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from agents.roles.function import choose_slots
from schemas.dialogue import EXPECTED_ACTION, Link, Mishap, RunSpec, Scenario, Slot, Task, Turn, TurnKind
from schemas.tools import ToolSpec

CHAIN_SHARE = 0.8
"""Share of the multi-task dialogues with calls that depend on each other, where the tools allow it."""
RETRY_SHARE = 0.6
"""Share of a multi-turn dialogue's mishaps after which the user has it tried again."""
PASSING: tuple[Mishap, ...] = ("unavailable", "rate_limited", "denied", "timeout")
"""Mishaps that may be over when the same is tried again."""


def next_slots(spec: RunSpec, slot: Slot, accepted: bool) -> list[Slot]:
    """Where a lane goes after the dialogue of `slot` has ended; nothing when the lane is through."""
    if not accepted and (slot.attempt + 1) % spec.max_attempts:
        return [Slot(slot.index, slot.attempt + 1, slot.stride, slot.end)]
    index = slot.index + slot.stride
    return [Slot(index, 0, slot.stride, slot.end)] if index < slot.end else []


def once_more(spec: RunSpec, index: int, attempts: int) -> Slot:
    """A slot that was given up after so many attempts, on a lane of its own; the numbering goes on."""
    rounds = -(-attempts // spec.max_attempts)
    return Slot(index, rounds * spec.max_attempts, stride=1, end=index + 1)


def first_slots(spec: RunSpec, first: int, end: int) -> list[Slot]:
    """The first slot of each lane."""
    stride = max(1, min(spec.in_flight, end - first))
    return [Slot(index, 0, stride, end) for index in range(first, min(first + stride, end))]


@dataclass(frozen=True)
class Giver:
    """A tool whose result has values for slots of the target."""

    tool: ToolSpec
    slots: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What the user will do over the dialogue, and the tools it takes."""

    targets: tuple[str, ...]
    turns: tuple[Turn, ...]
    missing: tuple[ToolSpec, ...] = ()
    """Tools the user wants something of that are not on the table."""

    @property
    def filled(self) -> dict[str, set[str]]:
        """Tool -> the slots that its calls will have values for."""
        slots: dict[str, set[str]] = {}
        for turn in self.turns:
            for task in turn.tasks:
                slots.setdefault(task.tool, set()).update(
                    task.slots, turn.withheld, (link.slot for link in task.links)
                )
        return slots


@dataclass(frozen=True)
class Table:
    """What a plan can be made of.

    Args:
        related: tools that go well with the target, the likeliest first; they become further targets.
        givers: tools whose results have values that the target needs.
        strangers: tools that have nothing to do with the target, for what no tool can do.
        may_miss: other tools would be on the table if the target were not.
    """

    target: ToolSpec
    related: Sequence[ToolSpec] = ()
    givers: Sequence[Giver] = ()
    strangers: Sequence[ToolSpec] = ()
    may_miss: bool = True


def plan(spec: RunSpec, scenario: Scenario, tasks: int, table: Table, rng: random.Random) -> Plan:
    """Turns for a scenario.

    Args:
        tasks: how many a multi-task dialogue has; the others have one.
    """
    target = table.target

    def task(tool: ToolSpec) -> Task:
        return Task(tool.name, choose_slots(tool, spec.slot_strategy, rng))

    match scenario:
        case Scenario.SINGLE_SINGLE:
            made = Plan((target.name,), (Turn(kind=TurnKind.REQUEST, tasks=(task(target),)),))
        case Scenario.SINGLE_MULTI:
            several = _several(table, tasks, task, rng)
            turn = Turn(kind=TurnKind.REQUEST, tasks=tuple(task for _, task in several))
            made = Plan(_names(several), (turn,))
        case Scenario.MULTI_SINGLE:
            turns = _opening(target, task(target), rng, withhold=True)
            wanted = rng.choice((3, 4, 5, 5, 6))
            while len(turns) < wanted:
                turns.append(_continuation(turns, target, rng))
            made = Plan((target.name,), tuple(turns))
        case Scenario.MULTI_MULTI:
            several = _several(table, tasks, task, rng)
            turns = []
            for tool, wanted_task in several:
                turns += _opening(tool, wanted_task, rng, withhold=rng.random() < 0.3)
                if rng.random() < 0.25:
                    turns.append(_continuation(turns, tool, rng))
            made = Plan(_names(several), tuple(turns))
        case Scenario.SPECIAL:
            return _special(table, task, rng)
    several_turns = scenario in (Scenario.MULTI_SINGLE, Scenario.MULTI_MULTI)
    return replace(made, turns=with_mishaps(spec, made.turns, several_turns, rng))


def with_mishaps(
    spec: RunSpec, turns: Sequence[Turn], several_turns: bool, rng: random.Random
) -> tuple[Turn, ...]:
    """The turns, with a tool failing in some, and the user asking to try again.

    Where later turns build on the result there is always a second try.
    """
    needed = {link.tool for turn in turns for task in turn.tasks for link in task.links}
    made: list[Turn] = []
    for i, turn in enumerate(turns):
        tools = [task.tool for task in turn.tasks if task.tool not in needed and not task.links]
        if EXPECTED_ACTION[turn.kind] != "call" or not tools or rng.random() >= spec.mishap_share:
            made.append(turn)
            continue
        failing = rng.choice(tools)
        builds_on = i + 1 < len(turns) and turns[i + 1].kind in (TurnKind.FOLLOW_UP, TurnKind.REFINE)
        retried = several_turns and (builds_on or rng.random() < RETRY_SHARE)
        mishap = rng.choice(PASSING if retried else (*PASSING, "not_found"))
        made.append(msgspec.structs.replace(turn, fails=failing, mishap=mishap))
        if retried:
            again = tuple(task for task in turn.tasks if task.tool == failing)
            made.append(Turn(kind=TurnKind.RETRY, tasks=again))
    return tuple(made)


MakeTask = Callable[[ToolSpec], Task]


def _special(table: Table, make: MakeTask, rng: random.Random) -> Plan:
    """A dialogue of one of the special kinds that the tools allow."""
    target, task = table.target, make(table.target)
    forbidding = [name for name in task.slots if can_be_invalid(target.properties[name])]
    other = next((tool for tool in (*table.related, target) if tool.properties), None)
    possible: dict[TurnKind, bool] = {
        TurnKind.NO_TOOL: table.may_miss,
        TurnKind.ALMOST: True,
        TurnKind.CANNOT_FILL: bool(target.required),
        TurnKind.INVALID_VALUE: bool(forbidding),
        TurnKind.CHANGE_MIND: bool(target.required) and other is not None,
        TurnKind.PARTIAL: bool(table.strangers),
    }
    match rng.choice([kind for kind, can in possible.items() if can]):
        case TurnKind.ALMOST:
            return Plan((target.name,), (Turn(kind=TurnKind.ALMOST, tasks=(task,)),))
        case TurnKind.CANNOT_FILL:
            first = _withholding(task, (rng.choice(target.required),))
            second = Turn(kind=TurnKind.CANNOT_FILL, tasks=(Task(task.tool),), withheld=first.withheld)
            return Plan((target.name,), (first, second))
        case TurnKind.INVALID_VALUE:
            turn = Turn(kind=TurnKind.INVALID_VALUE, tasks=(task,), slot=rng.choice(forbidding))
            return Plan((target.name,), (turn,))
        case TurnKind.CHANGE_MIND:
            assert other is not None
            first = _withholding(task, (rng.choice(target.required),))
            second = Turn(kind=TurnKind.CHANGE_MIND, tasks=(make(other),))
            return Plan(tuple(dict.fromkeys((target.name, other.name))), (first, second))
        case TurnKind.PARTIAL:
            beyond = rng.choice(table.strangers)
            turn = Turn(kind=TurnKind.PARTIAL, tasks=(task,), beyond=beyond.name)
            return Plan((target.name,), (turn,), missing=(beyond,))
        case _:
            return Plan((target.name,), (Turn(kind=TurnKind.NO_TOOL, tasks=(task,)),), missing=(target,))


def can_be_invalid(schema: Any) -> bool:
    """Whether a schema forbids something that a person could say."""
    if not isinstance(schema, Mapping):
        return False
    bounds = {"enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    return bool(bounds & schema.keys()) or schema.get("type") in ("integer", "number")


def _several(table: Table, wanted: int, make: MakeTask, rng: random.Random) -> list[tuple[ToolSpec, Task]]:
    """The tasks of a multi-task dialogue.

    Where too few tools are related one stands twice, with other values; one without parameters cannot.
    Where a tool's result has what the target needs, that comes first as a task more, and the target builds
    on it.
    """
    target = table.target
    chained: list[tuple[ToolSpec, Task]] = []
    if table.givers and rng.random() < CHAIN_SHARE:
        giver = rng.choice(table.givers)
        own = make(target)
        kept = tuple(slot for slot in own.slots if slot not in giver.slots)
        links = tuple(Link(slot, giver.tool.name) for slot in giver.slots)
        chained = [(giver.tool, make(giver.tool)), (target, Task(target.name, kept, links))]
    taken = {tool.name for tool, _ in chained} or {target.name}
    more = [tool for tool in table.related if tool.name not in taken]
    tools = [] if chained else [target]
    tools += more[: wanted - 1]
    repeatable = [tool for tool in tools if tool.properties]
    while len(chained) + len(tools) < wanted and repeatable:
        tools.append(rng.choice(repeatable))
    return [*chained, *((tool, make(tool)) for tool in tools)]


def _names(several: Sequence[tuple[ToolSpec, Task]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tool.name for tool, _ in several))


def _withholding(task: Task, withheld: tuple[str, ...]) -> Turn:
    said = tuple(slot for slot in task.slots if slot not in withheld)
    return Turn(kind=TurnKind.WITHHOLD, tasks=(Task(task.tool, said),), withheld=withheld)


def _opening(tool: ToolSpec, task: Task, rng: random.Random, *, withhold: bool) -> list[Turn]:
    """A task in one turn, or in two: first without some required value, then with it."""
    if not withhold or not tool.required or task.links:
        return [Turn(kind=TurnKind.REQUEST, tasks=(task,))]
    withheld = tuple(rng.sample(tool.required, rng.randint(1, min(2, len(tool.required)))))
    return [
        _withholding(task, withheld),
        Turn(kind=TurnKind.SUPPLY, tasks=(Task(tool.name, withheld),)),
    ]


def _continuation(turns: Sequence[Turn], tool: ToolSpec, rng: random.Random) -> Turn:
    """More of the same task: another value, or a question about the result; never two questions in a row."""
    slots = tuple(
        dict.fromkeys(
            slot for turn in turns for task in turn.tasks if task.tool == tool.name for slot in task.slots
        )
    )
    if slots and (turns[-1].kind is TurnKind.FOLLOW_UP or rng.random() < 0.6):
        return Turn(kind=TurnKind.REFINE, tasks=(Task(tool.name, slots),), slot=rng.choice(slots))
    return Turn(kind=TurnKind.FOLLOW_UP, tasks=(Task(tool.name),))
