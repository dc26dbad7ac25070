"""Small builders: a tool, a dialogue, an event. Tests say what matters and leave the rest to these."""

from datetime import UTC, datetime
from typing import Any

from schemas.dialogue import (
    AssistantMessage,
    Call,
    Dialogue,
    Message,
    RunSpec,
    Scenario,
    Slot,
    Task,
    ToolMessage,
    Turn,
    TurnKind,
    UserMessage,
)
from schemas.events import Body, Envelope, derive_id
from schemas.tools import ToolSpec

WEATHER = ToolSpec(
    name="get_weather",
    description="Get the weather forecast of a city.",
    parameters={
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Name of the city."},
            "days": {"type": "integer", "description": "Days ahead.", "minimum": 1, "maximum": 14},
            "units": {"type": "string", "enum": ["metric", "imperial"]},
        },
        "required": ["city"],
    },
    source="test",
)
TRAINS = ToolSpec(
    name="find_trains",
    description="Find trains between two cities.",
    parameters={
        "type": "object",
        "properties": {"origin": {"type": "string"}, "destination": {"type": "string"}},
        "required": ["origin", "destination"],
    },
    source="test",
)
TALK: tuple[Message, ...] = (
    UserMessage("What will the weather be in Lisbon over the next 3 days?"),
    AssistantMessage(calls=(Call("call_1", "get_weather", {"city": "Lisbon", "days": 3}),), action="call"),
    ToolMessage("call_1", "get_weather", '{"city": "Lisbon", "forecast": "sunny", "high_c": 24}'),
    AssistantMessage("Lisbon will be sunny, with highs of 24 °C."),
)


def dialogue(**changes: Any) -> Dialogue:
    """A good single-turn dialogue with a weather tool."""
    values: dict[str, Any] = {
        "id": "d1",
        "scenario": Scenario.SINGLE_SINGLE,
        "spec": RunSpec(pool="p"),
        "slot": Slot(0, 0, 1, 1),
        "tools": (WEATHER, TRAINS),
        "targets": ("get_weather",),
        "turns": (Turn(kind=TurnKind.REQUEST, tasks=(Task("get_weather", ("city", "days")),)),),
        "persona": "a nurse, terse",
        "messages": TALK,
        "type_label": "weekend-weather",
    }
    return Dialogue(**(values | changes))


def event(subject: str, body: Body, **changes: Any) -> Envelope:
    values: dict[str, Any] = {
        "event_id": derive_id(subject, changes.get("dialogue_id", "d1"), body),
        "subject": subject,
        "run_id": "r1",
        "dialogue_id": "d1",
        "round": 1,
        "produced_at": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        "producer": "test@1",
        "body": body,
    }
    return Envelope(**(values | changes))
