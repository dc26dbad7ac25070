"""How near two definitions are, by their letters: cosine of TF-IDF over runs of three to five letters.

Name, description and parameter names each count with a weight of their own, so that a long description
does not drown the name. Runs of letters, not words, since identifiers glue and cut words as they like.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consumers.sampler.curation.definition import words
from schemas.tools import ToolSpec

NAME, DESCRIPTION, PARAMETERS = 0.3, 0.45, 0.25
"""Weights of the three parts."""
BLOCK = 512
"""Definitions compared with all others at a time: 512 rows over 26,507 columns are 54 MB."""

Similar = NDArray[np.float64]
Near = list[tuple[int, float]]
"""Rows with their similarity, the nearest first."""
Tell = Callable[[int, int], None]
"""Called with how many are done, and of how many."""


def silent(done: int, of: int) -> None:
    """Tells nobody."""


class Space:
    """Definitions as points. Rows are their places in the list."""

    def __init__(self, points: Any) -> None:
        self._points = points

    @classmethod
    def of(cls, tools: Sequence[ToolSpec]) -> "Space":
        # Imported here: scikit-learn takes a second to load, and few commands need it.
        from scipy.sparse import csr_array, hstack

        if not tools:
            return cls(csr_array((0, 1), dtype=np.float32))
        parts = (
            (NAME, [" ".join(words(tool.name)) for tool in tools]),
            (DESCRIPTION, [re.sub(r"\s+", " ", tool.description).casefold() for tool in tools]),
            (PARAMETERS, [" ".join(words(" ".join(tool.properties))) for tool in tools]),
        )
        return cls(
            csr_array(hstack([_weighed(texts) * np.float32(np.sqrt(weight)) for weight, texts in parts]))
        )

    def part(self, rows: Sequence[int]) -> "Space":
        """Some of the definitions, numbered by their places in `rows`."""
        return Space(self._points[list(rows)])

    def to_all(self, row: int) -> Similar:
        """Similarity in [0, 1] of one to each, itself included."""
        return _rounded((self._points @ self._points[[row]].T).toarray().ravel())

    def similarity(self, row: int, others: Sequence[int]) -> list[float]:
        """Of one to each of the others, in [0, 1]."""
        if not others:
            return []
        found = (self._points[list(others)] @ self._points[[row]].T).toarray().ravel()
        return list(map(float, _rounded(found)))

    def nearest_before(self, floor: float, most: int, tell: Tell = silent) -> list[Near]:
        """For each row: its nearest among those before it.

        Args:
            floor: similarity from which one counts.
            most: how many are kept.
        """
        points = self._points
        found: list[Near] = []
        for start in range(0, points.shape[0], BLOCK):
            stop = min(start + BLOCK, points.shape[0])
            block = _rounded((points[start:stop] @ points[:stop].T).toarray())
            for offset, similar in enumerate(block):
                before = similar[: start + offset]
                close = np.flatnonzero(before >= floor)
                order = np.lexsort((close, -before[close]))[:most]
                found.append([(int(i), float(before[i])) for i in close[order]])
            tell(stop, points.shape[0])
        return found


def _weighed(texts: Sequence[str]) -> Any:
    """TF-IDF rows of length 1."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, dtype=np.float32)
    # Two that say nothing agree in that.
    return vectorizer.fit_transform(text or "nothing" for text in texts)


def _rounded(similarity: NDArray[np.float32]) -> Similar:
    """Four digits: beyond them lies only the order in which a machine adds up."""
    return np.clip(similarity.astype(np.float64).round(4), 0.0, 1.0)
