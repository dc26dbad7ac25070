"""The ledger, the buckets and the pools, on a real nats-server."""

import asyncio

import pytest
from msgspec import Struct

from schemas.events import LLMCalled, Where
from streams.stage import Permanent, Stage
from streams.stores import Bucket, NatsLedger, get_pool, put_pool
from streams.topology import MEMORY_BUCKET
from tests.build import TRAINS, WEATHER

HERE = Where("r1", "d1", 1, "cause")


def call(**changes: object) -> LLMCalled:
    values = {"role": "user", "model": "m", "request_hash": "abc", "prompt_version": "1", "outcome": "ok"}
    return LLMCalled(**(values | changes))


@pytest.fixture
async def stage(settings):
    own = Stage("generator", "1", settings)
    await own.broker.connect()
    yield own
    await own.broker.stop()


async def test_an_answer_is_recalled_by_its_hash(stage):
    ledger = NatsLedger(stage)
    assert await ledger.recall("abc") is None

    await ledger.record(call(answers=("yes", "no")), HERE)

    assert await ledger.recall("abc") == ("yes", "no")
    assert await ledger.recall("abd") is None


async def test_a_failed_try_is_recorded_but_is_no_answer(stage, nc):
    ledger = NatsLedger(stage)
    await ledger.record(call(outcome="rate_limited", request_hash=""), HERE)
    await ledger.record(call(outcome="rate_limited", request_hash=""), HERE)

    assert (await nc.jetstream().stream_info("LLM")).state.messages == 2
    assert await ledger.recall("abc") is None


async def test_an_unusable_answer_that_is_read_again_is_no_new_fact(stage, nc):
    ledger = NatsLedger(stage)
    for _ in range(2):
        await ledger.record(call(outcome="unparsable", request_hash="", answers=("no",)), HERE)
    await ledger.record(call(outcome="unparsable", request_hash="", answers=("maybe",)), HERE)

    assert (await nc.jetstream().stream_info("LLM")).state.messages == 2


class Tally(Struct, frozen=True):
    count: int = 0


async def test_concurrent_changes_of_a_key_all_count(stage):
    bucket = Bucket(stage, MEMORY_BUCKET)

    await asyncio.gather(
        *(
            bucket.change("a/key with spaces.é", Tally, lambda t: Tally((t.count if t else 0) + 1))
            for _ in range(8)
        )
    )

    assert await bucket.get("a/key with spaces.é", Tally) == Tally(8)
    assert await bucket.get("a/key with spaces.e", Tally) is None


async def test_a_pool_is_stored_under_its_content(nc):
    js = nc.jetstream()
    address = await put_pool(js, [WEATHER, TRAINS])

    assert address == await put_pool(js, [TRAINS, WEATHER])
    assert {tool.name for tool in await get_pool(js, address)} == {"get_weather", "find_trains"}
    with pytest.raises(Permanent, match="import the tools again"):
        await get_pool(js, "0000")
