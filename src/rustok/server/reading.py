"""What a request says, as its route declares it: path, query, body, precondition, idempotency key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final
from uuid import UUID

import msgspec

from rustok.core import idempotency
from rustok.core.errors import FieldError, InvalidInput, NotFound, PreconditionRequired
from rustok.core.routing import ID_SHAPE, RawBody, Route
from rustok.server.json_shape import check_shape
from rustok.server.message import Request
from rustok.server.problems import MalformedJson, UnsupportedMediaType, validation_error

# Digits of ASCII only: others are digits to Python, too, and no numbers. Weak where a proxy compresses.
_ETAG: Final = re.compile(r'(?:W/)?"([0-9]{1,9})"|([0-9]{1,9})')


class Reader:
    """Reads the requests of one route; its decoder is built once."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._raw = route.body is RawBody
        self._decode: Callable[[bytes], Any] | None = (
            None if route.body is None or self._raw else msgspec.json.Decoder(route.body).decode
        )
        self._params: list[tuple[str, Any]] = list(route.path_params.items())
        self._lists = _list_fields(route.query) if route.query is not None else frozenset()
        self._names = (
            frozenset(route.query.__struct_encode_fields__)
            if route.query is not None
            else frozenset()
        )

    def path(self, values: list[str]) -> dict[str, Any]:
        """The parts of the address by name. Raises InvalidInput, NotFound."""
        arguments: dict[str, Any] = {}
        for (name, kind), value in zip(self._params, values, strict=True):
            if kind is UUID:
                try:
                    # UUID() reads underscores and the digits of every script, too.
                    arguments[name] = UUID(value) if ID_SHAPE.fullmatch(value) else None
                except ValueError:
                    arguments[name] = None
                if arguments[name] is None:
                    message = "This part of the address must be a UUID."
                    raise InvalidInput(
                        f"{name}: {message}",
                        fields=[FieldError(pointer=name, rule="uuid", message=message)],
                    )
            elif "\x00" in value or len(value) > 300:
                raise NotFound("Nothing has such an address.")
            else:
                arguments[name] = value
        return arguments

    def query(self, query: dict[str, list[str]]) -> msgspec.Struct:
        """The query as the route declares it. Raises InvalidInput."""
        kind = self._route.query
        if kind is None:
            raise TypeError("the route takes no query")
        unknown = query.keys() - self._names
        if unknown:
            raise unknown_parameters(unknown)
        plain: dict[str, Any] = {}
        for name, values in query.items():
            if name in self._lists:
                plain[name] = values
            elif len(values) > 1:
                message = "The parameter is given more than once."
                raise InvalidInput(
                    message, fields=[FieldError(pointer=name, rule="single", message=message)]
                )
            else:
                plain[name] = values[0]
        try:
            converted: msgspec.Struct = msgspec.convert(plain, kind, strict=False)
        except msgspec.ValidationError as error:
            raise validation_error(error, prefix="?") from None
        return converted

    def body(self, request: Request, content: bytes) -> Any:
        """The body as the route declares it. Raises InvalidInput, MalformedJson, UnsupportedMediaType."""
        media_type = (
            request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
        )
        if self._raw:
            return RawBody(
                content_type=media_type, content=content, filename=request.headers.get("x-filename")
            )
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise UnsupportedMediaType(f"'{media_type[:100]}' is not application/json.")
        if b"\\u0000" in content:
            raise InvalidInput("Text in the body contains NUL characters (\\u0000).")
        if self._decode is None:
            raise TypeError("the route takes no body")
        check_shape(content)
        try:
            return self._decode(content)
        except msgspec.ValidationError as error:
            raise validation_error(error) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MalformedJson(f"The body cannot be read as JSON: {str(error)[:200]}.") from None

    def precondition(self, request: Request) -> int | None:
        """The version in If-Match; None where any will do. Raises InvalidInput, PreconditionRequired."""
        if self._route.precondition == "none":
            return None
        header = request.headers.get("if-match")
        if header is None:
            if self._route.precondition == "required":
                raise PreconditionRequired(
                    "This change needs the version you have seen, in If-Match."
                )
            return None
        if header.strip() == "*":
            return None
        found = _ETAG.fullmatch(header.strip())
        if found is None:
            message = 'If-Match holds one ETag of this resource, such as "3".'
            raise InvalidInput(
                message, fields=[FieldError(pointer="If-Match", rule="etag", message=message)]
            )
        return int(found[1] or found[2])

    def idempotency_key(self, request: Request) -> str | None:
        """The Idempotency-Key of a command, checked; None without one. Raises InvalidInput."""
        if self._route.idempotency == "none":
            return None
        return idempotency.check_key(
            request.headers.get("idempotency-key"), required=self._route.idempotency == "required"
        )


def _list_fields(kind: type[msgspec.Struct]) -> frozenset[str]:
    info = msgspec.inspect.type_info(kind)
    if not isinstance(info, msgspec.inspect.StructType):
        return frozenset()
    return frozenset(field.encode_name for field in info.fields if _is_list(field.type))


def _is_list(kind: msgspec.inspect.Type) -> bool:
    if isinstance(kind, msgspec.inspect.UnionType):
        return any(_is_list(one) for one in kind.types)
    if isinstance(kind, msgspec.inspect.Metadata):
        return _is_list(kind.type)
    return isinstance(
        kind, msgspec.inspect.ListType | msgspec.inspect.VarTupleType | msgspec.inspect.SetType
    )


def unknown_parameters(given: Iterable[str]) -> InvalidInput:
    """The error for query parameters that a route does not know."""
    names = sorted(name[:80] for name in given)
    return InvalidInput(
        f"Unknown query parameters: {', '.join(names)}.",
        fields=[
            FieldError(
                pointer=name, rule="unknown_field", message="This parameter is not known here."
            )
            for name in names[:20]
        ],
    )
