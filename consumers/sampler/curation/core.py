"""Thousands of tool definitions in, a pool of good and distinct tools out, and a reason for each definition.

1. Definitions that no dialogue could pass with are left out.
2. What is the same tool is clustered (`clusters`), and of each cluster the best definition is kept.
3. If more remain than wanted, a diverse selection is made (`selection`).

The result is a function of the set of definitions, the opinions and the seed: the order of the input does
not matter.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
from msgspec import Struct

from consumers.sampler.curation.clusters import By, Clusters, Decide, Groundwork, Link, cluster, groundwork
from consumers.sampler.curation.definition import Definition, advantage, ranked
from consumers.sampler.curation.names import unique_names
from consumers.sampler.curation.selection import Selection, select
from schemas.tools import ToolSpec


class Apart(Struct, frozen=True):
    """A better definition that was close, and why it is another tool all the same."""

    id: str
    similarity: float
    by: By
    reason: str


class Decision(Struct, frozen=True):
    """What became of a definition, and why."""

    id: str
    name: str
    source: str
    decision: Literal["kept", "merged_into", "left_out", "not_chosen"]
    by: By
    reason: str
    representative: str = ""
    """Id: of the definition it is merged into, or of the nearest kept one if it was not chosen."""
    similarity: float | None = None
    """To the representative."""
    model: str = ""
    prompt_version: str = ""
    name_in_pool: str = ""
    """The name of a kept one, where another has a better claim to its own."""
    apart: tuple[Apart, ...] = ()


@dataclass(frozen=True)
class Curation:
    """A pool and how it came about."""

    tools: tuple[ToolSpec, ...]
    """The pool, by name."""
    definitions: tuple[Definition, ...]
    """All that were looked at, the best first; `decisions` has their order."""
    decisions: tuple[Decision, ...]
    target: int
    clusters: int
    """Distinct tools, whether chosen or not."""
    asked_pairs: int

    @property
    def counts(self) -> dict[str, object]:
        found = Counter(decision.decision for decision in self.decisions)
        merged = Counter(d.by for d in self.decisions if d.decision == "merged_into")
        return {
            "definitions": len(self.definitions),
            "left_out": found["left_out"],
            "clusters": self.clusters,
            "merged_by": {"cheap": merged["cheap pass"], "model": merged["model"]},
            "asked_pairs": self.asked_pairs,
            "not_chosen": found["not_chosen"],
            "kept": found["kept"],
        }


Faults = Callable[[ToolSpec], Sequence[str]]
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is, and of how much."""


def _quiet(what: str, done: int, of: int) -> None:
    pass


@dataclass(frozen=True)
class Prepared:
    """All that can be worked out without a model."""

    definitions: tuple[Definition, ...]
    """The best first."""
    faults: Mapping[str, str]
    """Id -> why it is left out."""
    ground: Groundwork
    """Of the others."""

    @property
    def usable(self) -> Sequence[Definition]:
        return self.ground.definitions


def prepare(tools: Iterable[ToolSpec], faults: Faults, progress: Progress = _quiet) -> Prepared:
    """Leave out what cannot be used, and compare the rest.

    Args:
        faults: what is wrong with a tool's definition; one with faults is left out.
    """
    definitions = ranked(tools)
    faulty = {d.id: "; ".join(found) for d in definitions if (found := faults(d.tool))}
    usable = [definition for definition in definitions if definition.id not in faulty]
    progress("comparing definitions", 0, len(usable))
    ground = groundwork(usable, lambda done, of: progress("comparing definitions", done, of))
    return Prepared(tuple(definitions), faulty, ground)


async def settle(prepared: Prepared, decide: Decide, progress: Progress = _quiet) -> Clusters:
    """Cluster the usable definitions.

    Args:
        decide: says which close pairs have the same purpose (`asking.Curator`).
    """
    return await cluster(prepared.ground, decide, lambda done, of: progress("telling tools apart", done, of))


def choose(
    prepared: Prepared, clusters: Clusters, target: int, seed: int = 0, progress: Progress = _quiet
) -> Curation:
    """The pool: one tool a cluster, and of those at most `target`."""
    usable, leaders = prepared.usable, clusters.leaders
    members = clusters.members()
    selection = select(
        [usable[row] for row in leaders],
        [1 + len(members[row]) for row in leaders],
        prepared.ground.space.part(leaders),
        target,
        seed,
        lambda done, of: progress("choosing a diverse set", done, of),
    )
    decided = _decided(usable, clusters, leaders, selection)
    decisions = {decision.id: decision for decision in (*decided, *_left_out(prepared))}
    pool = [
        msgspec.structs.replace(d.tool, name=decisions[d.id].name_in_pool)
        for d in usable
        if decisions[d.id].decision == "kept"
    ]
    return Curation(
        tools=tuple(sorted(pool, key=lambda tool: tool.name)),
        definitions=prepared.definitions,
        decisions=tuple(decisions[definition.id] for definition in prepared.definitions),
        target=target,
        clusters=len(leaders),
        asked_pairs=clusters.asked,
    )


async def curate(
    tools: Iterable[ToolSpec], *, target: int, faults: Faults, decide: Decide, seed: int = 0
) -> Curation:
    """A pool of at most `target` tools: `prepare`, `settle` and `choose` in one."""
    prepared = prepare(tools, faults)
    return choose(prepared, await settle(prepared, decide), target, seed)


def _left_out(prepared: Prepared) -> list[Decision]:
    return [
        Decision(
            id=d.id,
            name=d.tool.name,
            source=d.tool.source,
            decision="left_out",
            by="rule",
            reason=f"no dialogue with it could pass the rules: {prepared.faults[d.id]}",
        )
        for d in prepared.definitions
        if d.id in prepared.faults
    ]


def _decided(
    definitions: Sequence[Definition], clusters: Clusters, leaders: Sequence[int], selection: Selection
) -> list[Decision]:
    """The decisions on usable definitions."""
    members = clusters.members()
    kept = sorted(leaders[place] for place in selection.chosen)
    names = dict(zip(kept, unique_names([definitions[row] for row in kept]), strict=True))
    nearest = {leaders[place]: (leaders[by], near) for place, (by, near) in selection.nearest.items()}
    return [
        _merged(definitions, row, clusters.joined[row])
        if row in clusters.joined
        else _lead(definitions, row, members[row], names.get(row), nearest.get(row), clusters.apart[row])
        for row in range(len(definitions))
    ]


def _merged(definitions: Sequence[Definition], row: int, link: Link) -> Decision:
    tool, opinion = definitions[row].tool, link.opinion
    return Decision(
        id=definitions[row].id,
        name=tool.name,
        source=tool.source,
        decision="merged_into",
        by=opinion.by,
        reason=opinion.reason,
        representative=definitions[link.to].id,
        similarity=link.similarity,
        model=opinion.model,
        prompt_version=opinion.prompt_version,
    )


def _lead(
    definitions: Sequence[Definition],
    row: int,
    members: Sequence[int],
    name: str | None,
    nearest: tuple[int, float] | None,
    apart: Sequence[Link],
) -> Decision:
    tool = definitions[row].tool
    held_apart = tuple(
        Apart(definitions[link.to].id, link.similarity, link.opinion.by, link.opinion.reason)
        for link in apart
    )
    reason = advantage(definitions[row], [definitions[member] for member in members])
    if nearest is None:
        assert name is not None
        renamed = "" if name == tool.name else f"; named {name}, since a better one is called {tool.name}"
        return Decision(
            id=definitions[row].id,
            name=tool.name,
            source=tool.source,
            decision="kept",
            by="rule",
            reason=reason + renamed,
            name_in_pool=name,
            apart=held_apart,
        )
    other, similarity = nearest
    return Decision(
        id=definitions[row].id,
        name=tool.name,
        source=tool.source,
        decision="not_chosen",
        by="rule",
        reason=f"adds less than those chosen: {definitions[other].tool.name} is {similarity:.0%} like it",
        representative=definitions[other].id,
        similarity=similarity,
        apart=held_apart,
    )
