"""Choosing the pool: which definitions are one tool, which of them is best, and which tools are wanted."""

from consumers.sampler.curation.asking import Curator
from consumers.sampler.curation.clusters import Clusters, Opinion, Pair
from consumers.sampler.curation.core import (
    Apart,
    Curation,
    Decision,
    Prepared,
    Progress,
    choose,
    curate,
    prepare,
    settle,
)
from consumers.sampler.curation.definition import Definition

__all__ = [
    "Apart",
    "Clusters",
    "Curation",
    "Curator",
    "Decision",
    "Definition",
    "Opinion",
    "Pair",
    "Prepared",
    "Progress",
    "choose",
    "curate",
    "prepare",
    "settle",
]
