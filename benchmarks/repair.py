"""What repair saves, and whether faults slip through with it.

Two runs of the same tools, one with `--repair`. The offline teacher plants defects in the repairs too; a
label counts where the reply stands in the finished dialogue.

    python -m benchmarks.repair [--dialogues 200] [--defect-rate 0.3]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.figures import finish
from schemas.dialogue import Dialogue
from sinks.accepted import accepted_dialogues
from sinks.planted import is_fault, labelled_calls, planted_in, read_labels
from sinks.store import EventStore


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dialogues", type=int, default=200)
    parser.add_argument("--defect-rate", type=float, default=0.3)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        without = measured(Path(folder) / "without", options)
        repairing = measured(Path(folder) / "with", options, "--repair")

    gain = repairing["accepted_per_sampled"] / without["accepted_per_sampled"]
    finish(
        {"without": without, "with": repairing},
        {
            "conserved": (without["conserved"] + repairing["conserved"], "== 2"),
            "gain_in_accepted_per_sampled": (round(gain, 3), ">= 1.05"),
            "faulty_share_of_repaired": (repairing["repaired"]["faulty_share"], "<= 0.1"),
        },
    )


def measured(data: Path, options: argparse.Namespace, *more: str) -> dict[str, Any]:
    """A run's figures."""
    command = [
        *(sys.executable, "-m", "cli.main", "run", "--tools", "bfcl", "--json", "--data-dir", str(data)),
        *("--dialogues", str(options.dialogues), "--defect-rate", str(options.defect_rate), *more),
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"the run failed with exit {done.returncode}")
    status = json.loads(done.stdout.splitlines()[-1])
    with EventStore(f"chdb://{data / 'clickhouse'}") as store:
        run_id = status["run_id"]
        accepted = {dialogue.id: dialogue for dialogue in accepted_dialogues(store, run_id)}
        labels = read_labels(data / "teacher" / "defects.jsonl")
        planted = planted_in(accepted, labelled_calls(store, run_id, [*accepted], labels), labels)
        [[failed, passed_later]] = store.query(
            "SELECT uniqExactIf(dialogue_id, NOT passed), uniqExactIf(dialogue_id, passed AND dialogue_id IN "
            "(SELECT dialogue_id FROM events WHERE subject = 'dialogue.repaired')) "
            "FROM events WHERE subject = 'checked.rule'"
        ).rows
    repaired = [each for each in accepted.values() if any(not repair.failure for repair in each.repairs)]
    as_written = [each for each in accepted.values() if not each.repairs]
    return {
        **{key: status[key] for key in ("sampled", "accepted", "needs_review", "dead", "repairs")},
        "conserved": int(status["conserved"]),
        "accepted_per_sampled": round(status["accepted"] / status["sampled"], 3),
        "calls_per_accepted": round(status["llm"]["calls"] / max(1, status["accepted"]), 1),
        "failed_a_rule": failed,
        "passed_after_repair": passed_later,
        "repaired": _faults(repaired, planted),
        "as_written": _faults(as_written, planted),
    }


def _faults(dialogues: list[Dialogue], planted: dict[str, set[str]]) -> dict[str, Any]:
    """Accepted dialogues, and which of them carry a planted fault."""
    kinds = [{*filter(is_fault, planted.get(dialogue.id, ()))} for dialogue in dialogues]
    faulty = sum(map(bool, kinds))
    return {
        "accepted": len(dialogues),
        "faulty": faulty,
        "faulty_share": round(faulty / max(1, len(dialogues)), 3),
        "by_kind": dict(Counter(kind for found in kinds for kind in found)),
    }


if __name__ == "__main__":
    main()
