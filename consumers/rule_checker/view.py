"""A dialogue as the rules look at it: what several of them need, worked out once."""

import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import msgspec

from consumers.rule_checker.contamination import Forbidden
from consumers.rule_checker.text import Sources
from consumers.rule_checker.tool import MAX_DEPTH, Tool, Violation, depth, prepare
from schemas.dialogue import (
    AssistantMessage,
    Call,
    Dialogue,
    Message,
    ToolMessage,
    Turn,
    UserMessage,
)
from schemas.results import is_failure


class PlacedCall:
    """A call, the message it stands in, and what its tool's schema says about it."""

    def __init__(self, call: Call, message: int, tool: Tool | None) -> None:
        self.call = call
        self.message = message
        self.tool = tool
        """None: no tool of that name is on the table."""

    @cached_property
    def is_too_deep(self) -> bool:
        """The arguments nest too deep to be looked into."""
        return depth(self.call.arguments) > MAX_DEPTH

    @cached_property
    def violations(self) -> tuple[Violation, ...]:
        """Where the arguments do not fit the schema; nothing is known of those that nest too deep."""
        if self.tool is None or self.is_too_deep:
            return ()
        return self.tool.violations(self.call.arguments)

    @cached_property
    def key(self) -> tuple[str, bytes]:
        """Equal for calls that ask the same, whatever the order of their arguments."""
        return self.call.name, msgspec.json.encode(self.call.arguments, order="deterministic")


class Result:
    """A tool message, parsed."""

    def __init__(self, message: ToolMessage, index: int) -> None:
        self.message = message
        self.index = index

    @cached_property
    def parsed(self) -> tuple[Any, str]:
        """(value, "") or (None, why it is no JSON)."""
        try:
            return json.loads(self.message.content, parse_constant=_no_constant), ""
        except (ValueError, RecursionError) as error:
            return None, str(error)

    @property
    def value(self) -> Any:
        return self.parsed[0]

    @cached_property
    def is_error(self) -> bool:
        """The tool says that the call failed."""
        return is_failure(self.value)


_UNCLEAR = re.compile(r"\\|\d,\d")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


class Span:
    """A turn: one user message and all that follows until the next, beside its plan."""

    def __init__(self, plan: Turn | None, first: int, messages: tuple[Message, ...]) -> None:
        self.plan = plan
        """None where there are more turns than planned."""
        self.first = first
        """Index of the user message."""
        self.messages = messages

    @cached_property
    def assistant(self) -> tuple[tuple[int, AssistantMessage], ...]:
        """(index, message) of the assistant's messages."""
        return tuple(
            (index, message)
            for index, message in enumerate(self.messages, self.first)
            if isinstance(message, AssistantMessage)
        )

    @cached_property
    def called(self) -> tuple[str, ...]:
        """Names of the tools called, in order, with repetitions."""
        return tuple(call.name for _, message in self.assistant for call in message.calls)


class View:
    def __init__(self, dialogue: Dialogue, forbidden: Forbidden | None = None) -> None:
        self.dialogue = dialogue
        self.messages = dialogue.messages
        self.forbidden = forbidden
        """Benchmark questions that it must not repeat; None: none were loaded."""

    @property
    def english(self) -> bool:
        """Users and assistant write English; rules that read words hold back where they do not."""
        return self.dialogue.language in ("", "English")

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """The tools on the table."""
        return tuple(prepare(spec) for spec in self.dialogue.tools)

    @cached_property
    def by_name(self) -> dict[str, Tool]:
        return {tool.name: tool for tool in self.tools}

    @cached_property
    def calls(self) -> tuple[PlacedCall, ...]:
        return tuple(
            PlacedCall(call, index, self.by_name.get(call.name))
            for index, message in enumerate(self.messages)
            if isinstance(message, AssistantMessage)
            for call in message.calls
        )

    @cached_property
    def results(self) -> tuple[Result, ...]:
        return tuple(
            Result(message, index)
            for index, message in enumerate(self.messages)
            if isinstance(message, ToolMessage)
        )

    @cached_property
    def call_of(self) -> dict[str, PlacedCall]:
        """Call id -> the call."""
        return {placed.call.id: placed for placed in self.calls}

    @cached_property
    def steps(self) -> tuple[tuple[int, AssistantMessage, tuple[Result, ...]], ...]:
        """(index, calling message, the results that stand directly after it)."""
        by_index = {result.index: result for result in self.results}
        steps = []
        for index, message in enumerate(self.messages):
            if isinstance(message, AssistantMessage) and message.calls:
                results = []
                following = index + 1
                while (result := by_index.get(following)) is not None:
                    results.append(result)
                    following += 1
                steps.append((index, message, tuple(results)))
        return tuple(steps)

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        starts = [i for i, message in enumerate(self.messages) if isinstance(message, UserMessage)]
        ends = [*starts[1:], len(self.messages)][: len(starts)]
        plans = self.dialogue.turns
        return tuple(
            Span(plans[turn] if turn < len(plans) else None, start, self.messages[start:end])
            for turn, (start, end) in enumerate(zip(starts, ends, strict=True))
        )

    def planned_spans(self) -> Iterator[tuple[Turn, Span]]:
        for span in self.spans:
            if span.plan is not None:
                yield span.plan, span

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        """What each message says: its text, or the values its calls or its result carry."""
        by_index = {result.index: result for result in self.results}
        texts = []
        for index, message in enumerate(self.messages):
            if not isinstance(message, ToolMessage):
                texts.append(message.content)
            else:
                # What a result says is its decoded value: text may be escaped (\u00e9), and in [19.1,72.8]
                # the comma must not read as part of a number.
                value = by_index[index].value
                decoded = value is not None and _UNCLEAR.search(message.content) is not None
                texts.append(json.dumps(value, ensure_ascii=False) if decoded else message.content)
        return tuple(texts)

    def said_before(self, index: int) -> str:
        """All that users, assistant and tools said before a message, without call arguments."""
        return "\n".join(self._texts[:index])

    @cached_property
    def _sources(self) -> dict[tuple[int, str], Sources]:
        return {}

    def sources(self, placed: PlacedCall) -> Sources:
        """Where the values of a call may come from: the talk before it and the tool's definition."""
        key = (placed.message, placed.call.name)
        if key not in self._sources:
            definitions = (placed.tool.definition,) if placed.tool is not None else ()
            self._sources[key] = Sources(self.said_before(placed.message), definitions)
        return self._sources[key]

    def answer_sources(self, index: int) -> Sources:
        """Where the facts of an answer may come from: everything before it, arguments included."""
        key = (index, "")
        if key not in self._sources:
            arguments = [
                json.dumps(placed.call.arguments, ensure_ascii=False, default=str)
                for placed in self.calls
                if placed.message < index
            ]
            definitions = tuple(tool.definition for tool in self.tools)
            self._sources[key] = Sources("\n".join((self.said_before(index), *arguments)), definitions)
        return self._sources[key]
