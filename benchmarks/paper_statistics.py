"""A data set of the paper's size, measured next to the paper's figures.

python -m benchmarks.paper_statistics [--dialogues 4500] [--tools 1000] [--seed 0] [--data-dir FOLDER]

BFCL's definitions are curated to a pool; 2,000 single-turn, 2,000 multi-turn and 500 special dialogues (or
the same mix of fewer) are made of it with the offline teacher. With --data-dir everything stays there, and
the same command goes on where it was stopped.

The paper does not say of what its slot-filling ratio is a share. Both readings are printed: of the slots of
the called tool, and of all slots on the table. Only the second can be spread: most tools have so few
optional parameters that their calls are full or nearly so (`reachable` says how many could be in each bin).
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import finish
from cli.store import open_store
from consumers.sampler.importers import read_tools
from schemas.dialogue import SPECIAL_KINDS, Scenario
from schemas.settings import Settings
from schemas.tools import ToolSpec
from sinks.accepted import accepted_dialogues
from sinks.statistics import describe, facts, tool_coverage

PAPER = {"tools": 3.11, "turns": 4.46, "tasks": 3.27}
"""Means of the paper's data: tools a dialogue, turns a multi-turn one, tasks a multi-task one."""
LEAST_TURNS = 5
"""Times that every tool is to be a target."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dialogues", type=int, default=4500)
    parser.add_argument("--tools", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        measure(options.data_dir or Path(temporary), options.dialogues, options.tools, options.seed)


def measure(folder: Path, dialogues: int, tools: int, seed: int) -> None:
    pool_file, data = folder / "pool.json", folder / "data"
    if not pool_file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command("tools", "curate", "bfcl", "--target", tools, "--to", pool_file, "--data-dir", data)
    began = time.perf_counter()
    status = command(
        *("run", "--tools", pool_file, "--dialogues", dialogues, "--seed", seed, "--data-dir", data)
    )
    seconds = time.perf_counter() - began
    pool = read_tools(str(pool_file)).tools
    with open_store(Settings(data_dir=data)) as store:
        found = [facts(dialogue) for dialogue in accepted_dialogues(store, status["run_id"])]
    statistics = describe(found)
    coverage = tool_coverage(found, len(pool), LEAST_TURNS)
    assert coverage is not None
    accepted = status["accepted"]
    filling = shares(statistics.table_filling)
    figures: dict[str, Any] = {
        "pool": len(pool),
        "seconds": round(seconds, 1),
        "dialogues_per_s": round(accepted / seconds, 2),
        "llm_calls_per_accepted": round(status["llm"]["calls"] / accepted, 1),
        "sampled": status["sampled"],
        "needs_review": status["needs_review"],
        "dead": status["dead"],
        "rejections_by_rule": status["rejections_by_rule"],
        "scenarios": {name: shape.dialogues for name, shape in statistics.scenarios.items()},
        "special_kinds": statistics.special_kinds,
        "slot_filling_of_calls": shares(statistics.call_filling),
        "slot_filling_of_calls_reachable": reachable(pool),
        "slot_filling_of_table": filling,
        "tools_called": statistics.tools_called,
        "coverage": {"least": coverage.least, "median": coverage.middle, "most": coverage.most},
        "dependent": statistics.dependent,
        "parallel_share": statistics.parallel / max(1, statistics.calling),
        "errors_share": statistics.errors / max(1, statistics.results),
        "types": statistics.types,
        "distinct_2": statistics.distinct_2,
        "distinct_3": statistics.distinct_3,
    }
    assert statistics.tools_on_table is not None
    assert statistics.turns is not None
    assert statistics.tasks is not None
    finish(
        figures,
        {
            "accepted": (accepted, f">= {dialogues}"),
            "tools_on_the_table": (round(statistics.tools_on_table, 3), f">= {PAPER['tools']}"),
            "turns_of_multi_turn": (round(statistics.turns, 3), f">= {PAPER['turns']}"),
            "tasks_of_multi_task": (round(statistics.tasks, 3), f">= {PAPER['tasks']}"),
            "least_bin_of_slot_filling": (min(filling), ">= 0.12"),
            "scenarios": (len(statistics.scenarios), f"== {len(Scenario)}"),
            "special_kinds": (len(statistics.special_kinds), f"== {len(SPECIAL_KINDS)}"),
            "least_turns_of_a_tool": (coverage.least, f">= {LEAST_TURNS}"),
            "distinct_requests": (round(statistics.distinct_requests or 0.0, 4), ">= 0.99"),
        },
    )


def command(*arguments: object) -> dict[str, Any]:
    """Run `genesisfunc` to its end and give its last line."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *map(str, arguments), "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"genesisfunc {arguments[0]} failed with exit {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def shares(counts: Sequence[int]) -> list[float]:
    return [round(count / max(1, sum(counts)), 3) for count in counts]


def reachable(pool: Sequence[ToolSpec]) -> dict[str, int]:
    """Tools of which some call could have its slot-filling ratio in each fifth of [0, 1]."""
    found: Counter[str] = Counter()
    for tool in pool:
        slots = len(tool.properties)
        filled = range(max(1, len(tool.required)), slots + 1)
        for fifth in {math.ceil(5 * count / slots) for count in filled}:
            found[f"{(fifth - 1) / 5:.1f}-{fifth / 5:.1f}"] += 1
    return dict(sorted(found.items()))


if __name__ == "__main__":
    main()
