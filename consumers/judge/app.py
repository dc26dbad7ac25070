"""The judge as a consumer: `faststream run consumers.judge.app:app`."""

from consumers.judge.core import Judge, version
from consumers.llm import asks_models, client
from schemas.settings import Settings, load
from streams.stage import Stage


def build(settings: Settings) -> Stage:
    stage = Stage("judge", version(settings), settings)
    core = Judge(client(stage, settings))
    stage.per_message(asks_models(core.handle), settings.workers)
    return stage


app = build(load()).app
