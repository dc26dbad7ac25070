"""`genesisfunc compare`, on real stores."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from schemas.settings import Settings
from sinks.store import EventStore
from tests.sinks.build import Run, mixed_run


def folder(path: Path, *runs: Run) -> Path:
    """A data folder that holds the runs."""
    path.mkdir()
    (path / "VERSION").write_text("1\n")
    with EventStore(Settings(data_dir=path).store_url) as store:
        for run in runs:
            store.insert(run.encoded())
    return path


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("folders")
    both = folder(root / "both", mixed_run("aaa1", 20), mixed_run("aaa2", 30), mixed_run("bbb", 20))
    return both, folder(root / "other", mixed_run("aaa1", 25, seed=5))


def compare(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["compare", *map(str, arguments)], env={"NO_COLOR": "1", "COLUMNS": "160"})


def test_two_runs_of_a_folder_are_compared_on_the_terminal_and_as_a_page(folders):
    result = compare("aaa1", "b", "--data-dir", folders[0])

    assert result.exit_code == 0
    assert "A aaa1" in result.stdout
    assert "B bbb" in result.stdout
    assert "asked for the same, of the same versions" in result.stdout
    assert "accepted" in result.stdout
    page = folders[0] / "reports" / "compare-aaa1-bbb.html"
    assert str(page) in result.stdout
    assert "<title>GenesisFunc A aaa1, B bbb</title>" in page.read_text()


def test_runs_of_two_folders_are_compared_even_under_one_id(folders, tmp_path):
    page = tmp_path / "page.html"
    result = compare("aaa1", "aaa1", "--data-dir", folders[0], "--data-dir-b", folders[1], "--to", page)

    assert result.exit_code == 0
    assert "A aaa1 in both" in result.stdout
    assert "B aaa1 in other" in result.stdout
    assert page.exists()


def test_json_is_one_object_as_the_last_line(folders, tmp_path):
    page = tmp_path / "page.html"
    result = compare("aaa1", "aaa2", "--data-dir", folders[0], "--to", page, "--json")

    found = json.loads(result.stdout.strip().splitlines()[-1])
    assert (found["a"]["run_id"], found["b"]["run_id"]) == ("aaa1", "aaa2")
    assert found["asked"] == {"dialogues wanted": ["20", "30"]}
    assert found["file"] == str(page)


@pytest.mark.parametrize(
    ("runs", "says"),
    [
        pytest.param(("nobody", "bbb"), "no run has an id that starts with 'nobody'", id="unknown"),
        pytest.param(("bbb", "aaa"), "'aaa' could be", id="ambiguous"),
        pytest.param(("bbb", ""), "starts with ''", id="empty"),
        pytest.param(("bbb", "bb"), "both are run bbb", id="the-same"),
    ],
)
def test_a_run_that_is_not_meant_clearly_is_refused_with_those_there_are(folders, runs, says):
    result = compare(*runs, "--data-dir", folders[0])

    assert result.exit_code == 2
    assert says in result.stderr
    if says != "both are run bbb":
        assert "aaa1 (" in result.stderr
        assert "aaa2 (" in result.stderr


def test_a_folder_without_data_is_refused(folders, tmp_path):
    result = compare("aaa1", "x", "--data-dir", folders[0], "--data-dir-b", tmp_path / "nothing")
    assert result.exit_code == 2
    assert "holds no GenesisFunc data" in result.stderr


def test_a_second_folder_beside_a_server_is_refused(folders, monkeypatch):
    monkeypatch.setenv("GENESISFUNC_CLICKHOUSE_URL", "clickhouse://127.0.0.1:1/db")
    result = compare("aaa1", "x", "--data-dir", folders[0], "--data-dir-b", folders[1])
    assert result.exit_code == 2
    assert "leave out --data-dir-b" in result.stderr


def test_a_page_that_cannot_be_written_is_reported(folders, tmp_path):
    (tmp_path / "file").write_text("")
    result = compare("aaa1", "bbb", "--data-dir", folders[0], "--to", tmp_path / "file" / "page.html")
    assert result.exit_code == 3
    assert "the comparison cannot be written" in result.stderr
