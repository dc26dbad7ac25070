"""Which tools are worth comparing: lexical neighbours by TF-IDF.

1,000 tools are 499,500 pairs. Nearly all have nothing in common, and that needs no model to say; the
model rates the few pairs found here (agents.roles.sample).
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from schemas.tools import ToolSpec

NEAREST, CALLED_NEAR, PROVIDERS = 8, 3, 2
"""Neighbours of a tool; tools that count it among their own nearest; tools that may compute its arguments."""
CLUSTER_FROM = 0.35
"""Cosine similarity to a cluster's leader from which a tool is its kin."""
_BLOCK = 512
"""Rows of the similarity matrix held at a time."""


class Neighbours:
    """Nearest tools by cosine similarity of word TF-IDF over names, descriptions and parameter names."""

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        # Imported here: scikit-learn takes a second to load, and only the sampler needs it.
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.names = tuple(tool.name for tool in tools)
        self._tools = tuple(tools)
        self._row = {name: i for i, name in enumerate(self.names)}
        vectorizer = TfidfVectorizer(sublinear_tf=True)
        self._matrix: Any = vectorizer.fit_transform(_text(tool) for tool in tools)

    def nearest(self, name: str, k: int = NEAREST) -> list[str]:
        """The nearest other tools, at most `NEAREST`; ties fall to the earlier in the pool."""
        return [self.names[i] for i in self._nearest[self._row[name]][:k]]

    def kin(self, name: str) -> list[str]:
        """The tools worth rating against one: its nearest, those it is nearest to, and likely providers.

        Nearness is lopsided: some tools are near to many and others to none. Looking from both sides
        gives every tool somebody to share a dialogue with.
        """
        row = self._row[name]
        near = self._nearest[row]
        callers = [i for i in self._callers[row] if i not in near][:CALLED_NEAR]
        found = [*near, *callers]
        providers = [i for i in self._providers(row) if i not in found][:PROVIDERS]
        return [self.names[i] for i in (*found, *providers)]

    def similarity(self, name: str, others: Sequence[str]) -> dict[str, float]:
        """Cosine similarity in [0, 1] of each other tool to a tool."""
        similar = (self._matrix @ self._matrix[self._row[name]].T).toarray().ravel()
        return {other: min(1.0, float(similar[self._row[other]])) for other in others}

    @cached_property
    def clusters(self) -> dict[str, str]:
        """Tool -> the leader of its cluster: the first tool, by name, that is near enough to stand for it."""
        leaders: dict[int, int] = {}
        near: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for start, similar in self._blocks():
            for i, j in zip(*np.nonzero(similar >= CLUSTER_FROM), strict=True):
                near[start + int(i)].append((float(similar[i, j]), int(j)))
        for row in sorted(range(len(self.names)), key=self.names.__getitem__):
            led = [(-r, self.names[j], j) for r, j in near[row] if leaders.get(j) == j]
            leaders[row] = min(led)[2] if led else row
        return {self.names[row]: self.names[leader] for row, leader in leaders.items()}

    @cached_property
    def _nearest(self) -> list[list[int]]:
        found: list[list[int]] = []
        for start, similar in self._blocks():
            for i in range(len(similar)):
                similar[i, start + i] = -1.0
            # A stable sort of the negative: among equals the earlier tool comes first.
            k = min(NEAREST, len(self.names) - 1)
            found += np.argsort(-similar, axis=1, kind="stable")[:, :k].tolist()
        return found

    @cached_property
    def _callers(self) -> dict[int, list[int]]:
        """Tool -> the tools that have it among their nearest, those that rank it highest first."""
        callers: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for row, near in enumerate(self._nearest):
            for rank, other in enumerate(near):
                callers[other].append((rank, row))
        return defaultdict(list, {row: [caller for _, caller in sorted(of)] for row, of in callers.items()})

    def _blocks(self) -> Iterable[tuple[int, Any]]:
        for start in range(0, len(self.names), _BLOCK):
            yield start, (self._matrix[start : start + _BLOCK] @ self._matrix.T).toarray()

    @cached_property
    def _named(self) -> dict[str, list[int]]:
        """Word -> the tools that have it in their name."""
        found: dict[str, list[int]] = defaultdict(list)
        for row, name in enumerate(self.names):
            for word in set(_words(name)):
                found[word].append(row)
        return found

    def _providers(self, row: int) -> list[int]:
        """Tools whose name speaks of a required parameter: `get_coordinates` for a `coordinates`."""
        tool = self._tools[row]
        scores: dict[int, float] = {}
        for parameter in tool.required:
            telling = [word for word in _words(parameter) if word not in _VAGUE]
            if not telling:
                continue
            named = [set(self._named.get(word, ())) for word in telling]
            weight = sum(math.log(len(self.names) / (1 + len(rows))) for rows in named)
            for other in set.intersection(*named) - {row}:
                share = len(telling) / len(_words(self.names[other]))
                scores[other] = max(scores.get(other, 0.0), weight * share)
        return sorted(scores, key=lambda other: (-scores[other], other))


_VAGUE = frozenset(
    (
        "id", "ids", "name", "number", "value", "type", "date", "time", "start", "end", "key", "code", "list",
        "data", "unit", "text", "string", "mode", "format", "limit", "size", "count", "year", "month", "day",
        "amount", "status", "description", "title", "user",
    )
)  # fmt: skip
"""Words of parameter names that say nothing about where a value could come from."""


def _words(identifier: str) -> list[str]:
    """Identifiers as words: `get_weatherByCity` is about getting weather by city; plurals are cut."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", " ", identifier).lower().split()
    return [word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] != "s" else word for word in split]


def _text(tool: ToolSpec) -> str:
    words = " ".join([tool.name, *tool.properties])
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", " ", words)
    # One word in common, so that a tool of which nothing is known still becomes a row.
    return f"tool {split} {tool.description}"
