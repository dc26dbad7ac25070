"""The way back from a dead letter."""

import pytest

from cli.dead import revived
from cli.errors import CommandError
from schemas.events import Dead, RuleChecked, ToolsSampled, encode
from tests.build import dialogue, event

DEAD = event("dead.dialogue.candidates", Dead("judge", "dialogue.candidates", "boom", dialogue=dialogue()))


def test_a_dialogue_starts_again_from_its_plan_under_a_new_id_and_without_a_lane():
    again = revived(DEAD)
    assert isinstance(again.body, ToolsSampled)
    assert again.subject == "tools.sampled"
    assert again.dialogue_id == again.body.dialogue.id != "d1"
    assert again.body.dialogue.messages == ()
    assert again.body.dialogue.slot is None
    assert again.body.dialogue.turns == dialogue().turns
    assert again.causation_id == DEAD.event_id


def test_brought_back_twice_is_brought_back_once():
    assert revived(DEAD).event_id == revived(DEAD).event_id


def test_an_event_without_a_dialogue_is_sent_as_it_was():
    inner = event("checked.rule", RuleChecked(dialogue(), True))
    letter = event("dead.checked.rule", Dead("sink", "checked.rule", "e", input=encode(inner).decode()))
    again = revived(letter)
    assert again.body == inner.body
    assert again.event_id != inner.event_id, "JetStream would drop a repeated id"


def test_what_never_was_an_event_stays_dead():
    with pytest.raises(CommandError, match="is no event"):
        revived(event("dead.x", Dead("sink", "x", "e", input="{")))
