"""Every Prometheus instrument of the platform, defined once with bounded labels.

It refuses unbounded labels: never a tenant, an id, a raw path or a text of a user. A route label is
the route's template; event types, kinds and codes come from registries.

Use: `HTTP_REQUESTS.labels(method="GET", route="/api/v1/products", status="200").inc()`. `labels`
keeps its children, so a hot path pays one dictionary look-up and no locking.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rustok.telemetry.exposition import OPENMETRICS, TEXT, write
from rustok.telemetry.instruments import (
    MAX_CHILDREN,
    OTHER,
    Across,
    Counter,
    Family,
    FamilySnapshot,
    Gauge,
    Histogram,
    Registry,
)
from rustok.telemetry.process import process_metrics

__all__ = ["MAX_CHILDREN", "OTHER", "Family"]

REGISTRY: Final = Registry()

# Seconds, from a cache hit to the request time limit; 50 and 250 ms carry the SLOs.
LATENCY_BUCKETS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
# Seconds. A statement is a tenth of a request.
QUERY_BUCKETS: Final = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0,
)  # fmt: skip
# Seconds something may wait for another party, up to a day.
DELAY_BUCKETS: Final = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 21_600.0, 86_400.0)
# Bytes, powers of four up to the body limit.
SIZE_BUCKETS: Final = (
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
)


def counter(name: str, text: str, *labels: str) -> Family[Counter]:
    """A count that only grows; the exposed name ends in `_total`."""
    return REGISTRY.add(Family(name, text, labels, kind="counter", make=Counter))


def gauge(name: str, text: str, *labels: str, across: Across = "add") -> Family[Gauge]:
    """A value that goes up and down.

    Args:
        across: "largest" where processes look at one thing, such as a table; "add" where each has
            its part, such as a pool.
    """
    return REGISTRY.add(Family(name, text, labels, kind="gauge", make=Gauge, across=across))


def histogram(
    name: str, text: str, *labels: str, buckets: tuple[float, ...] = LATENCY_BUCKETS
) -> Family[Histogram]:
    """A distribution; `buckets` are upper bounds in the unit of the name."""
    return REGISTRY.add(
        Family(
            name, text, labels, kind="histogram", make=lambda: Histogram(buckets), buckets=buckets
        )
    )


def _plain_gauge(name: str, text: str, *, across: Across = "add") -> Gauge:
    return gauge(name, text, across=across).labels()


def _plain_counter(name: str, text: str) -> Counter:
    return counter(name, text).labels()


# HTTP: route is the template, status the code.
HTTP_REQUESTS = counter("http_requests_total", "Requests answered.", "method", "route", "status")
HTTP_DURATION = histogram(
    "http_request_duration_seconds", "Time to the last byte.", "method", "route"
)
HTTP_IN_FLIGHT = _plain_gauge("http_requests_in_flight", "Requests being answered.")
HTTP_REQUEST_SIZE = histogram(
    "http_request_size_bytes", "Body received.", "method", "route", buckets=SIZE_BUCKETS
)
HTTP_RESPONSE_SIZE = histogram(
    "http_response_size_bytes", "Body sent.", "method", "route", buckets=SIZE_BUCKETS
)

# Tenants by slug, bounded and off unless asked for (see `top_tenants`).
TENANT_REQUESTS = counter("tenant_requests_total", "Requests of the heaviest tenants.", "tenant")
TENANT_SECONDS = counter(
    "tenant_request_seconds_total", "Seconds of answering the heaviest tenants.", "tenant"
)
TENANT_ERRORS = counter("tenant_errors_total", "5xx answers to the heaviest tenants.", "tenant")

# Events: type from the event registry, consumer from the modules.
EVENTS_PUBLISHED = counter("event_bus_published_total", "Events handed to the bus.", "type")
EVENTS_DISPATCHED = counter(
    "event_bus_dispatched_total", "Events a consumer has finished.", "consumer", "type"
)
EVENTS_ERRORS = counter("event_bus_errors_total", "Failed deliveries.", "consumer", "type")
EVENTS_REJECTED = counter("event_bus_rejected_total", "Events refused.", "reason")
EVENT_QUEUE_DEPTH = gauge("event_bus_queue_depth", "Events waiting.", "consumer")
EVENT_LAG = gauge(
    "event_bus_lag_seconds", "Age of the last event finished.", "consumer", across="largest"
)
BROKER_CONNECTED = gauge("event_bus_connected", "1 while the broker is connected.", "transport")
EVENT_DURATION = histogram("event_processing_duration_seconds", "Time of one delivery.", "consumer")
# Audit: action from the event registry and the features' own code.
AUDIT_RECORDS = counter("audit_records_total", "Audit entries written.", "action")
AUDIT_LOST = counter(
    "audit_lost_total", "Audit notes of refusals and reads that could not be written.", "reason"
)
AUDIT_PENDING = _plain_gauge(
    "audit_pending", "Audit entries not yet in the chain.", across="largest"
)
AUDIT_BROKEN = counter("audit_broken_total", "Signs of tampering met while sealing.", "what")
OUTBOX_PENDING = _plain_gauge("outbox_pending", "Events not published yet.", across="largest")
OUTBOX_OLDEST_AGE = _plain_gauge(
    "outbox_oldest_age_seconds", "Age of the oldest event not published yet.", across="largest"
)
OUTBOX_STATE = gauge(
    "outbox_backlog_state",
    "1 at the state of the backlog, 0 at the others.",
    "state",
    across="largest",
)
DEAD_LETTERS = gauge(
    "dead_letters", "Deliveries given up, waiting for a person.", "consumer", across="largest"
)

# Database: operation is select, insert, update, delete or other; role is app, system or owner.
DB_QUERY_DURATION = histogram(
    "db_query_duration_seconds", "Time of a statement.", "operation", buckets=QUERY_BUCKETS
)
DB_QUERY_ERRORS = counter("db_query_errors_total", "Failed statements.", "operation", "kind")
DB_POOL = gauge("db_pool_connections", "Connections of the pool.", "role", "state")
DB_TRANSACTIONS = counter("db_transactions_total", "Transactions ended.", "role", "outcome")

# Caches: operation is hit, negative_hit, stale_served, miss, load or load_failure.
CACHE_OPERATIONS = counter("cache_operations_total", "Cache operations.", "cache", "operation")
CACHE_ENTRIES = gauge("cache_entries", "Entries held.", "cache")
CACHE_EVICTIONS = counter("cache_evictions_total", "Entries dropped.", "cache", "reason")
CACHE_LOAD_DURATION = histogram("cache_load_duration_seconds", "Time of one load.", "cache")
# Outcome is sent, failed, received, lost (the bus was away: all forgotten), missed (told by a stamp).
CACHE_MESSAGES = counter(
    "cache_messages_total", "Messages of what changed between processes.", "bus", "outcome"
)

# Dependencies: the name of the breaker, or of its family. Outcome is succeeded, failed or rejected.
BREAKER_STATE = gauge(
    "circuit_breaker_state",
    "Breakers in this state; a single one is 0 or 1.",
    "dependency",
    "state",
)
BREAKER_TRANSITIONS = counter(
    "circuit_breaker_transitions_total", "Changes of state.", "dependency", "state"
)
BREAKER_CALLS = counter("circuit_breaker_calls_total", "Calls asked for.", "dependency", "outcome")

# Security.
# Scope: address, user, api_key, tenant, kept_out or share; rate_class from the route table.
RATE_LIMIT_REJECTIONS = counter(
    "rate_limit_rejections_total", "Requests turned away.", "scope", "rate_class"
)
RATE_LIMIT_SHARED = counter(
    "rate_limit_shared_checks_total", "Checks of shared buckets by who answered.", "answered_by"
)
AUTH_FAILURES = counter("auth_failures_total", "Failed authentications.", "method", "reason")

# Domains: operation is the business verb of the service.
CONTENT_OPERATIONS = counter(
    "content_operations_total", "Content commands.", "operation", "outcome"
)
CONTENT_NODES = gauge("content_nodes", "Nodes by kind of state.", "state", across="largest")
COMMERCE_OPERATIONS = counter(
    "commerce_operations_total", "Commerce commands.", "operation", "outcome"
)
PRODUCTS = gauge("products", "Products by state.", "state", across="largest")
ORDERS = counter("orders_total", "Orders that reached a state.", "state")
ORDER_VALUE = counter("order_value_minor_total", "Value of placed orders, minor units.", "currency")
CHECKOUT_DURATION = histogram("checkout_duration_seconds", "Time to place an order.", "outcome")
RESERVATION_CONFLICTS = _plain_counter(
    "inventory_reservation_conflicts_total", "Reservations refused for want of stock."
)
# Payments: outcome is answered, refused, failed, timed_out or rejected (by the breaker).
PAYMENT_CALLS = counter(
    "payment_provider_calls_total",
    "Calls to payment providers.",
    "provider",
    "operation",
    "outcome",
)
PAYMENT_DURATION = histogram(
    "payment_provider_call_duration_seconds",
    "Time of one call to a payment provider, its second try included.",
    "provider",
    "operation",
)
INDEX_LAG = gauge(
    "index_lag_seconds",
    "Age of the last event applied to the index.",
    "projection",
    across="largest",
)

# Webhooks: outcome is delivered, retried, exhausted, refused, gone, or lost (its claim had run out).
WEBHOOK_DELIVERIES = counter("webhook_deliveries_total", "Attempts at deliveries.", "outcome")
WEBHOOK_DURATION = histogram(
    "webhook_delivery_duration_seconds", "Time of one attempt, resolving included.", "outcome"
)

# Mail: outcome is sent, retried, exhausted, refused, expired, held, or lost (its claim had run out).
MAIL_DELIVERIES = counter("mail_deliveries_total", "Mails looked at by the sender.", "outcome")
MAIL_DURATION = histogram("mail_delivery_duration_seconds", "Time of one attempt.", "outcome")

# The CDN: outcome is purged, failed or postponed (by the breaker) for calls, given_up for what waited
# so long that the copies have ended by themselves.
CDN_PURGES = counter("cdn_purges_total", "Purge calls to the CDN.", "outcome")
CDN_PURGE_DELAY = histogram(
    "cdn_purge_delay_seconds", "From the change to the purge of its copies.", buckets=DELAY_BUCKETS
).labels()

# Telemetry itself: signal is traces, metrics or logs; counted in spans, metrics and lines.
TELEMETRY_SENT = counter("telemetry_sent_total", "Taken by the collector.", "signal")
TELEMETRY_DROPPED = counter(
    "telemetry_dropped_total", "Lost: the queue was full or the collector away.", "signal"
)

BUILD_INFO = gauge(
    "build_info", "Always 1; the labels tell what runs.", "version", "python", across="largest"
)


def before_collect(hook: Callable[[], None]) -> Callable[[], None]:
    """Run `hook` before each scrape or export, so that hot paths may count in plain integers.

    It may run in another thread: let it only read, and write into instruments. Returns how to stop.
    """
    return REGISTRY.before_collect(hook)


def set_build_info(version: str, python: str) -> None:
    """Name the running program, once at start."""
    BUILD_INFO.labels(version=version, python=python).set(1)


def snapshot() -> list[FamilySnapshot]:
    """All this process has counted, its memory, processor time and open files among it."""
    return [*REGISTRY.snapshot(), *process_metrics()]


def render(
    families: list[FamilySnapshot] | None = None, *, openmetrics: bool = False
) -> tuple[bytes, str]:
    """All metrics with their content type.

    Args:
        families: what to write; None means what this process has counted.
        openmetrics: OpenMetrics with exemplars instead of the Prometheus text format.
    """
    shown = snapshot() if families is None else families
    return write(shown, openmetrics=openmetrics), OPENMETRICS if openmetrics else TEXT
