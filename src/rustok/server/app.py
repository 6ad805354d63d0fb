"""The ASGI application: from a scope to an answer, in one fixed order.

ready answers -> trace -> health, docs, metrics -> tenant -> CORS -> route -> actor -> endpoint ->
problem or answer. Refuses: knowing any feature; it works from the route table.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from rustok.core.errors import (
    PermissionDenied,
    RustokError,
    Unauthenticated,
    Unavailable,
)
from rustok.core.ids import id_text, new_id
from rustok.core.modules import Modules
from rustok.core.parts import Parts
from rustok.core.resilience.deadline import deadline
from rustok.core.resilience.time_limit import TimeLimit
from rustok.core.routing import PUBLIC, RateClass
from rustok.core.tenancy import (
    ANONYMOUS,
    PLATFORM_TENANT_ID,
    Actor,
    RequestContext,
    TenantProfile,
)
from rustok.platform.cdn import api as cdn
from rustok.server.access_log import AccessLog
from rustok.server.asked import CREDENTIALS, Seen, context_of, request_id_of
from rustok.server.compression import compress
from rustok.server.edge import Endpoint
from rustok.server.headers import API_HEADERS, EVERYWHERE, HSTS, cors_headers
from rustok.server.limits import Gate, RateLimited
from rustok.server.message import (
    Answer,
    ClientGone,
    Receive,
    Request,
    Scope,
    Send,
    answer_lifespan,
    encode_once,
)
from rustok.server.outcomes import note_refusal, record
from rustok.server.problems import (
    MEDIA_TYPE,
    MethodNotAllowed,
    RouteNotFound,
    headers_of,
    internal_error,
    problem_of,
)
from rustok.server.proxies import TrustedProxies
from rustok.server.ready import Question, ReadyAnswers, question_of
from rustok.server.ready_sending import send_ready
from rustok.server.resolution import Resolver
from rustok.server.router import Router
from rustok.server.streaming import send_stream
from rustok.telemetry import metrics, trace_context, tracing
from rustok.telemetry.logs import bind, get_logger, log_fields
from rustok.telemetry.tracing import NoSpan, Span

log = get_logger("rustok.http")

Authenticate = Callable[[Parts, TenantProfile, Mapping[str, str]], Awaitable[Actor]]
Page = Callable[[Request], Awaitable[Answer]]
TenantPage = Callable[[Request, RequestContext], Awaitable[Answer | None]]
ProblemPage = Callable[[RustokError, str], Answer]

MAX_FORM_BYTES: Final = 32_768
"""Pages take forms, nothing larger."""
_UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Application:
    """Args:
    parts: process-wide parts.
    modules: features, with their routes.
    resolver: finds the tenant.
    authenticate: finds the actor from the request's headers.
    pages: answers outside the API by exact path (health, docs, metrics); no tenant needed.
    tenant_page: answers any other path of a tenant's host (storefront pages); None means 404.
    body_timeout_seconds: bound of a request's body.
    request_timeout_seconds: bound of one request.
    trusted_proxies: networks whose X-Forwarded-* are believed.
    gate: who may ask how often, and how much at once.
    cors: origins that may call every tenant's API.
    hsts: what browsers are told over https.
    problem_page: a problem with its trace id as HTML, for browsers outside the API.
    ready: public answers kept to be sent again.
    access_log: writes the line of each request.
    """

    def __init__(
        self,
        *,
        parts: Parts,
        modules: Modules,
        resolver: Resolver,
        authenticate: Authenticate,
        pages: Mapping[str, Page],
        tenant_page: TenantPage | None,
        gate: Gate,
        max_body_bytes: int,
        body_timeout_seconds: float,
        request_timeout_seconds: float,
        trusted_proxies: tuple[str, ...] = (),
        cors: tuple[str, ...] = (),
        hsts: str = HSTS,
        problem_page: ProblemPage | None = None,
        ready: ReadyAnswers | None = None,
        access_log: AccessLog | None = None,
    ) -> None:
        self._parts = parts
        self._access = access_log or AccessLog()
        self._ready = ready or ReadyAnswers(0)
        self._keeps = self._ready.keeps
        encode_once(API_HEADERS)
        encode_once(EVERYWHERE)
        self._resolver = resolver
        self._authenticate = authenticate
        self._pages = dict(pages)
        self._tenant_page = tenant_page
        self._gate = gate
        self._problem_page = problem_page
        self._body_timeout_seconds = body_timeout_seconds
        self._timeout_seconds = request_timeout_seconds
        self._time = TimeLimit(request_timeout_seconds)
        self._proxies = TrustedProxies(trusted_proxies)
        self._cors = cors
        self._hsts = hsts
        self._cdn = parts.options(cdn.CdnOptions)
        self._https = parts.public_url.startswith("https://")
        routes = modules.routes
        self._router = Router(routes)
        self._endpoints = {
            (route.method, route.full_path): Endpoint(
                route, parts=parts, max_body_bytes=max_body_bytes
            )
            for route in routes
        }
        self.in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._ending = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await answer_lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        question = question_of(scope) if self._keeps else None
        if question is not None:
            started = time.perf_counter()
            ready = self._ready.find(question, started)
            if ready is not None:
                client = self._proxies.client_of(scope)
                passes, decision = self._gate.admit_read(client, ready.tenant)
                if passes:
                    await send_ready(ready, question, send, started, self._access, decision)
                    return
        self.in_flight += 1
        self._idle.clear()
        metrics.HTTP_IN_FLIGHT.set(self.in_flight)
        request = Request(scope, receive, body_timeout_seconds=self._body_timeout_seconds)
        self._proxies.apply(request)
        trace = tracing.begin(request.headers.get(trace_context.TRACEPARENT))
        correlation_id = new_id()
        request_id = request_id_of(request.headers.get("x-request-id"), correlation_id)
        try:
            with (
                log_fields(request_id=request_id, trace_id=trace.trace_id, span_id=trace.span_id),
                tracing.root_at(trace, request.method, tracing.SERVER) as span,
            ):
                seen = Seen(correlation_id, trace.traceparent())
                seen.question = question
                await self._serve(request, send, trace, request_id, seen, span)
        finally:
            self.in_flight -= 1
            if self.in_flight == 0:
                self._idle.set()
            metrics.HTTP_IN_FLIGHT.set(self.in_flight)

    async def drain(self, seconds: float) -> bool:
        """End streams and wait until no request is being answered; False when some still are."""
        self._ending.set()
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _serve(
        self,
        request: Request,
        send: Send,
        trace: trace_context.TraceContext,
        request_id: str,
        seen: Seen,
        span: Span | NoSpan,
    ) -> None:
        started = time.perf_counter()
        question = seen.question
        head = request.method == "HEAD"
        if head:
            request.method = "GET"
        try:
            # What waits on the way down knows when nobody will wait for it any more.
            with deadline(self._timeout_seconds), self._time.bound():
                answer = await self._answer(request, seen, request_id)
        except ClientGone:
            return
        except TimeoutError:
            answer = self._problem(
                Unavailable(
                    "The request took too long and was given up; send it again with the same key."
                ),
                request,
                trace.trace_id,
            )
        except RateLimited as error:
            seen.decision = error.decision
            answer = self._problem(error, request, trace.trace_id)
        except RustokError as error:
            if error.status >= 500 and not isinstance(error, Unavailable):
                log.error("request.failed", code=error.code, route=seen.route)
                error = internal_error() if error.status == 500 else error
            elif isinstance(error, Unauthenticated | PermissionDenied):
                note_refusal(self._parts, error, request, seen, trace, request_id)
            answer = self._problem(error, request, trace.trace_id)
        except Exception:
            log.exception("request.crashed", route=seen.route)
            answer = self._problem(internal_error(), request, trace.trace_id)
        if answer.status == 503 and question is not None:
            # Better what was true a while ago than nothing, while nothing can change.
            ready = self._ready.find_stale(question)
            if ready is not None:
                await send_ready(ready, question, send, started, self._access, stale=True)
                return
        headers = answer.headers = {**API_HEADERS, **answer.headers}
        if self._https or request.scheme == "https":
            headers.setdefault("strict-transport-security", self._hsts)
        if seen.tenant is not None and "origin" in request.headers:
            headers |= cors_headers(seen.tenant, request.headers["origin"], self._cors)
        if answer.shows is not None and seen.tenant is not None and seen.actor is ANONYMOUS:
            headers |= cdn.headers_of(self._cdn, seen.tenant.id, answer.shows)
        is_kept = seen.keep_seconds is not None and question is not None
        compress(answer, request.headers.get("accept-encoding", ""), is_kept=is_kept)
        if seen.keep_seconds is not None and question is not None and seen.tenant is not None:
            self._keep(answer, question, seen.tenant, seen)
        # From here on headers belong to this request alone.
        if seen.decision is not None:
            headers["ratelimit-policy"] = seen.decision.limit.policy
            headers["ratelimit"] = seen.decision.header
        headers["x-request-id"] = request_id
        headers["traceresponse"] = seen.traceparent
        if answer.chunks is not None:
            await send_stream(answer, request, send, ending=self._ending, head=head)
        else:
            await answer.send(send, head=head)
        record(self._access, request, answer, seen, trace, request_id, span, started, head=head)

    async def _answer(self, request: Request, seen: Seen, request_id: str) -> Answer:
        request.check_frame()
        if not request.path.startswith("/health/"):
            self._gate.enter(request)
        page = self._page_of(request.path)
        if page is not None:
            seen.route = page[0]
            if request.method != "GET":
                raise MethodNotAllowed(["GET", "HEAD"])
            return await page[1](request)
        query = request.query()
        is_platform = request.path.startswith("/api/v1/platform/")
        tenant = (
            await self._resolver.profile_of(PLATFORM_TENANT_ID)
            if is_platform
            else await self._resolver.resolve(
                header=request.headers.get("x-tenant"), host=request.headers.get("host")
            )
        )
        seen.tenant = tenant
        tenant_text = id_text(tenant.id)
        found = self._router.find(request.path)
        if request.method == "OPTIONS" and found is not None:
            seen.route = "preflight"
            return Answer(status=204, headers={"allow": ", ".join(sorted(found[0]))})
        if found is not None and request.method in found[0]:
            route = found[0][request.method]
            seen.route = full_path = route.full_path
            endpoint = self._endpoints[route.method, full_path]
            # Signing in with an expired token still in the header must not need signing in.
            signing_in = route.surface == "auth" and route.permission == PUBLIC
            seen.is_sign_in = signing_in
            bind(tenant=tenant_text, route=full_path)
            actor = ANONYMOUS if signing_in else await self._actor_of(request, tenant)
            seen.actor = actor
            if actor.id is not None:
                bind(actor=id_text(actor.id))
            seen.decision = await self._gate.admit(request, tenant.id, actor, route.rate)
            ctx = context_of(request, tenant, actor, query, seen, request_id)
            if seen.question is not None and endpoint.keep_seconds:
                seen.keep_seconds = endpoint.keep_seconds
                seen.epoch_at = self._ready.epoch(tenant.id)[0]
                # The whole answer is wanted, to keep; whether the client has it comes afterwards.
                request.headers.pop("if-none-match", None)
            if request.method != "GET":
                # Before a place is taken: who sends slowly must not hold what others wait for.
                await endpoint.receive(request, ctx)
            if not self._gate.take_place(tenant.id):
                await self._gate.wait_for_place(tenant.id)
            try:
                return await endpoint.run(request, ctx, found[1], query)
            finally:
                self._gate.leave_place(tenant.id)
        bind(tenant=tenant_text)
        if found is not None:
            raise MethodNotAllowed(sorted(found[0]))
        if self._tenant_page is not None and not request.path.startswith("/api/"):
            seen.route = "page"
            if request.method not in ("GET", "POST"):
                raise MethodNotAllowed(["GET", "HEAD", "POST"])
            rate = _page_rate(request)
            seen.decision = await self._gate.admit(request, tenant.id, ANONYMOUS, rate)
            ctx = context_of(request, tenant, ANONYMOUS, query, seen, request_id)
            if request.method == "POST":
                await request.body(MAX_FORM_BYTES)
            if not self._gate.take_place(tenant.id):
                await self._gate.wait_for_place(tenant.id)
            try:
                answer = await self._tenant_page(request, ctx)
            finally:
                self._gate.leave_place(tenant.id)
            if answer is not None:
                return answer
        raise RouteNotFound

    def _keep(self, answer: Answer, question: Question, tenant: TenantProfile, seen: Seen) -> None:
        """Keep an answer that may be sent again; make it a 304 where the client has it."""
        if answer.status != 200:
            return
        ready = self._ready.keep(
            question,
            answer,
            route=seen.route,
            tenant=tenant.id,
            slug=tenant.slug,
            epoch_at=seen.epoch_at,
            seconds=seen.keep_seconds or 0,
        )
        if question.if_none_match is not None and ready.matches(question.if_none_match):
            answer.status, answer.body = 304, b""
            answer.headers.pop("content-type", None)
            answer.headers.pop("content-encoding", None)

    async def _actor_of(self, request: Request, tenant: TenantProfile) -> Actor:
        if CREDENTIALS.isdisjoint(request.headers):
            return ANONYMOUS
        try:
            return await self._authenticate(self._parts, tenant, request.headers)
        except Unauthenticated:
            self._gate.credential_refused(request)
            raise

    def _page_of(self, path: str) -> tuple[str, Page] | None:
        if path.startswith("/api/v1/"):
            return None
        exact = self._pages.get(path)
        if exact is not None:
            return path, exact
        for prefix in ("/problems/", "/static/", "/demo/"):
            if path.startswith(prefix) and prefix in self._pages:
                return prefix, self._pages[prefix]
        return None

    def _problem(self, error: RustokError, request: Request, trace_id: str) -> Answer:
        browser = "text/html" in request.headers.get("accept", "")
        if self._problem_page is not None and browser and not request.path.startswith("/api/"):
            return self._problem_page(error, trace_id)
        document = problem_of(error, instance=request.path, trace_id=trace_id)
        return Answer(
            status=error.status,
            body=msgspec.json.encode(document),
            headers={"content-type": MEDIA_TYPE, **headers_of(error)},
        )


def _page_rate(request: Request) -> RateClass:
    if request.method == "POST":
        return "checkout" if request.path.startswith("/checkout") else "write"
    return "search" if request.path.startswith("/search") else "read"
