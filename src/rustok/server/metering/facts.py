"""Counts what happens: statements, transactions, committed events, commands and their outcome.

Refuses: tenants and ids as labels. Domain counts come from committed events, so what was rolled
back is not among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from rustok.core.db.database import Outcome, Role
from rustok.core.db.statement import Compiled
from rustok.core.errors import RustokError
from rustok.core.events.event import EncodedEvent
from rustok.core.tenancy import RequestContext
from rustok.server.metering.spans import record_statement
from rustok.telemetry import metrics, tracing

CommandOutcome = Literal["ok", "refused", "failed"]

# The kind of state an order reaches with each event; what an event says beside it is no state.
_ORDER_STATES: Final = {
    "order.placed": "pending",
    "order.confirmed": "confirmed",
    "order.paid": "paid",
    "order.shipped": "shipped",
    "order.delivered": "delivered",
    "order.cancelled": "cancelled",
}


class _Placed(msgspec.Struct):
    currency: str
    total_minor: int


_placed: Final = msgspec.json.Decoder(_Placed).decode


_durations: Final = {
    operation: metrics.DB_QUERY_DURATION.labels(operation=operation)
    for operation in ("select", "insert", "update", "delete", "other")
}


_roles: Final[tuple[Role, ...]] = ("app", "system")
_outcomes: Final[tuple[Outcome, ...]] = ("commit", "rollback")
_transactions: Final = {
    (role, outcome): metrics.DB_TRANSACTIONS.labels(role=role, outcome=outcome)
    for role in _roles
    for outcome in _outcomes
}


def observe_statement(
    compiled: Compiled[Any],
    seconds: float,
    rows: int,
    error: Exception | None,
) -> None:
    """Count a statement and record it in the trace; the observer of the database."""
    operation = compiled.operation
    kind: str | None = None
    if error is not None:
        kind = error.code if isinstance(error, RustokError) else type(error).__name__
        metrics.DB_QUERY_ERRORS.labels(operation=operation, kind=kind).inc()
    span = tracing.current()
    if span is None:
        _durations[operation].observe(seconds)
        return
    _durations[operation].observe(seconds, span.trace_id if span.sampled else None)
    record_statement(span, compiled, seconds, rows, kind)


def count_transaction(role: Role, outcome: Outcome) -> None:
    """Count a transaction that ended."""
    _transactions[role, outcome].inc()


def count_events(events: Sequence[tuple[EncodedEvent, RequestContext]]) -> None:
    """Count what committed events say of orders."""
    for event, _ in events:
        state = _ORDER_STATES.get(event.type)
        if state is None:
            continue
        metrics.ORDERS.labels(state=state).inc()
        if event.type == "order.placed":
            placed = _placed(event.data)
            metrics.ORDER_VALUE.labels(currency=placed.currency).inc(placed.total_minor)


def count_command(floor: str, operation: str, outcome: CommandOutcome, seconds: float) -> None:
    """Count a command that came over HTTP.

    Args:
        floor: where its feature lives: content, commerce or another.
        operation: the operation's id.
    """
    if floor == "commerce":
        metrics.COMMERCE_OPERATIONS.labels(operation=operation, outcome=outcome).inc()
        if operation == "storefront_place_order":
            metrics.CHECKOUT_DURATION.labels(outcome=outcome).observe(seconds)
    elif floor == "content":
        metrics.CONTENT_OPERATIONS.labels(operation=operation, outcome=outcome).inc()
