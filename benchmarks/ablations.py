"""What each part is good for: the same run with one of them off.

python -m benchmarks.ablations [--dialogues 300] [--tools 60] [--seed 0] [--only memory,judge]

Few tools and many dialogues, so that the memory has something to forbid. Each variant is a run of its own in
a fresh folder with the same seed. Figures of variety are those of the first --dialogues accepted ones.
"""

import argparse
import json
import random
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.figures import finish
from benchmarks.paper_statistics import command
from cli.store import open_store
from consumers.sampler.importers import read_tools
from schemas.settings import Settings
from schemas.tools import ToolSpec
from sinks.accepted import accepted_dialogues
from sinks.statistics import describe, facts

VARIANTS: dict[str, list[str]] = {
    "full": [],
    "memory": ["--no-memory"],
    "judge": ["--no-judge"],
    "evaluation": ["--no-evaluation"],
    "max slots": ["--slot-strategy", "max"],
    "min slots": ["--slot-strategy", "min"],
    "1 dialogue a tool": ["--dialogues-per-tool", "1"],
    "10 dialogues a tool": ["--dialogues-per-tool", "10"],
}
"""What is off, or other, and how the command says it."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dialogues", type=int, default=300)
    parser.add_argument("--tools", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="Variants, by comma. [default: all]")
    options = parser.parse_args()
    wanted = ["full", *(options.only.split(",") if options.only else list(VARIANTS)[1:])]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_pool(folder / "pool.json", options.tools, options.seed)
        found = {
            name: variant(folder, name, options.dialogues, options.seed, VARIANTS[name]) for name in wanted
        }
    targets = {}
    if "memory" in found:
        more = found["full"]["types"] - found["memory"]["types"]
        targets["more_types_with_memory"] = (more, ">= 1")
    finish({"variants": found}, targets)


def write_pool(path: Path, tools: int, seed: int) -> None:
    """A random part of BFCL's tools."""
    drawn = random.Random(seed).sample(read_tools("bfcl").tools, tools)
    path.write_text(json.dumps([_function(tool) for tool in drawn]))


def _function(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "parameters": tool.parameters}


def variant(folder: Path, name: str, dialogues: int, seed: int, switches: list[str]) -> dict[str, Any]:
    data = folder / name.replace(" ", "-")
    status = command(
        *("run", "--tools", folder / "pool.json", "--dialogues", dialogues, "--seed", seed),
        *("--data-dir", data, *switches),
    )
    with open_store(Settings(data_dir=data)) as store:
        found = describe([facts(dialogue) for dialogue in accepted_dialogues(store, status["run_id"])])
    return {
        "accepted": status["accepted"],
        "sampled": status["sampled"],
        "acceptance": round(status["accepted"] / status["sampled"], 3),
        "llm_calls_per_accepted": round(status["llm"]["calls"] / status["accepted"], 1),
        "types": found.types,
        "type_entropy_bits": round(found.type_entropy or 0.0, 3),
        "distinct_in_cluster": round(found.distinct_in_cluster or 0.0, 3),
        "distinct_1": round(found.distinct_1 or 0.0, 4),
        "distinct_2": round(found.distinct_2 or 0.0, 4),
        "distinct_3": round(found.distinct_3 or 0.0, 4),
        "calls_with_all_slots": round(found.call_filling[-1] / max(1, sum(found.call_filling)), 3),
    }


if __name__ == "__main__":
    main()
