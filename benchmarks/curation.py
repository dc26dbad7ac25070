"""Is curating 26,507 tools quick and frugal, and does it find the duplicates planted among them?

The definitions of BFCL are varied: some variants are the same tool in other words, some are another tool in
nearly the same words. Every question about a close pair is answered at once, by the truth and then by the
offline teacher's comparison, so what is measured is everything but a model's waiting time.

Precision and recall are over pairs within a family, a definition and its variants: whether two families
share a purpose is not known here.

    python -m benchmarks.curation [--tools 26507] [--target 1000] [--seed 0]
"""

import argparse
import asyncio
import random
import re
import resource
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

from agents.roles.curator import summary
from agents.teacher import curator
from benchmarks.figures import finish
from consumers.rule_checker.core import tool_errors
from consumers.sampler.curation import Curation, Definition, Opinion, Pair, Prepared, choose, prepare, settle
from consumers.sampler.importers import read_tools
from schemas.tools import ToolSpec

SAME_SHARE = 0.7
"""Share of the variants that are the same tool in other words."""

REWORDED = {
    "get": "fetch",
    "retrieve": "get",
    "retrieves": "fetches",
    "find": "locate",
    "calculate": "compute",
    "calculates": "works out",
    "specific": "particular",
    "specified": "given",
    "given": "provided",
    "based on": "using",
    "returns": "gives back",
}
UNDONE = {
    "get": "delete",
    "retrieve": "delete",
    "find": "remove",
    "search": "delete",
    "calculate": "plot",
    "create": "archive",
    "book": "cancel",
    "add": "withdraw",
    "update": "export",
}
"""Another deed for a verb."""
OTHERS = (
    *("glacier", "invoice", "satellite", "vaccine", "orchard", "violin", "harbour", "pension", "reactor"),
    *("passport", "comet", "vineyard", "tariff", "robot", "aquarium", "elevator", "turbine", "refugee"),
    *("cargo", "tunnel", "beehive", "canal", "prison", "bakery", "lottery", "parcel"),
)
"""Another thing for the thing a tool is about."""
OPTIONAL = ("verbose", "timeout", "request_id", "locale")


@dataclass(frozen=True)
class Planted:
    tool: ToolSpec
    family: str
    """The name of the definition it was varied from."""
    kind: str
    """Two of a family are the same tool if they are of one kind."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tools", type=int, default=26_507)
    parser.add_argument("--target", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    planted = plant(read_tools("bfcl").tools, options.tools, random.Random(options.seed))
    truth = {Definition(one.tool).id: (one.family, one.kind) for one in planted}

    async def by_truth(pairs: Sequence[Pair]) -> list[Opinion]:
        return [Opinion(truth[a.id] == truth[b.id], "planted so") for a, b in pairs]

    async def by_teacher(pairs: Sequence[Pair]) -> list[Opinion]:
        return [Opinion(*curator.compare(summary(a.tool), summary(b.tool))) for a, b in pairs]

    began = time.perf_counter()
    prepared = prepare([one.tool for one in planted], tool_errors)
    after_preparing = time.perf_counter()
    told = _curated(prepared, by_truth, options.target)
    seconds = time.perf_counter() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    quality = {"truth": grade(told, truth), "teacher": grade(_curated(prepared, by_teacher, 10**9), truth)}
    finish(
        {
            **told.counts,
            "seconds": {
                "comparing": round(after_preparing - began, 1),
                "clustering_and_choosing": round(seconds + began - after_preparing, 1),
            },
            "quality": quality,
        },
        {
            "seconds": (round(seconds, 1), "<= 120"),
            "peak_rss_mb": (round(peak_mb), "<= 2048"),
            "kept": (len(told.tools), f"== {options.target}"),
            "precision_if_asked_the_truth": (quality["truth"]["precision"], ">= 0.99"),
            "recall_if_asked_the_truth": (quality["truth"]["recall"], ">= 0.95"),
        },
    )


def _curated(prepared: Prepared, decide: Any, target: int) -> Curation:
    return choose(prepared, asyncio.run(settle(prepared, decide)), target)


def grade(curation: Curation, truth: dict[str, tuple[str, str]]) -> dict[str, Any]:
    """Pair precision and recall within the families, and how the cheap pass alone did."""
    cluster = {d.id: d.representative if d.decision == "merged_into" else d.id for d in curation.decisions}
    usable = [d.id for d in curation.decisions if d.decision != "left_out"]

    def pairs(key: Callable[[str], object]) -> int:
        return sum(comb(size, 2) for size in Counter(map(key, usable)).values())

    together = pairs(lambda id_: (cluster[id_], truth[id_][0]))
    planted = pairs(lambda id_: truth[id_])
    both = pairs(lambda id_: (cluster[id_], truth[id_]))
    cheap = [d for d in curation.decisions if d.decision == "merged_into" and d.by == "cheap pass"]
    within = [d for d in cheap if truth[d.id][0] == truth[d.representative][0]]
    right = sum(truth[d.id] == truth[d.representative] for d in within)
    return {
        "planted_pairs": planted,
        "precision": round(both / max(1, together), 4),
        "recall": round(both / max(1, planted), 4),
        "cheap_merges": len(cheap),
        "cheap_precision": round(right / max(1, len(within)), 4),
        "asked_pairs": curation.asked_pairs,
    }


# --- planting -------------------------------------------------------------------------------------


def plant(bases: Sequence[ToolSpec], count: int, rng: random.Random) -> list[Planted]:
    """The bases and variants of them, `count` different ones in all."""
    found = {Definition(tool).id: Planted(tool, tool.name, "") for tool in bases[:count]}
    turn = 0
    while len(found) < count:
        base = bases[turn % len(bases)]
        turn += 1
        one = reworded(base, rng) if rng.random() < SAME_SHARE else other(base, rng)
        found.setdefault(Definition(one.tool).id, one)
    return list(found.values())


def reworded(base: ToolSpec, rng: random.Random) -> Planted:
    """The same tool as another vendor would write it."""
    tool = base
    for change in rng.sample((_rename, _reword, _introduce, _extend, _undescribe), rng.randint(1, 3)):
        tool = change(tool, rng)
    return Planted(tool, base.name, "")


def other(base: ToolSpec, rng: random.Random) -> Planted:
    """Another tool in nearly the same words: another deed, or another thing."""
    verb = next((verb for verb in UNDONE if _has(base.name, verb) and _has(base.description, verb)), "")
    if verb and rng.random() < 0.5:
        return Planted(_changed(base, verb, UNDONE[verb], in_name=True), base.name, UNDONE[verb])
    thing = rng.choice(OTHERS)
    parts = [part for part in re.findall(r"[A-Za-z][a-z]{3,}", base.name) if part.lower() not in UNDONE]
    about = max(parts, key=len, default="")
    if not about:
        named = _with(base, name=f"{base.name}_{thing}", description=f"{base.description} For a {thing}.")
        return Planted(named, base.name, thing)
    return Planted(_changed(base, about.lower(), thing, in_name=True), base.name, thing)


def _rename(tool: ToolSpec, rng: random.Random) -> ToolSpec:
    words = [part for part in re.split(r"[._]|(?<=[a-z])(?=[A-Z])", tool.name) if part]
    camel = words[0].lower() + "".join(word[:1].upper() + word[1:] for word in words[1:])
    snake = "_".join(words).lower()
    return _with(tool, name=rng.choice([name for name in (camel, snake) if name != tool.name] or [camel]))


def _reword(tool: ToolSpec, rng: random.Random) -> ToolSpec:
    known = [word for word in REWORDED if re.search(rf"\b{word}\b", tool.description, re.IGNORECASE)]
    word = rng.choice(known) if known else ""
    return _changed(tool, word, REWORDED[word]) if word else tool


def _introduce(tool: ToolSpec, rng: random.Random) -> ToolSpec:
    text = tool.description
    opening = rng.choice(("This function can be used to ", "Use this tool to ", "API endpoint. "))
    return _with(tool, description=opening + text[:1].lower() + text[1:])


def _extend(tool: ToolSpec, rng: random.Random) -> ToolSpec:
    more = {rng.choice(OPTIONAL): {"type": "string", "description": "May be left out."}}
    return _with(tool, parameters={**tool.parameters, "properties": {**tool.properties, **more}})


def _undescribe(tool: ToolSpec, rng: random.Random) -> ToolSpec:
    bare = {
        name: {key: value for key, value in schema.items() if key != "description"}
        for name, schema in tool.properties.items()
    }
    return _with(tool, parameters={**tool.parameters, "properties": bare})


def _changed(tool: ToolSpec, word: str, new: str, *, in_name: bool = False) -> ToolSpec:
    """One word for another throughout the description, keeping capitals."""

    def swapped(match: re.Match[str]) -> str:
        return new.capitalize() if match[0][:1].isupper() else new

    def swap(text: str, start: str) -> str:
        return re.sub(start + re.escape(word), swapped, text, flags=re.IGNORECASE)

    name = swap(tool.name, "") if in_name else tool.name
    return _with(tool, name=name, description=swap(tool.description, r"\b"))


def _has(text: str, word: str) -> bool:
    return word in text.lower()


def _with(tool: ToolSpec, **changes: Any) -> ToolSpec:
    kept = {name: getattr(tool, name) for name in ("name", "description", "parameters", "returns", "source")}
    return ToolSpec(**(kept | changes))


if __name__ == "__main__":
    main()
