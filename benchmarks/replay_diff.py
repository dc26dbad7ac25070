"""How long does `replay diff` take, and how much memory, of a replay of very many dialogues?

The rows are made inside ClickHouse (`replay_diff.sql`); what is read of a real store is the same columns.

    python -m benchmarks.replay_diff [--dialogues 1000000]
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import finish
from schemas.events import Envelope, derive_id, encode
from schemas.replays import ReplayStarted, Selection
from sinks.replay_page import write_replay
from sinks.replay_words import in_words
from sinks.replays import diff
from sinks.sql import split_statements
from sinks.store import EventStore

STEP = 250_000
"""Dialogues an insert makes."""
CHECKER = "rule-checker@2+new"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dialogues", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"chdb://{Path(folder).resolve()}/store"
        # In a process of its own, or the peak of memory would be that of filling the store.
        filling = multiprocessing.get_context("spawn").Process(target=fill, args=(url, options.dialogues))
        filling.start()
        filling.join()
        with EventStore(url) as store:
            measure(store, options.dialogues, Path(folder))


def measure(store: EventStore, dialogues: int, folder: Path) -> None:
    before, began, cpu = peak_mb(), time.monotonic(), time.process_time()
    found = diff(store, "large")
    took_s, cpu_s = time.monotonic() - began, time.process_time() - cpu
    page = write_replay(found, folder / "page.html")
    sys.stderr.write(f"{in_words(found)}\n")
    finish(
        {
            "dialogues": dialogues,
            "examples": sum(len(group.examples) for group in found.groups),
            "cpu_s": round(cpu_s, 1),
            "peak_before_mb": round(before),
            "page_kb": page.stat().st_size // 1000,
        },
        {
            "seconds": (round(took_s, 1), "<= 60"),
            "more_mb": (round(peak_mb() - before), "<= 2000"),
            "counted": (found.all.total, f"== {dialogues}"),
        },
    )


def fill(url: str, dialogues: int) -> None:
    """A replay of so many dialogues, an eighth of which had failed."""
    now = datetime.now(UTC)
    started = Envelope(
        event_id=derive_id("large"),
        subject="replay.large.started",
        run_id="",
        produced_at=now,
        producer="cli@1",
        body=ReplayStarted("large", "rule", CHECKER, "rules.py", Selection(stored_until=now), dialogues),
    )
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with EventStore(url) as store:
        store.insert([(started, encode(started))])
        for first in range(0, dialogues, STEP):
            part = {"first": first, "rows": min(STEP, dialogues - first)}
            for statement in split_statements(script):
                store.query(statement, part, read_only=False)


def peak_mb() -> float:
    """The most memory that this process, ClickHouse in it, has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
