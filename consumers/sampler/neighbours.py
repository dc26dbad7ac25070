"""Which tools are worth comparing: lexical neighbours by TF-IDF.

1,000 tools are 499,500 pairs. Nearly all have nothing in common, and that needs no model to say; the
model rates the few pairs found here (agents.roles.sample).
"""

import re
from collections.abc import Sequence
from typing import Any

from schemas.tools import ToolSpec


class Neighbours:
    """Nearest tools by cosine similarity of word TF-IDF over names, descriptions and parameter names."""

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        # Imported here: scikit-learn takes a second to load, and only the sampler needs it.
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.names = tuple(tool.name for tool in tools)
        self._row = {name: i for i, name in enumerate(self.names)}
        vectorizer = TfidfVectorizer(sublinear_tf=True)
        self._matrix: Any = vectorizer.fit_transform(_text(tool) for tool in tools)

    def nearest(self, name: str, k: int) -> list[str]:
        """The k nearest other tools, the nearest first; ties fall to the earlier in the pool."""
        row = self._row[name]
        similar = self._similar(row)
        order = sorted(range(len(self.names)), key=lambda i: (-similar[i], i))
        return [self.names[i] for i in order if i != row][:k]

    def similarity(self, name: str, others: Sequence[str]) -> dict[str, float]:
        """Cosine similarity in [0, 1] of each other tool to a tool."""
        similar = self._similar(self._row[name])
        return {other: min(1.0, float(similar[self._row[other]])) for other in others}

    def _similar(self, row: int) -> Any:
        return (self._matrix @ self._matrix[row].T).toarray().ravel()


def _text(tool: ToolSpec) -> str:
    """Identifiers as words: `get_weatherByCity` is about getting weather by city."""
    words = " ".join([tool.name, *tool.properties])
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", " ", words)
    # One word in common, so that a tool of which nothing is known still becomes a row.
    return f"tool {split} {tool.description}"
