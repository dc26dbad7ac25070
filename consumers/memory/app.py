"""The memory as a consumer: `faststream run consumers.memory.app:app`."""

from consumers.llm import asks_models, client
from consumers.memory.core import Memory, version
from schemas.settings import Settings, load
from streams.stage import Stage
from streams.stores import Bucket
from streams.topology import MEMORY_BUCKET


def build(settings: Settings) -> Stage:
    stage = Stage("memory", version(settings), settings)
    core = Memory(client(stage, settings), Bucket(stage, MEMORY_BUCKET))
    stage.per_message(asks_models(core.handle), settings.workers)
    return stage


app = build(load()).app
