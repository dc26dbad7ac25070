"""The main job, from the command line to the files, on the real servers and the offline teacher."""

import json
import signal
from pathlib import Path

import pytest

from tests.e2e.command import (
    SOON,
    adds_up,
    command,
    last_json,
    run_arguments,
    some_accepted,
    started,
    until_line,
)

KEYS = {
    "run_id", "sampled", "accepted", "needs_review", "rejected", "dead", "in_flight", "by_scenario",
    "rejections_by_rule", "repairs", "llm", "seconds",
}  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory):
    """One run of 20 dialogues, looked at by several tests."""
    folder = tmp_path_factory.mktemp("run") / "data"
    done = command(*run_arguments(folder, 20))
    assert done.returncode == 0, done.stderr
    return folder, last_json(done.stdout), done


def test_a_run_ends_with_what_was_asked_for(finished):
    _, status, _ = finished
    assert status.keys() >= KEYS
    assert status["accepted"] == 20
    assert status["in_flight"] == 0
    assert adds_up(status)
    assert status["conflicts"] == 0
    assert set(status["by_scenario"]) == {
        "single-single", "single-multi", "multi-single", "multi-multi", "special",
    }  # fmt: skip
    assert set(status["llm"]["by_role"]) == {
        "sample", "user", "assistant", "function", "judge", "memory", "checker",
    }  # fmt: skip


def test_the_exported_data_holds_each_accepted_dialogue_once(finished):
    _, status, _ = finished
    rows = [json.loads(line) for line in Path(status["files"]["openai"]).read_text().splitlines()]
    assert len({row["metadata"]["dialogue_id"] for row in rows}) == len(rows) == 20
    for row in rows:
        names = {tool["function"]["name"] for tool in row["tools"]}
        called = {call["function"]["name"] for m in row["messages"] for call in m.get("tool_calls") or []}
        assert called <= names
        assert row["messages"][-1]["role"] == "assistant"
    alpaca = [json.loads(line) for line in Path(status["files"]["alpaca"]).read_text().splitlines()]
    assert len(alpaca) >= 20
    assert all(row["output"] for row in alpaca)
    assert Path(status["files"]["report"]).read_text().startswith("<!doctype html>")


def test_special_dialogues_call_only_where_something_can_be_done(finished):
    _, status, _ = finished
    rows = [json.loads(line) for line in Path(status["files"]["openai"]).read_text().splitlines()]
    special = [row for row in rows if row["metadata"]["scenario"] == "special"]
    assert special
    for row in special:
        calls = any(m.get("tool_calls") for m in row["messages"])
        assert calls == (row["metadata"]["special_kind"] in ("change_mind", "partial"))


def test_the_same_command_again_pays_nothing(finished):
    folder, status, _ = finished
    again = command(*run_arguments(folder, 20))
    assert again.returncode == 0, again.stderr
    repeated = last_json(again.stdout)
    assert repeated["run_id"] == status["run_id"]
    assert repeated["llm"]["calls"] == status["llm"]["calls"]
    assert repeated["events"] == status["events"]


def test_status_says_the_same_after_the_run(finished):
    folder, status, _ = finished
    found = last_json(command("status", "--json", "--data-dir", folder).stdout)
    assert found == {key: value for key, value in status.items() if key not in ("files", "wall_seconds")}


def test_every_event_is_one_query_away(finished):
    folder, status, _ = finished
    asked = command(
        "sql", "SELECT subject, count() AS n FROM events GROUP BY subject", "--json", "--data-dir", folder
    )
    counts = {row["subject"]: row["n"] for row in map(json.loads, asked.stdout.splitlines())}
    assert counts["review.accepted"] == 20
    assert counts == status["events"]
    refused = command("sql", "SELEC 1", "--data-dir", folder)
    assert refused.returncode == 2
    assert "SELEC" in refused.stderr


def test_a_dialogue_s_whole_life_can_be_traced(finished):
    folder, status, _ = finished
    row = json.loads(Path(status["files"]["openai"]).read_text().splitlines()[0])
    dialogue_id = row["metadata"]["dialogue_id"]
    shown = command("trace", dialogue_id[:13], "--json", "--data-dir", folder)
    events = [json.loads(line) for line in shown.stdout.splitlines()]
    subjects = [event["subject"] for event in events]
    assert subjects[0] in ("tools.sampled", "llm.called")
    assert "review.accepted" in subjects
    assert any(event["llm"] and event["llm"]["prompt_version"] for event in events)
    assert "no dialogue" in command("trace", "zzz", "--data-dir", folder).stderr


def test_more_dialogues_extend_the_run(finished):
    folder, status, _ = finished
    more = command(*run_arguments(folder, 24))
    assert more.returncode == 0, more.stderr
    extended = last_json(more.stdout)
    assert extended["run_id"] == status["run_id"]
    assert extended["accepted"] == 24
    assert adds_up(extended)


def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on(tmp_path):
    # So few at once that the first line to tell of accepted ones comes long before the last is.
    asked, narrow = 40, ("--in-flight", "6")
    folder = tmp_path / "data"
    with started(*run_arguments(folder, asked, *narrow)) as process:
        until_line(process, some_accepted)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    stopped = last_json(output)
    assert 0 < stopped["accepted"] < asked
    assert adds_up(stopped)

    done = command(*run_arguments(folder, asked, *narrow))
    assert done.returncode == 0, done.stderr
    status = last_json(done.stdout)
    assert status["accepted"] == asked
    assert adds_up(status)
    paid = command(
        "sql",
        "SELECT count() = uniqExact(JSONExtractString(payload, 'body', 'request_hash')) AS once "
        "FROM events WHERE outcome = 'ok'",
        "--json",
        "--data-dir",
        folder,
    )
    assert last_json(paid.stdout)["once"] in (1, True)


def test_a_run_killed_outright_goes_on_and_pays_only_for_what_was_under_way(tmp_path):
    folder = tmp_path / "data"
    with started(*run_arguments(folder, 30), **SOON) as process:
        until_line(process, some_accepted)
        process.kill()
        process.wait()

    done = command(*run_arguments(folder, 30), **SOON)
    assert done.returncode == 0, done.stderr
    status = last_json(done.stdout)
    assert (status["accepted"], status["conflicts"]) == (30, 0)
    assert adds_up(status)
    rows = [json.loads(line) for line in Path(status["files"]["openai"]).read_text().splitlines()]
    assert len({row["metadata"]["dialogue_id"] for row in rows}) == 30
