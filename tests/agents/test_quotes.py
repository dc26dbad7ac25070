"""Evidence is a quote or it is none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.quotes import sources, stands
from agents.role import conversation_view, tool_view
from schemas.dialogue import ToolMessage, UserMessage
from tests.build import TALK, WEATHER

SHOWN = sources([tool_view(WEATHER), *conversation_view(TALK)])


@pytest.mark.parametrize(
    "quote",
    [
        pytest.param("over the next 3 days", id="a-message"),
        pytest.param("“What will the weather be in Lisbon?”".replace("?", ""), id="in-quotes"),
        pytest.param("WEATHER  be\n in Lisbon", id="case-and-spacing"),
        pytest.param('"city": "Lisbon", "days": 3', id="arguments-spaced"),
        pytest.param('{"city":"Lisbon","days":3}', id="arguments-compact"),
        pytest.param('{\\"city\\": \\"Lisbon\\", \\"forecast\\": \\"sunny\\"', id="a-result-with-escapes"),
        pytest.param("get_weather", id="a-tool's-name"),
        pytest.param("Get the weather … of a city.", id="an-ellipsis"),
        pytest.param("highs of 24 °C", id="an-answer"),
    ],
)
def test_words_of_the_dialogue_or_the_tools_are_a_quote(quote):
    assert stands(quote, SHOWN)


@pytest.mark.parametrize(
    "quote",
    [
        pytest.param("", id="nothing"),
        pytest.param("{}", id="no-words"),
        pytest.param("The city was never named", id="a-paraphrase"),
        pytest.param("over the next 30 days", id="another-number"),
        pytest.param("highs of 4", id="the-end-of-a-number"),
        pytest.param("highs of 2", id="the-beginning-of-a-number"),
        pytest.param("Lisb", id="a-piece-of-a-word"),
        pytest.param("Lisbon in be weather the", id="another-order"),
        pytest.param("of a city … Get the weather", id="parts-in-another-order"),
        pytest.param("next 3 days Lisbon will be sunny", id="over-two-messages"),
    ],
)
def test_anything_else_is_none(quote):
    assert not stands(quote, SHOWN)


@pytest.mark.parametrize(
    ("quote", "is_one"),
    [("24.5", True), ("24", False), ("5 degrees", False), ("-3", True), ("3", False), ("2026-05-01", True)],
)
def test_numbers_are_compared_whole(quote, is_one):
    shown = sources(conversation_view((UserMessage("It was 24.5 degrees, then -3, on 2026-05-01."),)))
    assert stands(quote, shown) is is_one


def test_scripts_without_spaces_may_be_quoted_in_part():
    shown = sources(conversation_view((UserMessage("明日の東京の天気を教えてください。"),)))
    assert stands("東京の天気", shown)
    assert not stands("大阪の天気", shown)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=60)


@given(TEXTS, st.data())
def test_every_run_of_whole_words_is_a_quote_however_the_message_is_encoded(text, data):
    words = text.split()
    first = data.draw(st.integers(0, len(words)))
    quote = " ".join(words[first : data.draw(st.integers(first, len(words)))])
    shown = sources(conversation_view((UserMessage(text), ToolMessage("c", "t", json.dumps({"said": text})))))
    if any(character.isalnum() for character in quote) and "…" not in quote and "..." not in quote:
        assert stands(quote, shown)


def test_a_quote_of_many_parts_is_looked_for_once_each():
    """A pattern of them all would try every way to place 200 of 2,000: there is no time for that."""
    assert not stands("… a … " * 200 + "… end", sources(["a " * 2000]))


@given(TEXTS)
def test_no_text_breaks_the_search(text):
    stands(text, sources([text, {"a": text}]))
