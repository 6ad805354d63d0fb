"""The OpenAPI 3.1 document of the route table: every operation, schema, example and problem."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import msgspec

from rustok import __version__
from rustok.core.errors import (
    InvalidInput,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    PreconditionRequired,
    RustokError,
    Unauthenticated,
    Unavailable,
)
from rustok.core.idempotency import IdempotencyKeyInvalid, IdempotencyKeyReused
from rustok.core.modules import Modules
from rustok.core.permissions import StepUpRequired
from rustok.core.resilience.shares import ShareTaken
from rustok.core.routing import PUBLIC, RawBody, RawReply, Route, StreamReply
from rustok.platform.identity.api import SecondFactorRequiredHere
from rustok.server.limits import KeptOut, RateLimited
from rustok.server.problems import MEDIA_TYPE, AddressTooLong, Problem

LIMITS: Final[tuple[type[RustokError], ...]] = (RateLimited, KeptOut, ShareTaken)
REF: Final = "#/components/schemas/{name}"

DESCRIPTION: Final = (
    "Many sites and shops in one deployment. Name the tenant by its host, or in `X-Tenant` "
    "(slug or id). Problems are RFC 9457 documents with a stable `code`. Changes take an "
    "`Idempotency-Key`; resources carry a `version` as ETag for `If-Match`. Lists are pages: "
    "follow `next_cursor`. `RateLimit` and `RateLimit-Policy` tell what may still be "
    "asked. Amounts are integers in minor units; times are UTC."
)

PARAMETERS: Final[dict[str, Any]] = {
    "Tenant": {
        "name": "X-Tenant",
        "in": "header",
        "required": False,
        "description": "Slug or id of the tenant; without it the Host decides.",
        "schema": {"type": "string"},
        "example": "nordlicht",
    },
    "Locale": {
        "name": "locale",
        "in": "query",
        "required": False,
        "description": "BCP 47 tag; without it Accept-Language decides.",
        "schema": {"type": "string", "maxLength": 35},
        "example": "en",
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": False,
        "description": "ETag (version) the change is based on, or `*`.",
        "schema": {"type": "string", "pattern": r'^(\*|(W/)?"[0-9]{1,9}"|[0-9]{1,9})$'},
        "example": '"1"',
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "description": "ETag held already; 304 when it still stands.",
        "schema": {"type": "string"},
    },
}


def _idempotency_parameter(required: bool) -> dict[str, Any]:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": required,
        "description": "A fresh random key; the same key gives the same answer and one effect.",
        "schema": {"type": "string", "minLength": 8, "maxLength": 128, "pattern": "^[!-~]{8,128}$"},
        "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
    }


def document(modules: Modules) -> bytes:
    """The document as JSON."""
    routes = modules.routes
    types = _types(routes)
    schemas, components = msgspec.json.schema_components(
        types, schema_hook=_any_value, ref_template=REF
    )
    by_type = {_key(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.full_path, {})[route.method.lower()] = _operation(route, by_type)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "RusToK", "version": __version__, "description": DESCRIPTION},
            "servers": [{"url": "/"}],
            "paths": dict(sorted(paths.items())),
            "components": {
                "schemas": components,
                "parameters": PARAMETERS,
                "securitySchemes": {
                    "bearer": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "Access token or API key.",
                    }
                },
            },
        }
    )


def _any_value(kind: type) -> dict[str, Any]:
    """`object` is any JSON value; everything else must say what it is."""
    if kind is object:
        return {"description": "Any JSON value."}
    raise NotImplementedError


def _key(kind: Any) -> str:
    return repr(kind)


def _types(routes: list[Route]) -> list[Any]:
    found: dict[str, Any] = {_key(Problem): Problem}
    for route in routes:
        kinds = [route.response, route.body, *route.path_params.values()]
        for kind in kinds:
            if kind is not None and kind not in (RawBody, RawReply, StreamReply):
                found[_key(kind)] = kind
        if route.query is not None:
            for field in msgspec.structs.fields(route.query):
                found[_key(field.type)] = field.type
    return list(found.values())


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    parameters: list[Any] = [] if route.surface == "platform" else [_ref("Tenant")]
    for name, kind in route.path_params.items():
        schema = {"type": "string", "format": "uuid"} if kind is UUID else schemas[_key(kind)]
        parameters.append({"name": name, "in": "path", "required": True, "schema": schema})
    if route.method == "GET" and route.surface == "storefront":
        parameters.append(_ref("Locale"))
    if route.query is not None:
        parameters += [
            _query_parameter(field, schemas) for field in msgspec.structs.fields(route.query)
        ]
    if route.precondition != "none":
        parameter = _ref("IfMatch")
        if route.precondition == "required":
            parameter = {**PARAMETERS["IfMatch"], "required": True}
        parameters.append(parameter)
    if route.idempotency != "none":
        parameters.append(_idempotency_parameter(route.idempotency == "required"))
    operation: dict[str, Any] = {
        "operationId": route.operation_id,
        "tags": [route.tag],
        "summary": route.summary,
        "description": _description(route),
        "parameters": parameters,
        "responses": _responses(route, schemas),
        "security": [] if route.permission == PUBLIC else [{"bearer": []}],
        "x-permission": route.permission,
        **({"x-step-up": True} if route.step_up else {}),
    }
    if route.body is RawBody:
        operation["requestBody"] = {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        }
    elif route.body is not None:
        content: dict[str, Any] = {"schema": schemas[_key(route.body)]}
        if route.example is not None:
            content["example"] = msgspec.to_builtins(route.example)
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    return operation


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/parameters/{name}"}


def _description(route: Route) -> str:
    permission = "Public." if route.permission == PUBLIC else f"Permission: `{route.permission}`."
    step_up = (
        " Needs a recent proof of who acts (`POST /api/v1/auth/step-up`); no API key."
        if route.step_up
        else ""
    )
    return f"{route.description}\n\n{permission}{step_up}".strip()


def _query_parameter(field: msgspec.structs.FieldInfo, schemas: dict[str, Any]) -> dict[str, Any]:
    schema = _without_null(schemas[_key(field.type)])
    parameter: dict[str, Any] = {
        "name": field.encode_name,
        "in": "query",
        "required": field.required,
        "schema": schema,
    }
    if schema.get("type") == "array":
        parameter |= {"style": "form", "explode": True}
    return parameter


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter is absent or a value; null cannot be written."""
    options = schema.get("anyOf")
    if not options:
        return schema
    left = [option for option in options if option.get("type") != "null"]
    rest = {k: v for k, v in schema.items() if k not in ("anyOf", "default")}
    return {**rest, **left[0]} if len(left) == 1 else {**rest, "anyOf": left}


def _errors_of(route: Route) -> list[type[RustokError]]:
    # 401 on public routes, too: a token that is sent and not good is refused everywhere.
    found: list[type[RustokError]] = [InvalidInput, Unauthenticated, NotFound, Unavailable, *LIMITS]
    found += route.errors
    if route.query is not None or route.path_params:
        found.append(AddressTooLong)
    if route.permission != PUBLIC:
        found.append(PermissionDenied)
        if route.surface != "auth":
            found.append(SecondFactorRequiredHere)
    if route.step_up:
        found.append(StepUpRequired)
    if route.precondition != "none":
        found.append(PreconditionFailed)
    if route.precondition == "required":
        found.append(PreconditionRequired)
    if route.idempotency != "none":
        found += [IdempotencyKeyInvalid, IdempotencyKeyReused]
    return found


def _responses(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    success: dict[str, Any] = {"description": route.summary}
    if route.response is RawReply:
        success["content"] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    elif route.response is StreamReply:
        success["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
    elif route.response is not None:
        success["content"] = {"application/json": {"schema": schemas[_key(route.response)]}}
    responses[str(route.status if route.response is not None or route.status != 200 else 204)] = (
        success
    )
    by_status: dict[int, list[type[RustokError]]] = {}
    for error in _errors_of(route):
        by_status.setdefault(error.status, []).append(error)
    if route.body is not None:
        by_status.setdefault(413, [])
        by_status.setdefault(415, [])
    by_status.setdefault(403, [])
    for status, errors in sorted(by_status.items()):
        titles = list(dict.fromkeys(f"`{error.code}`: {error.title}" for error in errors))
        responses[str(status)] = {
            "description": "; ".join(titles) or "A problem.",
            "content": {MEDIA_TYPE: {"schema": schemas[_key(Problem)]}},
        }
    responses["default"] = {
        "description": "Any other problem.",
        "content": {MEDIA_TYPE: {"schema": schemas[_key(Problem)]}},
    }
    return responses
