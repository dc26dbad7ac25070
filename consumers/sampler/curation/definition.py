"""A tool definition as the curator sees it: what it is called in the records, and how good it is."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from schemas.tools import ToolSpec

ENOUGH_WORDS = 12
"""Words from which a description counts as complete."""


@dataclass(frozen=True)
class Quality:
    """What a model needs to use a tool rightly, each as a share from 0 to 1."""

    described: float
    """Parameters that say what they are, at any depth; 1 without parameters."""
    explained: float
    """Words of the description over `ENOUGH_WORDS`."""
    typed: float
    """Parameters that state a type or options."""
    returns: float
    """1 if the definition says what comes back."""

    @property
    def score(self) -> float:
        return round(0.4 * self.described + 0.3 * self.explained + 0.15 * self.typed + 0.15 * self.returns, 4)


@dataclass(frozen=True)
class Definition:
    tool: ToolSpec

    @cached_property
    def id(self) -> str:
        """Twelve hex digits over the content and its source."""
        return hashlib.sha256(msgspec.json.encode(self.tool, order="deterministic")).hexdigest()[:12]

    @cached_property
    def quality(self) -> Quality:
        return quality(self.tool)

    @cached_property
    def name_key(self) -> str:
        """The name without case, separators and what they set apart: `getUser`, `get_user`."""
        return re.sub(r"[\W_]+", "", self.tool.name.casefold()) or self.tool.name

    @cached_property
    def deed(self) -> frozenset[str]:
        """What the name says beyond "get" and "calculate"; all of it where it says no more."""
        found = frozenset(words(self.tool.name))
        return found - _SAY_LITTLE or found

    @cached_property
    def said(self) -> frozenset[str]:
        """What the description speaks of: its words without the small ones, in one form."""
        found = (_one_form(word) for word in re.findall(r"\w+", self.tool.description.casefold()))
        return frozenset(found) - SMALL_WORDS

    @cached_property
    def demands(self) -> frozenset[tuple[str, str]]:
        """Required parameters with their types: what a call cannot do without."""
        return frozenset((name, kind) for name, kind in self.kinds.items() if name in self._required)

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Parameter, spelt without case and separators -> its type."""
        return {_bare(name): _kind(schema) for name, schema in self.tool.properties.items()}

    @cached_property
    def _required(self) -> frozenset[str]:
        return frozenset(map(_bare, self.tool.required))


def ranked(tools: Iterable[ToolSpec]) -> list[Definition]:
    """The definitions, each once, the best first; the order they came in does not matter.

    Of equally good ones the one that requires least comes first, since it serves the most requests; but
    one without any parameters comes last, since it may have forgotten them.
    """
    distinct = {definition.id: definition for definition in map(Definition, tools)}
    return sorted(
        distinct.values(),
        key=lambda d: (
            -d.quality.score,
            not d.tool.properties,
            len(d.tool.required),
            -min(len(d.tool.description), 300),
            d.tool.name,
            d.id,
        ),
    )


def quality(tool: ToolSpec) -> Quality:
    parameters = list(_parameters(tool.parameters))
    return Quality(
        described=_share([bool(schema.get("description")) for schema in parameters]),
        explained=min(1.0, len(tool.description.split()) / ENOUGH_WORDS),
        typed=_share([not _TYPES.isdisjoint(schema) for schema in parameters]),
        returns=float(tool.returns is not None),
    )


def advantage(best: Definition, others: Sequence[Definition]) -> str:
    """Why a definition stands for others, in words."""
    if not others:
        return "nothing else has its purpose"
    ahead = [
        text for text, of in _ADVANTAGES if of(best.quality) > min(of(other.quality) for other in others)
    ]
    count = f"best of {len(others) + 1} definitions"
    return f"{count}: {', '.join(ahead)}" if ahead else f"{count}, all as complete as this one"


_ADVANTAGES: tuple[tuple[str, Callable[[Quality], float]], ...] = (
    ("more of its parameters are described", lambda quality: quality.described),
    ("its description says more", lambda quality: quality.explained),
    ("more of its parameters have a type", lambda quality: quality.typed),
    ("it says what it returns", lambda quality: quality.returns),
)
_TYPES = frozenset({"type", "enum", "const", "$ref", "anyOf", "oneOf", "allOf"})
SMALL_WORDS = frozenset(
    {
        "a",
        "an",
        "the",
        "this",
        "that",
        "these",
        "it",
        "its",
        "is",
        "are",
        "be",
        "can",
        "will",
        "and",
        "or",
        "as",
    }
    | {"of", "for", "in", "on", "at", "to", "from", "by", "with", "api", "tool", "function"}
    | {"specific", "specified", "given", "particular", "certain", "provided", "desired"}
)
_AS_GET = frozenset({"retrieve", "fetch", "obtain", "return", "show"})
_SAY_LITTLE = frozenset(
    {"get", "fetch", "retrieve", "obtain", "return", "returns", "show", "calculate", "calc", "compute"}
    | {"api", "tool", "function", "the", "of", "a", "an", "for"}
)


def words(identifier: str) -> list[str]:
    """An identifier as words: `get_weatherByCity` is about getting weather by city."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+", " ", identifier).lower().split()


def _one_form(word: str) -> str:
    """Without the plural's or the verb's `s`; and to retrieve is to get, to compute to calculate."""
    bare = word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
    return "get" if bare in _AS_GET else "calculate" if bare == "compute" else bare


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold()) or name


def _kind(schema: Any) -> str:
    kind = schema.get("type", "") if isinstance(schema, dict) else ""
    kinds = sorted(map(str, kind)) if isinstance(kind, list) else [str(kind)]
    # Sources differ in this pair, and no caller is hurt by it.
    return "/".join("number" if kind == "integer" else kind for kind in kinds)


def _parameters(schema: Any) -> Iterator[dict[str, Any]]:
    """Schemas of the properties at any depth of objects and lists."""
    if not isinstance(schema, dict):
        return
    properties = schema.get("properties")
    for child in properties.values() if isinstance(properties, dict) else ():
        if isinstance(child, dict):
            yield child
            yield from _parameters(child)
    yield from _parameters(schema.get("items"))


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found) if found else 1.0
