"""A tool made ready for checking: its schemas compiled once, however many dialogues it rides on."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time
from functools import lru_cache
from typing import Any, TypeVar

import jsonschema_rs
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from consumers.rule_checker.bounds import MAX_DEPTH, bounds
from consumers.rule_checker.lazy import lazy
from consumers.rule_checker.text import Text
from schemas.tools import ToolSpec

T = TypeVar("T")
Path = tuple[str | int, ...]

# Backtracking patterns (look-around, back references) stop here instead of running for ever.
_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000)


def _is_date_time(text: str) -> bool:
    """RFC 3339, or the same without an offset: what users and most APIs mean is local time."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return len(text) > len("2024-05-01")


def _is_time(text: str) -> bool:
    """RFC 3339 full-time, or the same without an offset or seconds."""
    try:
        time.fromisoformat(text)
    except ValueError:
        return False
    return ":" in text


def compiled(schema: Any) -> jsonschema_rs.Draft202012Validator:
    """Compile a schema. References that leave it are an error: nothing is ever fetched."""
    return jsonschema_rs.Draft202012Validator(
        schema,
        validate_formats=True,
        formats={"date-time": _is_date_time, "time": _is_time},
        pattern_options=_PATTERNS,
        offline=True,
    )


_METASCHEMA = jsonschema_rs.Draft202012Validator(
    {"$ref": "https://json-schema.org/draft/2020-12/schema"}, offline=True
)


_GAVE_UP = (
    jsonschema_rs.ValidationErrorKind.BacktrackLimitExceeded,
    jsonschema_rs.ValidationErrorKind.RegexEngineFailure,
)
UNCHECKED = "unchecked pattern"
"""Stands for a keyword in a `Violation`: matching the pattern took too long and was given up."""


class Violation(Struct, frozen=True):
    """One way in which a value does not fit its schema."""

    keyword: str
    """The JSON Schema keyword that was violated."""
    path: Path
    """Where in the arguments."""
    text: str
    expected: Any = None
    """The types, options or limit the schema states."""
    value: Any = None
    """What was found there."""


def depth(value: Any) -> int:
    """Levels of nesting, 0 for a scalar. Iterative, as the value may be too deep to recurse into."""
    level, layer = 0, [value]
    while layer:
        layer = [
            child
            for item in layer
            if isinstance(item, dict | list | tuple)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        level += bool(layer)
        if level > MAX_DEPTH * 2:
            break
    return level


_CONTAINERS = (dict, list, tuple)


def leaves(value: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    """(path, scalar) of every scalar in a JSON value."""
    found: list[tuple[Path, Any]] = []
    _gather(value, path, found)
    return found


def _gather(value: Any, path: Path, found: list[tuple[Path, Any]]) -> None:
    if not isinstance(value, _CONTAINERS):
        found.append((path, value))
        return
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(child, _CONTAINERS):
            _gather(child, (*path, key), found)
        else:
            found.append(((*path, key), child))


def list_lengths(value: Any) -> Iterator[int]:
    """The length of every list in a JSON value."""
    if isinstance(value, list | tuple):
        yield len(value)
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    for child in children:
        yield from list_lengths(child)


def is_flat(arguments: dict[str, Any]) -> bool:
    """Every value is a scalar."""
    return not any(isinstance(value, _CONTAINERS) for value in arguments.values())


def spell(path: Path) -> str:
    """`("to", 0, "name")` -> `to[0].name`; the arguments themselves are `arguments`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.lstrip(".") or "arguments"


def shorten(value: Any, limit: int = 80) -> str:
    """A value as JSON, cut to be read in a sentence."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def schema_nodes(schema: Any, path: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every subschema that describes a place in the arguments, with its path through the schema."""
    if not isinstance(schema, dict) or len(path) > MAX_DEPTH:
        return
    yield path, schema
    for keyword in ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"):
        if isinstance(children := schema.get(keyword), dict):
            for name, child in children.items():
                yield from schema_nodes(child, (*path, keyword, name))
    for keyword in (
        "items",
        "additionalProperties",
        "contains",
        "propertyNames",
        "if",
        "then",
        "else",
        "not",
    ):
        yield from schema_nodes(schema.get(keyword), (*path, keyword))
    for keyword in ("allOf", "anyOf", "oneOf", "prefixItems"):
        if isinstance(options := schema.get(keyword), list | tuple):
            for index, child in enumerate(options):
                yield from schema_nodes(child, (*path, keyword, index))


class Tool:
    """A `ToolSpec` with its compiled schemas. Equal specs give the same object (see `prepare`)."""

    def __init__(self, spec: ToolSpec) -> None:
        taken, given = bounds(spec.parameters), bounds(spec.returns)
        self.excess = taken.fault or (given.fault and f"{given.fault} (in `returns`)")
        """Why a schema is too much work to check against, and is left out of `spec`; empty: none is."""
        self.max_depth = taken.depth
        """Levels of arguments that can be checked."""
        self.max_result_depth = given.depth
        if taken.fault:
            spec = replace(spec, parameters={"type": "object"})
        if given.fault:
            spec = replace(spec, returns=None)
        self.spec = spec
        self.name = spec.name
        self._done: dict[object, Any] = {}
        self.validator: jsonschema_rs.Draft202012Validator | None = None
        self.fault = ""
        """Why the parameters cannot be checked against; empty: they can."""
        try:
            self.validator = compiled(spec.parameters)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            self.fault = str(error).split("\n", 1)[0]

    def once(self, work: Callable[["Tool"], T]) -> T:
        """What a function says of this tool; asked once, as a tool rides on thousands of dialogues."""
        try:
            return self._done[work]  # type: ignore[no-any-return]
        except KeyError:
            found = self._done[work] = work(self)
            return found

    @lazy
    def schema_faults(self) -> tuple[str, ...]:
        """Where `parameters` and `returns` break the 2020-12 metaschema."""
        found = [
            f"{name}: {spell(tuple(error.instance_path))}: {error.message}"
            for name, schema in (("parameters", self.spec.parameters), ("returns", self.spec.returns))
            if schema is not None
            for error in _METASCHEMA.iter_errors(schema)
        ]
        return tuple(dict.fromkeys(found))

    @lazy
    def properties(self) -> dict[str, Any]:
        return self.spec.properties

    @lazy
    def returns(self) -> jsonschema_rs.Draft202012Validator | None:
        """The validator of results; None where none is stated or it cannot be compiled."""
        if self.spec.returns is None:
            return None
        try:
            return compiled(self.spec.returns)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
            return None

    @lazy
    def stated_values(self) -> frozenset[str]:
        """Texts that the schema itself offers as values: options, constants, defaults, examples."""
        found: set[str] = set()
        for _, schema in schema_nodes(self.spec.parameters):
            for keyword in ("enum", "const", "default", "examples"):
                stated = schema.get(keyword)
                values = stated if isinstance(stated, list | tuple) else [stated]
                found |= {value for value in values if isinstance(value, str)}
        return frozenset(found)

    @lazy
    def definition(self) -> Text:
        """All that the definition says: descriptions, options, defaults, examples, names."""
        return Text(" ; ".join((self.name, self.spec.description, *_strings(self.spec.parameters))))

    def violations(self, arguments: dict[str, Any]) -> tuple[Violation, ...]:
        """Where the arguments do not fit; empty if the schema itself cannot be compiled.

        Arguments deeper than `MAX_DEPTH` must not come here (see there).
        """
        if self.validator is None or self.validator.is_valid(arguments):
            return ()
        return tuple(_violation(error, arguments) for error in self.validator.iter_errors(arguments))

    def names_all(self, arguments: dict[str, Any]) -> bool:
        """Whether it is plain that no argument is unknown: all are properties, with scalars for values."""
        return arguments.keys() <= self.properties.keys() and is_flat(arguments)

    def unknown(self, arguments: dict[str, Any]) -> tuple[Path, ...]:
        """Arguments that the schema does not name, at any depth.

        JSON Schema lets extra properties pass unless told otherwise; a function does not. So an
        object is closed if its schema names properties and does not set `additionalProperties`.
        """
        if self.names_all(arguments):
            return ()
        return tuple(_unknown(self.spec.parameters, arguments, self.spec.parameters, ()))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield key
            yield from _strings(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _strings(child)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _violation(error: jsonschema_rs.ValidationError, arguments: Any) -> Violation:
    path = tuple(error.instance_path)
    keyword, details = error.kind.name, error.kind.as_dict()
    if isinstance(error.kind, _GAVE_UP):
        return Violation(UNCHECKED, path, error.message.split("\n", 1)[0][:200])
    value = at(arguments, path)
    # "None of these types" is a type error, however the schema words it.
    reasons = [reason for option in details.get("context", ()) for reason in option]
    if reasons and all(r.kind.name == "type" and tuple(r.instance_path) == path for r in reasons):
        types = tuple(name for reason in reasons for name in reason.kind.as_dict()["types"])
        text = f"{shorten(value)} is not of type {' or '.join(types)}"
        return Violation("type", path, text, types, value)
    if keyword == "required":
        return Violation(keyword, (*path, str(details["property"])), "is missing")
    expected: Any = next(iter(details.values()), None)
    if keyword == "type":
        text = f"{shorten(value)} is not of type {' or '.join(expected)}"
    else:
        text = error.message if len(error.message) <= 200 else f"{shorten(value)} breaks {keyword!r}"
    return Violation(keyword, path, text, expected, value)


def _resolve(schema: Any, root: Mapping[str, Any]) -> Any:
    """Follow references within the document; a loop or a dangling one ends as an open schema."""
    for _ in range(MAX_DEPTH):
        if not isinstance(schema, dict) or not isinstance(ref := schema.get("$ref"), str):
            return schema
        if not ref.startswith("#"):
            return {}
        target: Any = root
        for part in ref[1:].split("/")[1:]:
            part = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(target, dict) or part not in target:
                return {}
            target = target[part]
        siblings = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {"allOf": [target], **siblings} if siblings.get("properties") else target
    return {}


def _alternatives(schema: Any, root: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """The schema and every branch of it that may describe the same place, each once."""
    found: dict[int, dict[str, Any]] = {}
    waiting = [schema]
    while waiting:
        branch = _resolve(waiting.pop(), root)
        if not isinstance(branch, dict) or id(branch) in found or len(found) >= _MAX_BRANCHES:
            continue
        found[id(branch)] = branch
        for keyword in ("allOf", "anyOf", "oneOf"):
            waiting += branch.get(keyword) or ()
        waiting += (branch.get("then"), branch.get("else"))
    return tuple(found.values())


_MAX_BRANCHES = 100
"""Branches that may describe one place. No tool has as many; a hostile schema has more."""


def _unknown(schema: Any, value: Any, root: Mapping[str, Any], path: Path) -> Iterator[Path]:
    if not isinstance(value, dict | list | tuple) or len(path) > MAX_DEPTH:
        return
    options = _alternatives(schema, root)
    if isinstance(value, dict):
        named = {
            name: child for option in options for name, child in (option.get("properties") or {}).items()
        }
        open_ended = any(
            option.get("additionalProperties", False) is not False
            or option.get("unevaluatedProperties", False) is not False
            or option.get("patternProperties")
            for option in options
        )
        closed = any(option.get("additionalProperties") is False for option in options)
        for key, child in value.items():
            if key in named:
                yield from _unknown(named[key], child, root, (*path, key))
            elif not open_ended and (named or closed):
                yield (*path, key)
    else:
        for index, child in enumerate(value):
            for option in options:
                prefix = option.get("prefixItems") or ()
                inner = prefix[index] if index < len(prefix) else option.get("items")
                yield from _unknown(inner, child, root, (*path, index))


_MAX_KEPT = 200_000
"""Bytes of a tool that is kept. What is larger is made ready each time: few are, and they fill memory."""


@lru_cache(maxsize=4096)
def _prepared(encoded: bytes) -> Tool:
    return Tool(msgspec.json.decode(encoded, type=ToolSpec))


def prepare(spec: ToolSpec) -> Tool:
    """The tool made ready; the same object for equal specs, so that what is known of it is kept."""
    try:
        encoded = msgspec.json.encode(spec)
        return _prepared(encoded) if len(encoded) <= _MAX_KEPT else Tool(spec)
    except RecursionError:
        return Tool(spec)
