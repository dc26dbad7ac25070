"""What a dialogue will be about: slot -> scenario, target tool, turns. Pure and seeded.

None of this needs a model: coverage, the scenario mix and the slots to fill are arithmetic.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.roles.function import choose_slots
from schemas.dialogue import RunSpec, Scenario, Slot, Task, Turn, TurnKind
from schemas.tools import ToolSpec

DEFAULT_MIX: dict[Scenario, float] = {
    Scenario.SINGLE_SINGLE: 1000,
    Scenario.SINGLE_MULTI: 1000,
    Scenario.MULTI_SINGLE: 1000,
    Scenario.MULTI_MULTI: 1000,
    Scenario.SPECIAL: 500,
}
"""The paper's 2,000 single-turn, 2,000 multi-turn and 500 special dialogues, tasks split evenly."""

GOLDEN = 0.6180339887498949
BLOCK = 40
"""Tools that are worked at a time: each comes round `dialogues_per_tool` times, far apart, so that
the memory of one dialogue can reach the next, and then the next tools follow."""


def scenario_of(spec: RunSpec, index: int) -> Scenario:
    """The scenario of a slot.

    A golden-ratio sequence over the mix: every stretch of slots has the mix as nearly as whole numbers
    allow, and the sequence falls into step with no tool order.
    """
    mix = {scenario: weight for scenario, weight in (spec.mix or DEFAULT_MIX).items() if weight > 0}
    at = (spec.seed * 0.7548776662466927 + (index + 1) * GOLDEN) % 1.0 * sum(mix.values())
    for scenario, weight in mix.items():
        at -= weight
        if at < 0:
            return scenario
    return scenario


ATTEMPTS_PER_TOOL = 2
"""Attempts at a slot before its neighbour's tool is taken: some tools cannot be asked about well."""


def target_of(spec: RunSpec, names: Sequence[str], index: int, attempt: int = 0) -> str:
    """The first target of a slot; every tool has its turns before any gets more."""
    order = random.Random(f"{spec.seed}/order").sample(sorted(names), len(names))
    block, place = divmod(index % (len(order) * spec.dialogues_per_tool), BLOCK * spec.dialogues_per_tool)
    tools = order[block * BLOCK : (block + 1) * BLOCK]
    return tools[(place + attempt // ATTEMPTS_PER_TOOL) % len(tools)]


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
class Plan:
    """What the user will do over the dialogue, and the tools it takes."""

    targets: tuple[str, ...]
    turns: tuple[Turn, ...]
    missing: bool = False
    """The targets are not on the table (no_tool)."""


def plan(
    spec: RunSpec,
    scenario: Scenario,
    target: ToolSpec,
    related: Sequence[ToolSpec],
    rng: random.Random,
    *,
    may_miss: bool = True,
) -> Plan:
    """Turns for a scenario.

    Args:
        related: tools that go well with the target, the closest first; they become further targets.
        may_miss: other tools would be on the table if the target were not.
    """

    def task(tool: ToolSpec) -> Task:
        return Task(tool.name, choose_slots(tool, spec.slot_strategy, rng))

    match scenario:
        case Scenario.SINGLE_SINGLE:
            return Plan((target.name,), (Turn(kind=TurnKind.REQUEST, tasks=(task(target),)),))
        case Scenario.SINGLE_MULTI:
            tools = _several(target, related, rng)
            turn = Turn(kind=TurnKind.REQUEST, tasks=tuple(task(tool) for tool in tools))
            return Plan(_names(tools), (turn,))
        case Scenario.MULTI_SINGLE:
            turns = _opening(target, task(target), rng, withhold=True)
            wanted = rng.choice((3, 4, 5, 5, 6))
            while len(turns) < wanted:
                turns.append(_continuation(turns, target, rng))
            return Plan((target.name,), tuple(turns))
        case Scenario.MULTI_MULTI:
            tools = _several(target, related, rng)
            turns = []
            for tool in tools:
                turns += _opening(tool, task(tool), rng, withhold=rng.random() < 0.3)
                if rng.random() < 0.25:
                    turns.append(_continuation(turns, tool, rng))
            return Plan(_names(tools), tuple(turns))
        case Scenario.SPECIAL:
            return _special(target, task(target), rng, may_miss)


def _special(target: ToolSpec, task: Task, rng: random.Random, may_miss: bool) -> Plan:
    kinds = [TurnKind.NO_TOOL] if may_miss else []
    if target.required:
        kinds.append(TurnKind.CANNOT_FILL)
    forbidding = [name for name in task.slots if can_be_invalid(target.properties[name])]
    if forbidding:
        kinds.append(TurnKind.INVALID_VALUE)
    # Nothing else is possible: an empty table, which the rules will not let pass.
    match rng.choice(kinds or [TurnKind.NO_TOOL]):
        case TurnKind.CANNOT_FILL:
            withheld = (rng.choice(target.required),)
            said = Task(task.tool, tuple(slot for slot in task.slots if slot not in withheld))
            turns: tuple[Turn, ...] = (
                Turn(kind=TurnKind.WITHHOLD, tasks=(said,), withheld=withheld),
                Turn(kind=TurnKind.CANNOT_FILL, tasks=(Task(task.tool),), withheld=withheld),
            )
            return Plan((target.name,), turns)
        case TurnKind.INVALID_VALUE:
            turns = (Turn(kind=TurnKind.INVALID_VALUE, tasks=(task,), slot=rng.choice(forbidding)),)
            return Plan((target.name,), turns)
        case _:
            return Plan((target.name,), (Turn(kind=TurnKind.NO_TOOL, tasks=(task,)),), missing=True)


def can_be_invalid(schema: Any) -> bool:
    """Whether a schema forbids something that a person could say."""
    if not isinstance(schema, Mapping):
        return False
    bounds = {"enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    return bool(bounds & schema.keys()) or schema.get("type") in ("integer", "number")


def _several(target: ToolSpec, related: Sequence[ToolSpec], rng: random.Random) -> list[ToolSpec]:
    """Two to four tools (mean 3.3, the paper's 3.27 tasks).

    Where too few are related a tool stands twice, with other values; one without parameters cannot.
    """
    wanted = rng.choice((2, 3, 3, 4, 4, 4))
    tools = [target, *related[: wanted - 1]]
    repeatable = [tool for tool in tools if tool.properties]
    while len(tools) < wanted and repeatable:
        tools.append(rng.choice(repeatable))
    return tools


def _names(tools: Sequence[ToolSpec]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tool.name for tool in tools))


def _opening(tool: ToolSpec, task: Task, rng: random.Random, *, withhold: bool) -> list[Turn]:
    """A task in one turn, or in two: first without some required value, then with it."""
    if not withhold or not tool.required:
        return [Turn(kind=TurnKind.REQUEST, tasks=(task,))]
    withheld = tuple(rng.sample(tool.required, rng.randint(1, min(2, len(tool.required)))))
    said = tuple(slot for slot in task.slots if slot not in withheld)
    return [
        Turn(kind=TurnKind.WITHHOLD, tasks=(Task(tool.name, said),), withheld=withheld),
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
