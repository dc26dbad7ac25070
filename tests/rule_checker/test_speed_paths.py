"""Each shortcut of the rule checker against the long way that it saves."""

import re
import unicodedata
from inspect import getsource
from types import ModuleType
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from consumers.rule_checker import dates, tool
from consumers.rule_checker.core import BUILT_IN, Checker
from consumers.rule_checker.lazy import lazy
from consumers.rule_checker.numerals import Numbers
from consumers.rule_checker.rules import MODULES, RULES, damage, rule, wording
from consumers.rule_checker.rules import language as language_rules
from consumers.rule_checker.screen import screen
from consumers.rule_checker.text import Text, normal, runs_of_letters, stands_in, states_number
from consumers.rule_checker.tool import leaves, prepare
from consumers.rule_checker.view import View
from schemas.dialogue import AssistantMessage, Dialogue, ToolMessage
from schemas.tools import ToolSpec
from tests.rule_checker.good_dialogues import GOOD, WEATHER, answer, single, user, with_message

WITHOUT_SHORTCUTS = Checker(
    {id_: replace(each, when=None, of_tool=None) for id_, each in RULES.items()}, BUILT_IN.version
)


def module_screens(module: ModuleType) -> set[str]:
    """The patterns for which a module has a screen."""
    return {
        name for call in re.findall(r"= screen\(([^)]*)\)", getsource(module)) for name in call.split(", ")
    }


SCREENED = {
    name: pattern
    for module in (*MODULES, dates)
    for name, pattern in vars(module).items()
    if isinstance(pattern, re.Pattern) and name in module_screens(module)
}

odd_text = st.text(st.sampled_from("abkKſ19_ -.,'’\"$%&\n\t\x1céEÉ\u0301ﬁßİıΣ日½²\u00a0"), max_size=12)


@pytest.mark.parametrize("name", SCREENED)
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_screen_lets_through_what_its_pattern_finds(name, data):
    pattern = SCREENED[name]
    text = data.draw(odd_text) + data.draw(st.from_regex(pattern)) + data.draw(odd_text)

    if pattern.search(text):
        assert screen(pattern)(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        pytest.param(re.compile("in", re.IGNORECASE), "İN", id="the Turkish i"),
        pytest.param(re.compile(r"\bTODO\b"), "TODO\u0301", id="an accent after a word"),
        pytest.param(re.compile(r"a\w"), "aé", id="a letter beyond ASCII"),
        pytest.param(re.compile(r"\d"), "٣", id="a digit beyond ASCII"),
        pytest.param(re.compile(r"a\sb"), "a\x1cb", id="a separator that is a space to Python alone"),
        pytest.param(re.compile(r"a$"), "a\n", id="an end before a line feed"),
        pytest.param(re.compile(r"[^\W_]x"), "éx", id="a negated class"),
        pytest.param(re.compile(r"(?<!\d)5(?!\()"), "a5", id="look-around"),
        pytest.param(re.compile("a"), "\ud800", id="a lone surrogate is for `re` to read"),
    ],
)
def test_a_screen_errs_on_the_side_of_looking(pattern, text):
    assert screen(pattern)(text)


def test_a_screen_holds_back_what_has_nothing_to_find():
    assert not screen(wording.LEAK, wording._PLACEHOLDER)("Your table for four is booked.")


def normal_by_the_book(text: str) -> str:
    symbols = {"$": "dollar", "€": "euro", "£": "pound", "¥": "yen", "₹": "rupee", "%": "percent"}
    spelled = symbols | {"°": "degree", "&": "and"}
    table = str.maketrans({sign: f" {word} " for sign, word in spelled.items()} | {"'": "", "’": ""})
    decomposed = unicodedata.normalize("NFKD", text.translate(table))
    bare = "".join(char for char in decomposed if not unicodedata.combining(char)).translate(table)
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", bare).casefold()))


@given(st.text() | odd_text | st.text(st.characters(max_codepoint=127)))
def test_the_normal_form_is_what_its_definition_says(text):
    assert normal(text) == normal_by_the_book(text)


@given(odd_text, odd_text.filter(bool), odd_text)
def test_a_value_that_stands_in_a_text_is_found_in_its_normal_form(before, value, after):
    text = before + value + after

    if stands_in(value, text):
        words = normal(value)
        assert not words or Text(text).contains(words)


numeric_text = st.text(st.sampled_from("0123456789 .,e'’_$%:/-\u00a0\nkm"), max_size=14)


@given(
    numeric_text,
    st.integers(0, 2_000_000) | st.floats(0, 1e6).map(lambda value: round(value, 2)),
    numeric_text,
    st.sampled_from(["{}", "{:,}"]),
)
def test_a_number_that_stands_in_a_text_is_among_its_numbers(before, value, after, writing):
    text = before + writing.format(value) + after

    if states_number(value, text):
        assert Numbers(text).has(value)


@pytest.mark.parametrize("text", ["5 stars", "take 5, please", "5.", "($5)", "5!", "a 12,500 b"])
def test_plain_numbers_are_found_without_reading_the_others(text):
    assert states_number(12500 if "12" in text else 5, text)


@pytest.mark.parametrize("text", ["5.5", "15", "5,000", "v5", "5th", "1.5", "5/2", "5e3"])
def test_a_part_of_a_number_is_not_taken_for_it(text):
    assert not states_number(5, text)


sentences = st.lists(
    st.sampled_from(["The sky is blue over the sea", "the Sky is blue over the sea", "No", "a b c d e f"])
    | odd_text,
    max_size=8,
).flatmap(lambda parts: st.sampled_from([". ", "!", "\n", "?  "]).map(lambda mark: mark.join(parts) + mark))


@given(sentences)
def test_the_quick_looks_at_a_text_miss_nothing(text):
    counts: dict[str, int] = {}
    for part in re.findall(r"[^.!?\n]+", text):
        sentence = part.strip().casefold()
        counts[sentence] = counts.get(sentence, 0) + 1
    if any(count >= 4 and len(sentence.split()) >= 6 for sentence, count in counts.items()):
        view = View(with_message(single(), 3, answer(text)))
        assert len(text) < 120 or wording._some_text_repeats_itself(view)
    for assistant in (True, False):
        if text.strip() and wording._cut_off(text, assistant):
            assert wording._may_be_cut_off(text)


foreign_words = st.lists(
    st.sampled_from(["der", "das", "la", "de2la", "_und", "no", "the", "Ich-", "x", "\n", ",", " "]),
    max_size=12,
)


@given(foreign_words, st.sampled_from(["English", "German"]))
def test_three_words_of_other_languages_are_seen_at_once(words, language):
    text = " ".join(words)

    if len(language_rules._OTHERS[language].intersection(runs_of_letters(text))) >= 3:
        assert language_rules._may_hold_three(language)(text)


@given(st.lists(st.sampled_from(["one", "two", "Two", "three", "four", "five", "six"]), max_size=60))
def test_a_third_of_the_words_tells_of_no_loop_where_there_is_one(words):
    in_a_loop = len(words) >= 30 and 5 * len({word.casefold() for word in words}) < len(words)

    assert damage._is_in_a_loop(" ".join(words)) == in_a_loop


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def leaves_by_the_book(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return [leaf for key, child in value.items() for leaf in leaves_by_the_book(child, (*path, key))]
    if isinstance(value, list):
        return [leaf for i, child in enumerate(value) for leaf in leaves_by_the_book(child, (*path, i))]
    return [(path, value)]


@given(json_values)
def test_leaves_are_the_scalars_in_their_order(value):
    assert leaves(value) == leaves_by_the_book(value)


@given(st.dictionaries(st.sampled_from(["city", "days", "unit", "other"]), json_values, max_size=4))
def test_arguments_that_pass_quickly_have_no_violations_and_no_unknown_names(arguments):
    weather = prepare(WEATHER)
    assert weather.validator is not None

    assert bool(weather.violations(arguments)) == bool(list(weather.validator.iter_errors(arguments)))
    if weather.names_all(arguments):
        parameters = weather.spec.parameters
        assert not list(tool._unknown(parameters, arguments, parameters, ()))


TEXTS = st.sampled_from(
    (
        *("", " ", "TODO", "As an AI model I cannot.", "It is (open", "get_weather(city)", "\x07", "Oslo"),
        *("What city?", "It costs 4711 at 7:30 on 3 May 2024.", "Say it with six words now. " * 5, "<city>"),
        *("x" * 2500, "The and", "user: hi", '"Foo" is there.', "Sorry, it failed."),
    )
)
ARGUMENTS = st.sampled_from([None, True, 0, 7, 2.5, "", "N/A", "Oslo", "<city>", "4711", ["Rome"], {"a": {}}])


@st.composite
def damaged(draw: st.DrawFn) -> Dialogue:
    """A good dialogue in which a few things are no longer as they were."""
    dialogue = draw(st.sampled_from([make() if callable(make) else make for make in GOOD.values()]))
    messages: list[Any] = list(dialogue.messages)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(messages) - 1)) if messages else 0
        match draw(st.sampled_from(("drop", "again", "text", "argument", "id", "label", "result", "plan"))):
            case "drop" if messages:
                del messages[place]
            case "again" if messages:
                messages.insert(draw(st.integers(0, len(messages))), messages[place])
            case "text" if messages and not isinstance(messages[place], ToolMessage):
                messages[place] = replace(messages[place], content=draw(TEXTS))
            case "argument" if messages and getattr(messages[place], "calls", ()):
                call = messages[place].calls[0]
                names = st.sampled_from([*call.arguments, "other"])
                changed = {**call.arguments, draw(names): draw(ARGUMENTS)}
                messages[place] = replace(messages[place], calls=(replace(call, arguments=changed),))
            case "id" if messages and getattr(messages[place], "calls", ()):
                call = replace(messages[place].calls[0], id=draw(st.sampled_from(("", "call_1", "x"))))
                messages[place] = replace(messages[place], calls=(*messages[place].calls, call))
            case "label" if messages and isinstance(messages[place], AssistantMessage):
                action = draw(st.sampled_from(("call", "ask", "answer")))
                messages[place] = replace(messages[place], action=action)
            case "result" if messages and isinstance(messages[place], ToolMessage):
                content = draw(st.sampled_from(('{"error": "no"}', "NaN", "{}", '{"n": 4711, "s": "Foo"}')))
                messages[place] = replace(messages[place], content=content)
            case "plan":
                dialogue = replace(dialogue, turns=dialogue.turns[:-1])
    return replace(dialogue, messages=tuple(messages))


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(damaged())
def test_a_rule_that_is_spared_would_have_found_nothing(dialogue):
    assert BUILT_IN.check(dialogue) == WITHOUT_SHORTCUTS.check(dialogue)


def test_few_rules_run_where_all_is_well():
    due = BUILT_IN._rules_for(View(single()))

    assert len(due) < len(RULES) / 2


def test_a_rule_runs_where_its_condition_fails():
    def broken(view: View) -> bool:
        raise RuntimeError("a condition with a bug")

    @rule("call", "error", "", when=broken)
    def never(view):
        """Finds that it was asked."""
        yield from ()
        raise ValueError("asked")

    [finding] = Checker({"never": never}).check(single())

    assert (finding.rule, "asked" in finding.problem) == ("rule_error", True)


def test_a_tool_is_looked_at_once_however_many_dialogues_it_rides_on():
    asked = []
    prepared = prepare(WEATHER)
    for _ in range(3):
        assert prepare(msgspec.json.decode(msgspec.json.encode(WEATHER), type=ToolSpec)) is prepared
        prepared.once(asked.append)

    assert asked == [prepared]


def test_ever_new_tools_do_not_fill_memory():
    assert tool._prepared.cache_info().maxsize is not None
    huge = ToolSpec(name="huge", description="x" * tool._MAX_KEPT)
    assert prepare(huge) is not prepare(huge)


def test_cases_of_rules_are_kept_within_bounds(monkeypatch):
    monkeypatch.setattr("consumers.rule_checker.core._MAX_CASES", 2)
    checker = Checker()
    for dialogue in (single(), with_message(single(), 0, user("")), replace(single(), tools=())):
        assert checker.check(dialogue) == BUILT_IN.check(dialogue)

    assert len(checker._due) <= 2


def test_a_lazy_attribute_is_worked_out_once():
    class Counted:
        times = 0

        @lazy
        def value(self) -> int:
            self.times += 1
            return self.times

    counted = Counted()
    assert (counted.value, counted.value) == (1, 1)
