"""From a request to a reply: which role is asked, what it is given, and the answer's text."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from agents.teacher import assistant, checker, curator, defects, judge, memory, repair, sample, thinking, user
from agents.teacher.assistant import Move, State, decide, study
from agents.teacher.card import Card, cards
from agents.teacher.defects import Defect
from agents.teacher.function import respond
from agents.teacher.world import World

ROLES = ("sample", "user", "assistant", "function", "judge", "memory", "checker", "repair", "curator")

_SECTION = re.compile(r"^<(\w+)>\n(.*?)\n</\1>$", re.DOTALL | re.MULTILINE)
_QUESTION = re.compile(r"^Question \((\w+)\)")
_FIRST_LINE = (
    ("user", "you play the user"),
    ("assistant", "you are an assistant that can call tools"),
    ("function", "you stand in for the tools"),
    ("judge", "you choose the best next turn"),
    ("memory", "you keep the memory"),
    ("sample", "you rate how closely"),
    ("checker", "you check a conversation"),
    ("repair", "you mend a conversation"),
    ("curator", "you decide which tool definitions"),
)
_SECTIONS = {
    "sample": {"target", "others"},
    "user": {"tools", "turn"},
    "judge": {"tools", "turn", "candidates"},
    "function": {"tools", "calls"},
    "memory": {"seen", "proposed"},
    "assistant": {"tools", "conversation"},
    "checker": {"tools", "conversation"},
    "repair": {"tools", "conversation", "faults"},
}


class BadPrompt(ValueError):
    """The prompt does not hold what its role needs; the message says what is missing."""


@dataclass(frozen=True)
class Request:
    """A prompt of one of the roles."""

    role: str
    sections: dict[str, str]
    """Tag -> JSON text."""
    thinking: bool = False
    """The reply is to begin with its reasoning."""
    question: str = ""
    """Which of the role's questions is asked, where it has several."""
    model: str = ""
    """Which model is asked; all write alike, but each checks with an eye of its own."""

    def json(self, tag: str) -> Any:
        try:
            return msgspec.json.decode(self.sections[tag])
        except KeyError:
            raise BadPrompt(f"the prompt has no <{tag}> section, which role {self.role!r} needs") from None
        except msgspec.DecodeError as error:
            raise BadPrompt(f"the <{tag}> section is no JSON: {error}") from None

    def cards(self, tag: str = "tools") -> tuple[Card, ...]:
        if tag not in self.sections:
            raise BadPrompt(f"the prompt has no <{tag}> section, which role {self.role!r} needs")
        try:
            return cards(self.sections[tag])
        except msgspec.DecodeError as error:
            raise BadPrompt(f"the <{tag}> section is no JSON list of tools: {error}") from None

    def rows(self, tag: str) -> list[dict[str, Any]]:
        found = self.json(tag)
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise BadPrompt(f"the <{tag}> section must be a JSON list of objects")
        return found


@dataclass(frozen=True)
class Reply:
    text: str
    defect: Defect | None = None


def recognise(
    messages: list[dict[str, Any]], schema_name: str, schema: dict[str, Any] | None = None, model: str = ""
) -> Request | None:
    """The role a chat asks for; None for an ordinary chat.

    Args:
        schema: of the reply; None where the prompt alone says what is wanted.
    """
    system = question = ""
    sections: dict[str, str] = {}
    for message in messages:
        content = message.get("content")
        if not isinstance(content, str):
            continue
        if message.get("role") in ("system", "developer") and not system:
            system = content
        elif message.get("role") == "user" and not sections:
            sections = {match[1]: match[2] for match in _SECTION.finditer(content)}
            asked = _QUESTION.search(content.rpartition("\n\n")[2])
            question = asked[1] if asked else ""
    thinks = "thinking" in schema.get("properties", {}) if schema else "`thinking`" in system
    if schema_name in ROLES:
        return Request(schema_name, sections, thinks, question, model)
    first = system.lstrip()[:80].lower()
    role = next((name for name, words in _FIRST_LINE if first.startswith(words)), "")
    if not role and sections:
        tags = set(sections)
        role = next(
            (
                name
                for name in ("judge", "function", "user", "sample", "memory", "assistant")
                if _SECTIONS[name] <= tags
            ),
            "",
        )
    return Request(role, sections, thinks, question, model) if role and sections else None


def answer(
    request: Request, rng: random.Random, defect_rate: float, salt: int, judge_bias: float = 0.0
) -> Reply:
    """The reply of one choice.

    Raises:
        BadPrompt: a section is missing or malformed.
    """
    if request.role == "judge":
        return _judge(request, rng, judge_bias)
    return _HANDLERS[request.role](request, rng, rng.random() < defect_rate, salt)


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _sample(request: Request, rng: random.Random, spoil: bool, salt: int) -> Reply:
    target = request.json("target")
    if not isinstance(target, dict):
        raise BadPrompt("the <target> section must be a JSON object")
    return Reply(_text({"scores": sample.relate(target, request.rows("others"))}))


def _user(request: Request, rng: random.Random, spoil: bool, salt: int) -> Reply:
    turn = request.json("turn")
    if not isinstance(turn, dict):
        raise BadPrompt("the <turn> section must be a JSON object")
    memory_section = request.json("memory") if "memory" in request.sections else {}
    persona = str(request.json("persona")) if "persona" in request.sections else ""
    conversation = request.rows("conversation") if "conversation" in request.sections else []
    known = request.cards()
    defect: Defect | None = None
    if spoil and rng.random() < 0.75:
        turn, defect = _misplanned(turn, known, rng)
    scene = user.setting(known, persona, memory_section, conversation, turn)
    text = _text({"message": user.speak(scene, rng)})
    if spoil and defect is None:
        return Reply(*defects.truncated(text, rng))
    return Reply(text, defect)


_ASKING = frozenset(("request", "no_tool", "withhold", "invalid_value", "almost", "change_mind", "partial"))
"""Kinds of turn in which the user asks for a task."""


def _misplanned(
    turn: dict[str, Any], known: tuple[Card, ...], rng: random.Random
) -> tuple[dict[str, Any], Defect | None]:
    """Another plan than the one asked for: a slot forgotten or one too many, or the point of it missed."""
    tasks = [dict(task) for task in turn.get("tasks") or ()]
    kind = turn.get("kind")
    if kind in ("almost", "partial") and rng.random() < 0.5:
        return {**turn, "kind": "request"}, Defect("missed_kind", f"a plain request in the place of {kind}")
    if kind not in _ASKING or not tasks:
        return turn, None
    task = tasks[0]
    card = next((c for c in known if c.name == task.get("tool")), None)
    slots = list(task.get("slots") or ())
    planned = {*slots, *(link.get("slot") for link in task.get("links") or ())}
    others = [slot for slot in card.slots if slot.name not in planned] if card else []
    spare = [slot.name for slot in others if not slot.required]
    droppable = [s for s in slots if s not in (turn.get("withheld") or ()) and s != turn.get("slot")]
    if spare and (not droppable or rng.random() < 0.5):
        extra = rng.choice(spare)
        task["slots"] = [*slots, extra]
        return {**turn, "tasks": tasks}, Defect(
            "unplanned_value", f"mentions {extra}, which is not in the plan"
        )
    if droppable:
        gone = rng.choice(droppable)
        task["slots"] = [s for s in slots if s != gone]
        return {**turn, "tasks": tasks}, Defect("unmentioned_slot", f"leaves out {gone}")
    return turn, None


def _move(state: State, rng: random.Random, spoil: bool) -> tuple[Move, Defect | None]:
    move = decide(state, rng)
    if spoil:
        spoiled = defects.spoil_move(state, move, rng)
        if spoiled is not None:
            return spoiled
    return move, None


def _assistant(request: Request, rng: random.Random, spoil: bool, salt: int) -> Reply:
    state = study(request.rows("conversation"), request.cards())
    cut = spoil and rng.random() < 0.15
    move, defect = _move(state, rng, spoil and not cut)
    thoughts = {"thinking": thinking.trace(state, move, rng)} if request.thinking else {}
    text = _text(
        {
            **thoughts,
            "action": move.action,
            "calls": [{"name": name, "arguments": _text(arguments)} for name, arguments in move.calls],
            "message": move.message,
        }
    )
    if cut or (spoil and defect is None):
        return Reply(*defects.truncated(text, rng))
    return Reply(text, defect)


def _function(request: Request, rng: random.Random, spoil: bool, salt: int) -> Reply:
    calls = request.rows("calls")
    events = request.json("events") if "events" in request.sections else {}
    conversation = request.rows("conversation") if "conversation" in request.sections else []
    world = World.of(conversation)
    values = respond(
        {card.name: card for card in request.cards()},
        calls,
        conversation,
        events if isinstance(events, dict) else {},
        salt,
    )
    results, defect = [], None
    spoiled_call = rng.randrange(len(calls)) if spoil and calls and rng.random() < 0.8 else -1
    for index, (call, value) in enumerate(zip(calls, values, strict=True)):
        if (
            index == spoiled_call
            and (spoiled := defects.spoil_result(call, value, world.about(call.get("arguments") or {}), rng))
            is not None
        ):
            value, defect = spoiled
        results.append({"call_id": str(call.get("id")), "result": _text(value)})
    text = _text({"results": results})
    if spoil and defect is None:
        return Reply(*defects.truncated(text, rng))
    return Reply(text, defect)


def _judge(request: Request, rng: random.Random, bias: float) -> Reply:
    turn = request.json("turn")
    if not isinstance(turn, dict):
        raise BadPrompt("the <turn> section must be a JSON object")
    found = judge.verdict(
        request.cards(), request.rows("conversation"), turn, request.rows("candidates"), rng, bias
    )
    return Reply(_text(found))


def _memory(request: Request, rng: random.Random, spoil: bool, salt: int) -> Reply:
    seen = request.json("seen")
    summary = str(request.json("summary")) if "summary" in request.sections else ""
    found = memory.recollect(
        seen if isinstance(seen, dict) else {},
        summary,
        request.rows("conversation"),
        str(request.json("proposed")),
    )
    return Reply(_text(found))


def _checker(request: Request, rng: random.Random, spoil: bool, salt: int) -> Reply:
    request.cards(), request.rows("conversation")  # what cannot be read is refused
    tools, conversation = request.sections["tools"], request.sections["conversation"]
    eye = f"{salt}/{request.model}"
    if request.question in checker.ASPECTS:
        return Reply(_text(checker.expert(request.question, tools, conversation, eye)))
    return Reply(_text(checker.overall(tools, conversation, eye)))


def _repair(request: Request, rng: random.Random, spoil: bool, salt: int) -> Reply:
    found, defect = repair.mend(
        request.cards(), request.rows("conversation"), request.rows("faults"), rng, salt, spoil
    )
    return Reply(_text(found), defect)


def _curator(request: Request, rng: random.Random, spoil: bool, salt: int) -> Reply:
    verdicts = []
    for pair in request.rows("pairs"):
        first, second = pair.get("first"), pair.get("second")
        if not isinstance(first, dict) or not isinstance(second, dict):
            raise BadPrompt("each of the <pairs> must have a first and a second tool")
        same, reason = curator.compare(first, second)
        verdicts.append({"pair": pair.get("pair"), "reason": reason, "same": same})
    return Reply(_text({"verdicts": verdicts}))


_HANDLERS: dict[str, Callable[[Request, random.Random, bool, int], Reply]] = {
    "sample": _sample,
    "user": _user,
    "assistant": _assistant,
    "function": _function,
    "memory": _memory,
    "checker": _checker,
    "repair": _repair,
    "curator": _curator,
}


# Ordinary chats


@dataclass(frozen=True)
class ChatReply:
    content: str | None
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    defect: Defect | None = None


def chat(
    messages: list[dict[str, Any]],
    tools: list[dict[str, Any]],
    tool_choice: Any,
    rng: random.Random,
    defect_rate: float,
) -> ChatReply:
    """The assistant in a chat with native tools: real tool calls, or text."""
    state = study(_conversation(messages), cards(msgspec.json.encode(tools).decode()))
    spoil = bool(tools) and rng.random() < defect_rate
    if not tools or tool_choice == "none":
        return ChatReply(
            _small_talk(state)
            if not tools
            else assistant.decide(state, rng).message or "I did not call a tool, as asked."
        )
    move, defect = _move(state, rng, spoil)
    forced = tool_choice.get("function", {}).get("name") if isinstance(tool_choice, dict) else None
    if move.action != "call" and (forced or tool_choice == "required"):
        card = state.card(forced) if forced else state.cards[0]
        if card is not None:
            task = next((t for t in state.intent.tasks if t.card.name == card.name), None)
            return ChatReply(None, ((card.name, task.arguments if task else {}),), defect)
    if move.action == "call":
        return ChatReply(None, move.calls, defect)
    return ChatReply(move.message, (), defect)


def _small_talk(state: State) -> str:
    if re.search(r"(?i)\bsay yes\b", state.text):
        return "Yes."
    return "I am the offline teacher: I play a pipeline's roles, and call tools when a request brings some."


def _conversation(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """OpenAI chat messages in the form the roles' prompts show a conversation."""
    shown: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    for message in messages:
        content = message.get("content")
        if isinstance(content, list):
            content = " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
        match message.get("role"):
            case "user":
                shown.append({"role": "user", "content": content or ""})
            case "assistant" if message.get("tool_calls"):
                calls = []
                for call in message["tool_calls"]:
                    function = call.get("function") or {}
                    names[str(call.get("id"))] = str(function.get("name"))
                    try:
                        arguments = msgspec.json.decode(function.get("arguments") or "{}")
                    except msgspec.DecodeError:
                        arguments = {}
                    calls.append({"id": call.get("id"), "name": function.get("name"), "arguments": arguments})
                shown.append({"role": "assistant", "calls": calls})
            case "assistant":
                shown.append({"role": "assistant", "content": content or ""})
            case "tool":
                call_id = str(message.get("tool_call_id"))
                shown.append(
                    {
                        "role": "tool",
                        "call_id": call_id,
                        "name": names.get(call_id, ""),
                        "content": content or "",
                    }
                )
    return shown
