"""OpenAPI 3 -> a tool definition an operation.

Parameters of path, query, header and cookie and the properties of the request body become the properties of
one object; the schema of the first success response becomes the result. References are followed within the
document, never outside it, and written out. Breadth first, so that the upper levels are there in full before
space runs out; what refers back to itself, or no longer fits, is cut to its type, with a note.

Hostile documents end soon: an operation may take so many bytes, all of them together so many, and nothing
here recurses over what the document holds.
"""

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec import Raw, Struct

from consumers.sampler.importers.collect import Finding, Found, SourceError
from consumers.sampler.importers.normalise import LISTS, MAPS, SINGLE
from consumers.sampler.importers.pool import count

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
MAX_OPERATIONS = 20_000
BYTES = {"parameters": 16 * 1024, "returns": 8 * 1024}
"""Of an operation's arguments and of its result, references written out. More is of no use in a prompt."""
TOTAL_BYTES = 128 * 1024 * 1024
"""Of all operations together."""
MAX_STEPS = 28
"""Steps of a JSON pointer below which is cut; `clean` takes 32."""
SMALL = 32
"""Bytes of a schema that says hardly more than its type."""
MAX_CHAIN = 32
"""References that only lead to references."""
MAX_PARTS = 64
"""Schemas under one `allOf`, those under theirs included."""

Schema = dict[str, Any]

_SPEC_HEADERS = ("accept", "content-type", "authorization")
"""OpenAPI has them ignored where they stand among the parameters."""
_ANNOTATIONS = {"title", "description", "summary", "default", "example", "examples", "deprecated"}
_ANNOTATIONS |= {"readOnly", "writeOnly", "nullable", "externalDocs", "xml"}
_DROPPED = {"discriminator", "xml", "externalDocs", "$defs", "definitions", "components", "summary"}
_DROPPED |= {"$schema", "$id", "$anchor", "$comment", "$vocabulary", "$dynamicAnchor", "$recursiveAnchor"}
_NOT_FOLLOWED = {"$dynamicRef", "$recursiveRef"}
_UNSEEN = _DROPPED | _NOT_FOLLOWED
_SUMMANDS = {"type", "properties", "required", "additionalProperties", *_ANNOTATIONS, *_DROPPED}
"""What an object schema may say to be added to another."""


class _Head(Struct):
    openapi: Raw = Raw(b"")
    swagger: Raw = Raw(b"")


def is_openapi(data: bytes) -> bool:
    """Whether a JSON text is an OpenAPI document, or one of its predecessor Swagger."""
    try:
        head = msgspec.json.decode(data, type=_Head)
    except (msgspec.DecodeError, RecursionError):
        return False
    return bool(head.openapi or head.swagger)


def find_in_openapi(data: bytes, source: str, label: str) -> Finding:
    """The operations of a document.

    Args:
        data: JSON.
        source: what the user named; for error messages.
        label: goes into `ToolSpec.source`: `openapi:petstore.yaml`.

    Raises:
        SourceError: it is no OpenAPI 3, has no operations, or expands beyond the bounds.
    """
    try:
        root = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise SourceError(source, [f"is no JSON: {error}"]) from None
    version = root.get("openapi") if isinstance(root, dict) else None
    if not isinstance(version, str) or not version.startswith("3."):
        if isinstance(root, dict) and "swagger" in root:
            raise SourceError(
                source, ["is Swagger 2.0; convert it to OpenAPI 3 first (converter.swagger.io)"]
            )
        raise SourceError(source, ["is no OpenAPI 3 document: it has no 'openapi: 3.…' at its top"])
    reader = _Reader(root, source, label)
    try:
        found = tuple(reader.operations())
    except RecursionError:
        raise SourceError(source, ["nests too deep"]) from None
    info = _map(root.get("info"))
    about = " ".join(str(info[key]) for key in ("title", "version") if info.get(key))
    notes = [f"OpenAPI {version}{f', {about}' if about else ''}: {count(len(found), 'operation')}"]
    if webhooks := len(_map(root.get("webhooks"))):
        notes.append(f"{count(webhooks, 'webhook')} left out: they are calls to you, not by you")
    notes += reader.notes
    if not found:
        raise SourceError(source, [*notes, "has no operations under 'paths'"])
    return Finding(found, tuple(notes))


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


# --- references ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reached:
    """Where references led."""

    value: Any
    refs: tuple[str, ...] = ()
    """Passed on the way."""
    problem: str = ""
    """Why they led nowhere; then the value is None."""


class _Document:
    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._targets: dict[str, tuple[Any, str]] = {}

    def follow(self, value: Any) -> _Reached:
        """The object that stands at the end of a chain of references; siblings of `$ref` count more."""
        refs: tuple[str, ...] = ()
        while isinstance(value, dict) and isinstance(ref := value.get("$ref"), str):
            if ref in refs:
                return _Reached(None, refs, f"{ref!r} leads back to itself")
            if len(refs) >= MAX_CHAIN:
                return _Reached(None, refs, f"{refs[0]!r} leads through more than {MAX_CHAIN} references")
            refs = (*refs, ref)
            if ref not in self._targets:
                self._targets[ref] = self._target(ref)
            target, problem = self._targets[ref]
            if problem:
                return _Reached(None, refs, problem)
            siblings = {key: child for key, child in value.items() if key != "$ref"}
            value = {**target, **siblings} if siblings and isinstance(target, dict) else target
        return _Reached(value, refs)

    def _target(self, ref: str) -> tuple[Any, str]:
        """What a reference points at; or None, and why."""
        if not ref.startswith("#"):
            return None, f"{ref[:80]!r} lies outside the document and is never fetched"
        if ref != "#" and not ref.startswith("#/"):
            return None, f"{ref[:80]!r} is an anchor; only paths (#/…) are followed"
        target: Any = self._root
        for step in ref.split("/")[1:]:
            step = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(target, dict) and step in target:
                target = target[step]
            elif isinstance(target, list) and step.isdecimal() and int(step[:9]) < len(target):
                target = target[int(step)]
            else:
                return None, f"{ref[:80]!r} points at nothing in the document"
        return target, ""


# --- schemas -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """A schema that is still to be written out, and where it goes."""

    into: Any
    key: str | int
    schema: Any
    steps: int = 0
    refs: tuple[str, ...] = ()
    """References that lead here from the root: to meet one again is to go in a circle."""


@dataclass
class _Cuts:
    """What was left out while a schema was written out."""

    circles: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    deep: int = 0

    def sentences(self, part: str) -> Iterator[str]:
        for ref, times in self.circles.items():
            yield f"{part}: {ref.rpartition('/')[2]!r} refers back to itself; cut to its type{_times(times)}"
        for problem, times in self.problems.items():
            yield f"{part}: $ref {problem}; any value fits there{_times(times)}"
        if self.deep:
            yield f"{part}: too large to be written out; cut to the type in {count(self.deep, 'place')}"


def _times(number: int) -> str:
    return f" ({number:,} times)" if number > 1 else ""


class _Writer:
    """Writes schemas out: without references, and without what only OpenAPI knows."""

    def __init__(self, document: _Document, source: str) -> None:
        self._document = document
        self._source = source
        self._spent = 0

    def write(self, schema: Any, hidden: str, part: str) -> tuple[Any, list[str]]:
        """
        Args:
            hidden: `readOnly` for what is sent, `writeOnly` for what comes back: such properties stay out.
            part: `parameters` or `returns`, for the notes.

        Raises:
            SourceError: the document as a whole takes more than `TOTAL_BYTES`.
        """
        result: list[Any] = [None]
        cuts = _Cuts()
        left = BYTES[part]
        places = deque([_Place(result, 0, schema)])
        while places:
            place = places.popleft()
            below: list[_Place]
            if place.steps and left <= SMALL:
                node, below, cost = _bare(place.schema, self._document), [], SMALL
                cuts.deep += 1
            else:
                node, below, cost = self._node(place, hidden, cuts)
            cost += SMALL * len(below)
            self._spent += cost
            if self._spent > TOTAL_BYTES:
                limit = f"{TOTAL_BYTES // 1024**2} MiB"
                raise SourceError(
                    self._source, [f"takes more than {limit} with its references written out; split it"]
                )
            if place.steps and (cost > max(left, SMALL) or (below and place.steps > MAX_STEPS)):
                cuts.deep += 1
                node, below, cost = _bare(node, self._document), [], SMALL
            left -= cost
            place.into[place.key] = node
            places += below
        return result[0], list(cuts.sentences(part))

    def _node(self, place: _Place, hidden: str, cuts: _Cuts) -> tuple[Any, list[_Place], int]:
        """One schema, the places below it, and how many bytes it takes without them."""
        found = self._resolved(place.schema)
        if found.problem:
            cuts.problems[found.problem] += 1
            return {}, [], 0
        if not isinstance(found.value, dict):
            return found.value, [], 8
        if circle := next((ref for ref in found.refs if ref in place.refs), ""):
            cuts.circles[circle.removeprefix("+")] += 1
            return _bare(found.value, self._document), [], SMALL
        for keyword in _NOT_FOLLOWED & found.value.keys():
            cuts.problems[f"of the kind {keyword!r} is not followed"] += 1
        refs = (*place.refs, *found.refs)
        node: Schema = {}
        below: list[_Place] = []

        def under(into: Any, key: str | int, schema: Any, steps: int) -> None:
            below.append(_Place(into, key, schema, place.steps + steps, refs))

        for key, value in self._visible(found.value, hidden).items():
            if key in MAPS and isinstance(value, dict):
                node[key] = dict.fromkeys(value)
                for name, child in value.items():
                    under(node[key], name, child, 2)
            elif key in LISTS and isinstance(value, list):
                node[key] = [None] * len(value)
                for index, child in enumerate(value):
                    under(node[key], index, child, 2)
            elif key in SINGLE and isinstance(value, dict):
                node[key] = None
                under(node, key, value, 1)
            else:
                node[key] = value
        return node, below, len(msgspec.json.encode(node))

    def _resolved(self, schema: Any) -> _Reached:
        """The schema a reference stands for, with an `allOf` that only adds up objects added up."""
        if isinstance(schema, dict) and "$ref" in schema and not schema.keys() - {"$ref"} <= _ANNOTATIONS:
            rest = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
            schema = rest | {"allOf": [{"$ref": schema["$ref"]}, *_list(schema.get("allOf"))]}
        found = self._document.follow(schema)
        if isinstance(found.value, dict) and "allOf" in found.value:
            return self._added_up(found) or found
        return found

    def _added_up(self, found: _Reached) -> _Reached | None:
        """The schema that an `allOf` and what stands around it come to; None if that takes a validator."""
        values: list[Schema] = []
        refs = list(found.refs)
        waiting = deque([found.value])
        while waiting:
            part = self._document.follow(waiting.popleft())
            if not isinstance(part.value, dict) or len(values) + len(waiting) > MAX_PARTS:
                return None
            # To be a part of something is no circle yet; to be a part of a part of oneself is.
            refs += [f"+{ref}" for ref in part.refs]
            values.append({key: value for key, value in part.value.items() if key != "allOf"})
            waiting.extendleft(reversed(_list(part.value.get("allOf"))))
        around, *parts = values
        if len(parts) == 1 and not parts[0].keys() & around.keys() - _ANNOTATIONS:
            return _Reached({**parts[0], **around}, tuple(refs))
        whole = _sum(values)
        return _Reached(whole, tuple(refs)) if whole is not None else None

    def object_of(self, schema: Any, hidden: str) -> Schema | None:
        """The schema if it is an object whose properties are all that is to be said about it."""
        value = self._resolved(schema).value
        if not isinstance(value, dict) or not _map(value.get("properties")):
            return None
        value = self._visible(value, hidden)
        return _sum([value]) if value.get("additionalProperties", False) is False else None

    def _visible(self, node: Schema, hidden: str) -> Schema:
        shown: Schema = {}
        for key, value in node.items():
            if key == "example":
                shown.setdefault("examples", [value])
            elif key == "examples":
                if isinstance(value, list):
                    shown[key] = value
            elif key not in _UNSEEN and not key.startswith("x-") and key != hidden:
                shown[key] = value
        properties = _map(shown.get("properties"))
        follow = self._document.follow
        gone = {name for name, child in properties.items() if _map(follow(child).value).get(hidden) is True}
        if gone:
            shown["properties"] = {name: child for name, child in properties.items() if name not in gone}
            shown["required"] = [name for name in _list(shown.get("required")) if name not in gone]
        return shown


def _bare(schema: Any, document: _Document) -> Any:
    """A schema cut to its type."""
    node = document.follow(schema).value
    if not isinstance(node, dict):
        return {}
    if "type" in node:
        return {"type": node["type"]}
    return {"type": "object"} if "properties" in node else {"type": "array"} if "items" in node else {}


def _sum(parts: list[Schema]) -> Schema | None:
    """One object schema that says what all of these say; None if they are not of that simple kind."""
    whole: Schema = {"type": "object", "properties": {}}
    required: list[Any] = []
    for part in parts:
        if part.get("type", "object") != "object" or not all(map(_adds_up, part)):
            return None
        for name, child in _map(part.get("properties")).items():
            if whole["properties"].setdefault(name, child) != child:
                return None
        required += _list(part.get("required"))
        for key in part.keys() & (_ANNOTATIONS | {"additionalProperties"}):
            whole.setdefault(key, part[key])
    unique = list(dict.fromkeys(name for name in required if isinstance(name, str)))
    return whole | ({"required": unique} if unique else {})


def _adds_up(keyword: str) -> bool:
    return keyword in _SUMMANDS or keyword.startswith("x-")


# --- operations ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Argument:
    name: str
    where: str
    """path, query, header, cookie or body."""
    schema: Any
    required: bool


class _Reader:
    def __init__(self, root: dict[str, Any], source: str, label: str) -> None:
        self._root = root
        self._source = source
        self._label = label
        self._document = _Document(root)
        self._writer = _Writer(self._document, source)
        self._credentials = set(self._find_credentials())
        self._names: set[str] = set()
        self.notes: list[str] = []

    def operations(self) -> Iterator[Found]:
        number = 0
        for path, item in _map(self._root.get("paths")).items():
            reached = self._document.follow(item)
            if reached.problem:
                self.notes.append(f"path {path!r} left out: $ref {reached.problem}")
            shared = _map(reached.value)
            for method in METHODS:
                if not isinstance(operation := shared.get(method), dict):
                    continue
                number += 1
                if number > MAX_OPERATIONS:
                    raise SourceError(
                        self._source, [f"has more than {MAX_OPERATIONS:,} operations; split it"]
                    )
                yield self._operation(path, method, operation, shared)

    def _operation(self, path: str, method: str, operation: dict[str, Any], item: dict[str, Any]) -> Found:
        changes: list[str] = []
        name = self._name(path, method, operation, changes)
        parameters = self._parameters(path, _list(item.get("parameters")), operation, changes)
        arguments = [*parameters, *self._body(operation, changes)]
        schema, cuts = self._writer.write(_object(arguments, changes), "readOnly", "parameters")
        changes += cuts
        description = _description(operation) or _description(item)
        if not description:
            description = f"{method.upper()} {path}"
            changes.append("description: missing; method and path stand for it")
        raw = {"name": name, "description": description, "parameters": schema}
        if (result := self._result(operation, changes)) is not None:
            raw["returns"], cuts = self._writer.write(result, "writeOnly", "returns")
            changes += cuts
        return Found(f"{method.upper()} {path}", raw, self._label, tuple(changes))

    def _name(self, path: str, method: str, operation: dict[str, Any], changes: list[str]) -> str:
        stated = operation.get("operationId")
        plain = re.sub(r"[\W_]+", "_", f"{method}_{path}").strip("_")
        name = stated if isinstance(stated, str) and stated.strip() else plain
        if name in self._names:
            unique = next(
                free
                for free in (plain, *(f"{plain}_{number}" for number in range(2, MAX_OPERATIONS + 2)))
                if free not in self._names
            )
            changes.append(f"name: {name!r} is another operation's; it is {unique!r}")
            name = unique
        self._names.add(name)
        return name

    def _find_credentials(self) -> Iterator[tuple[str, str]]:
        """Place and name, in lower case, of the parameters that carry an API key."""
        schemes = _map(_map(self._root.get("components")).get("securitySchemes"))
        for scheme in schemes.values():
            value = _map(self._document.follow(scheme).value)
            if value.get("type") == "apiKey":
                yield str(value.get("in")), str(value.get("name")).lower()

    def _parameters(
        self, path: str, shared: list[Any], operation: dict[str, Any], changes: list[str]
    ) -> list[_Argument]:
        """Those of the path and the operation; where both have one, the operation's."""
        found: dict[tuple[str, str], _Argument] = {}
        for raw in [*shared, *_list(operation.get("parameters"))]:
            reached = self._document.follow(raw)
            if reached.problem:
                changes.append(f"parameters: one left out: $ref {reached.problem}")
                continue
            parameter = _map(reached.value)
            name, where = parameter.get("name"), parameter.get("in")
            if not isinstance(name, str) or where not in ("path", "query", "header", "cookie"):
                changes.append(
                    f"parameters: one left out: it has no 'name', or no 'in' that is known ({where!r})"
                )
                continue
            if (where, name.lower()) in self._credentials:
                changes.append(f"parameters: {where} {name!r} left out; it carries credentials")
            elif where != "header" or name.lower() not in _SPEC_HEADERS:
                required = where == "path" or parameter.get("required") is True
                found[where, name] = _Argument(name, where, _parameter_schema(parameter), required)
        for name in re.findall(r"\{([^{}]+)\}", path):
            if ("path", name) not in found:
                changes.append(f"parameters: {name!r} of the path is not declared; it is text")
                found["path", name] = _Argument(name, "path", {"type": "string"}, True)
        order = ("path", "query", "header", "cookie")
        return sorted(found.values(), key=lambda argument: order.index(argument.where))

    def _body(self, operation: dict[str, Any], changes: list[str]) -> list[_Argument]:
        """The properties of the body; a body that is no plain object is one argument, `body`."""
        if "requestBody" not in operation:
            return []
        reached = self._document.follow(operation["requestBody"])
        if reached.problem:
            changes.append(f"parameters: the body left out: $ref {reached.problem}")
        body = _map(reached.value)
        schema = _content_schema(_map(body.get("content")))
        needed = body.get("required") is True
        if schema is None:
            changes.append("parameters: the body left out; it has no schema")
            return []
        if (plain := self._writer.object_of(schema, "readOnly")) is not None:
            required = plain.get("required", [])
            if required and not needed:
                # A call with them is right either way; authors forget to say that a body is required.
                changes.append(
                    "parameters: the body may be left out; what it requires is required all the same"
                )
            return [
                _Argument(name, "body", child, name in required)
                for name, child in plain["properties"].items()
            ]
        return [_Argument("body", "body", _described(schema, body.get("description")), needed)]

    def _result(self, operation: dict[str, Any], changes: list[str]) -> Any:
        """The schema of the first success response that has one; None if none has."""
        responses = _map(operation.get("responses"))
        for code in sorted(code for code in responses if re.fullmatch(r"2(\d\d|XX|xx)", code)):
            reached = self._document.follow(responses[code])
            if reached.problem:
                changes.append(f"returns: left undescribed: $ref {reached.problem}")
            content = _map(_map(reached.value).get("content"))
            if (schema := _content_schema(content)) is not None:
                return schema
        return None


def _description(described: dict[str, Any]) -> str:
    """Summary and description; the first alone where the second repeats it."""
    summary, text = (
        value.strip() if isinstance(value := described.get(key), str) else ""
        for key in ("summary", "description")
    )
    if text.lower().startswith(summary.lower().rstrip(".")):
        return text
    return "\n".join(filter(None, (summary, text)))


def _parameter_schema(parameter: dict[str, Any]) -> Any:
    schema = parameter.get("schema")
    if schema is None:
        schema = _content_schema(_map(parameter.get("content")))
    described = _described({} if schema is None else schema, parameter.get("description"))
    if isinstance(described, dict) and parameter.get("example") is not None:
        described = {"example": parameter["example"]} | described
    return described


def _described(schema: Any, description: Any) -> Any:
    if not isinstance(schema, dict) or not isinstance(description, str) or not description.strip():
        return schema
    return {**schema, "description": description.strip()}


def _content_schema(content: dict[str, Any]) -> Any:
    """The schema of the media type that a model can write best; None if there is no schema."""

    def rank(media: str) -> int:
        kind = media.partition(";")[0].strip().lower()
        if kind == "application/json" or kind.endswith("+json"):
            return 0
        return 1 if kind in ("application/x-www-form-urlencoded", "multipart/form-data") else 2

    for media in sorted(content, key=rank):
        schema = _map(content[media]).get("schema")
        if schema is not None:
            return schema
    return None


def _object(arguments: list[_Argument], changes: list[str]) -> Schema:
    """One object schema of all arguments. A name that is taken is told apart by its place."""
    properties: Schema = {}
    required: list[str] = []
    homes: dict[str, str] = {}
    for argument in arguments:
        name = argument.name
        if name in properties:
            tried = (f"{name}_{argument.where}{number}" for number in ("", *range(2, len(arguments) + 2)))
            name = next(free for free in tried if free not in properties)
            changes.append(
                f"/properties/{name}: it is {argument.name!r} of the {argument.where}; "
                f"the {homes[argument.name]} has that name too"
            )
        homes.setdefault(name, argument.where)
        properties[name] = argument.schema
        if argument.required:
            required.append(name)
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})
