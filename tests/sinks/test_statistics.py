"""Every measure is what its definition says."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dialogue import (
    SPECIAL_KINDS,
    AssistantMessage,
    Call,
    Link,
    Scenario,
    Task,
    ToolMessage,
    Turn,
    TurnKind,
    UserMessage,
)
from sinks.statistics import (
    cluster_variety,
    count_histogram,
    describe,
    distinct_n,
    entropy,
    facts,
    histogram,
    is_error,
    slot_filling_of_calls,
    slot_filling_of_table,
    tool_coverage,
    unique_share,
)
from tests.sinks.build import Run, tool


def composed(scenario=Scenario.SINGLE_SINGLE, index=0, **changes):
    return msgspec.structs.replace(Run("statistics").compose(scenario, index), **changes)


def called(*calls: Call, tools=(), **changes):
    """A dialogue whose only assistant message makes the calls."""
    messages = (UserMessage("Do it."), AssistantMessage(calls=calls, action="call"))
    return composed(tools=tools, messages=messages, **changes)


def test_distinct_n_counts_ngrams_within_texts():
    assert distinct_n(["a b c", "A b, d"], 2) == 3 / 4  # ab bc ab bd
    assert distinct_n(["a b c"], 3) == 1
    assert distinct_n(["one", "two"], 2) is None


@given(st.lists(st.text("ab c", max_size=12)), st.integers(1, 3))
def test_saying_everything_twice_halves_what_is_distinct(texts, n):
    once = distinct_n(texts, n)
    assert distinct_n(texts * 2, n) == (None if once is None else pytest.approx(once / 2))


def test_unique_share_ignores_case_and_punctuation():
    assert unique_share(["Book it!", "book it", "cancel it"]) == 2 / 3
    assert unique_share([]) is None


@pytest.mark.parametrize(
    ("counts", "bits"), [([4, 4], 1), ([1, 1, 1, 1], 2), ([7], 0), ([3, 0], 0), ([], None), ([0], None)]
)
def test_entropy_is_in_bits(counts, bits):
    assert entropy(counts) == bits


def test_a_bin_holds_its_upper_edge():
    assert histogram([0, 0.2, 0.21, 0.4, 0.6, 0.8, 0.81, 1], 5) == (2, 2, 1, 1, 2)


@given(st.lists(st.fractions(0, 1)))
def test_every_ratio_is_in_exactly_one_bin(ratios):
    assert sum(histogram(map(float, ratios), 5)) == len(ratios)


def test_a_calls_slot_filling_is_given_over_defined_parameters():
    dialogue = Run("ratios").compose(Scenario.SINGLE_MULTI, 0)
    first, second = dialogue.calls
    expected = [len(call.arguments) / len(dialogue.tool(call.name).properties) for call in (first, second)]
    assert slot_filling_of_calls(dialogue) == expected


TRAIN = tool("train", "Trains.", ["origin", "destination"], ["day"])
HOTEL = tool("hotel", "Rooms.", ["city"])
BARE = tool("now", "The time.", [])


def test_a_tables_slot_filling_counts_each_parameter_of_the_table_once():
    calls = (
        Call("1", "train", {"origin": "Bern", "destination": "Lyon"}),
        Call("2", "train", {"origin": "Lyon", "unheard_of": 1}),
        Call("3", "unknown", {"city": "Graz"}),
    )
    assert slot_filling_of_table(called(*calls, tools=(TRAIN, HOTEL))) == 2 / 4


@pytest.mark.parametrize(
    ("calls", "tools"),
    [pytest.param((), (TRAIN,), id="no-call"), pytest.param((Call("1", "now", {}),), (BARE,), id="no-slots")],
)
def test_a_table_without_calls_or_parameters_has_no_ratio(calls, tools):
    assert slot_filling_of_table(called(*calls, tools=tools)) is None


@given(st.lists(st.sampled_from(["origin", "destination", "day", "city", "other"]), max_size=8))
def test_a_tables_slot_filling_is_a_share_that_further_calls_only_raise(names):
    calls = [Call(str(index), "train", {name: "x"}) for index, name in enumerate(names)]
    ratios = [
        slot_filling_of_table(called(*calls[:count], tools=(TRAIN, HOTEL)))
        for count in range(1, len(calls) + 1)
    ]
    assert ratios == sorted(ratios)
    assert all(0 <= ratio <= 3 / 4 for ratio in ratios)


@pytest.mark.parametrize(
    ("content", "failed"),
    [
        ('{"error": "unavailable"}', True),
        ('{"success": false}', True),
        ('{"status": "Failed"}', True),
        ('{"error": null, "value": 3}', False),
        ('{"status": "ok"}', False),
        ('["error"]', False),
        ("error", False),
        ("[" * 100_000, False),
    ],
)
def test_a_result_says_whether_the_call_failed(content, failed):
    assert is_error(content) is failed


def test_failures_links_and_parallel_calls_are_counted():
    linked = Task("hotel", links=(Link("city", "train"),))
    dialogue = composed(
        tools=(TRAIN, HOTEL),
        turns=(
            Turn(kind=TurnKind.REQUEST, tasks=(Task("train"), linked), fails="train"),
            Turn(kind=TurnKind.RETRY, tasks=(Task("train"),)),
        ),
        messages=(
            UserMessage("Both, please."),
            AssistantMessage(calls=(Call("1", "train", {}), Call("2", "hotel", {})), action="call"),
            ToolMessage("1", "train", '{"error": "down"}'),
            ToolMessage("2", "hotel", "{}"),
            AssistantMessage(calls=(Call("3", "train", {}),), action="call"),
            ToolMessage("3", "train", "{}"),
            AssistantMessage("Done."),
        ),
    )

    found = describe([facts(dialogue), facts(composed(index=1))])

    assert (found.failures_planned, found.dependent) == (1, 1)
    assert (found.errors, found.results) == (1, 4)
    assert (found.parallel, found.calling) == (1, 3)


def test_special_dialogues_are_counted_by_kind_and_others_are_not():
    special = [
        composed(Scenario.SPECIAL, turns=(Turn(kind=kind, tasks=(Task("train"),)),))
        for kind in (TurnKind.ALMOST, TurnKind.ALMOST, TurnKind.PARTIAL)
    ]
    odd = composed(turns=(Turn(kind=TurnKind.NO_TOOL),))

    found = describe([*map(facts, special), facts(odd)])

    assert found.special_kinds == dict.fromkeys(SPECIAL_KINDS, 0) | {"almost": 2, "partial": 1}
    assert found.scenarios["special"].dialogues == 3


def test_languages_are_counted_the_unnamed_as_english():
    dialogues = [composed(language=language) for language in ("", "German", "German", "English", "German")]
    assert describe([*map(facts, dialogues)]).languages == {"German": 3, "English": 2}


def test_a_cluster_varies_where_its_types_differ():
    def labelled(cluster, label):
        return facts(composed(cluster=cluster, type_label=label))

    found = cluster_variety(
        [
            *(labelled("trips", label) for label in ("a", "b", "a")),
            *(labelled("money", label) for label in ("a", "b")),
            labelled("alone", "a"),
            labelled("", "a"),
            labelled("money", ""),
        ]
    )

    assert found == {"money": (2, 2), "trips": (2, 3)}


def test_a_set_is_described_by_its_means():
    run = Run("means")
    dialogues = [run.compose(scenario, index) for index, scenario in enumerate(Scenario)]

    found = describe([*map(facts, dialogues)])

    assert found.dialogues == 5
    assert found.tools_on_table == 4
    assert found.turns == 3
    assert found.tasks == (2 + 6) / 2  # single-multi has one turn of two tasks, multi-multi three of two
    assert found.calls == 1 + 2 + 3 + 6
    assert sum(found.call_filling) == found.calls
    assert sum(found.table_filling) == 4  # the special dialogue calls nothing
    assert found.scenarios["multi-multi"].calls == 6
    assert found.types == len({dialogue.type_label for dialogue in dialogues})
    assert 0 < found.type_evenness <= 1


def test_nothing_has_no_figures():
    found = describe([])
    assert (found.dialogues, found.distinct_2, found.turns, found.type_entropy) == (0, None, None, None)
    assert (found.special_kinds, found.scenarios, found.distinct_in_cluster) == ({}, {}, None)


def targeting(*targets):
    return [facts(composed(targets=names)) for names in targets]


def test_tools_that_no_dialogue_names_are_the_rest_of_the_pool():
    found = tool_coverage(targeting(("a", "b"), ("a",), ("a", "a")), pool=5, quota=2)

    assert (found.pool, found.never, found.under_quota) == (5, 3, 4)
    assert (found.least, found.middle, found.most) == (0, 0, 3)
    assert sorted(found.counts) == [0, 0, 0, 1, 3]


def test_an_unknown_pool_is_what_was_seen_of_it():
    found = tool_coverage(targeting(("a",), ("b",)), pool=0, quota=1)
    assert (found.pool, found.never) == (2, 0)
    assert tool_coverage([], pool=0, quota=1) is None


@given(st.lists(st.integers(0, 500), min_size=1), st.integers(0, 300))
def test_every_count_is_in_one_range_and_0_has_its_own(counts, more):
    found = count_histogram(counts, max(counts) + more)

    assert sum(found.values()) == len(counts)
    assert found["0"] == counts.count(0)
    assert len(found) <= 8
    for label, tools in found.items():
        low, _, high = label.partition("–")
        assert tools == sum(int(low) <= count <= int(high or low) for count in counts)
