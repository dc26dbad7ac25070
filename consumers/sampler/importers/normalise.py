"""One tool definition, in any of the shapes people have -> a `ToolSpec`, and a sentence per change.

Cleaning is idempotent: a clean tool comes out as it went in, with no changes. It never guesses at
what it cannot tell: a schema that stays unusable is refused (`ToolError`), not patched.
"""

import copy
import difflib
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs
import msgspec

from consumers.sampler.importers.patterns import catastrophic
from consumers.sampler.importers.type_words import ANY_WORDS, TYPE_WORDS, schema_of, union_of
from schemas.tools import ToolSpec

MAX_DEPTH = 32
"""Objects and lists inside one another. The deepest tool of BFCL and ACEBench has 14."""
MAX_BYTES = 64 * 1024
"""Of a schema as compact JSON. A larger one does not fit into a prompt beside others."""

Schema = dict[str, Any]
Path = tuple[str | int, ...]


class ToolError(ValueError):
    """A tool definition cannot be used; says which, where in it, and why.

    Attributes:
        tool: its name, empty if it has none.
        pointer: JSON pointer into its parameters; into its result where it starts with `returns`.
        problem: what is wrong and what to do.
    """

    def __init__(self, tool: str, pointer: str, problem: str) -> None:
        self.tool = tool
        self.pointer = pointer
        self.problem = problem
        super().__init__(f"{f'tool {tool!r}' if tool else 'tool without a name'}: {pointer}: {problem}")


@dataclass(frozen=True)
class Imported:
    tool: ToolSpec
    changes: tuple[str, ...]
    """Readable sentences, each starting with a JSON pointer into the parameters."""


def clean(raw: object, source: str) -> Imported:
    """Read one tool definition.

    Args:
        raw: decoded JSON: `{name, description, parameters}`, or the same as OpenAI (chat completions or
            responses), Anthropic (`input_schema`), MCP (`inputSchema`, `outputSchema`), BFCL
            (`response`) or ACEBench (`arguments`, `results`) spell it.
        source: where it came from; goes into `ToolSpec.source`.

    Returns:
        The tool, with parameters that are a JSON Schema 2020-12 of type `object` with `properties`.

    Raises:
        ToolError: it has no name, or its schema is invalid, refers to somewhere else, or is too
            large, too deep or too dangerous to use.
    """
    definition = _unwrap(raw)
    name = _name(definition)
    notes = _Notes(name)
    description = definition.get("description")
    if description is None:
        description = ""
    if not isinstance(description, str):
        raise ToolError(name, "description", f"is {_kind(description)}; write it as text")
    tool = ToolSpec(
        name=name,
        description=description,
        parameters=_parameters(definition, notes),
        returns=_returns(definition, notes),
        source=source,
    )
    try:
        msgspec.json.encode(tool)
    except UnicodeEncodeError:
        raise ToolError(
            name, "description", "holds half a surrogate pair, which is no Unicode text"
        ) from None
    return Imported(tool, tuple(notes.changes))


@dataclass
class _Notes:
    """Collects the changes to one tool, and words where they happened."""

    tool: str
    part: str = "parameters"
    changes: list[str] = field(default_factory=list)

    def say(self, path: Path, sentence: str) -> None:
        self.changes.append(f"{self.pointer(path)}: {sentence}")

    def fault(self, path: Path, problem: str) -> ToolError:
        return ToolError(self.tool, self.pointer(path), problem)

    def pointer(self, path: Path) -> str:
        """A JSON pointer (RFC 6901); the root, whose pointer is empty, goes by its name."""
        steps = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
        return self.part + steps if self.part != "parameters" or not steps else steps


# --- the outer shape -----------------------------------------------------------------------------

PARAMETERS = ("parameters", "input_schema", "inputSchema", "arguments", "parametersJsonSchema")
RETURNS = ("returns", "outputSchema", "output_schema", "response", "results", "responseJsonSchema")


def _unwrap(raw: object) -> dict[str, Any]:
    """The object that holds the name: OpenAI's chat format keeps it one level down.

    That format has no place for the result, which we write beside `function`.
    """
    if isinstance(raw, dict) and "name" not in raw and "function" in raw:
        beside = {"returns": raw["returns"]} if raw.get("returns") is not None else {}
        raw = beside | raw["function"] if isinstance(raw["function"], dict) else raw["function"]
    if not isinstance(raw, dict):
        raise ToolError("", "(root)", f"is {_kind(raw)} where an object with name and parameters belongs")
    return raw


def _name(definition: dict[str, Any]) -> str:
    found = definition.get("name")
    if found is None:
        keys = ", ".join(list(map(repr, definition))[:6]) or "none"
        raise ToolError("", "name", f"is missing; keys found: {keys}")
    if not isinstance(found, str):
        raise ToolError("", "name", f"is {_kind(found)}, {_short(found)}; write it as text")
    if not found.strip():
        raise ToolError("", "name", "is empty; give the tool a name")
    if not _is_unicode(found):
        raise ToolError(repr(found), "name", "holds half a surrogate pair, which is no Unicode text")
    return found


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parameters(definition: dict[str, Any], notes: _Notes) -> Schema:
    key = next((key for key in PARAMETERS if definition.get(key) is not None), None)
    if key is None:
        # Providers' built-in tools ({"type": "web_search_20250305", ...}) have no schema of their own.
        if definition.get("type", "function") not in ("function", "custom"):
            raise notes.fault(
                (),
                f"are missing: {definition['type']!r} is a provider's built-in tool; describe its arguments",
            )
        notes.say((), "missing; the tool takes no arguments")
        return {"type": "object", "properties": {}}
    raw = definition[key]
    if isinstance(raw, str):
        raise notes.fault((), "are text; decode the JSON in it first")
    if not isinstance(raw, dict):
        raise notes.fault((), f"are {_kind(raw)} where a JSON Schema object belongs")
    schema = _unrolled_root(_spread_map(_copied(raw, notes), notes), notes)
    _as_object(schema, notes)
    _tidy(schema, (), notes)
    if "properties" not in schema:
        notes.say((), "'properties' was missing; it is empty")
        schema["properties"] = {}
    return _checked(schema, notes)


def _returns(definition: dict[str, Any], notes: _Notes) -> Schema | None:
    notes.part = "returns"
    raw = next((definition[key] for key in RETURNS if definition.get(key) is not None), None)
    if raw is None:
        return None
    if isinstance(raw, str):
        notes.say((), "text, no schema; kept as the description of one")
        raw = {"description": raw}
    if not isinstance(raw, dict):
        raise notes.fault((), f"is {_kind(raw)} where a JSON Schema object belongs")
    schema = _copied(raw, notes)
    _tidy(schema, (), notes)
    return _checked(schema, notes)


_OPTIONAL = re.compile(r"\s*[\[(]?optional\b", re.IGNORECASE)


def _spread_map(raw: Schema, notes: _Notes) -> Schema:
    """`{"city": {"type": ...}}`, parameters without the object around them (xLAM, API-Bank) -> a schema."""
    open_map = {"additionalProperties", "unevaluatedProperties", "propertyNames", "patternProperties"}
    if not raw or open_map & raw.keys():
        return raw
    if not all(isinstance(value, dict) and isinstance(value.get("type"), str) for value in raw.values()):
        return raw
    flags = ("required", "optional", "default")
    needed = [
        name
        for name, value in raw.items()
        if not any(flag in value for flag in flags) and not _OPTIONAL.match(str(value.get("description")))
    ]
    notes.say((), "a bare map of parameters became 'properties'; those not said to be optional are required")
    return {"type": "object", "properties": raw, "required": needed}


def _unrolled_root(root: Schema, notes: _Notes) -> Schema:
    """Put the definition in place of a root that only refers to it, so that its properties are seen."""
    for _ in range(MAX_DEPTH):
        target = _resolve(root.get("$ref"), root)
        if not isinstance(target, dict):
            break
        siblings = {key: value for key, value in root.items() if key != "$ref"}
        if target.keys() & siblings.keys() - {"title", "description"}:
            break
        notes.say((), f"$ref {root['$ref']!r} was replaced by what it refers to")
        # A copy: what stays under '$defs' is cleaned on its own.
        root = {**copy.deepcopy(target), **siblings}
    return root


def _as_object(schema: Schema, notes: _Notes) -> None:
    """The arguments of a call are an object, whatever else the schema lets pass."""
    _no_nulls(schema, (), notes)
    _types(schema, (), notes)
    if schema.pop("nullable", None) is not None:
        notes.say((), "'nullable' dropped; the arguments of a call are an 'object'")
    kinds = _kinds(schema)
    if not kinds:
        notes.say((), "no type was stated; it is 'object'")
    elif "object" not in kinds:
        raise notes.fault((), f"describe {_words(kinds)}; the arguments of a call are an 'object'")
    elif kinds != ["object"]:
        notes.say((), f"type {_short(kinds)} became 'object'")
    schema["type"] = "object"
    if "enum" in schema:
        raise notes.fault(("enum",), "lists whole calls; describe the arguments under 'properties'")


# --- guards --------------------------------------------------------------------------------------

_FANCY = jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000)


def _copied(raw: Schema, notes: _Notes) -> Schema:
    """A deep copy in plain JSON types, within bounds.

    Raises:
        ToolError: too deep, too large, or no JSON.
    """
    nodes = 0

    def copied(value: Any, path: Path) -> Any:
        nonlocal nodes
        nodes += 1
        # A value takes a byte or more: this stops object graphs that would not even end.
        if nodes > MAX_BYTES:
            raise notes.fault((), f"take more than {MAX_BYTES // 1024} KiB; split the tool")
        # Pointers have a step a level: the value at a path of MAX_DEPTH steps is MAX_DEPTH levels down.
        if isinstance(value, dict | list | tuple) and len(path) >= MAX_DEPTH:
            raise notes.fault(path[:4], f"nests deeper than {MAX_DEPTH} levels; flatten it or use $ref")
        if isinstance(value, dict):
            if odd := [key for key in value if not isinstance(key, str)]:
                raise notes.fault(path, f"has the key {odd[0]!r}, which is no text")
            return {key: copied(child, (*path, key)) for key, child in value.items()}
        if isinstance(value, list | tuple):
            return [copied(child, (*path, index)) for index, child in enumerate(value)]
        if isinstance(value, float) and not math.isfinite(value):
            raise notes.fault(path, f"is {value}, which JSON does not have")
        if value is None or isinstance(value, str | int | float):
            return value
        raise notes.fault(path, f"is a Python {type(value).__name__}, which JSON does not have")

    plain: Schema = copied(raw, ())
    try:
        size = len(msgspec.json.encode(plain))
    except UnicodeEncodeError:
        raise notes.fault((), "holds half a surrogate pair, which is no Unicode text") from None
    if size > MAX_BYTES:
        raise notes.fault((), f"take {size / 1024:.1f} KiB, more than {MAX_BYTES // 1024}; split the tool")
    return plain


def _checked(schema: Schema, notes: _Notes) -> Schema:
    """The schema itself, once nothing stands against using it."""
    _copied(schema, notes)  # cleaning may have added a level or a few bytes
    for path, node in _nodes(schema, ()):
        _check_reference(node, path, schema, notes)
        for pattern in (node.get("pattern"), *_keys(node.get("patternProperties"))):
            if isinstance(pattern, str) and catastrophic(pattern):
                raise notes.fault(
                    (*path, "pattern" if pattern == node.get("pattern") else "patternProperties"),
                    f"{_short(pattern)} repeats a repeat, so matching may take exponential time; "
                    "write it so that text can be split in one way only",
                )
    try:
        # Validates against the metaschema of 2020-12, then compiles patterns and references. It is the
        # validator that checks calls later, and some hundred times faster than jsonschema's.
        jsonschema_rs.Draft202012Validator(schema, pattern_options=_FANCY, offline=True)
    except jsonschema_rs.ValidationError as error:
        raise notes.fault(tuple(error.instance_path), _violation(error)) from None
    except (jsonschema_rs.ReferencingError, ValueError) as error:
        reason = str(error).split("\n", 1)[0]
        raise notes.fault((), f"cannot be compiled as a JSON Schema: {reason}") from None
    return schema


def _violation(error: jsonschema_rs.ValidationError) -> str:
    if error.instance_path[-1:] == ["pattern"] and isinstance(error.instance, str):
        return f"{_short(error.instance)} is no regular expression (ECMA 262, unicode mode)"
    return f"is no JSON Schema 2020-12: {error.message}"


def _check_reference(node: Schema, path: Path, root: Schema, notes: _Notes) -> None:
    """References stay within the schema, and arrive. They may recurse, through a property or an item."""
    for keyword in ("$ref", "$dynamicRef"):
        ref = node.get(keyword)
        if isinstance(ref, str) and not ref.startswith("#"):
            raise notes.fault(
                (*path, keyword),
                f"{_short(ref)} lies outside the schema and is never fetched; put its target under '$defs'",
            )
    seen: list[str] = []
    target: Any = node
    while isinstance(target, dict) and isinstance(ref := target.get("$ref"), str):
        if ref in seen:
            raise notes.fault((*path, "$ref"), f"goes in a circle: {' -> '.join([*seen, ref])}")
        seen.append(ref)
        target = _resolve(ref, root)
        if target is None and (ref == "#" or ref.startswith("#/")):
            raise notes.fault((*path, "$ref"), f"{_short(ref)} points at nothing in the schema")


def _resolve(ref: Any, root: Schema) -> Any:
    """What a `#/...` reference points at; None if it is none, or points at nothing."""
    if not isinstance(ref, str) or (ref != "#" and not ref.startswith("#/")):
        return None
    target: Any = root
    for step in ref.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(target, dict) and step in target:
            target = target[step]
        elif isinstance(target, list) and step.isdecimal() and int(step) < len(target):
            target = target[int(step)]
        else:
            return None
    return target


# --- the walk ------------------------------------------------------------------------------------

MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
SINGLE = (
    "items",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "contains",
    "propertyNames",
    "contentSchema",
    "not",
    "if",
    "then",
    "else",
)
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_BRANCHES = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas")
"""Below these a schema talks about the same value as its parent does."""
_TEXT = ("title", "description", "format", "pattern", "contentEncoding", "contentMediaType", "$comment")
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_FLAGS = ("uniqueItems", "deprecated", "readOnly", "writeOnly", "nullable", "optional")
_OTHERS = ("type", "enum", "required", "examples", "$ref", "$schema", "$id", "$anchor")
_NEVER_NULL = {*MAPS, *SINGLE, *LISTS, *_TEXT, *_NUMBERS, *_COUNTS, *_FLAGS, *_OTHERS}


def _subschemas(schema: Schema) -> Iterator[tuple[Path, Any]]:
    """Every place right below a schema where another belongs, with the path to it."""
    for keyword in MAPS:
        if isinstance(children := schema.get(keyword), dict):
            for name in children:
                yield (keyword, name), children[name]
    for keyword in SINGLE:
        if keyword in schema:
            yield (keyword,), schema[keyword]
    for keyword in LISTS:
        if isinstance(children := schema.get(keyword), list):
            for index, child in enumerate(children):
                yield (keyword, index), child


def _nodes(schema: Any, path: Path) -> Iterator[tuple[Path, Schema]]:
    if isinstance(schema, dict):
        yield path, schema
        for below, child in _subschemas(schema):
            yield from _nodes(child, path + below)


def _tidy(node: Schema, path: Path, notes: _Notes) -> None:
    """Clean a schema and all below it, in place: it is our own copy."""
    for step in _STEPS:
        step(node, path, notes)
    for below, child in list(_subschemas(node)):
        if isinstance(child, dict):
            _tidy(child, path + below, notes)


def _no_nulls(node: Schema, path: Path, notes: _Notes) -> None:
    """Serialisers write unset fields as null, which only `default`, `const` and unknown keywords allow."""
    for key in [key for key, value in node.items() if value is None and key in _NEVER_NULL]:
        del node[key]
        notes.say(path, f"{key!r} was null; dropped")


def _one_dialect(node: Schema, path: Path, notes: _Notes) -> None:
    """What comes out is 2020-12, whatever went in."""
    found = node.get("$schema")
    if isinstance(found, str) and found.rstrip("#") != "https://json-schema.org/draft/2020-12/schema":
        del node["$schema"]
        notes.say(path, f"'$schema' {found!r} dropped; it is 2020-12 now")


def _shorthand(node: Schema, path: Path, notes: _Notes) -> None:
    """`"city": "string"` -> a schema of that type."""

    def schema(child: Any, *below: str | int) -> Any:
        if not isinstance(child, str):
            return child
        notes.say((*path, *below), f"{_short(child)} stands where a schema belongs; it became its type")
        return {"type": child}

    for keyword in MAPS:
        if isinstance(children := node.get(keyword), dict):
            node[keyword] = {name: schema(child, keyword, name) for name, child in children.items()}
    for keyword in SINGLE:
        if keyword in node:
            node[keyword] = schema(node[keyword], keyword)
    for keyword in LISTS:
        if isinstance(options := node.get(keyword), list):
            node[keyword] = [schema(child, keyword, index) for index, child in enumerate(options)]


def _types(node: Schema, path: Path, notes: _Notes) -> None:
    if "type" not in node:
        return
    stated = node["type"]
    words = stated if isinstance(stated, list) else [stated]
    # In a list, null itself is a common slip for "null".
    words = ["null" if word is None else word for word in words]
    if not words or not all(isinstance(word, str) for word in words):
        raise notes.fault((*path, "type"), f"is {_short(stated)}; write a type's name, or a list of names")
    if any(word.strip().lower() in ANY_WORDS for word in words):
        del node["type"]
        notes.say(path, _any(stated))
        return
    clean = union_of([_type(word, (*path, "type"), notes) for word in words])
    if clean == {"type": stated}:
        return
    if "type" not in clean:
        del node["type"]
    if "anyOf" in clean and "anyOf" in node:
        raise notes.fault((*path, "type"), f"{_short(stated)} stands beside an 'anyOf'; write one of them")
    # What stands beside the type is meant for it: `List[int]` with `items` of its own keeps those.
    node.update({key: value for key, value in clean.items() if key == "type" or key not in node})
    said = clean["type"] if clean.keys() == {"type"} else clean
    notes.say(path, f"type {_short(stated)} became {_short(said)}" if clean else _any(stated))


def _any(stated: object) -> str:
    return f"type {_short(stated)} dropped; any value fits"


def _type(word: str, path: Path, notes: _Notes) -> Schema:
    kind = TYPE_WORDS.get(word.strip().lower())
    found = {"type": kind} if kind else schema_of(word)
    if found is not None:
        return found
    near = difflib.get_close_matches(word.lower(), TYPE_WORDS, n=1, cutoff=0.7)
    hint = f"did you mean {TYPE_WORDS[near[0]]!r}?" if near else f"JSON Schema has {_words(JSON_TYPES)}"
    raise notes.fault(path, f"unknown type {_short(word)}; {hint}")


def _bounds(node: Schema, path: Path, notes: _Notes) -> None:
    """Draft 4 had a flag beside the bound: `minimum: 0, exclusiveMinimum: true`."""
    for flag, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if not isinstance(node.get(flag), bool):
            continue
        exclusive = node.pop(flag)
        if exclusive and bound in node:
            node[flag] = node.pop(bound)
            notes.say(path, f"'{bound}' with '{flag}: true' became '{flag}: {_short(node[flag])}'")
        else:
            notes.say(path, f"'{flag}: {_short(exclusive)}' dropped; it says nothing here")


def _tuples(node: Schema, path: Path, notes: _Notes) -> None:
    """Up to draft 2019-09 a list under `items` gave a schema per position."""
    if not isinstance(node.get("items"), list) or "prefixItems" in node:
        return
    node["prefixItems"] = node.pop("items")
    notes.say(path, "the list 'items' became 'prefixItems'")
    if "additionalItems" in node:
        node["items"] = node.pop("additionalItems")
        notes.say(path, "'additionalItems' became 'items'")
    if not node["prefixItems"]:
        del node["prefixItems"]  # 2020-12 forbids an empty list, which said nothing


def _nullable(node: Schema, path: Path, notes: _Notes) -> None:
    """OpenAPI 3.0's flag. As there, an `enum` beside it still has to list null itself."""
    flag = _truth(node.get("nullable"))
    if flag is None:
        return
    del node["nullable"]
    kinds = _kinds(node)
    unions = [keyword for keyword in ("anyOf", "oneOf") if isinstance(node.get(keyword), list)]
    if not flag or "null" in kinds:
        notes.say(path, f"'nullable: {_short(flag)}' dropped; the type says it")
    elif kinds:
        node["type"] = [*kinds, "null"]
        notes.say(path, f"'nullable: true' became type {_short(node['type'])}")
    elif unions:
        node[unions[0]].append({"type": "null"})
        notes.say(path, f"'nullable: true' became an option of '{unions[0]}'")
    elif target := {key: node.pop(key) for key in ("$ref", "allOf") if key in node}:
        node["anyOf"] = [target, {"type": "null"}]
        notes.say(path, "'nullable: true' became an option of 'anyOf'")
    else:
        notes.say(path, "'nullable: true' dropped; without a type any value fits")


def _option_list(node: Schema, path: Path, notes: _Notes) -> None:
    """Every option of an enum has the declared type, so that some value satisfies both."""
    options = node.get("enum")
    if not isinstance(options, list):
        return
    if not options:
        del node["enum"]
        notes.say(path, "the empty enum, which allows nothing, dropped")
        return
    kinds = _kinds(node)
    if kinds == ["array"] and _moved_to_items(node, options, path, notes):
        return
    clean = _unique([_coerced(option, kinds) for option in options])
    if not _same(clean, options):
        notes.say(path, f"enum {_short(options)} became {_short(clean)}")
        node["enum"] = clean
    if not kinds or not (strays := [option for option in clean if not _fits(option, kinds)]):
        return
    # An option of another type ("dontcare" among the integers of BFCL's live tools) could never be
    # chosen. Whoever listed it wanted it to be, so the type gives way.
    used = [kind for kind in kinds if any(_fits(option, [kind]) for option in clean)]
    widened = list(dict.fromkeys([*used, *(_json_type(option) for option in strays)]))
    node["type"] = widened[0] if len(widened) == 1 else widened
    notes.say(
        path,
        f"type {_short(kinds[0] if len(kinds) == 1 else kinds)} became {_short(node['type'])}, "
        f"since the enum has {_short(strays[0])}",
    )


def _moved_to_items(node: Schema, options: list[Any], path: Path, notes: _Notes) -> bool:
    """The options of a list's items, written one level too high."""
    items = node.get("items", {})
    if any(isinstance(option, list) for option in options) or not isinstance(items, dict):
        return False
    if "enum" in items and not _same(items["enum"], options):
        return False
    node["items"] = {**items, "enum": node.pop("enum")}
    notes.say(path, "enum moved to 'items': its options are no arrays")
    return True


def _default(node: Schema, path: Path, notes: _Notes) -> None:
    """A default has the declared type. null stays: it says that there is none."""
    kinds, found = _kinds(node), node.get("default")
    if found is None or not kinds or _fits(found, kinds):
        return
    clean = _coerced(found, kinds)
    # Python's None as text, in a place where no text can be.
    if isinstance(found, str) and found in ("None", "null"):
        clean = None
    elif not _fits(clean, kinds):
        del node["default"]
        notes.say(path, f"default {_short(found)} dropped; it is no {_words(kinds)}")
        return
    node["default"] = clean
    notes.say(path, f"default {_short(found)} became {_short(clean)}")


def _flags(node: Schema, path: Path, notes: _Notes) -> None:
    """`required: true` or `optional: true` inside a property -> the object's `required` list."""
    if isinstance(node.get("optional"), list):
        notes.say(path, f"list 'optional' {_short(node.pop('optional'))} dropped; the required list says it")
    properties = node.get("properties")
    if not isinstance(properties, dict):
        return
    required = node.get("required", [])
    if not isinstance(required, list):
        return
    for name, child in properties.items():
        if not isinstance(child, dict):
            continue
        for flag, meaning in (("required", True), ("optional", False)):
            if (value := _truth(child.get(flag))) is None:
                continue
            del child[flag]
            here = (*path, "properties", name)
            if value is meaning and name not in required:
                required = node["required"] = [*required, name]
                notes.say(here, f"'{flag}: {_short(value)}' moved to the required list")
            elif value is not meaning and name in required:
                # The list is what JSON Schema knows, and what BFCL's answers follow.
                notes.say(here, f"'{flag}: {_short(value)}' dropped; the required list says otherwise")
            else:
                notes.say(here, f"'{flag}: {_short(value)}' dropped; the required list says it")


def _required(node: Schema, path: Path, notes: _Notes) -> None:
    """Every required name is among the properties, where the schema is the only one to name them."""
    required = node.get("required")
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        return
    unique = list(dict.fromkeys(required))
    if unique != required:
        node["required"] = unique
        notes.say(path, "names listed twice under 'required' are kept once")
    elsewhere = (*_BRANCHES, "$ref", "$dynamicRef", "patternProperties")
    if any(key in node for key in elsewhere) or any(step in _BRANCHES for step in _keywords(path)):
        return
    if isinstance(node.get("additionalProperties"), dict) or node.get("additionalProperties") is True:
        return
    properties = node.get("properties")
    if properties is None and unique and _kinds(node) == ["object"]:
        node["properties"] = {name: {} for name in unique}
        notes.say(path, f"'properties' was missing; declares what is required: {_words(unique)}")
    elif isinstance(properties, dict) and (absent := [name for name in unique if name not in properties]):
        node["required"] = [name for name in unique if name in properties]
        notes.say(path, f"{_words(absent)} dropped from 'required'; there is no such property")


def _keywords(path: Path) -> Iterator[str | int]:
    """The steps of a path that are keywords, not names of properties or definitions."""
    steps = iter(path)
    for step in steps:
        yield step
        if step in MAPS or step in LISTS:
            next(steps, None)


_STEPS: tuple[Callable[[Schema, Path, _Notes], None], ...] = (
    _no_nulls,
    _one_dialect,
    _tuples,
    _shorthand,
    _types,
    _bounds,
    _nullable,
    _option_list,
    _default,
    _flags,
    _required,
)
"""In this order: types are right before anything is compared with them."""


# --- values --------------------------------------------------------------------------------------

JSON_TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")


def _json_type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _kinds(node: Schema) -> list[str]:
    """The types a schema states; empty if none."""
    stated = node.get("type", [])
    return stated if isinstance(stated, list) else [stated]


def _fits(value: Any, kinds: list[str]) -> bool:
    found = _json_type(value)
    return found in kinds or (found == "integer" and "number" in kinds)


def _coerced(value: Any, kinds: list[str]) -> Any:
    """The value in one of the types where nothing is lost by it ("3" -> 3, "True" -> true); else itself."""
    if not kinds or _fits(value, kinds):
        return value
    if isinstance(value, str):
        try:
            # Python spells booleans with a capital. "007" is no JSON number, so codes stay text.
            read = msgspec.json.decode({"True": "true", "False": "false"}.get(value, value).strip())
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return value
        return read if read is not None and not isinstance(read, str) and _fits(read, kinds) else value
    if isinstance(value, int | float) and "string" in kinds:
        return json.dumps(value)
    return value


def _unique(values: list[Any]) -> list[Any]:
    """Each value once; 1 is 1.0, but true is not 1."""
    seen: list[Any] = []
    for value in values:
        if not any(_same(value, other) for other in seen):
            seen.append(value)
    return seen


def _same(left: Any, right: Any) -> bool:
    """Equality as JSON has it."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    return bool(left == right)


def _truth(value: Any) -> bool | None:
    """A flag, which some write as a word; None if it is no flag."""
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "false": False, "no": False}
    return words.get(value.strip().lower()) if isinstance(value, str) else None


def _keys(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, dict) else ()


# --- wording -------------------------------------------------------------------------------------


def _kind(value: object) -> str:
    names = {"null": "null", "boolean": "a boolean", "integer": "a number", "number": "a number"}
    names |= {"string": "text", "array": "a list", "object": "an object"}
    return names[_json_type(value)] if not isinstance(value, tuple) else "a list"


def _short(value: object, limit: int = 80) -> str:
    """A value as it reads in a sentence: text in single quotes, the rest as JSON, cut to length."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _words(values: list[str] | tuple[str, ...]) -> str:
    return ", ".join(repr(value) for value in values)
