"""Each rule speaks up for its own defect and stays silent on sound dialogues."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from consumers.rule_checker import RULES
from consumers.rule_checker.core import check
from schemas.dialogue import AssistantMessage, Dialogue, Scenario, TurnKind
from schemas.tools import ToolSpec
from tests.rule_checker.good_dialogues import (
    FORECAST,
    GOOD,
    LISBON,
    TABLE,
    WEATHER,
    answer,
    ask,
    booking,
    call,
    calling,
    cannot_fill,
    dependent,
    failed,
    found,
    invalid_value,
    multi_turn,
    no_tool,
    parallel,
    parameters,
    partial,
    result,
    retry,
    single,
    turn,
    user,
    with_message,
    with_messages,
    without_message,
)


def table_with(**changes: Any) -> Dialogue:
    """A sound dialogue in which the weather tool is defined differently."""
    return single(tools=(replace(WEATHER, **changes), TABLE))


def booking_told(text: str) -> Dialogue:
    return with_message(booking(), 3, answer(text))


def booking_got(status: str, told: str) -> Dialogue:
    """A booking whose result has another status."""
    base = with_message(booking(), 3, answer(told))
    return with_message(base, 2, result(base.calls[0], {"booking_id": "BK-7781", "status": status}))


def weather_taking(**properties: dict[str, Any]) -> Dialogue:
    """The same, with other parameters beside the city."""
    return table_with(parameters=parameters(("city",), city={"type": "string"}, days={}, **properties))


def calls_with(schema: dict[str, Any], value: Any) -> Dialogue:
    """A call of a tool with the one parameter `x`."""
    tool = ToolSpec(name="probe", description="Probe.", parameters=parameters(("x",), x=schema))
    made = call("probe", x=value)
    return single(said=json.dumps(value), made=made, got={}, told="Done.", tools=(tool,))


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


COSTLY = r"^((?=a)a|(?=a)aa)+$"
"""Look-ahead within an ambiguous repetition: exponential in the length of a text that does not match."""

BAD: list[tuple[str, str, Dialogue]] = [
    # tool definition
    ("parameters_are_an_object", "array", table_with(parameters={"type": "array"})),
    ("parameters_are_an_object", "no-type", table_with(parameters={"properties": {}})),
    ("schema_is_valid", "python-type", weather_taking(x={"type": "dict"})),
    ("schema_is_valid", "returns", table_with(returns={"type": "float"})),
    ("schema_is_bounded", "endless-ref", weather_taking(x={"$ref": "#/properties/x"})),
    ("schema_compiles", "dangling-ref", weather_taking(x={"$ref": "#/$defs/missing"})),
    ("schema_compiles", "remote-ref", weather_taking(x={"$ref": "http://127.0.0.1:9/schema.json"})),
    ("tool_is_described", "blank", table_with(description=" ")),
    ("tool_does_something", "stub", table_with(description="This function serves as a placeholder.")),
    (
        "parameters_are_described",
        "bare",
        table_with(parameters={"type": "object", "properties": {"city": {"type": "string"}, "days": {}}}),
    ),
    ("required_is_declared", "top", table_with(parameters={**WEATHER.parameters, "required": ["town"]})),
    (
        "required_is_declared",
        "nested",
        weather_taking(x={"type": "object", "properties": {"a": {}}, "required": ["b"]}),
    ),
    ("enum_fits_type", "text-for-number", weather_taking(x={"type": "integer", "enum": ["1", "2"]})),
    ("enum_fits_type", "boolean-for-number", weather_taking(x={"type": "integer", "enum": [True]})),
    ("enum_fits_type", "empty", weather_taking(x={"enum": []})),
    ("default_fits_schema", "type", weather_taking(x={"type": "integer", "default": "five"})),
    ("default_fits_schema", "option", weather_taking(x={"enum": ["a", "b"], "default": "c"})),
    ("bounds_leave_room", "numbers", weather_taking(x={"type": "integer", "minimum": 5, "maximum": 1})),
    ("bounds_leave_room", "lengths", weather_taking(x={"type": "string", "minLength": 5, "maxLength": 1})),
    (
        "name_is_callable",
        "space",
        single(made=replace(LISBON, name="get weather"), tools=(replace(WEATHER, name="get weather"),)),
    ),
    ("name_is_callable", "empty", single(tools=(WEATHER, replace(TABLE, name="")))),
    ("tool_names_are_unique", "twice", single(tools=(WEATHER, TABLE, replace(TABLE, description="Other.")))),
    ("targets_are_known", "absent", replace(single(), targets=("get_weather", "rent_car"))),
    (
        "missing_tools_are_missing",
        "present",
        replace(no_tool(), missing_tools=(TABLE,), targets=("book_table",)),
    ),
    ("patterns_are_plain", "look-ahead", weather_taking(x={"type": "string", "pattern": r"^(?!a)b"})),
    # call
    ("unknown_tool", "unknown", single(made=call("get_wether", city="Lisbon"))),
    ("missing_argument", "top", single(made=call("get_weather", days=3))),
    ("missing_argument", "nested", booking(contact={"phone": "555 0199"})),
    ("unknown_argument", "top", single(made=call("get_weather", city="Lisbon", town="Lisbon"))),
    ("unknown_argument", "nested", booking(contact={"name": "Ada Byron", "mail": "Ada Byron"})),
    (
        "unknown_argument",
        "closed-and-empty",
        calls_with({"type": "object", "additionalProperties": False}, {"a": 1}),
    ),
    (
        "unknown_argument",
        "in-list",
        calls_with({"type": "array", "items": {"properties": {"a": {}}}}, [{"a": 1}, {"b": 2}]),
    ),
    (
        "unknown_argument",
        "in-branch",
        calls_with({"oneOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}, {"c": 2}),
    ),
    ("mistyped_argument", "text-for-number", single(made=call("get_weather", city="Lisbon", days="3"))),
    ("mistyped_argument", "null", single(made=call("get_weather", city="Lisbon", days=None))),
    ("mistyped_argument", "boolean-for-number", single(made=call("get_weather", city="Lisbon", days=True))),
    ("mistyped_argument", "fraction-for-integer", booking(guests=4.5)),
    ("mistyped_argument", "in-list", booking(wishes=["window seat", 4])),
    ("mistyped_argument", "scalar-for-list", booking(wishes="window seat")),
    ("mistyped_argument", "in-any-of", calls_with({"anyOf": [{"type": "string"}, {"type": "null"}]}, 5)),
    ("not_an_option", "case", single(made=call("get_weather", city="Lisbon", unit="Celsius"))),
    ("not_an_option", "const", calls_with({"const": "a"}, "b")),
    ("out_of_bounds", "maximum", single(made=call("get_weather", city="Lisbon", days=30))),
    ("out_of_bounds", "items", calls_with({"type": "array", "maxItems": 1}, [1, 2])),
    ("out_of_bounds", "multiple", calls_with({"type": "integer", "multipleOf": 5}, 7)),
    ("malformed_value", "pattern", booking(contact={"name": "Ada Byron", "phone": "Ada Byron"})),
    ("malformed_value", "date", booking(date="12 June 2025")),
    ("malformed_value", "no-such-day", booking(date="2025-06-31")),
    ("malformed_value", "date-time", calls_with({"format": "date-time"}, "2025-06-12")),
    ("schema_violation", "not", calls_with({"not": {"type": "string"}}, "a")),
    ("schema_violation", "one-of", calls_with({"oneOf": [{"minimum": 1}, {"maximum": 5}]}, 3)),
    (
        "unchecked_pattern",
        "backtracking",
        calls_with({"type": "string", "pattern": COSTLY}, "a" * 40 + "c"),
    ),
    ("nested_too_deep", "list", calls_with({"type": "array"}, nested(80))),
    (
        "duplicate_call",
        "other-order",
        with_message(single(), 1, calling(LISBON, call("get_weather", "call_2", days=3, city="Lisbon"))),
    ),
    (
        "repeated_call",
        "same-turn",
        with_messages(
            single(),
            *single().messages[:3],
            calling(replace(LISBON, id="call_2")),
            result(replace(LISBON, id="call_2"), FORECAST),
            single().messages[3],
        ),
    ),
    (
        "call_id_is_unique",
        "same-message",
        with_message(
            parallel(), 1, calling(call("get_weather", city="Oslo"), call("book_table", restaurant="Nordlys"))
        ),
    ),
    (
        "call_id_is_unique",
        "later",
        with_message(
            multi_turn(),
            7,
            calling(call("book_table", "call_1", restaurant="Osteria Blu", guests=6, date="2025-07-04")),
        ),
    ),
    ("call_id_is_unique", "empty", single(made=replace(LISBON, id=""))),
    ("empty_argument", "blank", single(made=call("get_weather", city=" "))),
    # structure
    ("empty_table", "no-tools", replace(single(), tools=())),
    ("starts_with_user", "assistant", with_messages(single(), *single().messages[1:])),
    ("starts_with_user", "nothing", with_messages(single())),
    ("ends_with_text", "user", with_messages(single(), *single().messages, user("Thanks!"))),
    ("ends_with_text", "call", with_messages(single(), *single().messages[:2])),
    ("ends_with_text", "result", with_messages(single(), *single().messages[:3])),
    ("role_order", "two-users", with_messages(single(), user("Hello there."), *single().messages)),
    (
        "role_order",
        "text-then-call",
        with_messages(single(), single().messages[0], answer("Let me look."), *single().messages[1:]),
    ),
    ("role_order", "unanswered-user", without_message(multi_turn(), 1)),
    ("unanswered_call", "none", without_message(single(), 2)),
    ("unanswered_call", "one-of-two", without_message(parallel(), 2)),
    (
        "unanswered_call",
        "wrong-id",
        with_message(single(), 2, result(replace(LISBON, id="call_9"), FORECAST)),
    ),
    (
        "answered_twice",
        "twice",
        with_messages(single(), *single().messages[:3], single().messages[2], single().messages[3]),
    ),
    ("orphan_result", "wrong-id", with_message(single(), 2, result(replace(LISBON, id="call_9"), FORECAST))),
    (
        "orphan_result",
        "no-call",
        with_messages(no_tool(), no_tool().messages[0], result(LISBON, FORECAST), no_tool().messages[1]),
    ),
    (
        "result_names_its_tool",
        "other",
        with_message(single(), 2, result(replace(LISBON, name="book_table"), FORECAST)),
    ),
    ("empty_message", "answer", with_message(single(), 3, answer(" \n"))),
    ("empty_message", "user", with_message(single(), 0, user(""))),
    ("empty_message", "result", with_message(single(), 2, result(LISBON, ""))),
    (
        "text_beside_calls",
        "both",
        with_message(single(), 1, AssistantMessage("One moment.", (LISBON,), "call")),
    ),
    ("action_fits_message", "call-as-answer", with_message(single(), 1, AssistantMessage(calls=(LISBON,)))),
    (
        "action_fits_message",
        "text-as-call",
        with_message(single(), 3, AssistantMessage("Mostly sunny.", action="call")),
    ),
    ("question_asks", "statement", with_message(multi_turn(), 1, ask("A lovely place."))),
    ("turns_as_planned", "short", replace(multi_turn(), messages=multi_turn().messages[:6])),
    (
        "turns_as_planned",
        "long",
        with_messages(single(), *single().messages, user("And Porto?"), answer("I cannot say.")),
    ),
    (
        "planned_action",
        "speaks-instead",
        with_messages(single(), single().messages[0], answer("It will be fine.")),
    ),
    (
        "planned_action",
        "calls-instead",
        with_messages(no_tool(), no_tool().messages[0], *single().messages[1:]),
    ),
    ("question_is_asked", "answers", with_message(multi_turn(), 1, answer("Osteria Blu is a lovely place."))),
    (
        "label_fits_plan",
        "asks-as-answer",
        with_message(multi_turn(), 1, answer("For which date shall I book?")),
    ),
    ("needless_question", "after-result", with_message(single(), 3, ask("Shall I tell you the weather?"))),
    (
        "uncalled_for",
        "follow-up",
        with_messages(
            multi_turn(),
            *multi_turn().messages[:-1],
            calling(replace(LISBON, id="call_3")),
            result(replace(LISBON, id="call_3"), FORECAST),
            multi_turn().messages[-1],
        ),
    ),
    ("uncalled_for", "special", replace(single(), scenario=Scenario.SPECIAL)),
    (
        "planned_tools_are_called",
        "one-of-two",
        with_messages(
            parallel(),
            parallel().messages[0],
            calling(call("get_weather", city="Oslo")),
            result(call("get_weather", city="Oslo"), {"temperature": 17}),
            answer("Oslo has 17 degrees."),
        ),
    ),
    (
        "planned_tools_are_called",
        "once-of-twice",
        replace(single(), turns=(turn(TurnKind.REQUEST, "get_weather", "get_weather"),)),
    ),
    (
        "planned_tools_are_called",
        "no-target",
        replace(single(), turns=(turn(TurnKind.REQUEST),), targets=("book_table",)),
    ),
    ("unplanned_tool", "distractor", replace(parallel(), turns=(turn(TurnKind.REQUEST, "book_table"),))),
    (
        "refinement_changes_the_call",
        "same",
        with_message(
            multi_turn(),
            7,
            calling(call("book_table", "call_2", restaurant="Osteria Blu", guests=2, date="2025-07-04")),
        ),
    ),
    ("retry_repeats_the_call", "nothing-failed", with_message(retry(), 2, result(LISBON, FORECAST))),
    (
        "retry_repeats_the_call",
        "another-city",
        with_message(retry(), 5, calling(call("get_weather", "call_2", city="Porto", days=3))),
    ),
    ("declined_by_the_judge", "declined", replace(single(), declined="Every candidate guesses the city.")),
    (
        "undone_part_is_told",
        "silent",
        with_message(partial(), 3, answer("In Lisbon expect mostly sunny skies at around 21.5 degrees.")),
    ),
    (
        "linked_value_comes_from_result",
        "another-restaurant",
        with_message(
            dependent(),
            3,
            calling(call("book_table", "call_2", restaurant="Chez Nous", guests=2, date="2025-06-12")),
        ),
    ),
    ("user_names_no_tool", "named", single(said="Please run get_weather for Lisbon over three days.")),
    ("too_long", "user", single(said="What will the weather in Lisbon be? " * 60)),
    ("too_long", "assistant", single(told="Mostly sunny. " * 300)),
    ("control_character", "bell", single(told="Mostly sunny\x07 at 21.5 degrees.")),
    ("control_character", "override", single(said="Weather in \u202eLisbon for three days?")),
    ("control_character", "argument", single(made=call("get_weather", city="Lisbon\x00"))),
    ("control_character", "replacement", single(told="Mostly sunny at 21.5 \ufffd.")),
    ("call_in_text", "json", single(told='{"name": "get_weather", "arguments": {"city": "Lisbon"}}')),
    ("call_in_text", "python", single(told="Mostly sunny: get_weather(city='Lisbon') says 21.5.")),
    ("truncated_text", "comma", single(told="In Lisbon expect mostly sunny skies,")),
    ("truncated_text", "article", single(told="In Lisbon expect mostly sunny skies and a")),
    ("truncated_text", "quotation", single(told='The sky is "mostly sunny at 21.5')),
    ("truncated_text", "code", single(told="Mostly sunny:\n```\n21.5 degrees")),
    ("truncated_text", "user", single(said="What will the weather in Lisbon be like over the")),
    ("repeated_text", "loop", single(told="In Lisbon expect mostly sunny skies all day. " * 5)),
    ("repeated_user_message", "again", with_message(multi_turn(), 10, multi_turn().messages[6])),
    # grounding
    ("leaked_prompt", "tag", single(told="<conversation>Mostly sunny.")),
    ("leaked_prompt", "language-model", single(told="As an AI language model, I see mostly sunny skies.")),
    ("leaked_prompt", "template", single(told="Mostly sunny.<|im_end|>")),
    ("leaked_prompt", "role", single(said="User: What about Lisbon, next three days?")),
    ("placeholder", "angle", single(said="What will the weather be like in <city name> for three days?")),
    ("placeholder", "bracket", single(told="Dear [Your Name], expect mostly sunny skies.")),
    ("placeholder", "argument", single(made=call("get_weather", city="{{city}}"))),
    ("placeholder", "todo", single(told="Mostly sunny. TODO: temperature.")),
    ("argument_says_nothing", "unknown", single(made=call("get_weather", city="unknown"))),
    ("argument_says_nothing", "nested", booking(contact={"name": "N/A"})),
    ("ungrounded_argument", "name", single(made=call("get_weather", city="Reykjavik"))),
    ("ungrounded_argument", "number", single(made=call("get_weather", city="Lisbon", days=9))),
    ("ungrounded_argument", "date", booking(date="2025-08-23")),
    ("ungrounded_argument", "id", booking(contact={"name": "Ada Byron", "phone": "867 5309"})),
    ("ungrounded_argument", "in-list", booking(wishes=["window seat", "Champagne"])),
    ("loosely_grounded_argument", "part", booking(wishes=["seat near the kitchen door"])),
    ("loosely_grounded_argument", "code", booking(wishes=["VIP"])),
    ("ungrounded_argument", "word", booking(wishes=["vegan"])),
    ("result_is_json", "text", single(got="mostly sunny")),
    ("result_is_json", "nan", single(got='{"temperature": NaN}')),
    ("result_fits_returns", "missing", single(got={"sky": "mostly sunny"})),
    ("result_fits_returns", "type", single(got={"temperature": "21.5"})),
    (
        "success_claimed_after_error",
        "claims",
        replace(failed(), messages=(*failed().messages[:3], answer("In Lisbon expect mostly sunny skies."))),
    ),
    ("failure_claimed_after_success", "denies", single(told="Unfortunately I could not get the forecast.")),
    ("invented_number", "contradicts", single(told="In Lisbon expect mostly sunny skies at 27.3 degrees.")),
    ("invented_number", "id", with_message(multi_turn(), 5, answer("Booked for 2 as OB-877."))),
    ("invented_number", "date", booking_told("Chez Nous is confirmed for 19 June 2025.")),
    ("invented_number", "time", booking_told("Chez Nous is confirmed, 12 June at 19:45.")),
    ("invented_number", "small", booking_told("Your table is confirmed as BK-7781, with 7 people waiting.")),
    ("failure_claimed_after_success", "apology", single(told="My apologies, something went wrong just now.")),
    (
        "undone_part_is_told",
        "idiom",
        with_message(partial(), 3, answer("It is sunny. I did not forget the rest!")),
    ),
    # values
    ("whole_number_as_float", "top", single(made=call("get_weather", city="Lisbon", days=3.0))),
    (
        "option_not_asked_for",
        "unit",
        single(
            said="What will the weather in Lisbon be, in fahrenheit, over three days?",
            made=call("get_weather", city="Lisbon", days=3, unit="kelvin"),
            tools=(
                replace(
                    WEATHER,
                    parameters=parameters(
                        ("city",),
                        city={"type": "string"},
                        days={"type": "integer"},
                        unit={"type": "string", "enum": ["celsius", "fahrenheit", "kelvin"]},
                    ),
                ),
            ),
        ),
    ),
    (
        "date_not_asked_for",
        "off-by-one",
        single(
            said="Book Chez Nous for 4 on 12 June 2025. I need to know today.",
            made=call("book_table", restaurant="Chez Nous", guests=4, date="2025-06-13"),
            got={"booking_id": "BK-7781"},
            told="It is booked as BK-7781.",
        ),
    ),
    (
        "value_of_another_argument",
        "route",
        single(
            said="Get me from Oslo to Bergen.",
            made=call("route", start="Oslo", end="Oslo"),
            got={"hours": 7},
            told="It takes 7 hours.",
            tools=(
                ToolSpec(
                    name="route",
                    description="Find a way.",
                    parameters=parameters(("start", "end"), start={"type": "string"}, end={"type": "string"}),
                ),
            ),
        ),
    ),
    # agreement
    ("result_says_nothing", "object", single(got={}, told="It is done.")),
    ("result_contradicts_call", "city", single(got={**FORECAST, "city": "Madrid"})),
    ("result_contradicts_call", "number", single(got={**FORECAST, "days": 7})),
    (
        "answer_contradicts_status",
        "confirmed",
        booking_got("cancelled", "Your table is confirmed as BK-7781."),
    ),
    (
        "answer_contradicts_flag",
        "available",
        single(got={**FORECAST, "available": False}, told="The forecast is available: mostly sunny at 21.5."),
    ),
    (
        "answer_in_another_unit",
        "temperature",
        single(got={"temperature": 21.5, "unit": "celsius"}, told="It is 21.5 °F."),
    ),
    (
        "answer_in_another_unit",
        "time",
        single(got={**FORECAST, "valid_minutes": 45}, told="It is mostly sunny; this holds for 45 hours."),
    ),
    (
        "miscounted",
        "list",
        single(got={**FORECAST, "alerts": ["wind", "rain"]}, told="I found 6 alerts: wind and rain."),
    ),
    (
        "miscounted",
        "words",
        single(got={**FORECAST, "alerts": ["wind", "rain"]}, told="There are nine alerts."),
    ),
    ("unknown_name", "person", booking_told("Your table is confirmed, says Morgan Whitfield.")),
    ("unknown_name", "place", single(told="In the city of Madrid expect mostly sunny skies.")),
    # language and manners
    ("another_script", "reply", single(told="好的，里斯本天气晴朗。")),
    ("another_script", "slip", single(told="Mostly sunny at 21.5 degrees, хорошего дня!")),
    ("another_script", "user", single(said="Какая погода будет в Лиссабоне?")),
    ("another_script", "latin-in-russian", replace(single(), language="Russian")),
    (
        "another_language",
        "reply",
        single(told="In Lissabon ist es die nächsten Tage sonnig und es wird nicht regnen."),
    ),
    ("another_language", "english-in-german", replace(single(), language="German")),
    ("refusal_boilerplate", "model", single(told="As an AI, I do not know the weather.")),
    ("refusal_boilerplate", "cannot", single(told="I'm sorry, but I can't assist with that request.")),
    ("refusal_boilerplate", "access", single(told="I don't have access to real-time weather data.")),
    # damage
    ("garbled_text", "accent", single(told="In Lisbon, cafÃ© weather: mostly sunny at 21.5.")),
    ("unfinished_sentence", "word", single(told="In Lisbon expect mostly su")),
    ("text_in_a_loop", "clause", single(told="It is sunny. " * 20)),
    ("overlong_result", "page", single(got={**FORECAST, "page": "sunny " * 4_000})),
    ("overlong_arguments", "essay", single(made=call("get_weather", city="Lisbon " * 1_500))),
    (
        "too_many_calls",
        "burst",
        with_message(
            single(), 1, calling(*(call("get_weather", f"c{i}", city="Lisbon", days=i) for i in range(20)))
        ),
    ),
    ("too_many_messages", "endless", with_messages(single(), *single().messages * 40)),
    ("invented_name", "quoted", booking_told('Your table at "The Rusty Anchor" is confirmed.')),
    ("answer_ignores_results", "empty-words", single(told="All done, have fun!")),
]


@pytest.mark.parametrize(
    ("rule", "spoilt"), [pytest.param(rule, spoilt, id=f"{rule}-{case}") for rule, case, spoilt in BAD]
)
def test_a_rule_finds_its_defect(rule: str, spoilt: Dialogue) -> None:
    assert found(spoilt, rule)


WITH_AN_INDEX = {"overlaps_benchmark"}
"""Rules that look at more than a dialogue: see `tests/consumers/test_contamination.py`."""


def test_every_rule_has_a_defect_that_it_finds() -> None:
    assert {rule for rule, _, _ in BAD} | WITH_AN_INDEX == set(RULES)


@pytest.mark.parametrize("build", GOOD.values(), ids=GOOD.keys())
def test_a_sound_dialogue_has_no_findings(build: Any) -> None:
    assert check(build()) == ()


# Looks like a defect and is none.
FINE: list[tuple[str, str, Dialogue]] = [
    ("result_contradicts_call", "longer", single(got={**FORECAST, "city": "Lisbon, Portugal"})),
    ("answer_contradicts_status", "denied", booking_got("cancelled", "It was not confirmed but cancelled.")),
    (
        "answer_contradicts_flag",
        "told",
        single(got={**FORECAST, "available": False}, told="It is not available."),
    ),
    ("answer_in_another_unit", "named", single(got={**FORECAST, "unit": "celsius"}, told="It is 21.5 °C.")),
    ("miscounted", "right", single(got={**FORECAST, "alerts": ["wind", "rain"]}, told="I found two alerts.")),
    ("unknown_name", "day", single(told="By next Monday expect mostly sunny skies in Lisbon.")),
    ("another_script", "cited", single(told='In Lisbon it is mostly sunny ("晴") at 21.5 degrees.')),
    (
        "another_script",
        "from-the-user",
        single(said="Weather in 東京 for three days?", told="In 東京 it is sunny."),
    ),
    (
        "another_language",
        "name",
        single(told="La Casa de los Abuelos has mostly sunny seats at 21.5 degrees."),
    ),
    ("another_language", "quoted", single(told='It says "es wird nicht regnen und es ist warm" for Lisbon.')),
    ("refusal_boilerplate", "no-tool", no_tool()),
    ("refusal_boilerplate", "failed", failed()),
    ("unfinished_sentence", "list", single(told="The forecast is:\n- mostly sunny skies over all of Lisbon")),
    ("unfinished_sentence", "label", single(told="In Lisbon it is sunny.\nTemperature in Lisbon: 21.5")),
    ("garbled_text", "accents", single(told="Olá, em Lisboa é sol: Ângela says mostly sunny.")),
    ("value_of_another_argument", "said-twice", booking(wishes=["Chez Nous"])),
    ("unknown_argument", "free-object", calls_with({"type": "object"}, {"a": 1})),
    (
        "unknown_argument",
        "open-by-intent",
        calls_with({"properties": {"a": {}}, "additionalProperties": {"type": "integer"}}, {"a": 1, "b": 2}),
    ),
    (
        "unknown_argument",
        "composed",
        calls_with({"properties": {"a": {}}, "allOf": [{"properties": {"b": {}}}]}, {"a": 1, "b": 2}),
    ),
    (
        "unknown_argument",
        "by-reference",
        calls_with({"$ref": "#/properties/x/$defs/p", "$defs": {"p": {"properties": {"a": {}}}}}, {"a": 1}),
    ),
    (
        "unknown_argument",
        "pattern",
        calls_with({"properties": {"a": {}}, "patternProperties": {"^x-": {}}}, {"x-y": 1}),
    ),
    ("mistyped_argument", "whole-float", booking(guests=4.0)),
    ("mistyped_argument", "whole-for-number", calls_with({"type": "number"}, 4)),
    ("mistyped_argument", "nullable", calls_with({"type": ["string", "null"]}, None)),
    ("malformed_value", "local-time", calls_with({"format": "date-time"}, "2025-06-12T19:30:00")),
    ("malformed_value", "unknown-format", calls_with({"format": "colour"}, "teal")),
    ("enum_fits_type", "null-option", weather_taking(x={"type": "string", "enum": ["a", None]})),
    ("default_fits_schema", "null", weather_taking(x={"type": "integer", "default": None})),
    (
        "required_is_declared",
        "branches",
        weather_taking(
            x={"type": "object", "properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}]},
        ),
    ),
    ("patterns_are_plain", "plain", weather_taking(x={"type": "string", "pattern": r"^\d{3}-[A-Z]+$"})),
    ("unchecked_pattern", "match", calls_with({"type": "string", "pattern": "^(a|a)*$"}, "a" * 40)),
    (
        "duplicate_call",
        "other-value",
        with_message(single(), 1, calling(LISBON, call("get_weather", "call_2", city="Lisbon", days=2))),
    ),
    (
        "repeated_call",
        "after-error",
        with_messages(
            failed(),
            *failed().messages[:3],
            calling(replace(LISBON, id="call_2")),
            result(replace(LISBON, id="call_2"), FORECAST),
            single().messages[3],
        ),
    ),
    (
        "success_claimed_after_error",
        "made-good",
        with_messages(
            failed(),
            *failed().messages[:3],
            calling(replace(LISBON, id="call_2")),
            result(replace(LISBON, id="call_2"), FORECAST),
            single().messages[3],
        ),
    ),
    ("success_claimed_after_error", "null-error", single(got={**FORECAST, "error": None})),
    (
        "failure_claimed_after_success",
        "nothing-found",
        single(got={"temperature": 0, "matches": []}, told="Unfortunately nothing was found."),
    ),
    (
        "user_names_no_tool",
        "plain-word",
        single(made=replace(LISBON, name="weather"), tools=(replace(WEATHER, name="weather"),)),
    ),
    ("truncated_text", "inches", single(told='Expect 6" of rain in Lisbon, 21.5 degrees.')),
    ("truncated_text", "smiley", single(told="In Lisbon expect mostly sunny skies :(")),
    ("truncated_text", "preposition", single(said="Which weather do I pack for")),
    ("leaked_prompt", "html", single(said="Put <b>Lisbon</b>, next three days, in bold.")),
    (
        "placeholder",
        "user-said-it",
        single(said="Search for TODO in Lisbon, next three days.", told="TODO is mostly sunny."),
    ),
    ("placeholder", "lower-case", single(said="Put Lisbon, three days, on my todo list.")),
    ("argument_says_nothing", "option", calls_with({"enum": ["none", "all"]}, "none")),
    ("empty_argument", "option", calls_with({"type": "string", "enum": ["", "a"]}, "")),
    ("invented_number", "list-markers", single(told="1. Lisbon\n2. mostly sunny\n3. 21.5 degrees")),
    ("invented_number", "rounded", single(told="In Lisbon it is mostly sunny at about 22 degrees.")),
    ("invented_number", "difference", multi_turn()),
    ("invented_number", "date-rewritten", booking_told("Confirmed for Thursday, June 12th, 2025.")),
    (
        "invented_number",
        "share",
        single(
            got={**FORECAST, "humidity": 0.64}, told="Mostly sunny in Lisbon, 21.5 degrees, 64% humidity."
        ),
    ),
    (
        "invented_number",
        "magnitude",
        single(got={**FORECAST, "people": 2914873}, told="Lisbon (2.9 million people) is mostly sunny."),
    ),
    (
        "invented_number",
        "clock",
        single(got={**FORECAST, "sunset": "20:47"}, told="Mostly sunny in Lisbon until 8:47 PM."),
    ),
    (
        "invented_number",
        "example-in-a-question",
        with_message(multi_turn(), 1, ask("Which date, for example 2025-01-31?")),
    ),
    ("invented_name", "from-result", single(told='Lisbon is "mostly sunny" at 21.5.')),
    ("control_character", "emoji", single(told="Mostly sunny \U0001f469\u200d\U0001f680 at 21.5.")),
    ("control_character", "tab", single(told="Mostly\tsunny\r\nat 21.5.")),
    ("label_fits_plan", "answers", no_tool()),
    ("needless_question", "withheld", cannot_fill()),
    ("uncalled_for", "asks", invalid_value()),
]


@pytest.mark.parametrize(
    ("rule", "sound"), [pytest.param(rule, sound, id=f"{rule}-{case}") for rule, case, sound in FINE]
)
def test_a_rule_lets_pass_what_only_looks_like_its_defect(rule: str, sound: Dialogue) -> None:
    assert found(sound, rule) == []


@pytest.mark.parametrize(
    ("made", "hint"),
    [
        pytest.param(call("get_weather", city="Lisbon", days="3"), "without quotes: 3", id="quoted-number"),
        pytest.param(call("get_weather", city="Lisbon", days=None), "Leave an optional", id="null"),
        pytest.param(call("get_weather", city=5), 'as text: "5"', id="number-for-text"),
        pytest.param(call("get_weather", city="Lisbon", unit="Celsius"), '"celsius"', id="case-of-option"),
        pytest.param(call("get_weather", city="Lisbon", dais=3), "'days'", id="misspelt-argument"),
        pytest.param(call("get_wether", city="Lisbon"), "'get_weather'", id="misspelt-tool"),
    ],
)
def test_a_hint_says_how_to_correct_this_very_call(made: Any, hint: str) -> None:
    assert any(hint in finding.hint for finding in check(single(made=made)))


def test_a_finding_points_at_the_message_and_the_place_in_the_arguments() -> None:
    [finding] = found(booking(contact={"phone": "555 0199"}), "missing_argument")
    assert finding.message == 1
    assert "contact.name" in finding.problem


def german(got: Any, told: str) -> Dialogue:
    asked = single(
        said="Wie wird das Wetter in Lissabon in den nächsten drei Tagen?",
        made=call("get_weather", city="Lissabon", days=3),
        got=got,
        told=told,
    )
    return replace(asked, language="German")


@pytest.mark.parametrize(
    ("got", "told"),
    [
        (FORECAST, "In Lissabon sind es etwa 21,5 Grad, überwiegend sonnig."),
        ({"error": "service unavailable"}, "Der Wetterdienst ist gerade nicht erreichbar."),
    ],
)
def test_rules_that_read_english_words_hold_back_in_other_languages(got: Any, told: str) -> None:
    sound = german(got, told)
    assert not [finding for finding in check(sound) if finding.severity == "error"]
    assert [finding for finding in check(replace(sound, language="")) if finding.severity == "error"]


def test_a_made_up_number_is_found_in_any_language() -> None:
    made_up = german(FORECAST, "In Lissabon sind es etwa 4711 Grad.")
    assert [finding for finding in check(made_up) if finding.severity == "error"]


def test_numbers_of_a_list_without_spaces_are_each_known() -> None:
    told = "You will find it at 19.076, 72.8777."
    sound = single(got='{"temperature":21.5,"at":[19.076,72.8777]}', told=told)
    assert not found(sound, "invented_number")


def test_an_id_given_as_a_number_may_be_passed_as_text() -> None:
    given = result(call("find_restaurant", "call_1"), {"restaurant": 2593})
    taken = calling(call("book_table", "call_2", restaurant="2593", guests=2, date="2025-06-12"))
    sound = with_message(with_message(dependent(), 2, given), 3, taken)
    assert not found(sound, "linked_value_comes_from_result")


def test_an_example_does_not_hide_half_a_number() -> None:
    told = f"I like {'very ' * 11}a 69400 there."  # the 60 characters of an example end inside the number
    sound = single(got={"temperature": 69400}, told=told)
    assert not found(sound, "invented_number")
