"""Alerts on the program's own parts: processes, database path, caches, breakers, telemetry."""

from __future__ import annotations

from typing import Final

from tools.observability.alert import Alert, threshold

PART_ALERTS: Final[tuple[Alert, ...]] = (
    threshold(
        "TargetDown",
        "processes",
        expr='up{job=~"rustok.*"} == 0',
        lasting="2m",
        severity="page",
        summary="{{ $labels.job }} on {{ $labels.instance }} does not answer its metrics.",
        impact="With the last server process down nothing is served.",
        check=("Is the process there? Its last log lines; was it killed for memory?",),
        mend=("Restart it; what was committed is safe. Restarts that repeat: *RestartingOften*.",),
        bad={'up{job="rustok-serve",instance="serve:9464"}': "0+0x60"},
        good={'up{job="rustok-serve",instance="serve:9464"}': "1+0x60"},
        labels={"job": "rustok-serve", "instance": "serve:9464"},
    ),
    threshold(
        "WorkerMissing",
        "processes",
        expr='absent(up{job="rustok-worker"} == 1)',
        lasting="5m",
        severity="page",
        summary="No worker process runs.",
        impact="Events wait in the outbox: search, mails, webhooks and schedules stand still.",
        check=("`rustok doctor`; the worker's last log lines.",),
        mend=("Start `rustok worker`; it takes up where the other left.",),
        bad={'up{job="rustok-worker",instance="worker:9464"}': "0+0x60"},
        good={'up{job="rustok-worker",instance="worker:9464"}': "1+0x60"},
    ),
    threshold(
        "RestartingOften",
        "processes",
        expr='changes(process_start_time_seconds{job=~"rustok.*"}[30m]) > 3',
        lasting="0m",
        severity="ticket",
        summary="{{ $labels.job }} on {{ $labels.instance }} has restarted more than three times in half an hour.",
        impact="Requests under way may be cut off.",
        check=("Exit codes and last log lines; memory limit of the container.",),
        mend=("Mend the cause named there; `rustok config check` for settings that do not start.",),
        bad={
            'process_start_time_seconds{job="rustok-serve",instance="a:1"}': "0x4 100x4 200x4 300x4 400x4 500x20"
        },
        good={'process_start_time_seconds{job="rustok-serve",instance="a:1"}': "100x60"},
        labels={"job": "rustok-serve", "instance": "a:1"},
        at="25m",
    ),
    threshold(
        "MemoryHigh",
        "processes",
        expr='process_resident_memory_bytes{job=~"rustok.*"} > 1.5e9',
        lasting="15m",
        severity="ticket",
        summary="{{ $labels.job }} on {{ $labels.instance }} holds more than 1.5 GB.",
        impact="The system may kill it.",
        check=("Slow growth or a step? `rustok debug tasks`; large imports or exports under way?",),
        mend=("Restart it at a quiet time; report growth with the metrics of the days before.",),
        bad={'process_resident_memory_bytes{job="rustok-serve",instance="a:1"}': "2e9+0x60"},
        good={'process_resident_memory_bytes{job="rustok-serve",instance="a:1"}': "2e8+0x60"},
        labels={"job": "rustok-serve", "instance": "a:1"},
    ),
    threshold(
        "CpuSaturated",
        "processes",
        expr='rate(process_cpu_seconds_total{job=~"rustok.*"}[5m]) > 0.95',
        lasting="15m",
        severity="ticket",
        summary="{{ $labels.job }} on {{ $labels.instance }} uses a whole core.",
        impact="Requests wait for each other; latency grows.",
        check=("Requests per second; `py-spy top --pid PID`.",),
        mend=("More processes (`rustok serve --workers N`) or fewer requests (cache, CDN).",),
        bad={'process_cpu_seconds_total{job="rustok-serve",instance="a:1"}': "0+59x60"},
        good={'process_cpu_seconds_total{job="rustok-serve",instance="a:1"}': "0+20x60"},
        labels={"job": "rustok-serve", "instance": "a:1"},
    ),
    threshold(
        "OpenFilesHigh",
        "processes",
        expr='process_open_fds{job=~"rustok.*"} / process_max_fds{job=~"rustok.*"} > 0.8',
        lasting="5m",
        severity="ticket",
        summary="{{ $labels.job }} on {{ $labels.instance }} has used up 80 % of its open files.",
        impact="At the limit no connection can be accepted or made.",
        check=("`ls -l /proc/PID/fd`: connections of clients, of the pool, or files?",),
        mend=("Raise the limit (`LimitNOFILE`); slow clients: time limits at the proxy.",),
        bad={
            'process_open_fds{job="rustok-serve",instance="a:1"}': "900+0x60",
            'process_max_fds{job="rustok-serve",instance="a:1"}': "1024+0x60",
        },
        good={
            'process_open_fds{job="rustok-serve",instance="a:1"}': "90+0x60",
            'process_max_fds{job="rustok-serve",instance="a:1"}': "1024+0x60",
        },
        labels={"job": "rustok-serve", "instance": "a:1"},
    ),
    threshold(
        "RequestsPilingUp",
        "processes",
        expr="sum by (instance) (rustok_http_requests_in_flight) > 200",
        lasting="2m",
        severity="page",
        summary="More than 200 requests are being answered at once by {{ $labels.instance }}.",
        impact="Answers take long; at the time limit they become 503.",
        check=("What do they wait for? Pool in use, breakers, slow statements.",),
        mend=("The part they wait for; more processes only if none.",),
        bad={'rustok_http_requests_in_flight{instance="a:1"}': "500+0x60"},
        good={'rustok_http_requests_in_flight{instance="a:1"}': "5+0x60"},
        labels={"instance": "a:1"},
    ),
    threshold(
        "DatabasePoolUsedUp",
        "database",
        expr=(
            'sum by (instance, role) (rustok_db_pool_connections{state="used"})'
            ' / sum by (instance, role) (rustok_db_pool_connections{state="limit"}) > 0.9'
        ),
        lasting="5m",
        severity="page",
        summary="{{ $labels.instance }} uses more than 90 % of its database connections ({{ $labels.role }}).",
        impact="Requests wait for a connection, then get 503.",
        check=(
            "Slow statements or long transactions: `pg_stat_activity` by state and age.",
            "A trace of a slow request: wait for the pool or the statement itself?",
        ),
        mend=("End what blocks; then `database.pool_max` within PostgreSQL's max_connections.",),
        bad={
            'rustok_db_pool_connections{instance="a:1",role="app",state="used"}': "10+0x60",
            'rustok_db_pool_connections{instance="a:1",role="app",state="limit"}': "10+0x60",
        },
        good={
            'rustok_db_pool_connections{instance="a:1",role="app",state="used"}': "3+0x60",
            'rustok_db_pool_connections{instance="a:1",role="app",state="limit"}': "10+0x60",
        },
        labels={"instance": "a:1", "role": "app"},
    ),
    threshold(
        "DatabaseErrors",
        "database",
        expr=(
            "sum by (kind) (rate(rustok_db_query_errors_total"
            '{kind!~"already_exists|reference_missing|rule_violated|value_out_of_range"}[5m])) > 0.5'
        ),
        lasting="5m",
        severity="page",
        summary="Statements fail: {{ $labels.kind }}.",
        impact="Requests get 5xx or 503.",
        check=("Logs: the statement and the database's own message.", "Disk full? Read only?"),
        mend=("database_unavailable: bring the database back. timeout: see *DatabaseSlow*.",),
        bad={
            'rustok_db_query_errors_total{operation="select",kind="database_unavailable"}': "0+60x60"
        },
        good={
            'rustok_db_query_errors_total{operation="select",kind="database_unavailable"}': "0+1x60"
        },
        labels={"kind": "database_unavailable"},
    ),
    threshold(
        "DatabaseSlow",
        "database",
        expr=(
            "histogram_quantile(0.99, sum by (le) (rate(rustok_db_query_duration_seconds_bucket[5m]))) > 0.5"
        ),
        lasting="10m",
        severity="ticket",
        summary="One statement in a hundred takes more than half a second.",
        impact="Pages and checkouts are slow.",
        check=("`pg_stat_statements` by total time; autovacuum; disk latency; locks.",),
        mend=("ANALYZE after large imports; an index for what the plan scans.",),
        bad={
            'rustok_db_query_duration_seconds_bucket{operation="select",le="0.5"}': "0+90x60",
            'rustok_db_query_duration_seconds_bucket{operation="select",le="1.0"}': "0+100x60",
            'rustok_db_query_duration_seconds_bucket{operation="select",le="+Inf"}': "0+100x60",
        },
        good={
            'rustok_db_query_duration_seconds_bucket{operation="select",le="0.01"}': "0+1000x60",
            'rustok_db_query_duration_seconds_bucket{operation="select",le="+Inf"}': "0+1000x60",
        },
    ),
    threshold(
        "TransactionsRolledBack",
        "database",
        expr=(
            'sum(rate(rustok_db_transactions_total{outcome="rollback"}[10m]))'
            " / sum(rate(rustok_db_transactions_total[10m])) > 0.3"
        ),
        lasting="15m",
        severity="ticket",
        summary="Nearly a third of all transactions are rolled back.",
        impact="Work is done in vain: conflicts, refused input or faults.",
        check=("Status codes by route: 409 and 412 are conflicts, 422 input, 5xx faults.",),
        mend=("A client that repeats refused requests: talk to its owner, or limit it.",),
        bad={
            'rustok_db_transactions_total{role="app",outcome="rollback"}': "0+50x60",
            'rustok_db_transactions_total{role="app",outcome="commit"}': "0+50x60",
        },
        good={
            'rustok_db_transactions_total{role="app",outcome="rollback"}': "0+1x60",
            'rustok_db_transactions_total{role="app",outcome="commit"}': "0+99x60",
        },
    ),
    threshold(
        "CacheMissesMany",
        "cache",
        expr=(
            # Answers kept ready live for seconds and go with every change: their misses tell nothing.
            'sum by (cache) (rate(rustok_cache_operations_total{operation="miss",cache!="storefront.answers"}[15m]))'
            ' / sum by (cache) (rate(rustok_cache_operations_total{operation=~"hit|miss"}[15m])) > 0.5'
            ' and sum by (cache) (rate(rustok_cache_operations_total{operation=~"hit|miss"}[15m])) > 1'
        ),
        lasting="30m",
        severity="ticket",
        summary="Cache {{ $labels.cache }} misses more often than it hits.",
        impact="The database does work the cache should spare it.",
        check=(
            "Evictions: the capacity is too small. Invalidations: something changes too often.",
        ),
        mend=("Raise the capacity, or find what invalidates.",),
        bad={
            'rustok_cache_operations_total{cache="documents",operation="hit"}': "0+60x90",
            'rustok_cache_operations_total{cache="documents",operation="miss"}': "0+100x90",
        },
        good={
            'rustok_cache_operations_total{cache="storefront.answers",operation="miss"}': "0+900x90",
            'rustok_cache_operations_total{cache="documents",operation="hit"}': "0+900x90",
            'rustok_cache_operations_total{cache="documents",operation="miss"}': "0+100x90",
        },
        labels={"cache": "documents"},
        at="80m",
    ),
    threshold(
        "CacheLoadsSlow",
        "cache",
        expr=(
            "histogram_quantile(0.99, sum by (cache, le)"
            " (rate(rustok_cache_load_duration_seconds_bucket[10m]))) > 1"
        ),
        lasting="10m",
        severity="ticket",
        summary="Loading into cache {{ $labels.cache }} takes more than a second.",
        impact="Whoever misses waits; stale values are served where there are any.",
        check=("The database alerts; a trace of a miss.",),
        mend=("As *DatabaseSlow*.",),
        bad={
            'rustok_cache_load_duration_seconds_bucket{cache="tenants",le="1.0"}': "0+50x60",
            'rustok_cache_load_duration_seconds_bucket{cache="tenants",le="2.5"}': "0+100x60",
            'rustok_cache_load_duration_seconds_bucket{cache="tenants",le="+Inf"}': "0+100x60",
        },
        good={
            'rustok_cache_load_duration_seconds_bucket{cache="tenants",le="0.005"}': "0+100x60",
            'rustok_cache_load_duration_seconds_bucket{cache="tenants",le="+Inf"}': "0+100x60",
        },
        labels={"cache": "tenants"},
    ),
    threshold(
        "CacheErrors",
        "cache",
        expr='sum by (cache) (rate(rustok_cache_operations_total{operation="error"}[10m])) > 0.5',
        lasting="10m",
        severity="ticket",
        summary="Loads into cache {{ $labels.cache }} fail.",
        impact="Stale values are served while they last, then errors.",
        check=("The part it loads from: usually the database.",),
        mend=("Bring that part back; the cache recovers by itself.",),
        bad={'rustok_cache_operations_total{cache="tenants",operation="error"}': "0+60x60"},
        good={'rustok_cache_operations_total{cache="tenants",operation="error"}': "0+1x60"},
        labels={"cache": "tenants"},
    ),
    threshold(
        "CircuitBreakerOpen",
        "breakers",
        expr=(
            "max by (dependency)"
            ' (rustok_circuit_breaker_state{state="open",dependency!~"payments[.].+|webhooks.*"}) >= 1'
        ),
        lasting="2m",
        severity="page",
        summary="Calls to {{ $labels.dependency }} are cut off: it fails or is too slow.",
        impact=(
            "nats: nothing is acknowledged. redis: limits and invalidation are per process. mail: mails wait."
            " storage: uploads get 503. database: all but cached reads get 503."
        ),
        check=("`/health/ready` and `rustok doctor` say what failed last.", "The service itself."),
        mend=("Bring the service back; the breaker tries by itself within seconds.",),
        bad={'rustok_circuit_breaker_state{dependency="nats",state="open"}': "1+0x60"},
        good={
            'rustok_circuit_breaker_state{dependency="nats",state="open"}': "0+0x60",
            'rustok_circuit_breaker_state{dependency="webhooks",state="open"}': "1+0x60",
        },
        labels={"dependency": "nats"},
    ),
    threshold(
        "CircuitBreakerFlapping",
        "breakers",
        expr=(
            "sum by (dependency)"
            ' (increase(rustok_circuit_breaker_transitions_total{dependency!~"webhooks.*"}[30m])) > 20'
        ),
        lasting="0m",
        severity="ticket",
        summary="The breaker of {{ $labels.dependency }} opens and closes again and again.",
        impact="Calls sometimes work. A service at its limit, or a network that drops packets.",
        check=("Latency and errors of the service over the same time.",),
        mend=("Give the service room; do not raise the breaker's thresholds to hide it.",),
        bad={'rustok_circuit_breaker_transitions_total{dependency="redis"}': "0+2x60"},
        good={'rustok_circuit_breaker_transitions_total{dependency="redis"}': "0x20 2x40"},
        labels={"dependency": "redis"},
    ),
    threshold(
        "TelemetryExportFailing",
        "telemetry",
        expr=(
            'sum(rate({__name__=~"otelcol_exporter_send_failed_(spans|metric_points|log_records)(_total)?"}[10m]))'
            " > 0"
        ),
        lasting="15m",
        severity="ticket",
        summary="The collector cannot hand traces, metrics or logs on.",
        impact="Traces and logs of this time are missing. Requests are not touched.",
        check=("Logs of the collector; is Tempo or Loki full or away?",),
        mend=("Bring the store back; the collector's queue is sent then, as far as it reached.",),
        bad={'otelcol_exporter_send_failed_spans_total{exporter="otlp/tempo"}': "0+10x60"},
        good={'otelcol_exporter_send_failed_spans_total{exporter="otlp/tempo"}': "0+0x60"},
    ),
)
