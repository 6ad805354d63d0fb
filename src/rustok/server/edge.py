"""The edge: one route and one request in, one answer out. Permission, preconditions, idempotency and
the one commit of a request live here; features only declare what they need.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable
from typing import Any, Final

import msgspec

from rustok.core import idempotency
from rustok.core.audit.entry import entry
from rustok.core.db import WriteTx
from rustok.core.db.database import audited
from rustok.core.errors import (
    NotFound,
    PermissionDenied,
    RustokError,
    Unauthenticated,
)
from rustok.core.parts import Parts
from rustok.core.permissions import MissingPermission, StepUpRequired
from rustok.core.routing import (
    PUBLIC,
    SIGNED_IN,
    OpenCall,
    RawReply,
    ReadCall,
    Reply,
    Route,
    StreamReply,
    SystemCall,
    WriteCall,
)
from rustok.core.tenancy import PLATFORM_TENANT_ID, RequestContext
from rustok.platform.identity import api as identity
from rustok.server.headers import VARY
from rustok.server.message import Answer, Request
from rustok.server.metering.facts import CommandOutcome, count_command
from rustok.server.reading import Reader, unknown_parameters

_encode: Final = msgspec.json.Encoder().encode
_AUDITED_SURFACES: Final = frozenset({"admin", "auth", "platform"})
"""Where a command leaves a record, whatever it does; shoppers' commands do by their events."""
_STAFF_KINDS: Final = frozenset({"staff", "api_key", "platform"})


class ModuleDisabled(NotFound):
    code = "module_disabled"
    title = "The module is switched off"
    mend = "Switch the module on for this tenant (PUT /api/v1/admin/tenant/modules/{module})."

    def __init__(self, module: str) -> None:
        super().__init__(
            f"Module '{module}' is switched off for this tenant.", extensions={"module": module}
        )


class Endpoint:
    """A route made ready to run: decoders built once, checks in a fixed order."""

    def __init__(self, route: Route, *, parts: Parts, max_body_bytes: int) -> None:
        self.route = route
        self._parts = parts
        self._max_body_bytes = route.max_body_bytes or max_body_bytes
        self._takes_body = route.body is not None
        self._reader = Reader(route)
        self._can_wait = route.method != "GET" and not route.essential
        self._is_audited = route.method != "GET" and route.surface in _AUDITED_SURFACES
        self._is_query = issubclass(route.call, ReadCall)
        self._is_system = issubclass(route.call, SystemCall)
        is_shared = (
            route.method == "GET" and route.surface == "storefront" and route.permission == PUBLIC
        )
        self.keep_seconds = route.cache_seconds if is_shared and self._is_query else None
        """How long an answer may be sent again as it is; None: it may not."""
        # What shows people's data is not written to a disk, even where it may be asked for by version.
        self._may_be_stored = route.surface in ("admin", "platform") and not route.personal
        self._floor = route.handler.__module__.split(".")[1]
        self._is_counted = route.method != "GET" and self._floor in ("commerce", "content")

    def check_access(self, ctx: RequestContext) -> None:
        """Deny by default.

        Raises:
            ModuleDisabled, Unauthenticated, MissingPermission, StepUpRequired.
        """
        route, actor = self.route, ctx.actor
        if route.surface == "platform":
            if ctx.tenant_id != PLATFORM_TENANT_ID:
                raise PermissionDenied("This belongs to the platform's own staff.")
        elif (
            route.module not in ctx.tenant.modules
            and route.module not in self._parts.modules.always_on
        ):
            raise ModuleDisabled(route.module)
        if route.permission == PUBLIC:
            return
        if actor.kind == "anonymous":
            raise Unauthenticated("This needs an access token or an API key.")
        if actor.needs_second_factor and route.surface != "auth":
            raise identity.SecondFactorRequiredHere
        if route.surface == "platform" and actor.kind != "platform":
            raise PermissionDenied("This belongs to the platform's own staff.")
        if route.surface == "admin" and actor.kind not in _STAFF_KINDS:
            raise PermissionDenied("This belongs to the tenant's staff.")
        if route.permission != SIGNED_IN and not actor.may(route.permission):
            raise MissingPermission(route.permission)
        if route.step_up:
            seconds = self._parts.sign_in.step_up_seconds
            if not actor.has_proved(now=self._parts.db.now(), within_seconds=seconds):
                raise StepUpRequired(seconds)

    async def receive(self, request: Request, ctx: RequestContext) -> None:
        """Take in the body of a command; only of one who may send it.

        Raises:
            what `check_access` and `Request.body` raise.
        """
        self.check_access(ctx)
        await request.body(self._max_body_bytes)

    def run(
        self, request: Request, ctx: RequestContext, values: list[str], query: dict[str, list[str]]
    ) -> Awaitable[Answer]:
        """Carry the request out; commands of the shop and of content are counted."""
        run = self._run_counted if self._is_counted else self._run
        return run(request, ctx, values, query)

    async def _run_counted(
        self, request: Request, ctx: RequestContext, values: list[str], query: dict[str, list[str]]
    ) -> Answer:
        started = time.perf_counter()
        outcome: CommandOutcome = "failed"
        try:
            answer = await self._run(request, ctx, values, query)
            outcome = "ok"
            return answer
        except RustokError as error:
            outcome = "refused" if error.status < 500 else "failed"
            raise
        finally:
            seconds = time.perf_counter() - started
            count_command(self._floor, self.route.operation_id, outcome, seconds)

    async def _run(
        self, request: Request, ctx: RequestContext, values: list[str], query: dict[str, list[str]]
    ) -> Answer:
        self.check_access(ctx)
        if self._can_wait:
            await self._parts.backlog.require_room()
        arguments: dict[str, Any] = self._reader.path(values)
        if self.route.query is not None:
            arguments["query"] = self._reader.query(query)
        elif query:
            raise unknown_parameters(query)
        content = b""
        if self.route.method != "GET":
            content = await request.body(self._max_body_bytes)
        if self._takes_body:
            arguments["data"] = self._reader.body(request, content)
        call = self.route.call(
            ctx=ctx,
            parts=self._parts,
            expected_version=self._reader.precondition(request),
            headers=request.headers,
            client=request.client,
        )
        if isinstance(call, ReadCall):
            one = self.route.one_statement
            async with self._parts.db.read(ctx, one_statement=one) as tx:
                call.tx = tx
                result = await self.route.handler(call, **arguments)
            if self.route.personal:
                self._note(ctx, "data.read", arguments)
            return self._answer(result, request)
        if isinstance(call, WriteCall):
            key = self._reader.idempotency_key(request)
            async with self._parts.db.write(ctx, brief=True) as write_tx:
                call.tx = write_tx
                return await self._command(call, write_tx, arguments, key, request, content)
        if isinstance(call, SystemCall):
            write = self.route.method != "GET"
            async with self._parts.db.system("platform surface", write=write, ctx=ctx) as system_tx:
                call.tx = system_tx
                result = await self.route.handler(call, **arguments)
                if self._is_audited:
                    self._record(system_tx, arguments)
                return self._answer(result, request)
        if not self._is_audited:
            return self._answer(await self.route.handler(call, **arguments), request)
        seen: list[int] = []
        token = audited.set(seen)
        try:
            result = await self.route.handler(call, **arguments)
        finally:
            audited.reset(token)
        if not seen:
            self._note(ctx, self._default_action, arguments)
        return self._answer(result, request)

    @property
    def _default_action(self) -> str:
        return f"request.{self.route.handler.__name__}"

    def _record(self, tx: WriteTx, arguments: dict[str, Any]) -> None:
        """A command that its feature has not recorded is recorded as such, in the same transaction."""
        if tx.audits:
            return
        made = entry(
            self._default_action,
            object_type=self.route.module,
            object_id=self._object(arguments),
        )
        tx.audits.append((tx.ctx.tenant_id, made))

    def _note(self, ctx: RequestContext, action: str, arguments: dict[str, Any]) -> None:
        self._parts.audit.note(
            ctx,
            action,
            object_type=self.route.module,
            object_id=self._object(arguments),
            after={"operation": self.route.operation_id},
        )

    async def _command(
        self,
        call: OpenCall,
        tx: WriteTx,
        arguments: dict[str, Any],
        key: str | None,
        request: Request,
        content: bytes,
    ) -> Answer:
        if key is None:
            result = await self.route.handler(call, **arguments)
            if self._is_audited:
                self._record(tx, arguments)
            return self._answer(result, request)
        actor = f"{tx.ctx.actor.kind}:{tx.ctx.actor.id or ''}"
        operation = self.route.operation_id
        stored = await idempotency.claim(
            tx,
            self._parts.sealer,
            actor=actor,
            key=key,
            operation=operation,
            fingerprint=idempotency.fingerprint(operation, request.path, content),
        )
        if stored is not None:
            return Answer(
                status=stored.status,
                body=stored.body.encode(),
                headers={**stored.headers, "idempotent-replayed": "true"},
            )
        result = await self.route.handler(call, **arguments)
        if self._is_audited:
            self._record(tx, arguments)
        answer = self._answer(result, request)
        idempotency.store(
            tx,
            self._parts.sealer,
            actor=actor,
            key=key,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
        )
        return answer

    def _object(self, arguments: dict[str, Any]) -> str | None:
        """What the address names, the most exact last."""
        return "/".join(str(arguments[name]) for name in self.route.path_params) or None

    def _answer(self, result: Any, request: Request) -> Answer:
        route = self.route
        headers: dict[str, str] = {}
        etag: str | None = None
        shows: tuple[str, ...] | None = None
        more = result.shows if isinstance(result, RawReply | Reply) else ()
        if isinstance(result, StreamReply):
            headers |= {"content-type": result.content_type, "cache-control": "no-store"}
            # Proxies that buffer would keep events from their reader.
            headers |= {"x-accel-buffering": "no", **result.headers}
            return Answer(status=route.status, headers=headers, chunks=result.chunks)
        if isinstance(result, RawReply):
            headers |= {"content-type": result.content_type, **result.headers}
            etag, body = result.etag, result.content
        else:
            if isinstance(result, Reply):
                headers |= result.headers
                if result.location is not None:
                    headers["location"] = result.location
                etag, result = result.etag, result.body
            if result is None:
                return Answer(
                    status=204 if route.response is None else route.status, headers=headers
                )
            body = _encode(result)
            headers["content-type"] = "application/json"
            version = getattr(result, "version", None)
            if etag is None and isinstance(version, int):
                etag = str(version)
        if route.method == "GET" and route.permission == PUBLIC and route.surface == "storefront":
            etag = hashlib.blake2b(body, digest_size=12).hexdigest() if etag is None else etag
            age = route.cache_seconds
            headers["cache-control"] = f"public, max-age={age}" if age else "no-store"
            if age and route.shows:
                shows = (*route.shows, *more)
            headers["vary"] = VARY
        else:
            may_be_stored = etag is not None and self._may_be_stored
            headers.setdefault(
                "cache-control", "private, no-cache" if may_be_stored else "no-store"
            )
        if etag is not None:
            quoted = f'"{etag}"'
            headers["etag"] = quoted
            if route.method == "GET" and _matches(request.headers.get("if-none-match"), quoted):
                headers.pop("content-type", None)
                return Answer(status=304, headers=headers, shows=shows)
        return Answer(status=route.status, body=body, headers=headers, shows=shows)


def _matches(header: str | None, etag: str) -> bool:
    """If-None-Match by weak comparison (RFC 9110 section 8.8.3.2)."""
    if header is None:
        return False
    return any(one.strip() in ("*", etag, f"W/{etag}") for one in header.split(","))
