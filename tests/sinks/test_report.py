"""The report is one file that needs nothing and runs nothing."""

import re
from html.parser import HTMLParser

import msgspec
import pytest

from schemas.dialogue import AssistantMessage, ToolMessage
from schemas.events import LLMCalled, RuleChecked, RuleFinding
from sinks import charts
from sinks.report import write_report
from sinks.status import RunNotFound, status
from sinks.store import StoreError
from tests.sinks.build import SPEC, Run, mixed_run
from tests.sinks.test_calibration import checked, labels, opinion

HOSTILE = (
    '</p><script>alert(1)</script><img src="http://evil.example/x" onerror=alert(2)>"\'&lt; $x^2$ {{ 7*7 }}'
)


CHARTS = 10
"""Scenarios, funnel, rules, special kinds, two of slot filling, coverage, places, calls, tokens."""


class Page(HTMLParser):
    """What a browser would make of the page: its elements with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(store, tmp_path_factory) -> str:
    store.insert(mixed_run("reported", 60).encoded())
    return write_report(
        store, "reported", tmp_path_factory.mktemp("report") / "deep" / "report.html"
    ).read_text()


def test_the_report_shows_the_figures_of_the_status(store, page):
    figures = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", page))
    run = status(store, "reported")

    assert figures["accepted of 60 wanted"] == str(run["accepted"])
    assert figures["sampled"] == "60"
    assert figures["need review"] == str(run["needs_review"])
    assert figures["rejected"] == str(run["rejected"])
    assert figures["dead"] == str(run["dead"])
    assert figures["in flight"] == str(run["in_flight"])
    assert figures["cost an accepted dialogue"] == f"${run['llm']['cost_usd'] / run['accepted']:.4f}"
    assert "Nothing is lost" in page


def test_the_report_asks_the_network_for_nothing(page):
    assert "http:" not in page
    assert "https:" not in page
    for tag, attributes in Page(page).elements:
        assert tag not in {"script", "iframe", "object", "embed", "base", "form"}
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:"))
    assert "default-src 'none'" in page


def test_the_charts_are_drawings_in_the_page_with_ids_of_their_own(page):
    elements = Page(page).elements
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]

    assert sum(tag == "svg" for tag, _ in elements) == CHARTS
    assert len(ids) == len(set(ids))
    assert "sampled: single-single" in page  # read aloud by a screen reader


def test_the_report_says_what_was_asked_for(store, tmp_path):
    spec = msgspec.structs.replace(SPEC, memory=False, thinking=True, languages={"English": 3, "Dutch": 1})
    store.insert(mixed_run("ablation", 8, spec=spec).encoded())

    text = Page(write_report(store, "ablation", tmp_path / "report.html").read_text()).text

    assert "Made without memory." in text
    assert "English 75 %, Dutch 25 %" in text
    assert re.search(r"thinking\s*on", text)


def test_a_run_without_evaluation_shows_no_model_check(store, tmp_path):
    spec = msgspec.structs.replace(SPEC, evaluation=False)
    store.insert(mixed_run("unchecked", 8, spec=spec).encoded())

    page = write_report(store, "unchecked", tmp_path / "report.html").read_text()

    assert "passed the model" not in page
    assert "held nothing back" in page


def test_the_judges_places_are_shown_beside_an_even_share(store, tmp_path):
    run = Run("favourite")
    for index in range(40):
        shown = tuple((index + place) % 4 for place in range(4))
        run.choice(shown, shown[:1], again=shown[3:] if index % 2 else None)
    store.insert(run.encoded())

    page = Page(write_report(store, "favourite", tmp_path / "report.html").read_text())

    labels = [attributes.get("aria-label") or "" for _, attributes in page.elements]
    assert "share of choices won: 1 100 %, 2 0 %, 3 0 %, 4 0 %" in labels
    assert "p < 0.001" in page.text
    assert "100.0 % (20 of 20)" in page.text  # the first place twice


def test_without_a_truth_the_page_says_what_is_missing(page):
    section = page[page.index('id="checker"') :]
    assert "no person has decided on any of them, and no faults were planted" in section
    assert 'aria-label="said' not in page


def test_the_model_checker_s_confidence_is_shown_beside_the_truth(store, tmp_path):
    run = Run("calibrated")
    for index in range(40):
        faulty = index % 4 == 0
        opinions = [opinion(model, 0.3 if faulty else 0.9, ok=not faulty) for model in ("a", "b", HOSTILE)]
        checked(run, index, *opinions)
    store.insert(run.encoded())
    planted = labels(tmp_path / "labels", *range(0, 40, 4))

    written = write_report(store, "calibrated", tmp_path / "report.html", planted).read_text()
    page = Page(written.replace("</td>", " </td>").replace("</th>", " </th>"))

    assert "said 30 %, so 0 % of 10, from 0 % to 28 %; said 90 %, so 100 % of 30, from 89 % to 100 %" in [
        attributes.get("aria-label") for _, attributes in page.elements
    ]
    text = " ".join(page.text.split())
    assert "It saw 40 dialogues" in text
    assert "that stands in it: 10." in text
    assert "Calibration error 0.150" in text
    assert "AUROC 1.000" in text
    assert "0.75 this run 30 0 100.0 % 88.6 to 100.0 % 100.0 %" in text
    assert f"{HOSTILE} 30 0 100.0 % 0 0.150 1.000" in text


def test_samples_are_of_every_scenario_and_failures_of_every_kind(page):
    tags = re.findall(r'<span class="tag[^"]*">([^<]*)</span>', page)

    assert {"single-single", "single-multi", "multi-single", "multi-multi", "special"} <= set(tags)
    assert {"rejected", "needs review", "dead"} <= set(tags)


def test_a_failure_is_shown_once_under_the_state_it_ended_in(store, tmp_path):
    run = Run("failed")
    rejected = run.dialogue("rejected", 0)  # a person was asked first, so it needed a review too
    waiting = run.dialogue("needs_review", 1)
    run.dialogue("accepted", 2)
    store.insert(run.encoded())

    page = write_report(store, "failed", tmp_path / "report.html").read_text()

    section = page[page.index('id="failures"') :]
    shown = re.findall(r'tag[^"]*">(rejected|needs review|dead)<.*?<code>([^<]*)</code>', section, re.DOTALL)
    assert shown == [("rejected", rejected.id), ("needs review", waiting.id)]


def test_the_same_events_give_the_same_bytes(store, page, tmp_path):
    assert write_report(store, "reported", tmp_path / "again.html").read_text() == page


def test_whatever_a_model_or_a_tool_wrote_is_shown_as_text(store, tmp_path):
    run = Run(HOSTILE)
    dialogue = run.dialogue("accepted", request=HOSTILE)
    call = msgspec.structs.replace(dialogue.calls[0], name=HOSTILE, arguments={HOSTILE: HOSTILE})
    tool = msgspec.structs.replace(dialogue.tools[0], name=HOSTILE)
    hostile = msgspec.structs.replace(
        dialogue,
        type_label=HOSTILE,
        tools=(tool, *dialogue.tools),
        messages=(
            dialogue.messages[0],
            AssistantMessage(calls=(call,), action="call"),
            ToolMessage(call.id, HOSTILE, HOSTILE),
            AssistantMessage(HOSTILE),
        ),
    )
    run.events[-1] = msgspec.structs.replace(
        run.events[-1], body=msgspec.structs.replace(run.events[-1].body, dialogue=hostile)
    )
    finding = RuleFinding(HOSTILE, "call", "error", HOSTILE)
    run.emit("checked.rule", RuleChecked(hostile, False, (finding,)), dialogue_id=dialogue.id)
    run.emit("llm.called", LLMCalled(HOSTILE, HOSTILE, "0", "1", "ok"), dialogue_id=dialogue.id)
    run.dialogue("rejected", 1, request=HOSTILE)
    store.insert(run.encoded())

    page = Page(write_report(store, HOSTILE, tmp_path / "report.html").read_text())

    assert not {"script", "img"} & {tag for tag, _ in page.elements}
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert page.text.count(HOSTILE) >= 8


def test_a_run_that_has_only_begun_can_be_reported(store, tmp_path):
    run = Run("begun")
    run.request(10)
    store.insert(run.encoded())

    page = write_report(store, "begun", tmp_path / "report.html").read_text()

    assert "None was accepted." in page


def test_a_report_that_fails_leaves_the_old_one(store, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(RunNotFound):
        write_report(store, "nobody", path)

    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]
    assert issubclass(RunNotFound, StoreError)


def test_large_values_are_shortened_in_charts():
    svg = charts.bars(["a", "b", "c"], [charts.Series("n", [9_999, 123_456, 7_890_000])], name="n")
    assert re.findall(r">([\d.,]+[kM]?)</text>", svg) == ["9,999", "123k", "7.89M"]
