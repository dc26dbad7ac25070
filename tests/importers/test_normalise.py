"""One definition in, one clean tool out, and a sentence per change."""

import contextlib
import copy
import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from consumers.sampler.importers import Imported, ToolError, clean
from schemas.tools import ToolSpec

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Where"}},
    "required": ["city"],
}
RESULT = {"type": "object", "properties": {"degrees": {"type": "number"}}}


def tool(parameters: Any, **more: Any) -> dict[str, Any]:
    return {"name": "weather", "description": "The weather.", "parameters": parameters, **more}


def prop(schema: Any, **around: Any) -> dict[str, Any]:
    """A tool with one parameter, `x`."""
    return tool({"type": "object", "properties": {"x": schema}, **around})


def cleaned(raw: Any) -> Imported:
    """Clean, and check what holds for every clean tool."""
    before = copy.deepcopy(raw)
    imported = clean(raw, "test")
    assert raw == before, "the input is left as it was"
    Draft202012Validator.check_schema(imported.tool.parameters)
    assert imported.tool.parameters["type"] == "object"
    assert isinstance(imported.tool.parameters["properties"], dict)
    if imported.tool.returns is not None:
        Draft202012Validator.check_schema(imported.tool.returns)
    assert clean(written(imported.tool), "test") == Imported(imported.tool, ())
    return imported


def written(tool: ToolSpec) -> Any:
    return json.loads(msgspec.json.encode(tool))


def of_x(schema: Any) -> tuple[Any, tuple[str, ...]]:
    """The clean schema of a parameter, and what was changed about it."""
    imported = cleaned(prop(schema))
    return imported.tool.parameters["properties"]["x"], imported.changes


# --- shapes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(tool(SCHEMA), id="plain"),
        pytest.param({"type": "function", "function": tool(SCHEMA, strict=True)}, id="openai-chat"),
        pytest.param({"function": tool(SCHEMA)}, id="openai-chat-without-type"),
        pytest.param({"type": "function", **tool(SCHEMA), "strict": True}, id="openai-responses"),
        pytest.param(
            {"name": "weather", "description": "The weather.", "input_schema": SCHEMA}, id="anthropic"
        ),
        pytest.param(
            {"type": "custom", "name": "weather", "description": "The weather.", "input_schema": SCHEMA},
            id="anthropic-custom",
        ),
        pytest.param({"name": "weather", "description": "The weather.", "inputSchema": SCHEMA}, id="mcp"),
        pytest.param({"name": "weather", "description": "The weather.", "arguments": SCHEMA}, id="acebench"),
    ],
)
def test_every_shape_gives_the_same_tool(raw):
    expected = ToolSpec(name="weather", description="The weather.", parameters=SCHEMA, source="test")
    assert cleaned(raw) == Imported(expected, ())


@pytest.mark.parametrize("key", ["returns", "outputSchema", "output_schema", "response", "results"])
def test_the_schema_of_the_result_is_kept_under_every_name(key):
    assert cleaned(tool(SCHEMA, **{key: RESULT})).tool.returns == RESULT


def test_the_result_is_cleaned_and_its_pointers_say_so():
    imported = cleaned(tool(SCHEMA, response={"type": "dict", "properties": {"a": {"type": "float"}}}))
    assert imported.tool.returns == {"type": "object", "properties": {"a": {"type": "number"}}}
    assert imported.changes == (
        "returns: type 'dict' became 'object'",
        "returns/properties/a: type 'float' became 'number'",
    )


def test_a_result_need_not_be_an_object():
    assert cleaned(tool(SCHEMA, returns={"type": "list"})).tool.returns == {"type": "array"}


def test_a_result_told_in_words_becomes_a_description():
    imported = cleaned(tool(SCHEMA, returns="Degrees Celsius."))
    assert imported.tool.returns == {"description": "Degrees Celsius."}
    assert imported.changes == ("returns: text, no schema; kept as the description of one",)


@pytest.mark.parametrize("raw", [{"name": "now"}, {"name": "now", "parameters": None}])
def test_a_tool_without_parameters_takes_none(raw):
    imported = cleaned(raw)
    assert imported.tool.parameters == {"type": "object", "properties": {}}
    assert imported.changes == ("parameters: missing; the tool takes no arguments",)


def test_an_empty_schema_becomes_one_without_properties():
    imported = cleaned(tool({}))
    assert imported.tool.parameters == {"type": "object", "properties": {}}
    assert imported.changes == (
        "parameters: no type was stated; it is 'object'",
        "parameters: 'properties' was missing; it is empty",
    )


def test_a_bare_map_of_parameters_becomes_properties():
    imported = cleaned(tool({"q": {"type": "str"}, "limit": {"type": "int", "default": 5}}))
    assert imported.tool.parameters == {
        "type": "object",
        "properties": {"q": {"type": "string"}, "limit": {"type": "integer", "default": 5}},
        "required": ["q"],
    }
    assert imported.changes[0].startswith("parameters: a bare map of parameters became 'properties'")


def test_an_open_map_is_not_taken_for_a_bare_one():
    parameters = cleaned(tool({"additionalProperties": {"type": "string"}})).tool.parameters
    assert parameters["additionalProperties"] == {"type": "string"}
    assert parameters["properties"] == {}


# --- types ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        *((word, "object") for word in ("dict", "Object", "HashMap", "Hashtable", "OBJECT")),
        *((word, "number") for word in ("float", "double", "Double", "NUMBER")),
        *((word, "integer") for word in ("int", "Integer", "long", "byte", "short", "BigInt")),
        *((word, "array") for word in ("list", "tuple", "Array", "ArrayList", "Queue", "Stack", "Set")),
        *((word, "string") for word in ("str", "String", "char", "STRING")),
        *((word, "boolean") for word in ("bool", "Boolean")),
    ],
)
def test_type_names_of_other_languages_are_mapped(word, kind):
    assert of_x({"type": word}) == ({"type": kind}, (f"/properties/x: type {word!r} became {kind!r}",))


@pytest.mark.parametrize("word", ["any", "Any", ""])
def test_any_means_no_type(word):
    assert of_x({"type": word, "description": "d"}) == (
        {"description": "d"},
        (f"/properties/x: type {word!r} dropped; any value fits",),
    )


def test_types_are_mapped_at_any_depth():
    deep = {
        "type": "list",
        "items": {
            "anyOf": [{"type": "dict", "properties": {"a/b": {"type": "tuple", "items": {"type": "long"}}}}]
        },
    }
    schema, changes = of_x(deep)
    inner = schema["items"]["anyOf"][0]["properties"]["a/b"]
    assert inner == {"type": "array", "items": {"type": "integer"}}
    assert changes[-1] == "/properties/x/items/anyOf/0/properties/a~1b/items: type 'long' became 'integer'"


@pytest.mark.parametrize(
    ("stated", "kept"),
    [
        (["str", "null"], ["string", "null"]),
        (["str", None], ["string", "null"]),
        (["int", "long"], "integer"),
        (["string", "any"], None),
    ],
)
def test_unions_of_types_are_mapped_word_by_word(stated, kept):
    assert of_x({"type": stated})[0].get("type") == kept


def test_a_property_that_only_names_its_type_becomes_a_schema():
    schema, changes = of_x("float")
    assert schema == {"type": "number"}
    assert changes[0] == "/properties/x: 'float' stands where a schema belongs; it became its type"


def test_properties_named_like_keywords_are_properties():
    names = ["type", "required", "optional", "items", "properties", "enum", "default", "$ref"]
    parameters = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    assert cleaned(tool(parameters)) == Imported(
        ToolSpec(name="weather", description="The weather.", parameters=parameters, source="test"), ()
    )


# --- flags, bounds, dialects ---------------------------------------------------------------------


@pytest.mark.parametrize("flag", [{"required": True}, {"required": "yes"}, {"optional": False}])
def test_a_flag_in_a_property_moves_to_the_required_list(flag):
    imported = cleaned(prop({"type": "string", **flag}))
    assert imported.tool.required == ("x",)
    assert imported.tool.properties == {"x": {"type": "string"}}
    assert "moved to the required list" in imported.changes[0]


@pytest.mark.parametrize("flag", [{"required": False}, {"optional": True}, {"optional": "True"}])
def test_a_flag_that_says_optional_is_dropped(flag):
    imported = cleaned(prop({"type": "string", **flag}))
    assert imported.tool.required == ()
    assert imported.tool.properties == {"x": {"type": "string"}}


def test_the_required_list_wins_over_a_flag():
    imported = cleaned(prop({"type": "string", "optional": True}, required=["x"]))
    assert imported.tool.required == ("x",)
    assert imported.changes == ("/properties/x: 'optional: true' dropped; the required list says otherwise",)


def test_flags_are_moved_in_nested_objects_too():
    schema, _ = of_x({"type": "object", "properties": {"y": {"type": "string", "required": True}}})
    assert schema == {"type": "object", "properties": {"y": {"type": "string"}}, "required": ["y"]}


def test_required_names_without_a_property_are_dropped():
    imported = cleaned(prop({"type": "string"}, required=["x", "y", "x"]))
    assert imported.tool.required == ("x",)
    assert imported.changes == (
        "parameters: names listed twice under 'required' are kept once",
        "parameters: 'y' dropped from 'required'; there is no such property",
    )


def test_required_names_of_an_object_without_properties_are_declared():
    schema, changes = of_x({"type": "dict", "required": ["adults", "children"]})
    assert schema["properties"] == {"adults": {}, "children": {}}
    assert schema["required"] == ["adults", "children"]
    assert changes[-1].endswith("'properties' was missing; declares what is required: 'adults', 'children'")


@pytest.mark.parametrize(
    "schema",
    [
        {
            "type": "object",
            "properties": {"a": {}, "b": {}},
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
        {"type": "object", "additionalProperties": {"type": "string"}, "required": ["a"]},
        {"type": "object", "properties": {}, "patternProperties": {"^a$": {}}, "required": ["a"]},
        {"if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"], "properties": {}}},
    ],
)
def test_required_names_that_may_be_declared_elsewhere_stay(schema):
    assert of_x(schema) == (schema, ())


def test_draft_4_bounds_are_lifted():
    schema, changes = of_x(
        {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": False}
    )
    assert schema == {"type": "number", "exclusiveMinimum": 0, "maximum": 9}
    assert changes == (
        "/properties/x: 'minimum' with 'exclusiveMinimum: true' became 'exclusiveMinimum: 0'",
        "/properties/x: 'exclusiveMaximum: false' dropped; it says nothing here",
    )


def test_a_list_of_items_becomes_prefix_items():
    schema, _ = of_x(
        {"type": "array", "items": [{"type": "float"}, "str"], "additionalItems": {"type": "int"}}
    )
    assert schema == {
        "type": "array",
        "prefixItems": [{"type": "number"}, {"type": "string"}],
        "items": {"type": "integer"},
    }


@pytest.mark.parametrize(
    ("schema", "kept"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": False}, {"type": "string"}),
        ({"type": ["string", "null"], "nullable": True}, {"type": ["string", "null"]}),
        ({"nullable": True}, {}),
        (
            {"anyOf": [{"type": "string"}], "nullable": True},
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
        ),
        (
            {"allOf": [{"type": "string"}], "nullable": True},
            {"anyOf": [{"allOf": [{"type": "string"}]}, {"type": "null"}]},
        ),
    ],
)
def test_nullable_becomes_a_type(schema, kept):
    assert of_x(schema)[0] == kept


def test_unset_fields_written_as_null_are_dropped():
    schema, changes = of_x({"type": "string", "enum": None, "format": None, "default": None, "const": None})
    assert schema == {"type": "string", "default": None, "const": None}
    assert changes == ("/properties/x: 'enum' was null; dropped", "/properties/x: 'format' was null; dropped")


def test_an_older_dialect_is_no_longer_claimed():
    imported = cleaned(tool({"$schema": "http://json-schema.org/draft-07/schema#", **SCHEMA}))
    assert imported.tool.parameters == SCHEMA
    assert "it is 2020-12 now" in imported.changes[0]


def test_descriptions_and_unknown_keywords_are_kept():
    schema = {"type": "string", "description": "Say ‘é’", "x-order": 3, "example": None, "format": "date"}
    assert of_x(schema) == (schema, ())


# --- enums and defaults --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "kept"),
    [
        ({"type": "integer", "enum": ["1", "2"]}, {"type": "integer", "enum": [1, 2]}),
        ({"type": "number", "enum": ["0.5", 2]}, {"type": "number", "enum": [0.5, 2]}),
        ({"type": "boolean", "enum": ["True", "false"]}, {"type": "boolean", "enum": [True, False]}),
        ({"type": "string", "enum": [1, 2.5, True]}, {"type": "string", "enum": ["1", "2.5", "true"]}),
        ({"type": "integer", "enum": ["1", 1, True]}, {"type": ["integer", "boolean"], "enum": [1, True]}),
        ({"type": "string", "enum": ["a", "a"]}, {"type": "string", "enum": ["a"]}),
        ({"type": "string", "enum": []}, {"type": "string"}),
        ({"type": "string", "enum": ["a", None]}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"type": "integer", "enum": ["low", "high"]}, {"type": "string", "enum": ["low", "high"]}),
        ({"enum": ["1", 1]}, {"enum": ["1", 1]}),
        (
            {"type": "array", "items": {"type": "str"}, "enum": ["a", "b"]},
            {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
        ),
        ({"type": "array", "enum": [["a"], ["b"]]}, {"type": "array", "enum": [["a"], ["b"]]}),
    ],
)
def test_options_and_type_are_made_to_agree(schema, kept):
    assert of_x(schema)[0] == kept


def test_an_option_of_another_type_widens_the_type_and_says_why():
    schema, changes = of_x({"type": "integer", "enum": ["1", "2", "dontcare"], "default": "dontcare"})
    assert schema == {"type": ["integer", "string"], "enum": [1, 2, "dontcare"], "default": "dontcare"}
    assert changes == (
        """/properties/x: enum ["1", "2", "dontcare"] became [1, 2, "dontcare"]""",
        """/properties/x: type 'integer' became ["integer", "string"], since the enum has 'dontcare'""",
    )


@pytest.mark.parametrize(
    ("kind", "default", "kept"),
    [
        ("integer", "3", 3),
        ("integer", "3.0", 3.0),
        ("integer", 3.0, 3.0),
        ("number", "1.5", 1.5),
        ("boolean", "False", False),
        ("string", 7, "7"),
        ("array", "[1, 2]", [1, 2]),
        ("array", "None", None),
        ("string", "None", "None"),
        ("string", None, None),
    ],
)
def test_a_default_is_put_into_its_type_where_nothing_is_lost(kind, default, kept):
    schema, _ = of_x({"type": kind, "default": default})
    assert schema["default"] == kept
    assert type(schema["default"]) is type(kept)


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        ("integer", "the current year"),
        ("integer", "007"),
        ("integer", 1.5),
        ("array", "a, b"),
        ("string", ["a"]),
    ],
)
def test_a_default_that_cannot_be_of_its_type_is_dropped(kind, default):
    schema, changes = of_x({"type": kind, "default": default})
    assert schema == {"type": kind}
    assert changes[0].startswith("/properties/x: default ")
    assert changes[0].endswith(f"dropped; it is no {kind!r}")


# --- references ----------------------------------------------------------------------------------

NODE = {
    "type": "dict",
    "properties": {"next": {"$ref": "#/$defs/Node"}, "value": {"type": "float", "required": True}},
}


def test_a_recursive_reference_is_allowed():
    imported = cleaned(prop({"$ref": "#/$defs/Node"}, **{"$defs": {"Node": NODE}}))
    assert imported.tool.parameters["$defs"]["Node"] == {
        "type": "object",
        "properties": {"next": {"$ref": "#/$defs/Node"}, "value": {"type": "number"}},
        "required": ["value"],
    }


def test_a_root_that_only_refers_is_replaced_by_its_target():
    imported = cleaned(tool({"$ref": "#/$defs/Node", "$defs": {"Node": NODE}}))
    expected = {
        "type": "object",
        "properties": {"next": {"$ref": "#/$defs/Node"}, "value": {"type": "number"}},
        "required": ["value"],
    }
    assert imported.tool.parameters == {**expected, "$defs": {"Node": expected}}


@pytest.mark.parametrize(
    ("schema", "defs", "pointer", "problem"),
    [
        ({"$ref": "https://example.org/a.json"}, {}, "/properties/x/$ref", "never fetched"),
        ({"$ref": "other.json#/a"}, {}, "/properties/x/$ref", "never fetched"),
        ({"$dynamicRef": "file:///etc/passwd"}, {}, "/properties/x/$dynamicRef", "never fetched"),
        ({"$ref": "#/$defs/Absent"}, {}, "/properties/x/$ref", "points at nothing"),
        ({"$ref": "#absent"}, {}, "parameters", "cannot|no JSON Schema"),
        (
            {"$ref": "#/$defs/A"},
            {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}},
            "/properties/x/$ref",
            "goes in a circle",
        ),
    ],
)
def test_references_stay_inside_and_arrive(schema, defs, pointer, problem):
    with pytest.raises(ToolError, match=problem) as caught:
        clean(prop(schema, **{"$defs": defs}), "test")
    assert caught.value.pointer == pointer
    assert caught.value.tool == "weather"


# --- what is refused -----------------------------------------------------------------------------


def nested(levels: int) -> dict[str, Any]:
    """A schema of this many objects inside one another."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range((levels - 1) // 2):
        schema = {"type": "object", "properties": {"x": schema}}
    return schema


@pytest.mark.parametrize(
    ("raw", "pointer", "problem"),
    [
        pytest.param(
            {"description": "d", "kind": 1}, "name", "keys found: 'description', 'kind'", id="nameless"
        ),
        pytest.param({"name": None}, "name", "is missing", id="name-null"),
        pytest.param({"name": 5}, "name", "is a number, 5; write it as text", id="name-number"),
        pytest.param({"name": " "}, "name", "is empty", id="name-empty"),
        pytest.param(["weather"], "(root)", "is a list where an object", id="a-list"),
        pytest.param({"type": "function", "function": "f"}, "(root)", "is text where", id="function-text"),
        pytest.param({"name": "a", "description": ["d"]}, "description", "is a list", id="description-list"),
        pytest.param(tool('{"type": "object"}'), "parameters", "decode the JSON", id="parameters-text"),
        pytest.param(tool([]), "parameters", "are a list where a JSON Schema", id="parameters-list"),
        pytest.param(tool({"type": "string"}), "parameters", "describe 'string'", id="root-string"),
        pytest.param(tool({"type": "object", "enum": [{}]}), "/enum", "lists whole calls", id="root-enum"),
        pytest.param(prop({"type": "strnig"}), "/properties/x/type", "did you mean 'string'?", id="typo"),
        pytest.param(prop({"type": "quux"}), "/properties/x/type", "JSON Schema has 'string'", id="word"),
        pytest.param(prop({"type": 5}), "/properties/x/type", "is 5; write a type's name", id="type-number"),
        pytest.param(
            prop({"minimum": "1"}), "/properties/x/minimum", '"1" is not of type "number"', id="bound"
        ),
        pytest.param(prop(5), "/properties/x", '5 is not of types "boolean", "object"', id="no-schema"),
        pytest.param(prop({}, required="x"), "/required", 'not of type "array"', id="required-text"),
        pytest.param(tool({"properties": []}), "/properties", 'not of type "object"', id="properties-list"),
        pytest.param(prop({"pattern": "(["}), "/properties/x/pattern", "no regular expression", id="pattern"),
        pytest.param(prop({"pattern": "^(a+)+$"}), "/properties/x/pattern", "exponential", id="catastrophic"),
        pytest.param(
            prop({"patternProperties": {"^(a+)+$": {}}}),
            "/properties/x/patternProperties",
            "exponential",
            id="keys",
        ),
        pytest.param(prop({"default": float("nan")}), "/properties/x/default", "nan, which JSON", id="nan"),
        pytest.param(prop({"default": {1}}), "/properties/x/default", "Python set", id="set"),
        pytest.param(prop({1: "a"}), "/properties/x", "the key 1, which is no text", id="key"),
        pytest.param(tool(nested(33)), "/properties/x/properties/x", "deeper than 32", id="deep"),
        pytest.param(prop({"description": "x" * 70_000}), "parameters", "more than 64", id="large"),
        pytest.param(prop({"enum": [0] * 70_000}), "parameters", "more than 64 KiB", id="many"),
        pytest.param(prop({"description": "\ud800"}), "parameters", "surrogate", id="surrogate"),
        pytest.param(tool(SCHEMA, returns=[]), "returns", "is a list where", id="returns-list"),
        pytest.param(
            tool(SCHEMA, returns={"type": "x"}), "returns/type", "unknown type 'x'", id="returns-type"
        ),
        pytest.param(
            {"type": "web_search_20250305", "name": "s"}, "parameters", "built-in tool", id="built-in"
        ),
    ],
)
def test_a_tool_that_cannot_be_used_is_refused_with_place_and_reason(raw, pointer, problem):
    with pytest.raises(ToolError) as caught:
        clean(raw, "test")
    assert caught.value.pointer == pointer
    assert problem in caught.value.problem
    assert str(caught.value).endswith(f": {pointer}: {caught.value.problem}")


def test_the_message_names_the_tool_the_place_and_the_remedy():
    with pytest.raises(ToolError) as caught:
        clean(prop({"type": "strnig"}), "test")
    assert str(caught.value) == (
        "tool 'weather': /properties/x/type: unknown type 'strnig'; did you mean 'string'?"
    )


def test_thirty_two_levels_are_fine():
    cleaned(tool(nested(32)))


def test_a_schema_that_contains_itself_is_refused():
    loop: dict[str, Any] = {"type": "object"}
    loop["properties"] = {"x": loop, "y": loop}
    with pytest.raises(ToolError, match="nests deeper"):
        clean(tool(loop), "test")


# --- for any input -------------------------------------------------------------------------------

WORDS = [
    "string",
    "dict",
    "float",
    "tuple",
    "any",
    "int",
    "HashMap",
    "boolean",
    "null",
    "array",
    "object",
    "",
]
NAMES = st.sampled_from(["x", "y", "type", "required", "a/b", "~"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(-2, 2, allow_nan=False),
    st.sampled_from(["1", "2.0", "True", "None", "a", "dontcare", "[1]", ""]),
)
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(NAMES, SCALARS, max_size=2)
LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "type": st.one_of(
        st.sampled_from(WORDS), st.lists(st.sampled_from(WORDS), min_size=1, max_size=3), st.none()
    ),
    "enum": st.lists(VALUES, max_size=4) | st.none(),
    "default": VALUES,
    "nullable": st.sampled_from([True, False, "true"]),
    "optional": st.sampled_from([True, False, "yes", ["x"]]),
    "required": st.lists(NAMES, max_size=3),
    "minimum": st.integers(0, 3),
    "exclusiveMinimum": st.booleans() | st.integers(0, 3),
    "description": st.sampled_from(["text", None]),
    "x-unknown": VALUES,
}
HOLDERS = ["items", "properties", "$defs", "additionalProperties", "anyOf", "allOf", "not", "additionalItems"]
REFERENCES = st.sampled_from(["#", "#/$defs/x", "#/properties/x", "#/properties/x/items"])


@st.composite
def schemas(draw: st.DrawFn, depth: int, in_property: bool = False) -> Any:
    """What people write where a schema belongs: most of it nearly right."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(WORDS) | st.booleans())
    picked = draw(st.lists(st.sampled_from([*LEAVES, *HOLDERS]), max_size=5, unique=True))
    schema = {key: draw(LEAVES[key]) for key in picked if key in LEAVES}
    if in_property and draw(st.booleans()):
        schema["required"] = draw(st.booleans())
    if draw(st.integers(0, 14)) == 0:
        schema["$ref"] = draw(REFERENCES)
    below = schemas(depth - 1)
    for key in picked if depth else ():
        if key in ("properties", "$defs"):
            schema[key] = draw(st.dictionaries(NAMES, schemas(depth - 1, key == "properties"), max_size=3))
        elif key in ("anyOf", "allOf") or (key == "items" and draw(st.booleans())):
            schema[key] = draw(st.lists(below, min_size=key != "items", max_size=2))
        elif key in HOLDERS:
            schema[key] = draw(below)
    return schema


@st.composite
def parameters(draw: st.DrawFn) -> dict[str, Any]:
    properties = draw(st.dictionaries(NAMES, schemas(2, in_property=True), max_size=3))
    root = {key: draw(LEAVES[key]) for key in ("required", "description", "nullable") if draw(st.booleans())}
    defs = {"x": draw(schemas(1))}
    return {
        "type": draw(st.sampled_from(["object", "dict", "any"])),
        "properties": properties,
        "$defs": defs,
        **root,
    }


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(parameters=parameters(), returns=st.none() | schemas(2))
def test_cleaning_is_idempotent_and_gives_valid_schemas(parameters, returns):
    try:
        imported = cleaned(tool(parameters, returns=returns))
    except ToolError:
        event("refused")
    else:
        event("changed" if imported.changes else "clean")


@settings(max_examples=200)
@given(
    raw=st.one_of(VALUES, st.fixed_dictionaries({"name": SCALARS, "parameters": VALUES, "returns": VALUES}))
)
def test_any_json_gives_a_tool_or_a_tool_error(raw):
    # Nothing but a ToolError may come of any of it.
    with contextlib.suppress(ToolError):
        cleaned(raw)
