"""Do the calls name a tool that is there, with arguments that it takes?"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from consumers.rule_checker.bounds import MAX_DEPTH
from consumers.rule_checker.rules.registry import Problem, rule
from consumers.rule_checker.tool import UNCHECKED, Path, Violation, shorten, spell
from consumers.rule_checker.view import PlacedCall, View


def _checked(view: View, keywords: Iterable[str]) -> Iterator[tuple[PlacedCall, Violation]]:
    """The violations of these schema keywords, with their calls."""
    wanted = frozenset(keywords)
    for placed in view.calls:
        for violation in placed.violations:
            if violation.keyword in wanted:
                yield placed, violation


def _problem(placed: PlacedCall, path: Path, text: str, hint: str = "") -> Problem:
    return Problem(f"{placed.call.name}: {spell(path)} {text}", placed.message, hint)


def _closest(name: str, names: Iterable[str]) -> str:
    close = get_close_matches(name, list(names), n=1)
    return f"Did you mean {close[0]!r}?" if close else ""


def _calls_unknown_tool(view: View) -> bool:
    return any(placed.tool is None for placed in view.calls)


def _violates(view: View) -> bool:
    return view.has_violations


@rule(
    "call", "error", "Call only tools that are on the table; if none fits, say so.", when=_calls_unknown_tool
)
def unknown_tool(view: View) -> Iterator[Problem]:
    """Every call names a tool on the table."""
    for placed in view.calls:
        if placed.tool is None:
            name = placed.call.name
            yield Problem(
                f"{name!r} is called, but no such tool is on the table",
                placed.message,
                _closest(name, view.by_name),
            )


@rule(
    "call",
    "error",
    "Take the value from the conversation; if it was not given, ask for it instead of calling.",
    when=_violates,
)
def missing_argument(view: View) -> Iterator[Problem]:
    """Every required argument is there, at any depth."""
    for placed, violation in _checked(view, ("required",)):
        yield _problem(placed, violation.path, "is required and missing")


def _passes_unknown(view: View) -> bool:
    return view.has_violations or not all(_names_all(placed) for placed in view.calls)


def _names_all(placed: PlacedCall) -> bool:
    """Every argument is a property, and no object among the values could name another."""
    tool, arguments = placed.tool, placed.call.arguments
    if tool is None:
        return True
    if not arguments.keys() <= tool.properties.keys():
        return False
    return placed.is_flat or all(_is_plain(value) for value in arguments.values())


def _is_plain(value: Any) -> bool:
    """A scalar, or a list of scalars."""
    if isinstance(value, list | tuple):
        return not any(isinstance(child, dict | list | tuple) for child in value)
    return not isinstance(value, dict)


@rule("call", "error", "Pass only arguments that the schema names.", when=_passes_unknown)
def unknown_argument(view: View) -> Iterator[Problem]:
    """No argument that the schema does not name, at any depth; objects without properties are free."""
    for placed in view.calls:
        if placed.tool is None or placed.is_too_deep:
            continue
        found = dict.fromkeys(placed.tool.unknown(placed.call.arguments))
        for violation in placed.violations:
            if violation.keyword in ("additionalProperties", "unevaluatedProperties"):
                found |= dict.fromkeys((*violation.path, name) for name in violation.expected)
        for path in found:
            hint = _closest(str(path[-1]), placed.tool.spec.properties)
            yield _problem(placed, path, "is not a parameter of the tool", hint)


def _type_hint(value: Any, types: tuple[str, ...]) -> str:
    """How to write the value in the type that is wanted, where that is plain."""
    if value is None:
        return "Leave an optional argument out instead of passing null."
    if isinstance(value, str):
        try:
            parsed = json.loads(value.strip() if "boolean" not in types else value.strip().lower())
        except (ValueError, RecursionError):
            parsed = None
        for wanted, kinds, kind in (
            (("number", "integer"), (int, float), "number"),
            (("boolean",), (bool,), "boolean"),
            (("array",), (list,), "list"),
            (("object",), (dict,), "object"),
        ):
            fits = isinstance(parsed, kinds) and (kind != "number" or not isinstance(parsed, bool))
            if fits and any(name in types for name in wanted):
                return f"Write the {kind} without quotes: {shorten(parsed)}."
    if "array" in types and not isinstance(value, list | dict):
        return f"Pass a list, also for a single value: [{shorten(value)}]."
    if "string" in types and isinstance(value, int | float) and not isinstance(value, bool):
        return f'Write it as text: "{value}".'
    if "integer" in types and isinstance(value, float):
        return "Pass a whole number."
    return ""


@rule("call", "error", "Pass the value in the type that the schema declares.", when=_violates)
def mistyped_argument(view: View) -> Iterator[Problem]:
    """Every argument has its declared type, at any depth."""
    for placed, violation in _checked(view, ("type",)):
        hint = _type_hint(violation.value, tuple(violation.expected))
        yield _problem(placed, violation.path, f"has the wrong type: {violation.text}", hint)


@rule("call", "error", "Pass one of the options, exactly as the schema writes it.", when=_violates)
def not_an_option(view: View) -> Iterator[Problem]:
    """A value of a closed list (enum, const) is one of its options, letter for letter."""
    for placed, violation in _checked(view, ("enum", "const")):
        options = violation.expected if violation.keyword == "enum" else [violation.expected]
        value = violation.value
        hint = ""
        if isinstance(value, str):
            texts = {option.casefold(): option for option in options if isinstance(option, str)}
            close = get_close_matches(value.casefold(), list(texts), n=1)
            hint = f"Did you mean {shorten(texts[close[0]])}?" if close else ""
        text = f"is {shorten(value)}, which is not one of {shorten(options, 200)}"
        yield _problem(placed, violation.path, text, hint)


_LIMITS = (
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "minItems", "maxItems", "uniqueItems"),
    *("minProperties", "maxProperties", "contains", "maxContains", "minContains"),
)


@rule(
    "call",
    "error",
    "Keep within the limits the schema states; if the user's value does not, ask for another.",
    when=_violates,
)
def out_of_bounds(view: View) -> Iterator[Problem]:
    """Numbers, lengths and counts keep the schema's limits."""
    for placed, violation in _checked(view, _LIMITS):
        yield _problem(placed, violation.path, f"is out of bounds: {violation.text}")


@rule("call", "error", "Write the value in the form that the schema asks for.", when=_violates)
def malformed_value(view: View) -> Iterator[Problem]:
    """Texts match their `pattern` and `format` (a date-time may do without its offset)."""
    for placed, violation in _checked(view, ("pattern", "format", "contentEncoding", "contentMediaType")):
        yield _problem(placed, violation.path, f"is malformed: {violation.text}")


_OWN_RULE = frozenset(
    (
        *_LIMITS,
        *("required", "type", "enum", "const", "pattern", "format", "contentEncoding", "contentMediaType"),
        *("additionalProperties", "unevaluatedProperties", UNCHECKED),
    )
)


@rule(
    "call",
    "error",
    "Combine the arguments as the schema allows (anyOf, oneOf, not, dependencies).",
    when=_violates,
)
def schema_violation(view: View) -> Iterator[Problem]:
    """Whatever else the schema demands holds too, such as one of several forms."""
    for placed in view.calls:
        for violation in placed.violations:
            if violation.keyword not in _OWN_RULE:
                yield _problem(placed, violation.path, f"breaks {violation.keyword}: {violation.text}")


@rule("call", "warning", "Simplify the tool's pattern, or check the value by hand.", when=_violates)
def unchecked_pattern(view: View) -> Iterator[Problem]:
    """A pattern that takes too long to match is given up, and the value stands unchecked."""
    for placed, violation in _checked(view, (UNCHECKED,)):
        yield _problem(placed, violation.path, f"could not be checked: {violation.text}")


def _nests_too_deep(view: View) -> bool:
    return any(placed.is_too_deep for placed in view.calls)


@rule("call", "error", f"Nest arguments at most {MAX_DEPTH} levels deep.", when=_nests_too_deep)
def nested_too_deep(view: View) -> Iterator[Problem]:
    """Arguments of a depth that no tool means; they are not checked further."""
    for placed in view.calls:
        if placed.is_too_deep:
            yield Problem(
                f"{placed.call.name}: arguments nest deeper than {placed.max_depth} levels", placed.message
            )


def _calls_a_tool_again(view: View) -> bool:
    return len({placed.call.name for placed in view.calls}) < len(view.calls)


_CHANCE = re.compile(r"(?:^|[_.])(?:random|dice|roll|flip|toss|shuffle|draw)", re.IGNORECASE)


@rule("call", "error", "Make the call once.", when=_calls_a_tool_again)
def duplicate_call(view: View) -> Iterator[Problem]:
    """A message does not make the very same call twice, unless it leaves something to chance."""
    by_message: dict[int, Counter[tuple[str, bytes]]] = {}
    for placed in view.calls:
        by_message.setdefault(placed.message, Counter())[placed.key] += 1
    for message, counts in by_message.items():
        for (name, arguments), count in counts.items():
            if count > 1 and not _CHANCE.search(name):
                yield Problem(f"{name}({arguments.decode()[:80]}) is called {count} times at once", message)


@rule("call", "warning", "Use the result that is already there.", when=_calls_a_tool_again)
def repeated_call(view: View) -> Iterator[Problem]:
    """A call that already succeeded is not made again within the same turn."""
    failed = {result.message.call_id for result in view.results if result.is_error}
    starts = [span.first for span in view.spans]
    seen: dict[tuple[int, tuple[str, bytes]], int] = {}
    for placed in view.calls:
        turn = sum(start <= placed.message for start in starts)
        earlier = seen.get((turn, placed.key))
        if earlier is not None and earlier != placed.message:
            yield Problem(f"{placed.call.name} is called again with the same arguments", placed.message)
        if placed.call.id not in failed:
            seen.setdefault((turn, placed.key), placed.message)


def _lacks_an_id(view: View) -> bool:
    ids = {placed.call.id for placed in view.calls}
    return len(ids) < len(view.calls) or "" in ids


@rule("call", "error", "Give every call of the dialogue an id of its own.", when=_lacks_an_id)
def call_id_is_unique(view: View) -> Iterator[Problem]:
    """A result finds its call by the id, so ids are there and differ."""
    seen: set[str] = set()
    for placed in view.calls:
        if not placed.call.id:
            yield Problem(f"the call of {placed.call.name!r} has no id", placed.message)
        elif placed.call.id in seen:
            yield Problem(f"the call id {placed.call.id!r} is used again", placed.message)
        seen.add(placed.call.id)


def _passes_nothing(view: View) -> bool:
    return not all(text.strip() for text in view.argument_texts)


@rule(
    "call",
    "warning",
    "Leave an optional argument out, or ask for a required one, instead of passing nothing.",
    when=_passes_nothing,
)
def empty_argument(view: View) -> Iterator[Problem]:
    """A required text is not passed empty just to satisfy the schema."""
    for placed in view.calls:
        required = placed.tool.spec.required if placed.tool is not None else ()
        for name in required:
            if not isinstance(name, str):  # the schema is broken, which other rules tell
                continue
            value = placed.call.arguments.get(name)
            options = placed.tool.spec.properties.get(name) if placed.tool is not None else None
            allowed = isinstance(options, dict) and "" in (options.get("enum") or [options.get("default")])
            if isinstance(value, str) and not value.strip() and not allowed:
                yield _problem(placed, (name,), "is required and empty")
