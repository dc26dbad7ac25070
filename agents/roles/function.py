"""The function agent: fills slots and simulates results.

Which slots a request fills is no question for a model (`choose_slots`); what the tool returns is.
"""

import random
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import field_validator

from agents.client import LLM
from agents.role import Reply, Role, conversation_view, tool_view
from agents.strict_json import StrictJSONError, loads
from schemas.dialogue import Call, Dialogue, Message, ToolMessage, Turn
from schemas.events import Where
from schemas.tools import ToolSpec


class Result(Reply):
    call_id: str
    result: str
    """JSON as text."""

    @field_validator("result")
    @classmethod
    def is_json(cls, text: str) -> str:
        try:
            loads(text)
        except StrictJSONError as error:
            raise ValueError(f"result must be JSON: {error}") from None
        return text


class Results(Reply):
    results: list[Result]


ROLE = Role(
    name="function",
    system="""\
You stand in for the tools an assistant calls. You get the called tools' definitions, the conversation so far, the calls
and what happens (`events`), as JSON data. For each call write the result the real tool would return, as JSON text under
`result`.

- Return what the tool's description promises, in the shape of `returns` where it is given: specific, complete, and no
  longer than a real reply. Use plausible figures, names and ids, never placeholders.
- The world is one: echo the arguments where the real tool would, and agree with every earlier result. An id, price or
  date returned once stays the same.
- Calculations must be right.
- If the arguments make the call fail (an unknown tool, a missing or impossible value), return {"error": "..."} with a
  short reason.
- `fails` names calls that fail for no fault of the caller, and how: return {"error": "..."} with the message a real
  service would give, and nothing else.
- `gives` names values that a call's result has to contain, since a later call needs them: each under the field named,
  in the form that its schema asks for.
Give exactly one result for each call, under its `call_id`.""",
    sections=("tools", "conversation", "calls", "events"),
    reply=Results,
    temperature=1.0,
)


def choose_slots(
    tool: ToolSpec, strategy: Literal["dynamic", "max", "min"], rng: random.Random
) -> tuple[str, ...]:
    """The top-level parameters a request gives values for: the required ones and, by strategy, optional ones.

    `dynamic` takes a uniformly random number of the optional ones, so that the slot-filling ratio
    spreads evenly; `max` takes all, `min` none (paper, section 3).
    """
    optional = [name for name in tool.properties if name not in tool.required]
    match strategy:
        case "max":
            chosen = set(optional)
        case "min":
            chosen = set()
        case "dynamic":
            chosen = set(rng.sample(optional, rng.randint(0, len(optional))))
    # A tool without required parameters still needs something to talk about.
    if optional and not chosen and not tool.required:
        chosen = {rng.choice(optional)}
    wanted = chosen | set(tool.required)
    return tuple(name for name in tool.properties if name in wanted)


async def simulate(
    llm: LLM,
    where: Where,
    dialogue: Dialogue,
    messages: tuple[Message, ...],
    calls: Sequence[Call],
    key: str,
    turn: Turn | None = None,
) -> tuple[ToolMessage, ...]:
    """One result a call, in the calls' order.

    Args:
        turn: the plan of the turn; it may have a tool fail.
    """
    wanted = {call.id for call in calls}

    def one_each(reply: Results) -> None:
        ids = [result.call_id for result in reply.results]
        if sorted(ids) != sorted(wanted):
            raise ValueError(f"results are for {sorted(ids)}, but the calls are {sorted(wanted)}")

    tools = {call.name: dialogue.tool(call.name) for call in calls}
    [reply] = await llm.ask(
        ROLE,
        ROLE.prompt(
            tools=[tool_view(tool) for tool in tools.values() if tool is not None],
            conversation=conversation_view(messages),
            calls=[{"id": c.id, "name": c.name, "arguments": c.arguments} for c in calls],
            events={"fails": _failing(calls, turn), "gives": _wanted_later(dialogue, calls)},
        ),
        where=where,
        key=key,
        check=one_each,
    )
    results = {result.call_id: result.result for result in reply.results}
    return tuple(ToolMessage(call_id=call.id, name=call.name, content=results[call.id]) for call in calls)


def _failing(calls: Sequence[Call], turn: Turn | None) -> list[dict[str, str]]:
    if turn is None or not turn.fails:
        return []
    return [{"call_id": call.id, "how": turn.mishap} for call in calls if call.name == turn.fails]


def _wanted_later(dialogue: Dialogue, calls: Sequence[Call]) -> list[dict[str, Any]]:
    """The values that later calls of the plan take from these calls' results."""
    links = {
        (link.tool, task.tool, link.slot): None
        for turn in dialogue.turns
        for task in turn.tasks
        for link in task.links
    }
    return [
        {"call_id": call.id, "field": slot, "schema": taker.properties.get(slot, {})}
        for call in calls
        for giver, name, slot in links
        if giver == call.name and (taker := dialogue.tool(name)) is not None
    ]
