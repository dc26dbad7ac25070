"""Does `tools forbid bfcl` find BFCL's questions, and only them?

Recall: its questions as they are, in capitals without punctuation, with words changed, and inside a longer
message, each with the tools of its row on the table. False alarms: dialogues of an offline run, and with
`--others` the questions of other benchmarks, which people and models wrote about other tools.

    python -m benchmarks.contamination [--dialogues 200] [--others FOLDER…] [--n 2 3 4 5 8]
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import finish
from cli.questions import questions
from consumers.rule_checker import RULES
from consumers.rule_checker.contamination import Forbidden, words
from consumers.rule_checker.core import check
from consumers.rule_checker.view import View
from consumers.sampler.importers.bfcl import data_folder
from schemas.dialogue import Dialogue
from schemas.events import Judged, decode
from sinks.store import EventStore

LONG = 8
"""Words of a question from which on its edited copies count: a shorter one is known word for word only."""
REPEATS = 5


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dialogues", type=int, default=200)
    parser.add_argument("--others", type=Path, nargs="*", default=[])
    parser.add_argument("--n", type=int, nargs="*", default=[], help="compare these lengths of n-grams")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        by_n = {n: Path(folder) / str(n) for n in options.n}
        for n, other in by_n.items():
            genesisfunc("tools", "forbid", "bfcl", "--n", str(n), data=other)
        indexes = {n: (other / "forbidden.index").read_bytes() for n, other in by_n.items()}
        data = Path(folder) / "data"
        genesisfunc("tools", "forbid", "bfcl", data=data)
        run = genesisfunc(
            *("run", "--tools", "bfcl", "--dialogues", str(options.dialogues), "--json"), data=data
        )
        status = json.loads(run.splitlines()[-1])
        index = (data / "forbidden.index").read_bytes()
        with EventStore(f"chdb://{data / 'clickhouse'}") as store:
            ended = store.query(
                "SELECT payload FROM events FINAL WHERE subject = 'dialogue.judged.done'"
            ).rows
    dialogues = [body.dialogue for (row,) in ended if isinstance(body := decode(row).body, Judged)]

    began = time.process_time()
    forbidden = Forbidden.from_bytes(index)
    load_s = time.process_time() - began
    found = recall(forbidden)
    alarms = status["rejections_by_rule"].get("overlaps_benchmark", 0)
    others = {str(path): alarms_in(forbidden, path) for path in options.others}
    check_us, rule_us = all_rules_us(dialogues), this_rule_us(dialogues, forbidden)
    finish(
        {
            "dialogues": len(dialogues),
            "alarms": alarms,
            "others": others,
            "recall": found,
            "by_n": {
                n: compared(Forbidden.from_bytes(content), dialogues, options.others)
                for n, content in indexes.items()
            },
            "index_bytes": len(index),
            "load_s": round(load_s, 3),
            "all_other_rules_us": round(check_us),
            "rule_us": round(rule_us),
        },
        {
            "recall_verbatim": (found["verbatim"], ">= 0.999"),
            "recall_within_a_message": (found["within a message"], ">= 0.999"),
            "recall_one_word_changed": (found["one word changed"], ">= 0.93"),
            "recall_two_words_changed": (found["two words changed"], ">= 0.8"),
            "false_alarms": (round(alarms / max(1, len(dialogues)), 4), "<= 0.005"),
            "added_time": (round(rule_us / check_us, 3), "<= 0.1"),
        },
    )


def genesisfunc(*arguments: str, data: Path) -> str:
    command = [sys.executable, "-m", "cli.main", *arguments, "--data-dir", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed with exit {done.returncode}: {done.stderr}")
    return done.stdout


def rows() -> Iterator[tuple[str, str]]:
    """(question, its tools as JSON) of BFCL."""
    for path in sorted(data_folder().glob("BFCL_v4_*.json")):
        for line in path.read_text().splitlines():
            if line.startswith('{"id"'):
                row: dict[str, Any] = json.loads(line)
                tools = json.dumps(row.get("function", []))
                for message in (message for turn in row["question"] for message in turn):
                    if message["role"] == "user":
                        yield message["content"], tools


def recall(forbidden: Forbidden) -> dict[str, float]:
    """Share found of BFCL's questions, by what was done to them."""
    rng = random.Random(0)
    asked = [(spoken, tools) for text, tools in dict(rows()).items() if len(spoken := words(text)) >= 5]
    vocabulary = [word for spoken, _ in asked for word in spoken]
    around = (
        "Good morning! I hope this reaches you well, for I have a meeting in ten minutes. {} Many thanks!"
    )

    def changed(spoken: Sequence[str], count: int) -> str:
        new = list(spoken)
        for place in rng.sample(range(len(new)), count):
            new[place] = rng.choice(vocabulary)
        return " ".join(new)

    edits: dict[str, Callable[[Sequence[str]], str]] = {
        "verbatim": " ".join,
        "in capitals": lambda spoken: ", ".join(spoken).upper() + "?!",
        "within a message": lambda spoken: around.format(" ".join(spoken)),
        "one word changed": lambda spoken: changed(spoken, 1),
        "two words changed": lambda spoken: changed(spoken, 2),
        "a tenth of the words changed": lambda spoken: changed(spoken, -(-len(spoken) // 10)),
        "a fifth of the words changed": lambda spoken: changed(spoken, -(-len(spoken) // 5)),
    }
    whole = ("verbatim", "in capitals", "within a message")
    shares = {}
    for name, edit in edits.items():
        told = [(edit(spoken), tools) for spoken, tools in asked if name in whole or len(spoken) >= LONG]
        shares[name] = round(
            sum(any(forbidden.overlaps([text], [tools])) for text, tools in told) / len(told), 4
        )
    return shares


def compared(forbidden: Forbidden, dialogues: Sequence[Dialogue], others: Sequence[Path]) -> dict[str, Any]:
    run = RULES["overlaps_benchmark"].run
    return {
        **recall(forbidden),
        "alarms": sum(any(run(View(dialogue, forbidden))) for dialogue in dialogues),
        "others": {str(path): alarms_in(forbidden, path) for path in others},
    }


def alarms_in(forbidden: Forbidden, folder: Path) -> str:
    asked = {text for path in sorted(folder.rglob("*.json")) for text in questions(path)}
    return f"{sum(any(forbidden.overlaps([text])) for text in asked)} of {len(asked)}"


def all_rules_us(dialogues: Sequence[Dialogue]) -> float:
    """Microseconds a dialogue takes in all rules, without an index."""

    def seconds() -> float:
        began = time.process_time()
        for dialogue in dialogues:
            check(dialogue)
        return time.process_time() - began

    return min(seconds() for _ in range(REPEATS)) / len(dialogues) * 1e6


def this_rule_us(dialogues: Sequence[Dialogue], forbidden: Forbidden) -> float:
    """Microseconds a dialogue takes in the one rule, with the index."""
    views = [View(dialogue, forbidden) for dialogue in dialogues]
    run = RULES["overlaps_benchmark"].run

    def seconds() -> float:
        began = time.process_time()
        for view in views:
            any(run(view))
        return time.process_time() - began

    return min(seconds() for _ in range(REPEATS)) / len(dialogues) * 1e6


if __name__ == "__main__":
    main()
