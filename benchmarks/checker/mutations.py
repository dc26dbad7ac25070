"""Ways in which a good dialogue goes wrong, one small function each.

    mutation.run(dialogue, rng) -> the damaged dialogue, or None where this cannot happen to it

`structural` ones break the form of calls, messages or text; `grounding` ones keep the form and say something
that is not so. Each is a mistake that models make. What a mutation puts in is checked to stand nowhere in the
dialogue or its tools, so that it is wrong by construction; the checker is never asked.
"""

import json
import random
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Literal, NamedTuple, TypeVar

from faker import Faker
from msgspec import Struct
from msgspec.structs import replace

from consumers.rule_checker.tool import leaves
from schemas.dialogue import (
    EXPECTED_ACTION,
    AssistantMessage,
    Call,
    Dialogue,
    Message,
    ToolMessage,
    TurnKind,
    UserMessage,
)
from schemas.results import is_failure

Kind = Literal["structural", "grounding"]
Run = Callable[[Dialogue, random.Random], Dialogue | None]
Path = tuple[str | int, ...]
T = TypeVar("T")


class Mutation(Struct, frozen=True):
    name: str
    kind: Kind
    run: Run


MUTATIONS: dict[str, Mutation] = {}


def structural(run: Run) -> Run:
    """Register a mutation of the form."""
    MUTATIONS[run.__name__] = Mutation(run.__name__, "structural", run)
    return run


def grounding(run: Run) -> Run:
    """Register a mutation of what is said."""
    MUTATIONS[run.__name__] = Mutation(run.__name__, "grounding", run)
    return run


# --- looking and changing ------------------------------------------------------------------------


class Made(NamedTuple):
    """A call and where it stands."""

    message: int
    position: int
    call: Call
    schema: dict[str, Any]
    """Of the tool's parameters."""

    def property(self, name: str) -> dict[str, Any]:
        found = self.schema.get("properties", {}).get(name)
        return found if isinstance(found, dict) else {}


def _calls(dialogue: Dialogue) -> list[Made]:
    return [
        Made(index, position, call, spec.parameters if (spec := dialogue.tool(call.name)) else {})
        for index, message in enumerate(dialogue.messages)
        if isinstance(message, AssistantMessage)
        for position, call in enumerate(message.calls)
    ]


def _shuffled(items: Sequence[T], rng: random.Random) -> list[T]:
    return rng.sample(items, len(items))


def _with(dialogue: Dialogue, messages: Sequence[Message]) -> Dialogue:
    return replace(dialogue, messages=tuple(messages))


def _with_message(dialogue: Dialogue, index: int, *instead: Message) -> Dialogue:
    return _with(dialogue, (*dialogue.messages[:index], *instead, *dialogue.messages[index + 1 :]))


def _with_call(dialogue: Dialogue, made: Made, *instead: Call) -> Dialogue:
    message = dialogue.messages[made.message]
    assert isinstance(message, AssistantMessage)
    calls = (*message.calls[: made.position], *instead, *message.calls[made.position + 1 :])
    return _with_message(dialogue, made.message, replace(message, calls=calls))


def _with_arguments(dialogue: Dialogue, made: Made, arguments: dict[str, Any]) -> Dialogue:
    return _with_call(dialogue, made, replace(made.call, arguments=arguments))


def _followed(dialogue: Dialogue, made: Made, arguments: dict[str, Any]) -> Dialogue:
    """Other arguments, and the world follows: the result echoes them, the answer repeats the result."""
    changed = {name: (made.call.arguments.get(name), new) for name, new in arguments.items()}
    changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1] and pair[0] is not None}
    messages = list(_with_arguments(dialogue, made, arguments).messages)
    for index in range(made.message + 1, len(messages)):
        match messages[index]:
            case UserMessage():
                break
            case ToolMessage() as message if message.call_id == made.call.id:
                value = _json(message)
                value = value if isinstance(value, dict) else {}
                echoed = {n: new for n, (old, new) in changed.items() if n in value and value[n] == old}
                if echoed:
                    content = json.dumps({**value, **echoed}, ensure_ascii=False)
                    messages[index] = replace(message, content=content)
            case AssistantMessage(calls=()) as message:
                text = message.content
                for old, new in changed.values():
                    if len(str(old)) >= 3 and not isinstance(old, list | dict):
                        text = re.sub(
                            rf"(?<!\w){re.escape(str(old))}(?!\w)", lambda _, new=new: str(new), text
                        )
                messages[index] = replace(message, content=text)
    return _with(dialogue, messages)


def _put(value: Any, path: Path, new: Any) -> Any:
    """The JSON value with another one at a place."""
    if not path:
        return new
    head, *rest = path
    if isinstance(value, dict):
        return {key: _put(child, tuple(rest), new) if key == head else child for key, child in value.items()}
    return [_put(child, tuple(rest), new) if index == head else child for index, child in enumerate(value)]


def _without_result(dialogue: Dialogue, call_id: str) -> Dialogue:
    kept = [m for m in dialogue.messages if not (isinstance(m, ToolMessage) and m.call_id == call_id)]
    return _with(dialogue, kept)


def _texts(dialogue: Dialogue) -> list[tuple[int, AssistantMessage]]:
    """The assistant's messages that speak."""
    return [
        (index, message)
        for index, message in enumerate(dialogue.messages)
        if isinstance(message, AssistantMessage) and not message.calls and message.content.strip()
    ]


def _turn_start(dialogue: Dialogue, index: int) -> int:
    users = [i for i, message in enumerate(dialogue.messages[:index]) if isinstance(message, UserMessage)]
    return users[-1] if users else 0


def _told(dialogue: Dialogue) -> list[tuple[int, AssistantMessage, list[tuple[int, ToolMessage]]]]:
    """(index, answer, the results of its turn) of the answers that rest on results, all of them successes."""
    found = []
    for index, message in _texts(dialogue):
        start = _turn_start(dialogue, index)
        results = [
            (i, m) for i, m in enumerate(dialogue.messages[start:index], start) if isinstance(m, ToolMessage)
        ]
        if message.action == "answer" and results and not any(is_failure(_json(m)) for _, m in results):
            found.append((index, message, results))
    return found


def _json(message: ToolMessage) -> Any:
    try:
        return json.loads(message.content)
    except ValueError:
        return None


def _everything(dialogue: Dialogue) -> str:
    """All that stands in the dialogue and its tools, in lower case."""
    parts = [message.content for message in dialogue.messages if not isinstance(message, AssistantMessage)]
    for message in dialogue.messages:
        if isinstance(message, AssistantMessage):
            parts += [message.content, *(json.dumps(call.arguments) for call in message.calls)]
    for tool in dialogue.tools:
        parts += [tool.name, tool.description, json.dumps(tool.parameters)]
    return "\n".join(parts).casefold()


def _said_by_user(dialogue: Dialogue, before: int) -> str:
    return "\n".join(m.content for m in dialogue.messages[:before] if isinstance(m, UserMessage))


def _is_new(text: str, everything: str) -> bool:
    """No word of it, of three letters or more, stands anywhere yet."""
    words = re.findall(r"\w{3,}", text.casefold())
    return bool(words) and not any(word in everything for word in words)


def _new(make: Callable[[], str], everything: str) -> str | None:
    """Something that stands nowhere yet; None if none comes up."""
    return next((text for _ in range(30) if _is_new(text := make(), everything)), None)


def _new_number(old: float, everything: str, rng: random.Random) -> float | None:
    """A number of the same size and precision that stands nowhere yet, with one digit changed."""
    text = f"{old:.0f}" if float(old).is_integer() else repr(float(old))
    if "e" in text:
        return None
    places = [place for place, char in enumerate(text) if char.isdigit()]
    for _ in range(30):
        place = rng.choice(places)
        digits = "123456789" if place == places[0] else "0123456789"
        digit = rng.choice([d for d in digits if d != text[place]])
        changed = text[:place] + digit + text[place + 1 :]
        if not re.search(rf"(?<!\d){re.escape(changed)}(?!\d)", everything) and float(changed) > 2:
            return int(changed) if isinstance(old, int) else float(changed)
    return None


def _faker(rng: random.Random) -> Faker:
    faker = Faker("en_US")
    faker.seed_instance(rng.randrange(2**32))
    return faker


def _scalars(made: Made) -> list[tuple[Path, Any]]:
    return [(path, value) for path, value in leaves(made.call.arguments) if value is not None]


def _is_closed(made: Made, path: Path) -> bool:
    """The place has a list of options or a form of its own: another text would break the schema."""
    schema: Any = made.schema
    for part in path:
        if not isinstance(schema, dict):
            return True
        schema = schema.get("items") if isinstance(part, int) else schema.get("properties", {}).get(part)
    return not isinstance(schema, dict) or any(
        keyword in schema for keyword in ("enum", "const", "pattern", "format", "oneOf", "anyOf")
    )


def _other_text(
    dialogue: Dialogue,
    rng: random.Random,
    fits: Callable[[str, str], bool],
    make: Callable[[Faker], str],
) -> Dialogue | None:
    """Replace an argument that the user gave by another of its kind.

    Args:
        fits: (name of the argument, value) -> whether it is of the kind.
        make: draws another value.
    """
    everything, faker = _everything(dialogue), _faker(rng)
    for made in _shuffled(_calls(dialogue), rng):
        said = _said_by_user(dialogue, made.message).casefold()
        for path, value in _shuffled(_scalars(made), rng):
            name = str(next((part for part in reversed(path) if isinstance(part, str)), ""))
            if not isinstance(value, str) or value.casefold() not in said or _is_closed(made, path):
                continue
            new = _new(lambda: make(faker), everything) if fits(name.casefold(), value) else None
            if new is not None:
                return _followed(dialogue, made, _put(made.call.arguments, path, new))
    return None


# --- structural: the call ------------------------------------------------------------------------


@structural
def tool_name_made_up(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Calls a tool of a name like the right one."""
    names = {tool.name for tool in dialogue.tools}
    for made in _shuffled(_calls(dialogue), rng):
        name = made.call.name
        ways = (f"{name}_v2", f"{name}s", f"fetch_{name}", name.removeprefix("get_"), name.replace("_", ""))
        new = rng.choice([way for way in ways if way not in names] or [""])
        if new:
            return _with_call(dialogue, made, replace(made.call, name=new))
    return None


@structural
def tool_of_another_table(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Calls a tool that every assistant seems to have, but not this one."""
    calls = _calls(dialogue)
    names = ("web_search", "google_search", "send_message", "python", "search_the_web")
    new = [name for name in names if not dialogue.tool(name)]
    if not calls or not new:
        return None
    made = rng.choice(calls)
    return _with_call(dialogue, made, replace(made.call, name=rng.choice(new)))


@structural
def required_left_out(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    for made in _shuffled(_calls(dialogue), rng):
        required = [name for name in made.schema.get("required", ()) if name in made.call.arguments]
        if required:
            gone = rng.choice(required)
            kept = {name: value for name, value in made.call.arguments.items() if name != gone}
            return _with_arguments(dialogue, made, kept)
    return None


@structural
def argument_made_up(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Passes a plausible argument that the tool does not take."""
    for made in _shuffled(_calls(dialogue), rng):
        names = ("language", "limit", "verbose", "format", "user_id", "sort_by", "include_details")
        new = [name for name in names if name not in made.schema.get("properties", {})]
        if new and made.schema.get("properties"):
            value = rng.choice((True, "en", 10))
            return _with_arguments(dialogue, made, {**made.call.arguments, rng.choice(new): value})
    return None


@structural
def argument_misspelt(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Writes an argument's name in another way: camelCase, in the plural, a letter less."""
    for made in _shuffled(_calls(dialogue), rng):
        for name in _shuffled(list(made.call.arguments), rng):
            head, *tail = name.split("_")
            ways = (head + "".join(map(str.title, tail)), f"{name}s", name[:-1], name.upper(), f"{name}_name")
            new = rng.choice([way for way in ways if way and way not in made.schema.get("properties", {})])
            arguments = {new if key == name else key: value for key, value in made.call.arguments.items()}
            return _with_arguments(dialogue, made, arguments)
    return None


def _retyped(
    dialogue: Dialogue,
    rng: random.Random,
    types: tuple[str, ...],
    wrong: Callable[[Any], Any],
) -> Dialogue | None:
    """Write an argument of one of these declared types wrongly; `wrong` gives None where it cannot."""
    for made in _shuffled(_calls(dialogue), rng):
        for name, value in _shuffled(list(made.call.arguments.items()), rng):
            new = wrong(value) if made.property(name).get("type") in types else None
            if new is not None:
                return _with_arguments(dialogue, made, {**made.call.arguments, name: new})
    return None


@structural
def number_as_text(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    return _retyped(dialogue, rng, ("integer", "number"), str)


@structural
def number_with_its_unit(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    return _retyped(
        dialogue, rng, ("integer", "number"), lambda value: f"{value} {rng.choice(['km', 'USD'])}"
    )


@structural
def boolean_as_text(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    return _retyped(dialogue, rng, ("boolean",), lambda value: rng.choice(["true", "yes", str(value)]))


@structural
def text_as_list(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    return _retyped(dialogue, rng, ("string",), lambda value: [value])


@structural
def list_as_text(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    return _retyped(
        dialogue,
        rng,
        ("array",),
        lambda value: ", ".join(map(str, value)) if isinstance(value, list) else None,
    )


@structural
def json_in_text(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Passes a list or an object as its JSON text."""
    return _retyped(
        dialogue,
        rng,
        ("array", "object"),
        lambda value: None if isinstance(value, str) else json.dumps(value),
    )


@structural
def null_passed(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Passes null for what was not given."""
    for made in _shuffled(_calls(dialogue), rng):
        optional = [
            name
            for name, schema in made.schema.get("properties", {}).items()
            if isinstance(schema, dict)
            and isinstance(schema.get("type"), str)
            and name not in made.call.arguments
            and None not in schema.get("enum", ())
        ]
        if optional:
            return _with_arguments(dialogue, made, {**made.call.arguments, rng.choice(optional): None})
    return None


@structural
def fraction_for_whole_number(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    return _retyped(
        dialogue, rng, ("integer",), lambda value: value + 0.5 if isinstance(value, int) else None
    )


@structural
def option_in_another_case(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    for made in _shuffled(_calls(dialogue), rng):
        for name, value in made.call.arguments.items():
            options = made.property(name).get("enum") or ()
            ways = [
                way for way in (f"{value}".upper(), f"{value}".title(), f" {value}") if way not in options
            ]
            if isinstance(value, str) and value in options and ways:
                return _with_arguments(dialogue, made, {**made.call.arguments, name: rng.choice(ways)})
    return None


@structural
def option_made_up(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    for made in _shuffled(_calls(dialogue), rng):
        for name, value in made.call.arguments.items():
            options = made.property(name).get("enum") or ()
            new = [way for way in ("standard", "default", "custom", "other", "auto") if way not in options]
            if isinstance(value, str) and value in options:
                return _with_arguments(dialogue, made, {**made.call.arguments, name: rng.choice(new)})
    return None


@structural
def limit_exceeded(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    for made in _shuffled(_calls(dialogue), rng):
        for name, value in made.call.arguments.items():
            most = made.property(name).get("maximum")
            if isinstance(most, int | float) and isinstance(value, int | float):
                return _with_arguments(
                    dialogue, made, {**made.call.arguments, name: most + rng.randint(1, 40)}
                )
    return None


@structural
def date_in_words(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Writes `12 June 2025` where the schema's format wants `2025-06-12`."""
    for made in _calls(dialogue):
        for name, value in made.call.arguments.items():
            if made.property(name).get("format") == "date" and (day := _date(value)):
                text = f"{day:%d %B %Y}" if rng.random() < 0.5 else f"{day:%m/%d/%Y}"
                return _with_arguments(dialogue, made, {**made.call.arguments, name: text})
    return None


@structural
def arguments_wrapped(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Puts the arguments one level too deep."""
    for made in _shuffled(_calls(dialogue), rng):
        key = rng.choice(("arguments", "parameters", "input", "kwargs"))
        if made.call.arguments and key not in made.schema.get("properties", {}):
            return _with_arguments(dialogue, made, {key: made.call.arguments})
    return None


@structural
def call_made_twice(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Makes the same call twice at once, each with its result."""
    for made in _shuffled(_calls(dialogue), rng):
        again = replace(made.call, id=f"{made.call.id}_again")
        for index, message in enumerate(dialogue.messages):
            if isinstance(message, ToolMessage) and message.call_id == made.call.id:
                copy = replace(message, call_id=again.id)
                return _with_call(_with_message(dialogue, index, message, copy), made, made.call, again)
    return None


# --- structural: the order of messages -----------------------------------------------------------


def _results(dialogue: Dialogue) -> list[tuple[int, ToolMessage]]:
    return [(i, m) for i, m in enumerate(dialogue.messages) if isinstance(m, ToolMessage)]


@structural
def result_lost(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    results = _results(dialogue)
    return _with_message(dialogue, rng.choice(results)[0]) if results else None


@structural
def result_of_another_id(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    results = _results(dialogue)
    if not results:
        return None
    index, message = rng.choice(results)
    return _with_message(dialogue, index, replace(message, call_id=f"{message.call_id}0"))


@structural
def result_given_twice(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    results = _results(dialogue)
    if not results:
        return None
    index, message = rng.choice(results)
    return _with_message(dialogue, index, message, message)


@structural
def result_without_call(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """A result appears where nothing was called."""
    places = [i for i, message in _texts(dialogue) if isinstance(dialogue.messages[i - 1], UserMessage)]
    if not places or not dialogue.tools:
        return None
    result = ToolMessage(call_id="call_0", name=rng.choice(dialogue.tools).name, content='{"status":"ok"}')
    index = rng.choice(places)
    return _with_message(dialogue, index, result, dialogue.messages[index])


@structural
def result_of_another_tool(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    for index, message in _shuffled(_results(dialogue), rng):
        others = [tool.name for tool in dialogue.tools if tool.name != message.name]
        if others:
            return _with_message(dialogue, index, replace(message, name=rng.choice(others)))
    return None


@structural
def result_before_call(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    for index, message in _shuffled(_results(dialogue), rng):
        before = dialogue.messages[index - 1]
        if isinstance(before, AssistantMessage):
            messages = list(dialogue.messages)
            messages[index - 1 : index + 1] = [message, before]
            return _with(dialogue, messages)
    return None


@structural
def result_as_python(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """A result written as Python writes a dict, with single quotes and True."""
    for index, message in _shuffled(_results(dialogue), rng):
        if isinstance(value := _json(message), dict) and value:
            return _with_message(dialogue, index, replace(message, content=str(value)))
    return None


@structural
def result_cut_off(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    for index, message in _shuffled(_results(dialogue), rng):
        if len(message.content) > 10:
            at = rng.randint(len(message.content) // 2, len(message.content) - 2)
            return _with_message(dialogue, index, replace(message, content=message.content[:at]))
    return None


@structural
def answer_lost(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """The dialogue stops before the assistant's last words."""
    return _with(dialogue, dialogue.messages[:-1])


@structural
def answer_empty(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    index, message = rng.choice(_texts(dialogue))
    return _with_message(dialogue, index, replace(message, content=rng.choice(["", " ", "\n"])))


@structural
def answer_in_two(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Speaks twice in a row."""
    index, message = rng.choice(_texts(dialogue))
    return _with_message(dialogue, index, message, AssistantMessage("Is there anything else?", action="ask"))


@structural
def announcement_before_call(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Says what it will do in a message of its own, and then calls."""
    calls = _calls(dialogue)
    if not calls:
        return None
    index = rng.choice(calls).message
    text = rng.choice(("Let me look that up for you.", "One moment, I will check.", "Sure, I am on it."))
    return _with_message(dialogue, index, AssistantMessage(text), dialogue.messages[index])


@structural
def call_at_the_end(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Calls once more when all is said."""
    calls = _calls(dialogue)
    if not calls:
        return None
    again = replace(rng.choice(calls).call, id="call_99")
    return _with(dialogue, (*dialogue.messages, AssistantMessage(calls=(again,), action="call")))


@structural
def ids_repeated(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Gives two calls the same id."""
    calls = _calls(dialogue)
    if len(calls) < 2:
        return None
    first, other = calls[0], rng.choice(calls[1:])
    changed = _with_call(dialogue, other, replace(other.call, id=first.call.id))
    messages = [
        replace(m, call_id=first.call.id) if isinstance(m, ToolMessage) and m.call_id == other.call.id else m
        for m in changed.messages
    ]
    return _with(changed, messages)


@structural
def user_speaks_twice(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """A message of the assistant between two users' is lost."""
    texts = [index for index, _ in _texts(dialogue) if index + 1 < len(dialogue.messages)]
    return _with_message(dialogue, rng.choice(texts)) if texts else None


# --- structural: the course of the dialogue ------------------------------------------------------


def _turns(dialogue: Dialogue, action: str) -> list[tuple[int, int]]:
    """(first, end) of the messages of the turns in which the assistant is to do this first."""
    starts = [i for i, message in enumerate(dialogue.messages) if isinstance(message, UserMessage)]
    ends = [*starts[1:], len(dialogue.messages)]
    return [
        (start, end)
        for plan, start, end in zip(dialogue.turns, starts, ends, strict=False)
        if EXPECTED_ACTION[plan.kind] == action
    ]


def _instead_of_turn(dialogue: Dialogue, turn: tuple[int, int], *messages: Message) -> Dialogue:
    """The assistant's part of a turn replaced."""
    first, end = turn
    return _with(dialogue, (*dialogue.messages[: first + 1], *messages, *dialogue.messages[end:]))


@structural
def asks_what_was_said(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Asks where everything needed is known."""
    turns = _turns(dialogue, "call")
    if not turns:
        return None
    text = rng.choice(
        (
            "Could you give me more details first?",
            "Which one do you mean exactly?",
            "Shall I go ahead with it?",
        )
    )
    return _instead_of_turn(dialogue, rng.choice(turns), AssistantMessage(text, action="ask"))


@structural
def answers_without_calling(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Gives the right answer, but out of nowhere."""
    turns = _turns(dialogue, "call")
    if not turns:
        return None
    turn = rng.choice(turns)
    return _instead_of_turn(dialogue, turn, dialogue.messages[turn[1] - 1])


@structural
def promises_without_calling(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    turns = _turns(dialogue, "call")
    if not turns:
        return None
    text = rng.choice(("I will take care of it right away.", "Working on it, this may take a while."))
    return _instead_of_turn(dialogue, rng.choice(turns), AssistantMessage(text))


@structural
def calls_when_it_should_not(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Calls some tool where it should ask, decline or just answer."""
    turns = _turns(dialogue, "ask") + _turns(dialogue, "answer")
    if not turns or not dialogue.tools:
        return None
    turn, tool = rng.choice(turns), rng.choice(dialogue.tools)
    call = Call(id="call_77", name=tool.name, arguments={})
    return _instead_of_turn(
        dialogue,
        turn,
        AssistantMessage(calls=(call,), action="call"),
        ToolMessage(call_id=call.id, name=tool.name, content='{"status":"completed"}'),
        AssistantMessage("That is done."),
    )


@structural
def task_forgotten(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Leaves one of the calls of a message out."""
    for made in _shuffled(_calls(dialogue), rng):
        message = dialogue.messages[made.message]
        if isinstance(message, AssistantMessage) and len(message.calls) > 1:
            return _without_result(_with_call(dialogue, made), made.call.id)
    return None


@structural
def turn_lost(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """A whole turn of the plan is missing."""
    starts = [i for i, message in enumerate(dialogue.messages) if isinstance(message, UserMessage)]
    return _with(dialogue, dialogue.messages[: starts[-1]]) if len(starts) > 1 else None


@structural
def change_ignored(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Repeats the last call where the user asked for another value."""
    calls = _calls(dialogue)
    starts = [i for i, message in enumerate(dialogue.messages) if isinstance(message, UserMessage)]
    for plan, start in zip(dialogue.turns, starts, strict=False):
        if plan.kind != TurnKind.REFINE:
            continue
        for made in calls:
            before = [m for m in calls if m.message < start and m.call.name == made.call.name]
            if made.message > start and before:
                return _with_arguments(dialogue, made, before[-1].call.arguments)
    return None


# --- structural: the text ------------------------------------------------------------------------


@structural
def answer_cut_off(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """An answer ends in the middle of a word or a sentence."""
    long = [(index, message) for index, message in _texts(dialogue) if len(message.content) > 40]
    if not long:
        return None
    index, message = rng.choice(long)
    inside = [
        place
        for place in range(20, len(message.content) - 3)
        if message.content[place - 1].isalnum() and not re.match(r"\W*$", message.content[place:])
    ]
    if not inside:
        return None
    return _with_message(dialogue, index, replace(message, content=message.content[: rng.choice(inside)]))


@structural
def call_in_words(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Spells a call out in the text."""
    calls = _calls(dialogue)
    if not calls:
        return None
    call = rng.choice(calls).call
    index, message = rng.choice(_texts(dialogue))
    spelled = json.dumps({"name": call.name, "arguments": call.arguments})
    python = f"{call.name}({', '.join(f'{k}={v!r}' for k, v in call.arguments.items())})"
    text = rng.choice((f"{message.content}\n{spelled}", f"[{python}]", f"```json\n{spelled}\n```"))
    return _with_message(dialogue, index, replace(message, content=text))


@structural
def template_leaks(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Markers of chat templates or of the reasoning stay in the text."""
    index, message = rng.choice(_texts(dialogue))
    text = message.content
    leaked = rng.choice(
        (
            f"<think>The user wants an answer.</think>{text}",
            f"{text}<|im_end|>",
            f"Assistant: {text}",
            f"{text}\nUser: Thanks!",
            f"<tool_call>{text}</tool_call>",
            f"{text}</s>",
        )
    )
    return _with_message(dialogue, index, replace(message, content=leaked))


REFUSALS = (
    "I'm sorry, but I can't assist with that request.",
    "I apologize, but I am unable to help with this.",
    "As an AI, I do not have the ability to do that.",
    "I'm just a language model, so I can't access real-time information.",
    "I don't have access to external tools or the internet, so I can't look this up.",
    "Sorry, that is against my guidelines.",
)


@structural
def refuses_to_call(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Turns a request down that a tool could serve."""
    turns = _turns(dialogue, "call")
    if not turns:
        return None
    return _instead_of_turn(dialogue, rng.choice(turns), AssistantMessage(rng.choice(REFUSALS)))


@structural
def refuses_after_result(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Turns the request down although the result is there."""
    told = _told(dialogue)
    if not told:
        return None
    index, message, _ = rng.choice(told)
    return _with_message(dialogue, index, replace(message, content=rng.choice(REFUSALS)))


FOREIGN = (
    "好的，已经为您处理完毕，请查收。",
    "Готово, ваш запрос выполнен.",
    "承知しました。手続きが完了しました。",
    "تم تنفيذ طلبك بنجاح.",
    "Listo, ya he hecho lo que me pediste y todo ha salido bien.",
    "Ich habe das für Sie erledigt, es hat alles geklappt.",
)
"""What a model says that slips into another language."""


@structural
def answer_in_another_language(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    told = _texts(dialogue)
    index, message = rng.choice(told)
    return _with_message(dialogue, index, replace(message, content=rng.choice(FOREIGN)))


@structural
def answer_slips_into_another_language(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """The first sentence is in the user's language, the next is not."""
    index, message = rng.choice(_texts(dialogue))
    return _with_message(
        dialogue, index, replace(message, content=f"{message.content} {rng.choice(FOREIGN)}")
    )


@structural
def characters_garbled(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Text in UTF-8 that was read as Latin-1, or characters that could not be decoded."""
    index, message = rng.choice(_texts(dialogue))
    words = message.content.split(" ")
    at = rng.randrange(len(words))
    broken = rng.choice(
        ("caf\u00c3\u00a9", "it\u00e2\u20ac\u2122s", "na\ufffdve", "\u00c2\u00a320", "done\x00")
    )
    text = " ".join((*words[:at], broken, *words[at:]))
    return _with_message(dialogue, index, replace(message, content=text))


@structural
def text_goes_round(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Repeats itself without end."""
    index, message = rng.choice(_texts(dialogue))
    sentence = rng.choice(
        (message.content, "Please let me know if there is anything else that I can do for you today.")
    )
    text = " ".join([message.content, *[sentence] * rng.randint(8, 30)])
    return _with_message(dialogue, index, replace(message, content=text))


@structural
def user_names_the_tool(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """The user speaks like the tool's documentation."""
    names = [made.call.name for made in _calls(dialogue) if re.search(r"[a-z]_[a-z]", made.call.name)]
    if not names:
        return None
    first = next((i for i, m in enumerate(dialogue.messages) if isinstance(m, UserMessage)), 0)
    text = f"Use {rng.choice(names)} for this. {dialogue.messages[first].content}"
    return _with_message(dialogue, first, UserMessage(text))


@structural
def calls_without_end(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Fires off the same tool again and again in one message, with another number each time."""
    for made in _shuffled(_calls(dialogue), rng):
        numbers = [
            name
            for name, value in made.call.arguments.items()
            if isinstance(value, int) and value is not True
        ]
        index = next((i for i, m in _results(dialogue) if m.call_id == made.call.id), None)
        if not numbers or index is None or "maximum" in made.property(numbers[0]):
            continue
        more = [
            replace(
                made.call,
                id=f"{made.call.id}_{n}",
                arguments={**made.call.arguments, numbers[0]: made.call.arguments[numbers[0]] + n},
            )
            for n in range(1, 40)
        ]
        result = dialogue.messages[index]
        assert isinstance(result, ToolMessage)
        results = [replace(result, call_id=call.id) for call in more]
        return _with_call(_with_message(dialogue, index, result, *results), made, made.call, *more)
    return None


# --- grounding: arguments ------------------------------------------------------------------------

_PLACES = re.compile(r"city|location|place|destination|origin|country|town|region|where|address")
_PEOPLE = re.compile(r"(?:^|_)(?:name|user_?name|author|artist|director|person|contact|player|recipient)")
_CODES = re.compile(r"[A-Za-z]+[-_]?\d{2,}|\d{4,}")


@grounding
def another_place(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    return _other_text(
        dialogue, rng, lambda name, value: bool(_PLACES.search(name)), lambda faker: faker.city()
    )


@grounding
def another_name(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    def fits(name: str, value: str) -> bool:
        return bool(_PEOPLE.search(name)) and value[0].isupper()

    return _other_text(dialogue, rng, fits, lambda faker: faker.name())


@grounding
def another_company(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """A name of something else than a person or place: a product, a team, a title."""

    def fits(name: str, value: str) -> bool:
        return value[:1].isupper() and not _PLACES.search(name) and not any(map(str.isdigit, value))

    return _other_text(dialogue, rng, fits, lambda faker: f"{faker.last_name()} {faker.company_suffix()}")


@grounding
def another_id(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """An id of the same form with other digits."""
    everything = _everything(dialogue)
    for made in _shuffled(_calls(dialogue), rng):
        for path, value in _shuffled(_scalars(made), rng):
            if not isinstance(value, str) or not _CODES.fullmatch(value) or _is_closed(made, path):
                continue
            for _ in range(20):
                new = re.sub(r"\d", lambda _: str(rng.randrange(10)), value)
                if new.casefold() not in everything:
                    return _followed(dialogue, made, _put(made.call.arguments, path, new))
    return None


@grounding
def another_mail_address(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    return _other_text(dialogue, rng, lambda _, value: "@" in value, lambda faker: faker.free_email())


_WORDS = (
    "garden copper violet thunder pottery sailing basalt velvet lantern orchard saffron glacier harbour "
    "juniper falcon mosaic quartz tundra walnut zeppelin"
)
WORDS = tuple(_WORDS.split())


@grounding
def another_word(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """A plain word in the place of the user's: another genre, topic, material."""

    def fits(name: str, value: str) -> bool:
        return bool(re.fullmatch(r"[a-z]{4,}", value))

    return _other_text(dialogue, rng, fits, lambda _: rng.choice(WORDS))


@grounding
def digit_changed(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """A number that the user gave, with one digit wrong."""
    everything = _everything(dialogue)
    for made in _shuffled(_calls(dialogue), rng):
        said = _said_by_user(dialogue, made.message)
        for path, value in _shuffled(_scalars(made), rng):
            given = isinstance(value, int | float) and not isinstance(value, bool) and value >= 10
            if not given or str(value) not in said or _is_bounded(made, path):
                continue
            if (new := _new_number(value, everything, rng)) is not None:
                return _followed(dialogue, made, _put(made.call.arguments, path, new))
    return None


def _is_bounded(made: Made, path: Path) -> bool:
    schema = made.property(str(path[0]))
    return any(keyword in schema for keyword in ("minimum", "maximum", "multipleOf", "enum"))


@grounding
def decimal_point_moved(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """A number that the user gave, ten times too large."""
    everything = _everything(dialogue)
    for made in _shuffled(_calls(dialogue), rng):
        for path, value in _shuffled(_scalars(made), rng):
            if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) < 3:
                continue
            new = value * 10 if isinstance(value, int) else round(value * 10, 6)
            if f"{new:g}" not in everything and not _is_bounded(made, path):
                return _followed(dialogue, made, _put(made.call.arguments, path, new))
    return None


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _shifted(dialogue: Dialogue, rng: random.Random, days: Callable[[], int]) -> Dialogue | None:
    """Move a date of a call whose year the user named."""
    everything = _everything(dialogue)
    for made in _shuffled(_calls(dialogue), rng):
        said = _said_by_user(dialogue, made.message)
        for path, value in _shuffled(_scalars(made), rng):
            day = _date(value)
            if day is None or str(day.year) not in said:
                continue
            new = day + timedelta(days=days())
            if new.isoformat() not in everything and f"{new:%d %b}".casefold() not in everything:
                return _followed(dialogue, made, _put(made.call.arguments, path, new.isoformat()))
    return None


@grounding
def date_off_by_a_day(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    return _shifted(dialogue, rng, lambda: rng.choice((-1, 1)))


@grounding
def date_off_by_a_month(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    return _shifted(dialogue, rng, lambda: rng.choice((-31, 31)))


@grounding
def date_in_another_year(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    return _shifted(dialogue, rng, lambda: rng.choice((-365, 366, -730)))


@grounding
def time_off_by_hours(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    everything = _everything(dialogue)
    for made in _shuffled(_calls(dialogue), rng):
        for path, value in _shuffled(_scalars(made), rng):
            match = re.fullmatch(r"(\d{2}):(\d{2})", value) if isinstance(value, str) else None
            if match is None or value not in _said_by_user(dialogue, made.message):
                continue
            hour = (int(match[1]) + rng.choice((-3, -2, 2, 3, 5))) % 24
            new = f"{hour:02}:{match[2]}"
            spoken = "|".join((f"{hour}:{match[2]}", f"{hour % 12}:{match[2]}", f"{hour % 12 or 12} ?[ap]"))
            if new not in everything and not re.search(rf"(?<!\d)(?:{spoken})", everything):
                return _followed(dialogue, made, _put(made.call.arguments, path, new))
    return None


@grounding
def list_item_added(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    everything, faker = _everything(dialogue), _faker(rng)
    for made in _shuffled(_calls(dialogue), rng):
        for name, value in made.call.arguments.items():
            if not isinstance(value, list) or not value or _is_closed(made, (name, 0)):
                continue
            new: Any = None
            if all(isinstance(item, str) for item in value):
                new = _new(faker.city, everything)
            elif all(isinstance(item, int | float) and abs(item) >= 10 for item in value):
                new = _new_number(value[-1], everything, rng)
            if new is not None:
                return _followed(dialogue, made, {**made.call.arguments, name: [*value, new]})
    return None


@grounding
def value_of_another_slot(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Passes one value for two arguments, of which the user gave different ones."""
    for made in _shuffled(_calls(dialogue), rng):
        texts = [
            (name, value)
            for name, value in made.call.arguments.items()
            if isinstance(value, str) and not _is_closed(made, (name,))
        ]
        for (name, value), (_, other) in pairwise(texts):
            if value.casefold() != other.casefold():
                return _followed(dialogue, made, {**made.call.arguments, name: other})
    return None


@grounding
def optional_made_up(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Fills an optional parameter that nobody spoke of."""
    everything, faker = _everything(dialogue), _faker(rng)
    for made in _shuffled(_calls(dialogue), rng):
        free = [
            name
            for name, schema in made.schema.get("properties", {}).items()
            if name not in made.call.arguments
            and isinstance(schema, dict)
            and not set(schema) - {"type", "description", "default", "title"}
        ]
        for name in _shuffled(free, rng):
            new: Any = None
            match made.property(name).get("type"):
                case "string":
                    new = _new(faker.name if _PEOPLE.search(name) else faker.city, everything)
                case "integer":
                    new = _new_number(rng.randint(20, 900), everything, rng)
            if new is not None:
                return _followed(dialogue, made, {**made.call.arguments, name: new})
    return None


@grounding
def option_not_asked_for(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Chooses another option than the one that the user named."""
    for made in _shuffled(_calls(dialogue), rng):
        said = _said_by_user(dialogue, made.message).casefold()
        for name, value in made.call.arguments.items():
            options = made.property(name).get("enum") or ()
            others = [o for o in options if isinstance(o, str) and o != value and o.casefold() not in said]
            if isinstance(value, str) and len(value) > 3 and value.casefold() in said and others:
                return _followed(dialogue, made, {**made.call.arguments, name: rng.choice(others)})
    return None


@grounding
def stand_in_passed(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Passes a stand-in instead of a value."""
    for made in _shuffled(_calls(dialogue), rng):
        names = [
            n for n, v in made.call.arguments.items() if isinstance(v, str) and not _is_closed(made, (n,))
        ]
        if names:
            name = rng.choice(names)
            ways = (f"<{name}>", f"your_{name}_here", "string", "unknown", f"{{{{{name}}}}}", "N/A", "[name]")
            return _followed(dialogue, made, {**made.call.arguments, name: rng.choice(ways)})
    return None


# --- grounding: results --------------------------------------------------------------------------


@grounding
def result_about_something_else(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """A result that echoes an argument echoes another value; the answer follows the result."""
    everything, faker = _everything(dialogue), _faker(rng)
    arguments = {made.call.id: made.call.arguments for made in _calls(dialogue)}
    for index, message in _shuffled(_results(dialogue), rng):
        value, asked = _json(message), arguments.get(message.call_id, {})
        if not isinstance(value, dict):
            continue
        for name, echoed in value.items():
            if name not in asked or asked[name] != echoed or isinstance(echoed, bool):
                continue
            new: Any = None
            if isinstance(echoed, str):
                new = _new(faker.city, everything)
            elif isinstance(echoed, int | float) and abs(echoed) >= 10:
                new = _new_number(echoed, everything, rng)
            if new is not None:
                content = json.dumps({**value, name: new}, ensure_ascii=False)
                changed = _with_message(dialogue, index, replace(message, content=content))
                messages = [
                    replace(m, content=m.content.replace(str(echoed), str(new)))
                    if i > index and isinstance(m, AssistantMessage) and not m.calls
                    else m
                    for i, m in enumerate(changed.messages)
                ]
                return _with(changed, messages)
    return None


# --- grounding: answers --------------------------------------------------------------------------


def _in_answer(
    dialogue: Dialogue, rng: random.Random, change: Callable[[str, list[Any]], str | None]
) -> Dialogue | None:
    """Change an answer; `change` gets its text and the scalars of its results; None: it cannot."""
    for index, message, results in _shuffled(_told(dialogue), rng):
        facts = [value for _, result in results for _, value in leaves(_json(result))]
        if (text := change(message.content, facts)) is not None:
            return _with_message(dialogue, index, replace(message, content=text))
    return None


def _number_in(text: str, facts: list[Any]) -> list[tuple[str, float]]:
    """(as written, value) of the numbers of the results that the text states."""
    numbers = [fact for fact in facts if isinstance(fact, int | float) and not isinstance(fact, bool)]
    return [
        (f"{number}", number)
        for number in numbers
        if abs(number) >= 10 and re.search(rf"(?<![\w.,-]){re.escape(str(number))}(?![\w]|[.,]\d)", text)
    ]


@grounding
def number_misquoted(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    everything = _everything(dialogue)

    def change(text: str, facts: list[Any]) -> str | None:
        for written, number in _shuffled(_number_in(text, facts), rng):
            if (new := _new_number(number, everything, rng)) is not None:
                return re.sub(rf"(?<![\w.,-]){re.escape(written)}(?![\w]|[.,]\d)", str(new), text)
        return None

    return _in_answer(dialogue, rng, change)


@grounding
def number_rounded_wrongly(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """States about a tenth more than the result says."""
    everything = _everything(dialogue)

    def change(text: str, facts: list[Any]) -> str | None:
        for written, number in _shuffled(_number_in(text, facts), rng):
            new = f"{number * 1.1:.1f}" if isinstance(number, float) else f"{round(number * 1.1 + 1)}"
            if new not in everything:
                return re.sub(rf"(?<![\w.,-]){re.escape(written)}(?![\w]|[.,]\d)", f"about {new}", text)
        return None

    return _in_answer(dialogue, rng, change)


def _names_in(text: str, facts: list[Any]) -> list[str]:
    """The names of the results that the text repeats: capitalised, of one to four words."""
    return [
        fact
        for fact in facts
        if isinstance(fact, str)
        and re.fullmatch(r"[A-Z][A-Za-z]{2,}(?: [A-Z][A-Za-z]+){0,3}", fact)
        and re.search(rf"(?<!^)\b{re.escape(fact)}\b", text)
    ]


@grounding
def name_misquoted(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Names someone or something else than the result does."""
    everything, faker = _everything(dialogue), _faker(rng)

    def change(text: str, facts: list[Any]) -> str | None:
        names = _names_in(text, facts)
        new = _new(faker.name, everything)
        if not names or new is None:
            return None
        return re.sub(rf"(?<!^)\b{re.escape(rng.choice(names))}\b", new, text)

    return _in_answer(dialogue, rng, change)


@grounding
def place_misquoted(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Answers about another place or thing than the call's."""
    everything, faker = _everything(dialogue), _faker(rng)
    for index, message, _ in _shuffled(_told(dialogue), rng):
        start = _turn_start(dialogue, index)
        values = [
            value for made in _calls(dialogue) if start < made.message < index for _, value in _scalars(made)
        ]
        names = _names_in(message.content, values)
        new = _new(faker.city, everything)
        if names and new is not None:
            text = re.sub(rf"(?<!^)\b{re.escape(rng.choice(names))}\b", new, message.content)
            return _with_message(dialogue, index, replace(message, content=text))
    return None


@grounding
def id_misquoted(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    everything = _everything(dialogue)

    def change(text: str, facts: list[Any]) -> str | None:
        codes = [f for f in facts if isinstance(f, str) and _CODES.fullmatch(f) and f in text]
        for code in codes:
            new = re.sub(r"\d", lambda _: str(rng.randrange(10)), code)
            if new.casefold() not in everything:
                return text.replace(code, new)
        return None

    return _in_answer(dialogue, rng, change)


@grounding
def date_misquoted(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    everything = _everything(dialogue)

    def change(text: str, facts: list[Any]) -> str | None:
        for fact in facts:
            if isinstance(fact, str) and (day := _date(fact)) and fact in text:
                new = (day + timedelta(days=rng.choice((-1, 1, 7, 30)))).isoformat()
                if new not in everything:
                    return text.replace(fact, new)
        return None

    return _in_answer(dialogue, rng, change)


@grounding
def id_made_up(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Adds a reference that no tool gave."""
    number = rng.randrange(10_000, 99_999)
    if str(number) in _everything(dialogue):
        return None
    what = rng.choice(("confirmation number is", "reference is REF-", "ticket is #", "order id is ORD-"))
    return _in_answer(
        dialogue, rng, lambda text, _: f"{text} Your {what}{' ' if what.endswith('is') else ''}{number}."
    )


@grounding
def fact_made_up(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Adds a fact with a number that nobody gave."""
    number = rng.randrange(23, 997)
    if str(number) in _everything(dialogue):
        return None
    fact = rng.choice(
        (
            f"It has {number} reviews so far.",
            f"This usually takes {number} minutes.",
            f"The fee for that is ${number}.",
            f"About {number} people have done the same this week.",
        )
    )
    return _in_answer(dialogue, rng, lambda text, _: f"{text} {fact}")


@grounding
def small_fact_made_up(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Adds a fact with a small number that nobody gave."""
    number = rng.randint(4, 9)
    if re.search(rf"(?<![\d.]){number}(?![\d.])", _everything(dialogue)):
        return None
    fact = rng.choice(
        (
            f"It will be ready in {number} days.",
            f"There are {number} places left.",
            f"You have used {number} of your requests.",
        )
    )
    return _in_answer(dialogue, rng, lambda text, _: f"{text} {fact}")


@grounding
def name_made_up(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Adds a person or a place that nobody spoke of."""
    everything, faker = _everything(dialogue), _faker(rng)
    person, place = _new(faker.name, everything), _new(faker.city, everything)
    if person is None or place is None:
        return None
    fact = rng.choice(
        (
            f"If you have questions, please ask {person}.",
            f"It was handled by our office in {place}.",
            f"It was prepared by {person}.",
        )
    )
    return _in_answer(dialogue, rng, lambda text, _: f"{text} {fact}")


@grounding
def miscounted(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Says that the one list of the results is longer than it is."""
    for index, message, results in _shuffled(_told(dialogue), rng):
        values = [_json(result) for _, result in results]
        lists = [
            v for value in values if isinstance(value, dict) for v in value.values() if isinstance(v, list)
        ]
        if len(lists) != 1 or not lists[0]:
            continue
        wrong = len(lists[0]) + rng.choice((2, 3))
        if not re.search(rf"(?<![\d.]){wrong}(?![\d.])", _everything(dialogue)):
            text = f"I found {wrong} results. {message.content}"
            return _with_message(dialogue, index, replace(message, content=text))
    return None


@grounding
def unit_swapped(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """States a figure of the results in another unit than theirs."""
    everything = _everything(dialogue)
    units = (
        *(("celsius", "fahrenheit"), ("fahrenheit", "celsius"), ("°C", "°F"), ("kilometers", "miles")),
        *(("km", "miles"), ("meters", "feet"), ("kg", "pounds"), ("USD", "EUR"), ("EUR", "GBP")),
        *(("dollars", "euros"), ("$", "€"), ("hours", "minutes"), ("minutes", "hours"), ("days", "weeks")),
    )

    def change(text: str, facts: list[Any]) -> str | None:
        for old, new in units:
            pattern = rf"(?<![A-Za-z]){re.escape(old)}(?![A-Za-z])"
            if new.casefold() not in everything and re.search(rf"\d\s?{pattern}|{pattern}\s?\d", text):
                return re.sub(pattern, new, text)
        return None

    return _in_answer(dialogue, rng, change)


STATUS = {
    "completed": "failed",
    "confirmed": "cancelled",
    "active": "inactive",
    "open": "closed",
    "closed": "open",
    "approved": "rejected",
    "delivered": "pending",
    "available": "unavailable",
    "shipped": "cancelled",
    "sent": "failed",
    "success": "failed",
    "pending": "delivered",
}


@grounding
def status_contradicted(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Tells the opposite of the status in the result."""
    everything = _everything(dialogue)

    def change(text: str, facts: list[Any]) -> str | None:
        for fact in facts:
            new = STATUS.get(fact) if isinstance(fact, str) else None
            if new and re.search(rf"\b{fact}\b", text) and not re.search(rf"\b{new}\b", everything):
                return re.sub(rf"\b{fact}\b", new, text)
        return None

    return _in_answer(dialogue, rng, change)


@grounding
def success_told_of_a_failed_status(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """The result's status turns bad, and the answer stays as it was."""
    everything = _everything(dialogue)
    for _, message, results in _shuffled(_told(dialogue), rng):
        for index, result in results:
            value = _json(result)
            fact = value.get("status") if isinstance(value, dict) else None
            new = STATUS.get(fact) if isinstance(fact, str) else None
            if new and re.search(rf"\b{fact}\b", message.content) and new not in everything:
                content = json.dumps({**value, "status": new})
                return _with_message(dialogue, index, replace(result, content=content))
    return None


@grounding
def yes_told_as_no(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """A flag of the result is turned round, and the answer stays as it was."""
    for _, message, results in _shuffled(_told(dialogue), rng):
        for index, result in results:
            value = _json(result)
            for name, flag in value.items() if isinstance(value, dict) else ():
                words = name.replace("_", " ")
                if isinstance(flag, bool) and re.search(
                    rf"\b{re.escape(words)}\b", message.content.casefold()
                ):
                    content = json.dumps({**value, name: not flag})
                    return _with_message(dialogue, index, replace(result, content=content))
    return None


@grounding
def error_told_as_success(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """The tool fails, and the answer speaks as if it had not."""
    told = _told(dialogue)
    if not told:
        return None
    index, message, results = rng.choice(told)
    place, result = results[-1]
    error = rng.choice(("Service unavailable", "Permission denied", "Request timed out"))
    failed = _with_message(dialogue, place, replace(result, content=json.dumps({"error": error})))
    text = rng.choice(
        (
            "All done, everything went through.",
            "That worked, you are all set.",
            message.content.split(". ")[0] + ".",
        )
    )
    return _with_message(failed, index, replace(message, content=text.replace("..", ".")))


@grounding
def error_explained_away(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """The tool fails, and the answer makes a result up."""
    told = _told(dialogue)
    if not told:
        return None
    index, message, results = rng.choice(told)
    place, result = results[-1]
    failed = _with_message(dialogue, place, replace(result, content='{"error":"Internal server error"}'))
    return _with_message(
        failed, index, replace(message, content=f"The result is {rng.randrange(1000, 9999)}, as you asked.")
    )


@grounding
def failure_told_of_success(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Every call succeeded, and the answer reports an error."""
    text = rng.choice(
        (
            "I'm sorry, there was an error and I could not complete your request.",
            "Unfortunately, the service is not available right now. Please try again later.",
            "I apologize, but something went wrong while I was working on it.",
        )
    )
    return _in_answer(dialogue, rng, lambda *_: text)


@grounding
def undone_part_claimed(dialogue: Dialogue, rng: random.Random) -> Dialogue | None:
    """Says of the part that no tool can do that it is done."""
    kinds = [turn.kind for turn in dialogue.turns]
    starts = [i for i, message in enumerate(dialogue.messages) if isinstance(message, UserMessage)]
    if TurnKind.PARTIAL not in kinds or len(starts) != len(kinds):
        return None
    turn = kinds.index(TurnKind.PARTIAL)
    end = [*starts[1:], len(dialogue.messages)][turn]
    answer = dialogue.messages[end - 1]
    first = re.split(r"(?<=[.!?]) ", answer.content)[0]
    claim = rng.choice(("The rest is taken care of as well.", "I have not forgotten the rest: done."))
    return _with_message(dialogue, end - 1, AssistantMessage(f"{first} {claim}"))
