"""Counts answered requests by method, route and status, with one look-up a request.

Refuses: raw paths; a route is its template, or a word for what has none.
"""

from __future__ import annotations

from typing import Final

from rustok.telemetry import metrics
from rustok.telemetry.instruments import Counter


class _Meters:
    """The instruments of one method and route."""

    __slots__ = ("duration", "method", "received", "route", "sent", "statuses")

    def __init__(self, method: str, route: str) -> None:
        self.method, self.route = method, route
        self.duration = metrics.HTTP_DURATION.labels(method=method, route=route)
        self.received = metrics.HTTP_REQUEST_SIZE.labels(method=method, route=route)
        self.sent = metrics.HTTP_RESPONSE_SIZE.labels(method=method, route=route)
        self.statuses: dict[int, Counter] = {}

    def status(self, status: int) -> Counter:
        found = self.statuses.get(status)
        if found is None:
            found = metrics.HTTP_REQUESTS.labels(
                method=self.method, route=self.route, status=str(status)
            )
            self.statuses[status] = found
        return found


class _Switch:
    """Whether requests are counted at all."""

    __slots__ = ("on",)

    def __init__(self) -> None:
        self.on = True


switch: Final = _Switch()
_meters: dict[tuple[str, str], _Meters] = {}


def count_request(
    method: str,
    route: str,
    status: int,
    *,
    seconds: float,
    received_bytes: int,
    sent_bytes: int,
    trace_id: str | None = None,
) -> None:
    """Count one answer.

    Args:
        route: the template; the caller holds it to what the route table knows.
        trace_id: of a recorded trace, for the exemplar.
    """
    if not switch.on:
        return
    meters = _meters.get((method, route))
    if meters is None:
        meters = _meters[method, route] = _Meters(method, route)
    meters.status(status).inc()
    meters.duration.observe(seconds, trace_id)
    meters.received.observe(received_bytes)
    meters.sent.observe(sent_bytes)
