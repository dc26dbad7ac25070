"""A pool of tools, and which definition stands where a name has several."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from consumers.sampler.importers.normalise import Imported
from schemas.tools import ToolSpec


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


def make_pool(definitions: int, kept: Iterable[Imported], source: str, notes: Iterable[str] = ()) -> Pool:
    """Put the kept definitions into a pool, with the counts as its first note.

    Args:
        definitions: how many distinct ones were read, those merged away included.
    """
    kept = tuple(kept)
    changes = {imported.tool.name: imported.changes for imported in kept if imported.changes}
    merged = definitions - len(kept)
    counts = f"{count(definitions, 'definition')}, {count(len(kept), 'name')}"
    if merged:
        counts += f" ({merged:,} merged into the best of their name)"
    return Pool(
        tools=tuple(imported.tool for imported in kept),
        source=source,
        notes=(f"{counts}; {count(len(changes), 'schema')} cleaned", *notes),
        changes=changes,
    )


def count(number: int, noun: str) -> str:
    """`1 schema`, `2 schemas`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
