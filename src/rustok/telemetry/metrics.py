"""Every Prometheus instrument of the platform, defined once with bounded labels.

It refuses unbounded labels: never a tenant, an id, a raw path or a text of a user. A route label is
the route's template; event types, kinds and codes come from registries.

Use: `HTTP_REQUESTS.labels(method="GET", route="/api/v1/products", status="200").inc()`. `labels`
keeps its children, so a hot path pays one dictionary look-up and no locking.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

MAX_CHILDREN: Final = 5_000
OTHER: Final = "other"
REGISTRY: Final = CollectorRegistry(auto_describe=True)


class _Refresh(Collector):
    """Asked before every other collector: lets the parts that count for themselves hand in."""

    def __init__(self) -> None:
        self._hooks: tuple[Callable[[], None], ...] = ()
        self._one_at_a_time = threading.Lock()

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        with self._one_at_a_time:
            for hook in self._hooks:
                hook()
        return ()

    def add(self, hook: Callable[[], None]) -> Callable[[], None]:
        self._hooks = (*self._hooks, hook)

        def remove() -> None:
            self._hooks = tuple(one for one in self._hooks if one is not hook)

        return remove


_REFRESH: Final = _Refresh()
# First of all: a registry asks its collectors in the order they came.
REGISTRY.register(_REFRESH)


def before_collect(hook: Callable[[], None]) -> Callable[[], None]:
    """Run `hook` before each scrape or export, so that hot paths may count in plain integers.

    It may run in another thread: let it only read, and write into instruments. Returns how to stop.
    """
    return _REFRESH.add(hook)


# Memory, CPU seconds and open files of the process, read at each scrape.
ProcessCollector(registry=REGISTRY)

_M = TypeVar("_M", bound=MetricWrapperBase)

# Seconds, from a cache hit to the request time limit; 50 and 250 ms carry the SLOs.
LATENCY_BUCKETS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
# Seconds. A statement is a tenth of a request.
QUERY_BUCKETS: Final = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0,
)  # fmt: skip
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


class Family(Generic[_M]):
    """One metric with labels; the children made so far are kept.

    Past `MAX_CHILDREN` label sets the metric is being misused; further ones are counted under
    `other`, so that memory stays bounded and the mistake is visible.
    """

    __slots__ = ("_children", "_metric", "_names")

    def __init__(self, metric: _M, names: tuple[str, ...]) -> None:
        self._metric = metric
        self._names = names
        self._children: dict[tuple[str, ...], _M] = {}

    @property
    def label_names(self) -> tuple[str, ...]:
        return self._names

    def labels(self, **labels: str) -> _M:
        """The child of these labels.

        Raises:
            ValueError: a label is missing or unknown.
        """
        key = tuple(labels.values())
        # The common case: the caller wrote the labels in the declared order, as all of ours do.
        if tuple(labels) != self._names:
            key = self._ordered(labels)
        child = self._children.get(key)
        return child if child is not None else self._add(key)

    def _ordered(self, labels: dict[str, str]) -> tuple[str, ...]:
        if labels.keys() != set(self._names):
            raise ValueError(f"labels are {', '.join(self._names)}; got {', '.join(labels)}")
        return tuple(labels[name] for name in self._names)

    def _add(self, key: tuple[str, ...]) -> _M:
        if len(self._children) >= MAX_CHILDREN:
            key = (OTHER,) * len(self._names)
        child: _M = self._metric.labels(*key)
        self._children[key] = child
        return child


def counter(name: str, text: str, *labels: str) -> Family[Counter]:
    """A count that only grows; the exposed name ends in `_total`."""
    return Family(Counter(f"rustok_{name}", text, labels, registry=REGISTRY), labels)


def gauge(name: str, text: str, *labels: str) -> Family[Gauge]:
    """A value that goes up and down."""
    return Family(Gauge(f"rustok_{name}", text, labels, registry=REGISTRY), labels)


def histogram(
    name: str, text: str, *labels: str, buckets: tuple[float, ...] = LATENCY_BUCKETS
) -> Family[Histogram]:
    """A distribution; `buckets` are upper bounds in the unit of the name."""
    metric = Histogram(f"rustok_{name}", text, labels, registry=REGISTRY, buckets=buckets)
    return Family(metric, labels)


def _plain_gauge(name: str, text: str) -> Gauge:
    return Gauge(f"rustok_{name}", text, registry=REGISTRY)


def _plain_counter(name: str, text: str) -> Counter:
    return Counter(f"rustok_{name}", text, registry=REGISTRY)


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

# Events: type from the event registry, consumer from the modules.
EVENTS_PUBLISHED = counter("event_bus_published_total", "Events handed to the bus.", "type")
EVENTS_DISPATCHED = counter(
    "event_bus_dispatched_total", "Events a consumer has finished.", "consumer", "type"
)
EVENTS_ERRORS = counter("event_bus_errors_total", "Failed deliveries.", "consumer", "type")
EVENTS_REJECTED = counter("event_bus_rejected_total", "Events refused.", "reason")
EVENT_QUEUE_DEPTH = gauge("event_bus_queue_depth", "Events waiting.", "consumer")
EVENT_LAG = gauge("event_bus_lag_seconds", "Age of the last event finished.", "consumer")
EVENT_DURATION = histogram("event_processing_duration_seconds", "Time of one delivery.", "consumer")
OUTBOX_PENDING = _plain_gauge("outbox_pending", "Events not published yet.")
OUTBOX_OLDEST_AGE = _plain_gauge(
    "outbox_oldest_age_seconds", "Age of the oldest event not published yet."
)
OUTBOX_STATE = gauge(
    "outbox_backlog_state", "1 at the state of the backlog, 0 at the others.", "state"
)
DEAD_LETTERS = gauge("dead_letters", "Deliveries given up, waiting for a person.", "consumer")

# Database: operation is select, insert, update, delete or other; role is app, system or owner.
DB_QUERY_DURATION = histogram(
    "db_query_duration_seconds", "Time of a statement.", "operation", buckets=QUERY_BUCKETS
)
DB_QUERY_ERRORS = counter("db_query_errors_total", "Failed statements.", "operation", "kind")
DB_POOL = gauge("db_pool_connections", "Connections of the pool.", "role", "state")
DB_TRANSACTIONS = counter("db_transactions_total", "Transactions ended.", "role", "outcome")

# Caches: operation is hit, miss, load, invalidate or error.
CACHE_OPERATIONS = counter("cache_operations_total", "Cache operations.", "cache", "operation")
CACHE_ENTRIES = gauge("cache_entries", "Entries held.", "cache")
CACHE_EVICTIONS = counter("cache_evictions_total", "Entries dropped.", "cache", "reason")
CACHE_LOAD_DURATION = histogram("cache_load_duration_seconds", "Time of one load.", "cache")

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
RATE_LIMIT_REJECTIONS = counter("rate_limit_rejections_total", "Requests turned away.", "surface")
AUTH_FAILURES = counter("auth_failures_total", "Failed authentications.", "method", "reason")

# Domains: operation is the business verb of the service.
CONTENT_OPERATIONS = counter(
    "content_operations_total", "Content commands.", "operation", "outcome"
)
CONTENT_NODES = gauge("content_nodes", "Nodes by kind of state.", "state")
COMMERCE_OPERATIONS = counter(
    "commerce_operations_total", "Commerce commands.", "operation", "outcome"
)
PRODUCTS = gauge("products", "Products by state.", "state")
ORDERS = counter("orders_total", "Orders that reached a state.", "state")
ORDER_VALUE = counter("order_value_minor_total", "Value of placed orders, minor units.", "currency")
CHECKOUT_DURATION = histogram("checkout_duration_seconds", "Time to place an order.", "outcome")
RESERVATION_CONFLICTS = _plain_counter(
    "inventory_reservation_conflicts_total", "Reservations refused for want of stock."
)
INDEX_LAG = gauge("index_lag_seconds", "Age of the last event applied to the index.", "projection")

# Webhooks: outcome is delivered, retried, exhausted, refused, gone, or lost (its claim had run out).
WEBHOOK_DELIVERIES = counter("webhook_deliveries_total", "Attempts at deliveries.", "outcome")
WEBHOOK_DURATION = histogram(
    "webhook_delivery_duration_seconds", "Time of one attempt, resolving included.", "outcome"
)

# Mail: outcome is sent, retried, exhausted, refused, expired, held, or lost (its claim had run out).
MAIL_DELIVERIES = counter("mail_deliveries_total", "Mails looked at by the sender.", "outcome")
MAIL_DURATION = histogram("mail_delivery_duration_seconds", "Time of one attempt.", "outcome")

BUILD_INFO = gauge("build_info", "Always 1; the labels tell what runs.", "version", "python")


def set_build_info(version: str, python: str) -> None:
    """Name the running program, once at start."""
    BUILD_INFO.labels(version=version, python=python).set(1)


def render() -> tuple[bytes, str]:
    """All metrics in the Prometheus text format, with its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
