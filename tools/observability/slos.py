"""Service level objectives: what share of what must be good, and the alerts that guard the budget.

Alerts look at how fast the error budget burns, over a long and a short window together, so that a
short blip wakes nobody and an alert ends soon after the trouble (Google, The Site Reliability
Workbook, chapter 5, "multiwindow, multi-burn-rate alerts"; the factors are those of its table 5-8).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tools.observability.alert import Alert, Case

WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
_STOREFRONT: Final = 'route=~"/api/v1/storefront/.*|page"'
_CHECKOUT: Final = (
    'route=~"/api/v1/storefront/(carts|checkout|orders/.+/payment).*",method=~"POST|PATCH|DELETE"'
)
"""From the first line in a cart to the payment: who cannot fill a cart never asks for the checkout."""
_ADMIN: Final = 'route=~"/api/v1/(admin|auth|platform)/.*"'


class Slo(msgspec.Struct, frozen=True, kw_only=True):
    """One objective.

    Attributes:
        slug: in the names of its recording rules.
        name: in the names of its alerts.
        objective: share that must be good, as a percentage text.
        budget: share that may be bad (1 - objective), as PromQL text.
        bad_share: share of bad things over a window; `WINDOW` stands for it.
        of: what is counted, for people.
        impact, check, mend: for the runbook.
        bad, good: series of the tests, one value a minute.
        before: recording rules that `bad_share` reads.
    """

    slug: str
    name: str
    objective: str
    budget: str
    bad_share: str
    of: str
    impact: str
    check: tuple[str, ...]
    mend: tuple[str, ...]
    bad: dict[str, str]
    good: dict[str, str]
    before: tuple[dict[str, Any], ...] = ()

    def record(self, window: str) -> str:
        return f"slo:{self.slug}:error_ratio_{window}"

    def recording_rules(self) -> list[dict[str, Any]]:
        """The share of bad ones over each window."""
        return [
            {"record": self.record(window), "expr": self.bad_share.replace("WINDOW", window)}
            for window in WINDOWS
        ]

    def _burn(self, factor: str, long: str, short: str) -> str:
        limit = f"({factor} * {self.budget})"
        return f"({self.record(long)} > {limit} and {self.record(short)} > {limit})"

    def alerts(self) -> tuple[Alert, Alert]:
        """The one that wakes somebody, and the one that can wait until the morning."""
        cases: dict[str, Any] = {
            "fires": (Case(series=self.bad, at="100m"),),
            "silent": (Case(series=self.good, at="100m"),),
            "group": f"slo_{self.slug}",
            "impact": self.impact,
            "check": self.check,
            "mend": self.mend,
        }
        fast = Alert(
            name=f"{self.name}BudgetBurnsFast",
            expr=f"{self._burn('14.4', '1h', '5m')} or {self._burn('6', '6h', '30m')}",
            lasting="2m",
            severity="page",
            summary=f"{self.of}: the month's error budget ({self.objective} good) is gone in days.",
            **cases,
        )
        slow = Alert(
            name=f"{self.name}BudgetBurnsSlowly",
            expr=f"{self._burn('3', '1d', '2h')} or {self._burn('1', '3d', '6h')}",
            lasting="1h",
            severity="ticket",
            summary=f"{self.of}: the error budget ({self.objective} good) will not last the month.",
            **cases,
        )
        return fast, slow


def _errors(selector: str) -> str:
    requests = f"rustok_http_requests_total{{{selector}"
    return (
        f'(sum(rate({requests},status=~"5.."}}[WINDOW])) or vector(0))'
        f" / sum(rate({requests}}}[WINDOW]))"
    )


def _slow(selector: str, seconds: str) -> str:
    name = "rustok_http_request_duration_seconds"
    return (
        f'1 - sum(rate({name}_bucket{{{selector},le="{seconds}"}}[WINDOW]))'
        f" / sum(rate({name}_count{{{selector}}}[WINDOW]))"
    )


def _requests(route: str, method: str, *, ok: int, failed: int) -> dict[str, str]:
    labels = f'route="{route}",method="{method}"'
    return {
        f'rustok_http_requests_total{{{labels},status="200"}}': f"0+{ok}x110",
        f'rustok_http_requests_total{{{labels},status="503"}}': f"0+{failed}x110",
    }


def _durations(route: str, method: str, le: str, *, fast: int, all_of: int) -> dict[str, str]:
    labels = f'route="{route}",method="{method}"'
    name = "rustok_http_request_duration_seconds"
    return {
        f'{name}_bucket{{{labels},le="{le}"}}': f"0+{fast}x110",
        f"{name}_count{{{labels}}}": f"0+{all_of}x110",
    }


_SHOP_ROUTE: Final = "/api/v1/storefront/products"
_CHECKOUT_ROUTE: Final = "/api/v1/storefront/checkout"
_ADMIN_ROUTE: Final = "/api/v1/admin/orders"

_LOOK_AT_REQUESTS: Final = (
    "Dashboard *Platform overview*: which routes fail, since when, with which status.",
    "`/health/ready` of each process: it names the part that is not well.",
    'Logs of the time: `{service_name="rustok"} | json | level="error"`; follow `trace_id` to the trace.',
)
_MEND_REQUESTS: Final = (
    "Database away or slow: see the alerts on the database; requests come back by themselves.",
    "After a deployment: go back to the version before (migrations go down, see the upgrade guide).",
    "One tenant only: suspend what floods or fails there (`rustok tenant suspend`), then look for the cause.",
)
_LOOK_AT_SLOW: Final = (
    "Dashboard *Platform overview*: which routes are slow; *Database and cache*: statements, pool, hit rate.",
    "An exemplar of the slow bucket leads to a trace; its widest span is where the time goes.",
    "CPU of the processes: one at 100 % needs company (`http.workers`) or a profile (`py-spy dump --pid PID`).",
)
_MEND_SLOW: Final = (
    "CPU saturated: more processes (`rustok serve --workers N`) or machines.",
    "Slow statements: `EXPLAIN (ANALYZE, BUFFERS)`; autovacuum that did not run is the usual cause.",
    "Cache cold after a restart: it passes in minutes.",
)

SLOS: Final = (
    Slo(
        slug="storefront_availability",
        name="StorefrontAvailability",
        objective="99.9 %",
        budget="0.001",
        bad_share=_errors(_STOREFRONT),
        of="Storefront requests answered without a server error",
        impact="Shoppers and readers see error pages.",
        check=_LOOK_AT_REQUESTS,
        mend=_MEND_REQUESTS,
        bad=_requests(_SHOP_ROUTE, "GET", ok=95, failed=5),
        good=_requests(_SHOP_ROUTE, "GET", ok=100_000, failed=10),
    ),
    Slo(
        slug="storefront_latency",
        name="StorefrontLatency",
        objective="99 % within 250 ms",
        budget="0.01",
        bad_share=_slow(_STOREFRONT, "0.25"),
        of="Storefront requests answered within 250 ms",
        impact="Pages feel slow; shoppers leave.",
        check=_LOOK_AT_SLOW,
        mend=_MEND_SLOW,
        bad=_durations(_SHOP_ROUTE, "GET", "0.25", fast=70, all_of=100),
        good=_durations(_SHOP_ROUTE, "GET", "0.25", fast=999, all_of=1000),
    ),
    Slo(
        slug="checkout_availability",
        name="CheckoutAvailability",
        objective="99.9 %",
        budget="0.001",
        bad_share=_errors(_CHECKOUT),
        of="Commands of carts, checkouts and payments answered without a server error",
        impact="Buyers cannot order; money is lost. No order is half made: a failed checkout wrote nothing.",
        check=(
            *_LOOK_AT_REQUESTS,
            "Breakers of payment providers: open ones answer 503 at once.",
        ),
        mend=_MEND_REQUESTS,
        bad=_requests(_CHECKOUT_ROUTE, "POST", ok=95, failed=5),
        good=_requests(_CHECKOUT_ROUTE, "POST", ok=100_000, failed=10),
    ),
    Slo(
        slug="checkout_latency",
        name="CheckoutLatency",
        objective="99 % within 1 s",
        budget="0.01",
        bad_share=_slow(_CHECKOUT, "1.0"),
        of="Commands of carts, checkouts and payments answered within a second",
        impact="Buyers wait and press the button again; the Idempotency-Key keeps it one order.",
        check=(
            *_LOOK_AT_SLOW,
            "Lock waits: many buyers of one product wait for one row of stock.",
        ),
        mend=_MEND_SLOW,
        bad=_durations(_CHECKOUT_ROUTE, "POST", "1.0", fast=70, all_of=100),
        good=_durations(_CHECKOUT_ROUTE, "POST", "1.0", fast=999, all_of=1000),
    ),
    Slo(
        slug="admin_availability",
        name="AdminApiAvailability",
        objective="99.5 %",
        budget="0.005",
        bad_share=_errors(_ADMIN),
        of="Admin requests answered without a server error",
        impact="Staff and integrations cannot work; shops go on selling.",
        check=_LOOK_AT_REQUESTS,
        mend=_MEND_REQUESTS,
        bad=_requests(_ADMIN_ROUTE, "GET", ok=85, failed=15),
        good=_requests(_ADMIN_ROUTE, "GET", ok=10_000, failed=10),
    ),
    Slo(
        slug="admin_latency",
        name="AdminApiLatency",
        objective="95 % within 500 ms",
        budget="0.05",
        bad_share=_slow(_ADMIN, "0.5"),
        of="Admin requests answered within 500 ms",
        impact="Staff wait for lists and forms.",
        check=_LOOK_AT_SLOW,
        mend=_MEND_SLOW,
        bad=_durations(_ADMIN_ROUTE, "GET", "0.5", fast=10, all_of=100),
        good=_durations(_ADMIN_ROUTE, "GET", "0.5", fast=99, all_of=100),
    ),
    Slo(
        slug="event_delivery",
        name="EventDelivery",
        objective="99.9 %",
        budget="0.001",
        bad_share=(
            "(sum(rate(rustok_event_bus_errors_total[WINDOW])) or vector(0))"
            " / (sum(rate(rustok_event_bus_dispatched_total[WINDOW]))"
            " + (sum(rate(rustok_event_bus_errors_total[WINDOW])) or vector(0)))"
        ),
        of="Deliveries of events to consumers that succeed",
        impact="Read models, mails and webhooks fall behind; nothing is lost, failed deliveries are tried again.",
        check=(
            "Dashboard *Events and outbox*: which consumer fails.",
            "`rustok events dead-letters list`: the error of each delivery given up.",
            "Logs: `event.failed` with the consumer and the event's id.",
        ),
        mend=(
            "Mend the consumer's cause, then `rustok events dead-letters retry --consumer NAME`.",
            "What can never work: `rustok events dead-letters discard` with the reason, after looking at it.",
        ),
        bad={
            'rustok_event_bus_dispatched_total{consumer="index.products",type="product.updated"}': "0+90x110",
            'rustok_event_bus_errors_total{consumer="index.products",type="product.updated"}': "0+10x110",
        },
        good={
            'rustok_event_bus_dispatched_total{consumer="index.products",type="product.updated"}': "0+100000x110",
            'rustok_event_bus_errors_total{consumer="index.products",type="product.updated"}': "0+10x110",
        },
    ),
    Slo(
        slug="webhook_delivery",
        name="WebhookDelivery",
        objective="99 %",
        budget="0.01",
        bad_share=(
            '(sum(rate(rustok_webhook_deliveries_total{outcome=~"exhausted|lost"}[WINDOW])) or vector(0))'
            ' / sum(rate(rustok_webhook_deliveries_total{outcome=~"delivered|exhausted|lost"}[WINDOW]))'
        ),
        of="Webhook deliveries that reach their receiver in the end",
        impact="Integrations of tenants miss events until somebody sends them again.",
        check=(
            "`rustok webhooks deliveries --status exhausted`: which endpoints, which answers.",
            "Many endpoints at once: our way out (DNS, proxy, firewall). One endpoint: its receiver.",
        ),
        mend=(
            "After the receiver is well: `rustok webhooks redeliver` for the time of the trouble.",
            "An endpoint that stays dead is switched off by itself and its tenant is told.",
        ),
        bad={
            'rustok_webhook_deliveries_total{outcome="delivered"}': "0+50x110",
            'rustok_webhook_deliveries_total{outcome="exhausted"}': "0+50x110",
        },
        good={
            'rustok_webhook_deliveries_total{outcome="delivered"}': "0+1000x110",
            'rustok_webhook_deliveries_total{outcome="exhausted"}': "0+1x110",
        },
    ),
    Slo(
        slug="index_freshness",
        name="IndexFreshness",
        objective="99 % of the time within 10 s",
        budget="0.01",
        before=(
            {
                "record": "rustok:index_stale:bool",
                "expr": "max(rustok_index_lag_seconds) > bool 10",
            },
        ),
        bad_share="avg_over_time(rustok:index_stale:bool[WINDOW])",
        of="Time in which search and read models are at most 10 s old",
        impact="Shoppers see old prices, stock and texts; checkout still decides by the truth.",
        check=(
            "Dashboard *Events and outbox*: is the relay behind (outbox age), or one projection?",
            "`rustok index status`: what each read model holds and how far it is.",
        ),
        mend=(
            "Relay or worker not running: start it; it catches up in order.",
            "A projection that fails: its dead letters say why; then `rustok index rebuild NAME` while it serves.",
        ),
        bad={'rustok_index_lag_seconds{projection="products"}': "60+0x110"},
        good={'rustok_index_lag_seconds{projection="products"}': "0.2+0x110"},
    ),
)
