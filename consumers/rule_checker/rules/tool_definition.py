"""Are the tools on the table complete and usable?"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from consumers.rule_checker.rules.registry import Problem, rule, tool_rule
from consumers.rule_checker.tool import Tool, schema_nodes, shorten, spell
from consumers.rule_checker.view import View


@tool_rule("error", "Write `parameters` as a JSON Schema object: type `object` with `properties`.")
def parameters_are_an_object(tool: Tool) -> Iterator[str]:
    """The arguments of a call are an object, so the schema of the parameters must describe one."""
    kind = tool.spec.parameters.get("type")
    if kind != "object":
        yield f"has parameters of type {shorten(kind)} where 'object' is needed"
    elif not isinstance(tool.spec.parameters.get("properties", {}), dict):
        yield "has `properties` that are no object"


@tool_rule(
    "error", "Use JSON Schema 2020-12 keywords and types: object, array, string, number, integer, boolean."
)
def schema_is_valid(tool: Tool) -> Iterator[str]:
    """`parameters` and `returns` are valid against the JSON Schema 2020-12 metaschema."""
    for fault in tool.schema_faults[:3]:
        yield f"has an invalid schema at {fault}"


@tool_rule(
    "error",
    "Make the schema smaller, and let a $ref that comes back to itself go through a property or an item.",
)
def schema_is_bounded(tool: Tool) -> Iterator[str]:
    """Checking against the schema takes a bounded time: no endless $ref, no alternatives without number."""
    if tool.excess:
        yield f"has a schema that {tool.excess}"


@tool_rule(
    "error", "Keep every $ref within the schema (`#/$defs/...`) and every pattern a valid regular expression."
)
def schema_compiles(tool: Tool) -> Iterator[str]:
    """Arguments can be checked against the schema: references resolve within it, patterns compile."""
    if tool.fault and not tool.schema_faults:
        yield f"has a schema that cannot be used: {tool.fault}"


@tool_rule("error", "Say in a sentence what the tool does.")
def tool_is_described(tool: Tool) -> Iterator[str]:
    """A model picks a tool by its description, so there is one."""
    if not tool.spec.description.strip():
        yield "has no description"


_IDLE = re.compile(
    r"\b(?:a placeholder function|serves as a placeholder|performs no operations?|"
    r"does not perform any operations?|does nothing)\b",
    re.IGNORECASE,
)


@tool_rule("error", "Leave the tool out, or say what it does.")
def tool_does_something(tool: Tool) -> Iterator[str]:
    """Nobody has a need for a tool that, by its own words, does nothing."""
    if found := _IDLE.search(tool.spec.description):
        yield f"says itself that it does nothing: {found[0]!r}"


@tool_rule("warning", "Say what the parameter means and in which format or unit it is given.")
def parameters_are_described(tool: Tool) -> Iterator[str]:
    """Each top-level parameter has a description, or says itself what it takes (enum, const, $ref)."""
    told = ("description", "title", "enum", "const", "$ref", "format")
    missing = [
        name
        for name, schema in tool.spec.properties.items()
        if isinstance(schema, dict) and not any(schema.get(keyword) for keyword in told)
    ]
    if missing:
        yield f"does not describe {', '.join(missing)}"


@tool_rule("error", "Declare the parameter under `properties`, or take it out of `required`.")
def required_is_declared(tool: Tool) -> Iterator[str]:
    """Every required name is declared: one that is not can be filled only by guessing."""
    for path, schema in schema_nodes(tool.spec.parameters):
        properties, required = schema.get("properties"), schema.get("required")
        # Without properties of its own, a branch of a combinator talks about its parent's.
        if not isinstance(properties, dict) or not isinstance(required, list | tuple):
            continue
        if any(keyword in schema for keyword in ("allOf", "anyOf", "oneOf", "$ref", "patternProperties")):
            continue
        for name in required:
            if name not in properties:
                yield f"requires {name!r} at {spell(path)}, which is not among its properties"


_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
    "null": (type(None),),
}


def _is_of(value: Any, types: Any) -> bool:
    """Whether a value has one of the declared JSON types. An unknown type rules nothing out."""
    names = [types] if isinstance(types, str) else types
    if not isinstance(names, list | tuple) or not all(name in _JSON_TYPES for name in names):
        return True
    for name in names:
        if isinstance(value, bool) and name != "boolean":
            continue
        if name == "integer" and isinstance(value, float) and not value.is_integer():
            continue
        if isinstance(value, _JSON_TYPES[name]):
            return True
    return False


@tool_rule("error", "Write each option in the parameter's own type.")
def enum_fits_type(tool: Tool) -> Iterator[str]:
    """Enum options have the declared type (otherwise no value satisfies both), and there is at least one."""
    for path, schema in schema_nodes(tool.spec.parameters):
        options = schema.get("enum")
        if not isinstance(options, list | tuple):
            continue
        if not options:
            yield f"has an enum without options at {spell(path)}"
        # null among the options is a common way to say "may be left out"; the others still work.
        wrong = [o for o in options if o is not None and not _is_of(o, schema.get("type"))]
        if wrong:
            yield f"has options that are no {schema['type']} at {spell(path)}: {shorten(wrong)}"


@tool_rule("warning", "Give a default that the parameter's own schema allows.")
def default_fits_schema(tool: Tool) -> Iterator[str]:
    """A default is a value one could pass. A null default means "none" and is let pass."""
    for path, schema in schema_nodes(tool.spec.parameters):
        default = schema.get("default")
        if default is None:
            continue
        options = schema.get("enum")
        if not _is_of(default, schema.get("type")):
            yield f"has the default {shorten(default)} at {spell(path)}, which is no {schema['type']}"
        elif isinstance(options, list | tuple) and options and default not in options:
            yield f"has the default {shorten(default)} at {spell(path)}, which is not among its options"


_BOUNDS = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
)


@tool_rule("error", "Make the lower bound at most the upper one.")
def bounds_leave_room(tool: Tool) -> Iterator[str]:
    """A lower bound above the upper one leaves no value to pass."""
    for path, schema in schema_nodes(tool.spec.parameters):
        for low, high in _BOUNDS:
            least, most = schema.get(low), schema.get(high)
            if isinstance(least, int | float) and isinstance(most, int | float) and least > most:
                yield f"has {low} {least} above {high} {most} at {spell(path)}"


@tool_rule("error", "Name the tool with letters, digits, `_`, `-` or `.`, at most 128 of them.")
def name_is_callable(tool: Tool) -> Iterator[str]:
    """A name without spaces, quotes or brackets: it must survive every call syntax."""
    name = tool.name
    if not name or len(name) > 128:
        yield f"has a name of {len(name)} characters"
    elif any(char.isspace() or char in "\"'`()[]{}<>=," for char in name) or not name.isprintable():
        yield "has characters in its name that call syntax does not survive"


def _names_repeat(view: View) -> bool:
    return len(view.by_name) < len(view.tools)


@rule(
    "tool_definition",
    "error",
    "Put each tool on the table once, under a name of its own.",
    when=_names_repeat,
)
def tool_names_are_unique(view: View) -> Iterator[Problem]:
    """Two tools of the same name cannot be told apart in a call."""
    for name, count in Counter(tool.name for tool in view.tools).items():
        if count > 1:
            yield Problem(f"{count} tools on the table are named {name!r}")


def _target_is_off_the_table(view: View) -> bool:
    return not view.by_name.keys() >= set(view.dialogue.targets)


@rule(
    "tool_definition",
    "error",
    "Put the target on the table, or list it under the missing tools.",
    when=_target_is_off_the_table,
)
def targets_are_known(view: View) -> Iterator[Problem]:
    """Every target has a definition: on the table, or among the tools that are missing on purpose."""
    for target in view.dialogue.targets:
        if view.dialogue.tool(target) is None:
            yield Problem(f"the target {target!r} is neither on the table nor among the missing tools")


def _misses_tools(view: View) -> bool:
    return bool(view.dialogue.missing_tools)


@rule(
    "tool_definition",
    "error",
    "Take the tool off the table: the user is to ask for what is not there.",
    when=_misses_tools,
)
def missing_tools_are_missing(view: View) -> Iterator[Problem]:
    """A tool that is missing on purpose does not lie on the table after all."""
    for tool in view.dialogue.missing_tools:
        if tool.name in view.by_name:
            yield Problem(f"the tool {tool.name!r} is to be missing, but it is on the table")


@tool_rule("warning", "Simplify the pattern so that it matches in linear time.")
def patterns_are_plain(tool: Tool) -> Iterator[str]:
    """Patterns do without look-around and back references, which few decoders support."""
    for path, schema in schema_nodes(tool.spec.parameters):
        if not isinstance(pattern := schema.get("pattern"), str):
            continue
        try:
            jsonschema_rs.Draft202012Validator(
                {"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions(), offline=True
            )
        except (jsonschema_rs.ValidationError, ValueError):
            if not tool.fault:
                yield f"has a pattern at {spell(path)} that needs backtracking: {shorten(pattern)}"
