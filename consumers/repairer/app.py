"""The repairer as a consumer: `faststream run consumers.repairer.app:app`."""

from consumers.repairer.core import VERSION, handle
from schemas.settings import Settings, load
from streams.stage import Stage


def build(settings: Settings) -> Stage:
    stage = Stage("repairer", VERSION, settings)
    stage.per_message(handle, settings.workers)
    return stage


app = build(load()).app
