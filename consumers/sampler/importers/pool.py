"""A pool of tools, and which definition stands where a name has several."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from consumers.sampler.importers.normalise import Imported
from schemas.tools import ToolSpec


@dataclass(frozen=True)
class Definitions:
    """Everything a source of tools held, once cleaned: a name may stand there several times."""

    imported: tuple[Imported, ...]
    """Distinct, see `identity`."""
    source: str
    """As the user named it."""
    notes: tuple[str, ...] = ()
    """Sentences for the user about what was read and what was left out."""


@dataclass(frozen=True)
class Pool:
    """What a source of tools held, once cleaned."""

    tools: tuple[ToolSpec, ...]
    """Each name once."""
    source: str
    """As the user named it."""
    notes: tuple[str, ...] = ()
    """Sentences for the user: how much was read, merged, cleaned, left out."""
    changes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Tool name -> what cleaning changed; tools that were clean are absent."""


def identity(tool: ToolSpec) -> bytes:
    """The same for two definitions that differ in nothing but where they stand."""
    content = (tool.name, tool.description, tool.parameters, tool.returns)
    return msgspec.json.encode(content, order="deterministic")


def best_by_name(definitions: Iterable[Imported]) -> dict[str, Imported]:
    """Keep the best definition of each name, at the place where the name first stood.

    Best is, in this order: one with a description; the most described parameters, at any depth; the
    longest description; the first.
    """
    best: dict[str, Imported] = {}
    for imported in definitions:
        held = best.get(imported.tool.name)
        if held is None or _merit(imported.tool) > _merit(held.tool):
            best[imported.tool.name] = imported
    return best


def _merit(tool: ToolSpec) -> tuple[bool, int, int]:
    described = sum(1 for _ in _described(tool.parameters))
    return bool(tool.description.strip()), described, len(tool.description)


def _described(schema: dict[str, Any]) -> Iterator[str]:
    """Names of the properties that say what they are, at any depth of objects and lists."""
    properties = schema.get("properties")
    for name, child in properties.items() if isinstance(properties, dict) else ():
        if isinstance(child, dict):
            if child.get("description"):
                yield name
            yield from _described(child)
    if isinstance(items := schema.get("items"), dict):
        yield from _described(items)


def merged(definitions: Definitions) -> Pool:
    """The best definition of each name (see `best_by_name`), with the counts as the first note."""
    read = definitions.imported
    kept = tuple(best_by_name(read).values())
    changes = {imported.tool.name: imported.changes for imported in kept if imported.changes}
    counts = f"{count(len(read), 'definition')}, {count(len(kept), 'name')}"
    if lost := len(read) - len(kept):
        counts += f" ({lost:,} merged into the best of their name)"
    return Pool(
        tools=tuple(imported.tool for imported in kept),
        source=definitions.source,
        notes=(f"{counts}; {count(len(changes), 'schema')} cleaned", *definitions.notes),
        changes=changes,
    )


def count(number: int, noun: str) -> str:
    """`1 schema`, `2 schemas`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
