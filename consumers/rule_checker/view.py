"""A dialogue as the rules look at it: what several of them need, worked out once."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import msgspec

from consumers.rule_checker.bounds import MAX_DEPTH
from consumers.rule_checker.contamination import Forbidden
from consumers.rule_checker.lazy import lazy
from consumers.rule_checker.screen import screen
from consumers.rule_checker.text import Sources
from consumers.rule_checker.tool import (
    Path,
    Tool,
    Violation,
    depth,
    is_flat,
    leaves,
    prepare,
)
from schemas.dialogue import (
    AssistantMessage,
    Call,
    Dialogue,
    Message,
    ToolMessage,
    Turn,
    TurnKind,
    UserMessage,
)
from schemas.results import is_failure

T = TypeVar("T")


class PlacedCall:
    """A call, the message it stands in, and what its tool's schema says about it."""

    def __init__(self, call: Call, message: int, tool: Tool | None) -> None:
        self.call = call
        self.message = message
        self.tool = tool
        """None: no tool of that name is on the table."""

    @property
    def max_depth(self) -> int:
        return MAX_DEPTH if self.tool is None else self.tool.max_depth

    @lazy
    def is_flat(self) -> bool:
        """Every argument is a scalar, as it most often is."""
        return is_flat(self.call.arguments)

    @lazy
    def is_too_deep(self) -> bool:
        """The arguments nest too deep to be looked into."""
        return not self.is_flat and depth(self.call.arguments) > self.max_depth

    @lazy
    def leaves(self) -> tuple[tuple[Path, Any], ...]:
        """(path, scalar) of every scalar among the arguments."""
        arguments = self.call.arguments
        if self.is_flat:
            return tuple([((name,), value) for name, value in arguments.items()])
        return tuple(leaves(arguments))

    @lazy
    def violations(self) -> tuple[Violation, ...]:
        """Where the arguments do not fit the schema; nothing is known of those that nest too deep."""
        if self.tool is None or self.is_too_deep:
            return ()
        return self.tool.violations(self.call.arguments)

    @lazy
    def key(self) -> tuple[str, bytes]:
        """Equal for calls that ask the same, whatever the order of their arguments."""
        return self.call.name, msgspec.json.encode(self.call.arguments, order="deterministic")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


_json_value = json.JSONDecoder(parse_constant=_no_constant).decode
_json_text = json.JSONEncoder(ensure_ascii=False, default=str).encode


class Result:
    """A tool message, parsed."""

    def __init__(self, message: ToolMessage, index: int) -> None:
        self.message = message
        self.index = index

    @lazy
    def parsed(self) -> tuple[Any, str]:
        """(value, "") or (None, why it is no JSON)."""
        try:
            return _json_value(self.message.content), ""
        except (ValueError, RecursionError) as error:
            return None, str(error)

    @property
    def value(self) -> Any:
        return self.parsed[0]

    @lazy
    def leaves(self) -> tuple[tuple[Path, Any], ...]:
        """(path, scalar) of every scalar in the value."""
        return tuple(leaves(self.value))

    @lazy
    def is_error(self) -> bool:
        """The tool says that the call failed."""
        return is_failure(self.value)


_may_be_unclear = screen(_UNCLEAR := re.compile(r"\\|\d,\d"))


class Span:
    """A turn: one user message and all that follows until the next, beside its plan."""

    def __init__(self, plan: Turn | None, first: int, messages: tuple[Message, ...]) -> None:
        self.plan = plan
        """None where there are more turns than planned."""
        self.first = first
        """Index of the user message."""
        self.messages = messages

    @lazy
    def assistant(self) -> tuple[tuple[int, AssistantMessage], ...]:
        """(index, message) of the assistant's messages."""
        return tuple(
            [
                (index, message)
                for index, message in enumerate(self.messages, self.first)
                if isinstance(message, AssistantMessage)
            ]
        )

    @lazy
    def called(self) -> tuple[str, ...]:
        """Names of the tools called, in order, with repetitions."""
        return tuple([call.name for _, message in self.assistant for call in message.calls])


class View:
    def __init__(self, dialogue: Dialogue, forbidden: Forbidden | None = None) -> None:
        self.dialogue = dialogue
        self.messages = dialogue.messages
        self.forbidden = forbidden
        """Benchmark questions that it must not repeat; None: none were loaded."""
        self._done: dict[object, Any] = {}
        self._walk()

    def once(self, work: Callable[["View"], T]) -> T:
        """What a function says of this dialogue; asked once, for the rules that share it."""
        try:
            return self._done[work]  # type: ignore[no-any-return]
        except KeyError:
            found = self._done[work] = work(self)
            return found

    @property
    def english(self) -> bool:
        """Users and assistant write English; rules that read words hold back where they do not."""
        return self.dialogue.language in ("", "English")

    @lazy
    def tools(self) -> tuple[Tool, ...]:
        """The tools on the table."""
        return tuple(map(prepare, self.dialogue.tools))

    @lazy
    def by_name(self) -> dict[str, Tool]:
        return {tool.name: tool for tool in self.tools}

    def _walk(self) -> None:
        """Sort the messages by who speaks, once for all."""
        users: list[UserMessage] = []
        assistant: list[AssistantMessage] = []
        results: list[Result] = []
        said: list[str] = []
        roles = ""
        for index, message in enumerate(self.messages):
            if isinstance(message, AssistantMessage):
                assistant.append(message)
                said.append(message.content)
                roles += "c" if message.calls else "t"
            elif isinstance(message, UserMessage):
                users.append(message)
                said.append(message.content)
                roles += "u"
            else:
                results.append(Result(message, index))
                roles += "r"
        self.users: tuple[UserMessage, ...] = tuple(users)
        self.assistant: tuple[AssistantMessage, ...] = tuple(assistant)
        """The assistant's messages, calls as well as texts."""
        self.results: tuple[Result, ...] = tuple(results)
        self.roles = roles
        """A letter a message: `u`ser, `c`all, `t`ext (of the assistant), `r`esult."""
        self.said: tuple[str, ...] = tuple(said)
        """What users and assistant say, a text a message; those of mere calls are empty."""
        self.spoken = "\n".join(said)
        """All that users and assistant say, a line break between the messages."""

    @lazy
    def calls(self) -> tuple[PlacedCall, ...]:
        by_name = self.by_name
        return tuple(
            [
                PlacedCall(call, index, by_name.get(call.name))
                for index, role in enumerate(self.roles)
                if role == "c"
                for call in cast(AssistantMessage, self.messages[index]).calls
            ]
        )

    @lazy
    def answers(self) -> tuple[tuple[Span, int, AssistantMessage], ...]:
        """(turn, index, message) of the texts that answer."""
        return tuple(
            [
                (span, index, message)
                for span in self.spans
                for index, message in span.assistant
                if message.action == "answer" and not message.calls and message.content.strip()
            ]
        )

    @lazy
    def answer_text(self) -> str:
        """All that the answers say, a line break between them."""
        return "\n".join([message.content for _, _, message in self.answers])

    def results_of_turn(self, span: Span, index: int) -> tuple[Result, ...]:
        """The results of a turn that stand before a message of it."""
        first = span.first
        return tuple([result for result in self.results if first < result.index < index])

    @lazy
    def argument_texts(self) -> tuple[str, ...]:
        """Every text in an argument."""
        return tuple([value for placed in self.calls for _, value in placed.leaves if isinstance(value, str)])

    @lazy
    def written(self) -> str:
        """All that the dialogue's models wrote, results apart: what is spoken, and the arguments' texts."""
        return "\n".join((self.spoken, *self.argument_texts))

    @lazy
    def everything(self) -> str:
        """All texts of the dialogue: what is written, and the results as they came."""
        return "\n".join((self.written, *[result.message.content for result in self.results]))

    @lazy
    def has_violations(self) -> bool:
        """The arguments of some call do not fit their schema."""
        for placed in self.calls:
            tool = placed.tool
            if tool is None or tool.validator is None or placed.is_too_deep:
                continue
            if not tool.validator.is_valid(placed.call.arguments):
                return True
        return False

    @lazy
    def call_of(self) -> dict[str, PlacedCall]:
        """Call id -> the call."""
        return {placed.call.id: placed for placed in self.calls}

    @lazy
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

    @lazy
    def spans(self) -> tuple[Span, ...]:
        starts = [index for index, role in enumerate(self.roles) if role == "u"]
        ends = [*starts[1:], len(self.messages)][: len(starts)]
        plans = self.dialogue.turns
        return tuple(
            [
                Span(plans[turn] if turn < len(plans) else None, start, self.messages[start:end])
                for turn, (start, end) in enumerate(zip(starts, ends, strict=True))
            ]
        )

    @lazy
    def kinds(self) -> tuple[TurnKind, ...]:
        """What kind each turn was planned to be."""
        return tuple([turn.kind for turn in self.dialogue.turns])

    def planned_spans(self) -> Iterator[tuple[Turn, Span]]:
        for span in self.spans:
            if span.plan is not None:
                yield span.plan, span

    @lazy
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
                text = message.content
                if _may_be_unclear(text) and _UNCLEAR.search(text) is not None:
                    value = by_index[index].value
                    text = text if value is None else json.dumps(value, ensure_ascii=False)
                texts.append(text)
        return tuple(texts)

    def said_before(self, index: int) -> str:
        """All that users, assistant and tools said before a message, without call arguments."""
        said = self._said.get(index)
        if said is None:
            said = self._said[index] = "\n".join(self._texts[:index])
        return said

    @lazy
    def _said(self) -> dict[int, str]:
        return {}

    @lazy
    def _sources(self) -> dict[tuple[int, str], Sources]:
        return {}

    def sources(self, placed: PlacedCall) -> Sources:
        """Where the values of a call may come from: the talk before it and the tool's definition."""
        key = (placed.message, placed.call.name)
        if key not in self._sources:
            definitions = () if placed.tool is None else (placed.tool.definition,)
            self._sources[key] = Sources(self.said_before(placed.message), definitions)
        return self._sources[key]

    def answer_sources(self, index: int) -> Sources:
        """Where the facts of an answer may come from: everything before it, arguments included."""
        key = (index, "")
        if key not in self._sources:
            arguments = [_json_text(placed.call.arguments) for placed in self.calls if placed.message < index]
            definitions = tuple(tool.definition for tool in self.tools)
            self._sources[key] = Sources("\n".join((self.said_before(index), *arguments)), definitions)
        return self._sources[key]
