"""A run's spending and the permit that follows from it, on a real nats-server and a real store."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from nats.js.errors import KeyNotFoundError

from cli import budget as budget_module
from cli.budget import Budget, Spending, Spent
from cli.errors import CommandError
from cli.run import _require_prices
from schemas.events import Envelope, LLMCalled, encode
from sinks.store import EventStore, QueryResult, StoreError
from streams.control import Permit
from streams.publisher import publish
from streams.topology import LLM_CALLED, PERMITS_BUCKET
from tests.build import event

ALL = Budget(usd=1.0)


def call(name: str, run_id: str = "r1", outcome: str = "ok", **changes: object) -> Envelope:
    """A call that cost a quarter of a dollar and 100 tokens."""
    values: dict[str, object] = {
        "role": "user",
        "model": "m",
        "request_hash": name,
        "prompt_version": "1",
        "outcome": outcome,
        "prompt_tokens": 80,
        "completion_tokens": 20,
        "cost_usd": 0.25,
    }
    called = event(LLM_CALLED, LLMCalled(**(values | changes)))
    return msgspec.structs.replace(called, event_id=f"00000000-0000-5000-8000-{name:0>12}", run_id=run_id)


@pytest.fixture
def store(tmp_path: Path):
    with EventStore(f"chdb://{tmp_path / 'store'}") as opened:
        yield opened


async def given(nc) -> Permit | None:
    bucket = await nc.jetstream().key_value(PERMITS_BUCKET)
    with contextlib.suppress(KeyNotFoundError):
        return msgspec.json.decode((await bucket.get("r1")).value, type=Permit)
    return None


async def may_pay(nc) -> bool:
    found = await given(nc)
    return found is None or found.until > datetime.now(UTC)


@contextlib.asynccontextmanager
async def watched(nc, store, budget: Budget = ALL) -> AsyncIterator[Spending]:
    spending = Spending(nc, "r1", budget)
    async with spending.watched(store):
        yield spending


async def until(spending: Spending, spent: Spent) -> None:
    async with asyncio.timeout(5):
        while spending.spent != spent:
            await asyncio.sleep(0.01)


async def test_what_was_spent_before_counts_once_wherever_it_is(nc, store):
    """Stored, stored but not acknowledged by the sink, still on its way, and another run's."""
    js = nc.jetstream()
    store.insert([(each, encode(each)) for each in (call("a"), call("b"), call("c", run_id="r2"))])
    await publish(js, call("b"), call("d"), call("e", run_id="r2"), call("f", outcome="server_error"))

    async with watched(nc, store, Budget(usd=9.0)) as spending:
        assert spending.spent == Spent(1.0, 400)
        await publish(js, call("g"), call("h", run_id="r2"))
        await until(spending, Spent(1.25, 500))


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        pytest.param(Budget(usd=0.5), "its budget of $0.50 is used up, $0.5000 are spent", id="usd"),
        pytest.param(Budget(tokens=200), "its budget of 200 tokens is used up, 200 are spent", id="tokens"),
        pytest.param(Budget(9.0, 200), "its budget of 200 tokens is used up, 200 are spent", id="the-first"),
    ],
)
async def test_at_the_limit_the_permit_is_withdrawn_and_what_was_under_way_still_counts(
    nc, store, budget, says
):
    js = nc.jetstream()
    async with watched(nc, store, budget) as spending:
        await publish(js, call("a"))
        await until(spending, Spent(0.25, 100))
        assert not spending.used_up
        assert await may_pay(nc)

        await publish(js, call("b"))
        async with asyncio.timeout(5):
            while await may_pay(nc):
                await asyncio.sleep(0.01)
        assert spending.used_up == says
        await publish(js, call("c"))
        await until(spending, Spent(0.75, 300))

    assert (await given(nc)).reason == says
    assert spending.as_dict() == {
        "usd": budget.usd,
        "tokens": budget.tokens,
        "spent_usd": 0.75,
        "spent_tokens": 300,
        "used_up": True,
    }


async def test_a_budget_that_is_used_up_already_lets_nothing_be_paid(nc, store):
    store.insert([(each, encode(each)) for each in map(call, "abcd")])
    async with watched(nc, store) as spending:
        assert spending.used_up
        assert not await may_pay(nc)

    async with watched(nc, store, Budget(usd=2.0)) as spending:
        assert not spending.used_up
        assert await may_pay(nc)


async def test_without_a_budget_a_run_that_was_stopped_pays_freely_again(nc, store):
    store.insert([(each, encode(each)) for each in map(call, "abcd")])
    async with watched(nc, store):
        assert not await may_pay(nc)
    async with watched(nc, store, Budget()):
        assert await given(nc) is None


async def test_a_run_nobody_watches_any_more_may_not_pay(nc, store):
    async with watched(nc, store):
        pass
    assert not await may_pay(nc)
    assert "nobody watches its budget" in (await given(nc)).reason


async def test_a_finished_run_leaves_no_permit_behind(nc, store):
    async with watched(nc, store) as spending:
        spending.finished = True
    assert await given(nc) is None


async def test_the_permit_is_renewed_while_somebody_watches(nc, store, monkeypatch):
    monkeypatch.setattr(budget_module, "RENEW_S", 0.05)
    async with watched(nc, store):
        first = await given(nc)
        async with asyncio.timeout(5):
            while (await given(nc)).until <= first.until:
                await asyncio.sleep(0.01)


async def test_after_a_lost_connection_spending_is_counted_anew(nc, store, monkeypatch):
    monkeypatch.setattr(budget_module, "RENEW_S", 0.05)
    async with watched(nc, store, Budget(usd=9.0)) as spending:
        store.insert([(call("a"), encode(call("a")))])  # unheard
        nc.stats["reconnects"] += 1
        await until(spending, Spent(0.25, 100))


async def test_a_sink_that_is_just_coming_up_is_waited_for(nc, store):
    class Waking:
        asked = 0

        def query(self, sql, parameters=None, read_only=True) -> QueryResult:
            self.asked += 1
            if self.asked < 3:
                raise StoreError("no sink is running")
            return store.query(sql, parameters, read_only)

    store.insert([(call("a"), encode(call("a")))])
    async with watched(nc, Waking()) as spending:
        assert spending.spent == Spent(0.25, 100)


async def test_a_sink_that_stays_away_is_an_error_before_anything_is_paid(nc, store, monkeypatch):
    monkeypatch.setattr(budget_module, "PATIENCE_S", 0.1)
    store.close()
    with pytest.raises(CommandError, match="spending cannot be counted") as caught:
        async with watched(nc, store):
            pass
    assert caught.value.code == 3


def test_a_limit_in_usd_wants_known_prices():
    with pytest.raises(CommandError, match=r'(?s)price of gpt-x, gpt-y is not known.*\[prices."gpt-x"\]'):
        _require_prices(Budget(usd=1.0), ("gpt-x", "gpt-y"))
    _require_prices(Budget(tokens=1), ("gpt-x",))
    _require_prices(Budget(usd=1.0), ())
