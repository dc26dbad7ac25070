"""Are the values of a call the ones that were meant, in the type that graders expect?"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from consumers.rule_checker.aliases import ALIASES
from consumers.rule_checker.dates import Day, dates, is_date
from consumers.rule_checker.rules.registry import Problem, rule
from consumers.rule_checker.text import STOPWORDS, Text, normal, stands_in, stem
from consumers.rule_checker.tool import Path, Tool, shorten, spell
from consumers.rule_checker.view import PlacedCall, View
from schemas.dialogue import UserMessage


def _schema_at(placed: PlacedCall, path: Path) -> Any:
    """The plain subschema of a place; None where it is not spelled out."""
    schema: Any = placed.tool.spec.parameters if placed.tool is not None else None
    for part in path:
        if not isinstance(schema, dict):
            return None
        children = schema.get("items") if isinstance(part, int) else schema.get("properties")
        schema = children if isinstance(part, int) else (children or {}).get(part)
    return schema


@rule("call", "error", "Write a whole number without its point: 3, not 3.0.")
def whole_number_as_float(view: View) -> Iterator[Problem]:
    """A parameter of type integer does not get 3.0.

    JSON Schema lets it pass, but graders that compare types, BFCL's among them, do not; none of the gold
    calls of BFCL, ACEBench and API-Bank writes an integer so.
    """
    for placed in view.calls:
        for path, value in placed.leaves:
            if not isinstance(value, float) or not value.is_integer():
                continue
            schema = _schema_at(placed, path)
            if isinstance(schema, dict) and schema.get("type") == "integer":
                text = f"{placed.call.name}: {spell(path)} is {value}, where an integer is wanted"
                yield Problem(text, placed.message, f"Write {int(value)}.")


def _said_by_users(view: View, before: int) -> str:
    return "\n".join([m.content for m in view.messages[:before] if isinstance(m, UserMessage)])


def _times_said(option: str, words: str) -> int:
    spelled = normal(option)
    if len(spelled) < 4 or re.search(rf" not (?:too |very |so |that )?{re.escape(spelled)} ", words):
        return 0
    return words.count(f" {spelled} ")


def _is_meant(option: str, parameter: str, said: Text) -> bool:
    """Some word of an option was said in some form; options of common words alone may mean anything.

    Words of the parameter's own name do not count: "the detail level is basic" does not mean `detailed`.
    """
    named = {stem(word) for word in normal(parameter).split()}
    content = [word for word in normal(option).split() if word not in STOPWORDS and stem(word) not in named]
    if not normal(option).strip("0123456789 ") or len(normal(option)) < 3:
        return True
    aliases = {word for phrase in (normal(option), *content) for word in ALIASES.get(phrase, ())}
    return (
        any(word in said.tokens or stem(word) in said.stems or word[:4] in said.words for word in content)
        or any(f" {alias} " in said.words for alias in aliases)
        or any(char.isdigit() for char in option)
    )


_OPEN_OPTIONS_WORDS = "all any both none other others auto default dontcare mixed general standard"
_OPEN_OPTIONS = frozenset(_OPEN_OPTIONS_WORDS.split())


def _options(tool: Tool) -> dict[str, tuple[Any, ...]]:
    """Parameter -> its options, of those that have some."""
    return {
        name: tuple(options)
        for name, schema in tool.properties.items()
        if isinstance(schema, dict) and isinstance(options := schema.get("enum"), list | tuple)
    }


def _chooses(view: View) -> bool:
    return any(placed.tool is not None and bool(placed.tool.once(_options)) for placed in view.calls)


@rule("grounding", "error", "Choose the option that the user named.", when=_chooses)
def option_not_asked_for(view: View) -> Iterator[Problem]:
    """Of a list of options, the one that the user named is chosen, not one of which no word was said.

    Silent where two options were named, where the option named is another argument's value, where the default
    is chosen, and where the option chosen says "any" or the like.
    """
    for placed in view.calls:
        if placed.tool is None or placed.is_too_deep:
            continue
        held: str | None = None
        options_of = placed.tool.once(_options)
        for name, value in placed.call.arguments.items() if options_of else ():
            options = options_of.get(name, ())
            if not isinstance(value, str) or value not in options:
                continue
            if value == placed.tool.spec.properties[name].get("default") or normal(value) in _OPEN_OPTIONS:
                continue
            said = Text(_said_by_users(view, placed.message))
            if (
                stands_in(value, said.raw)
                or said.contains(normal(value))
                or _is_meant(value, name, said)
                or _is_meant(value, name, Text(view.said_before(placed.message)))
            ):
                continue
            if held is None:
                # What the user's words name belongs to the arguments that hold it.
                held = " ".join(f" {normal(str(v))} " for other in view.calls for _, v in other.leaves)
            named = [
                option
                for option in options
                if isinstance(option, str) and _times_said(option, said.words) > _times_said(option, held)
            ]
            if len(named) == 1:
                text = f"{placed.call.name}: {name} is {value!r}, the user speaks of {named[0]!r}"
                yield Problem(text, placed.message)


_TODAY = re.compile(r"\b(?:today|now|current|currently)\b", re.IGNORECASE)


def _days_named(text: str) -> set[Day]:
    """The full dates of a text, apart from those that only say what day it is."""
    return {
        day
        for sentence in re.split(r"(?<=[.!?])\s|\n", text)
        if not _TODAY.search(sentence)
        for days in dates(sentence).values()
        for day in days
        if day.year and day.day
    }


def _days_held(view: View) -> set[Day]:
    """The days that some argument names."""
    return {day for text in view.argument_texts for days in dates(text).values() for day in days}


def _passes_dates(view: View) -> bool:
    return any(map(is_date, view.argument_texts))


@rule("grounding", "error", "Pass the date that was named.", when=_passes_dates)
def date_not_asked_for(view: View) -> Iterator[Problem]:
    """No date is passed that nobody named while one that users named is used nowhere.

    Words such as "tomorrow" leave open which dates are meant (see `ungrounded_argument`); a date that was
    named in full and does not come up in any call speaks against them.
    """
    for placed in view.calls:
        for path, value in placed.leaves:
            if not isinstance(value, str) or not is_date(value):
                continue
            passed = {day for days in dates(value).values() for day in days if day.year and day.day}
            calendar = view.sources(placed).said.calendar
            if not passed or any(day in calendar.days or calendar.follows(day) for day in passed):
                continue
            if any(Day(0, day.month, day.day) in calendar.days for day in passed):
                continue
            if unused := _days_named(_said_by_users(view, placed.message)) - view.once(_days_held):
                text = f"{placed.call.name}: {spell(path)} is {shorten(value)}; nobody named it, but"
                yield Problem(f"{text} {date(*min(unused)).isoformat()}", placed.message)


_MARKED = re.compile(
    r"[\"“']([^\"“”'\n]{2,60})[\"”']|(?<=[a-z,] )([A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*)|(?<!\S)(\S*\d\S*)"
)
"""What in a request looks like a value: quoted, with a capital within the sentence, with digits."""


def _unused_values(request: str, held: str) -> list[str]:
    """The texts of a request that look like values and that no argument holds. Mere numbers are no texts."""
    found = (next(filter(None, groups)).strip(".,;:!?\"'") for groups in _MARKED.findall(request))
    return [
        value
        for value in found
        if any(map(str.isalpha, value)) and len(words := normal(value)) > 2 and words not in held
    ]


def _same_values(placed: PlacedCall) -> Iterator[tuple[str, str, str]]:
    """(name, other name, text) of the free texts that two arguments share."""
    seen: dict[str, str] = {}
    for name, value in placed.call.arguments.items():
        if not isinstance(value, str) or len(value) < 3:
            continue
        schema = placed.tool.spec.properties.get(name) if placed.tool is not None else None
        if not isinstance(schema, dict) or schema.get("enum"):
            continue
        if value in seen:
            yield seen[value], name, value
        seen[value] = name


def _shares_values(view: View) -> bool:
    if len(set(view.argument_texts)) == len(view.argument_texts):
        return False
    return any(
        len(texts) > len(set(texts))
        for placed in view.calls
        if len(texts := [v for v in placed.call.arguments.values() if isinstance(v, str)]) > 1
    )


@rule(
    "grounding",
    "error",
    "Give each argument its own value: one of those given was not used.",
    when=_shares_values,
)
def value_of_another_argument(view: View) -> Iterator[Problem]:
    """Two arguments do not share a text that the user said once, while another value stays unused.

    A value is what the user put in quotes, wrote with a capital or with digits. Without one left over, the
    user may well have meant both.
    """
    held = normal(" ; ".join(str(value) for placed in view.calls for _, value in placed.leaves))
    for placed in view.calls:
        for one, other, value in _same_values(placed):
            request = _said_by_users(view, placed.message)
            if request.casefold().count(value.casefold()) != 1 or is_date(value):
                continue
            if unused := _unused_values(request, held):
                text = f"{placed.call.name}: {one} and {other} are both {shorten(value)}"
                yield Problem(f"{text}; {shorten(unused[0])} is not used", placed.message)
