"""The sink as a consumer: `faststream run consumers.sink.app:app`."""

import asyncio

import stamina

from consumers.sink.core import VERSION, Sink
from schemas.settings import Settings, load
from sinks.store import EventStore, StoreBusyError
from streams.stage import Stage
from streams.topology import STORE_QUERY


def build(settings: Settings) -> Stage:
    stage = Stage("sink", VERSION, settings)
    store = EventStore(settings.store_url)
    sink = Sink(store)

    async def open_store() -> None:
        # Somebody may be looking at the folder this moment, or a killed sink be on its way out.
        async for attempt in stamina.retry_context(
            on=StoreBusyError, attempts=None, timeout=30.0, wait_initial=0.1, wait_max=1.0
        ):
            with attempt:
                await asyncio.to_thread(store.open)

    async def close_store() -> None:
        await asyncio.to_thread(store.close)

    stage.app.on_startup(open_store)
    stage.app.after_shutdown(close_store)
    stage.in_bulk(sink.insert)
    stage.answers(STORE_QUERY, sink.answer)
    return stage


app = build(load()).app
