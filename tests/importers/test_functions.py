"""Python functions as tools."""

import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from consumers.sampler.importers import Pool, SourceError, read_tools
from schemas.tools import ToolSpec

HEAD = """
from __future__ import annotations
import dataclasses, datetime, enum
from typing import *
from pydantic import BaseModel, Field

class Unit(enum.Enum):
    C = "celsius"
    F = "fahrenheit"

@dataclasses.dataclass
class Point:
    lat: float
    lon: float = 0.0

class Place(TypedDict, total=False):
    name: Required[str]
    at: Point

class Weather(BaseModel):
    degrees: float = Field(description="Degrees.", ge=-90)

class Client: ...
"""


@pytest.fixture
def module(tmp_path):
    def write(code: str, name: str = "my_tools.py") -> Path:
        path = tmp_path / name
        path.write_text(HEAD + code)
        return path

    return write


@pytest.fixture
def of(module):
    """The one tool of a module with this code, and what was changed about it."""

    def read(code: str) -> tuple[ToolSpec, tuple[str, ...]]:
        pool = read_tools(str(module(code)))
        (tool,) = pool.tools
        Draft202012Validator.check_schema(tool.parameters)
        return tool, pool.changes.get(tool.name, ())

    return read


def names(pool: Pool) -> list[str]:
    return [tool.name for tool in pool.tools]


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        ("str", {"type": "string"}),
        ("int | None", {"type": ["integer", "null"]}),
        ("Optional[str]", {"type": ["string", "null"]}),
        ("Literal['a', 'b']", {"type": "string", "enum": ["a", "b"]}),
        ("list[int]", {"type": "array", "items": {"type": "integer"}}),
        ("dict[str, float]", {"type": "object", "additionalProperties": {"type": "number"}}),
        ("datetime.datetime", {"type": "string", "format": "date-time"}),
        (
            "Annotated[int, Field(description='How many.', ge=1)]",
            {"type": "integer", "description": "How many.", "minimum": 1},
        ),
        ("Annotated[str, 'Where.']", {"type": "string", "description": "Where."}),
        ("Any", {}),
        (
            "tuple[int, str]",
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
    ],
)
def test_an_annotation_becomes_a_schema(of, annotation, schema):
    tool, changes = of(f"def f(x: {annotation}): 'F.'")
    assert tool.properties == {"x": schema}
    assert tool.required == ("x",)
    assert changes == ()


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        ("Unit", "celsius", "kelvin"),
        ("Point", {"lat": 1.5}, {"lon": 1.5}),
        ("Place", {"name": "a", "at": {"lat": 1}}, {"at": {"lat": 1}}),
        ("list[Place] | None", [{"name": "a"}], [{}]),
        ("Weather", {"degrees": 5}, {"degrees": -91}),
    ],
)
def test_classes_are_described_with_what_they_hold(of, annotation, good, bad):
    tool, _ = of(f"def f(x: {annotation}): 'F.'")
    check = Draft202012Validator(tool.parameters)
    assert check.is_valid({"x": good})
    assert not check.is_valid({"x": bad})


@pytest.mark.parametrize(
    ("parameter", "default"),
    [
        ("x: int = 3", 3),
        ("x: Unit = Unit.C", "celsius"),
        ("x: Optional[Point] = None", None),
        ("x: list[int] = ()", []),
        ("x: datetime.date = datetime.date(2024, 1, 2)", "2024-01-02"),
        ("x: Point = Point(1.0)", {"lat": 1.0, "lon": 0.0}),
        ("x: int = Field(3, description='d')", 3),
    ],
)
def test_a_default_makes_a_parameter_optional(of, parameter, default):
    tool, _ = of(f"def f({parameter}): 'F.'")
    assert tool.properties["x"]["default"] == default
    assert tool.required == ()


def test_a_default_json_does_not_have_is_left_out_with_a_note(of):
    tool, changes = of("def f(x: float = float('inf')): 'F.'")
    assert tool.properties == {"x": {"type": "number"}}
    assert tool.required == ()
    assert changes == ("/properties/x: default inf left out; JSON does not have it",)


def test_a_docstring_describes_tool_parameters_and_result(of):
    tool, _ = of('''
async def book(guests: Annotated[int, Field(description="From Field.")], when, unit=Unit.C) -> Weather:
    """Book a table.

    Args:
        guests: From here.
        when (str): The day.
        unit: Of the degrees.

    Returns:
        What it is like.
    """
''')
    assert tool.description == "Book a table."
    assert tool.properties["guests"]["description"] == "From Field."
    assert tool.properties["when"] == {"type": "string", "description": "The day."}
    assert tool.properties["unit"]["description"] == "Of the degrees."
    assert tool.returns is not None
    assert tool.returns["description"] == "What it is like."
    assert tool.returns["properties"] == {
        "degrees": {"description": "Degrees.", "type": "number", "minimum": -90}
    }


@pytest.mark.parametrize("annotation", ["", " -> None", " -> Any", " -> NoReturn"])
def test_a_result_that_says_nothing_is_left_undescribed(of, annotation):
    assert of(f"def f(){annotation}: 'F.'")[0].returns is None


def test_a_result_without_a_schema_is_left_undescribed_with_a_note(of):
    tool, (change,) = of("def f() -> Client: 'F.'")
    assert tool.returns is None
    assert change.startswith("returns: left undescribed; its type has no JSON Schema: ")


def test_what_a_call_cannot_say_is_left_out_with_a_note(of):
    tool, changes = of("def f(x: int, *args: int, client: Client = Client(), **more: int): 'F.'")
    assert list(tool.properties) == ["x"]
    assert changes[0] == "parameters: *args left out; a call names its arguments"
    assert changes[1].startswith("parameters: 'client' left out; its type has no JSON Schema: ")
    assert changes[2] == "parameters: **more left out; a call names its arguments"


def test_what_is_not_annotated_takes_any_value(of):
    tool, changes = of("def f(x, y: Nowhere): 'F.'")
    assert tool.properties == {"x": {}, "y": {}}
    assert changes == (
        "/properties/x: it has no annotation; any value fits",
        "/properties/y: 'Nowhere' cannot be resolved; any value fits",
    )


def test_a_function_that_needs_what_json_does_not_have_is_left_out_by_name(module):
    path = module("def f(): 'F.'\ndef g(client: Client): 'G.'\ndef h(call: Callable[[], int]): 'H.'")
    pool = read_tools(str(path))
    assert names(pool) == ["f"]
    assert "2 definitions left out as unusable" in pool.notes
    assert "'g': /properties/client: its type has no JSON Schema: " in pool.notes[-2]
    assert "'h': /properties/call: its type has no JSON Schema: " in pool.notes[-1]


# --- which functions -----------------------------------------------------------------------------

SEVERAL = """
from textwrap import dedent
from functools import cache, wraps
def public(): "P."
async def later(): "L."
@cache
def cached(): "C."
def _private(): "Private."
class Class: ...
instance = Client()
"""


def test_public_is_what_is_defined_there_without_an_underscore(module):
    pool = read_tools(str(module(SEVERAL)))
    assert names(pool) == ["public", "later", "cached"]
    assert {tool.source for tool in pool.tools} == {"python:my_tools.py"}
    assert pool.notes[1].startswith("3 functions of ")


def test_all_says_what_is_public(module):
    assert names(read_tools(str(module(SEVERAL + "__all__ = ['_private', 'dedent']")))) == [
        "_private",
        "dedent",
    ]


def test_one_function_can_be_named(module):
    assert names(read_tools(f"{module(SEVERAL)}:_private")) == ["_private"]


def test_an_installed_module_can_be_named():
    assert "dedent" in names(read_tools("python:textwrap"))
    (tool,) = read_tools("python:textwrap:dedent").tools
    assert tool.source == "python:textwrap"


def test_a_module_of_the_current_folder_can_be_named(module, monkeypatch):
    path = module("def f(): 'F.'", "tools_beside.py")
    monkeypatch.chdir(path.parent)
    assert names(read_tools("python:tools_beside")) == ["f"]


def test_a_module_finds_what_lies_beside_it_and_leaves_no_trace(module):
    module("def helper(): ...", "lies_beside.py")
    path = module("import lies_beside\ndef f(): 'F.'", "json.py")
    before = list(sys.path)
    assert names(read_tools(str(path))) == ["f"]
    assert sys.path == before
    assert not hasattr(sys.modules["json"], "lies_beside"), "json is still everybody's"


def test_what_a_module_prints_goes_to_standard_error(module, capsys):
    read_tools(str(module("print('hello')\ndef f(): 'F.'")))
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "hello\n"


@pytest.mark.parametrize(
    ("code", "suffix", "message"),
    [
        pytest.param("x = 1", "", "defines no public function", id="none"),
        pytest.param(SEVERAL, ":publik", "has no 'publik'; did you mean public?", id="misspelt"),
        pytest.param(SEVERAL, ":Class", "'Class' is a type; name a function", id="class"),
        pytest.param("1 / 0", "", "cannot be imported: ZeroDivisionError: division by zero (", id="raises"),
        pytest.param("def", "", "cannot be imported: SyntaxError: ", id="syntax"),
        pytest.param("exit(3)", "", "cannot be imported: SystemExit: 3", id="exits"),
        pytest.param("import nowhere_at_all", "", "cannot be imported: ModuleNotFoundError: ", id="imports"),
        pytest.param(
            "def f(x: Client): ...", "", "'f': /properties/x: its type has no JSON Schema", id="unusable"
        ),
    ],
)
def test_a_module_that_cannot_be_used_says_why(module, code, suffix, message):
    path = module(code)
    with pytest.raises(SourceError) as caught:
        read_tools(f"{path}{suffix}")
    text = str(caught.value)
    assert text.startswith(str(path))
    assert message in text


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere/tools.py", "nowhere/tools.py: does not exist"),
        ("python:nowhere.tools", "there is no module 'nowhere' here or among the installed packages"),
        ("python:textwrap.tools", "there is no module 'textwrap.tools'"),
        ("python:", "python:: names no module; write python:package.module"),
    ],
)
def test_a_module_that_is_not_there_is_said(source, message):
    with pytest.raises(SourceError, match=message):
        read_tools(source)
