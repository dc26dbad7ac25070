"""The event contract: identity, round trips, and old events that must be readable for ever."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import events
from schemas.events import Output, RuleChecked, UnknownSchema, decode, derive_id, encode, envelope
from tests.build import dialogue, event
from tests.schemas.make_golden import EVENTS

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("each", EVENTS, ids=lambda each: each.subject)
def test_an_event_survives_the_wire(each):
    assert decode(encode(each)) == each


def test_golden_events_of_version_1_still_say_what_they_said():
    lines = (GOLDEN / "v1.jsonl").read_bytes().splitlines()
    said = [msgspec.structs.replace(decode(line), event_id="") for line in lines]
    # Ids aside: the builder derives them from the whole body, fields added since among it.
    assert said == [msgspec.structs.replace(event, event_id="") for event in EVENTS]


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("v*.jsonl")), ids=lambda file: file.stem)
def test_golden_events_of_every_version_decode(file):
    assert all(decode(line).event_id for line in file.read_bytes().splitlines())


def test_an_unknown_field_is_ignored_and_a_missing_one_has_its_default():
    raw = msgspec.json.decode(encode(EVENTS[4]))
    raw["added_later"] = 1
    del raw["body"]["rules"]
    assert decode(msgspec.json.encode(raw)).body.rules == 0


def test_an_older_meaning_is_lifted_to_the_newer(monkeypatch):
    """As it will be when version 2 exists: `rules` was called `checks` before."""

    def lift(raw):
        raw["body"]["rules"] = raw["body"].pop("checks")
        return raw

    raw = msgspec.json.decode(encode(EVENTS[4]))
    raw["body"]["checks"] = raw["body"].pop("rules")
    monkeypatch.setattr(events, "SCHEMA_VERSION", 2)
    monkeypatch.setitem(events.UPCASTERS, ("RuleChecked", 1), lift)
    assert decode(msgspec.json.encode(raw)).body.rules == 67


def test_a_newer_schema_is_refused_and_not_guessed_at():
    raw = msgspec.json.decode(encode(EVENTS[0])) | {"schema_version": events.SCHEMA_VERSION + 1}
    with pytest.raises(UnknownSchema, match="upgrade"):
        decode(msgspec.json.encode(raw))


@given(st.lists(st.text(), min_size=1, max_size=4), st.lists(st.text(), min_size=1, max_size=4))
def test_ids_are_the_same_for_the_same_parts_only(some, others):
    if "\x1f" in "".join([*some, *others]):
        return  # the separator cannot stand in an id, a subject or a version
    assert (derive_id(*some) == derive_id(*others)) == (some == others)


def test_an_output_s_identity_follows_from_its_cause_its_place_and_its_producer():
    cause = event("dialogue.judged.done", RuleChecked(dialogue(), True))
    output = Output("checked.rule", RuleChecked(dialogue(), True))
    first = envelope(cause, output, "rule-checker@1", 0)
    assert first.event_id == envelope(cause, output, "rule-checker@1", 0).event_id
    assert first.event_id != envelope(cause, output, "rule-checker@2", 0).event_id
    assert first.event_id != envelope(cause, output, "rule-checker@1", 1).event_id
