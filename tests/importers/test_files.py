"""Files of tools: what is read from them, and how every mistake is explained."""

import json
from pathlib import Path
from typing import Any

import pytest

from consumers.sampler.importers import Pool, SourceError, read_tools
from consumers.sampler.importers import documents as importer_documents

SHARED = Path(__file__).parents[3] / "shared" / "data"


def tool(name: str, kind: str = "string", description: str = "d") -> dict[str, Any]:
    properties = {"x": {"type": kind, "description": "The x."}}
    return {
        "name": name,
        "description": description,
        "parameters": {"type": "object", "properties": properties},
    }


@pytest.fixture
def file(tmp_path):
    """Writes a file: text and bytes as they are, a list of lines as JSON lines, the rest as JSON."""

    def write(content: object, name: str = "tools.json") -> Path:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content)
        elif isinstance(content, tuple):
            path.write_text("\n".join(json.dumps(item) for item in content) + "\n")
        else:
            path.write_text(json.dumps(content, indent=1))
        return path

    return write


def read_file(path: Path) -> Pool:
    return read_tools(str(path))


def names(pool: Pool) -> list[str]:
    return [tool.name for tool in pool.tools]


def refusal(path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        read_file(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


# --- what is read --------------------------------------------------------------------------------

A, B = tool("a"), tool("b")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param([A, B], id="list"),
        pytest.param({"tools": [A, B]}, id="tools"),
        pytest.param({"functions": [A, B], "version": 2}, id="functions"),
        pytest.param({"functionDeclarations": [A, B]}, id="gemini"),
        pytest.param([{"type": "function", "function": A}, B], id="mixed-shapes"),
        pytest.param((A, B), id="lines"),
        pytest.param(f"{json.dumps(A)}\r\n\r\n{json.dumps(B)}\r\n", id="lines-crlf-and-blank"),
        pytest.param(b"\xef\xbb\xbf" + json.dumps([A, B]).encode(), id="byte-order-mark"),
        pytest.param([{"id": "1", "function": [A]}, {"id": "2", "function": [B, A]}], id="rows"),
        pytest.param(({"id": "1", "function": [A]}, {"id": "2", "function": B}), id="rows-as-lines"),
        pytest.param({"id": "1", "question": "?", "function": [A, B]}, id="one-row"),
        pytest.param(({"messages": [], "tools": [A]}, {"messages": [], "tools": [A, B]}), id="chat-rows"),
    ],
)
def test_every_layout_gives_the_same_tools(file, content):
    path = file(content)
    pool = read_file(path)
    assert names(pool) == ["a", "b"]
    assert {tool.source for tool in pool.tools} == {"file:tools.json"}
    assert pool.source == str(path)
    assert pool.notes[0] == "2 definitions, 2 names; 0 schemas cleaned"
    assert pool.changes == {}


@pytest.mark.parametrize("content", [A, {"type": "function", "function": A}, json.dumps(A)])
def test_a_single_tool_is_a_pool_of_one(file, content):
    assert names(read_file(file(content))) == ["a"]


def test_read_tools_takes_a_path(file):
    assert names(read_tools(str(file([A])))) == ["a"]


def test_changes_are_told_by_tool_name(file):
    pool = read_file(file([A, tool("b", "float")]))
    assert pool.changes == {"b": ("/properties/x: type 'float' became 'number'",)}
    assert pool.notes == ("2 definitions, 2 names; 1 schema cleaned",)


def test_exact_duplicates_are_merged_with_a_note(file):
    pool = read_file(file([A, B, A]))
    assert names(pool) == ["a", "b"]
    assert pool.notes[1] == "1 definition stood in it more than once, word for word"


def test_of_a_name_in_rows_the_best_definition_is_kept(file):
    bare = {
        "name": "a",
        "description": "",
        "parameters": {"type": "object", "properties": {"x": {}, "y": {}}},
    }
    poor = {
        "name": "a",
        "description": "long description",
        "parameters": {"type": "object", "properties": {}},
    }
    rows = [
        {"id": str(index), "function": [raw]}
        for index, raw in enumerate([bare, poor, A, tool("a", "integer")])
    ]
    pool = read_file(file(rows))
    assert [tool.parameters for tool in pool.tools] == [A["parameters"]]
    assert pool.notes == ("4 definitions, 1 name (3 merged into the best of their name); 0 schemas cleaned",)


def test_of_equally_described_definitions_the_longest_description_wins_and_then_the_first(file):
    rows = [
        {"id": "0", "function": [tool("a", "string", "dd"), tool("a", "integer", "ddd")]},
        {"id": "1", "function": [tool("a", "number", "ddd")]},
    ]
    (kept,) = read_file(file(rows)).tools
    assert kept.properties["x"]["type"] == "integer"


def test_of_a_row_nothing_but_its_tools_is_used(file):
    pool = read_file(file(({"id": "s-1", "question": "Is it SECRET?", "answer": "SECRET", "function": [A]},)))
    assert "SECRET" not in repr(pool)


def test_an_unusable_tool_in_a_row_is_left_out_with_a_note(file):
    pool = read_file(file([{"id": "1", "function": [A]}, {"id": "2", "function": [tool("b", "strnig")]}]))
    assert names(pool) == ["a"]
    assert pool.notes[1:] == (
        "1 definition left out as unusable",
        "  [1], function[0] 'b': /properties/x/type: unknown type 'strnig'; did you mean 'string'?",
    )


def test_rows_with_no_usable_tool_are_refused(file):
    assert "unknown type 'strnig'" in refusal(file([{"id": "2", "function": [tool("b", "strnig")]}]))


# --- what is refused -----------------------------------------------------------------------------


def test_a_missing_file_names_what_is_near(file):
    path = file([A], "my_tools.json")
    assert refusal(path.with_name("mytools.json")) == f"does not exist; did you mean {path}?"


def test_a_missing_file_without_a_like_names_what_is_beside_it(file):
    path = file([A], "my_tools.json")
    assert refusal(path.with_name("zzz")) == "does not exist; beside it: my_tools.json"


def test_a_missing_folder_is_said(tmp_path):
    path = tmp_path / "nowhere" / "tools.json"
    assert refusal(path) == f"does not exist, and neither does the folder {tmp_path / 'nowhere'}"


def test_a_misspelt_bfcl_is_recognised(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert refusal(Path("bflc")) == "does not exist; did you mean bfcl (the tools of that benchmark)?"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("", "is empty", id="empty"),
        pytest.param(" \n", "is empty", id="blank"),
        pytest.param("[]", "holds no tools: the lists in it are empty", id="empty-list"),
        pytest.param({"tools": []}, "holds no tools: the lists in it are empty", id="empty-tools"),
        pytest.param(
            [{"id": "1", "function": []}], "holds no tools: the lists in it are empty", id="empty-row"
        ),
        pytest.param("3", "holds 3 where tools belong: a list, or an object", id="number"),
        pytest.param(
            {"asyncapi": "3.0.0", "channels": {}},
            "holds no tools: an object with 'tools', 'functions' or 'name' is read; "
            "keys found: 'asyncapi', 'channels'",
            id="openapi",
        ),
        pytest.param(
            b'[\n{"name": "caf\xe9"}]',
            "is not UTF-8: line 2 has the byte 0xe9; save it as UTF-8",
            id="latin-1",
        ),
        pytest.param("[]".encode("utf-16"), "is not UTF-8 but UTF-16; save it as UTF-8", id="utf-16"),
        pytest.param(b"\x1f\x8b\x08", "is compressed with gzip; unpack it first", id="gzip"),
        pytest.param(
            '[\n  {"name": "a",\n   "description": "d",}\n]',
            "malformed JSON at line 3 column 23: Expecting property name enclosed in double quotes: "
            '   "description": "d",}',
            id="trailing-comma",
        ),
        pytest.param('{"name": "a"', "malformed JSON at line 1 column 13", id="cut-off"),
        pytest.param(
            '[{"name": "a", "x": NaN}]', "malformed JSON at line 1 column 21: invalid character", id="nan"
        ),
        pytest.param("[" * 5000 + "]" * 5000, "malformed JSON: objects and lists nest too deep", id="deep"),
    ],
)
def test_a_file_without_tools_says_what_it_is_instead(file, content, message):
    assert refusal(file(content)).startswith(message)


def test_a_long_malformed_line_is_shown_around_the_fault(file):
    message = refusal(file('[{"name": "' + "a" * 500 + '" oops, "description": "' + "b" * 500 + '"}]'))
    assert "line 1 column 514" in message
    assert " oops" in message
    assert len(message) < 200


def test_malformed_lines_are_listed_by_number(file):
    message = refusal(file(f'{json.dumps(A)}\n{{"name": oops}}\n{json.dumps(B)}\n{{"name"\n'))
    assert message.splitlines() == [
        "2 problems",
        """  malformed JSON at line 2 column 10: Expecting value: {"name": oops}""",
        """  malformed JSON at line 4 column 8: Expecting ':' delimiter: {"name\"""",
    ]


def test_each_problem_names_the_tool_and_the_place(file):
    bad = [tool("a", "strnig"), {"description": "d"}, B, 5]
    assert refusal(file({"tools": bad})).splitlines() == [
        "3 problems",
        "  tools[0] 'a': /properties/x/type: unknown type 'strnig'; did you mean 'string'?",
        "  tools[1]: name: is missing; keys found: 'description'",
        "  tools[3]: (root): is a number where an object with name and parameters belongs",
    ]


def test_a_problem_in_json_lines_names_the_line(file):
    assert refusal(file((A, tool("b", "strnig")))).startswith("line 2 'b': /properties/x/type: unknown type")


def test_ten_problems_are_listed_and_the_rest_counted(file):
    lines = refusal(file([tool(f"t{index}", "strnig") for index in range(1013)])).splitlines()
    assert lines[0] == "1,013 problems"
    assert len(lines) == 12
    assert lines[-1] == "  and 1,003 more"


def test_two_definitions_of_one_name_are_a_clash(file):
    assert refusal(file([A, B, tool("a", "integer")])) == (
        "[2] 'a': name: already taken by [0], which is defined differently; rename or remove one"
    )


def test_a_file_that_is_too_large_is_refused(file, monkeypatch):
    monkeypatch.setattr(importer_documents, "MAX_BYTES", 1024 * 1024)
    assert refusal(file(" " * (1024 * 1024 + 1))) == "is larger than 1 MiB; split it"


# --- published tool lists ------------------------------------------------------------------------


@pytest.mark.skipif(not (SHARED / "genesisfunc").is_dir(), reason="GenesisFunc's tool lists are not here")
@pytest.mark.parametrize(
    ("name", "tools"), [("simple", 371), ("multiple", 443), ("parallel", 186), ("parallel_multiple", 458)]
)
def test_the_tool_lists_of_genesisfunc_import(name, tools):
    pool = read_file(SHARED / "genesisfunc" / f"{name}.json")
    assert len(pool.tools) == tools
    assert not any("left out" in note for note in pool.notes)


@pytest.mark.skipif(not (SHARED / "acebench" / "en").is_dir(), reason="ACEBench is not here")
def test_the_tool_lists_of_acebench_import():
    left_out = 0
    names: set[str] = set()
    for path in sorted((SHARED / "acebench" / "en").glob("*.json")):
        pool = read_file(path)
        names.update(tool.name for tool in pool.tools)
        left_out += sum("pattern: " in note for note in pool.notes)
        assert all("pattern: " in note for note in pool.notes if note.startswith("  "))
    assert 2_300 < len(names) <= 2_329
    assert 0 < left_out < 10
