"""What a role is: a prompt, a typed reply, and a version that names both."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict

from schemas.dialogue import AssistantMessage, Message, ToolMessage, UserMessage
from schemas.settings import RoleName, behaviour_hash
from schemas.tools import ToolSpec


class Reply(BaseModel):
    """Base of all replies: no defaults, nothing extra, as strict JSON-schema output wants it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


R = TypeVar("R", bound=Reply)


@dataclass(frozen=True)
class Role(Generic[R]):
    name: RoleName
    system: str
    sections: tuple[str, ...]
    """The prompt's sections, from what changes least to what changes most: endpoints cache prefixes."""
    reply: type[R]
    temperature: float
    title: str = ""
    """What endpoints are told it is called, where one name stands for several jobs; empty: its name."""
    question: str = ""
    """What is asked after the sections, by roles that share all before it and so an endpoint's cache."""

    @cached_property
    def schema(self) -> dict[str, Any]:
        return self.reply.model_json_schema()

    @cached_property
    def version(self) -> str:
        asked = (self.question,) if self.question else ()
        return behaviour_hash(
            self.system, self.sections, msgspec.json.encode(self.schema), self.temperature, *asked
        )

    def prompt(self, **values: Any) -> list[dict[str, str]]:
        """Chat messages: the role's instructions, then one tagged JSON section a value, then its question.

        Tool descriptions and dialogue text are data from strangers. They stand in JSON with every `<`
        escaped, so that none of it can close its section and pose as an instruction.
        """
        if set(values) != set(self.sections):
            raise TypeError(f"{self.name} takes the sections {self.sections}, got {sorted(values)}")
        parts = [f"<{name}>\n{_json(values[name])}\n</{name}>" for name in self.sections]
        body = "\n\n".join([*parts, self.question] if self.question else parts)
        return [{"role": "system", "content": self.system}, {"role": "user", "content": body}]


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode().replace("<", "\\u003c")


def tool_view(tool: ToolSpec) -> dict[str, Any]:
    """What a model is shown of a tool."""
    view: dict[str, Any] = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }
    if tool.returns is not None:
        view["returns"] = tool.returns
    return view


def conversation_view(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """What a model is shown of a dialogue."""
    return [_message_view(message) for message in messages]


def _message_view(message: Message) -> dict[str, Any]:
    match message:
        case UserMessage(content=content):
            return {"role": "user", "content": content}
        case AssistantMessage(calls=calls) if calls:
            return {
                "role": "assistant",
                "calls": [{"id": c.id, "name": c.name, "arguments": c.arguments} for c in calls],
            }
        case AssistantMessage(content=content, action=action):
            return {"role": "assistant", "content": content, "action": action}
        case ToolMessage(call_id=call_id, name=name, content=content):
            return {"role": "tool", "call_id": call_id, "name": name, "content": content}
