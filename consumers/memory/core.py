"""File each finished dialogue, so that the next one about the same tools is of another type.

dialogue.judged.done -> (the memory bucket, which the sampler reads)
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from agents.client import LLM
from agents.roles import memory
from consumers.llm import where
from consumers.memory_view import memory_key
from schemas.events import Envelope, Judged, Output
from schemas.memory import ToolMemory
from schemas.settings import Settings, behaviour_hash

Fold = Callable[[ToolMemory | None], ToolMemory]


class Memories(Protocol):
    """Where memories are kept; `streams.stores.Bucket` is the real one."""

    def get(self, key: str, kind: type[ToolMemory]) -> Awaitable[ToolMemory | None]: ...

    def change(self, key: str, kind: type[ToolMemory], fold: Fold) -> Awaitable[ToolMemory]: ...


def version(settings: Settings) -> str:
    return "1+" + behaviour_hash(memory.ROLE.version, settings.endpoint("memory").model)


class Memory:
    def __init__(self, llm: LLM, memories: Memories) -> None:
        self.llm = llm
        self.memories = memories

    async def handle(self, event: Envelope) -> Sequence[Output]:
        if not isinstance(event.body, Judged):
            raise TypeError(f"the memory does not know what to do with {type(event.body).__name__}")
        dialogue = event.body.dialogue
        if not dialogue.spec.memory:
            return []
        key = memory_key(event.run_id, dialogue.cluster or dialogue.targets[0])
        known = await self.memories.get(key, ToolMemory) or ToolMemory()
        if dialogue.id in known.filed:
            return []
        found = await memory.recollect(self.llm, where(event), dialogue, known.labels, known.summary)
        await self.memories.change(
            key,
            ToolMemory,
            lambda now: (now or ToolMemory()).file(dialogue.id, found.type_label, found.summary),
        )
        return []
