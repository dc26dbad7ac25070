"""The sampler as a consumer: `faststream run consumers.sampler.app:app`."""

from consumers.llm import asks_models, client
from consumers.sampler.core import Sampler, version
from schemas.memory import ToolMemory
from schemas.settings import Settings, load
from streams.stage import Stage
from streams.stores import Bucket, get_pool
from streams.topology import MEMORY_BUCKET


def build(settings: Settings) -> Stage:
    stage = Stage("sampler", version(settings), settings)
    memories = Bucket(stage, MEMORY_BUCKET)
    core = Sampler(
        client(stage, settings),
        load_pool=lambda address: get_pool(stage.js, address),
        recall=lambda key: memories.get(key, ToolMemory),
    )
    stage.per_message(asks_models(core.handle), settings.workers)
    return stage


app = build(load()).app
