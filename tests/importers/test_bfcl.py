"""BFCL's tools: from the installed package, and from small packages made for the purpose."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from consumers.sampler.importers import BFCLError, Pool, bfcl, read_bfcl, read_tools
from consumers.sampler.importers.normalise import clean
from schemas.tools import pool_hash

installed = pytest.mark.skipif(
    importlib.util.find_spec("bfcl_eval") is None, reason="the package bfcl-eval is not installed"
)


def data() -> Path:
    spec = importlib.util.find_spec("bfcl_eval")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "data"


@pytest.fixture(scope="module")
def pool() -> Pool:
    return read_tools("bfcl")


@installed
def test_all_of_bfcl_imports(pool):
    assert 1_900 < len(pool.tools) < 2_100
    assert len(pool.changes) > 1_500, "nearly every schema says 'dict'"
    assert pool.source == "bfcl"
    assert pool.notes[0].startswith("3,4")
    assert "merged into the best of their name" in pool.notes[0]
    assert any("format_sensitivity" in note for note in pool.notes)


@installed
def test_names_are_unique_and_sorted_and_the_order_is_the_same_every_time(pool):
    names = [tool.name for tool in pool.tools]
    assert names == sorted(set(names))
    assert read_tools("bfcl") == pool
    assert pool_hash(pool.tools) == pool_hash(reversed(pool.tools))


@installed
def test_every_tool_says_where_it_is_from(pool):
    sources = {tool.source for tool in pool.tools}
    assert {
        "bfcl:simple_python",
        "bfcl:simple_java",
        "bfcl:live_multiple",
        "bfcl:multi_turn/math_api",
    } <= sources
    assert all(source.startswith("bfcl:") for source in sources)


@installed
def test_every_schema_is_valid_and_clean(pool):
    for tool in pool.tools[::7]:
        Draft202012Validator.check_schema(tool.parameters)
    for tool in pool.tools:
        raw = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
        again = clean({**raw, "returns": tool.returns}, tool.source)
        assert (again.tool, again.changes) == (tool, ())


@installed
def test_every_option_can_be_chosen(pool):
    for tool in pool.tools:
        for schema in tool.properties.values():
            check = Draft202012Validator({key: schema[key] for key in ("type",) if key in schema})
            assert all(check.is_valid(option) for option in schema.get("enum", ()))


@installed
def test_the_tools_of_the_multi_turn_part_state_their_results(pool):
    stated = [tool for tool in pool.tools if tool.returns]
    assert len(stated) > 100
    assert all(tool.source.startswith("bfcl:multi_turn/") for tool in stated)


def questions() -> list[str]:
    """Texts of at least forty characters that users say in BFCL, from every file that has some."""
    found = []
    for path in sorted(data().glob("BFCL_v4_*.json")):
        if "format_sensitivity" in path.name:
            continue
        rows = [json.loads(line) for line in path.read_text().splitlines()][::10]
        said = [message["content"] for row in rows for turn in row["question"] for message in turn]
        found += [text for text in said if len(text) >= 40]
    return found


@installed
def test_no_question_is_in_the_pool(pool):
    texts = questions()
    assert len(texts) > 400
    everything = repr(pool)
    assert not [text for text in texts if text in everything or repr(text)[1:-1] in everything]


# --- packages made for the purpose ---------------------------------------------------------------


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Puts a package of this name before the installed one, with the given files under `data`."""

    def make(files: dict[str, str]) -> Path:
        folder = tmp_path / "bfcl_eval"
        folder.mkdir()
        (folder / "__init__.py").write_text("raise ImportError('this package must not be imported')")
        for name, text in files.items():
            path = folder / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "bfcl_eval", raising=False)
        return folder

    return make


def row(*tools: dict[str, object]) -> str:
    question = [[{"role": "user", "content": "What is the QUESTION?"}]]
    return json.dumps({"id": "1", "question": question, "function": tools}) + "\n"


def tool(name: str, description: str = "d") -> dict[str, object]:
    return {"name": name, "description": description, "parameters": {"type": "dict", "properties": {}}}


def test_the_package_is_read_but_never_imported(package):
    package(
        {
            "BFCL_v4_simple_python.json": row(tool("b")) + "\n" + row(tool("a"), tool("b", "longer")),
            "BFCL_v4_multi_turn_base.json": '{"id": "1", "question": [], "involved_classes": ["X"]}\n',
            "BFCL_v4_index.json": '{\n "simple_python": ["1"]\n}\n',
            "possible_answer/BFCL_v4_simple_python.json": row(tool("answer")),
            "multi_turn_func_doc/math_api.json": json.dumps({**tool("c"), "response": {"type": "float"}}),
        }
    )
    pool = read_tools("bfcl")
    assert [(tool.name, tool.source) for tool in pool.tools] == [
        ("a", "bfcl:simple_python"),
        ("b", "bfcl:simple_python"),
        ("c", "bfcl:multi_turn/math_api"),
    ]
    assert pool.tools[1].description == "longer"
    assert pool.tools[2].returns == {"type": "number"}
    assert pool.notes[0] == "4 definitions, 3 names (1 merged into the best of their name); 3 schemas cleaned"
    assert "BFCL_v4_index.json left out: it holds no rows of JSON" in pool.notes
    assert "bfcl_eval" not in sys.modules


def test_nothing_of_a_row_but_its_definitions_is_ever_handed_on(package):
    rows = row(tool("a"), tool("b")) + row(tool("c"))
    folder = package({"BFCL_v4_simple_python.json": rows})
    handed_on = list(bfcl._rows(folder / "data" / "BFCL_v4_simple_python.json"))
    # Bytes of their own: a view would keep the whole line, and the question in it, alive.
    assert handed_on == [json.dumps(tool(name)).encode() for name in "abc"]
    assert {type(definition) for definition in handed_on} == {bytes}
    assert bfcl._Row.__struct_fields__ == ("function",)


def test_a_missing_package_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "bfcl_eval", raising=False)
    with pytest.raises(BFCLError, match=r"pip install --no-deps bfcl-eval==2026\.3\.23"):
        read_bfcl()


def test_another_release_without_the_files_is_refused(package):
    package({"BFCL_v9_simple.json": row(tool("a"))})
    with pytest.raises(BFCLError, match=r"holds no BFCL_v4_\*\.json"):
        read_bfcl()


def test_a_damaged_line_is_named(package):
    package({"BFCL_v4_simple_python.json": row(tool("a")) + row(tool("b"))[:-40]})
    with pytest.raises(BFCLError, match=r"BFCL_v4_simple_python\.json line 2 is damaged"):
        read_bfcl()


def test_an_unusable_tool_is_named(package):
    broken = {"name": "a", "parameters": {"type": "strnig"}}
    package({"BFCL_v4_simple_python.json": row(broken)})
    with pytest.raises(BFCLError, match=r"bfcl:simple_python holds a tool.*'a'.*did you mean 'string'"):
        read_bfcl()
