"""A dialogue as a training example: OpenAI's chat format, and the Alpaca rows of the paper.

Both use the same function names. They are narrowed to what OpenAI allows (letters, digits, `_`, `-`, at
most 64), and never collide within a dialogue.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from schemas.dialogue import AssistantMessage, Call, Dialogue, Message, ToolMessage, UserMessage
from schemas.tools import ToolSpec

SYSTEM_PROMPT = (
    "You help the user with the tools below. Call a tool when it does what is asked and every required value "
    "is known. Ask for what is missing. If no tool fits, say so. Never make up values or results."
)
ALPACA_SYSTEM_PROMPT = (
    SYSTEM_PROMPT + "\n\nTo call tools, reply with nothing but a JSON list: "
    '[{"name": "tool", "arguments": {"parameter": "value"}}]\n\nTools, one a line:\n'
)
RESULTS_INSTRUCTION = "The tools returned:"
"""Instruction of an Alpaca row whose prompt is not the user's words but the results of the last calls."""

NAME_LENGTH = 64


def to_openai(dialogue: Dialogue) -> dict[str, Any]:
    """The dialogue as OpenAI chat messages with tools (what TRL and chat templates read).

    Returns:
        `messages`: a system message, then user, assistant (`tool_calls` with ids and `arguments` as JSON
        text; `reasoning_content` where the run asked for reasoning, as Qwen3's template reads it) and tool
        messages (`tool_call_id`); `tools`: those on the table as functions; `metadata`: dialogue_id,
        scenario, special_kind, language, type_label and repaired (whether the repair agent changed it), which
        trainers ignore.
    """
    names = function_names(dialogue)
    return {
        "messages": [
            {"role": "system", "content": SYSTEM_PROMPT},
            *(_openai_message(message, names) for message in dialogue.messages),
        ],
        "tools": [
            {"type": "function", "function": _function(tool, names[tool.name])} for tool in dialogue.tools
        ],
        "metadata": {
            "dialogue_id": dialogue.id,
            "scenario": str(dialogue.scenario),
            "special_kind": str(dialogue.special_kind or ""),
            "language": dialogue.language or "English",
            "type_label": dialogue.type_label,
            "repaired": any(not repair.failure for repair in dialogue.repairs),
        },
    }


def to_alpaca(dialogue: Dialogue) -> list[dict[str, Any]]:
    """The dialogue as Alpaca rows, one for each assistant message (paper, section 4: SFT).

    The paper's instruction is system prompt + tool pool + query. LLaMA-Factory renders `system` before
    the instruction, so the first two stand there and a row's prompt reads the same.

    Returns:
        Rows of `system`; `instruction`, the user's words (or `RESULTS_INSTRUCTION`); `input`, the results
        of the last calls as a JSON list of {name, result}, or empty; `output`, the calls as a JSON list of
        {name, arguments}, or the assistant's text, after a `<think>` block where there is reasoning;
        `history`, the earlier [prompt, output] pairs, without reasoning as at inference.
    """
    names = function_names(dialogue)
    system = ALPACA_SYSTEM_PROMPT + "\n".join(
        _json(_function(tool, names[tool.name])) for tool in dialogue.tools
    )
    rows: list[dict[str, Any]] = []
    history: list[list[str]] = []
    said: list[str] = []
    results: list[dict[str, Any]] = []
    for message in dialogue.messages:
        match message:
            case UserMessage(content=content):
                said.append(content)
            case ToolMessage(name=name, content=content):
                results.append({"name": names[name], "result": _parsed(content)})
            case AssistantMessage():
                instruction = "\n".join(said) or (RESULTS_INSTRUCTION if results else "")
                given = _json(results) if results else ""
                output = _calls_json(message.calls, names) if message.calls else message.content
                rows.append(
                    {
                        "system": system,
                        "instruction": instruction,
                        "input": given,
                        "output": _thought(message) + output,
                        "history": [list(pair) for pair in history],
                    }
                )
                # Joined as LLaMA-Factory joins instruction and input, so a turn reads the same later on.
                history.append(["\n".join(filter(None, (instruction, given))), output])
                said, results = [], []
    return rows


def function_names(dialogue: Dialogue) -> dict[str, str]:
    """A valid, distinct function name for every tool that the dialogue knows or mentions.

    A name that is valid already stays as it is; others yield to it.
    """
    mentioned = [message.name for message in dialogue.messages if isinstance(message, ToolMessage)]
    return sanitised(
        [tool.name for tool in dialogue.tools] + [call.name for call in dialogue.calls] + mentioned
    )


def sanitised(names: Iterable[str]) -> dict[str, str]:
    """Each name with a distinct one that matches `^[a-zA-Z0-9_-]{1,64}$`; the same input, the same answer."""
    originals = list(dict.fromkeys(names))
    valid = {name: name for name in originals if re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name)}
    taken = set(valid)
    chosen = dict(valid)
    for name in originals:
        if name in valid:
            continue
        stem = re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:NAME_LENGTH] or "tool"
        candidate, number = stem, 1
        while candidate in taken:
            number += 1
            suffix = f"_{number}"
            candidate = stem[: NAME_LENGTH - len(suffix)] + suffix
        taken.add(candidate)
        chosen[name] = candidate
    return chosen


def _function(tool: ToolSpec, name: str) -> dict[str, Any]:
    return {"name": name, "description": tool.description, "parameters": tool.parameters}


def _openai_message(message: Message, names: dict[str, str]) -> dict[str, Any]:
    match message:
        case UserMessage(content=content):
            return {"role": "user", "content": content}
        case ToolMessage(call_id=call_id, content=content):
            return {"role": "tool", "tool_call_id": call_id, "content": content}
        case AssistantMessage(content=content, calls=calls, thinking=thinking):
            # Content stays a string, though OpenAI allows null: some chat templates search it.
            said: dict[str, Any] = {"role": "assistant", "content": content}
            if thinking:
                said["reasoning_content"] = thinking
            if not calls:
                return said
            return said | {
                "tool_calls": [
                    {
                        "id": call.id,
                        "type": "function",
                        "function": {"name": names[call.name], "arguments": _json(call.arguments)},
                    }
                    for call in calls
                ],
            }


def _thought(message: AssistantMessage) -> str:
    return f"<think>\n{message.thinking}\n</think>\n\n" if message.thinking else ""


def _calls_json(calls: Iterable[Call], names: dict[str, str]) -> str:
    return _json([{"name": names[call.name], "arguments": call.arguments} for call in calls])


def _parsed(content: str) -> Any:
    """A result as JSON, or as the text it is when it is none: quoting JSON inside JSON teaches nothing."""
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        return content


def _json(value: Any) -> str:
    # With spaces, as models write it; msgspec has no such option.
    return json.dumps(value, ensure_ascii=False)
