"""From the commit of an event to its last effect."""

from __future__ import annotations

from typing import Final

from tools.observability.panels import Dashboard, Panel, Query, quantile, quantiles, rate

EVENTS: Final = Dashboard(
    uid="rustok-events",
    title="RusToK: events and outbox",
    description="From the commit to the last effect: outbox, relay, consumers, dead letters, webhooks, mail.",
    panels=(
        Panel(
            title="Pending",
            description="Events in the outbox not published yet.",
            unit="short",
            queries=(Query("max(rustok_outbox_pending)", "pending"),),
        ),
        Panel(
            title="Oldest pending",
            description="Age of the oldest event not published yet.",
            unit="s",
            limit=60,
            queries=(Query("max(rustok_outbox_oldest_age_seconds)", "age"),),
        ),
        Panel(
            title="Backlog state",
            description="1 at the state the outbox is in: normal, warning (70 %), critical (90 %).",
            unit="short",
            queries=(Query("max by (state) (rustok_outbox_backlog_state)", "{{state}}"),),
        ),
        Panel(
            title="Published",
            description="Events handed to the bus per second, the ten most frequent types.",
            unit="ops",
            stacked=True,
            queries=(
                Query(f"topk(10, {rate('rustok_event_bus_published_total', 'type')})", "{{type}}"),
            ),
        ),
        Panel(
            title="Applied",
            description="Deliveries consumers have finished per second.",
            unit="ops",
            stacked=True,
            queries=(Query(rate("rustok_event_bus_dispatched_total", "consumer"), "{{consumer}}"),),
        ),
        Panel(
            title="Failed deliveries",
            description="They are tried again, later and later.",
            unit="ops",
            queries=(
                Query(
                    f"{rate('rustok_event_bus_errors_total', 'consumer')} or vector(0)",
                    "{{consumer}}",
                ),
            ),
        ),
        Panel(
            title="Lag",
            description="Age of the last event each consumer has finished.",
            unit="s",
            limit=120,
            queries=(Query("max by (consumer) (rustok_event_bus_lag_seconds)", "{{consumer}}"),),
        ),
        Panel(
            title="Waiting",
            description="Events waiting for each consumer.",
            unit="short",
            queries=(Query("max by (consumer) (rustok_event_bus_queue_depth)", "{{consumer}}"),),
        ),
        Panel(
            title="Time of a delivery",
            description="p95 by consumer.",
            unit="s",
            exemplars=True,
            queries=(
                Query(
                    quantile(0.95, "rustok_event_processing_duration_seconds", "consumer"),
                    "{{consumer}}",
                ),
            ),
        ),
        Panel(
            title="Dead letters",
            description="Deliveries given up, waiting for a person.",
            unit="short",
            limit=1,
            queries=(Query("sum(rustok_dead_letters) or vector(0)", "all"),),
        ),
        Panel(
            title="Webhook attempts",
            description="By outcome, per second.",
            unit="ops",
            queries=(Query(rate("rustok_webhook_deliveries_total", "outcome"), "{{outcome}}"),),
        ),
        Panel(
            title="Time of a webhook attempt",
            description="Resolving included.",
            unit="s",
            queries=quantiles("rustok_webhook_delivery_duration_seconds"),
        ),
        Panel(
            title="Mail",
            description="Attempts to send, by outcome, per second.",
            unit="ops",
            queries=(
                Query(
                    f"{rate('rustok_mail_deliveries_total', 'outcome')} or vector(0)", "{{outcome}}"
                ),
            ),
        ),
        Panel(
            title="Purges of the CDN",
            description="Calls to the CDN, by outcome, per second; none where no CDN is set.",
            unit="ops",
            queries=(
                Query(f"{rate('rustok_cdn_purges_total', 'outcome')} or vector(0)", "{{outcome}}"),
            ),
        ),
        Panel(
            title="Index lag",
            description="Age of the last event applied to each read model.",
            unit="s",
            limit=10,
            queries=(Query("max by (projection) (rustok_index_lag_seconds)", "{{projection}}"),),
        ),
        Panel(
            title="Refused events",
            description="Events that break their schema; the command failed as a whole.",
            unit="ops",
            queries=(Query(f"{rate('rustok_event_bus_rejected_total')} or vector(0)", "refused"),),
        ),
    ),
)
