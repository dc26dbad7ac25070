"""The main job as a user runs it: BFCL's tools in, 200 accepted dialogues out, set-up apart.

python -m benchmarks.main_job [--dialogues 200] [--seed 0]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import finish


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dialogues", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        command = [
            *(sys.executable, "-m", "cli.main", "run", "--tools", "bfcl"),
            *("--dialogues", str(options.dialogues), "--seed", str(options.seed)),
            *("--data-dir", str(data), "--json"),
        ]
        began = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        seconds = time.perf_counter() - began
        if done.returncode:
            sys.exit(f"the run failed with exit {done.returncode}")
        status = json.loads(done.stdout.splitlines()[-1])
        rows = [json.loads(line) for line in Path(status["files"]["openai"]).read_text().splitlines()]

    first = [next(m["content"] for m in row["messages"] if m["role"] == "user") for row in rows]
    states = ("in_flight", "accepted", "needs_review", "rejected", "dead")
    figures = {
        "seconds": round(seconds, 1),
        "dialogues_per_s": round(status["accepted"] / seconds, 2),
        "llm_calls_per_accepted": round(status["llm"]["calls"] / status["accepted"], 1),
        "sampled": status["sampled"],
        "needs_review": status["needs_review"],
        "dead": status["dead"],
        "by_scenario": status["by_scenario"],
        "rejections_by_rule": status["rejections_by_rule"],
    }
    finish(
        figures,
        {
            "seconds_for_the_job": (round(seconds, 1), "<= 60"),
            "accepted": (status["accepted"], f">= {options.dialogues}"),
            "scenarios": (sum(s["accepted"] > 0 for s in status["by_scenario"].values()), "== 5"),
            "not_conserved": (abs(status["sampled"] - sum(status[s] for s in states)), "== 0"),
            "twice_in_the_export": (
                len(rows) - len({row["metadata"]["dialogue_id"] for row in rows}),
                "== 0",
            ),
            "distinct_requests": (round(len(set(first)) / len(first), 4), ">= 0.99"),
        },
    )


if __name__ == "__main__":
    main()
