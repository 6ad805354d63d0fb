"""Alerts on selling, signing in and the traces both leave."""

from __future__ import annotations

from typing import Final

from tools.observability.alert import Alert, threshold

SHOP_ALERTS: Final[tuple[Alert, ...]] = (
    threshold(
        "OrdersStopped",
        "shop",
        expr=(
            'sum(rate(rustok_http_requests_total{route="/api/v1/storefront/checkout",method="POST"}[15m])) > 0'
            ' and sum(rate(rustok_orders_total{state="pending"}[15m])) == 0'
        ),
        lasting="15m",
        severity="page",
        summary="Buyers try to check out and no order has been placed for half an hour.",
        impact="No shop sells.",
        check=(
            "Which status do checkouts get? 4xx: prices, stock or input; 5xx: see *CheckoutAvailability*.",
            "A deployment or import shortly before?",
        ),
        mend=("Undo the change; checkouts need nothing else to come back.",),
        bad={
            'rustok_http_requests_total{route="/api/v1/storefront/checkout",method="POST",status="409"}': "0+10x60",
            'rustok_orders_total{state="pending"}': "500+0x60",
        },
        good={
            'rustok_http_requests_total{route="/api/v1/storefront/checkout",method="POST",status="201"}': "0+10x60",
            'rustok_orders_total{state="pending"}': "0+10x60",
        },
        at="50m",
    ),
    threshold(
        "ReservationConflictsMany",
        "shop",
        expr=(
            "sum(rate(rustok_inventory_reservation_conflicts_total[15m]))"
            ' / sum(rate(rustok_http_requests_total{route="/api/v1/storefront/checkout",method="POST"}[15m])) > 0.5'
        ),
        lasting="15m",
        severity="ticket",
        summary="Half of the checkouts find too little stock.",
        impact="Buyers are turned away at the last step. A sale that ended sold out, or stock that is wrong.",
        check=(
            "`rustok_inventory_reservation_conflicts_total` since when? Which SKUs: admin, inventory.",
        ),
        mend=("Correct the stock, or take what is sold out off the shop.",),
        bad={
            "rustok_inventory_reservation_conflicts_total": "0+9x60",
            'rustok_http_requests_total{route="/api/v1/storefront/checkout",method="POST",status="409"}': "0+10x60",
        },
        good={
            "rustok_inventory_reservation_conflicts_total": "0+1x60",
            'rustok_http_requests_total{route="/api/v1/storefront/checkout",method="POST",status="201"}': "0+100x60",
        },
        at="50m",
    ),
    threshold(
        "CommerceCommandsFailing",
        "shop",
        expr=(
            'sum by (operation) (rate(rustok_commerce_operations_total{outcome="failed"}[15m]))'
            " / sum by (operation) (rate(rustok_commerce_operations_total[15m])) > 0.2"
        ),
        lasting="15m",
        severity="ticket",
        summary="More than a fifth of the commands {{ $labels.operation }} fail.",
        impact="Staff or buyers cannot take this step.",
        check=("Logs of the route; the problem's `code` says why.",),
        mend=("By the code's page in the error reference.",),
        bad={
            'rustok_commerce_operations_total{operation="capture",outcome="ok"}': "0+5x60",
            'rustok_commerce_operations_total{operation="capture",outcome="failed"}': "0+5x60",
        },
        good={
            'rustok_commerce_operations_total{operation="capture",outcome="ok"}': "0+100x60",
            'rustok_commerce_operations_total{operation="capture",outcome="failed"}': "0+1x60",
        },
        labels={"operation": "capture"},
        at="50m",
    ),
    threshold(
        "PaymentProviderAway",
        "shop",
        expr='max by (dependency) (rustok_circuit_breaker_state{dependency=~"payments[.].+",state="open"}) >= 1',
        lasting="2m",
        severity="page",
        summary="The payment provider behind {{ $labels.dependency }} does not answer.",
        impact="Payments get 503 and can be tried again with the same key; other ways to pay work.",
        check=("The provider's status page.", "Our way out: DNS, proxy, certificates."),
        mend=(
            "Wait: the breaker tries by itself. What was begun is reconciled with the provider.",
        ),
        bad={'rustok_circuit_breaker_state{dependency="payments.stripe",state="open"}': "1+0x60"},
        good={'rustok_circuit_breaker_state{dependency="payments.stripe",state="open"}': "0+0x60"},
        labels={"dependency": "payments.stripe"},
    ),
    threshold(
        "SignInFailuresSurge",
        "security",
        expr=(
            "sum(rate(rustok_auth_failures_total[5m])) > 1"
            " and sum(rate(rustok_auth_failures_total[5m])) > 5 * sum(rate(rustok_auth_failures_total[1h] offset 10m))"
        ),
        lasting="5m",
        severity="ticket",
        summary="Failed sign-ins are five times as many as in the hour before.",
        impact="Somebody may be trying passwords. Throttling holds; accounts are not locked out.",
        check=(
            "`rustok audit list --action user.login_failed`: addresses, accounts, tenants.",
            "One address: block it at the proxy. Many: a botnet with leaked passwords.",
        ),
        mend=(
            "Require the second factor for staff of the tenants concerned; block networks at the proxy.",
        ),
        bad={
            'rustok_auth_failures_total{method="password",reason="credentials"}': "0+1x70 71+300x20"
        },
        good={'rustok_auth_failures_total{method="password",reason="credentials"}': "0+1x90"},
        at="85m",
    ),
    threshold(
        "RateLimitsHitOften",
        "security",
        expr=(
            "sum(rate(rustok_rate_limit_rejections_total[10m]))"
            " / sum(rate(rustok_http_requests_total[10m])) > 0.2"
        ),
        lasting="15m",
        severity="ticket",
        summary="A fifth of all requests are turned away by rate limits.",
        impact="An attack is held off, or the limits are too low for real use.",
        check=("Access log: few addresses or many? Which class of route?",),
        mend=("An attack: block at the proxy. Real use: raise `rate_limits` for that class.",),
        bad={
            'rustok_rate_limit_rejections_total{surface="storefront"}': "0+50x60",
            'rustok_http_requests_total{route="page",method="GET",status="200"}': "0+100x60",
        },
        good={
            'rustok_rate_limit_rejections_total{surface="storefront"}': "0+1x60",
            'rustok_http_requests_total{route="page",method="GET",status="200"}': "0+100x60",
        },
    ),
    threshold(
        "AuditRecordsMissing",
        "security",
        expr=(
            'sum(rate(rustok_http_requests_total{route=~"/api/v1/admin/.*",method!="GET",status=~"2.."}[15m])) > 0'
            " and (sum(rate(rustok_audit_records_total[15m])) or vector(0)) == 0"
        ),
        lasting="10m",
        severity="page",
        summary="Staff changes things and no audit record is written.",
        impact="Who did what cannot be proven for this time.",
        check=("`rustok audit verify` for a tenant that changed; logs for `audit.`.",),
        mend=("Go back to the version before; then tell who must know of the gap.",),
        bad={
            'rustok_http_requests_total{route="/api/v1/admin/products",method="POST",status="201"}': "0+10x60",
            'rustok_audit_records_total{action="product.created"}': "100+0x60",
        },
        good={
            'rustok_http_requests_total{route="/api/v1/admin/products",method="POST",status="201"}': "0+10x60",
            'rustok_audit_records_total{action="product.created"}': "0+10x60",
        },
        at="50m",
    ),
)
