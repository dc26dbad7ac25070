"""How much work a schema asks for, told before it is compiled.

A schema is a program that somebody else wrote. `$ref` lets a few lines of it ask for a billion steps (thirty
definitions, each `anyOf` twice the next), and some ask for an endless number of them. The native validator
takes them all at their word, and nothing can interrupt it. So the work is counted first:

    work(schema, depth) = 1 + Σ work(subschema of the same value, depth)
                            + Σ work(subschema of any part of it, depth - 1)
                            + max over the properties of work(subschema of that property, depth - 1)

which is how often a single chain of values, `depth` levels deep, has subschemas looked at, at most.
"""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

MAX_DEPTH = 64
"""Levels of lists and objects. Beyond some hundreds the native validator overflows its stack."""
MAX_LEVELS = 200
"""Levels of a schema, keywords included."""
MAX_VALUES = 20_000
"""Values of a schema: keywords, names, options."""
MAX_PATTERN = 20_000
"""Characters of all patterns of a schema."""
MAX_WORK = 2_000
"""Subschemas looked at for one chain of values. Each takes some microseconds where it has errors to tell."""
_LEAST_DEPTH = 3
"""A schema that asks for too much at this depth already is of no use."""

_IN_PLACE = ("not", "if", "then", "else")
_IN_PLACE_LISTS = ("allOf", "anyOf", "oneOf")
_PARTS = (
    *("items", "contains", "additionalProperties", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties"),
)
_REFERENCES = ("$ref", "$dynamicRef")


class Bounds(Struct, frozen=True):
    """What a schema may be used for."""

    fault: str = ""
    """Why it may not be used at all; empty: it may."""
    depth: int = MAX_DEPTH
    """Levels of a value that it may be held against."""


def bounds(schema: Any) -> Bounds:
    """What a schema may be used for; takes time in proportion to its size, and none to speak of over that."""
    sized = _Size(schema)
    if sized.fault or not (sized.refers or sized.reevaluates):
        return Bounds(sized.fault)
    graph = _Graph(schema)
    order = graph.in_place_order()
    if isinstance(order, str):
        return Bounds(f"refers to itself by {order!r} without going to a property or an item in between")
    depth = graph.affordable_depth(order)
    if depth < _LEAST_DEPTH:
        return Bounds(f"looks at one and the same value more than {MAX_WORK:,} times")
    return Bounds(depth=depth)


class _Size:
    """One walk over a schema, which ends where a limit is passed."""

    def __init__(self, schema: Any) -> None:
        self.refers = self.reevaluates = False
        self.fault = ""
        values = patterns = level = 0
        layer = [schema]
        while layer:
            deeper: list[Any] = []
            for item in layer:
                values += len(item) if isinstance(item, dict | list | tuple) else 0
                if values > MAX_VALUES:
                    self.fault = f"holds more than {MAX_VALUES:,} values"
                    return
                if isinstance(item, dict):
                    self.refers = self.refers or any(key in item for key in _REFERENCES)
                    self.reevaluates = self.reevaluates or any(key.startswith("unevaluated") for key in item)
                    patterns += sum(map(len, _patterns(item)))
                    deeper += item.values()
                elif isinstance(item, list | tuple):
                    deeper += item
            layer, level = deeper, level + 1
            if level > MAX_LEVELS:
                self.fault = f"nests deeper than {MAX_LEVELS} levels"
                return
        if patterns > MAX_PATTERN:
            self.fault = f"has patterns of {patterns:,} characters, more than {MAX_PATTERN:,}"


def _patterns(schema: dict[str, Any]) -> Iterator[str]:
    if isinstance(pattern := schema.get("pattern"), str):
        yield pattern
    if isinstance(named := schema.get("patternProperties"), dict):
        yield from named


class _Node:
    """A subschema, and which others it asks for."""

    def __init__(self) -> None:
        self.in_place: list[tuple[int, str]] = []
        """(subschema that looks at the same value, the reference that leads there or "")."""
        self.parts: list[int] = []
        """Those that may look at any part of the value."""
        self.properties: list[int] = []
        """Those that look at a property each."""
        self.times = 1
        """How often those in place are asked: once more where it must be known what they have looked at."""


class _Graph:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._anchors = dict(_anchors(root))
        self.nodes: dict[int, _Node] = {}
        self._waiting = [root]
        while self._waiting:
            schema = self._waiting.pop()
            if isinstance(schema, dict) and id(schema) not in self.nodes:
                self.nodes[id(schema)] = self._node(schema)

    def _node(self, schema: dict[str, Any]) -> _Node:
        node = _Node()
        node.times = 1 + any(key.startswith("unevaluated") for key in schema)
        for keyword in _REFERENCES:
            if isinstance(reference := schema.get(keyword), str):
                node.in_place += ((place, reference) for place in self._enter(self._target(reference)))
        same = [schema.get(keyword) for keyword in _IN_PLACE]
        same += (*_values(schema.get("dependentSchemas")), *_values(schema.get("dependencies")))
        for keyword in _IN_PLACE_LISTS:
            same += _values(schema.get(keyword))
        node.in_place += ((place, "") for place in self._enter(*same))
        node.parts = self._enter(
            *(schema.get(keyword) for keyword in _PARTS),
            *_values(schema.get("patternProperties")),
        )
        node.properties = self._enter(*_values(schema.get("properties")), *_values(schema.get("prefixItems")))
        return node

    def _enter(self, *schemas: Any) -> list[int]:
        found = [schema for schema in schemas if isinstance(schema, dict)]
        self._waiting += found
        return [id(schema) for schema in found]

    def _target(self, reference: str) -> Any:
        """What a reference points to; None: nothing in this document."""
        address, _, fragment = reference.partition("#")
        target = self._anchors.get(address.rsplit("/", 1)[-1]) if address else self._root
        if fragment and not fragment.startswith("/"):
            return self._anchors.get(f"#{fragment}")
        for part in fragment.split("/")[1:]:
            part = part.replace("~1", "/").replace("~0", "~")
            if isinstance(target, dict):
                target = target.get(part)
            elif isinstance(target, list | tuple) and part.isdecimal() and int(part) < len(target):
                target = target[int(part)]
            else:
                return None
        return target

    def in_place_order(self) -> list[int] | str:
        """The nodes, each after all it asks for in place; or the reference that closes a loop."""
        order: list[int] = []
        done: set[int] = set()
        for start in self.nodes:
            if start in done:
                continue
            path = {start: ""}
            stack = [(start, iter(self.nodes[start].in_place))]
            while stack:
                place, following = stack[-1]
                for child, reference in following:
                    if child in path:
                        return reference or next(filter(None, reversed(path.values())), "#")
                    if child not in done:
                        path[child] = reference
                        stack.append((child, iter(self.nodes[child].in_place)))
                        break
                else:
                    stack.pop()
                    del path[place]
                    done.add(place)
                    order.append(place)
        return order

    def affordable_depth(self, order: list[int]) -> int:
        """Levels of a value for which the work keeps within `MAX_WORK`, at most `MAX_DEPTH`; -1: none."""
        start = id(self._root)
        shallower = dict.fromkeys(order, 0)
        for depth in range(MAX_DEPTH + 1):
            work: dict[int, int] = {}
            for place in order:
                node = self.nodes[place]
                total = 1 + node.times * sum([work[child] for child, _ in node.in_place])
                total += sum([shallower[child] for child in node.parts])
                total += max([shallower[child] for child in node.properties], default=0)
                work[place] = min(total, MAX_WORK + 1)
            if work[start] > MAX_WORK:
                return depth - 1
            if work == shallower:
                break
            shallower = work
        return MAX_DEPTH


def _values(children: Any) -> list[Any]:
    if isinstance(children, dict):
        return list(children.values())
    return list(children) if isinstance(children, list | tuple) else []


def _anchors(schema: Any) -> Iterator[tuple[str, Any]]:
    """(name, subschema) of all that references may name: `#anchor`, and the last part of an `$id`."""
    waiting = [schema]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            for keyword in ("$anchor", "$dynamicAnchor"):
                if isinstance(name := item.get(keyword), str):
                    yield f"#{name}", item
            if isinstance(name := item.get("$id"), str):
                yield name.rstrip("#").rsplit("/", 1)[-1], item
            waiting += item.values()
        elif isinstance(item, list | tuple):
            waiting += item
