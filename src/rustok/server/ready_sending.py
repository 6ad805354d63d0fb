"""Sends a ready answer: adds what belongs to this request alone, counts it, writes its log line.

Refuses: waiting for anything but the send itself.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from rustok.core.ids import new_id_text
from rustok.core.security.rate_limit import Decision
from rustok.server.message import Send
from rustok.server.ready import Question, Ready
from rustok.telemetry import trace_context
from rustok.telemetry.logs import get_logger, info_lines
from rustok.telemetry.top_tenants import TOP

log = get_logger("rustok.http")


def request_id_of(header: bytes | None) -> bytes:
    """The caller's X-Request-ID where it is one, else a new one."""
    if header is not None and 8 <= len(header) <= 128 and header.isascii():
        text = header.decode("ascii")
        return header if text.isprintable() else new_id_text().encode()
    return new_id_text().encode()


async def send_ready(
    ready: Ready, question: Question, send: Send, started: float, decision: Decision | None = None
) -> None:
    """Answer `question` with `ready`: 304 without a body where the client has it already.

    Args:
        decision: what the caller's limits said, for the headers; None when it is not limited.
    """
    request_id = request_id_of(question.request_id)
    caller = question.traceparent
    trace = trace_context.continue_or_start(caller.decode("latin-1") if caller else None)
    known = question.if_none_match
    is_known = known is not None and ready.matches(known)
    own = [(b"x-request-id", request_id), (b"traceresponse", trace.traceparent().encode())]
    if decision is not None:
        own.append((b"ratelimit-policy", decision.limit.policy.encode()))
        own.append((b"ratelimit", decision.header.encode()))
    if is_known:
        start = {"status": 304, "headers": ready.headers_304 + own}
        body = b""
        ready.ok_304.inc()
    else:
        start = {"status": 200, "headers": ready.headers + own}
        body = ready.body
        ready.ok.inc()
    await send({"type": "http.response.start", **start})
    await send({"type": "http.response.body", "body": body})
    elapsed = time.perf_counter() - started
    ready.observe(elapsed)
    TOP.count(ready.slug, elapsed, failed=False)
    _log_line(ready, 304 if is_known else 200, request_id.decode("ascii"), trace, elapsed)


def _log_line(
    ready: Ready,
    status: int,
    request_id: str,
    trace: trace_context.TraceContext,
    elapsed_seconds: float,
) -> None:
    """The line every request has; as JSON it is put together here, at a tenth of the cost."""
    lines = info_lines()
    milliseconds = round(elapsed_seconds * 1000, 1)
    if lines is None or '"' in request_id or "\\" in request_id:
        log.info(
            "request",
            method="GET",
            route=ready.route,
            status=status,
            ms=milliseconds,
            request_id=request_id,
            trace_id=trace.trace_id,
            span_id=trace.span_id,
            tenant=ready.tenant,
        )
        return
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    lines.write(
        f'{{"method":"GET","route":"{ready.route}","status":{status},"ms":{milliseconds},'
        f'"request_id":"{request_id}","trace_id":"{trace.trace_id}","span_id":"{trace.span_id}",'
        f'"tenant":"{ready.tenant}","logger":"rustok.http","level":"info",'
        f'"timestamp":"{at}","message":"request"}}\n'
    )
    lines.flush()
