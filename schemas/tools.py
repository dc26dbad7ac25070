"""A tool as every stage knows it."""

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct, field


class ToolSpec(Struct, frozen=True, kw_only=True):
    """One function a model may call."""

    name: str
    """As its owner wrote it; exports that need a narrower alphabet rename it there."""
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    """A JSON Schema 2020-12 object schema of the arguments."""
    returns: dict[str, Any] | None = None
    """JSON Schema of the result, where the source states one."""
    source: str = ""
    """Where it came from, for licences and coverage: `bfcl:simple_python`, `file:tools.json`."""

    @property
    def properties(self) -> dict[str, Any]:
        found = self.parameters.get("properties", {})
        return found if isinstance(found, dict) else {}

    @property
    def required(self) -> tuple[str, ...]:
        found = self.parameters.get("required", ())
        return tuple(found) if isinstance(found, list | tuple) else ()


def pool_hash(tools: Iterable[ToolSpec]) -> str:
    """The pool's content address: 16 hex digits, independent of the order of the tools."""
    digest = hashlib.sha256()
    for line in sorted(msgspec.json.encode(tool, order="deterministic") for tool in tools):
        digest.update(line + b"\n")
    return digest.hexdigest()[:16]
