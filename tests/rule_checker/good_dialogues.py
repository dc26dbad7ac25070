"""Good dialogues to start from; a test spoils one thing and sees which rule speaks up."""

import json
from typing import Any

from msgspec.structs import replace

from consumers.rule_checker.core import check
from schemas.dialogue import (
    AssistantMessage,
    Call,
    Dialogue,
    Link,
    Message,
    RunSpec,
    Scenario,
    Task,
    ToolMessage,
    Turn,
    TurnKind,
    UserMessage,
)
from schemas.events import RuleFinding
from schemas.tools import ToolSpec


def parameters(required: tuple[str, ...] = (), **properties: dict[str, Any]) -> dict[str, Any]:
    described = {name: {"description": f"The {name}.", **schema} for name, schema in properties.items()}
    return {"type": "object", "properties": described, "required": list(required)}


WEATHER = ToolSpec(
    name="get_weather",
    description="Weather forecast for a city.",
    parameters=parameters(
        ("city",),
        city={"type": "string"},
        days={"type": "integer", "minimum": 1, "maximum": 14},
        unit={"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
    ),
    returns={
        "type": "object",
        "properties": {"temperature": {"type": "number"}, "sky": {"type": "string"}},
        "required": ["temperature"],
    },
)
TABLE = ToolSpec(
    name="book_table",
    description="Book a table at a restaurant.",
    parameters=parameters(
        ("restaurant", "guests", "date"),
        restaurant={"type": "string"},
        guests={"type": "integer", "minimum": 1, "maximum": 20},
        date={"type": "string", "format": "date"},
        wishes={"type": "array", "items": {"type": "string"}},
        contact={
            "type": "object",
            "properties": {"name": {"type": "string"}, "phone": {"type": "string", "pattern": "^[0-9 +-]+$"}},
            "required": ["name"],
        },
    ),
)
FINDER = ToolSpec(
    name="find_restaurant",
    description="Find a restaurant by its cuisine.",
    parameters=parameters(("cuisine",), cuisine={"type": "string"}),
)


def user(text: str) -> UserMessage:
    return UserMessage(text)


def call(name: str, id: str = "call_1", **arguments: Any) -> Call:
    return Call(id=id, name=name, arguments=arguments)


def calling(*calls: Call) -> AssistantMessage:
    return AssistantMessage(calls=calls, action="call")


def result(of: Call, value: Any) -> ToolMessage:
    """The result of a call; a string stands for itself, so that it may be no JSON."""
    content = value if isinstance(value, str) else json.dumps(value)
    return ToolMessage(call_id=of.id, name=of.name, content=content)


def answer(text: str) -> AssistantMessage:
    return AssistantMessage(content=text, action="answer")


def ask(text: str) -> AssistantMessage:
    return AssistantMessage(content=text, action="ask")


def turn(kind: TurnKind, *tools: str, **more: Any) -> Turn:
    return Turn(kind=kind, tasks=tuple(Task(tool) for tool in tools), **more)


def dialogue(
    *messages: Message,
    turns: tuple[Turn, ...] = (),
    tools: tuple[ToolSpec, ...] = (WEATHER, TABLE),
    scenario: Scenario = Scenario.SINGLE_SINGLE,
    targets: tuple[str, ...] = ("get_weather",),
    **more: Any,
) -> Dialogue:
    return Dialogue(
        id="d1",
        scenario=scenario,
        spec=RunSpec(pool="p"),
        tools=tools,
        targets=targets,
        turns=turns,
        messages=messages,
        **more,
    )


LISBON = call("get_weather", city="Lisbon", days=3)
FORECAST = {"temperature": 21.5, "sky": "mostly sunny"}


def single(
    *,
    said: str = "What will the weather be like in Lisbon over the next three days?",
    made: Call = LISBON,
    got: Any = FORECAST,
    told: str = "In Lisbon expect mostly sunny skies at around 21.5 degrees.",
    tools: tuple[ToolSpec, ...] = (WEATHER, TABLE),
) -> Dialogue:
    """One request, one call, one answer."""
    return dialogue(
        user(said),
        calling(made),
        result(made, got),
        answer(told),
        turns=(turn(TurnKind.REQUEST, made.name),),
        tools=tools,
        targets=(made.name,),
    )


def booking(**changes: Any) -> Dialogue:
    """A single request to book a table; `changes` are laid over the call's arguments."""
    arguments: dict[str, Any] = {
        "restaurant": "Chez Nous",
        "guests": 4,
        "date": "2025-06-12",
        "wishes": ["window seat", "high chair"],
        "contact": {"name": "Ada Byron", "phone": "555 0199"},
    } | changes
    return single(
        said=(
            "Please book Chez Nous for four people on 12 June 2025 under Ada Byron, phone 555-0199. "
            "A window seat and a high chair would be lovely."
        ),
        made=call("book_table", **arguments),
        got={"booking_id": "BK-7781", "status": "confirmed"},
        told="Your table at Chez Nous is confirmed; the booking id is BK-7781.",
    )


def multi_turn() -> Dialogue:
    """Withhold, supply, refine, follow up."""
    first = call("book_table", "call_1", restaurant="Osteria Blu", guests=2, date="2025-07-04")
    second = call("book_table", "call_2", restaurant="Osteria Blu", guests=6, date="2025-07-04")
    return dialogue(
        user("I would like a table for two at Osteria Blu."),
        ask("Gladly. For which date shall I book?"),
        user("On the 4th of July 2025, please."),
        calling(first),
        result(first, {"booking_id": "OB-310", "status": "confirmed", "deposit": 20}),
        answer("Done: your table for 2 at Osteria Blu is confirmed as OB-310, with a deposit of 20."),
        user("Could you make it six people instead?"),
        calling(second),
        result(second, {"booking_id": "OB-311", "status": "confirmed", "deposit": 60}),
        answer("I changed it to six people. The new booking is OB-311 and the deposit is 60."),
        user("How much higher is the deposit now?"),
        answer("It went up by 40, from 20 to 60."),
        turns=(
            turn(TurnKind.WITHHOLD, "book_table", withheld=("date",)),
            turn(TurnKind.SUPPLY, "book_table"),
            turn(TurnKind.REFINE, "book_table", slot="guests"),
            turn(TurnKind.FOLLOW_UP, "book_table"),
        ),
        scenario=Scenario.MULTI_SINGLE,
        targets=("book_table",),
    )


def parallel() -> Dialogue:
    """One request with two tasks, done by two calls at once."""
    weather = call("get_weather", "call_1", city="Oslo", unit="celsius")
    table = call("book_table", "call_2", restaurant="Nordlys", guests=3, date="2025-08-01")
    return dialogue(
        user("Book Nordlys for 3 on August 1, 2025, and tell me the weather in Oslo, in °C."),
        calling(weather, table),
        result(table, {"booking_id": "NL-9", "status": "confirmed"}),
        result(weather, {"temperature": 17, "sky": "light rain"}),
        answer("Nordlys is booked (NL-9). Oslo has light rain at 17 °C."),
        turns=(turn(TurnKind.REQUEST, "get_weather", "book_table"),),
        scenario=Scenario.SINGLE_MULTI,
        targets=("get_weather", "book_table"),
    )


def failed() -> Dialogue:
    """The tool returns an error and the answer says so."""
    return single(
        got={"error": "no data for this city"},
        told="I'm sorry, the forecast for Lisbon could not be retrieved: there is no data for this city.",
    )


def no_tool() -> Dialogue:
    """Special: none of the tools can do it."""
    return dialogue(
        user("Translate the menu of Chez Nous into Welsh for me."),
        answer("I cannot translate texts. I can look up the weather or book a table if that helps."),
        turns=(turn(TurnKind.NO_TOOL, "translate"),),
        scenario=Scenario.SPECIAL,
        targets=("translate",),
        missing_tools=(ToolSpec(name="translate", description="Translate a text."),),
    )


def cannot_fill() -> Dialogue:
    """Special: the user does not have the value asked for."""
    return dialogue(
        user("Book me a table at Chez Nous for two."),
        ask("Which date would you like?"),
        user("I really do not know yet, and nobody can tell me."),
        answer("Then I cannot book yet: the date is required. Come back when it is settled."),
        turns=(
            turn(TurnKind.WITHHOLD, "book_table", withheld=("date",)),
            turn(TurnKind.CANNOT_FILL, "book_table", withheld=("date",)),
        ),
        scenario=Scenario.SPECIAL,
        targets=("book_table",),
    )


def invalid_value() -> Dialogue:
    """Special: the user names a value that the schema forbids."""
    return dialogue(
        user("Give me the Lisbon forecast for the next 40 days."),
        ask("I can forecast 1 to 14 days. How many days would you like?"),
        turns=(turn(TurnKind.INVALID_VALUE, "get_weather", slot="days"),),
        scenario=Scenario.SPECIAL,
    )


def almost() -> Dialogue:
    """Special: a tool does the task, but for the one thing that matters."""
    return dialogue(
        user("Book Chez Nous for two on 12 June 2025, but it has to be a private room with a piano."),
        answer("I can book a table at Chez Nous, but I cannot choose a room or reserve a piano with it."),
        turns=(turn(TurnKind.ALMOST, "book_table"),),
        scenario=Scenario.SPECIAL,
        targets=("book_table",),
    )


def change_mind() -> Dialogue:
    """Special: the user drops one task and wants another."""
    return dialogue(
        user("Book me a table at Chez Nous for two."),
        ask("Which date would you like?"),
        user(
            "Never mind the table. Just tell me what the weather in Lisbon will be over the next three days."
        ),
        calling(LISBON),
        result(LISBON, FORECAST),
        answer("In Lisbon expect mostly sunny skies at around 21.5 degrees."),
        turns=(
            turn(TurnKind.WITHHOLD, "book_table", withheld=("date",)),
            turn(TurnKind.CHANGE_MIND, "get_weather"),
        ),
        scenario=Scenario.SPECIAL,
        targets=("book_table", "get_weather"),
    )


def partial() -> Dialogue:
    """Special: no tool can do the second half of the request."""
    return dialogue(
        user(
            "What will the weather be in Lisbon over the next three days? And translate the menu into Welsh."
        ),
        calling(LISBON),
        result(LISBON, FORECAST),
        answer("In Lisbon expect mostly sunny skies at around 21.5 degrees. I cannot translate the menu."),
        turns=(turn(TurnKind.PARTIAL, "get_weather", beyond="translate"),),
        scenario=Scenario.SPECIAL,
        missing_tools=(ToolSpec(name="translate", description="Translate a text."),),
    )


def retry() -> Dialogue:
    """The tool fails, and works when the user asks to try again."""
    again = replace(LISBON, id="call_2")
    return dialogue(
        user("What will the weather be like in Lisbon over the next three days?"),
        calling(LISBON),
        result(LISBON, {"error": "service unavailable"}),
        answer("The weather service is unavailable right now, so I could not get the forecast."),
        user("Could you try that once more?"),
        calling(again),
        result(again, FORECAST),
        answer("In Lisbon expect mostly sunny skies at around 21.5 degrees."),
        turns=(
            turn(TurnKind.REQUEST, "get_weather", fails="get_weather"),
            turn(TurnKind.RETRY, "get_weather"),
        ),
        scenario=Scenario.MULTI_SINGLE,
    )


def dependent() -> Dialogue:
    """The second call takes its restaurant from the result of the first."""
    first = call("find_restaurant", "call_1", cuisine="Ligurian")
    second = call("book_table", "call_2", restaurant="Da Gino", guests=2, date="2025-06-12")
    return dialogue(
        user("Find me a Ligurian restaurant, and book a table for two there on 12 June 2025."),
        calling(first),
        result(first, {"restaurant": "Da Gino", "stars": 4}),
        calling(second),
        result(second, {"booking_id": "DG-12", "status": "confirmed"}),
        answer("I found Da Gino, which has 4 stars, and your table there is confirmed as DG-12."),
        turns=(
            replace(
                turn(TurnKind.REQUEST, "find_restaurant", "book_table"),
                tasks=(
                    Task("find_restaurant", ("cuisine",)),
                    Task("book_table", ("guests", "date"), (Link("restaurant", "find_restaurant"),)),
                ),
            ),
        ),
        scenario=Scenario.SINGLE_MULTI,
        tools=(FINDER, TABLE),
        targets=("find_restaurant", "book_table"),
    )


TRAINS = ToolSpec(
    name="search_trains",
    description="Find trains between two cities.",
    parameters=parameters(
        ("origin", "destination", "date"),
        origin={"type": "string"},
        destination={"type": "string"},
        date={"type": "string"},
        time={"type": "string"},
        passengers={"type": "integer"},
        budget={"type": "number"},
        flexible={"type": "boolean"},
        travel_class={"type": "string", "enum": ["economy", "business", "sleeper"]},
        customer_id={"type": "string"},
        email={"type": "string"},
        operator={"type": "string"},
        topic={"type": "string"},
        codes={"type": "array", "items": {"type": "integer"}},
        stops={"type": "integer"},
        remark={"type": "string"},
    ),
)


def journey() -> Dialogue:
    """One request with a value of every kind, and a result with as many."""
    made = call(
        "search_trains",
        origin="Oslo",
        destination="Bergen",
        date="2025-06-12",
        time="09:30",
        passengers=14,
        budget=850.5,
        flexible=True,
        travel_class="business",
        customer_id="CU-48213",
        email="ada.byron@posteo.example",
        operator="Vestland",
        topic="hiking",
        codes=[311, 427],
    )
    found = {
        "destination": "Bergen",
        "passengers": 14,
        "status": "confirmed",
        "available": True,
        "reference": "TR-90417",
        "guide": "Ingrid",
        "distance_km": 463,
        "price": 812.4,
        "ticket_date": "2025-06-12",
        "trains": ["R61", "R63"],
    }
    return single(
        said=(
            "Find trains from Oslo to Bergen on 2025-06-12 at 09:30 for 14 passengers, flexible, with "
            "Vestland in business class, and a budget of 850.5. My customer id is CU-48213, the mail goes to "
            "ada.byron@posteo.example, the topic is hiking, and the codes are 311 and 427."
        ),
        made=made,
        got=found,
        told=(
            "The trip to Bergen is confirmed as TR-90417 and available: yes. It covers 463 km and costs "
            "812.4 for 14 passengers on 2025-06-12, and your guide is Ingrid."
        ),
        tools=(TRAINS, WEATHER),
    )


GOOD = {
    build.__name__: build
    for build in (
        *(single, booking, multi_turn, parallel, failed, no_tool, cannot_fill, invalid_value),
        *(almost, change_mind, partial, retry, dependent, journey),
    )
}


def with_messages(base: Dialogue, *messages: Message) -> Dialogue:
    return replace(base, messages=messages)


def with_message(base: Dialogue, index: int, message: Message) -> Dialogue:
    """The dialogue with one message replaced."""
    messages = list(base.messages)
    messages[index] = message
    return replace(base, messages=tuple(messages))


def without_message(base: Dialogue, index: int) -> Dialogue:
    messages = list(base.messages)
    del messages[index]
    return replace(base, messages=tuple(messages))


def found(base: Dialogue, rule: str) -> list[RuleFinding]:
    """What one rule says about a dialogue."""
    return [finding for finding in check(base) if finding.rule == rule]
