"""A run of the offline teacher, and which of the defects that it planted the rules found.

The teacher labels each planted defect out of band, by the id of its reply. A label counts where the reply
stands in the finished dialogue: most are voted out by the judge or asked for again before that.

Recall is over what the assistant and the tools got wrong. A user who strays from the plan makes another
dialogue, not a faulty one, where the assistant copes with it: those are listed, and count for neither
figure.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from consumers.rule_checker.core import check, passed
from schemas.dialogue import Dialogue
from schemas.events import ReviewAccepted, ReviewNeeded, decode
from sinks.planted import is_fault, labelled_calls, planted_in, read_labels
from sinks.status import resolve_run
from sinks.store import EventStore


class Run(NamedTuple):
    dialogues: dict[str, Dialogue]
    """Those that ended, by their ids, attempts that failed included."""
    accepted: dict[str, bool]
    """Whether all checks together let it pass."""
    planted: dict[str, set[str]]
    """The kinds of the defects that stand in each dialogue with any, as `role: defect`."""
    labels: int
    """Defects planted, most of which were voted out."""


def run(dialogues: int, defect_rate: float, seed: int, candidates: int = 2) -> Run:
    """A run over BFCL's tools, all scenarios alike.

    Raises:
        RuntimeError: the run failed.
    """
    mix = ",".join(f"{name}=1" for name in _SCENARIOS)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        command = [
            *(sys.executable, "-m", "cli.main", "run", "--tools", "bfcl", "--candidates", str(candidates)),
            *("--dialogues", str(dialogues), "--defect-rate", str(defect_rate), "--seed", str(seed)),
            *("--scenario-mix", mix, "--data-dir", str(data)),
        ]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"the run failed with exit {done.returncode}")
        return _read(data)


_SCENARIOS = ("single-single", "single-multi", "multi-single", "multi-multi", "special")


def _read(data: Path) -> Run:
    labels = read_labels(data / "teacher" / "defects.jsonl")
    with EventStore(f"chdb://{data / 'clickhouse'}") as store:
        ended = [
            decode(payload).body
            for (payload,) in store.query(
                "SELECT payload FROM events FINAL WHERE subject IN ('review.accepted', 'review.needed')"
            ).rows
        ]
        ends = [body for body in ended if isinstance(body, ReviewAccepted | ReviewNeeded)]
        dialogues = {body.dialogue.id: body.dialogue for body in ends}
        calls = labelled_calls(store, resolve_run(store, None), [*dialogues], labels)
    accepted = {body.dialogue.id: isinstance(body, ReviewAccepted) for body in ends}
    return Run(dialogues, accepted, planted_in(dialogues, calls, labels), len(labels))


def recall(made: Run) -> dict[str, Any]:
    """What the rules alone, and all checks together, found of what the teacher planted.

    Returns:
        counts and shares; `rules` and `checkers` are recall over dialogues with a fault of assistant or tool,
        `false_alarms` the share of sound dialogues in which a rule finds an error.
    """
    stopped = {id_: not passed(check(dialogue)) for id_, dialogue in made.dialogues.items()}
    found, missed = Counter[str](), Counter[str]()
    for dialogue_id, kinds in made.planted.items():
        (found if stopped[dialogue_id] else missed).update(kinds)
    faulty = [id_ for id_, kinds in made.planted.items() if any(map(is_fault, kinds))]
    sound = [id_ for id_ in made.dialogues if id_ not in made.planted]
    return {
        "dialogues": len(made.dialogues),
        "with_a_defect": len(faulty),
        "planted": made.labels,
        "by_kind": {k: {"found": found[k], "missed": missed[k]} for k in sorted(found | missed)},
        "rules": _share(sum(stopped[id_] for id_ in faulty), len(faulty)),
        "checkers": _share(sum(not made.accepted[id_] for id_ in faulty), len(faulty)),
        "false_alarms": _share(sum(stopped[id_] for id_ in sound), len(sound)),
    }


def _share(part: int, whole: int) -> float:
    return round(part / max(1, whole), 4)
