"""Which definitions are one tool: clusters, each around the best of its definitions.

Definitions are taken from the best to the worst. Each joins one that is better and has the same purpose,
or leads a cluster of its own. So a cluster is a star, never a chain: whoever is merged was held against
the very definition that is kept, by the cheap pass or by the model, and is at least `ALIKE` to it.

1. The cheap pass merges what is nearly identical and asks for the same arguments.
2. The model decides about what is close. It is asked in rounds: a definition that a better one might still
   take in waits until that one's fate is known.
"""

import copy
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from consumers.sampler.curation.definition import Definition
from consumers.sampler.curation.nearness import Near, Space, Tell, silent

IDENTICAL = 0.8
"""Similarity from which two are one that agree in the deed their names speak of, in what they require and in
the types of all they share, and whose descriptions do not both have words of their own."""
CLOSE = 0.45
"""Similarity from which the model is asked. Below it two are apart unless a third links them."""
ALIKE = 0.3
"""Least similarity within a cluster, whatever anybody says."""
NEAREST = 24
"""Better definitions that one is held against."""
MOST_ASKED = 8
"""Questions about one definition; whoever differs from its eight nearest leads a cluster."""
NAMESAKES = 3
"""Better definitions of the same name that one is held against even where they are not close."""

By = Literal["rule", "cheap pass", "model"]


@dataclass(frozen=True)
class Opinion:
    """Whether two definitions have the same purpose, and who says so."""

    same: bool
    reason: str
    by: By = "model"
    model: str = ""
    prompt_version: str = ""


Pair = tuple[Definition, Definition]
"""The better definition first."""
Decide = Callable[[Sequence[Pair]], Awaitable[Sequence[Opinion]]]


@dataclass(frozen=True)
class Link:
    """How a definition stands to another."""

    to: int
    """Its row."""
    similarity: float
    opinion: Opinion


@dataclass
class Clusters:
    """Rows are places in the list of definitions."""

    leader: list[int]
    """Row -> the row it is merged into; itself for one that leads."""
    joined: dict[int, Link] = field(default_factory=dict)
    """Row of a merged definition -> its link to the leader."""
    apart: dict[int, list[Link]] = field(default_factory=lambda: defaultdict(list))
    """Row -> better definitions that it was held against and found to be other tools."""
    asked: int = 0
    """Pairs that were put to the model."""

    @property
    def leaders(self) -> list[int]:
        return [row for row, leader in enumerate(self.leader) if row == leader]

    def members(self) -> dict[int, list[int]]:
        """Leader -> the rows merged into it."""
        found: dict[int, list[int]] = {row: [] for row in self.leaders}
        for row, leader in enumerate(self.leader):
            if row != leader:
                found[leader].append(row)
        return found

    def join(self, row: int, link: Link) -> None:
        self.leader[row] = link.to
        self.joined[row] = link


@dataclass(frozen=True)
class Groundwork:
    """What can be said before anybody is asked."""

    definitions: Sequence[Definition]
    """The best first."""
    space: Space
    cheap: Clusters
    """After the cheap pass."""
    heads: list[int]
    """The rows that lead then; the model is asked about these alone."""
    near: list[Near]
    """Head, by its place in `heads` -> places of the better heads that it may have the purpose of."""


def groundwork(definitions: Sequence[Definition], tell: Tell = silent) -> Groundwork:
    """Compare all definitions, the best first, and merge what is nearly identical."""
    space = Space.of([definition.tool for definition in definitions])
    cheap = merge_identical(definitions, space)
    heads = cheap.leaders
    near = space.part(heads).nearest_before(CLOSE, NEAREST, tell)
    return Groundwork(definitions, space, cheap, heads, near)


async def cluster(ground: Groundwork, decide: Decide, tell: Tell = silent) -> Clusters:
    """Put each definition into one cluster.

    Args:
        decide: an opinion a pair. What it is asked, and in what order, depends on the definitions alone.
    """
    definitions, space, heads = ground.definitions, ground.space, ground.heads
    found, followers = copy.deepcopy(ground.cheap), ground.cheap.members()
    settled = await _settle([definitions[row] for row in heads], space.part(heads), ground.near, decide, tell)
    found.asked = settled.asked
    for place, head in enumerate(heads):
        found.apart[head] = [_moved(link, heads) for link in settled.apart[place]]
        if place in settled.joined:
            link = _moved(settled.joined[place], heads)
            found.join(head, link)
            _follow(found, followers[head], link, definitions[head], space)
    return found


def merge_identical(definitions: Sequence[Definition], space: Space) -> Clusters:
    """The cheap pass: merge what differs in nothing that matters."""
    found = Clusters(list(range(len(definitions))))
    alike: dict[object, list[int]] = defaultdict(list)
    for row, definition in enumerate(definitions):
        alike[definition.deed, definition.demands].append(row)
    opinion = Opinion(True, "almost the same words, and the same required parameters", "cheap pass")
    for rows in alike.values():
        while len(rows) > 1:
            head, *rest = rows
            rows = []
            for row, similarity in zip(rest, space.similarity(head, rest), strict=True):
                if similarity >= IDENTICAL and _agree(definitions[head], definitions[row]):
                    found.join(row, Link(head, similarity, opinion))
                else:
                    rows.append(row)
    return found


def _agree(first: Definition, second: Definition) -> bool:
    """What both call by the same name has the same type, and one description says all that the other says.

    Where each has a word of its own, that may be all the difference: to retrieve, to delete.
    """
    same_types = all(second.kinds.get(name, kind) == kind for name, kind in first.kinds.items())
    return same_types and not (first.said - second.said and second.said - first.said)


def _follow(found: Clusters, rows: Sequence[int], link: Link, head: Definition, space: Space) -> None:
    """Those nearly identical to a head go where it goes; one too unlike the new leader leads on its own."""
    reason = f"almost the same words as {head.tool.name} ({head.id}), of which: {link.opinion.reason}"
    with_it = replace(link.opinion, reason=reason)
    unlike = Opinion(False, "its words have too little in common with those of the kept one", "rule")
    for row, similarity in zip(rows, space.similarity(link.to, rows), strict=True):
        if similarity >= ALIKE:
            found.join(row, Link(link.to, similarity, with_it))
        else:
            found.leader[row] = row
            del found.joined[row]
            found.apart[row].append(Link(link.to, similarity, unlike))


def _moved(link: Link, rows: Sequence[int]) -> Link:
    return Link(rows[link.to], link.similarity, link.opinion)


async def _settle(
    definitions: Sequence[Definition], space: Space, close: Sequence[Near], decide: Decide, tell: Tell
) -> Clusters:
    """Cluster by opinions alone, asked about close pairs in as few rounds as the order allows."""
    near = _with_namesakes(close, definitions, space)
    found = Clusters([-1] * len(definitions))
    undecided = list(range(len(definitions)))
    while undecided:
        questions: list[tuple[int, int, float]] = []
        waiting = []
        for row in undecided:
            question, waits = _next(row, near[row], found, space)
            if question is not None:
                questions.append((row, *question))
            if question is not None or waits:
                waiting.append(row)
            else:
                found.leader[row] = row
        pairs = [(definitions[other], definitions[row]) for row, other, _ in questions]
        opinions = await decide(pairs) if pairs else []
        for (row, other, similarity), opinion in zip(questions, opinions, strict=True):
            link = Link(other, similarity, opinion)
            if opinion.same:
                found.join(row, link)
            else:
                found.apart[row].append(link)
        found.asked += len(questions)
        undecided = [row for row in waiting if found.leader[row] < 0]
        tell(len(definitions) - len(undecided), len(definitions))
    return found


def _next(row: int, near: Near, found: Clusters, space: Space) -> tuple[tuple[int, float] | None, bool]:
    """The nearest leader that nothing has been said about yet, and whether a better definition is undecided.

    A near definition that was merged speaks for its leader: that is who to compare with.
    """
    apart = {link.to for link in found.apart[row]}
    if len(apart) >= MOST_ASKED:
        return None, False
    similar = dict(near)
    leaders = {found.leader[other] for other in similar}
    unspoken = sorted(leaders - apart - {-1})
    spoken_for = [leader for leader in unspoken if leader not in similar]
    similar |= dict(zip(spoken_for, space.similarity(row, spoken_for), strict=True))
    alike = [leader for leader in unspoken if similar[leader] >= ALIKE]
    if not alike:
        return None, -1 in leaders
    nearest = min(alike, key=lambda leader: (-similar[leader], leader))
    return (nearest, similar[nearest]), True


def _with_namesakes(near: Sequence[Near], definitions: Sequence[Definition], space: Space) -> list[Near]:
    """Also the best of the same name: what is called the same may be the same in other words."""
    first: dict[str, list[int]] = defaultdict(list)
    linked = []
    for row, (definition, close) in enumerate(zip(definitions, near, strict=True)):
        namesakes = first[definition.name_key]
        others = [other for other in namesakes if other not in dict(close)]
        linked.append([*close, *zip(others, space.similarity(row, others), strict=True)])
        if len(namesakes) < NAMESAKES:
            namesakes.append(row)
    return linked
