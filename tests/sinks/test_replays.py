"""What a replay changes, counted on a real chDB."""

from collections import Counter
from datetime import timedelta

import msgspec
import pytest

from schemas.dialogue import Scenario, UserMessage
from sinks import promotion, replay_inputs
from sinks.replay_words import as_json, in_words
from sinks.replays import (
    Confidence,
    Diff,
    Failure,
    Fault,
    Promotion,
    ReplayNotFound,
    RuleChange,
    diff,
    find_replay,
    replays,
)
from sinks.store import QueryError, QueryResult
from tests.sinks.build_replay import NEW, Replayed, finding


def group(found: Diff, change: str, rule: str = ""):
    [one] = [group for group in found.groups if (group.change, group.rule) == (change, rule)]
    return one


@pytest.fixture(scope="module")
def found(store) -> Diff:
    """Every cell of the table once or more, in known numbers."""
    made = Replayed("cells")
    for _ in range(4):
        made.dialogue((), ())
    for _ in range(3):
        made.dialogue((), ("dates",), scenario=Scenario.MULTI_MULTI)
    made.dialogue((), ("dates", "units"), state="accepted", by_person=True)
    for _ in range(2):
        made.dialogue(("dates", "known_tool"), ())
    made.dialogue(("known_tool",), (), state="accepted", by_person=True)
    made.dialogue(("known_tool",), ("known_tool",))
    made.dialogue(("known_tool",), ("units", "known_tool"))
    made.dialogue((), None, failure="the stored event cannot be read: no JSON")
    made.dialogue(("units",), None, failure="the stored event cannot be read: no JSON")
    made.dialogue(None, ())
    made.dialogue(None, ("units",))
    made.dialogue(None, None)
    return diff(store, made.stored(store))


@pytest.mark.parametrize(
    ("old", "new", "dialogues"),
    [
        ("pass", "pass", 4),
        ("pass", "fail", 4),
        ("pass", "none", 1),
        ("fail", "pass", 3),
        ("fail", "fail", 2),
        ("fail", "none", 1),
        ("none", "pass", 1),
        ("none", "fail", 1),
        ("none", "none", 1),
    ],
)
def test_each_dialogue_is_in_the_cell_of_its_two_verdicts(found, old, new, dialogues):
    assert found.all.of(old, new) == dialogues


def test_the_margins_of_the_table_add_up(found):
    table = found.all
    assert table.total == 18
    assert (table.kept, table.without_old, table.without_new) == (6, 2, 3)
    for parts in (found.by_scenario, found.by_state):
        assert sum(part.total for part in parts.values()) == 18
        assert sum(part.of("pass", "fail") for part in parts.values()) == 4


def test_the_table_is_also_told_by_scenario_and_by_state(found):
    assert found.by_scenario["multi-multi"].counts == {("pass", "fail"): 3}
    assert found.by_state["accepted"].of("pass", "fail") == 4
    assert found.by_state["needs_review"].of("fail", "pass") == 2
    assert found.by_state["in_flight"].total == 3


def test_what_promoting_would_do_leaves_peoples_acceptances_alone(found):
    assert found.promotion == Promotion(revoked=3, kept=1, passed_on=2)


def test_what_is_said_of_promoting_is_what_promoting_does(found, store):
    started = replay_inputs.find(store, "cells").started
    actions = Counter(change.action for change in promotion.plan(store, started))
    assert found.promotion == Promotion(actions["revoke"], actions["keep"], actions["pass on"])


def test_a_rule_is_counted_by_dialogues_in_which_its_findings_came_went_or_stayed(found):
    assert {row.rule: row for row in found.rules} == {
        "dates": RuleChange("dates", appeared=4, made_fail=4, vanished=2, let_pass=2, stayed=0, first=0),
        "known_tool": RuleChange(
            "known_tool", appeared=0, made_fail=0, vanished=3, let_pass=3, stayed=2, first=0
        ),
        "units": RuleChange("units", appeared=2, made_fail=1, vanished=0, let_pass=0, stayed=0, first=1),
    }
    assert [row.rule for row in found.rules] == ["dates", "known_tool", "units"]


def test_a_dialogue_without_a_new_verdict_changes_no_rule(found):
    """`units` had failed one of them before: that it found nothing now says nothing."""
    [units] = [row for row in found.rules if row.rule == "units"]
    assert units.vanished == 0


def test_reasons_for_no_verdict_are_counted(found):
    assert found.failures == (
        Failure("the stored event cannot be read: no JSON", 2),
        Failure("no answer", 1),
    )


def test_old_verdicts_are_counted_by_who_gave_them(found):
    assert found.producers == {"checked@1+0a1b2c3d": 15}


def test_examples_come_by_change_and_rule_with_the_dialogue_and_both_findings(found):
    assert [(one.change, one.rule, one.dialogues, len(one.examples)) for one in found.groups] == [
        ("fails_now", "dates", 4, 4),
        ("fails_now", "units", 1, 1),
        ("passes_now", "known_tool", 3, 3),
        ("passes_now", "dates", 2, 2),
        ("fails_otherwise", "units", 1, 1),
        ("no_verdict", "", 3, 3),
    ]
    [example] = group(found, "fails_otherwise", "units").examples
    assert isinstance(example.dialogue.messages[0], UserMessage)
    assert example.dialogue.id == example.dialogue_id
    assert [one.rule for one in example.old.findings] == ["known_tool"]
    assert [(one.rule, one.hint) for one in example.new.findings] == [
        ("units", "mend units"),
        ("known_tool", "mend known_tool"),
    ]


def test_an_example_without_an_old_verdict_still_has_its_dialogue(found):
    unchecked = [one for one in group(found, "no_verdict").examples if one.old.verdict == "none"]
    assert [one.new.comment for one in unchecked] == ["no answer"]
    assert unchecked[0].dialogue is not None


def test_examples_are_as_many_as_asked_for_and_always_the_same(found, store):
    few = diff(store, "cells", examples=2)
    assert group(few, "fails_now", "dates").examples == group(found, "fails_now", "dates").examples[:2]
    assert group(few, "fails_now", "dates").dialogues == 4
    assert diff(store, "cells", examples=0).groups == ()


def test_the_difference_is_told_in_words(found):
    text = in_words(found)
    assert text.startswith(
        "Of 18 dialogues 6 keep their verdict; 4 that passed fail now, by dates (4) and units (1); 3 that "
        "failed pass now, by known_tool (3) and dates (2); 2 were not checked before, 1 of which fails; 3 "
        "have no new verdict. "
    )
    assert "take back 3 acceptances and let 2 dialogues go on that wait for a person; 1 acceptance by" in text


def test_the_difference_as_json_has_every_figure(found):
    plain = msgspec.json.decode(msgspec.json.encode(as_json(found)))
    assert plain["verdicts"]["pass"] == {"pass": 4, "fail": 4, "none": 1}
    assert plain["promotion"] == {"revoked": 3, "kept": 1, "passed_on": 2}
    assert plain["rules"][0]["rule"] == "dates"
    assert plain["replay"]["complete"] is True
    assert plain["groups"][0]["examples"][0]["messages"][0]["role"] == "user"


def test_warnings_change_nothing(store):
    made = Replayed("warnings")
    made.dialogue((), (), extra=(finding("style", 1, "warning"),))
    found = diff(store, made.stored(store))
    assert found.rules == ()
    assert found.groups == ()
    assert found.all.counts == {("pass", "pass"): 1}


def test_the_newest_live_verdict_is_the_old_one(store):
    """Another replay was promoted before: its verdict took the place of the first."""
    made = Replayed("after-another")
    source = made.dialogue((), ("dates",))
    made.say_again(source, ("dates",), "rule-checker@1+promoted", timedelta(hours=1))
    found = diff(store, made.stored(store))
    assert found.all.counts == {("fail", "fail"): 1}
    assert found.producers == {"rule-checker@1+promoted": 1}


def test_a_replays_own_promotion_is_not_its_old_verdict(store):
    made = Replayed("promoted")
    source = made.dialogue((), ("dates",))
    made.revoke()
    made.say_again(source, ("dates",), NEW, timedelta(days=2))
    found = diff(store, made.stored(store, promoted=True))
    assert found.all.counts == {("pass", "fail"): 1}
    assert found.replay.promoted_at is not None
    assert found.by_state["rejected"].total == 1
    assert "Promoted now" not in in_words(found)


def test_an_acceptance_by_a_person_that_was_taken_back_is_none(store):
    made = Replayed("taken-back")
    made.dialogue((), ("dates",), by_person=True)
    made.revoke()
    assert diff(store, made.stored(store)).promotion == Promotion(0, 0, 0)


def test_the_same_version_checked_again_keeps_every_verdict(store):
    made = Replayed("same", checker="checked@1+0a1b2c3d")
    made.dialogue((), ())
    made.dialogue(("dates",), ("dates",))
    found = diff(store, made.stored(store))
    assert (found.all.kept, found.all.total) == (2, 2)
    assert found.groups == ()


def test_a_rule_that_raised_is_named_with_its_exception(store):
    made = Replayed("faulty")
    for value in ("'a'", "'b'"):
        problem = f"the rule 'dates' failed: KeyError: {value}"
        made.dialogue((), (), extra=(finding("rule_error"),))
        last = made.verdicts.pop()
        error = msgspec.structs.replace(last.findings[0], problem=problem)
        made.verdicts.append(msgspec.structs.replace(last, findings=(error,)))
    other = msgspec.structs.replace(
        finding("rule_error"), problem="the rule 'units' failed: ValueError: no unit"
    )
    made.dialogue((), ("known_tool",), extra=(other,))
    found = diff(store, made.stored(store))
    assert found.faults == (
        Fault("dates", "KeyError", 2, 2, "the rule 'dates' failed: KeyError: 'a'"),
        Fault("units", "ValueError", 1, 0, "the rule 'units' failed: ValueError: no unit"),
    )
    assert found.all.counts == {("pass", "fail"): 3}
    assert "2 dialogues fail only because a rule raised" in in_words(found)


def test_the_model_checker_is_compared_by_its_confidence(store):
    made = Replayed("model", stage="model", checker="model-checker@3+cccccccc")
    for old, new in ((0.9, 0.95), (0.8, 0.5), (0.6, 0.79), (1.0, 1.0)):
        made.opinion(old, new)
    made.opinion(0.9, None, failure="the answer is no JSON")
    made.opinion(None, 0.9)
    found = diff(store, made.stored(store))
    assert found.all.counts == {
        ("pass", "pass"): 2,
        ("pass", "fail"): 1,
        ("fail", "pass"): 1,
        ("pass", "none"): 1,
        ("none", "pass"): 1,
    }
    assert found.rules == ()
    assert found.confidence == Confidence(
        dialogues=4,
        shift=pytest.approx(-0.015),
        old_quantiles=pytest.approx((0.63, 0.75, 0.85, 0.925, 0.985)),
        new_quantiles=pytest.approx((0.5435, 0.7175, 0.87, 0.9625, 0.9925)),
        old_tenths=(0, 0, 0, 0, 0, 0, 1, 0, 1, 2),
        new_tenths=(0, 0, 0, 0, 0, 1, 0, 1, 0, 2),
    )
    assert "The mean confidence falls by 0.015." in in_words(found)
    [example] = group(found, "fails_now").examples
    assert (example.old.confidence, example.new.confidence) == (0.8, 0.5)
    assert example.new.findings[0].rule == "hallucination"
    [example] = group(found, "passes_now").examples
    assert example.old.findings[0].problem == "11 is said nowhere “11”"
    assert example.old.comment == "So it seems."


def test_a_replay_that_goes_on_counts_each_dialogue_once(store):
    made = Replayed("resumed")
    for _ in range(4):
        made.dialogue((), ("dates",))
    later, made.verdicts = made.verdicts, made.verdicts[:2]
    made.stored(store, dialogues=4)
    begun = diff(store, "resumed")
    assert (begun.replay.checked, begun.replay.complete, begun.all.total) == (2, False, 2)

    made.verdicts = [msgspec.structs.replace(one, passed=True, findings=()) for one in later[1:]]
    made.stored(store, dialogues=4)
    done = diff(store, "resumed")
    assert (done.replay.checked, done.replay.complete) == (4, True)
    assert done.all.counts == {("pass", "fail"): 1, ("pass", "pass"): 3}


def test_a_replay_of_which_nothing_is_checked_yet_can_be_shown(store):
    found = diff(store, Replayed("begun").stored(store, dialogues=7))
    assert found.all.total == 0
    assert in_words(found).startswith("Of 0 dialogues")


def test_an_event_that_cannot_be_read_is_an_example_without_a_dialogue(store):
    made = Replayed("unreadable")
    source = made.dialogue(None, None)
    made.run.events.remove(source)
    store.insert([(source, b'{"body": {"type": "Unheard"}, "schema_version": 1}')])
    [example] = group(diff(store, made.stored(store)), "no_verdict").examples
    assert example.dialogue is None
    assert example.new.comment == "no answer"


def test_an_unknown_name_is_refused_with_those_there_are(store):
    Replayed("known-one").stored(store)
    with pytest.raises(ReplayNotFound, match=r"no replay has the name 'nobody'; there are .*known-one"):
        diff(store, "nobody")


def test_verdicts_alone_make_no_replay(store):
    made = Replayed("verdicts-alone")
    made.dialogue((), ())
    store.insert(made.run.encoded())
    assert "verdicts-alone" not in {replay.name for replay in replays(store)}


def test_a_replay_says_what_it_is_about(store):
    Replayed("about").stored(store)
    replay = find_replay(store, "about")
    assert replay.selection == "all dialogues"
    assert replay.source == "rules.py"


class Narrow:
    """Answers as a sink does over NATS: not more than so many rows at once."""

    def __init__(self, store, most: int) -> None:
        self.store, self.most, self.refused = store, most, 0

    def query(self, sql, parameters=None) -> QueryResult:
        found = self.store.query(sql, parameters)
        if len(found.rows) > self.most and "payload" in found.columns:
            self.refused += 1
            raise QueryError("the answer has 9,000,000 bytes, 7,500,000 can be sent: add a LIMIT")
        return found


def test_examples_too_large_for_one_answer_are_asked_for_in_smaller_pages(found, store):
    narrow = Narrow(store, 2)
    assert diff(narrow, "cells").groups == found.groups
    assert narrow.refused > 0
