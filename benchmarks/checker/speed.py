"""How many dialogues a second does the rule checker judge on one core?

Measured on dialogues that the pipeline itself writes for BFCL's tools, of one turn and of several, each
checked as an object of its own that was decoded before the clock started. Beside it stands what the bare
validator takes for the same calls: compiled anew for each, as `jsonschema_rs.validate` does, and compiled
once and found by the bytes of its schema. Time is the thread's CPU time, so waiting for a busy machine does
not count (that it slows caches down does).

    python -m benchmarks.checker.speed [--dialogues 150] [--rounds 5]
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
from msgspec.structs import replace

from benchmarks.figures import finish
from consumers.rule_checker.core import BUILT_IN
from consumers.rule_checker.tool import compiled
from schemas.dialogue import Dialogue
from schemas.events import Judged, decode
from sinks.store import EventStore

SINGLE_TURN = "single-single=1,single-multi=1"
MULTI_TURN = "multi-single=1,multi-multi=1"
BATCH = 500
"""Dialogues decoded at once: a stage holds no more either, and a full heap slows the collector down."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dialogues", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    figures = measure(options.dialogues, options.rounds)
    finish(
        figures,
        {
            "dialogues_a_second": (figures["single_turn"]["dialogues_a_second"], ">= 10000"),
            "times_bare_validation": (figures["single_turn"]["times_bare_compiling_each_call"], "<= 4"),
            "memory_growth_mb": (figures["memory"]["growth_mb"], "<= 20"),
        },
    )


def measure(dialogues: int = 150, rounds: int = 5) -> dict[str, Any]:
    """All figures, on dialogues that are generated for it.

    Args:
        dialogues: accepted dialogues of each kind to generate; those that failed are measured too.
        rounds: repetitions, of which the fastest counts.
    """
    single = generated(SINGLE_TURN, dialogues)
    multi = generated(MULTI_TURN, max(1, dialogues // 3))
    return {
        "rules": len(BUILT_IN.rules),
        "single_turn": compared(single, rounds),
        "multi_turn": compared(multi, rounds),
        "memory": memory(single),
    }


def generated(mix: str, dialogues: int) -> list[bytes]:
    """The `dialogue.judged.done` events of a run of the offline teacher, as they travel."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        command = [
            *(sys.executable, "-m", "cli.main", "run", "--tools", "bfcl", "--scenario-mix", mix),
            *("--dialogues", str(dialogues), "--data-dir", str(data)),
        ]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        if done.returncode not in (0, 1):
            sys.exit(f"the run failed with exit {done.returncode}")
        with EventStore(f"chdb://{data / 'clickhouse'}") as store:
            rows = store.query("SELECT payload FROM events FINAL WHERE subject = 'dialogue.judged.done'").rows
    return [payload.encode() if isinstance(payload, str) else payload for (payload,) in rows]


def compared(events: Sequence[bytes], rounds: int) -> dict[str, Any]:
    """What the checker takes for these events, and what the bare validator does."""
    kept = _Kept()
    sample = [dialogue_of(event) for event in events]
    check = seconds(events, BUILT_IN.check, rounds)
    check_event = seconds(events, lambda event: BUILT_IN.check(dialogue_of(event)), rounds, decoded=False)
    anew = seconds(events, lambda dialogue: validate(dialogue, compiled), rounds)
    anew_event = seconds(events, lambda event: validate(dialogue_of(event), compiled), rounds, decoded=False)
    cached = seconds(events, lambda dialogue: validate(dialogue, kept), rounds)
    cached_event = seconds(events, lambda event: validate(dialogue_of(event), kept), rounds, decoded=False)
    return {
        "distinct_dialogues": len(events),
        "bytes": round(mean(map(len, events))),
        "tools": round(mean(len(dialogue.tools) for dialogue in sample), 1),
        "calls": round(mean(len(dialogue.calls) for dialogue in sample), 1),
        "messages": round(mean(len(dialogue.messages) for dialogue in sample), 1),
        "dialogues_a_second": round(1 / check),
        "with_decoding_a_second": round(1 / check_event),
        "check_us": round(check * 1e6, 1),
        "bare_compiling_each_call_us": round(anew * 1e6, 1),
        "bare_compiled_once_us": round(cached * 1e6, 1),
        "times_bare_compiling_each_call": round(check / anew, 2),
        "times_bare_compiled_once": round(check / cached, 1),
        "times_bare_compiling_each_call_with_decoding": round(check_event / anew_event, 2),
        "times_bare_compiled_once_with_decoding": round(check_event / cached_event, 2),
    }


def dialogue_of(event: bytes) -> Dialogue:
    body = decode(event).body
    if not isinstance(body, Judged):
        raise TypeError(f"expected Judged, got {type(body).__name__}")
    return body.dialogue


def seconds(events: Sequence[bytes], work: Callable[[Any], Any], rounds: int, decoded: bool = True) -> float:
    """CPU seconds that a piece of work takes a dialogue, in the fastest of some rounds.

    Args:
        decoded: the work takes dialogues, decoded before the clock starts; otherwise the events as they are.
    """
    fastest = float("inf")
    for _ in range(rounds + 1):  # the first fills the caches
        inputs: list[Any] = list(islice(cycle(events), BATCH))
        if decoded:
            inputs = [dialogue_of(event) for event in inputs]
        started = time.thread_time()
        for each in inputs:
            work(each)
        fastest = min(fastest, (time.thread_time() - started) / len(inputs))
    return fastest


class _Kept:
    """Compiled validators, found by the bytes of their schemas: a dialogue brings its tools along as data."""

    def __init__(self) -> None:
        self._by_schema: dict[bytes, jsonschema_rs.Draft202012Validator] = {}

    def __call__(self, schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
        key = msgspec.json.encode(schema)
        if (found := self._by_schema.get(key)) is None:
            found = self._by_schema[key] = compiled(schema)
        return found


def validate(
    dialogue: Dialogue, validator: Callable[[dict[str, Any]], jsonschema_rs.Draft202012Validator]
) -> None:
    """Nothing but the validation of every call against its tool's schema."""
    schemas = {tool.name: tool.parameters for tool in dialogue.tools}
    for call in dialogue.calls:
        if (schema := schemas.get(call.name)) is not None:
            list(validator(schema).iter_errors(call.arguments))


def memory(events: Sequence[bytes], dialogues: int = 12_000) -> dict[str, Any]:
    """How far memory grows once the caches are full, while every dialogue brings tools never seen before."""
    dialogue = dialogue_of(events[0])
    half = 0
    for number in range(dialogues):
        tools = tuple(replace(tool, description=f"{tool.description} ({number})") for tool in dialogue.tools)
        BUILT_IN.check(replace(dialogue, tools=tools))
        if number == dialogues // 2:
            half = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - half
    return {
        "dialogues": dialogues,
        "new_tools": dialogues * len(dialogue.tools),
        "growth_mb": round(grown / 1024, 1),
    }


def mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / max(1, len(found))


if __name__ == "__main__":
    main()
