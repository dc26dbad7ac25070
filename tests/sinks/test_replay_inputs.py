"""What a replay reads from a real store: which events, in which pages."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from schemas.dialogue import Repair
from schemas.events import DialogueRepaired, Envelope, Judged, RuleChecked, derive_id, encode
from schemas.replays import ReplayChecked, ReplayStarted, ReplayVerdict, Selection
from sinks import replay_inputs
from sinks.store import EventStore
from tests.build import dialogue

WHEN = datetime(2026, 3, 1, tzinfo=UTC)
SOON = datetime(2200, 1, 1, tzinfo=UTC)


def put(store: EventStore, subject: str, body, run: str, name: str, minute: int = 0, tag: str = "") -> str:
    made = Envelope(
        event_id=derive_id(run, name, subject, tag),
        subject=subject,
        run_id=run,
        dialogue_id=name,
        produced_at=WHEN + timedelta(minutes=minute),
        producer="test@1",
        body=body,
    )
    store.insert([(made, encode(made))])
    return made.event_id


def judged(store: EventStore, run: str, name: str, minute: int = 0, tag: str = "") -> str:
    return put(store, "dialogue.judged.done", Judged(dialogue(id=name)), run, name, minute, tag)


def read(store: EventStore, run: str, stage="rule", name: str = "fresh", page: int = 3, **selection) -> dict:
    """Dialogue -> event, over all pages."""
    chosen = Selection(**({"stored_until": SOON, "run": run} | selection))
    replay = ReplayStarted(name, stage, "c", "installed", chosen, 0)
    found: dict[str, str] = {}
    for items in replay_inputs.items(store, replay, run, page):
        assert not found.keys() & {item.dialogue_id for item in items}, "no dialogue comes twice"
        found |= {item.dialogue_id: item.input_id for item in items}
    return found


@pytest.mark.parametrize("page", [2, 3, 7, 8, 100])
def test_pages_of_every_size_hold_each_dialogue_once(store: EventStore, page: int):
    ids = {f"d{number}": judged(store, "pages", f"d{number}") for number in range(7)}
    assert read(store, "pages", page=page) == ids


def test_an_event_stored_twice_is_read_once(store: EventStore):
    once = judged(store, "twice", "d1")
    assert judged(store, "twice", "d1") == once
    put(store, "tools.sampled", Judged(dialogue()), "twice", "d1")
    assert read(store, "twice") == {"d1": once}


def test_a_repaired_dialogue_is_read_as_it_is_after_the_repair(store: EventStore):
    judged(store, "repair", "d1", minute=9)
    mended = dialogue(id="d1", repairs=(Repair(("a_rule",)),))
    repaired = put(store, "dialogue.repaired", DialogueRepaired(mended), "repair", "d1", minute=1)
    assert read(store, "repair") == {"d1": repaired}


def test_the_model_checker_is_given_what_passed_the_rules(store: EventStore):
    passed = put(store, "checked.rule", RuleChecked(dialogue(), True), "model", "d1")
    put(store, "checked.rule", RuleChecked(dialogue(), False), "model", "d2")
    judged(store, "model", "d3")
    assert read(store, "model", stage="model") == {"d1": passed}


def test_the_time_of_the_event_selects_with_the_start_in_and_the_end_out(store: EventStore):
    for minute in range(4):
        judged(store, "time", f"d{minute}", minute)
    since, until = WHEN + timedelta(minutes=1), WHEN + timedelta(minutes=3)
    assert set(read(store, "time", since=since, until=until)) == {"d1", "d2"}
    assert set(read(store, "time", since=since + timedelta(microseconds=1))) == {"d2", "d3"}


def test_what_the_store_takes_in_later_does_not_belong_to_it(store: EventStore):
    judged(store, "later", "d1")
    now = replay_inputs.now(store)
    judged(store, "later", "d2")
    assert set(read(store, "later", stored_until=now)) == {"d1"}


def test_a_scenario_selects(store: EventStore):
    judged(store, "scenario", "d1")
    assert set(read(store, "scenario", scenario="single-single")) == {"d1"}
    assert read(store, "scenario", scenario="special") == {}


def test_a_sample_is_the_same_each_time_and_grows_with_its_share(store: EventStore):
    for number in range(60):
        judged(store, "sample", f"d{number:03}")
    tenth, half = (set(read(store, "sample", page=100, sample=share)) for share in (0.1, 0.5))
    assert tenth == set(read(store, "sample", page=100, sample=0.1))
    assert tenth < half
    assert 15 <= len(half) <= 45


def test_reading_starts_where_the_verdicts_end(store: EventStore):
    ids = {f"d{number}": judged(store, "resume", f"d{number}") for number in range(6)}
    verdicts = tuple(
        ReplayVerdict(input_id=ids[name], run_id="resume", dialogue_id=name, passed=True)
        for name in ("d0", "d1", "d4")
    )
    event = Envelope(
        event_id=derive_id("verdicts"),
        subject="replay.half.checked",
        run_id="",
        produced_at=WHEN,
        producer="rule-checker@1",
        body=ReplayChecked("half", verdicts),
    )
    store.insert_verdicts([event])
    store.insert_verdicts([event])
    assert set(read(store, "resume", name="half")) == {"d2", "d3", "d4", "d5"}
    assert set(read(store, "resume", name="other")) == set(ids)


def test_a_replay_is_found_by_its_name_with_how_far_it_is(store: EventStore):
    replay = ReplayStarted("half", "rule", "c", "installed", Selection(stored_until=SOON), 6)
    started = Envelope(
        event_id=derive_id("started"),
        subject="replay.half.started",
        run_id="",
        produced_at=WHEN,
        producer="cli@1",
        body=replay,
    )
    store.insert([(started, encode(started))])
    found = replay_inputs.find(store, "half")
    assert found is not None
    assert found.started == msgspec.structs.replace(replay)
    assert replay_inputs.find(store, "none") is None
