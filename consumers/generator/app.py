"""The generator as a consumer: `faststream run consumers.generator.app:app`."""

from consumers.generator.core import Generator, version
from consumers.llm import asks_models, client
from schemas.settings import Settings, load
from streams.stage import Stage


def build(settings: Settings) -> Stage:
    stage = Stage("generator", version(settings), settings)
    core = Generator(client(stage, settings), settings.max_steps)
    stage.per_message(asks_models(core.handle), settings.workers)
    return stage


app = build(load()).app
