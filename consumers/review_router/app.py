"""The review router as a consumer: `faststream run consumers.review_router.app:app`."""

from consumers.review_router.core import VERSION, handle
from schemas.settings import Settings, load
from streams.stage import Stage


def build(settings: Settings) -> Stage:
    stage = Stage("review-router", VERSION, settings)
    stage.in_batches(handle)
    return stage


app = build(load()).app
