"""What is wrong is said in one clear message, with a non-zero exit, and nothing is lost."""

import asyncio
import json
import socket

import pytest

from tests.agents.endpoint import Script, refuses, says, served
from tests.e2e.command import TOOLS, adds_up, command, last_json


def run(folder, tools, *more, **changes):
    return command("run", "--tools", tools, "--dialogues", "5", "--data-dir", folder, *more, **changes)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(None, "does not exist", id="no-such-file"),
        pytest.param('[{"name": "a",\n "description": }]', "line 2", id="malformed-json"),
        pytest.param("[]", "no tool", id="empty-pool"),
        pytest.param('[{"description": "x", "parameters": {}}]', "name", id="nameless"),
        pytest.param(
            '[{"name": "a", "parameters": {"type": "object", "properties": {"b": {"type": "strnig"}}}}]',
            "strnig",
            id="no-json-schema",
        ),
        pytest.param(
            '[{"name": "a", "description": "x", "parameters": {"type": "object", "properties": {}}},'
            ' {"name": "a", "description": "y", "parameters": {"type": "object", "properties": {}}}]',
            "'a'",
            id="duplicate-names",
        ),
    ],
)
def test_bad_tools(tmp_path, content, says):
    path = tmp_path / "tools.json"
    if content is not None:
        path.write_text(content)
    done = run(tmp_path / "data", path)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(("--scenario-mix", "single=1"), "single-single", id="unknown-scenario"),
        pytest.param(("--scenario-mix", "special=0"), "above 0", id="no-weight"),
        pytest.param(("--slot-strategy", "some"), "slot-strategy", id="slot-strategy"),
        pytest.param(("--settings", "/nowhere.toml"), "does not exist", id="no-settings-file"),
        pytest.param(("--candidates", "0"), "candidates", id="candidates"),
    ],
)
def test_bad_options(tmp_path, arguments, says):
    done = run(tmp_path / "data", TOOLS, *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_value_in_the_settings_file_is_named(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text("[roles.judge]\ntemperature = 9\n")
    done = run(tmp_path / "data", TOOLS, "--settings", path)
    assert done.returncode == 2
    assert "roles.judge.temperature" in done.stderr


def test_a_folder_of_another_version_is_left_alone(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "VERSION").write_text("99\n")
    done = run(folder, TOOLS)
    assert done.returncode == 2
    assert "version '99'" in done.stderr
    assert [path.name for path in folder.iterdir()] == ["VERSION"]


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    done = run(tmp_path, TOOLS)
    assert done.returncode == 2
    assert "other things" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_endpoint_without_a_model_is_refused(tmp_path):
    done = run(tmp_path / "data", TOOLS, OPENAI_BASE_URL="http://127.0.0.1:9/v1", OPENAI_API_KEY="k")
    assert done.returncode == 2
    assert "--model" in done.stderr


def test_a_dead_endpoint_is_named(tmp_path):
    with socket.socket() as closed:  # bound and not listening: nobody else gets the port meanwhile
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        done = run(tmp_path / "data", TOOLS, "--model", "m", OPENAI_BASE_URL=url, OPENAI_API_KEY="k")
    assert done.returncode == 3
    assert url in done.stderr
    assert "is it running?" in done.stderr


async def test_a_wrong_key_stops_at_once(tmp_path):
    script = Script([refuses(401, "Incorrect API key provided")])
    async with served(script) as url:
        done = await asyncio.to_thread(
            lambda: run(tmp_path / "data", TOOLS, "--model", "m", OPENAI_BASE_URL=url, OPENAI_API_KEY="wrong")
        )
    assert done.returncode == 3
    assert "Incorrect API key provided" in done.stderr
    assert "wrong" not in done.stderr
    assert len(script.requests) == 1


async def test_a_key_that_is_withdrawn_in_the_middle_stops_the_run_and_loses_nothing(tmp_path):
    script = Script([says("yes"), refuses(401, "Key was revoked")])
    folder = tmp_path / "data"
    async with served(script) as url:
        done = await asyncio.to_thread(
            lambda: run(folder, TOOLS, "--model", "m", "--json", OPENAI_BASE_URL=url, OPENAI_API_KEY="k")
        )
    assert done.returncode == 3
    assert "Key was revoked" in done.stderr
    assert "Nothing is lost" in done.stderr
    assert len(script.requests) < 60
    assert adds_up(last_json(command("status", "--json", "--data-dir", folder).stdout))


def test_a_port_in_use_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = command("teacher", "--port", str(port))
    assert done.returncode == 2
    assert str(port) in done.stderr


@pytest.mark.parametrize(
    "words", [("status",), ("sql", "SELECT 1"), ("trace", "x"), ("report",), ("export",)]
)
def test_looking_where_nothing_is(tmp_path, words):
    done = command(*words, "--data-dir", tmp_path / "nothing")
    assert done.returncode == 2
    assert "genesisfunc run" in done.stderr


def test_an_unknown_rule_gets_a_suggestion():
    names = command("rules", "list").stdout
    assert "tool_definition" in names
    first = json.loads(json.dumps(names)).split()
    assert first
    done = command("rules", "explain", "required_argument")
    assert done.returncode == 2
    assert "there is no rule" in done.stderr
