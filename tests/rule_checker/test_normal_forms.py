"""A value counts as said however it was written."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.rule_checker import dates
from consumers.rule_checker.numerals import stated
from consumers.rule_checker.text import Sources, Trace, normal

NUMBERS = st.integers(min_value=2, max_value=10**12)
DATES = st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31))

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"


def in_english(number: int) -> str:
    """A whole number below a billion in words: 1234 -> one thousand two hundred and thirty-four."""
    if number < 20:
        return ONES.split()[number]
    if number < 100:
        ten, one = divmod(number, 10)
        return TENS.split()[ten - 2] + (f"-{in_english(one)}" if one else "")
    for size, name in ((10**6, "million"), (10**3, "thousand"), (100, "hundred")):
        if number >= size:
            many, rest = divmod(number, size)
            joint = " and " if size == 100 else " "
            return f"{in_english(many)} {name}" + (joint + in_english(rest) if rest else "")
    raise ValueError(number)


@given(NUMBERS, st.sampled_from([",", " ", "'", "\u00a0", "\u202f", "_", ""]))
def test_a_number_is_found_with_any_separator(number: int, separator: str) -> None:
    written = f"{number:,}".replace(",", separator)
    assert Sources(f"It is {written} in all.").number(number) == Trace.FULL


@given(NUMBERS, st.integers(min_value=0, max_value=99))
def test_a_decimal_number_is_found_in_both_notations(whole: int, cents: int) -> None:
    value = float(f"{whole}.{cents:02}")
    english = f"{whole:,}.{cents:02}"
    continental = english.translate(str.maketrans(",.", ".,"))
    assert Sources(f"Pay {english} now").number(value) == Trace.FULL
    assert Sources(f"Pay {continental} now").number(value) == Trace.FULL


@given(st.integers(min_value=0, max_value=10**9 - 1))
def test_a_number_is_found_in_words(number: int) -> None:
    assert float(number) in stated(f"There are {in_english(number)} of them")


@given(st.integers(min_value=2, max_value=99))
def test_a_percentage_is_found_as_share_and_as_number(percent: int) -> None:
    sources = Sources(f"a rate of {percent}%")
    assert sources.number(percent) == Trace.FULL
    assert sources.number(percent / 100) == Trace.FULL


@given(
    DATES,
    st.sampled_from(["%d %B %Y", "%B %d, %Y", "%b %d %Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y%m%d"]),
)
def test_a_date_is_found_in_any_writing(day: date, form: str) -> None:
    assert Sources(f"It was {day.strftime(form)}, I think").text(day.isoformat()) == Trace.FULL


@given(DATES, st.integers(min_value=1, max_value=300))
def test_another_date_is_not_found(day: date, shift: int) -> None:
    other = day + timedelta(days=shift)
    # Day and month in one or the other order may name the same two days.
    if (other.day, other.month) != (day.month, day.day):
        assert Sources(f"It was on {day:%d %B %Y}").text(other.isoformat()) == Trace.NONE


@given(st.integers(min_value=100, max_value=10**6), st.integers(min_value=100, max_value=10**6))
def test_a_number_that_was_not_said_is_not_found(said: int, other: int) -> None:
    if str(said) != str(other):
        assert Sources(f"There are {said} of them").number(other) != Trace.FULL


@given(st.text(max_size=60))
def test_normal_form_is_stable(text: str) -> None:
    assert normal(normal(text)) == normal(text)


@given(st.text(min_size=1, max_size=40), st.text(max_size=40))
def test_any_text_is_found_where_it_stands(value: str, around: str) -> None:
    assert Sources(f"{around} {value} {around}").text(value) == Trace.FULL


@pytest.mark.parametrize(
    ("said", "value"),
    [
        pytest.param("a flat in new york city", "New York City", id="case"),
        pytest.param("dinner at Café Zürich", "Cafe Zurich", id="accents"),
        pytest.param("is there wifi", "Wi-Fi", id="punctuation"),
        pytest.param("sort by release date", "releaseDate", id="camel-case"),
        pytest.param("sort by release date", "release_date", id="snake-case"),
        pytest.param("I live in New York City", "NYC", id="initials"),
        pytest.param("convert it into euros", "EUR", id="currency"),
        pytest.param("it costs $40", "USD", id="currency-sign"),
        pytest.param("in degrees Celsius", "C", id="unit"),
        pytest.param("translate it into Spanish", "es", id="language"),
        pytest.param("a flight to San Francisco", "San Francisco, CA", id="with-state"),
        pytest.param("some vegetarian dishes", "vegetables", id="inflection"),
        pytest.param("tomorrow at noon", "2025-05-02", id="relative-date"),
        pytest.param("the whole of May 2025", "2025-05-31", id="end-of-month"),
        pytest.param("from 3 to 5 May 2025", "2025-05-03", id="day-apart-from-month"),
        pytest.param("on May 3rd", "2025-05-03", id="no-year"),
        pytest.param("at 3 pm", "15:00", id="afternoon"),
        pytest.param("at half past seven", "19:30", id="spoken-time"),
        pytest.param("on May 3, 2025 at 7:30 p.m.", "2025-05-03T19:30:00", id="date-time"),
        pytest.param("every 12 hours", "12h", id="measure"),
        pytest.param("我要去北京看看", "北京", id="no-spaces"),
        pytest.param("call 555-0199 please", "+1 (555) 0199", id="phone"),
    ],
)
def test_a_text_is_found_in_another_writing(said: str, value: str) -> None:
    assert Sources(said).text(value) == Trace.FULL


@pytest.mark.parametrize(
    ("said", "value"),
    [
        pytest.param("a table for two", 2, id="word"),
        pytest.param("the third of them", 3, id="ordinal"),
        pytest.param("two dozen eggs", 12, id="dozen"),
        pytest.param("about 2.5 million", 2_500_000, id="million"),
        pytest.param("a budget of 40k", 40_000, id="k"),
        pytest.param("two and a half", 0.5, id="half"),
        pytest.param("3/4 of a cup", 0.75, id="fraction"),
        pytest.param("for 2 weeks", 14, id="weeks-in-days"),
        pytest.param("1.5 hours", 90, id="hours-in-minutes"),
        pytest.param("5 km", 5000, id="km-in-m"),
        pytest.param("pi is 3.14159", 3.14, id="rounded"),
        pytest.param("at 6.022 x 10^23", 6.022e23, id="power"),
        pytest.param("at 74.006 W", -74.006, id="sign"),
        pytest.param("in February", 2, id="month"),
        pytest.param("a ticket", 1, id="one"),
    ],
)
def test_a_number_is_found_in_another_writing(said: str, value: float) -> None:
    assert Sources(said).number(value) == Trace.FULL


@pytest.mark.parametrize(
    ("said", "value"),
    [
        pytest.param("a flight to Lisbon", "Reykjavik", id="name"),
        pytest.param("order 48291", "ORD-77310", id="id"),
        pytest.param("on May 3, 2025", "2025-05-04", id="day"),
        pytest.param("on May 3, 2025", "2026-05-03", id="year"),
        pytest.param("at 3 pm", "16:00", id="time"),
        pytest.param("a party", "art", id="inside-a-word"),
    ],
)
def test_what_was_not_said_is_not_found(said: str, value: str) -> None:
    assert Sources(said).text(value) == Trace.NONE


@pytest.mark.parametrize(
    ("text", "times"),
    [
        pytest.param("It costs 17.29 and 12 more", {(17, 29)}, id="a-word-after-a-number-is-no-half"),
        pytest.param("at 12:00 and again", {(12, 0), (0, 0)}, id="noon-before-a-word"),
        pytest.param("at 5:30 pm", {(17, 30)}, id="afternoon"),
        pytest.param("at 5:30 a.m.", {(5, 30)}, id="morning"),
    ],
)
def test_only_a_whole_am_or_pm_says_which_half_of_the_day(text, times):
    found = {clock for clocks in dates.times(text).values() for clock in clocks}
    assert found & times
    assert all("and" not in text[slice(*span)] for span in dates.times(text))


def test_a_compact_date_is_the_day_it_says():
    assert dates.is_date("20250515")
    assert Sources("The fair is on May 15, 2025.").text("20250515") is not Trace.NONE
