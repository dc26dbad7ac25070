"""Start dialogues, and start the next when one has ended.

    runs.requested                                        -> tools.sampled (the first of each lane)
    review.accepted, review.needed, review.rejected, dead -> tools.sampled (the lane's next)

The sampler remembers nothing: what comes next is derived from the dialogue that ended (`schemas.Slot`).
"""

import asyncio
import logging
import math
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from agents.client import LLM, ReplyUnusable
from agents.roles import sample
from agents.roles.sample import Relation
from consumers.llm import where
from consumers.memory_view import guidance_of, memory_key
from consumers.sampler.neighbours import Neighbours
from consumers.sampler.personas import persona
from consumers.sampler.plan import Giver, Plan, Table, first_slots, next_slots, plan
from consumers.sampler.schedule import (
    BLOCK,
    DOMAIN_FROM,
    TARGETS_FROM,
    Relations,
    Schedule,
    companions,
    scenario_of,
    tasks_of,
)
from schemas.dialogue import (
    Dialogue,
    Distractor,
    Guidance,
    Relevance,
    RunSpec,
    Scenario,
    Slot,
)
from schemas.events import (
    Dead,
    Envelope,
    Output,
    ReviewAccepted,
    ReviewNeeded,
    ReviewRejected,
    RunRequested,
    ToolsSampled,
    derive_id,
)
from schemas.memory import ToolMemory
from schemas.settings import Settings, behaviour_hash
from schemas.tools import ToolSpec
from streams.topology import TOOLS_SAMPLED

log = logging.getLogger(__name__)

TWINS_FROM = 0.97
"""r from which two tools do the same: which of them to call could only be guessed."""
NO_TOOL_BELOW = 0.5
"""r under which a tool surely cannot stand in for a missing one."""
STRANGER_BELOW = 0.2
"""r, or likeness of words, under which two tools have nothing to do with each other."""
OTHERS = 3
"""Tools without a word in common with the target that the model rates too, for the low band."""
DISTRACTOR_MIX: dict[Relevance, float] = {Relevance.HIGH: 2, Relevance.MEDIUM: 2, Relevance.LOW: 1}
"""Weights of the bands that distractors are drawn from, where the run states none."""
MOST_DISTRACTORS = 7

LoadPool = Callable[[str], Awaitable[tuple[ToolSpec, ...]]]
Recall = Callable[[str], Awaitable[ToolMemory | None]]


def version(settings: Settings) -> str:
    return "1+" + behaviour_hash(
        sample.ROLE.version,
        settings.endpoint("sample").model,
        BLOCK,
        DOMAIN_FROM,
        TARGETS_FROM,
        TWINS_FROM,
        NO_TOOL_BELOW,
        OTHERS,
        sorted(DISTRACTOR_MIX.items()),
        MOST_DISTRACTORS,
    )


class Pool:
    """A tool pool with its neighbours, ready to be sampled from."""

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        self.tools: Mapping[str, ToolSpec] = {tool.name: tool for tool in tools}
        self.neighbours = Neighbours(tools)
        # All of it now: this runs in a thread of its own, what asks for it later does not.
        self.clusters = self.neighbours.clusters
        self.kin = {name: self.neighbours.kin(name) for name in self.tools}
        self.relations: dict[str, Relations] = {}
        self._schedules: dict[bytes, Schedule] = {}

    def schedule(self, spec: RunSpec) -> Schedule:
        shape = (spec.seed, spec.dialogues_per_tool, spec.mix)
        key = msgspec.json.encode(shape, order="deterministic")
        if key not in self._schedules:
            self._schedules[key] = Schedule(spec, tuple(self.tools))
        return self._schedules[key]


class Sampler:
    def __init__(self, llm: LLM, load_pool: LoadPool, recall: Recall) -> None:
        self.llm = llm
        self.load_pool = load_pool
        self.recall = recall
        self._pools: dict[str, asyncio.Task[Pool]] = {}

    async def handle(self, event: Envelope) -> Sequence[Output]:
        spec, slots = starts(event)
        if spec is None:
            return []
        return list(await asyncio.gather(*(self.sample(event, spec, slot) for slot in slots)))

    async def sample(self, event: Envelope, spec: RunSpec, slot: Slot) -> Output:
        """Targets, distractors and a plan for one slot."""
        pool = await self._pool(spec.pool)
        dialogue_id = derive_id(event.run_id, slot.index, slot.attempt)
        rng = random.Random(dialogue_id)
        scenario = scenario_of(spec, slot.index)

        async def rate(tool: str) -> Relations:
            return await self._relations(event, pool, tool)

        name, *others = await pool.schedule(spec).tools(slot, rate)
        target, relations = pool.tools[name], await rate(name)
        relevance = {other: found.r for other, found in relations.items()}
        if scenario is Scenario.SPECIAL:
            others = companions(relations, {}, 1)  # none is planned; a user who changes their mind needs one
        table = _table(pool, target, others, relations)
        planned = plan(spec, scenario, tasks_of(spec, slot.index), table, rng)
        distractors = tuple(
            Distractor(other, round(relevance[other], 3), Relevance.of(relevance[other]))
            for other in distractors_of(pool, spec, scenario, planned, relevance, rng)
        )
        missing = {tool.name for tool in planned.missing}
        shown = [*(t for t in planned.targets if t not in missing), *(d.tool for d in distractors)]
        rng.shuffle(shown)
        cluster = pool.clusters[target.name]
        guidance = Guidance()
        if spec.memory:
            guidance = guidance_of(await self.recall(memory_key(event.run_id, cluster)))
        return Output(
            TOOLS_SAMPLED,
            ToolsSampled(
                Dialogue(
                    id=dialogue_id,
                    scenario=scenario,
                    spec=spec,
                    slot=slot,
                    tools=tuple(pool.tools[other] for other in shown),
                    targets=planned.targets,
                    distractors=distractors,
                    missing_tools=planned.missing,
                    turns=planned.turns,
                    persona=persona(rng),
                    language=language(spec, rng),
                    cluster=cluster,
                    guidance=guidance,
                )
            ),
            round=0,
            dialogue_id=dialogue_id,
        )

    async def _relations(self, event: Envelope, pool: Pool, name: str) -> Relations:
        """How the tools worth asking about stand to a target; asked once for the pool's whole life."""
        if name in pool.relations:
            return pool.relations[name]
        target, kin = pool.tools[name], pool.kin[name]
        rest = sorted(pool.tools.keys() - {name, *kin})
        rng = random.Random(f"others/{name}")
        others = [*kin, *rng.sample(rest, min(OTHERS, len(rest)))]
        if not others:
            return {}
        try:
            found = await sample.relate(self.llm, where(event), target, [pool.tools[o] for o in others])
        except ReplyUnusable as error:
            # A lane, and at a run's start all lanes, must not end for one bad reply about similarity.
            log.warning("%s: words decide what is near it, for want of the model's rating: %s", name, error)
            similar = pool.neighbours.similarity(name, others)
            found = {other: Relation(r) for other, r in similar.items()}
        pool.relations[name] = {other: each for other, each in found.items() if each.r < TWINS_FROM}
        return pool.relations[name]

    async def _pool(self, address: str) -> Pool:
        if address not in self._pools:

            async def load() -> Pool:
                tools = await self.load_pool(address)
                return await asyncio.to_thread(Pool, tools)

            self._pools[address] = asyncio.create_task(load())
        try:
            return await asyncio.shield(self._pools[address])
        except Exception:
            self._pools.pop(address, None)  # a failed load is no answer for ever
            raise


def starts(event: Envelope) -> tuple[RunSpec | None, list[Slot]]:
    """The slots that an event starts."""
    match event.body:
        case RunRequested(spec=spec, slots=slots) if slots:
            return spec, list(slots)
        case RunRequested(spec=spec, first=first, end=end):
            return spec, first_slots(spec, first, end)
        case ReviewAccepted(how="automatic", dialogue=dialogue):
            accepted = True
        case ReviewNeeded(dialogue=dialogue) | ReviewRejected(how="automatic", dialogue=dialogue):
            accepted = False
        case Dead(ends_dialogue=True, dialogue=Dialogue() as dialogue):
            accepted = False
        case _:
            # A person's decision comes after the lane has long moved on.
            return None, []
    if dialogue.slot is None:
        return None, []
    return dialogue.spec, next_slots(dialogue.spec, dialogue.slot, accepted)


def _table(pool: Pool, target: ToolSpec, others: Sequence[str], relations: Relations) -> Table:
    """What a plan about the target and its companions can be made of."""
    givers = [
        Giver(pool.tools[name], found.gives) for name, found in sorted(relations.items()) if found.gives
    ]
    return Table(
        target=target,
        related=[pool.tools[name] for name in others],
        givers=givers,
        strangers=[pool.tools[name] for name, found in sorted(relations.items()) if found.r < STRANGER_BELOW],
        may_miss=any(found.r < NO_TOOL_BELOW for found in relations.values()),
    )


def distractors_of(
    pool: Pool,
    spec: RunSpec,
    scenario: Scenario,
    planned: Plan,
    relevance: Mapping[str, float],
    rng: random.Random,
) -> list[str]:
    """The tools that lie beside the plan's own on the table; none that could do what no tool is to do."""
    others = [name for name in relevance if name not in planned.targets]
    for gone in planned.missing:
        if gone.name in planned.targets:
            others = [name for name in others if relevance[name] < NO_TOOL_BELOW]
        else:
            near = pool.neighbours.similarity(gone.name, others)
            others = [name for name in others if name != gone.name and near[name] < STRANGER_BELOW]
    drawn = draw_distractors(others, relevance, spec.distractors or DISTRACTOR_MIX, rng)
    if scenario is Scenario.SPECIAL:
        return drawn[: rng.randint(3, 5)]
    tools = [pool.tools[name] for name in drawn]
    return drawn[: crowd(planned, pool.tools, tools, rng.random())]


def draw_distractors(
    others: Sequence[str],
    relevance: Mapping[str, float],
    mix: Mapping[Relevance, float],
    rng: random.Random,
) -> list[str]:
    """Up to seven tools, each from a band drawn by the mix, as far as the bands reach."""
    bands: dict[Relevance, list[str]] = {band: [] for band in Relevance}
    for name in sorted(others):
        bands[Relevance.of(relevance[name])].append(name)
    for names in bands.values():
        rng.shuffle(names)
    drawn: list[str] = []
    while len(drawn) < MOST_DISTRACTORS:
        weights = {band: mix.get(band, 0.0) for band in Relevance if bands[band]}
        if not any(weights.values()):
            break
        [band] = rng.choices(list(weights), list(weights.values()))
        drawn.append(bands[band].pop())
    return drawn


def crowd(
    planned: Plan, pool: Mapping[str, ToolSpec], distractors: Sequence[ToolSpec], fullness: float
) -> int:
    """How many of the distractors to put on the table.

    The slots that the calls fill, over all slots of all tools on the table, come as near to `fullness`
    as they can: drawn evenly from [0, 1] it spreads the slot-filling ratio evenly, and tables range from
    one tool to a dozen.
    """
    filled = sum(len(slots) for slots in planned.filled.values())
    slots = sum(len(pool[name].properties) for name in planned.targets)
    best, nearest = 0, math.inf
    for count in range(len(distractors) + 1):
        if count:
            slots += len(distractors[count - 1].properties)
        distance = abs(filled / max(1, slots) - fullness)
        if distance < nearest:
            best, nearest = count, distance
    return best


def language(spec: RunSpec, rng: random.Random) -> str:
    """The user's language; empty for a run that names none."""
    if not spec.languages:
        return ""
    names = sorted(spec.languages)
    return rng.choices(names, [spec.languages[name] for name in names])[0]
