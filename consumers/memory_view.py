"""What the sampler reads of the memory agent's bucket, and under which key."""

from schemas.dialogue import Guidance
from schemas.memory import ToolMemory


def memory_key(run_id: str, cluster: str) -> str:
    """Memories are a run's own: a run with another seed starts from nothing."""
    return f"{run_id}-{cluster}"


def guidance_of(memory: ToolMemory | None) -> Guidance:
    if memory is None:
        return Guidance()
    return Guidance(memory.summary, tuple(sorted(memory.labels)))
