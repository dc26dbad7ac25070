"""Batches of stored events in, verdicts out: on a real nats-server, by a real rule checker."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from consumers.rule_checker.app import build
from consumers.rule_checker.core import BUILT_IN
from schemas.events import Judged, decode, encode
from schemas.replays import ReplayChecked, ReplayItem, ReplayStarted, Selection
from schemas.settings import Settings
from streams import topology
from streams.replay import BATCH_ITEMS, MAX_ITEM_BYTES, Feeder
from streams.stage import HALTED
from tests.build import event
from tests.rule_checker.good_dialogues import answer, single, with_message

SPOILT = with_message(single(), 3, answer("In Lisbon expect mostly sunny skies at 99.9 degrees."))


def started(checker: str = f"rule-checker@{BUILT_IN.version}") -> ReplayStarted:
    return ReplayStarted("r", "rule", checker, "installed", Selection(stored_until=datetime.now(UTC)), 1)


def item(name: str, dialogue=None, raw: bytes | None = None) -> ReplayItem:
    stored = encode(event(topology.JUDGED_DONE, Judged(dialogue or single()))) if raw is None else raw
    return ReplayItem(name, "r1", name, msgspec.Raw(stored))


async def verdicts(nc, settings: Settings, items: list[ReplayItem]) -> list[ReplayChecked]:
    """What a checker that works for the replay publishes."""
    js = nc.jetstream()
    feeder = Feeder(js, started(), settings, most=4)
    await feeder.declare()
    subscription = await js.pull_subscribe_bind(stream="REPLAY", durable="sink")
    stage = build(settings.model_copy(update={"replay": "r"}))
    await stage.app.start()
    found: list[ReplayChecked] = []
    try:
        await feeder.put(items)
        while sum(len(each.verdicts) for each in found) < len(items):
            for message in await subscription.fetch(10, timeout=20):
                found.append(decode(message.data).body)
                await message.ack()
        async with asyncio.timeout(20):  # a verdict is published before its batch is acknowledged
            while await feeder.depth():
                await asyncio.sleep(0)
    finally:
        await stage.app.stop()
    return found


async def test_each_stored_event_gets_its_verdict(settings: Settings, nc):
    [checked] = await verdicts(
        nc,
        settings,
        [
            item("good"),
            item("bad", SPOILT),
            item("spoilt", raw=b'"{not json"'),
            item(
                "other",
                raw=encode(event(topology.CHECKED_RULE, Judged(single()))).replace(b"Judged", b"What"),
            ),
        ],
    )
    assert {each.dialogue_id: each.passed for each in checked.verdicts} == {
        "good": True,
        "bad": False,
        "spoilt": False,
        "other": False,
    }
    by_name = {each.dialogue_id: each for each in checked.verdicts}
    assert [finding.rule for finding in by_name["bad"].findings] == ["invented_number"]
    assert by_name["bad"].failure == ""
    assert "cannot be read" in by_name["spoilt"].failure
    assert by_name["other"].failure


async def test_many_events_travel_in_batches_and_none_is_lost(settings: Settings, nc):
    full = BATCH_ITEMS["rule"]
    many = 2 * full + 7
    found = await verdicts(nc, settings, [item(f"d{number}") for number in range(many)])
    assert sorted(len(each.verdicts) for each in found) == [7, full, full]
    assert len({each.dialogue_id for checked in found for each in checked.verdicts}) == many


async def test_an_event_that_no_message_can_carry_gets_a_verdict_all_the_same(settings: Settings, nc):
    [checked] = await verdicts(
        nc, settings, [item("huge", raw=b'"' + b"x" * (MAX_ITEM_BYTES + 1) + b'"'), item("good")]
    )
    huge, good = checked.verdicts
    assert "cannot be read" in huge.failure
    assert good.passed


async def test_a_checker_of_another_version_stops_and_says_so(settings: Settings, nc, tmp_path: Path):
    halted = await nc.subscribe(HALTED)
    feeder = Feeder(nc.jetstream(), started("rule-checker@1+deadbeef"), settings, most=4)
    await feeder.declare()
    await feeder.put([item("good")])
    stage = build(settings.model_copy(update={"replay": "r"}))
    await stage.app.start()
    try:
        said = (await halted.next_msg(timeout=20)).data.decode()
    finally:
        await stage.app.stop()
    assert "wants rule-checker@1+deadbeef" in said
    assert await feeder.depth() == 1  # it waits for one of the right version


async def test_a_live_checker_takes_nothing_of_a_replay(settings: Settings, nc):
    feeder = Feeder(nc.jetstream(), started(), settings, most=4)
    await feeder.declare()
    await feeder.put([item("good")])
    live = await topology.lags(nc.jetstream())
    assert all(lag.depth == 0 for lag in live.values())
