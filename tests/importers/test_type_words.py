"""Type words of other languages, with parameters and in unions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from consumers.sampler.importers import ToolError, clean
from consumers.sampler.importers.type_words import schema_of

STRINGS = {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("word", "schema"),
    [
        *(
            (word, STRINGS)
            for word in ("List[str]", "list(str)", "ArrayList<String>", "string[]", "Sequence[str]")
        ),
        *((word, STRINGS) for word in ("array of strings", "list of string", "typing.List[str]", "set[str]")),
        ("List(object)", {"type": "array", "items": {"type": "object"}}),
        ("int[][]", {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}),
        ("list of dictionaries", {"type": "array", "items": {"type": "object"}}),
        ("List[Any]", {"type": "array"}),
        ("Dict[str, Any]", {"type": "object"}),
        ("Map<String, Integer>", {"type": "object", "additionalProperties": {"type": "integer"}}),
        ("Optional[str]", {"type": ["string", "null"]}),
        ("Optional[Union[int, str]]", {"type": ["integer", "string", "null"]}),
        *((word, {"type": ["string", "null"]}) for word in ("str | None", "string or null", "string?")),
        ("Union[List[str], int]", {"anyOf": [STRINGS, {"type": "integer"}]}),
        ("Optional[Any]", {}),
        ("Tuple[int, ...]", {"type": "array", "items": {"type": "integer"}}),
        (
            "tuple[int, str]",
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        ("Literal['a, b', \"c\"]", {"type": "string", "enum": ["a, b", "c"]}),
        ("Literal[1, -2.5, None]", {"type": ["integer", "number", "null"], "enum": [1, -2.5, None]}),
    ],
)
def test_a_type_with_parameters_is_read(word, schema):
    assert schema_of(word) == schema
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    "word",
    [
        *(
            "List[",
            "List[quux]",
            "list[int]]",
            "List[...]",
            "dict[str]",
            "Dict[str, ...]",
            "[int]",
            "'a'",
            "1",
        ),
        *(
            "str|",
            "...",
            "int, optional",
            "List[Dict(name, value)]",
            "strings",
            "Literal[]",
            "Literal['a' 'b']",
        ),
        *("list[" * 9 + "int" + "]" * 9, "int | " * 100 + "int"),
    ],
)
def test_what_is_no_type_is_not_guessed_at(word):
    assert schema_of(word) is None


@given(st.text("listdcoprn[](),|<>'. ?5", max_size=30))
def test_any_text_gives_a_schema_or_nothing(word):
    schema = schema_of(word)
    if schema is not None:
        Draft202012Validator.check_schema(schema)


def of_x(schema: dict) -> tuple[object, tuple[str, ...]]:
    imported = clean({"name": "t", "parameters": {"type": "object", "properties": {"x": schema}}}, "test")
    return imported.tool.parameters["properties"]["x"], imported.changes


def test_a_tool_may_use_them():
    schema, changes = of_x({"type": "List[int]", "description": "Which."})
    assert schema == {"type": "array", "description": "Which.", "items": {"type": "integer"}}
    assert list(schema) == ["type", "description", "items"]
    assert changes == (
        """/properties/x: type 'List[int]' became {"type": "array", "items": {"type": "integer"}}""",
    )


def test_what_stands_beside_a_type_counts_more_than_its_parameters():
    schema, _ = of_x({"type": "List[int]", "items": {"type": "string", "enum": ["a"]}})
    assert schema == {"type": "array", "items": {"type": "string", "enum": ["a"]}}


def test_a_list_of_types_may_hold_them():
    schema, _ = of_x({"type": ["List[str]", "null"]})
    assert schema == {"anyOf": [STRINGS, {"type": "null"}]}


def test_a_union_beside_a_union_is_refused():
    with pytest.raises(ToolError, match="stands beside an 'anyOf'"):
        of_x({"type": "Union[List[str], int]", "anyOf": [{"minItems": 1}]})
