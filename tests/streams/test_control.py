"""Who may pay, on a real nats-server."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from streams import control
from streams.control import Permit, Permits, permit
from streams.stage import Retry, Stage


def lasting(seconds: float, reason: str = "used up") -> Permit:
    return Permit(datetime.now(UTC) + timedelta(seconds=seconds), reason)


@pytest.fixture
async def stage(settings):
    own = Stage("generator", "1", settings)
    await own.broker.connect()
    yield own
    await own.broker.stop()


async def until_refused(permits: Permits, run_id: str) -> str:
    while not (why := await permits.refusal(run_id)):
        await asyncio.sleep(0.01)
    return why


async def test_a_run_without_a_permit_pays_freely(stage):
    assert await Permits(stage).refusal("r1") == ""


async def test_a_permit_that_has_run_out_says_why_to_its_run_alone(stage, nc):
    js = nc.jetstream()
    await permit(js, "r1", lasting(-1, "its budget is used up"))
    await permit(js, "r2", lasting(60))
    permits = Permits(stage)

    assert await permits.refusal("r1") == "its budget is used up"
    assert await permits.refusal("r2") == ""
    assert await permits.refusal("r3") == ""


async def test_a_withdrawn_permit_is_heard_at_once(stage, nc):
    permits = Permits(stage)
    await permit(nc.jetstream(), "r1", lasting(60))
    assert await permits.refusal("r1") == ""

    await permit(nc.jetstream(), "r1", lasting(0))
    async with asyncio.timeout(control.FRESH_S / 2):
        assert await until_refused(permits, "r1") == "used up"


async def test_a_new_permit_or_none_at_all_lets_a_run_go_on(stage, nc):
    permits = Permits(stage)
    for freed in (lasting(60), None):
        await permit(nc.jetstream(), "r1", lasting(-1))
        await until_refused(permits, "r1")
        await permit(nc.jetstream(), "r1", freed)
        async with asyncio.timeout(control.FRESH_S / 2):
            while await permits.refusal("r1"):
                await asyncio.sleep(0.01)


async def test_a_permit_that_nobody_renews_ends_by_itself(stage, nc):
    permits = Permits(stage)
    await permit(nc.jetstream(), "r1", lasting(0.3, "nobody watches"))
    assert await permits.refusal("r1") == ""

    async with asyncio.timeout(2):
        assert await until_refused(permits, "r1") == "nobody watches"


async def test_news_that_got_lost_are_looked_up(stage, nc, monkeypatch):
    async def deaf(self, message):
        pass

    monkeypatch.setattr(Permits, "_on_news", deaf)
    monkeypatch.setattr(control, "FRESH_S", 0.1)
    permits = Permits(stage)
    assert await permits.refusal("r1") == ""

    await permit(nc.jetstream(), "r1", lasting(-1))
    async with asyncio.timeout(2):
        assert await until_refused(permits, "r1") == "used up"


async def test_while_nothing_can_be_found_out_the_message_comes_back(settings):
    stage = Stage("generator", "1", settings)
    await stage.broker.connect()
    await stage.connection.close()

    with pytest.raises(Retry, match="permits cannot be read"):
        await Permits(stage).refusal("r1")
