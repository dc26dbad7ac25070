"""Which dialogues carry a fault that the offline teacher planted.

The teacher labels each planted defect out of band, by the id of its reply. A label counts where the reply
stands in the dialogue: most are voted out by the judge, asked for again or repaired before that.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from schemas.dialogue import AssistantMessage, Dialogue, ToolMessage, UserMessage
from schemas.events import LLMCalled, decode
from sinks.sql import load
from sinks.store import Queryable, StoreError


class Label(Struct, frozen=True):
    """A planted defect, as the teacher's label file has it."""

    response_id: str
    choice: int
    role: str
    defect: str
    detail: str = ""

    @property
    def kind(self) -> str:
        return f"{self.role}: {self.defect}"


Labels = Mapping[tuple[str, int], Label]
"""By reply and choice."""


def read_labels(path: Path) -> Labels:
    """The labels of a file; none where there is no such file.

    Raises:
        OSError: it cannot be read.
        StoreError: a line of it is no label; a last one cut short, as of a killed teacher, is left out.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return {}
    try:
        rows = [msgspec.json.decode(line, type=Label) for line in lines[:-1]]
    except msgspec.DecodeError as error:
        raise StoreError(f"{path} is no label file of the offline teacher: {error}") from error
    return {(row.response_id, row.choice): row for row in rows}


def is_fault(kind: str) -> bool:
    """A user who strays from the plan makes another dialogue, not a faulty one, where the assistant copes."""
    return not kind.startswith("user:")


def labelled_calls(
    store: Queryable, run_id: str, dialogue_ids: Collection[str], labels: Labels
) -> list[tuple[str, LLMCalled]]:
    """The calls for some dialogues that got a labelled reply, each with its dialogue's id."""
    known = {response_id for response_id, _ in labels}
    wanted = {"run_id": run_id, "dialogue_ids": list(dialogue_ids)}
    rows = store.query(load("replies"), wanted).rows
    found = {event_id: dialogue_id for dialogue_id, event_id, response_id in rows if response_id in known}
    if not found:
        return []
    payloads = store.query(load("payloads"), {**wanted, "event_ids": list(found)}).rows
    bodies = ((found[event_id], decode(payload).body) for event_id, payload in payloads)
    return [(dialogue_id, body) for dialogue_id, body in bodies if isinstance(body, LLMCalled)]


def planted_in(
    dialogues: Mapping[str, Dialogue], calls: Iterable[tuple[str, LLMCalled]], labels: Labels
) -> dict[str, set[str]]:
    """The kinds of defect that stand in each dialogue; one without any is not in it."""
    found: dict[str, set[str]] = defaultdict(set)
    for dialogue_id, call in calls:
        for choice, text in enumerate(call.answers):
            label = labels.get((call.response_id, choice))
            if label is not None and stands_in(dialogues[dialogue_id], call.role, text):
                found[dialogue_id].add(label.kind)
    return dict(found)


def stands_in(dialogue: Dialogue, role: str, text: str) -> bool:
    """Whether a reply of the teacher became part of the dialogue; one that is no JSON did not."""
    try:
        reply: dict[str, Any] = msgspec.json.decode(text)
        if role == "repair":
            written = [each for edit in reply["edits"] for each in edit["becomes"]]
            return bool(written) and all(_is_written(dialogue, each) for each in written)
        calls = [(call["name"], msgspec.json.decode(call["arguments"])) for call in reply.get("calls", ())]
    except msgspec.DecodeError:
        return False
    said = str(reply.get("message", "")).strip()
    results = {result["result"] for result in reply.get("results", ())}
    for message in dialogue.messages:
        match role, message:
            case "user", UserMessage(content=content) if content == said:
                return True
            case "assistant", AssistantMessage(calls=made) if calls:
                if [(call.name, call.arguments) for call in made] == calls:
                    return True
            case "assistant", AssistantMessage(content=content, calls=()) if content == said:
                return True
            case "function", ToolMessage(content=content) if content in results:
                return True
    return False


def _is_written(dialogue: Dialogue, written: Mapping[str, Any]) -> bool:
    """Whether a message that the repair agent wrote stands in the dialogue."""
    calls = [(call["name"], msgspec.json.decode(call["arguments"])) for call in written["calls"]]
    return any(
        [(call.name, call.arguments) for call in message.calls] == calls
        if calls and isinstance(message, AssistantMessage)
        else not calls and message.content == str(written["text"]).strip()
        for message in dialogue.messages
    )
