"""From the definitions found in a source to its distinct clean tools; each unusable one gets a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from consumers.sampler.importers.normalise import RETURNS, Imported, ToolError, clean
from consumers.sampler.importers.pool import Definitions, count, identity

SHOWN = 10
"""Problems listed in one message."""


class SourceError(ValueError):
    """A source of tools cannot be used. Lists up to ten problems: which tool, where in it, and why."""

    def __init__(self, source: object, problems: Sequence[str]) -> None:
        self.source = str(source)
        self.problems = tuple(problems)
        if len(problems) == 1:
            super().__init__(f"{source}: {problems[0]}")
        else:
            super().__init__("\n".join([f"{source}: {count(len(problems), 'problem')}", *listed(problems)]))


@dataclass(frozen=True)
class Found:
    """A tool definition, and its place in the source."""

    place: str
    """`[3]`, `tools[3]`, `line 4, function[0]`, `GET /pets`; empty where the name says enough."""
    raw: object
    """As `clean` takes it; a `ToolError` where the importer itself found out that it cannot be used."""
    source: str
    """Goes into `ToolSpec.source`, unless the definition brings its own."""
    changes: tuple[str, ...] = ()
    """What was changed on the way here, worded like `Imported.changes`."""
    strict: bool = False
    """Somebody's own definition, which they can mend: what is wrong with it is an error."""


@dataclass(frozen=True)
class Finding:
    """What an importer found, in the order of the source."""

    found: tuple[Found, ...]
    notes: tuple[str, ...] = ()
    """Sentences for the user about the source as a whole."""


def collect(finding: Finding, source: str) -> Definitions:
    """Clean every definition, each distinct one once.

    Args:
        source: as the user named it.

    Raises:
        SourceError: no definition can be used; or one that is `strict` cannot, or stands under a name that
            another of them has.
    """
    kept: dict[bytes, tuple[Found, Imported]] = {}
    broken: list[tuple[Found, str]] = []
    read = 0
    # Data sets carry the same few tools along over and over: each is cleaned once.
    known: dict[bytes, Imported | ToolError] = {}
    for definition in finding.found:
        outcome = _cleaned(definition, known)
        if isinstance(outcome, ToolError):
            broken.append((definition, _sentence(definition.place, outcome)))
        else:
            read += 1
            kept.setdefault(identity(outcome.tool), (definition, outcome))
    if not finding.found:
        raise SourceError(source, [*finding.notes, "holds no tools"])
    problems = [problem for _, problem in broken]
    if problems and (not kept or any(definition.strict for definition, _ in broken)):
        raise SourceError(source, problems)
    if clashes := _clashes(list(kept.values())):
        raise SourceError(source, clashes)
    said = list(finding.notes)
    if repeats := read - len(kept):
        said.append(f"{count(repeats, 'definition')} stood in it more than once, word for word")
    if problems:
        said.append(f"{count(len(problems), 'definition')} left out as unusable")
        said += listed(problems)
    return Definitions(tuple(imported for _, imported in kept.values()), source, tuple(said))


def listed(problems: Sequence[str]) -> list[str]:
    more = len(problems) - SHOWN
    return [f"  {problem}" for problem in problems[:SHOWN]] + ([f"  and {more:,} more"] if more > 0 else [])


def _cleaned(definition: Found, known: dict[bytes, Imported | ToolError]) -> Imported | ToolError:
    try:
        key = msgspec.json.encode((definition.raw, definition.source, definition.changes, definition.strict))
    except (TypeError, UnicodeEncodeError):
        return _attempt(definition)
    if key not in known:
        known[key] = _attempt(definition)
    return known[key]


def _attempt(definition: Found) -> Imported | ToolError:
    if isinstance(definition.raw, ToolError):
        return definition.raw
    changes = definition.changes
    try:
        imported = clean(definition.raw, definition.source)
    except ToolError as error:
        if definition.strict or not error.pointer.startswith("returns"):
            return error
        # A tool can be used without knowing what it gives back.
        changes = (*changes, f"{error.pointer}: {error.problem}; the result is left undescribed")
        imported = clean(_without_result(definition.raw), definition.source)
    return replace(imported, changes=(*changes, *imported.changes)) if changes else imported


def _without_result(raw: Any) -> dict[str, Any]:
    kept = {key: value for key, value in raw.items() if key not in RETURNS}
    return kept | {"function": _without_result(kept["function"])} if "function" in kept else kept


def _sentence(place: str, error: ToolError) -> str:
    where = " ".join(filter(None, (place, repr(error.tool) if error.tool else "")))
    return f"{where or 'a tool without a name'}: {error.pointer}: {error.problem}"


def _clashes(distinct: list[tuple[Found, Imported]]) -> list[str]:
    """One's own definitions that share a name but say different things. Of others' the best is taken."""
    first: dict[str, Found] = {}
    problems = []
    for definition, imported in distinct:
        name = imported.tool.name
        held = first.setdefault(name, definition)
        if held is not definition and held.strict and definition.strict:
            problems.append(
                f"{definition.place} {name!r}: name: already taken by {held.place}, which is defined "
                "differently; rename or remove one"
            )
    return problems
