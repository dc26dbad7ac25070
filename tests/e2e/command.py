"""The `genesisfunc` command as a person runs it."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "tests" / "data" / "tools.json"

SOON = {"GENESISFUNC_ACK_WAIT_S": "4"}
"""For tests that kill: what a killed process had under way comes again after this long, not after 30 s."""


def environment(**changes: str) -> dict[str, str]:
    # With bytecode kept a command starts a second sooner, and these tests start many.
    foreign = ("OPENAI_", "GENESIS", "PYTHONDONTWRITEBYTECODE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return clean | {"NO_COLOR": "1", "COLUMNS": "160"} | changes


def command(*arguments: str | Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run to the end; give what it printed and its exit code."""
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *map(str, arguments)],
        cwd=ROOT,
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@contextlib.contextmanager
def started(*arguments: str | Path, **changes: str) -> Iterator[subprocess.Popen[str]]:
    """A command in the background; killed at the end if it is still there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", *map(str, arguments)],
        cwd=ROOT,
        env=environment(**changes),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until_line(process: subprocess.Popen[str], fits: Callable[[str], bool]) -> None:
    """Read what the command says on standard error up to the first such line."""
    assert process.stderr is not None
    for line in process.stderr:
        if fits(line):
            return
    raise AssertionError("the command ended without saying it")


def some_accepted(line: str) -> bool:
    return "accepted=" in line and "accepted=0/" not in line


def run_arguments(folder: Path, dialogues: int, *more: str) -> list[str]:
    return [
        *("run", "--tools", str(TOOLS), "--dialogues", str(dialogues), "--data-dir", str(folder), "--json"),
        *more,
    ]


def last_json(output: str) -> dict[str, Any]:
    found = json.loads(output.strip().splitlines()[-1])
    assert isinstance(found, dict)
    return found


def adds_up(status: dict[str, Any]) -> bool:
    states = ("in_flight", "accepted", "needs_review", "rejected", "dead")
    return bool(status["sampled"] == sum(status[state] for state in states))
