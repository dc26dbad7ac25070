"""Make the repair agent's edits, or say why they cannot be made.

What comes out has a sound form: user, then calls with their results in turn, then the assistant's text, in
every turn; each result belongs to one call by its id. Whether it is also right is for the rules to say.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import count, groupby, pairwise
from typing import Literal

import msgspec

from agents.roles.repair import Edit, Written
from schemas.dialogue import AssistantMessage, Call, Dialogue, Message, ToolMessage, UserMessage


class EditRefused(ValueError):
    """The edits cannot be made; the message tells the agent why."""


def apply(dialogue: Dialogue, edits: Sequence[Edit], named: Collection[int]) -> Dialogue:
    """The dialogue with the edits made.

    An edited call keeps the id of the call in its place, a new one gets an id of its own; results take
    the ids of their calls, by place where they have none.

    Args:
        named: indexes of the messages that faults were found in; only there may the user's words change.

    Raises:
        EditRefused: a message is unknown or edited twice, the user's words would change, a call is of no tool
            on the table, nothing would change, or the form of what comes out is not sound.
    """
    by_index: dict[int, Edit] = {}
    for edit in edits:
        if edit.message >= len(dialogue.messages):
            raise EditRefused(
                f"there is no message {edit.message}; the last one is {len(dialogue.messages) - 1}"
            )
        if edit.message in by_index:
            raise EditRefused(f"message {edit.message} is edited twice; put it into one edit")
        by_index[edit.message] = edit
    messages: list[Message] = []
    for index, message in enumerate(dialogue.messages):
        if (own := by_index.get(index)) is None:
            messages.append(message)
        else:
            messages += _replaced(dialogue, message, own, index in named)
    settled = _paired(messages)
    _require_form(settled)
    if settled == dialogue.messages:
        raise EditRefused("the edits change nothing; leave them out to give up")
    _require_plain(settled)
    return msgspec.structs.replace(dialogue, messages=settled)


def _replaced(dialogue: Dialogue, old: Message, edit: Edit, named: bool) -> Iterator[Message]:
    """What stands in the place of a message; ids that are not known yet are empty."""
    kinds = [written.kind for written in edit.becomes]
    if isinstance(old, UserMessage):
        if not named:
            raise EditRefused(f"message {edit.message} is the user's and has no fault: leave it as it is")
        if kinds != ["user"]:
            raise EditRefused(f"message {edit.message} is the user's: it becomes one message of the user's")
    elif "user" in kinds:
        raise EditRefused(
            f"message {edit.message} is not the user's: it cannot become one, turns stay as they are"
        )
    calls = list(old.calls) if isinstance(old, AssistantMessage) else []
    call_id = old.call_id if isinstance(old, ToolMessage) else ""
    for written in edit.becomes:
        match written.kind:
            case "user":
                yield UserMessage(written.text.strip())
            case "result":
                yield ToolMessage(call_id, "", written.text)
                call_id = ""
            case "call":
                yield _calling(dialogue, written, calls, edit.message)
                calls = []
            case "ask" | "answer" as action:
                yield AssistantMessage(
                    written.text.strip(),
                    action=action,
                    thinking=_thought(dialogue, written, edit.message),
                )


def _calling(dialogue: Dialogue, written: Written, before: Sequence[Call], index: int) -> AssistantMessage:
    table = {tool.name for tool in dialogue.tools}
    for call in written.calls:
        if call.name not in table:
            raise EditRefused(f"message {index}: {call.name!r} is called, which is not on the table")
    ids = [call.id for call in before] + [""] * len(written.calls)
    return AssistantMessage(
        calls=tuple(
            Call(id=call_id, name=call.name, arguments=call.value)
            for call_id, call in zip(ids, written.calls, strict=False)
        ),
        action="call",
        thinking=_thought(dialogue, written, index),
    )


def _thought(dialogue: Dialogue, written: Written, index: int) -> str:
    """The reasoning of a new message, in a run that asks for it."""
    if not dialogue.spec.thinking:
        return ""
    if not written.thinking.strip():
        raise EditRefused(
            f"message {index}: thinking must hold the reasoning before the move, as elsewhere here"
        )
    return written.thinking.strip()


# Ids


def _paired(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages with ids that differ, and with each result under the id and name of its call."""
    found: list[Message] = []
    taken: set[str] = set()
    fresh = (f"call_{number}" for number in count(1))
    kept = {
        call.id for message in messages if isinstance(message, AssistantMessage) for call in message.calls
    }
    calls: tuple[Call, ...] = ()
    was: dict[str, Call] = {}
    for is_result, run in groupby(messages, lambda message: isinstance(message, ToolMessage)):
        if is_result:
            found += _answering(calls, was, [message for message in run if isinstance(message, ToolMessage)])
            calls, was = (), {}
            continue
        for message in run:
            if calls:
                raise EditRefused(f"the call of {calls[0].name!r} has no result after it")
            if isinstance(message, AssistantMessage) and message.calls:
                calls, was = (), {}
                for call in message.calls:
                    own_id = call.id
                    if not own_id or own_id in taken:
                        own_id = next(name for name in fresh if name not in kept | taken)
                    taken.add(own_id)
                    named = msgspec.structs.replace(call, id=own_id)
                    calls += (named,)
                    if call.id:
                        was.setdefault(call.id, named)
                message = msgspec.structs.replace(message, calls=calls)
            found.append(message)
    if calls:
        raise EditRefused(f"the call of {calls[0].name!r} has no result after it")
    return tuple(found)


def _answering(
    calls: Sequence[Call], was: dict[str, Call], results: Sequence[ToolMessage]
) -> Iterator[ToolMessage]:
    """The results under the ids of their calls: those that name one first, then the others in order.

    Args:
        was: the calls by the ids they had before.
    """
    of: dict[int, Call] = {}
    for place, result in enumerate(results):
        call = was.get(result.call_id)
        if call is not None and call not in of.values():
            of[place] = call
    unanswered = [call for call in calls if call not in of.values()]
    for place, result in enumerate(results):
        if place not in of:
            if not unanswered:
                raise EditRefused(f"a result belongs to no call: {result.content[:80]}")
            of[place] = unanswered.pop(0)
    if unanswered:
        raise EditRefused(f"the call of {unanswered[0].name!r} has no result after it")
    for place, result in enumerate(results):
        call = of[place]
        if result.name not in ("", call.name):
            raise EditRefused(f"the call is now of {call.name!r}, but its result is still of {result.name!r}")
        yield ToolMessage(call.id, call.name, result.content)


# Form


def _require_plain(messages: tuple[Message, ...]) -> None:
    """What events cannot carry must not get into one: 1e999, half a surrogate pair."""
    try:
        same = msgspec.json.decode(msgspec.json.encode(messages), type=tuple[Message, ...]) == messages
    except (UnicodeEncodeError, msgspec.DecodeError):
        same = False
    if not same:
        raise EditRefused("a value is no JSON: a number out of range or a broken character")


_Part = Literal["user", "call", "result", "text"]

_FOLLOWS: dict[_Part, tuple[_Part, ...]] = {
    "user": ("call", "text"),
    "call": ("result",),
    "result": ("result", "call", "text"),
    "text": ("user",),
}


def _part(message: Message) -> _Part:
    match message:
        case UserMessage():
            return "user"
        case ToolMessage():
            return "result"
        case AssistantMessage(calls=calls):
            return "call" if calls else "text"


def _require_form(messages: Sequence[Message]) -> None:
    parts = [_part(message) for message in messages]
    if not parts:
        raise EditRefused("the edits take everything out")
    if parts[0] != "user":
        raise EditRefused("the conversation would not begin with the user")
    if parts[-1] != "text":
        raise EditRefused("the conversation would not end with the assistant's words")
    for before, after in pairwise(parts):
        if after not in _FOLLOWS[before]:
            raise EditRefused(f"a {after} would follow directly on a {before}")
