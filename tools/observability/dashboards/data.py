"""What requests wait for: statements, connections, loads."""

from __future__ import annotations

from typing import Final

from tools.observability.panels import Dashboard, Panel, Query, quantile, quantiles, rate

_CACHE: Final = "rustok_cache_operations_total"
_HIT: Final = '{operation="hit"}'
_LOOK_UP: Final = '{operation=~"hit|miss"}'

DATA: Final = Dashboard(
    uid="rustok-data",
    title="RusToK: database and cache",
    description="What requests wait for: statements, connections, loads.",
    panels=(
        Panel(
            title="Statements",
            description="Per second, by operation.",
            unit="ops",
            stacked=True,
            queries=(
                Query(rate("rustok_db_query_duration_seconds_count", "operation"), "{{operation}}"),
            ),
        ),
        Panel(
            title="Time of a statement",
            description="Over all operations.",
            unit="s",
            queries=quantiles("rustok_db_query_duration_seconds"),
        ),
        Panel(
            title="Failed statements",
            description="By kind of failure, per second.",
            unit="ops",
            queries=(
                Query(f"{rate('rustok_db_query_errors_total', 'kind')} or vector(0)", "{{kind}}"),
            ),
        ),
        Panel(
            title="Transactions",
            description="Ended per second, by outcome.",
            unit="ops",
            queries=(Query(rate("rustok_db_transactions_total", "outcome"), "{{outcome}}"),),
        ),
        Panel(
            title="Connections",
            description="Of the pool, by role and state.",
            unit="short",
            queries=(
                Query("sum by (role, state) (rustok_db_pool_connections)", "{{role}} {{state}}"),
            ),
        ),
        Panel(
            title="Cache hits",
            description="Share of look-ups answered from memory.",
            unit="percentunit",
            queries=(
                Query(
                    f"{rate(_CACHE, 'cache', _HIT)} / {rate(_CACHE, 'cache', _LOOK_UP)}",
                    "{{cache}}",
                ),
            ),
        ),
        Panel(
            title="Cache operations",
            description="Per second, by operation.",
            unit="ops",
            queries=(Query(rate("rustok_cache_operations_total", "operation"), "{{operation}}"),),
        ),
        Panel(
            title="Cache entries",
            description="Held in memory.",
            unit="short",
            queries=(Query("sum by (cache) (rustok_cache_entries)", "{{cache}}"),),
        ),
        Panel(
            title="Time of a load",
            description="Into a cache, p95.",
            unit="s",
            queries=(
                Query(quantile(0.95, "rustok_cache_load_duration_seconds", "cache"), "{{cache}}"),
            ),
        ),
    ),
)
