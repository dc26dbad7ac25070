"""`genesisfunc replay diff` and `replay list`, on a real store."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from schemas.settings import Settings
from sinks.store import EventStore
from tests.sinks.build_replay import Replayed, finding


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A data folder with a replay that is complete, one that is not, and one of the model checker."""
    path = tmp_path_factory.mktemp("replays") / "data"
    path.mkdir()
    (path / "VERSION").write_text("1\n")
    done = Replayed("done")
    for _ in range(8):
        done.dialogue((), ())
    done.dialogue((), ("[red]dates[/]",))
    done.dialogue(("known_tool",), ())
    done.dialogue((), (), extra=(finding("rule_error"),))
    done.dialogue((), None, failure="[bold] no JSON")
    half = Replayed("half")
    half.dialogue((), ())
    model = Replayed("model", stage="model", checker="model-checker@3+cccccccc")
    model.opinion(0.9, 0.5)
    with EventStore(Settings(data_dir=path).store_url) as store:
        done.stored(store)
        half.stored(store, dialogues=3)
        model.stored(store)
    return path


def replay(*arguments: str | Path, columns: int = 160) -> Result:
    environment = {"NO_COLOR": "1", "COLUMNS": str(columns)}
    return CliRunner().invoke(app, ["replay", *map(str, arguments)], env=environment)


def test_the_difference_is_told_on_the_terminal_and_as_a_page(folder):
    result = replay("diff", "done", "--data-dir", folder)

    assert result.exit_code == 0
    assert "Of 12 dialogues 8 keep their verdict; 2 that passed fail now" in result.stdout
    assert re.search(r"passed before +8 +2 +1", result.stdout)
    assert re.search(r"failed before +1 +0 +0", result.stdout)
    assert "not finished" not in result.stdout
    page = folder / "reports" / "replay-done.html"
    assert str(page) in result.stdout
    assert "<title>GenesisFunc replay done</title>" in page.read_text()


def test_names_and_reasons_from_elsewhere_are_no_markup(folder):
    result = replay("diff", "done", "--data-dir", folder)
    assert "[red]dates[/]" in result.stdout
    assert "[bold] no JSON" in result.stdout
    assert "a rule raised" in result.stdout


def test_a_replay_that_is_not_finished_says_so(folder):
    result = replay("diff", "half", "--data-dir", folder)
    assert result.exit_code == 0
    assert "not finished: 1 of 3 dialogues are checked" in result.stdout
    assert "Promoted now" not in result.stdout
    assert "The replay is not finished" in (folder / "reports" / "replay-half.html").read_text()


def test_a_model_checkers_replay_shows_its_confidence(folder):
    result = replay("diff", "model", "--data-dir", folder)
    assert re.search(r"old +0\.90 +0\.90", result.stdout)
    assert re.search(r"new +0\.50 +0\.50", result.stdout)


def test_json_is_one_object_as_the_last_line(folder, tmp_path):
    page = tmp_path / "deep" / "page.html"
    result = replay("diff", "done", "--data-dir", folder, "--to", page, "--examples", 1, "--json")

    found = json.loads(result.stdout.strip().splitlines()[-1])
    assert found["verdicts"]["pass"] == {"pass": 8, "fail": 2, "none": 1}
    assert found["file"] == str(page)
    assert page.exists()
    assert {len(group["examples"]) for group in found["groups"]} == {1}


def test_an_unknown_name_is_refused_with_those_there_are(folder):
    result = replay("diff", "nobody", "--data-dir", folder)
    assert result.exit_code == 2
    assert "no replay has the name 'nobody'" in result.stderr
    for name in ("done", "half", "model"):
        assert name in result.stderr


def test_a_page_that_cannot_be_written_is_reported(folder, tmp_path):
    (tmp_path / "file").write_text("")
    result = replay("diff", "done", "--data-dir", folder, "--to", tmp_path / "file" / "page.html")
    assert result.exit_code == 3
    assert "the page cannot be written" in result.stderr


def test_replays_are_listed_with_how_far_they_are(folder):
    result = replay("list", "--data-dir", folder)
    assert re.search(r"done .*12 of 12 +complete", result.stdout)
    assert re.search(r"half .*1 of 3 +not finished", result.stdout)


def test_replays_as_json_are_one_object(folder):
    found = json.loads(replay("list", "--data-dir", folder, "--json").stdout)
    assert {one["name"]: one["complete"] for one in found["replays"]} == {
        "done": True,
        "half": False,
        "model": True,
    }


def test_a_folder_without_replays_says_how_to_make_one(tmp_path):
    (tmp_path / "VERSION").write_text("1\n")
    result = replay("list", "--data-dir", tmp_path)
    assert result.exit_code == 0
    assert "There is no replay yet; `genesisfunc replay start NAME` makes one." in result.stdout
