"""Is everything well, and where not."""

from __future__ import annotations

from typing import Final

from tools.observability.panels import Dashboard, Panel, Query, quantile, quantiles, rate, share

_REQUESTS: Final = "rustok_http_requests_total"
_DURATION: Final = "rustok_http_request_duration_seconds"
_REFUSED: Final = '{status=~"[45].."}'

PLATFORM: Final = Dashboard(
    uid="rustok-platform",
    title="RusToK: platform overview",
    description="Is everything well, and where not: requests, errors, latency, saturation.",
    panels=(
        Panel(
            title="Processes",
            description="Processes of RusToK that answer Prometheus.",
            unit="short",
            kind="stat",
            width=4,
            height=4,
            queries=(Query('sum(up{job=~"rustok.*"})', "up"),),
        ),
        Panel(
            title="Requests",
            description="Requests answered per second.",
            unit="reqps",
            kind="stat",
            width=4,
            height=4,
            queries=(Query(rate(_REQUESTS), "all"),),
        ),
        Panel(
            title="Server errors",
            description="Share of requests answered with 5xx.",
            unit="percentunit",
            kind="stat",
            width=4,
            height=4,
            limit=0.001,
            queries=(
                Query(
                    share(rate(_REQUESTS, selector='{status=~"5.."}'), rate(_REQUESTS)), "errors"
                ),
            ),
        ),
        Panel(
            title="p99",
            description="99 of 100 requests are answered within this time.",
            unit="s",
            kind="stat",
            width=4,
            height=4,
            queries=(Query(quantile(0.99, _DURATION), "p99"),),
        ),
        Panel(
            title="Events pending",
            description="Committed events not published yet.",
            unit="short",
            kind="stat",
            width=4,
            height=4,
            queries=(Query("max(rustok_outbox_pending)", "pending"),),
        ),
        Panel(
            title="Breakers open",
            description="Dependencies that calls are cut off from.",
            unit="short",
            kind="stat",
            width=4,
            height=4,
            limit=1,
            queries=(Query('sum(rustok_circuit_breaker_state{state="open"})', "open"),),
        ),
        Panel(
            title="Requests by status",
            description="Answers per second by status code.",
            unit="reqps",
            stacked=True,
            queries=(Query(rate(_REQUESTS, "status"), "{{status}}"),),
        ),
        Panel(
            title="Requests by route",
            description="The ten routes asked most.",
            unit="reqps",
            queries=(
                Query(f"topk(10, {rate(_REQUESTS, 'method, route')})", "{{method}} {{route}}"),
            ),
        ),
        Panel(
            title="Errors by route",
            description="Share of 4xx and 5xx, the ten worst routes.",
            unit="percentunit",
            queries=(
                Query(
                    f"topk(10, {rate(_REQUESTS, 'route', _REFUSED)} / {rate(_REQUESTS, 'route')})",
                    "{{route}}",
                ),
            ),
        ),
        Panel(
            title="Latency",
            description="Time to the last byte over all routes; exemplars lead to traces.",
            unit="s",
            exemplars=True,
            queries=quantiles(_DURATION),
        ),
        Panel(
            title="Slowest routes",
            description="p95 of the ten slowest routes.",
            unit="s",
            queries=(Query(f"topk(10, {quantile(0.95, _DURATION, 'route')})", "{{route}}"),),
        ),
        Panel(
            title="Latency, spread",
            description="How many requests took how long.",
            unit="s",
            kind="heatmap",
            queries=(Query(f"sum by (le) (rate({_DURATION}_bucket[$__rate_interval]))", "{{le}}"),),
        ),
        Panel(
            title="In flight",
            description="Requests being answered, by process.",
            unit="short",
            queries=(Query("sum by (instance) (rustok_http_requests_in_flight)", "{{instance}}"),),
        ),
        Panel(
            title="Processor",
            description="Cores used, by process. One process can use one.",
            unit="short",
            limit=0.95,
            queries=(
                Query(
                    'sum by (job, instance) (rate(process_cpu_seconds_total{job=~"rustok.*"}[$__rate_interval]))',
                    "{{job}} {{instance}}",
                ),
            ),
        ),
        Panel(
            title="Memory",
            description="Resident memory, by process.",
            unit="bytes",
            queries=(
                Query(
                    'sum by (job, instance) (process_resident_memory_bytes{job=~"rustok.*"})',
                    "{{job}} {{instance}}",
                ),
            ),
        ),
        Panel(
            title="Bytes sent",
            description="Bodies of answers per second.",
            unit="Bps",
            queries=(Query(rate("rustok_http_response_size_bytes_sum"), "sent"),),
        ),
        Panel(
            title="Breakers",
            description="State of each dependency's breaker: how many are closed, half open, open.",
            unit="short",
            queries=(
                Query(
                    "sum by (dependency, state) (rustok_circuit_breaker_state)",
                    "{{dependency}} {{state}}",
                ),
            ),
        ),
        Panel(
            title="Turned away",
            description="Requests refused by rate limits, and failed sign-ins.",
            unit="reqps",
            queries=(
                Query(f"{rate('rustok_rate_limit_rejections_total')} or vector(0)", "rate limits"),
                Query(f"{rate('rustok_auth_failures_total')} or vector(0)", "sign-in"),
            ),
        ),
        Panel(
            title="Versions",
            description="What runs, and on which Python.",
            unit="short",
            kind="stat",
            queries=(
                Query("sum by (version, python) (rustok_build_info)", "{{version}}, {{python}}"),
            ),
        ),
    ),
)
