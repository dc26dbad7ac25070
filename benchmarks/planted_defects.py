"""Do the checkers find what the offline teacher got wrong on purpose?

The teacher labels each planted defect out of band, by the id of its reply. A label counts where the reply
stands in the finished dialogue: most are voted out by the judge or asked for again before that.

Recall is over what the assistant and the tools got wrong. A user who strays from the plan makes another
dialogue, not a faulty one, where the assistant copes with it: those are listed, and count for neither
figure.

    python -m benchmarks.planted_defects [--dialogues 150] [--defect-rate 0.15]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from agents.client import object_in
from benchmarks.figures import finish
from schemas.dialogue import AssistantMessage, Dialogue, ToolMessage, UserMessage
from schemas.events import LLMCalled, ReviewAccepted, ReviewNeeded, decode
from sinks.store import EventStore


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dialogues", type=int, default=150)
    parser.add_argument("--defect-rate", type=float, default=0.15)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        command = [
            *(sys.executable, "-m", "cli.main", "run", "--tools", "bfcl", "--candidates", "2"),
            *("--dialogues", str(options.dialogues), "--defect-rate", str(options.defect_rate)),
            *("--data-dir", str(data)),
        ]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        if done.returncode not in (0, 1):
            sys.exit(f"the run failed with exit {done.returncode}")
        labels = [json.loads(line) for line in (data / "teacher" / "defects.jsonl").read_text().splitlines()]
        with EventStore(f"chdb://{data / 'clickhouse'}") as store:
            ended = [
                decode(payload).body
                for (payload,) in store.query(
                    "SELECT payload FROM events FINAL WHERE subject IN ('review.accepted', 'review.needed')"
                ).rows
            ]
            calls = [
                (dialogue_id, decode(payload).body)
                for dialogue_id, payload in store.query(
                    "SELECT dialogue_id, payload FROM events FINAL WHERE outcome = 'ok'"
                ).rows
            ]

    accepted = {body.dialogue.id: isinstance(body, ReviewAccepted) for body in ended if _is_end(body)}
    dialogues = {body.dialogue.id: body.dialogue for body in ended if _is_end(body)}
    by_reply = {(label["response_id"], label["choice"]): label for label in labels}
    present: dict[str, set[str]] = defaultdict(set)
    for dialogue_id, call in calls:
        if not isinstance(call, LLMCalled) or dialogue_id not in dialogues:
            continue
        for choice, text in enumerate(call.answers):
            label = by_reply.get((call.response_id, choice))
            if label is not None and stands_in(dialogues[dialogue_id], call.role, text):
                present[dialogue_id].add(f"{label['role']}: {label['defect']}")

    found, missed = Counter[str](), Counter[str]()
    for dialogue_id, kinds in present.items():
        (missed if accepted[dialogue_id] else found).update(kinds)
    sound = [dialogue_id for dialogue_id in dialogues if dialogue_id not in present]
    faulty = [
        dialogue_id
        for dialogue_id, kinds in present.items()
        if any(not kind.startswith("user:") for kind in kinds)
    ]
    caught = sum(not accepted[dialogue_id] for dialogue_id in faulty)
    false_alarms = sum(not accepted[dialogue_id] for dialogue_id in sound)
    finish(
        {
            "dialogues": len(dialogues),
            "with_a_defect": len(faulty),
            "planted": len(labels),
            "by_kind": {
                kind: {"found": found[kind], "missed": missed[kind]} for kind in sorted(found | missed)
            },
        },
        {
            "recall": (round(caught / max(1, len(faulty)), 3), ">= 0.9"),
            "false_alarms": (round(false_alarms / max(1, len(sound)), 3), "<= 0.05"),
        },
    )


def _is_end(body: object) -> bool:
    return isinstance(body, ReviewAccepted | ReviewNeeded)


def stands_in(dialogue: Dialogue, role: str, text: str) -> bool:
    """Whether a reply became part of the dialogue."""
    try:
        reply = json.loads(object_in(text))
    except ValueError:
        return False
    match role:
        case "user":
            return any(
                isinstance(m, UserMessage) and m.content == reply.get("message", "").strip()
                for m in dialogue.messages
            )
        case "assistant" if reply.get("calls"):
            wanted = [(call["name"], json.loads(call["arguments"])) for call in reply["calls"]]
            return any(
                isinstance(m, AssistantMessage) and [(c.name, c.arguments) for c in m.calls] == wanted
                for m in dialogue.messages
            )
        case "assistant":
            return any(
                isinstance(m, AssistantMessage) and m.content == reply.get("message", "").strip()
                for m in dialogue.messages
                if not getattr(m, "calls", ())
            )
        case "function":
            results = {result["result"] for result in reply.get("results", [])}
            return any(isinstance(m, ToolMessage) and m.content in results for m in dialogue.messages)
    return False


if __name__ == "__main__":
    main()
