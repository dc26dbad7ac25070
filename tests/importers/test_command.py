"""`genesisfunc tools import`, as a person runs it, and what it writes."""

import importlib.util
import json

import pytest

from consumers.sampler.importers import pool_json, read_tools
from schemas.tools import ToolSpec, pool_hash
from tests.e2e.command import TOOLS, command, last_json

PYTHON = '''
def book(guests: int, where: str = "here") -> dict[str, float]:
    """Book a table.

    Args:
        guests: How many.
    """
'''
ODD = [
    ToolSpec(name="a.b/c d", description="‘é’ \n [bold]x[/]", source="mcp:weather service"),
    ToolSpec(name="b", returns={}, source=""),
    ToolSpec(name="c", returns={"type": ["string", "null"], "default": None}, source="x" * 500),
    ToolSpec(
        name="d",
        parameters={
            "type": "object",
            "properties": {
                "function": {"type": "number", "default": 1.0},
                "name": {"enum": [2**70, None, "1"]},
            },
            "required": ["name"],
            "$defs": {"N": {"type": "object", "properties": {"n": {"$ref": "#/$defs/N"}}}},
        },
        returns={"$ref": "#/$defs/N", "$defs": {"N": {"type": "array"}}},
    ),
]


def test_a_pool_reads_back_as_it_was_written(tmp_path):
    path = tmp_path / "tools.json"
    path.write_bytes(pool_json(ODD))
    pool = read_tools(str(path))
    assert list(pool.tools) == ODD
    assert pool.changes == {}


@pytest.mark.skipif(importlib.util.find_spec("bfcl_eval") is None, reason="bfcl-eval is not installed")
def test_all_of_bfcl_reads_back_as_it_was_written(tmp_path):
    pool = read_tools("bfcl")
    path = tmp_path / "tools.json"
    path.write_bytes(pool_json(pool.tools))
    again = read_tools(str(path))
    assert again.tools == pool.tools
    assert pool_hash(again.tools) == pool_hash(pool.tools)
    assert path.read_bytes().count(b"\n") == len(pool.tools) + 2, "a tool a line"


def test_what_is_under_function_is_openais_format_and_no_more():
    for item in json.loads(pool_json(ODD)):
        assert item["type"] == "function"
        assert set(item["function"]) == {"name", "description", "parameters"}


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def sources(tmp_path):
    """Three sources; two of them have a tool of one name."""
    python = tmp_path / "my_tools.py"
    python.write_text(PYTHON)
    rows = tmp_path / "rows.jsonl"
    described = {"x": {"type": "str", "description": "[/bold] What."}}
    broken = {"name": "broken", "parameters": {"x": {"type": "strnig"}}}
    rows.write_text(
        json.dumps({"id": "1", "question": "Is it SECRET?", "function": [{"name": "book", "parameters": {}}]})
        + "\n"
        + json.dumps({"id": "2", "function": [{"name": "see", "parameters": described}, broken]})
    )
    api = tmp_path / "api.yaml"
    api.write_text("openapi: 3.0.0\npaths: {/pets: {get: {operationId: pets, description: All.}}}\n")
    return rows, python, api


def test_sources_are_joined_and_summed_up(tmp_path, sources):
    to = tmp_path / "tools.json"
    done = command("tools", "import", *sources, "--to", to, "--json")
    assert done.returncode == 0, done.stderr
    pool = read_tools(str(to))
    assert [(tool.name, tool.source) for tool in pool.tools] == [
        ("book", "python:my_tools.py"),
        ("see", "file:rows.jsonl"),
        ("pets", "openapi:api.yaml"),
    ]
    assert pool.tools[0].returns == {"type": "object", "additionalProperties": {"type": "number"}}
    assert "SECRET" not in to.read_text()
    said = done.stderr
    assert "'broken': /properties/x/type: unknown type 'strnig'; did you mean 'string'?" in said
    assert "1  type 'str' became 'string'" in said
    assert "3 tools in " in said
    assert "1 definition gave way to the best one of their name" in said
    assert said.splitlines()[-1] == f"next: genesisfunc run --tools {to} --dialogues 100"
    figures = last_json(done.stdout)
    assert figures["tools"] == 3
    assert figures["definitions"] == 4
    assert [(one["definitions"], one["tools"], one["cleaned"]) for one in figures["sources"]] == [
        (2, 1, 1),
        (1, 1, 0),
        (1, 1, 0),
    ]
    assert list(figures["changes"]) == ["see"]


def test_a_prefix_goes_before_every_name(tmp_path, sources):
    to = tmp_path / "tools.json"
    assert command("tools", "import", sources[1], "--to", to, "--prefix", "my_").returncode == 0
    assert [tool.name for tool in read_tools(str(to)).tools] == ["my_book"]


def test_a_file_is_not_written_over_unless_it_is_said(tmp_path, sources):
    to = tmp_path / "tools.json"
    to.write_text("mine")
    done = command("tools", "import", TOOLS, "--to", to)
    assert done.returncode == 2
    assert f"{to}: exists already; --force writes over it" in done.stderr
    assert to.read_text() == "mine"
    assert command("tools", "import", TOOLS, "--to", to, "--force").returncode == 0
    assert read_tools(str(to)).tools == read_tools(str(TOOLS)).tools


@pytest.mark.parametrize(
    ("source", "to", "message"),
    [
        ("nowhere.json", "tools.json", "nowhere.json: does not exist"),
        (TOOLS, ".", "is a folder; name a file in it, such as"),
        (TOOLS, "nowhere/tools.json", "cannot be written: No such file or directory"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(tmp_path, source, to, message):
    done = command("tools", "import", source, "--to", tmp_path / to)
    assert done.returncode in (2, 3)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_help_has_an_example_of_each_source():
    said = command("tools", "import", "--help").stdout
    for example in (
        "bfcl",
        "openapi.yaml",
        "https://",
        "mcp:npx",
        "mcp:https://",
        "my_tools.py:book",
        "python:",
    ):
        assert example in said
    assert "its code runs" in " ".join(said.split())
