"""Routes as data: what a feature offers over HTTP, declared without a web library.

The table is the security core of the edge: every route names its surface, its permission, whether
it takes an Idempotency-Key and If-Match, and its typed input and output. The server turns it into
endpoints and into the OpenAPI document; tests walk it (deny by default, tenant isolation).

    routes = Routes("orders", surface="admin", tag="Orders")

    @routes.post("/orders/{order_id}/ship", permission="orders:update", summary="Ship a paid order")
    async def ship(call: WriteCall, order_id: UUID, data: ShipOrder) -> OrderView:
        return view(await service.ship(call.tx, order_id, ..., expected_version=call.expected_version))

Refuses: deciding anything; a handler calls one service function and shapes the answer.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from rustok.core.cache.showing import PART
from rustok.core.db import ReadTx, SystemTx, WriteTx
from rustok.core.errors import PreconditionFailed, RustokError
from rustok.core.parts import Parts
from rustok.core.permissions import StepUpRequired, parse_permission
from rustok.core.tenancy import RequestContext

Surface = Literal["storefront", "admin", "auth", "platform"]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Need = Literal["required", "optional", "none"]
RateClass = Literal["login", "checkout", "search", "write", "read"]
"""Which limits count a route; the server's settings say how often each."""

PUBLIC: Final = "public"
"""Anybody may call this route."""
SIGNED_IN: Final = "signed_in"
"""Any authenticated actor of the tenant may call this route; the service checks ownership."""

B = TypeVar("B")
F = TypeVar("F", bound=Callable[..., Awaitable[Any]])


class OpenCall:
    """A request whose handler opens its own transactions (`call.read()`, `call.write()`).

    Attributes:
        ctx: tenant, actor, locale, currency, trace.
        parts: process-wide parts.
        expected_version: from If-Match; None when absent or `*`.
        headers: request headers, lower-case names.
        client: the peer's address, proxies resolved.
    """

    def __init__(
        self,
        *,
        ctx: RequestContext,
        parts: Parts,
        expected_version: int | None,
        headers: Mapping[str, str],
        client: str,
    ) -> None:
        self.ctx = ctx
        self.parts = parts
        self.expected_version = expected_version
        self.headers = headers
        self.client = client

    def read(self) -> AbstractAsyncContextManager[ReadTx]:
        return self.parts.db.read(self.ctx)

    def write(self) -> AbstractAsyncContextManager[WriteTx]:
        return self.parts.db.write(self.ctx)

    def require_recent_proof(self) -> None:
        """For a route that is dangerous only with some bodies; others declare `step_up`.

        Raises:
            StepUpRequired: the last proof of who acts is too old, or an API key asks.
        """
        seconds = self.parts.sign_in.step_up_seconds
        if not self.ctx.actor.has_proved(now=self.parts.db.now(), within_seconds=seconds):
            raise StepUpRequired(seconds)


class ReadCall(OpenCall):
    """A query: `tx` is open and cannot write."""

    tx: ReadTx


class WriteCall(OpenCall):
    """A command: `tx` is open; the edge commits it when the handler returns."""

    tx: WriteTx


class SystemCall(OpenCall):
    """A command or query of the platform surface: `tx` crosses tenants; the edge commits it."""

    tx: SystemTx


class Reply(msgspec.Struct, Generic[B], frozen=True, kw_only=True):
    """A body with more than its type says.

    Attributes:
        location: path of the created thing, sent as Location.
        etag: an opaque validator; without it a body's `version` makes the ETag.
        shows: parts the answer shows beyond those of its route (see `core.cache.showing`).
        headers: further headers.
    """

    body: B
    location: str | None = None
    etag: str | None = None
    shows: tuple[str, ...] = ()
    headers: dict[str, str] = msgspec.field(default_factory=dict)


class RawBody(msgspec.Struct, frozen=True, kw_only=True):
    """A request body that is not JSON (an upload), already within the size limit."""

    content_type: str
    content: bytes
    filename: str | None = None


class RawReply(msgspec.Struct, frozen=True, kw_only=True):
    """A response body that is not JSON, or JSON already; `shows` as in `Reply`."""

    content_type: str
    content: bytes
    etag: str | None = None
    shows: tuple[str, ...] = ()
    headers: dict[str, str] = msgspec.field(default_factory=dict)


class StreamReply(msgspec.Struct, frozen=True, kw_only=True):
    """A response body that goes on while the reader reads.

    Attributes:
        chunks: asked for one after the other, each when the one before is sent. An `aclose` it has
            is called when the reader is gone, reads too slowly, or the server stops.
    """

    content_type: str
    chunks: AsyncIterator[bytes]
    headers: dict[str, str] = msgspec.field(default_factory=dict)


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One operation over HTTP. `path` is relative to `/api/v1/<surface>`.

    Attributes:
        essential: a command that goes on while the outbox is full (sign-in, buying, mending).
        step_up: a dangerous action: a user who proved who they are a moment ago, no API key.
        personal: a query that answers with personal data of others; each call is recorded.
        rate: which limits count it.
        shows: parts its answers show (see `core.cache.showing`); changes of these reach a CDN.
    """

    module: str
    surface: Surface
    method: Method
    path: str
    handler: Callable[..., Awaitable[Any]]
    permission: str
    status: int
    summary: str
    description: str
    tag: str
    call: type[OpenCall]
    path_params: dict[str, Any]
    query: type[msgspec.Struct] | None
    body: Any
    response: Any
    idempotency: Need
    precondition: Need
    errors: tuple[type[RustokError], ...]
    example: Any
    cache_seconds: int | None
    max_body_bytes: int | None
    essential: bool = False
    step_up: bool = False
    personal: bool = False
    rate: RateClass = "read"
    shows: tuple[str, ...] = ()
    one_statement: bool = False

    @property
    def full_path(self) -> str:
        return f"/api/v1/{self.surface}{self.path}"

    @property
    def operation_id(self) -> str:
        return f"{self.surface}_{self.handler.__name__}"


ID_SHAPE: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""The one spelling of an id in a path."""
_PATH_PARAM: Final = re.compile(r"\{([a-z_]+)\}")


class Routes:
    """The routes of one feature on one surface.

    Args:
        module: slug of the module; its routes answer 404 where the tenant has it switched off.
        surface: "storefront" (customers), "admin" (staff), "auth", "platform" (tenant administration).
        tag: heading in the API document.
        essential: its commands go on while the outbox is full; others then get 503 (`backlog_full`).
    """

    def __init__(self, module: str, *, surface: Surface, tag: str, essential: bool = False) -> None:
        self.module = module
        self.essential = essential
        self.surface: Surface = surface
        self.tag = tag
        self.routes: list[Route] = []

    def get(self, path: str, *, permission: str, **options: Any) -> Callable[[F], F]:
        """Declare a query."""
        return self.route("GET", path, permission=permission, **options)

    def post(
        self, path: str, *, permission: str, status: int = 200, **options: Any
    ) -> Callable[[F], F]:
        """Declare a command; `status=201` where it creates."""
        return self.route("POST", path, permission=permission, status=status, **options)

    def put(self, path: str, *, permission: str, **options: Any) -> Callable[[F], F]:
        """Declare a replacement; If-Match is required unless `precondition` says otherwise."""
        return self.route("PUT", path, permission=permission, **options)

    def patch(self, path: str, *, permission: str, **options: Any) -> Callable[[F], F]:
        """Declare a partial change; If-Match is required unless `precondition` says otherwise."""
        return self.route("PATCH", path, permission=permission, **options)

    def delete(self, path: str, *, permission: str, **options: Any) -> Callable[[F], F]:
        """Declare a removal (204); If-Match is required unless `precondition` says otherwise."""
        return self.route("DELETE", path, permission=permission, status=204, **options)

    def route(
        self,
        method: Method,
        path: str,
        *,
        permission: str,
        summary: str,
        status: int = 200,
        description: str = "",
        idempotency: Need | None = None,
        precondition: Need | None = None,
        errors: Sequence[type[RustokError]] = (),
        example: Any = None,
        cache_seconds: int | None = None,
        max_body_bytes: int | None = None,
        response_model: Any = None,
        essential: bool | None = None,
        step_up: bool = False,
        personal: bool = False,
        rate: RateClass | None = None,
        shows: Sequence[str] = (),
        one_statement: bool = False,
    ) -> Callable[[F], F]:
        """Declare an operation.

        Args:
            permission: `resource:action`, PUBLIC or SIGNED_IN.
            summary: one line for the API document.
            idempotency: whether an Idempotency-Key is taken; default: optional for commands, none for queries.
            precondition: whether If-Match is; default: required for PUT, PATCH, DELETE, optional for POST.
            errors: the feature's own errors it can answer, for the document.
            example: an example of the request body (a struct).
            cache_seconds: sent as Cache-Control max-age on a public GET.
            max_body_bytes: another limit than the server's.
            response_model: what the document says of the answer where the handler gives stored bytes.
            essential: another answer than that of all routes here.
            step_up: only for a user who proved who they are a moment ago; never for an API key.
            personal: it answers with personal data of others; each call goes into the audit log.
            rate: which limits count it; default: login for what is posted to sign in or prove oneself,
                write for other commands, read for queries.
            shows: what its answers show, such as `products`: with `cache_seconds`, a CDN may keep
                them until that changes. Without it a CDN keeps them for `cache_seconds`.

            one_statement: a query that reads with one statement, always; a second one is an error.

        Raises:
            TypeError: the handler's parameters do not fit the path, or `shows` names no part.
        """
        for part in shows:
            if PART.fullmatch(part) is None:
                raise TypeError(f"{path}: {part!r} is no part that answers show")
        if permission not in (PUBLIC, SIGNED_IN):
            parse_permission(permission)

        def declare(handler: F) -> F:
            hints = get_type_hints(handler, include_extras=True)
            names = list(inspect.signature(handler).parameters)
            call = hints.get("call")
            if not (inspect.isclass(call) and issubclass(call, OpenCall)):
                raise TypeError(
                    f"{handler.__qualname__}: first parameter is `call: ReadCall | WriteCall | OpenCall`"
                )
            if issubclass(call, SystemCall) and self.surface != "platform":
                raise TypeError(
                    f"{handler.__qualname__}: a SystemCall belongs to the platform surface"
                )
            in_path = _PATH_PARAM.findall(path)
            rest = [name for name in names if name not in ("call", "data", "query")]
            if sorted(rest) != sorted(in_path):
                raise TypeError(
                    f"{handler.__qualname__}: path has {in_path}, parameters are {rest}"
                )
            response = hints.get("return")
            if get_origin(response) is Reply:
                response = get_args(response)[0]
            command = method != "GET"
            self.routes.append(
                Route(
                    module=self.module,
                    surface=self.surface,
                    method=method,
                    path=path,
                    handler=handler,
                    permission=permission,
                    status=status,
                    summary=summary,
                    description=description or inspect.getdoc(handler) or "",
                    tag=self.tag,
                    call=call,
                    path_params={name: hints[name] for name in in_path},
                    query=hints.get("query"),
                    body=hints.get("data"),
                    response=response_model or (None if response is type(None) else response),
                    idempotency=idempotency or ("optional" if command else "none"),
                    precondition=precondition
                    or (
                        "required"
                        if method in ("PUT", "PATCH", "DELETE")
                        else "optional"
                        if command
                        else "none"
                    ),
                    errors=tuple(errors),
                    example=example,
                    cache_seconds=cache_seconds,
                    max_body_bytes=max_body_bytes,
                    essential=self.essential if essential is None else essential,
                    step_up=step_up,
                    personal=personal,
                    rate=rate or _rate_of(method, self.surface),
                    shows=tuple(shows),
                    one_statement=one_statement,
                )
            )
            return handler

        return declare


def _rate_of(method: Method, surface: Surface) -> RateClass:
    if method == "GET":
        return "read"
    return "login" if surface == "auth" and method == "POST" else "write"


def check_version(actual: int, expected: int | None) -> None:
    """Hold a command to the version the caller saw.

    Args:
        expected: from If-Match; None when the caller does not care.

    Raises:
        PreconditionFailed: they differ.
    """
    if expected is not None and actual != expected:
        raise PreconditionFailed(
            f"The resource is at version {actual}, the request expects {expected}.",
            extensions={"version": actual},
        )


def parse_path_id(value: str) -> UUID | None:
    """A UUID of a path, or None when it is none (the route then answers 404)."""
    try:
        return UUID(value) if ID_SHAPE.fullmatch(value) else None
    except ValueError:
        return None
