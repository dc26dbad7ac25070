"""OpenAPI documents: what becomes of an operation, and what a hostile document may cost."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from consumers.sampler.importers import Pool, SourceError, openapi, read_tools
from consumers.sampler.importers.collect import collect
from consumers.sampler.importers.openapi import find_in_openapi
from consumers.sampler.importers.pool import merged
from schemas.tools import ToolSpec

Json = dict[str, Any]


def document(paths: Json, **components: Json) -> Json:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Pets", "version": "1"},
        "paths": paths,
        "components": components,
    }


def read(document: Json) -> Pool:
    found = find_in_openapi(json.dumps(document).encode(), "pets.json", "openapi:pets.json")
    return merged(collect(found, "pets.json"))


def one(operation: Json, path: str = "/pets", **components: Json) -> tuple[ToolSpec, tuple[str, ...]]:
    """The tool of a document with this operation, and what was changed about it."""
    described = {"summary": "Works on pets."} | operation
    pool = read(document({path: {"post": described}}, **components))
    (tool,) = pool.tools
    Draft202012Validator.check_schema(tool.parameters)
    return tool, pool.changes.get(tool.name, ())


def query(name: str, schema: Json | None = None, **more: Any) -> Json:
    return {"name": name, "in": "query", "schema": {"type": "string"} if schema is None else schema, **more}


def body(schema: Json, media: str = "application/json", **more: Any) -> Json:
    return {"requestBody": {"required": True, "content": {media: {"schema": schema}}, **more}}


def answers(schema: Json, code: str = "200") -> Json:
    return {"responses": {code: {"description": "d", "content": {"application/json": {"schema": schema}}}}}


def ref(name: str, kind: str = "schemas") -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


# --- names and texts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "path", "name"),
    [
        ({"operationId": "pets.list"}, "/pets", "pets.list"),
        ({}, "/pets/{pet-id}/photos.json", "post_pets_pet_id_photos_json"),
        ({"operationId": " "}, "/", "post"),
    ],
)
def test_the_name_is_the_operation_id_or_method_and_path(operation, path, name):
    assert one(operation, path)[0].name == name


def test_operations_that_share_an_id_are_told_apart():
    same = {"operationId": "pets", "summary": "Works on pets."}
    pool = read(document({"/pets": {"get": same, "post": same}, "/pets/": {"post": same}}))
    assert [tool.name for tool in pool.tools] == ["pets", "post_pets", "post_pets_2"]
    assert pool.changes["post_pets"] == ("name: 'pets' is another operation's; it is 'post_pets'",)


@pytest.mark.parametrize(
    ("summary", "text", "description"),
    [
        ("List pets", "All of them.", "List pets\nAll of them."),
        ("List pets.", "List pets that are here.", "List pets that are here."),
        ("List pets", None, "List pets"),
        (None, "All.", "All."),
        (None, None, "POST /pets"),
    ],
)
def test_the_description_is_summary_and_description(summary, text, description):
    assert one({"summary": summary, "description": text})[0].description == description


def test_without_a_description_that_of_the_path_or_the_path_itself_is_taken():
    pool = read(document({"/a": {"description": "Of a.", "get": {}}, "/b": {"get": {}}}))
    assert [tool.description for tool in pool.tools] == ["Of a.", "GET /b"]
    assert pool.changes == {"get_b": ("description: missing; method and path stand for it",)}


def test_the_document_is_introduced_and_webhooks_are_counted():
    pool = read(document({"/pets": {"get": {}}}) | {"webhooks": {"new": {}}})
    assert pool.notes[1:] == (
        "OpenAPI 3.1.0, Pets 1: 1 operation",
        "1 webhook left out: they are calls to you, not by you",
    )
    assert pool.tools[0].source == "openapi:pets.json"


# --- arguments -----------------------------------------------------------------------------------


def test_parameters_of_every_place_and_the_body_make_one_object():
    operation = {
        "parameters": [
            query("limit", {"type": "integer"}, description="How many.", required=True),
            {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
            {"name": "tracking", "in": "cookie", "schema": {"type": "string"}},
            {"name": "where", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}},
        ],
        **body(
            {"type": "object", "properties": {"name": {"type": "string"}, "age": {}}, "required": ["name"]}
        ),
    }
    tool, changes = one(operation, "/pets/{id}")
    assert list(tool.properties) == ["id", "limit", "where", "X-Trace", "tracking", "name", "age"]
    assert tool.required == ("id", "limit", "name")
    assert tool.properties["limit"] == {"type": "integer", "description": "How many."}
    assert tool.properties["where"] == {"type": "object"}
    assert changes == ("parameters: 'id' of the path is not declared; it is text",)


def test_an_operations_parameter_counts_more_than_its_paths():
    item = {"parameters": [query("a"), query("b")], "get": {"parameters": [query("a", {"type": "integer"})]}}
    (tool,) = read(document({"/pets": item})).tools
    assert tool.properties == {"a": {"type": "integer"}, "b": {"type": "string"}}


def test_names_that_are_taken_are_told_apart_by_place():
    operation = {
        "parameters": [query("id"), {"name": "id", "in": "header", "schema": {}}],
        **body({"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}),
    }
    tool, changes = one(operation, "/pets/{id}")
    assert list(tool.properties) == ["id", "id_query", "id_header", "id_body"]
    assert tool.required == ("id", "id_body")
    assert "/properties/id_body: it is 'id' of the body; the path has that name too" in changes


def test_credentials_are_no_arguments():
    operation = {
        "parameters": [
            {"name": "authorization", "in": "header", "schema": {"type": "string"}},
            {"name": "x-key", "in": "header", "schema": {"type": "string"}},
            query("x-key"),
        ]
    }
    schemes = {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}
    tool, changes = one(operation, securitySchemes=schemes)
    assert list(tool.properties) == ["x-key"]
    assert changes == ("parameters: header 'x-key' left out; it carries credentials",)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"type": "string"}},
        {"type": "string"},
        {"oneOf": [{"type": "object"}, {"type": "array"}]},
        {"type": "object", "additionalProperties": {"type": "string"}},
    ],
)
def test_a_body_that_is_no_plain_object_is_one_argument(schema):
    tool, _ = one(body(schema, description="What to send."))
    assert tool.properties == {"body": {**schema, "description": "What to send."}}
    assert tool.required == ("body",)


def test_of_several_media_types_json_is_taken():
    content = {
        "text/plain": {"schema": {"type": "string"}},
        "multipart/form-data": {"schema": {"type": "object", "properties": {"file": {"type": "string"}}}},
        "application/problem+json; charset=utf-8": {"schema": {"type": "object", "properties": {"a": {}}}},
    }
    assert list(one({"requestBody": {"content": content}})[0].properties) == ["a"]
    del content["application/problem+json; charset=utf-8"]
    assert list(one({"requestBody": {"content": content}})[0].properties) == ["file"]


def test_what_an_optional_body_requires_is_required_with_a_note():
    schema = {"type": "object", "properties": {"a": {}}, "required": ["a"]}
    tool, changes = one(body(schema, required=False))
    assert tool.required == ("a",)
    assert changes == ("parameters: the body may be left out; what it requires is required all the same",)


def test_what_only_the_server_writes_is_no_argument_and_what_only_you_write_no_result():
    pet = {
        "type": "object",
        "required": ["id", "secret"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "secret": ref("Secret"),
            "mother": {"type": "object", "properties": {"id": ref("Id")}},
        },
    }
    schemas = {
        "Pet": pet,
        "Secret": {"type": "string", "writeOnly": True},
        "Id": {"type": "integer", "readOnly": True},
    }
    tool, _ = one(body(ref("Pet")) | answers(ref("Pet")), schemas=schemas)
    assert list(tool.properties) == ["secret", "mother"]
    assert tool.required == ("secret",)
    assert tool.properties["mother"]["properties"] == {}
    assert list(tool.returns["properties"]) == ["id", "mother"]
    assert tool.returns["required"] == ["id"]


# --- schemas -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "clean"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "example": "a"}, {"type": "string", "examples": ["a"]}),
        ({"type": "string", "xml": {}, "externalDocs": {}, "x-order": 1}, {"type": "string"}),
        (
            {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
            {"type": "integer", "exclusiveMinimum": 0},
        ),
        ({"type": ["string", "null"], "const": "a"}, {"type": ["string", "null"], "const": "a"}),
        (ref("Kind"), {"type": "string", "enum": ["cat", "dog"]}),
        (
            {**ref("Kind"), "description": "Its kind.", "nullable": False},
            {"type": "string", "enum": ["cat", "dog"], "description": "Its kind."},
        ),
        (
            {"allOf": [ref("Kind")], "description": "d"},
            {"type": "string", "enum": ["cat", "dog"], "description": "d"},
        ),
        ({**ref("Kind"), "minLength": 1}, {"type": "string", "enum": ["cat", "dog"], "minLength": 1}),
        (
            {"oneOf": [ref("Kind"), {"type": "null"}], "discriminator": {"propertyName": "a"}},
            {"oneOf": [{"type": "string", "enum": ["cat", "dog"]}, {"type": "null"}]},
        ),
        (True, True),
    ],
)
def test_a_schema_is_written_as_json_schema_2020_12(schema, clean):
    schemas = {"Kind": {"type": "string", "enum": ["cat", "dog"]}}
    assert one({"parameters": [query("x", schema)]}, schemas=schemas)[0].properties["x"] == clean


def test_an_all_of_that_adds_up_objects_is_added_up():
    schemas = {
        "Animal": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
        "Pet": {
            "allOf": [ref("Animal"), {"properties": {"owner": {"type": "string"}}}],
            "description": "A pet.",
        },
        "Dog": {"allOf": [ref("Pet"), {"required": ["bark"], "properties": {"bark": {"type": "boolean"}}}]},
    }
    tool, _ = one(body(ref("Dog")), schemas=schemas)
    assert list(tool.properties) == ["name", "owner", "bark"]
    assert tool.required == ("name", "bark")


def test_an_all_of_that_does_not_add_up_is_kept():
    schema = {"allOf": [{"required": ["a"]}, {"minProperties": 1}], "type": "object"}
    tool, _ = one({"parameters": [query("x", schema)]})
    assert tool.properties["x"]["allOf"] == [{"required": ["a"]}, {"minProperties": 1}]


def test_the_first_success_response_with_a_schema_is_the_result():
    responses = {
        **answers({"type": "string"}, "default")["responses"],
        **answers({"type": "boolean"}, "400")["responses"],
        **answers({"type": "integer"}, "201")["responses"],
        "200": {"description": "nothing"},
    }
    assert one({"responses": responses})[0].returns == {"type": "integer"}
    assert (
        one({"responses": {"204": {"description": "d"}, "default": responses["default"]}})[0].returns is None
    )


def test_references_are_followed_wherever_they_stand():
    components = {
        "parameters": {"Limit": query("limit", {"type": "integer"})},
        "requestBodies": {"New": body(ref("Pet"))["requestBody"]},
        "responses": {"Pet": answers(ref("Pet"))["responses"]["200"]},
        "schemas": {
            "Pet": {
                "type": "object",
                "properties": {
                    "a/b c": {"type": "string"},
                    "d": {"$ref": "#/components/schemas/Pet/properties/a~1b%20c"},
                },
            }
        },
        "pathItems": {
            "Pets": {
                "get": {
                    "parameters": [ref("Limit", "parameters")],
                    "requestBody": ref("New", "requestBodies"),
                    "responses": {"2XX": ref("Pet", "responses")},
                }
            }
        },
    }
    (tool,) = read(document({"/pets": ref("Pets", "pathItems")}, **components)).tools
    assert list(tool.properties) == ["limit", "a/b c", "d"]
    assert tool.properties["d"] == {"type": "string"}
    assert tool.returns is not None


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("https://example.com/pets.json#/Pet", "lies outside the document and is never fetched"),
        ("other.yaml", "lies outside the document and is never fetched"),
        ("file:///etc/passwd", "lies outside the document and is never fetched"),
        ("#Pet", "is an anchor; only paths (#/…) are followed"),
        ("#/components/schemas/Nothing", "points at nothing in the document"),
        ("#/paths/99/~1", "points at nothing in the document"),
    ],
)
def test_a_reference_that_leads_nowhere_is_said_and_never_fetched(target, problem):
    nowhere = {"$ref": target}
    operation = {
        "parameters": [nowhere, query("a", nowhere)],
        "requestBody": nowhere,
        "responses": {"200": nowhere},
    }
    tool, changes = one(operation)
    assert tool.properties == {"a": {}}
    assert changes == (
        f"parameters: one left out: $ref '{target}' {problem}",
        f"parameters: the body left out: $ref '{target}' {problem}",
        "parameters: the body left out; it has no schema",
        f"parameters: $ref '{target}' {problem}; any value fits there",
        f"returns: left undescribed: $ref '{target}' {problem}",
    )


# --- circles and size ----------------------------------------------------------------------------


def test_what_refers_back_to_itself_is_cut_to_its_type_with_a_note():
    node = {
        "type": "object",
        "properties": {"next": ref("Node"), "all": {"type": "array", "items": ref("Node")}, "value": {}},
    }
    tool, changes = one({"parameters": [query("node", ref("Node"))]}, schemas={"Node": node})
    assert tool.properties["node"]["properties"] == {
        "next": {"type": "object"},
        "all": {"type": "array", "items": {"type": "object"}},
        "value": {},
    }
    assert changes == ("parameters: 'Node' refers back to itself; cut to its type (2 times)",)


def test_a_part_that_is_also_a_property_is_no_circle():
    schemas = {
        "Named": {"type": "object", "properties": {"name": {"type": "string"}}},
        "Person": {"allOf": [ref("Named"), {"properties": {"alias": ref("Named")}}]},
    }
    tool, changes = one(body(ref("Person")), schemas=schemas)
    assert tool.properties["alias"] == schemas["Named"]
    assert changes == ()


def test_what_is_too_large_is_cut_from_below_with_a_note():
    wide = {
        "type": "object",
        "properties": {f"p{n}": {"type": "string", "description": "d" * 50} for n in range(100)},
    }
    schema = {
        "type": "object",
        "properties": {"near": {"type": "integer"}, **{f"w{n}": wide for n in range(10)}},
    }
    tool, changes = one(body(schema))
    assert tool.properties["near"] == {"type": "integer"}
    assert tool.properties["w0"]["properties"]["p0"]["description"] == "d" * 50
    assert tool.properties["w9"] == {"type": "object"}
    assert len(json.dumps(tool.parameters)) < 2 * openapi.BYTES["parameters"]
    assert changes[-1].startswith("parameters: too large to be written out; cut to the type in ")


def test_what_is_too_deep_is_cut_with_a_note():
    schema: Json = {"type": "string"}
    for _ in range(200):
        schema = {"type": "object", "properties": {"x": schema}}
    tool, changes = one(answers(schema))
    assert tool.returns is not None
    assert changes == ("returns: too large to be written out; cut to the type in 1 place",)


def chain(step: Any, end: Json | None = None) -> Json:
    """Forty schemas, each made of the next."""
    return {f"S{n}": step(ref(f"S{n + 1}")) for n in range(40)} | {"S40": end or {"type": "object"}}


EVERYTHING = {
    f"S{n}": {"type": "object", "properties": {f"p{m}": ref(f"S{m}") for m in range(40)}} for n in range(40)
}


@pytest.mark.parametrize(
    "schemas",
    [
        pytest.param({"S0": ref("S1"), "S1": ref("S0")}, id="circle"),
        pytest.param({"S0": {"allOf": [ref("S0")]}}, id="circle-of-parts"),
        pytest.param({"S0": {"allOf": [{"properties": {"x": {"allOf": [ref("S0")]}}}]}}, id="parts-below"),
        pytest.param(chain(lambda next: next), id="long-chain"),
        pytest.param(chain(lambda next: {"allOf": [next, next]}), id="all-of"),
        pytest.param(chain(lambda next: {"anyOf": [next, next]}), id="any-of"),
        pytest.param(chain(lambda next: {"properties": {"a": next, "b": next}}), id="properties"),
        pytest.param(chain(lambda next: {"items": next, "contains": next}), id="items"),
        pytest.param(EVERYTHING, id="everything-in-everything"),
        pytest.param({"S0": {"$dynamicRef": "#a"}}, id="dynamic"),
    ],
)
def test_a_hostile_schema_ends_soon_and_small(schemas):
    began = time.process_time()
    operation = {"parameters": [query("a", ref("S0")), query("b")], **answers(ref("S0"))}
    tool, _ = one(operation, schemas=schemas)
    assert "b" in tool.properties
    assert len(json.dumps(tool.parameters)) < 64 * 1024
    assert time.process_time() - began < 2


def test_a_document_that_stands_for_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(openapi, "TOTAL_BYTES", 100_000)
    operations = {f"/{n}": {"get": answers(ref("S0"))} for n in range(1000)}
    with pytest.raises(
        SourceError, match=r"pets\.json: takes more than 0 MiB with its references written out"
    ):
        read(document(operations, schemas=EVERYTHING))


def test_a_document_with_too_many_operations_is_refused(monkeypatch):
    monkeypatch.setattr(openapi, "MAX_OPERATIONS", 3)
    with pytest.raises(SourceError, match="has more than 3 operations"):
        read(document({f"/{n}": {"get": {}} for n in range(4)}))


# --- documents that are none ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"swagger": "2.0", "paths": {}}, "is Swagger 2.0; convert it to OpenAPI 3"),
        ({"openapi": "4.0.0", "paths": {}}, "is no OpenAPI 3 document"),
        ({"openapi": 3.1}, "is no OpenAPI 3 document"),
        ({"openapi": "3.0.0"}, "has no operations under 'paths'"),
        (
            {"openapi": "3.0.0", "paths": {"/a": {"$ref": "b.yaml"}}},
            "path '/a' left out: \\$ref 'b.yaml' lies outside",
        ),
    ],
)
def test_a_document_without_operations_is_refused(document, message):
    with pytest.raises(SourceError, match=message):
        read(document)


def test_an_operation_that_cannot_be_used_is_left_out_by_name():
    broken = {"operationId": "broken", "parameters": [query("x", {"type": "strnig"})]}
    pool = read(document({"/pets": {"get": {"summary": "s"}, "post": broken}}))
    assert [tool.name for tool in pool.tools] == ["get_pets"]
    assert (
        pool.notes[-1]
        == "  POST /pets 'broken': /properties/x/type: unknown type 'strnig'; did you mean 'string'?"
    )


def test_a_result_that_cannot_be_used_costs_only_itself():
    tool, changes = one(answers({"type": "string", "pattern": "(a+)+$"}))
    assert tool.returns is None
    assert changes[0].startswith("returns/pattern: '(a+)+$' repeats a repeat")
    assert changes[0].endswith("; the result is left undescribed")


SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.text("a/#{}", max_size=4)
KEYS = st.sampled_from(
    [
        *("type", "properties", "items", "allOf", "$ref", "required", "enum", "nullable", "readOnly", "in"),
        *("name", "schema", "content", "application/json", "parameters", "get", "requestBody", "responses"),
        *("200", "/a/{b}"),
    ]
)
REFS = st.sampled_from(["#", "#/paths", "#/paths/~1a~1{b}/get", "#/components/schemas/A", "x"]).map(
    lambda r: {"$ref": r}
)
ANYTHING = st.recursive(
    SCALARS | REFS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)


@settings(deadline=None)
@given(ANYTHING, ANYTHING, ANYTHING)
def test_a_malformed_document_gives_tools_or_a_reason(item, operation, schema):
    paths = {"/a/{b}": item, "/c": {"get": operation}, "/d": {"post": body(schema)}}
    try:
        pool = read(document(paths, schemas={"A": schema}))
    except SourceError:
        return
    for tool in pool.tools:
        Draft202012Validator.check_schema(tool.parameters)


# --- from the file -------------------------------------------------------------------------------

YAML = """
openapi: 3.0.3
info: {title: Pets, version: "1"}
paths:
  /pets:
    get:
      operationId: listPets
      summary: List pets.
      parameters:
        - {name: kind, in: query, schema: {type: string, enum: [cat, no, 2020-01-01]}}
      responses:
        200: {description: ok, content: {application/json: {schema: {type: array, items: {type: string}}}}}
"""


@pytest.mark.parametrize("prefix", ["", "openapi:"])
def test_yaml_and_json_give_the_same_tools(tmp_path, prefix):
    path = tmp_path / "pets.yaml"
    path.write_text(YAML)
    (tool,) = read_tools(f"{prefix}{path}").tools
    assert tool.name == "listPets"
    assert tool.properties["kind"]["enum"] == ["cat", "no", "2020-01-01"]
    assert tool.returns == {"type": "array", "items": {"type": "string"}}
    assert tool.source == "openapi:pets.yaml"
