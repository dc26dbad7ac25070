"""How fast stored dialogues go through a new rule version, end to end, and where the time goes.

A small run gives templates: dialogues of one turn, and by default of one task, over many tools. They are
copied inside the store, each copy with ids of its own, until there are enough. Then `genesisfunc replay
start` replays them all into a checker with one more rule: read from ClickHouse, carried by NATS, checked by
one process a core, verdicts stored.

Processor seconds come from /proc, so this runs on Linux. The templates repeat; what a checker keeps between
dialogues is known of tools and words, which repeat in real stores as well.

    python -m benchmarks.replay_speed [--dialogues 1000000] [--mix single-single=1,single-multi=1]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.figures import finish
from sinks.store import EventStore

RUN = "synthetic"
CHUNK = 50_000
RULES = '''"""One more rule."""

from consumers.rule_checker import Problem, View, rule


@rule("structure", "error", "Say it in fewer words.")
def short_answers(view: View):
    """No text has more than 120 words."""
    for index, message in enumerate(view.messages):
        if message.content.count(" ") > 120:
            yield Problem("the text is long", index)
'''

COPIES = """
INSERT INTO events (event_id, subject, run_id, dialogue_id, round, causation_id, produced_at, producer,
    schema_version, payload)
WITH
    toUUID(UUIDNumToString(reinterpret(sipHash128(number, 'event'), 'FixedString(16)'))) AS new_event,
    UUIDNumToString(reinterpret(sipHash128(number, 'dialogue'), 'FixedString(16)')) AS new_dialogue
SELECT new_event, subject, {run:String}, new_dialogue, round, causation_id, produced_at, producer,
    schema_version,
    replaceAll(replaceAll(payload, dialogue_id, new_dialogue), toString(event_id), toString(new_event))
FROM (SELECT number FROM numbers({first:UInt64}, {count:UInt64})) AS numbered
INNER JOIN
(
    SELECT *, rowNumberInAllBlocks() AS place, count() OVER () AS templates
    FROM (
        SELECT event_id, subject, dialogue_id, round, causation_id, produced_at, producer, schema_version,
            payload
        FROM events FINAL
        WHERE subject = 'dialogue.judged.done' AND startsWith(scenario, 'single-') AND run_id != {run:String}
        ORDER BY event_id)
) AS template ON template.place = numbered.number % template.templates
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dialogues", type=int, default=1_000_000)
    parser.add_argument("--data-dir", type=Path, help="kept, and used again; default: a temporary folder")
    parser.add_argument("--mix", default="single-single=1", help="scenarios of the templates")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = options.data_dir or Path(folder) / "data"
        if not data.exists():
            _make_templates(data, options.mix)
        stored = _copy(data, options.dialogues)
        rules = Path(folder) / "one_more.py"
        rules.write_text(RULES, encoding="utf-8")
        told, cpu, memory = _replay(data, rules)
    seconds = told["seconds"]
    finish(
        {
            "dialogues": told["dialogues"],
            "mix": options.mix,
            "stored_in_s": round(stored, 1),
            "replayed_in_s": seconds,
            "failed": told["failed"],
            "no_verdict": told["no_verdict"],
            "processor_s": {kind: round(value, 1) for kind, value in cpu.items()},
            "processor_us_a_dialogue": {
                kind: round(1e6 * value / told["dialogues"]) for kind, value in cpu.items()
            },
            "memory_mb_at_quarters": memory,
            "cores": os.cpu_count(),
        },
        {
            "dialogues_a_second": (told["per_second"], ">= 5000"),
            "memory_growth": (_growth(memory), "<= 1.25"),
        },
    )


def _make_templates(data: Path, mix: str) -> None:
    command = [
        *(sys.executable, "-m", "cli.main", "run", "--tools", "bfcl", "--dialogues", "150"),
        *("--scenario-mix", mix, "--candidates", "2", "--data-dir", str(data)),
    ]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"the templates could not be made: exit {done.returncode}")


def _copy(data: Path, wanted: int) -> float:
    """Fill the store up to so many copies; gives the seconds it took."""
    began = time.monotonic()
    with EventStore(f"chdb://{(data / 'clickhouse').resolve()}") as store:
        count_of = (
            "SELECT count() FROM events WHERE subject = 'dialogue.judged.done' AND (run_id = {run:String}) = "
        )
        there, templates = (store.query(f"{count_of} {mine}", {"run": RUN}).rows[0][0] for mine in (1, 0))
        if not templates:
            sys.exit(f"{data} holds no dialogues to copy")
        for first in range(there, wanted, CHUNK):
            count = min(CHUNK, wanted - first)
            store.query(COPIES, {"run": RUN, "first": first, "count": count}, read_only=False)
            sys.stderr.write(f"stored {first + count:,} of {wanted:,}\n")
    return time.monotonic() - began


def _replay(data: Path, rules: Path) -> tuple[dict[str, float], dict[str, float], dict[str, list[int]]]:
    """What the command says, processor seconds and memory by kind of process."""
    command = [
        *(sys.executable, "-m", "cli.main", "replay", "start", f"speed-{time.time_ns()}"),
        *("--checker", str(rules), "--run", RUN, "--data-dir", str(data), "--json"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    watched = _Watch(process.pid)
    output, _ = process.communicate()
    watched.stop()
    if process.returncode:
        sys.exit(f"the replay ended with exit {process.returncode}")
    return json.loads(output.splitlines()[-1]), watched.cpu(), watched.memory()


class _Watch:
    """Looks at a process and its children twice a second."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.seen: dict[int, tuple[str, float]] = {}
        self.sizes: list[dict[str, int]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def cpu(self) -> dict[str, float]:
        total: dict[str, float] = defaultdict(float)
        for kind, seconds in self.seen.values():
            total[kind] += seconds
        return dict(total)

    def memory(self) -> dict[str, list[int]]:
        """MB by kind, at 25, 50, 75 and 100 % of the time."""
        kinds = sorted({kind for sizes in self.sizes for kind in sizes})
        whole = [sizes for sizes in self.sizes if all(sizes.get(kind) for kind in kinds)]
        places = [max(0, len(whole) * quarter // 4 - 2) for quarter in (1, 2, 3, 4)]
        return {kind: [whole[place][kind] for place in places] for kind in kinds}

    def _look(self) -> None:
        ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
        while not self._over.wait(0.5):
            sizes: dict[str, int] = defaultdict(int)
            for pid, parent in _processes().items():
                if self.pid not in (pid, parent):
                    continue
                try:
                    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                    command = Path(f"/proc/{pid}/cmdline").read_text()
                except OSError:
                    continue
                kind = "reader and sink" if pid == self.pid else _kind(command)
                self.seen[pid] = (kind, (int(fields[11]) + int(fields[12])) / ticks)
                sizes[kind] += int(fields[21]) * page // 1_000_000
            self.sizes.append(dict(sizes))


def _kind(command: str) -> str:
    return "nats-server" if "nats-server" in command else "checkers"


def _processes() -> dict[int, int]:
    """Process -> its parent."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    return found


def _growth(memory: dict[str, list[int]]) -> float:
    """All processes together: the last quarter over the second."""
    late = sum(sizes[3] for sizes in memory.values())
    return round(late / max(1, sum(sizes[1] for sizes in memory.values())), 2)


if __name__ == "__main__":
    main()
