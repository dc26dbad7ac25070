"""What every stage promises, on a real nats-server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeout

from schemas.events import Dead, Envelope, Judged, Output, RuleChecked, ToolsSampled, decode, encode
from schemas.settings import Settings
from streams import topology
from streams.publisher import publish
from streams.stage import HALTED, Halt, Handle, Hold, Permanent, Retry, Stage
from tests.build import dialogue, event

DONE = event(topology.JUDGED_DONE, Judged(dialogue()))


@contextlib.asynccontextmanager
async def running(stage: Stage) -> AsyncIterator[Stage]:
    await stage.app.start()
    try:
        yield stage
    finally:
        await stage.app.stop()


async def next_event(nc: Client, subject: str, send: Any) -> Envelope:
    """The first event on a subject after `send` was awaited."""
    subscription = await nc.subscribe(subject)
    await nc.flush()
    await send
    message = await subscription.next_msg(timeout=20)
    await subscription.unsubscribe()
    return decode(message.data)


async def all_quiet(nc: Client, stage: topology.StageName) -> topology.Lag:
    """Wait until nothing waits at a stage any more."""
    async with asyncio.timeout(20):
        while (lag := (await topology.lags(nc.jetstream()))[stage]).depth:
            await asyncio.sleep(0.02)
    return lag


def checker(settings: Settings, handle: Handle) -> Stage:
    stage = Stage("rule-checker", "1", settings)
    stage.in_batches(handle)
    return stage


async def passes(cause: Envelope) -> Sequence[Output]:
    assert isinstance(cause.body, Judged)
    return [Output(topology.CHECKED_RULE, RuleChecked(cause.body.dialogue, True))]


async def test_an_output_names_its_cause_its_producer_and_its_dialogue(settings, nc):
    async with running(checker(settings, passes)):
        found = await next_event(nc, topology.CHECKED_RULE, publish(nc.jetstream(), DONE))

    assert found.causation_id == DONE.event_id
    assert found.producer == "rule-checker@1"
    assert (found.run_id, found.dialogue_id, found.round) == ("r1", "d1", 1)


async def test_the_same_cause_twice_is_stored_once(settings, nc):
    js = nc.jetstream()
    async with running(checker(settings, passes)):
        await publish(js, DONE)
        await all_quiet(nc, "rule-checker")
        # The same event under another message id: as if the server had forgotten that it knew it.
        await js.publish(topology.JUDGED_DONE, encode(DONE), headers={"Nats-Msg-Id": "other"})
        lag = await all_quiet(nc, "rule-checker")

    assert lag.handled == 2
    assert (await js.stream_info("CHECKED")).state.messages == 1


@pytest.mark.parametrize("window", [0.0001, 0.0005, 0.002])
async def test_a_fetch_that_times_out_says_so_in_the_broker_s_words(settings, nc, window):
    """Any other time-out makes FastStream drop a batch half collected, until `ack_wait` brings it again."""
    subscription = await nc.jetstream().pull_subscribe_bind(stream="DIALOGUE", durable="rule-checker")
    for _ in range(20):
        with contextlib.suppress(NatsTimeout):
            assert await subscription.fetch(500, timeout=window) == []


async def test_an_outage_uses_no_delivery_up(settings, nc):
    deliveries = 0

    async def down_at_first(cause: Envelope) -> Sequence[Output]:
        nonlocal deliveries
        deliveries += 1
        if deliveries == 1:
            raise Retry("the endpoint sleeps")
        return await passes(cause)

    impatient = settings.model_copy(update={"max_deliver": 1})
    async with running(checker(impatient, down_at_first)):
        found = await next_event(nc, topology.CHECKED_RULE, publish(nc.jetstream(), DONE))

    assert deliveries == 2
    assert isinstance(found.body, RuleChecked)


async def test_what_is_held_comes_back_soon_and_uses_no_delivery_up(settings, nc, monkeypatch):
    monkeypatch.setattr("streams.stage.HOLD_S", 0.05)
    deliveries = 0

    async def held_at_first(cause: Envelope) -> Sequence[Output]:
        nonlocal deliveries
        deliveries += 1
        if deliveries < 6:  # an outage would have to wait for a minute by now
            raise Hold("the run may not pay")
        return await passes(cause)

    impatient = settings.model_copy(update={"max_deliver": 1})
    async with asyncio.timeout(10), running(checker(impatient, held_at_first)):
        found = await next_event(nc, topology.CHECKED_RULE, publish(nc.jetstream(), DONE))

    assert deliveries == 6
    assert isinstance(found.body, RuleChecked)


@pytest.mark.parametrize(
    ("error", "max_deliver", "deliveries"),
    [
        pytest.param(Permanent("never"), 5, 1, id="permanent-at-once"),
        pytest.param(RuntimeError("a bug"), 2, 2, id="a-bug-after-all-deliveries"),
    ],
)
async def test_what_cannot_be_handled_becomes_a_dead_letter(settings, nc, error, max_deliver, deliveries):
    async def fails(cause: Envelope) -> Sequence[Output]:
        raise error

    async with running(checker(settings.model_copy(update={"max_deliver": max_deliver}), fails)):
        found = await next_event(nc, "dead.>", publish(nc.jetstream(), DONE))
        await all_quiet(nc, "rule-checker")

    dead = found.body
    assert isinstance(dead, Dead)
    assert found.subject == "dead.dialogue.judged.done"
    assert (dead.stage, dead.deliveries, dead.ends_dialogue) == ("rule-checker", deliveries, True)
    assert str(error) in dead.error
    assert "test_stage.py" in dead.traceback
    assert dead.dialogue == dialogue()


async def test_a_side_stage_s_dead_letter_does_not_end_the_dialogue(settings, nc):
    async def fails(cause: Envelope) -> Sequence[Output]:
        raise Permanent("no memory")

    stage = Stage("memory", "1", settings)
    stage.per_message(fails, workers=2)
    async with running(stage):
        found = await next_event(nc, "dead.>", publish(nc.jetstream(), DONE))

    assert isinstance(found.body, Dead)
    assert not found.body.ends_dialogue
    assert decode(found.body.input) == DONE, "so that it can be tried again as it was"


async def test_one_event_the_store_cannot_take_is_buried_and_its_neighbours_stay(settings, nc, caplog):
    stored: list[str] = []

    async def insert(batch: Sequence[tuple[Envelope, bytes]]) -> None:
        if any(each.dialogue_id == "bad" for each, _ in batch):
            raise Permanent("cannot parse it")
        stored.extend(each.dialogue_id for each, _ in batch)

    js = nc.jetstream()
    for name in ("d0", "bad", "d1"):
        await publish(js, event(topology.JUDGED_DONE, DONE.body, dialogue_id=name))
    stage = Stage("sink", "1", settings.model_copy(update={"max_deliver": 2}))
    stage.in_bulk(insert)
    async with running(stage):
        await all_quiet(nc, "sink")

    assert sorted(stored) == ["d0", "d1"]
    info = await js.stream_info("DEAD", subjects_filter=">")
    assert info.state.subjects == {"dead.dialogue.judged.done": 1}, "no letter about the letter"
    assert "sink gives up dead.dialogue.judged.done: cannot parse it" in caplog.text


@pytest.mark.parametrize(
    "poison",
    [
        pytest.param(b"{", id="broken-json"),
        pytest.param(b"1", id="no-event"),
        pytest.param(b'{"schema_version": 99}', id="a-newer-schema"),
        pytest.param(b"\xff\xfe", id="no-text"),
        pytest.param(b"[" * 200_000, id="deep-nesting"),
    ],
)
async def test_poison_is_buried_and_its_neighbours_flow(settings, nc, poison):
    js = nc.jetstream()

    async def send() -> None:
        await js.publish(topology.JUDGED_DONE, poison)
        await publish(js, DONE)

    async with running(checker(settings, passes)):
        subscription = await nc.subscribe("dead.>")
        found = await next_event(nc, topology.CHECKED_RULE, send())
        letter = decode((await subscription.next_msg(timeout=20)).data)

    assert isinstance(found.body, RuleChecked)
    assert isinstance(letter.body, Dead)
    assert letter.body.input.encode().startswith(poison[:1]) or "\\xff" in letter.body.input
    assert not letter.body.ends_dialogue


async def test_a_halt_says_why_and_leaves_the_message(settings, nc):
    async def refused(cause: Envelope) -> Sequence[Output]:
        raise Halt("the key is wrong")

    halted = await nc.subscribe(HALTED)
    await nc.flush()
    async with running(checker(settings, refused)):
        await publish(nc.jetstream(), DONE)
        said = await halted.next_msg(timeout=20)
    assert b"the key is wrong" in said.data
    assert (await topology.lags(nc.jetstream()))["rule-checker"].depth == 1


async def test_long_work_is_kept_alive_past_the_acknowledgement_wait(settings, nc):
    """`ack_wait` is 0.6 s and the work takes three times as long: without heartbeats it would come again."""
    started = 0

    async def slow(cause: Envelope) -> Sequence[Output]:
        nonlocal started
        started += 1
        await asyncio.sleep(1.8)
        return []

    quick = settings.model_copy(update={"ack_wait_s": 0.6})
    js = nc.jetstream()
    await js.delete_consumer("DIALOGUE", "memory")
    await topology.declare(js, quick)
    stage = Stage("memory", "1", quick)
    stage.per_message(slow, workers=4)
    async with running(stage):
        await publish(js, DONE)
        await all_quiet(nc, "memory")

    assert started == 1


async def test_a_message_that_waits_for_its_turn_is_not_delivered_again(settings, nc):
    """One worker, four messages of 0.4 s: the last waits longer than `ack_wait`."""
    started: list[str] = []

    async def slow(cause: Envelope) -> Sequence[Output]:
        started.append(cause.dialogue_id)
        await asyncio.sleep(0.4)
        return []

    quick = settings.model_copy(update={"ack_wait_s": 0.6})
    js = nc.jetstream()
    await js.delete_consumer("DIALOGUE", "memory")
    await topology.declare(js, quick)
    for number in range(4):
        await publish(js, event(topology.JUDGED_DONE, DONE.body, dialogue_id=f"d{number}"))
    stage = Stage("memory", "1", quick)
    stage.per_message(slow, workers=1)
    async with running(stage):
        await all_quiet(nc, "memory")

    assert started == ["d0", "d1", "d2", "d3"]


async def test_a_stopping_stage_finishes_what_it_has_begun(settings, nc):
    begun, ended = asyncio.Event(), 0

    async def slow(cause: Envelope) -> Sequence[Output]:
        nonlocal ended
        begun.set()
        await asyncio.sleep(0.3)
        ended += 1
        return []

    stage = Stage("memory", "1", settings)
    stage.per_message(slow, workers=2)
    await stage.app.start()
    await publish(nc.jetstream(), DONE)
    await asyncio.wait_for(begun.wait(), 10)
    await stage.app.stop()

    assert ended == 1
    assert (await topology.lags(nc.jetstream()))["memory"].depth == 0


async def test_unacknowledged_work_of_a_killed_stage_is_done_by_the_next(settings, nc):
    """The first stage hangs with the message in hand and vanishes without a word."""
    taken = asyncio.Event()

    async def hangs(cause: Envelope) -> Sequence[Output]:
        taken.set()
        await asyncio.Event().wait()
        raise AssertionError

    js = nc.jetstream()
    first = Stage("rule-checker", "1", settings)
    first.in_batches(hangs)
    await first.app.start()
    await publish(js, DONE)
    await asyncio.wait_for(taken.wait(), 10)
    await first.broker.config.connection_state.connection.close()

    async with running(checker(settings, passes)):
        await all_quiet(nc, "rule-checker")

    assert (await js.stream_info("CHECKED")).state.messages == 1
    with contextlib.suppress(Exception):
        first.broker.graceful_timeout = 0
        async with asyncio.timeout(1):
            await first.app.stop()


def test_every_subject_has_a_stream_and_a_body():
    for subject in topology.BODIES:
        wire = {"runs.requested": "runs.requested.r1", "llm.called": "llm.called.ok.h"}.get(subject, subject)
        assert topology.stream_of(wire)
    assert topology.stream_of("dead.dialogue.candidates") == "DEAD"
    with pytest.raises(KeyError):
        topology.stream_of("nobody.knows")


def test_the_sink_hears_everything():
    heard = {durable.stream for durable in topology.durables_of("sink")}
    assert heard == {stream.name for stream in topology.STREAMS}


async def test_a_declared_topology_can_be_declared_again(settings, nc):
    await topology.declare(nc.jetstream(), settings)
    info = await nc.jetstream().consumer_info("DIALOGUE", "judge")
    assert info.config.filter_subjects == [topology.CANDIDATES] or info.config.filter_subject
    assert isinstance(ToolsSampled(dialogue()).dialogue.id, str)
