"""Opening, closing, and other processes. Each test has a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sinks import sql
from sinks.store import EventStore, StoreBusyError, StoreVersionError
from tests.sinks.build import mixed_run

ROOT = Path(__file__).parents[2]


def in_another_process(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = f"from sinks.store import *\nurl = 'chdb://{folder}'\n{code}"
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
    )


def test_a_folder_that_another_process_has_is_busy_until_it_lets_go(tmp_path):
    attempt = "try:\n    EventStore(url).open()\nexcept StoreBusyError as error:\n    print(error)"
    with EventStore(f"chdb://{tmp_path}"):
        busy = in_another_process(attempt, tmp_path)
    free = in_another_process(attempt, tmp_path)

    assert f"{tmp_path} is open in process {os.getpid()}" in busy.stdout
    assert busy.stderr == ""
    assert (free.returncode, free.stdout) == (0, "")


def test_one_process_has_one_folder(tmp_path):
    with (
        EventStore(f"chdb://{tmp_path / 'one'}"),
        pytest.raises(StoreBusyError, match="another chDB folder"),
    ):
        EventStore(f"chdb://{tmp_path / 'two'}").open()


def test_events_survive_a_killed_process(tmp_path):
    killed = in_another_process(
        "import os, signal\nfrom tests.sinks.build import mixed_run\n"
        "EventStore(url).open().insert(mixed_run('killed', 4).encoded())\n"
        "os.kill(os.getpid(), signal.SIGKILL)",
        tmp_path,
    )
    assert killed.returncode == -9, killed.stderr

    with EventStore(f"chdb://{tmp_path}") as store:
        assert store.query("SELECT count() FROM events FINAL").rows == [(len(mixed_run("killed", 4).events),)]


def test_a_store_of_a_newer_version_is_refused_and_left_alone(tmp_path):
    url = f"chdb://{tmp_path}"
    with EventStore(url) as store:
        store.query("INSERT INTO schema_migrations (version, name) VALUES (9000, 'future')", read_only=False)

    with pytest.raises(StoreVersionError, match=r"schema 9000.*upgrade"):
        EventStore(url).open()
    # The failed opening let go of the folder.
    with pytest.raises(StoreVersionError):
        EventStore(url).open()


def test_a_migration_that_was_cut_short_is_taken_up_again(tmp_path):
    url = f"chdb://{tmp_path}"
    newest = len(sql.migrations())
    with EventStore(url) as store:
        store.insert(mixed_run("kept", 2).encoded())
        store.query(f"DELETE FROM schema_migrations WHERE version >= {newest}", read_only=False)
        store.query("DROP VIEW dialogues", read_only=False)

    with EventStore(url) as store:
        assert store.version == newest
        assert store.query("SELECT count() FROM dialogues").rows == [(2,)]
