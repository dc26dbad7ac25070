"""Start dialogues, and start the next when one has ended.

    runs.requested                                        -> tools.sampled (the first of each lane)
    review.accepted, review.needed, review.rejected, dead -> tools.sampled (the lane's next)

The sampler remembers nothing: what comes next is derived from the dialogue that ended (`schemas.Slot`).
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence

from agents.client import LLM, ReplyUnusable
from agents.roles import sample
from consumers.llm import where
from consumers.memory_view import guidance_of, memory_key
from consumers.sampler.neighbours import Neighbours
from consumers.sampler.personas import persona
from consumers.sampler.plan import first_slots, next_slots, plan, scenario_of, target_of
from schemas.dialogue import Dialogue, Distractor, Relevance, RunSpec, Slot
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

TARGETS_FROM = 0.75
"""r above which tools are grouped as targets of one dialogue (paper)."""
TWINS_FROM = 0.97
"""r from which two tools do the same: which of them to call could only be guessed."""
NO_TOOL_BELOW = 0.5
"""r under which a tool surely cannot stand in for a missing one."""
NEAREST, RANDOM = 8, 4
"""Tools the model rates against a target: lexical neighbours, and others for the low band."""
BANDS: tuple[Relevance, ...] = (
    Relevance.HIGH,
    Relevance.MEDIUM,
    Relevance.LOW,
    Relevance.HIGH,
    Relevance.MEDIUM,
)
"""The bands distractors are drawn from, in turn."""

LoadPool = Callable[[str], Awaitable[tuple[ToolSpec, ...]]]
Recall = Callable[[str], Awaitable[ToolMemory | None]]


def version(settings: Settings) -> str:
    return "1+" + behaviour_hash(
        sample.ROLE.version,
        settings.endpoint("sample").model,
        TARGETS_FROM,
        TWINS_FROM,
        NO_TOOL_BELOW,
        NEAREST,
        RANDOM,
    )


class Pool:
    """A tool pool with its neighbours, ready to be sampled from."""

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        self.tools: Mapping[str, ToolSpec] = {tool.name: tool for tool in tools}
        self.names = tuple(self.tools)
        self.neighbours = Neighbours(tools)


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
        target = pool.tools[target_of(spec, pool.names, slot.index, slot.attempt)]
        relevance = {
            name: r for name, r in (await self._relevance(event, pool, target)).items() if r < TWINS_FROM
        }

        ranked = sorted(relevance, key=lambda name: (-relevance[name], name))
        related = [pool.tools[name] for name in ranked if relevance[name] > TARGETS_FROM] or [
            pool.tools[name] for name in ranked[:3] if relevance[name] > 0.3
        ]
        may_miss = any(r < NO_TOOL_BELOW for r in relevance.values())
        planned = plan(spec, scenario, target, related, rng, may_miss=may_miss)
        others = [name for name in ranked if name not in planned.targets]
        if planned.missing:
            others = [name for name in others if relevance[name] < NO_TOOL_BELOW]
        distractors = tuple(
            Distractor(name, round(relevance[name], 3), Relevance.of(relevance[name]))
            for name in draw_distractors(others, relevance, rng)
        )
        shown = [*(() if planned.missing else planned.targets), *(d.tool for d in distractors)]
        rng.shuffle(shown)
        memory = await self.recall(memory_key(event.run_id, planned.targets[0]))
        return Output(
            TOOLS_SAMPLED,
            ToolsSampled(
                Dialogue(
                    id=dialogue_id,
                    scenario=scenario,
                    spec=spec,
                    slot=slot,
                    tools=tuple(pool.tools[name] for name in shown),
                    targets=planned.targets,
                    distractors=distractors,
                    missing_tools=(target,) if planned.missing else (),
                    turns=planned.turns,
                    persona=persona(rng),
                    guidance=guidance_of(memory),
                )
            ),
            round=0,
            dialogue_id=dialogue_id,
        )

    async def _relevance(self, event: Envelope, pool: Pool, target: ToolSpec) -> dict[str, float]:
        """r of the tools worth asking about; asked once per target for the pool's whole life."""
        near = pool.neighbours.nearest(target.name, NEAREST)
        rest = sorted(set(pool.names) - {target.name, *near})
        rng = random.Random(f"others/{target.name}")
        others = [*near, *rng.sample(rest, min(RANDOM, len(rest)))]
        if not others:
            return {}
        try:
            return await sample.relate(self.llm, where(event), target, [pool.tools[name] for name in others])
        except ReplyUnusable as error:
            # A lane, and at a run's start all lanes, must not end for one bad reply about similarity.
            log.warning(
                "%s: words decide what is near it, for want of the model's rating: %s", target.name, error
            )
            return pool.neighbours.similarity(target.name, others)

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


def draw_distractors(others: Sequence[str], relevance: Mapping[str, float], rng: random.Random) -> list[str]:
    """Three to five tools, taken in turn from the bands as far as these reach."""
    bands: dict[Relevance, list[str]] = {band: [] for band in Relevance}
    for name in others:
        bands[Relevance.of(relevance[name])].append(name)
    for names in bands.values():
        rng.shuffle(names)
    wanted = rng.randint(3, 5)
    drawn: list[str] = []
    for band in (*BANDS, *reversed(Relevance), *reversed(Relevance)):
        if len(drawn) < wanted and bands[band]:
            drawn.append(bands[band].pop())
    return drawn
