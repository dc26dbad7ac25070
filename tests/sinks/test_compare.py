"""Two runs side by side: what differs is marked, and what does not is not."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dialogue import Scenario
from sinks.compare import Value, as_json, compare, draw, shown, shown_difference
from sinks.compare_page import write_comparison
from sinks.figures import Figures, gather
from sinks.intervals import newcombe
from sinks.statistics import facts
from tests.sinks.build import SPEC, Run, mixed_run
from tests.sinks.test_report import HOSTILE, Page


def figures(store, run: Run) -> Figures:
    store.insert(run.encoded())
    return gather(store, run.run_id)


def run_of(run_id: str, accepted: int, rejected: int, **spec) -> Run:
    run = Run(run_id, spec=msgspec.structs.replace(SPEC, **spec))
    cause = run.request(accepted + rejected)
    for index in range(accepted + rejected):
        scenario = list(Scenario)[index % 4]
        run.dialogue("accepted" if index < accepted else "rejected", index, scenario, cause=cause)
    return run


@pytest.fixture(scope="module")
def pair(store):
    a = figures(store, run_of("strict", 30, 10))
    b = figures(store, run_of("lenient", 60, 0, memory=False, candidates=2))
    return compare(a, b)


def row(comparison, key):
    return next(row for row in comparison.rows if row.key == key)


def test_a_share_is_compared_by_newcombes_interval(pair):
    found = row(pair, "accepted")
    assert (found.a.hits, found.a.of, found.b.hits, found.b.of) == (30, 40, 60, 60)
    assert found.interval == newcombe(30, 40, 60, 60)
    assert found.difference == 0.25
    assert found.differs
    assert found in pair.differing


def test_a_run_does_not_differ_from_itself(pair):
    found = compare(pair.a, pair.a)
    assert found.asked == {}
    assert found.differing == []
    assert all(row.difference in (0, None) for row in found.rows)
    assert found.tested > 10


def test_only_what_was_asked_for_differently_is_listed_as_such(pair):
    assert pair.asked == {
        "dialogues wanted": ("40", "60"),
        "candidates a round": ("4", "2"),
        "memory": ("on", "off"),
    }
    assert pair.same["seed"] == "0"
    assert pair.same["models"] == "offline-teacher"


def test_variety_is_measured_on_equally_many_dialogues(pair):
    assert (len(pair.a.accepted), len(pair.b.accepted), pair.drawn) == (30, 60, 30)
    assert [statistics.dialogues for statistics in pair.variety] == [30, 30]
    assert row(pair, "distinct_2").a.value == pair.a.statistics.distinct_2
    assert row(pair, "distinct_2").b.value > pair.b.statistics.distinct_2, (
        "fewer words come back in fewer texts"
    )


@given(st.integers(0, 12))
def test_a_draw_is_a_part_in_order_and_always_the_same(wanted):
    run = Run("drawn")
    of = [facts(run.compose(Scenario.SPECIAL, index)) for index in range(12)]
    found = draw(of, wanted)
    assert found == draw(of, wanted)
    assert len(found) == wanted
    assert found == [one for one in of if one in found]


def test_every_rule_that_failed_in_one_of_them_is_compared(pair):
    rules = {row.label: row for row in pair.rows if row.key.startswith("rule_")}
    assert rules.keys() == pair.a.status["rejections_by_rule"].keys()
    assert sum(row.a.hits for row in rules.values()) == 10
    assert {row.b.hits for row in rules.values()} == {0}


def test_cost_is_over_accepted_dialogues_and_counts_all_calls(pair):
    for run, value in (
        (pair.a, row(pair, "calls_per_accepted").a),
        (pair.b, row(pair, "calls_per_accepted").b),
    ):
        assert value.value == pytest.approx(run.status["llm"]["calls"] / run.status["accepted"])
    for run, value in (
        (pair.a, row(pair, "tokens_per_accepted").a),
        (pair.b, row(pair, "tokens_per_accepted").b),
    ):
        llm = run.status["llm"]
        tokens = llm["prompt_tokens"] + llm["completion_tokens"]
        assert value.value == pytest.approx(tokens / run.status["accepted"])


def test_calls_for_no_dialogue_are_counted_and_widen_nothing(store):
    plain, with_ratings = run_of("plain", 20, 0), run_of("with-ratings", 20, 0)
    for _ in range(40):
        with_ratings.llm("sample", None, outcome="ok")
    found = compare(figures(store, plain), figures(store, with_ratings))
    calls = row(found, "calls_per_accepted")
    assert calls.difference == pytest.approx(2, abs=0.5)
    assert calls.interval.low > 1


def test_runs_that_have_only_begun_can_be_compared(store, tmp_path):
    begun = Run("only-begun")
    begun.request(5)
    one = figures(store, begun)
    found = compare(one, one)

    page = write_comparison(found, tmp_path / "page.html").read_text()

    assert (found.drawn, found.tested) == (0, 0)
    assert "too little to compare" in page


def test_the_comparison_as_json_has_every_row(pair):
    found = msgspec.json.decode(msgspec.json.encode(as_json(pair)))
    assert sum(len(rows) for rows in found["sections"].values()) == len(pair.rows)
    [accepted] = [row for row in found["sections"]["From sample to data set"] if row["key"] == "accepted"]
    assert accepted["differs"]
    assert accepted["a"]["of"] == 40
    assert len(accepted["interval"]) == 2
    assert found["b"]["without"] == ["memory"]
    assert "accepted" in found["differing"]


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("share", Value(0.87, 60, 69), "87.0 % (60 of 69)"),
        ("share", Value(0.028), "2.8 %"),
        ("ratio", Value(0.5719), "0.572"),
        ("mean", Value(4.538), "4.54"),
        ("count", Value(1803), "1,803"),
        ("money", Value(0.0123), "$0.0123"),
        ("share", Value(None, 0, 0), "–"),
        ("money", Value(None), "–"),
    ],
)
def test_a_value_reads_as_its_kind(kind, value, text):
    assert shown(kind, value) == text


@pytest.mark.parametrize(
    ("kind", "difference", "text"),
    [
        ("share", -0.0241, "−2.4"),
        ("share", -0.0001, "0.0"),
        ("count", 9, "+9"),
        ("mean", 1234.5, "+1,234.50"),
        ("mean", None, "–"),
    ],
)
def test_a_difference_has_its_sign(kind, difference, text):
    assert shown_difference(kind, difference) == text


@pytest.fixture(scope="module")
def page(pair, tmp_path_factory) -> str:
    return write_comparison(pair, tmp_path_factory.mktemp("compare") / "deep" / "page.html").read_text()


def test_the_page_asks_the_network_for_nothing(page):
    assert "http:" not in page
    assert "https:" not in page
    ids = []
    for tag, attributes in Page(page).elements:
        assert tag not in {"script", "iframe", "object", "embed", "base", "form", "img"}
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:"))
        ids += [attributes["id"]] if "id" in attributes else []
    assert len(ids) == len(set(ids))


def test_a_is_first_and_b_second_in_every_figure_of_both(page):
    labels = [attributes["aria-label"] for tag, attributes in Page(page).elements if tag == "svg"]
    two = [label for label in labels if "A strict" in label]
    assert len(labels) == 11
    assert len(two) == len(labels) - 1  # the differences are of both at once
    assert all(re.match(r"A strict: .*; B lenient: ", label) for label in two)


def test_what_differs_is_marked_on_the_page(page, pair):
    assert page.count('class="differs"') == len(pair.differing) > 0
    assert "Made without memory" in page


def test_names_from_elsewhere_stay_text(store, tmp_path):
    one = figures(store, mixed_run(HOSTILE, 12))
    found = compare(one, one, (f"A {HOSTILE}", f"B {HOSTILE}"))
    page = Page(write_comparison(found, tmp_path / "page.html").read_text())
    assert not {"script", "img"} & {tag for tag, _ in page.elements}
    assert page.text.count(HOSTILE) >= 4
