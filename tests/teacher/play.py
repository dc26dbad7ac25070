"""Ask the teacher's roles through the pipeline's own prompts, without a server in between."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeVar

from agents.role import Reply, Role, conversation_view, tool_view
from agents.roles import assistant, checker, function, judge, user
from agents.teacher.card import Card, card
from agents.teacher.roles import answer, recognise
from schemas.dialogue import AssistantMessage, Call, Message, Task, ToolMessage, Turn, TurnKind, UserMessage
from schemas.tools import ToolSpec

R = TypeVar("R", bound=Reply)


def ask(
    role: Role[R], rng: random.Random, defect_rate: float = 0.0, judge_bias: float = 0.0, **sections: Any
) -> R:
    request = recognise(role.prompt(**sections), role.name, role.schema)
    assert request is not None
    return role.reply.model_validate_json(answer(request, rng, defect_rate, 0, judge_bias).text)


def views(tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
    return [tool_view(tool) for tool in tools]


def card_of(tool: ToolSpec) -> Card:
    return card(tool_view(tool))


def say(
    turn: Turn, tools: Sequence[ToolSpec], messages: Sequence[Message], rng: random.Random, **changes: Any
) -> UserMessage:
    named = {*(task.tool for task in turn.tasks), turn.beyond}
    sections = {
        "tools": views([tool for tool in tools if tool.name in named]),
        "persona": "an accountant, plain-spoken",
        "memory": {"summary": "", "avoid": []},
        "conversation": conversation_view(tuple(messages)),
        "turn": user.turn_view(turn),
    }
    return UserMessage(ask(user.ROLE, rng, **(sections | changes)).message)


def act(
    tools: Sequence[ToolSpec],
    messages: Sequence[Message],
    rng: random.Random,
    thinking: bool = False,
    defect_rate: float = 0.0,
) -> AssistantMessage:
    role: Role[Any] = assistant.THINKING_ROLE if thinking else assistant.ROLE
    move = ask(role, rng, defect_rate, tools=views(tools), conversation=conversation_view(tuple(messages)))
    thought = move.thinking if thinking else ""
    if move.action != "call":
        return AssistantMessage(content=move.message, action=move.action, thinking=thought)
    made = sum(len(m.calls) for m in messages if isinstance(m, AssistantMessage))
    calls = tuple(Call(f"call_{made + i}", call.name, call.value) for i, call in enumerate(move.calls, 1))
    return AssistantMessage(calls=calls, action="call", thinking=thought)


def events(
    tools: Sequence[ToolSpec], calls: Sequence[Call], turns: Sequence[Turn], turn: Turn | None
) -> dict[str, Any]:
    """What a plan has happen to calls: those that fail, and the values that later calls take from them."""
    by_name = {tool.name: tool for tool in tools}
    wanted = {(link.tool, task.tool, link.slot) for t in turns for task in t.tasks for link in task.links}
    return {
        "fails": [
            {"call_id": call.id, "how": turn.mishap} for call in calls if turn and call.name == turn.fails
        ],
        "gives": [
            {"call_id": call.id, "field": slot, "schema": by_name[taker].properties[slot]}
            for call in calls
            for giver, taker, slot in sorted(wanted)
            if giver == call.name
        ],
    }


def results(
    tools: Sequence[ToolSpec],
    messages: Sequence[Message],
    rng: random.Random,
    turns: Sequence[Turn] = (),
    turn: Turn | None = None,
) -> tuple[ToolMessage, ...]:
    """The results of the last message's calls.

    Args:
        turns: the dialogue's plan; it says which values later calls need.
        turn: the plan of this turn; it may have a tool fail.
    """
    last = messages[-1]
    assert isinstance(last, AssistantMessage)
    called = {call.name for call in last.calls}
    reply = ask(
        function.ROLE,
        rng,
        tools=views([tool for tool in tools if tool.name in called]),
        conversation=conversation_view(tuple(messages)),
        calls=[{"id": c.id, "name": c.name, "arguments": c.arguments} for c in last.calls],
        events=events(tools, last.calls, turns, turn),
    )
    texts = {found.call_id: found.result for found in reply.results}
    return tuple(ToolMessage(call.id, call.name, texts[call.id]) for call in last.calls)


def play(
    turns: Sequence[Turn],
    table: Sequence[ToolSpec],
    rng: random.Random,
    missing: Sequence[ToolSpec] = (),
) -> tuple[Message, ...]:
    """A whole dialogue over the planned turns."""
    messages: list[Message] = []
    for turn in turns:
        messages.append(say(turn, (*table, *missing), messages, rng))
        messages.append(act(table, messages, rng))
        while (last := messages[-1]) and isinstance(last, AssistantMessage) and last.calls:
            messages += results(table, messages, rng, turns, turn)
            messages.append(act(table, messages, rng))
    return tuple(messages)


EYES = ("one", "two", "three")


@dataclass(frozen=True)
class Opinions:
    """What three models say of a conversation: each errs at the checker's rates, two of them seldom alike."""

    findings: tuple[dict[str, checker.Finding], ...]
    """A model each, by aspect."""
    confidences: tuple[float, ...]

    @property
    def confidence(self) -> float:
        return median(self.confidences)

    @property
    def faulty(self) -> list[str]:
        return [aspect for aspect in checker.EXPERTS if sum(not of[aspect].ok for of in self.findings) > 1]


def opinion(table: Sequence[ToolSpec], messages: Sequence[Message]) -> Opinions:
    data = {"tools": views(table), "conversation": conversation_view(tuple(messages))}
    return Opinions(
        tuple(
            {aspect: looked(role, eye, **data) for aspect, role in checker.EXPERTS.items()} for eye in EYES
        ),
        tuple(looked(checker.OVERALL, eye, **data, findings=[]).confidence for eye in EYES),
    )


def looked(role: Role[R], model: str, **sections: Any) -> R:
    """The answer of a model that checks; it goes by its eye, not by the lot."""
    request = recognise(role.prompt(**sections), role.name, role.schema, model)
    assert request is not None
    return role.reply.model_validate_json(answer(request, random.Random(0), 0.0, 0).text)


def verdict(
    turn: Turn,
    table: Sequence[ToolSpec],
    messages: Sequence[Message],
    candidates: Sequence[Sequence[Message]],
    rng: random.Random,
    judge_bias: float = 0.0,
) -> judge.Verdict:
    return ask(
        judge.ROLE,
        rng,
        judge_bias=judge_bias,
        tools=views(table),
        conversation=conversation_view(tuple(messages)),
        turn=user.turn_view(turn),
        candidates=[
            {"candidate": letter, "messages": conversation_view(tuple(candidate))}
            for letter, candidate in zip("ABCDEFGH", candidates, strict=False)
        ],
    )


def request(*tools: ToolSpec, slots: Sequence[str] | None = None) -> Turn:
    """A turn that asks for one task a tool, with all of its parameters unless told otherwise."""
    return Turn(
        kind=TurnKind.REQUEST,
        tasks=tuple(Task(tool.name, tuple(tool.properties if slots is None else slots)) for tool in tools),
    )
