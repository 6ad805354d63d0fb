"""Reads the OpenAPI document into what the reference page shows: operations by tag, fields as rows.

Refuses: knowing the route table; the page and every other reader see the same document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_CODE: Final = re.compile(r"`([a-z][a-z0-9_]{2,63})`")
_REF: Final = "#/components/schemas/"


class FieldRow(msgspec.Struct, frozen=True, kw_only=True):
    """A field or parameter. `target` is the schema its type names, to link to."""

    name: str
    type: str
    target: str | None
    required: bool
    description: str
    place: str = ""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """A successful answer: its type, and the fields when it is an object."""

    status: str
    type: str
    target: str | None
    fields: tuple[FieldRow, ...]


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A status other than success, with the codes that may come with it."""

    status: str
    codes: tuple[str, ...]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation; `id` is its anchor."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    permission: str
    parameters: tuple[FieldRow, ...]
    body_type: str
    body_target: str | None
    body_fields: tuple[FieldRow, ...]
    example: str
    responses: tuple[Response, ...]
    failures: tuple[Failure, ...]

    @property
    def words(self) -> str:
        """What the search box compares with."""
        return f"{self.method} {self.path} {self.summary} {self.permission} {self.id}".lower()


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """Operations that belong together, on one surface."""

    name: str
    anchor: str
    operations: tuple[Operation, ...]


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """A named shape; without fields it is what `type` says."""

    name: str
    type: str
    description: str
    fields: tuple[FieldRow, ...]


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page."""

    title: str
    version: str
    description: str
    tags: tuple[Tag, ...]
    schemas: tuple[Schema, ...]

    def operations_with(self, code: str) -> tuple[Operation, ...]:
        """The operations that may answer with a problem of this code."""
        return tuple(
            operation
            for tag in self.tags
            for operation in tag.operations
            if any(code in failure.codes for failure in operation.failures)
        )


def read(document: bytes) -> Reference:
    """The reference of an OpenAPI 3.1 document as `rustok.server.openapi` writes it."""
    api: dict[str, Any] = msgspec.json.decode(document)
    parameters: dict[str, Any] = api["components"].get("parameters", {})
    schemas: dict[str, Any] = api["components"]["schemas"]
    grouped: dict[tuple[str, str], list[Operation]] = {}
    for path, methods in api["paths"].items():
        for method in _METHODS:
            if method in methods:
                operation = _operation(path, method, methods[method], parameters, schemas)
                key = (_surface(path), methods[method]["tags"][0])
                grouped.setdefault(key, []).append(operation)
    return Reference(
        title=api["info"]["title"],
        version=api["info"]["version"],
        description=api["info"]["description"],
        tags=tuple(
            Tag(
                name=f"{tag} · {surface}",
                anchor=_anchor(f"tag-{surface}-{tag}"),
                operations=tuple(operations),
            )
            for (surface, tag), operations in sorted(grouped.items(), key=lambda one: _rank(one[0]))
        ),
        schemas=tuple(
            Schema(
                name=name,
                type=_type(schema)[0],
                description=schema.get("description", ""),
                fields=_fields(schema),
            )
            for name, schema in sorted(schemas.items())
        ),
    )


_SURFACES: Final = ("storefront", "auth", "admin", "platform")


def _surface(path: str) -> str:
    """`/api/v1/<surface>/...`"""
    parts = path.split("/")
    return parts[3] if len(parts) > 3 and parts[3] in _SURFACES else "other"


def _rank(key: tuple[str, str]) -> tuple[int, str]:
    surface, tag = key
    return (_SURFACES.index(surface) if surface in _SURFACES else len(_SURFACES), tag)


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _operation(
    path: str,
    method: str,
    raw: Mapping[str, Any],
    parameters: Mapping[str, Any],
    schemas: Mapping[str, Any],
) -> Operation:
    body: dict[str, Any] = raw.get("requestBody", {}).get("content", {})
    nothing: tuple[str, dict[str, Any]] = ("", {})
    media_type, content = next(iter(body.items()), nothing)
    schema: dict[str, Any] = content.get("schema", {})
    body_type, body_target = _type(schema) if body else ("", None)
    if media_type and media_type != "application/json":
        body_type = f"{body_type} ({media_type})"
    example = content.get("example")
    description, _, _ = raw.get("description", "").rpartition("\n\n")
    responses = {status: one for status, one in raw["responses"].items() if status != "default"}
    return Operation(
        id=raw["operationId"],
        method=method.upper(),
        path=path,
        summary=raw["summary"],
        description=description,
        permission=raw.get("x-permission", ""),
        parameters=tuple(_parameter(one, parameters) for one in raw["parameters"]),
        body_type=body_type,
        body_target=body_target,
        body_fields=_fields(_resolved(schema, schemas)),
        example=_pretty(example) if example is not None else "",
        responses=tuple(
            _response(status, one, schemas)
            for status, one in sorted(responses.items())
            if status < "300"
        ),
        failures=tuple(
            Failure(
                status=status, codes=tuple(dict.fromkeys(_CODE.findall(one.get("description", ""))))
            )
            for status, one in sorted(responses.items())
            if status >= "300"
        ),
    )


def _pretty(example: object) -> str:
    return msgspec.json.format(msgspec.json.encode(example), indent=2).decode()


def _parameter(raw: Mapping[str, Any], known: Mapping[str, Any]) -> FieldRow:
    if "$ref" in raw:
        raw = known[raw["$ref"].rpartition("/")[2]]
    kind, target = _type(raw["schema"])
    return FieldRow(
        name=raw["name"],
        type=kind,
        target=target,
        required=raw.get("required", False),
        description=raw.get("description") or raw["schema"].get("description", ""),
        place=raw["in"],
    )


def _response(status: str, raw: Mapping[str, Any], schemas: Mapping[str, Any]) -> Response:
    content = next(iter(raw.get("content", {}).values()), None)
    if content is None:
        return Response(status=status, type="no body", target=None, fields=())
    kind, target = _type(content["schema"])
    return Response(
        status=status,
        type=kind,
        target=target,
        fields=_fields(_resolved(content["schema"], schemas)),
    )


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref", "")
    found: Mapping[str, Any] = schemas.get(reference.removeprefix(_REF), schema)
    return found


def _fields(schema: Mapping[str, Any]) -> tuple[FieldRow, ...]:
    required = set(schema.get("required", ()))
    rows: list[FieldRow] = []
    for name, one in schema.get("properties", {}).items():
        kind, target = _type(one)
        rows.append(
            FieldRow(
                name=name,
                type=kind,
                target=target,
                required=name in required,
                description=_described(one),
            )
        )
    return tuple(rows)


def _described(schema: Mapping[str, Any]) -> str:
    parts = [str(schema.get("description", ""))]
    if "anyOf" in schema and not parts[0]:
        parts = [str(one.get("description", "")) for one in schema["anyOf"]]
    bounds = (
        ("minimum", "at least {}"),
        ("maximum", "at most {}"),
        ("minLength", "{} characters or more"),
        ("maxLength", "at most {} characters"),
        ("maxItems", "at most {} items"),
    )
    parts += [text.format(schema[name]) for name, text in bounds if name in schema]
    if schema.get("default") not in (None, [], {}):
        parts.append(f"default {schema['default']}")
    return " · ".join(part for part in parts if part)


def _type(schema: Mapping[str, Any]) -> tuple[str, str | None]:
    """A type in words, and the schema it names."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        return name, name
    if "enum" in schema:
        return " | ".join(f'"{one}"' if one is not None else "null" for one in schema["enum"]), None
    if "const" in schema:
        return f'"{schema["const"]}"', None
    if "anyOf" in schema:
        options = [_type(one) for one in schema["anyOf"]]
        target = next((one[1] for one in options if one[1]), None)
        return " | ".join(one[0] for one in options), target
    kind = schema.get("type", "any")
    if kind == "array":
        inner, target = _type(schema.get("items", {}))
        return f"array of {inner}", target
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        inner, target = _type(schema["additionalProperties"])
        return f"object of {inner}", target
    written = schema.get("format")
    return f"{kind} ({written})" if written else str(kind), None
