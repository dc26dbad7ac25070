"""The repairer as a consumer: `faststream run consumers.repairer.app:app`."""

from consumers.llm import asks_models, client
from consumers.repairer.core import Repairer, version
from schemas.settings import Settings, load
from streams.stage import Stage


def build(settings: Settings) -> Stage:
    stage = Stage("repairer", version(settings), settings)
    core = Repairer(client(stage, settings), f"{stage.producer} {settings.endpoint('repair').model}")
    stage.per_message(asks_models(core.handle), settings.workers)
    return stage


app = build(load()).app
