"""Sends a ready answer: adds what belongs to this request alone, counts it, writes its log line.

Refuses: waiting for anything but the send itself.
"""

from __future__ import annotations

import time
from typing import Final

from rustok.core.ids import new_id_text
from rustok.core.security.rate_limit import Decision
from rustok.server.access_log import AccessLog
from rustok.server.message import Send
from rustok.server.metering.requests import switch
from rustok.server.ready import Question, Ready
from rustok.telemetry import tracing
from rustok.telemetry.top_tenants import TOP

_FOR_CDN: Final = frozenset({b"surrogate-control", b"cdn-cache-control"})


def request_id_of(header: bytes | None) -> bytes:
    """The caller's X-Request-ID where it is one, else a new one."""
    if header is not None and 8 <= len(header) <= 128 and header.isascii():
        text = header.decode("ascii")
        return header if text.isprintable() else new_id_text().encode()
    return new_id_text().encode()


async def send_ready(
    ready: Ready,
    question: Question,
    send: Send,
    started: float,
    access_log: AccessLog,
    decision: Decision | None = None,
    *,
    stale: bool = False,
) -> None:
    """Answer `question` with `ready`: 304 without a body where the client has it already.

    Args:
        decision: what the caller's limits said, for the headers; None when it is not limited.
        stale: say that it is past its time (RFC 9211).
    """
    request_id = request_id_of(question.request_id)
    caller = question.traceparent
    trace = tracing.begin(caller.decode("latin-1") if caller else None)
    known = question.if_none_match
    is_known = known is not None and ready.matches(known)
    own = [(b"x-request-id", request_id), (b"traceresponse", trace.traceparent().encode())]
    if decision is not None:
        own.append((b"ratelimit-policy", decision.limit.policy.encode()))
        own.append((b"ratelimit", decision.header.encode()))
    kept = ready.headers_304 if is_known else ready.headers
    if stale:
        own.append((b"cache-status", b"rustok; hit; detail=stale"))
        # A CDN must not keep for a day what is only shown for want of something newer.
        kept = [line for line in kept if line[0] not in _FOR_CDN]
    if is_known:
        status, body = 304, b""
        start = {"status": 304, "headers": kept + own}
        counter, shape = ready.ok_304, ready.shape_304
    else:
        status, body = 200, ready.body
        start = {"status": 200, "headers": kept + own}
        counter, shape = ready.ok, ready.shape
    await send({"type": "http.response.start", **start})
    await send({"type": "http.response.body", "body": body})
    elapsed = time.perf_counter() - started
    TOP.count(ready.slug, elapsed, failed=False)
    is_traced = tracing.record_root(trace, elapsed, shape)
    if switch.on:
        counter.inc()
        ready.observe(elapsed, trace.trace_id if is_traced else None)
        ready.observe_sent(len(body))
    access_log.write(
        method="GET",
        route=ready.route,
        status=status,
        seconds=elapsed,
        request_id=request_id.decode("ascii"),
        trace=trace,
        tenant=ready.tenant,
    )
