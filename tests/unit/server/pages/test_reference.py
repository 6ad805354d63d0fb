"""The reference says in rows what the OpenAPI document says in schemas."""

from __future__ import annotations

from typing import Any

import msgspec

from rustok.server.pages.reference import read

PROBLEM = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/P"}}}}


def api(**operation: Any) -> bytes:
    return msgspec.json.encode(
        {
            "info": {"title": "T", "version": "1", "description": "D"},
            "paths": {
                "/api/v1/admin/things/{id}": {
                    "post": {
                        "operationId": "change_thing",
                        "tags": ["Things"],
                        "summary": "Change a thing",
                        "description": "Long.\n\nPermission: `things:update`.",
                        "x-permission": "things:update",
                        "parameters": [
                            {"$ref": "#/components/parameters/IfMatch"},
                            {
                                "name": "id",
                                "in": "path",
                                "required": True,
                                "schema": {"type": "string", "format": "uuid"},
                            },
                        ],
                        "responses": {
                            "200": {
                                "description": "ok",
                                "content": {
                                    "application/json": {
                                        "schema": {"$ref": "#/components/schemas/Thing"}
                                    }
                                },
                            },
                            "404": {
                                "description": "`thing_gone`: gone; `not_found`: no",
                                **PROBLEM,
                            },
                            "default": {"description": "Any other problem.", **PROBLEM},
                        },
                        **operation,
                    }
                }
            },
            "components": {
                "parameters": {
                    "IfMatch": {"name": "If-Match", "in": "header", "schema": {"type": "string"}}
                },
                "schemas": {
                    "Thing": {
                        "type": "object",
                        "required": ["id"],
                        "properties": {
                            "id": {"type": "string", "format": "uuid"},
                            "sizes": {
                                "type": "array",
                                "items": {"$ref": "#/components/schemas/Size"},
                                "maxItems": 3,
                            },
                            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                            "kind": {"enum": ["a", "b"]},
                        },
                    },
                    "Size": {"type": "object", "properties": {}},
                    "P": {"type": "object", "properties": {}},
                },
            },
        }
    )


def test_an_operation_has_its_permission_parameters_and_problem_codes() -> None:
    found = read(api())
    operation = found.tags[0].operations[0]

    assert found.tags[0].name == "Things · admin"
    assert (operation.method, operation.permission) == ("POST", "things:update")
    assert operation.description == "Long."
    assert [(one.name, one.place, one.required) for one in operation.parameters] == [
        ("If-Match", "header", False),
        ("id", "path", True),
    ]
    assert [(one.status, one.codes) for one in operation.failures] == [
        ("404", ("thing_gone", "not_found"))
    ]


def test_types_are_told_in_words_with_the_schema_they_name() -> None:
    rows = {one.name: one for one in read(api()).tags[0].operations[0].responses[0].fields}

    assert (rows["id"].type, rows["id"].required) == ("string (uuid)", True)
    assert (rows["sizes"].type, rows["sizes"].target) == ("array of Size", "Size")
    assert rows["sizes"].description == "at most 3 items"
    assert rows["note"].type == "string | null"
    assert rows["kind"].type == '"a" | "b"'


def test_a_body_shows_its_example() -> None:
    body = {
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Thing"},
                "example": {"id": "x"},
            }
        }
    }
    operation = read(api(requestBody=body)).tags[0].operations[0]

    assert operation.body_type == "Thing"
    assert operation.example == '{\n  "id": "x"\n}'


def test_an_answer_without_a_body_says_so() -> None:
    operation = read(api(responses={"204": {"description": "ok"}})).tags[0].operations[0]

    assert operation.responses[0].type == "no body"


def test_a_problem_code_leads_to_the_operations_that_answer_with_it() -> None:
    found = read(api())

    assert [one.id for one in found.operations_with("thing_gone")] == ["change_thing"]
    assert found.operations_with("other") == ()
