"""`genesisfunc run --repair`: what fails a rule gets one more chance, and is marked."""

import json
from pathlib import Path

import pytest

from tests.e2e.command import adds_up, command, last_json, run_arguments

ERRING = ("--defect-rate", "0.3", "--scenario-mix", "single-single=1", "--candidates", "2")


@pytest.fixture(scope="module")
def repairing(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("repair") / "data"
    done = command(*run_arguments(folder, 24, *ERRING, "--repair"))
    return folder, last_json(done.stdout), done


def rows_of(status):
    return [json.loads(line) for line in Path(status["files"]["openai"]).read_text().splitlines()]


def asked(folder, statement):
    found = command("sql", statement, "--json", "--data-dir", folder)
    assert found.returncode == 0, found.stderr
    return [json.loads(line) for line in found.stdout.splitlines()]


def test_repaired_dialogues_are_accepted_and_marked(repairing):
    _, status, done = repairing
    repairs = status["repairs"]
    assert repairs["tried"] >= repairs["changed"] >= repairs["accepted"] >= 1
    assert [row["metadata"]["repaired"] for row in rows_of(status)].count(True) == repairs["accepted"]
    assert "repaired:" in done.stderr


def test_no_dialogue_is_lost_on_the_way(repairing):
    _, status, _ = repairing
    assert status["conserved"]
    assert adds_up(status)
    assert (status["in_flight"], status["conflicts"]) == (0, 0)


def test_every_dialogue_is_repaired_once_at_most_and_checked_again(repairing):
    folder, _, _ = repairing
    counts = asked(
        folder,
        "SELECT countIf(subject = 'dialogue.repaired') AS repaired, "
        "countIf(subject = 'checked.rule') AS checked, "
        "countIf(subject IN ('review.accepted', 'review.needed')) AS ends FROM events "
        "WHERE dialogue_id IN (SELECT dialogue_id FROM events WHERE subject = 'dialogue.repaired') "
        "GROUP BY dialogue_id",
    )
    assert counts
    assert all(row == {"repaired": 1, "checked": 2, "ends": 1} for row in counts)


def test_status_and_trace_tell_of_it(repairing):
    folder, status, _ = repairing
    shown = command("status", "--data-dir", folder).stdout
    assert f"repaired: {status['repairs']['tried']} tried" in shown
    marked = next(row for row in rows_of(status) if row["metadata"]["repaired"])
    story = command("trace", marked["metadata"]["dialogue_id"], "--data-dir", folder).stdout
    assert "dialogue.repaired" in story
    assert "changed for" in story


def test_without_the_option_nobody_repairs(tmp_path):
    status = last_json(command(*run_arguments(tmp_path / "data", 4, *ERRING)).stdout)
    assert status["repairs"] == {"tried": 0, "changed": 0, "accepted": 0}
    assert "dialogue.repaired" not in status["events"]
    assert "repair" not in status["llm"]["by_role"]
    assert not any(row["metadata"]["repaired"] for row in rows_of(status))
    assert adds_up(status)
