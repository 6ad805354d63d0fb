"""What shops sell and sites publish, and which tenants use the deployment most."""

from __future__ import annotations

from typing import Final

from tools.observability.panels import Dashboard, Panel, Query, quantiles, rate

_REQUESTS: Final = "rustok_http_requests_total"
_DURATION: Final = "rustok_http_request_duration_seconds"
_STOREFRONT: Final = '{route=~"/api/v1/storefront/.*|page"}'
_NOT_OK: Final = '{outcome!="ok"}'
_CHECKOUT: Final = '{route="/api/v1/storefront/checkout"}'

COMMERCE: Final = Dashboard(
    uid="rustok-commerce",
    title="RusToK: commerce",
    description="Orders, money, checkout and stock over all shops.",
    panels=(
        Panel(
            title="Orders placed",
            description="In the time shown.",
            unit="short",
            kind="stat",
            queries=(
                Query('sum(increase(rustok_orders_total{state="pending"}[$__range]))', "orders"),
            ),
        ),
        Panel(
            title="Value placed",
            description="In the time shown, by currency, in minor units.",
            unit="short",
            kind="stat",
            queries=(
                Query(
                    "sum by (currency) (increase(rustok_order_value_minor_total[$__range]))",
                    "{{currency}}",
                ),
            ),
        ),
        Panel(
            title="Products",
            description="By state, over all shops.",
            unit="short",
            kind="bargauge",
            queries=(Query("max by (state) (rustok_products)", "{{state}}"),),
        ),
        Panel(
            title="Orders by state",
            description="Orders that reached a state, per second.",
            unit="ops",
            queries=(Query(rate("rustok_orders_total", "state"), "{{state}}"),),
        ),
        Panel(
            title="Checkout, time",
            description="Time to place an order; exemplars lead to traces.",
            unit="s",
            exemplars=True,
            limit=1,
            queries=quantiles("rustok_checkout_duration_seconds"),
        ),
        Panel(
            title="Checkout, answers",
            description="Status of checkouts: 409 is stock or price, 422 input.",
            unit="reqps",
            stacked=True,
            queries=(Query(rate(_REQUESTS, "status", _CHECKOUT), "{{status}}"),),
        ),
        Panel(
            title="Too little stock",
            description="Reservations refused for want of stock.",
            unit="ops",
            queries=(Query(rate("rustok_inventory_reservation_conflicts_total"), "refused"),),
        ),
        Panel(
            title="Commands",
            description="Business steps per second.",
            unit="ops",
            queries=(
                Query(rate("rustok_commerce_operations_total", "operation"), "{{operation}}"),
            ),
        ),
        Panel(
            title="Commands that fail",
            description="Business steps refused or failed, per second.",
            unit="ops",
            queries=(
                Query(
                    f"{rate('rustok_commerce_operations_total', 'operation', _NOT_OK)} or vector(0)",
                    "{{operation}}",
                ),
            ),
        ),
        Panel(
            title="Storefront",
            description="Requests of shoppers per second.",
            unit="reqps",
            queries=(Query(rate(_REQUESTS, "route", _STOREFRONT), "{{route}}"),),
        ),
        Panel(
            title="Payment providers",
            description="Breakers of payment providers: 1 at the state each is in.",
            unit="short",
            queries=(
                Query(
                    'sum by (dependency, state) (rustok_circuit_breaker_state{dependency=~"payments.*"})'
                    " or vector(0)",
                    "{{dependency}} {{state}}",
                ),
            ),
        ),
    ),
)


CONTENT: Final = Dashboard(
    uid="rustok-content",
    title="RusToK: content",
    description="Pages, posts, media and what readers and editors do with them.",
    panels=(
        Panel(
            title="Nodes",
            description="By state, over all sites.",
            unit="short",
            kind="bargauge",
            queries=(Query("max by (state) (rustok_content_nodes)", "{{state}}"),),
        ),
        Panel(
            title="Editing",
            description="Content commands per second.",
            unit="ops",
            queries=(Query(rate("rustok_content_operations_total", "operation"), "{{operation}}"),),
        ),
        Panel(
            title="Commands that fail",
            description="Content commands refused or failed, per second.",
            unit="ops",
            queries=(
                Query(
                    f"{rate('rustok_content_operations_total', 'operation', _NOT_OK)} or vector(0)",
                    "{{operation}}",
                ),
            ),
        ),
        Panel(
            title="Reading",
            description="Requests of readers per second.",
            unit="reqps",
            queries=(
                Query(
                    rate(_REQUESTS, "route", '{route=~"/api/v1/storefront/nodes.*|page"}'),
                    "{{route}}",
                ),
            ),
        ),
        Panel(
            title="Reading, time",
            description="Time to the last byte.",
            unit="s",
            exemplars=True,
            queries=quantiles(_DURATION, '{route=~"/api/v1/storefront/nodes.*|page"}'),
        ),
        Panel(
            title="Content events",
            description="Events of content per second.",
            unit="ops",
            queries=(
                Query(
                    rate(
                        "rustok_event_bus_published_total",
                        "type",
                        '{type=~"(node|body|category|tag|media|comment|menu)[.].*"}',
                    ),
                    "{{type}}",
                ),
            ),
        ),
        Panel(
            title="Freshness",
            description="Age of the last event applied to the read model of nodes.",
            unit="s",
            limit=10,
            queries=(Query('max(rustok_index_lag_seconds{projection="nodes"})', "nodes"),),
        ),
    ),
)


TENANTS: Final = Dashboard(
    uid="rustok-tenants",
    title="RusToK: tenants",
    description=(
        "Who uses the deployment most: the heaviest tenants by name, the rest as `other`"
        " (`telemetry.top_tenants`)."
    ),
    panels=(
        Panel(
            title="Requests",
            description="Per second, the heaviest tenants.",
            unit="reqps",
            width=12,
            stacked=True,
            queries=(
                Query(f"topk(10, {rate('rustok_tenant_requests_total', 'tenant')})", "{{tenant}}"),
            ),
        ),
        Panel(
            title="Time spent",
            description="Seconds of answering per second, the heaviest tenants.",
            unit="short",
            width=12,
            stacked=True,
            queries=(
                Query(
                    f"topk(10, {rate('rustok_tenant_request_seconds_total', 'tenant')})",
                    "{{tenant}}",
                ),
            ),
        ),
        Panel(
            title="Server errors",
            description="Per second, by tenant.",
            unit="reqps",
            width=12,
            queries=(
                Query(
                    f"topk(10, {rate('rustok_tenant_errors_total', 'tenant')}) or vector(0)",
                    "{{tenant}}",
                ),
            ),
        ),
        Panel(
            title="Share of the heaviest",
            description="Of all requests, by tenant.",
            unit="percentunit",
            width=12,
            queries=(
                Query(
                    f"topk(5, {rate('rustok_tenant_requests_total', 'tenant')}"
                    f" / ignoring(tenant) group_left {rate('rustok_tenant_requests_total')})",
                    "{{tenant}}",
                ),
            ),
        ),
    ),
)
