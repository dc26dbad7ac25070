"""Which tools a slot's dialogue is about, so that every tool of the pool has its turns.

The schedule follows from the pool, the run's spec and the model's ratings, which are asked for once and
kept in the ledger: any sampler, started anywhere, derives the same one, so that nothing is stored or shared.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

from agents.roles.sample import Relation
from schemas.dialogue import RunSpec, Scenario, Slot

BLOCK = 80
"""Tools that are worked at a time: more than dialogues are usually under way at once, so that the memory
of one dialogue can reach the next about the same tool."""
ATTEMPTS_TOGETHER = 2
"""Attempts at a slot before its target is left without companions: some go badly together."""
ATTEMPTS_PER_TOOL = 3
"""Attempts at a slot before its neighbour's tool is taken: some tools cannot be asked about well."""

GOLDEN = 0.6180339887498949

DEFAULT_MIX: dict[Scenario, float] = {
    Scenario.SINGLE_SINGLE: 1000,
    Scenario.SINGLE_MULTI: 1000,
    Scenario.MULTI_SINGLE: 1000,
    Scenario.MULTI_MULTI: 1000,
    Scenario.SPECIAL: 500,
}
"""The paper's 2,000 single-turn, 2,000 multi-turn and 500 special dialogues, tasks split evenly."""

TASKS = (2, 3, 3, 4, 4, 4)
"""Tasks of a multi-task dialogue, each as likely: 3.33 on average (paper: 3.27)."""


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


def tasks_of(spec: RunSpec, index: int) -> int:
    """How many tasks a slot's dialogue has."""
    if scenario_of(spec, index) not in (Scenario.SINGLE_MULTI, Scenario.MULTI_MULTI):
        return 1
    return random.Random(f"{spec.seed}/tasks/{index}").choice(TASKS)


TARGETS_FROM = 0.75
"""r above which tools are grouped as targets of one dialogue (paper)."""
DOMAIN_FROM = 0.3
"""r above which a tool is of the target's domain; such tools fill a group that is too small."""

Relations = Mapping[str, Relation]
"""How other tools stand to a target, by name."""
Rate = Callable[[str], Awaitable[Relations]]
"""Asks how the tools worth asking about stand to a target."""


class Schedule:
    """Slot -> its target and the companions that share its dialogue.

    The target is always a tool of the current block that had the fewest turns; a block is done when
    each of its tools had `dialogues_per_tool`, as target or companion. When all blocks are done, each tool
    gets one turn more a pass. Of the tools that go with the target, those that had fewest turns are taken.
    """

    def __init__(self, spec: RunSpec, names: Sequence[str]) -> None:
        self._spec = spec
        self._order = random.Random(f"{spec.seed}/order").sample(sorted(names), len(names))
        self._turns: Counter[str] = Counter()
        self._quota = spec.dialogues_per_tool
        self._block = 0
        self._slots: list[tuple[str, ...]] = []
        self._growing = asyncio.Lock()

    async def tools(self, slot: Slot, relations: Rate) -> tuple[str, ...]:
        """The target of a slot's dialogue and its companions, one a further task as far as there are any.

        After a few failed attempts the target comes alone, and then the tools around it in the
        schedule's order, alone as well.

        Args:
            relations: asked for the tools of a whole block at a time.
        """
        async with self._growing:
            while len(self._slots) <= slot.index:
                await self._work_off_block(relations)
        planned = self._slots[slot.index]
        shift = slot.attempt // ATTEMPTS_PER_TOOL
        if not shift:
            return planned if slot.attempt < ATTEMPTS_TOGETHER else planned[:1]
        at = self._order.index(planned[0])
        return (self._order[(at + shift) % len(self._order)],)

    async def _work_off_block(self, relations: Rate) -> None:
        """Plan slots until every tool of the current block has had its turns, then go to the next block."""
        tools = self._order[self._block : self._block + BLOCK]
        found = dict(zip(tools, await asyncio.gather(*map(relations, tools)), strict=True))
        while any(self._turns[name] < self._quota for name in tools):
            target = min(tools, key=self._turns.__getitem__)
            wanted = tasks_of(self._spec, len(self._slots)) - 1
            group = (target, *companions(found[target], self._turns, wanted))
            self._turns.update(group)
            self._slots.append(group)
        self._block += BLOCK
        if self._block >= len(self._order):
            # From here on a turn at a time, so that wherever a run ends its tools are nearly even.
            self._block, self._quota = 0, self._quota + 1


def companions(relations: Relations, turns: Mapping[str, int], wanted: int) -> list[str]:
    """The tools that best share a dialogue with a target: of its group first, then of its domain.

    Within each those with the fewest turns come first, then the closest.
    """

    def rank(name: str) -> tuple[bool, int, float, str]:
        r = relations[name].r
        return r <= TARGETS_FROM, turns.get(name, 0), -r, name

    return sorted((name for name, found in relations.items() if found.r > DOMAIN_FROM), key=rank)[:wanted]
