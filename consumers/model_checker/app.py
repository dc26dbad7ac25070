"""The model checker as a consumer: `faststream run consumers.model_checker.app:app`."""

from consumers.llm import asks_models, client
from consumers.model_checker.core import ModelChecker, version
from schemas.settings import Settings, load
from streams.stage import Stage


def build(settings: Settings) -> Stage:
    stage = Stage("model-checker", version(settings), settings)
    core = ModelChecker(client(stage, settings), settings.confidence_threshold)
    stage.per_message(asks_models(core.handle), settings.workers)
    return stage


app = build(load()).app
