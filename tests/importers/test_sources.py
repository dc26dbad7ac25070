"""What a source is recognised as, folders, and the public data sets."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from consumers.sampler.importers import SourceError, read_definitions, read_tools
from consumers.sampler.importers.files import _Item

DATA = Path(__file__).parents[3] / "shared" / "data"
ACEBENCH = DATA / "acebench" / "en"
API_BANK = DATA / "api_bank"


def tool(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "description": "d", **more}


OPENAPI = {"openapi": "3.1.0", "paths": {"/a": {"get": {"operationId": "listed"}}}}


@pytest.mark.parametrize(
    ("name", "content", "prefix", "source"),
    [
        ("tools.json", json.dumps([tool("listed")]), "", "file:tools.json"),
        ("tools.json", json.dumps([tool("listed")]), "file:", "file:tools.json"),
        ("tools.txt", json.dumps([tool("listed")]), "", "file:tools.txt"),
        ("tools.jsonl", json.dumps(tool("listed")) + "\n", "", "file:tools.jsonl"),
        ("tools.yaml", "tools:\n- {name: listed, description: d}\n", "", "file:tools.yaml"),
        ("api.json", json.dumps(OPENAPI), "", "openapi:api.json"),
        ("api.json", json.dumps(OPENAPI), "openapi:", "openapi:api.json"),
        ("api.yml", json.dumps(OPENAPI), "", "openapi:api.yml"),
        ("api", json.dumps(OPENAPI), "", "openapi:api"),
        ("tools.py", "def listed(): 'd'", "", "python:tools.py"),
        ("tools.py", "def listed(): 'd'", "python:", "python:tools.py"),
        ("bfcl", json.dumps([tool("listed")]), "./", "file:bfcl"),
    ],
)
def test_a_prefix_or_the_content_says_what_a_source_is(tmp_path, monkeypatch, name, content, prefix, source):
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(content)
    (found,) = read_tools(prefix + name).tools
    assert (found.name, found.source) == ("listed", source)


@pytest.mark.parametrize(
    ("name", "content", "prefix", "message"),
    [
        ("api.json", json.dumps(OPENAPI), "file:", "holds no tools"),
        ("tools.json", json.dumps([tool("a")]), "openapi:", "is no OpenAPI 3 document"),
    ],
)
def test_a_prefix_insists(tmp_path, name, content, prefix, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(SourceError, match=message):
        read_tools(f"{prefix}{tmp_path / name}")


def test_all_distinct_definitions_of_a_name_are_there_before_the_best_is_chosen(tmp_path):
    rows = [
        {"id": kind, "function": [tool("a", parameters={"x": {"type": kind}}), tool("b")]}
        for kind in ("str", "int", "string")
    ]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    source = str(tmp_path / "rows.json")
    assert [one.tool.name for one in read_definitions(source).imported] == ["a", "b", "a"]
    assert [one.name for one in read_tools(source).tools] == ["a", "b"]


def test_a_row_is_decoded_into_nothing_but_what_may_be_read():
    text = {"question": "SECRET", "messages": [{"content": "SECRET"}], "user": "SECRET", "answer": "SECRET"}
    decoded = msgspec.json.decode(json.dumps({**text, "function": []}), type=_Item)
    assert set(_Item.__struct_fields__) == {
        *("name", "id", "function", "tools", "functions", "functionDeclarations", "function_declarations"),
        *("system", "returns", "source"),
    }
    assert not any(b"SECRET" in bytes(getattr(decoded, field)) for field in _Item.__struct_fields__)


# --- folders -------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    def write(**files: object) -> Path:
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return tmp_path

    return write


def test_every_file_of_a_folder_is_read_in_order(folder):
    path = folder(b_json=[tool("b"), tool("a")], a_jsonl=json.dumps(tool("a")), c_yaml=json.dumps(OPENAPI))
    pool = read_tools(str(path))
    assert [(one.name, one.source) for one in pool.tools] == [
        ("a", "file:a.jsonl"),
        ("b", "file:b.json"),
        ("listed", "openapi:c.yaml"),
    ]
    assert pool.source == str(path)
    assert pool.notes[1:] == (
        "read from 3 files",
        "c.yaml: OpenAPI 3.1.0: 1 operation",
        "1 definition stood in it more than once, word for word",
    )


def test_what_holds_no_tools_is_left_out_with_a_note(folder):
    path = folder(a_json=[tool("a")], b_json={"x": 1}, c_json="[", d_txt="", sub__possible_json=[tool("no")])
    pool = read_tools(str(path))
    assert [one.name for one in pool.tools] == ["a"]
    assert pool.notes[1] == "read from 1 file"
    assert pool.notes[2].startswith("  b.json left out: holds no tools")
    assert pool.notes[3].startswith("  c.json left out: malformed JSON at line 1 column 2")
    assert pool.notes[4] == "not read: d.txt, sub/"


def test_a_tool_that_cannot_be_used_is_left_out_by_file_and_name(folder):
    path = folder(a_json=[tool("a"), tool("b", parameters=5)])
    assert read_tools(str(path)).notes[-1] == (
        "  a.json: [1] 'b': parameters: are a number where a JSON Schema object belongs"
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "is a folder without a file of tools \\(.json, .jsonl"),
        ({"a_txt": "x"}, "is a folder without a file of tools"),
        ({"a_json": "{}"}, "a.json left out: holds no tools"),
    ],
)
def test_a_folder_without_tools_is_refused(folder, files, message):
    with pytest.raises(SourceError, match=message):
        read_tools(str(folder(**files)))


# --- data sets -----------------------------------------------------------------------------------


def lines(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*.json")):
        yield from map(json.loads, path.read_text().splitlines())


def texts(value: object) -> Iterator[str]:
    """The longer texts in a JSON value."""
    if isinstance(value, str):
        if len(value) >= 40:
            yield value
    elif isinstance(value, dict):
        for child in value.values():
            yield from texts(child)
    elif isinstance(value, list):
        for child in value:
            yield from texts(child)


def leaked(secrets: set[str], path: Path) -> list[str]:
    """Secrets that stand in what the source gives, notes and changes included."""
    everything = repr(read_definitions(str(path)))
    return [text for text in secrets if text in everything or repr(text)[1:-1] in everything]


@pytest.mark.skipif(not ACEBENCH.is_dir(), reason="ACEBench is not here")
def test_acebench_gives_its_tools_and_no_question_or_answer():
    began = time.process_time()
    pool = read_tools(str(ACEBENCH))
    assert 2_310 < len(pool.tools) < 2_329
    assert time.process_time() - began < 10
    assert all("pattern: " in note for note in pool.notes if note.startswith("  "))
    rows = list(lines(ACEBENCH))
    asked = ("question", "profile", "initial_config", "time")
    secrets = {text for row in rows[::15] for key in asked for text in texts(row.get(key))}
    answers = {text for row in list(lines(ACEBENCH / "possible_answer"))[::9] for text in texts(row)}
    assert len(secrets) > 50
    assert len(answers) > 15
    described = {text for row in rows for text in texts(row["function"])}
    assert leaked((secrets | answers) - described, ACEBENCH) == []


@pytest.mark.skipif(not API_BANK.is_dir(), reason="API-Bank is not here")
def test_api_bank_gives_its_tools_and_no_dialogue():
    pool = read_tools(str(API_BANK))
    assert len(pool.tools) == 67
    assert not any("left out" in note for note in pool.notes)
    (booking,) = (one for one in pool.tools if one.name == "QueryRegistration")
    assert booking.required == ("patient_name", "date")
    rows = [row for path in API_BANK.glob("*.json") for row in json.loads(path.read_text())]
    said = {line for row in rows for line in row["user"].splitlines() if len(line) >= 40 and "*" not in line}
    answers = {text for row in rows for text in texts(row["answer"])}
    assert len(said) > 500
    prompts = "".join({row["system"] for row in rows})
    assert leaked({text for text in said | answers if text not in prompts}, API_BANK) == []
    assert not [one.name for one in pool.tools if "<tool_call>" in repr(one)]
