"""When more tools remain than wanted: keep good ones that are far from each other."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from consumers.sampler.curation.definition import Definition
from consumers.sampler.curation.nearness import Space, Tell, silent


@dataclass(frozen=True)
class Selection:
    chosen: tuple[int, ...]
    """Rows, in the order in which they were chosen."""
    nearest: dict[int, tuple[int, float]]
    """Row that was not chosen -> the nearest chosen one and the similarity to it."""


def select(
    definitions: Sequence[Definition],
    sizes: Sequence[int],
    space: Space,
    target: int,
    seed: int = 0,
    tell: Tell = silent,
) -> Selection:
    """Choose `target` definitions, or all where there are fewer.

    Farthest-point traversal (T. Gonzalez, Clustering to minimize the maximum intercluster distance, 1985),
    weighted: each time the one with the most to add, which is its distance from what is chosen already,
    times its quality, times its demand. The seed decides between equals. Takes O(target x definitions).

    Args:
        sizes: how many definitions each stands for. What many people have defined is what many want; without
            this weight a traversal by distance alone would choose the odd before the common.
    """
    count = len(definitions)
    if count <= target:
        return Selection(tuple(range(count)), {})
    quality = np.array([definition.quality.score for definition in definitions])
    worth = quality * (1 + np.log(sizes) / 2)
    order = np.array(sorted(range(count), key=lambda row: _drawn(seed, definitions[row])))
    covered, by = np.zeros(count), np.full(count, -1)
    free = np.ones(count, dtype=bool)
    chosen: list[int] = []
    while len(chosen) < target:
        gain = np.where(free, worth * (1 - covered), -1.0).round(6)
        row = int(order[np.argmax(gain[order])])
        chosen.append(row)
        free[row] = False
        similar = space.to_all(row)
        nearer = (similar > covered) | (by < 0)
        covered[nearer], by[nearer] = similar[nearer], row
        tell(len(chosen), target)
    nearest = {int(row): (int(by[row]), float(covered[row])) for row in np.flatnonzero(free)}
    return Selection(tuple(chosen), nearest)


def _drawn(seed: int, definition: Definition) -> bytes:
    return hashlib.sha256(f"{seed}/{definition.id}".encode()).digest()
