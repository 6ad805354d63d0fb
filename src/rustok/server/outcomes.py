"""What is written down of a request that was answered: its span, its metrics, its line, its refusal.

Refuses: changing the answer.
"""

from __future__ import annotations

import time
from typing import Final

from rustok.core.errors import RustokError
from rustok.core.ids import id_text
from rustok.core.parts import Parts
from rustok.core.tenancy import context_for
from rustok.server.access_log import AccessLog
from rustok.server.asked import Seen
from rustok.server.message import Answer, Request
from rustok.server.metering.requests import count_request
from rustok.server.metering.spans import describe_request
from rustok.telemetry import metrics
from rustok.telemetry.top_tenants import TOP
from rustok.telemetry.trace_context import TraceContext
from rustok.telemetry.tracing import NoSpan, Span

_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def record(
    lines: AccessLog,
    request: Request,
    answer: Answer,
    seen: Seen,
    trace: TraceContext,
    request_id: str,
    span: Span | NoSpan,
    started: float,
    *,
    head: bool,
) -> None:
    """Record a request whose answer was sent.

    Args:
        started: by `time.perf_counter`, in seconds.
        head: nothing of the body was sent.
    """
    elapsed = time.perf_counter() - started
    method = request.method if request.method in _METHODS else metrics.OTHER
    if isinstance(span, Span):
        describe_request(span, request, method, seen.route, answer.status, seen.tenant, request_id)
    count_request(
        method,
        seen.route,
        answer.status,
        seconds=elapsed,
        received_bytes=request.received_bytes,
        sent_bytes=0 if head else len(answer.body),
        trace_id=trace.trace_id if span.sampled else None,
    )
    if seen.tenant is not None:
        TOP.count(seen.tenant.slug, elapsed, failed=answer.status >= 500)
    lines.write(
        method=method,
        route=seen.route,
        status=answer.status,
        seconds=elapsed,
        request_id=request_id,
        trace=trace,
        tenant=id_text(seen.tenant.id) if seen.tenant is not None else None,
        actor=id_text(seen.actor.id) if seen.actor.id is not None else None,
    )


def note_refusal(
    parts: Parts,
    error: RustokError,
    request: Request,
    seen: Seen,
    trace: TraceContext,
    request_id: str,
) -> None:
    """Record who was refused what; refused sign-ins have records of their own."""
    if seen.tenant is None or seen.is_sign_in:
        return
    ctx = context_for(
        seen.tenant,
        actor=seen.actor,
        traceparent=trace.traceparent(),
        request_id=request_id,
        client=request.client,
    )
    parts.audit.note(
        ctx,
        "access.refused",
        object_type="route",
        object_id=f"{request.method} {seen.route}",
        outcome="refused",
        reason=error.code,
    )
