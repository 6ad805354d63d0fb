"""Alerts on events: outbox, relay, consumers, dead letters, webhooks, mail, the CDN."""

from __future__ import annotations

from typing import Final

from tools.observability.alert import Alert, threshold

_RELAY: Final = (
    "`rustok doctor`: does a process with the relay run, does it reach database and broker?",
    "Dashboard *Events and outbox*: pending events, age of the oldest, published per second.",
    "Logs of the worker: `relay.failed`, `broker.unavailable`.",
)

EVENT_ALERTS: Final[tuple[Alert, ...]] = (
    threshold(
        "OutboxBacklogWarning",
        "events",
        expr='max(rustok_outbox_backlog_state{state="warning"}) == 1',
        lasting="10m",
        severity="ticket",
        summary="The outbox has been over 70 % of its limit for ten minutes.",
        impact="None yet. At the limit, writes that can wait are refused with 503.",
        check=_RELAY,
        mend=(
            "More worker processes (JetStream) or a faster disk.",
            "One tenant floods: `rustok events list --tenant SLUG` shows of what; tenants take turns.",
        ),
        bad={'rustok_outbox_backlog_state{state="warning"}': "1+0x60"},
        good={'rustok_outbox_backlog_state{state="warning"}': "1+0x5 0+0x60"},
    ),
    threshold(
        "OutboxBacklogCritical",
        "events",
        expr='max(rustok_outbox_backlog_state{state=~"critical|full"}) == 1',
        lasting="2m",
        severity="page",
        summary="The outbox is over 90 % of its limit: writes that can wait are, or are about to be, refused.",
        impact="Admin writes get 503 with Retry-After. Reads, sign-in and checkouts go on. Nothing is lost.",
        check=_RELAY,
        mend=(
            "Bring relay or broker back; the backlog drains by itself and writes are accepted again.",
            "As a last resort raise `events.backlog_limit`: it buys time with disk.",
        ),
        bad={
            'rustok_outbox_backlog_state{state="critical"}': "1+0x10 0+0x50",
            'rustok_outbox_backlog_state{state="full"}': "0+0x10 1+0x50",
        },
        good={
            'rustok_outbox_backlog_state{state="warning"}': "1+0x60",
            'rustok_outbox_backlog_state{state="critical"}': "0+0x60",
            'rustok_outbox_backlog_state{state="full"}': "0+0x60",
        },
    ),
    threshold(
        "OutboxStale",
        "events",
        expr="max(rustok_outbox_oldest_age_seconds) > 60",
        lasting="5m",
        severity="page",
        summary="The oldest unpublished event is more than a minute old.",
        impact="Search, mails and webhooks are behind by that time; shops sell on.",
        check=_RELAY,
        mend=(
            "No relay runs: start `rustok worker` (or `rustok serve` with one process).",
            "The broker is away: see *BrokerAway*; the relay goes on by itself when it is back.",
        ),
        bad={"rustok_outbox_oldest_age_seconds": "0+30x60"},
        good={"rustok_outbox_oldest_age_seconds": "1+0x60"},
    ),
    threshold(
        "BrokerAway",
        "events",
        expr="min by (instance) (rustok_event_bus_connected) == 0",
        lasting="2m",
        severity="page",
        summary="{{ $labels.instance }} is not connected to the broker.",
        impact="Events wait in the outbox: search, mails and webhooks stand still; shops sell on.",
        check=(
            "Is the broker there? `rustok doctor`, `/health/ready`, the broker's own log.",
            "One instance alone: its network, or its password for the broker.",
        ),
        mend=("Bring the broker back; connections and backlog follow by themselves.",),
        bad={'rustok_event_bus_connected{instance="a:1",transport="jetstream"}': "0+0x60"},
        good={'rustok_event_bus_connected{instance="a:1",transport="jetstream"}': "1+0x60"},
        labels={"instance": "a:1"},
    ),
    threshold(
        "RelayStopped",
        "events",
        expr="max(rustok_outbox_pending) > 0 and sum(rate(rustok_event_bus_published_total[5m])) == 0",
        lasting="5m",
        severity="page",
        summary="Events are pending and none has been published for five minutes.",
        impact="Nothing that follows from events happens. They are safe in the outbox.",
        check=_RELAY,
        mend=("Restart the worker; its lease is taken over within `events.lease_seconds`.",),
        bad={
            "rustok_outbox_pending": "50+0x60",
            'rustok_event_bus_published_total{type="order.placed"}': "1000+0x60",
        },
        good={
            "rustok_outbox_pending": "50+0x60",
            'rustok_event_bus_published_total{type="order.placed"}': "0+100x60",
        },
    ),
    threshold(
        "EventsRejected",
        "events",
        expr="sum by (reason) (rate(rustok_event_bus_rejected_total[10m])) > 0",
        lasting="5m",
        severity="ticket",
        summary="Events are being refused: {{ $labels.reason }}.",
        impact="The command that wanted to emit them failed as a whole; its user saw an error.",
        check=("Logs: `event.rejected` names event, field and rule.",),
        mend=("A bug in the emitting feature, or data of before a rule; mend the cause.",),
        bad={'rustok_event_bus_rejected_total{reason="invalid"}': "0+5x60"},
        good={'rustok_event_bus_rejected_total{reason="invalid"}': "5+0x60"},
        labels={"reason": "invalid"},
    ),
    threshold(
        "DeadLettersNew",
        "events",
        expr="sum by (consumer) (delta(rustok_dead_letters[30m])) > 0",
        lasting="5m",
        severity="ticket",
        summary="Consumer {{ $labels.consumer }} has given up deliveries in the last half hour.",
        impact="What these events should have done is not done until somebody retries them.",
        check=(
            "`rustok events dead-letters list`: event, error, attempts.",
            "Same error for all: the consumer's cause. One event: its data.",
        ),
        mend=(
            "Mend the cause, then `rustok events dead-letters retry`.",
            "What can never work: `rustok events dead-letters discard` with a reason.",
        ),
        bad={'rustok_dead_letters{consumer="index.products"}': "0+1x60"},
        good={'rustok_dead_letters{consumer="index.products"}': "3+0x60"},
        labels={"consumer": "index.products"},
    ),
    threshold(
        "DeadLettersMany",
        "events",
        expr="sum(rustok_dead_letters) > 100",
        lasting="10m",
        severity="page",
        summary="More than a hundred deliveries wait for a person.",
        impact="A consumer has failed for long: read models, mails or webhooks are incomplete.",
        check=("`rustok events dead-letters list --json`, grouped by consumer and error.",),
        mend=("As *DeadLettersNew*; retry in portions and watch the error rate.",),
        bad={'rustok_dead_letters{consumer="webhooks"}': "150+0x60"},
        good={'rustok_dead_letters{consumer="webhooks"}': "20+0x60"},
    ),
    threshold(
        "ConsumerFailing",
        "events",
        expr=(
            "sum by (consumer) (rate(rustok_event_bus_errors_total[10m]))"
            " / (sum by (consumer) (rate(rustok_event_bus_dispatched_total[10m]))"
            " + sum by (consumer) (rate(rustok_event_bus_errors_total[10m]))) > 0.05"
        ),
        lasting="10m",
        severity="ticket",
        summary="Consumer {{ $labels.consumer }} fails more than 5 % of its deliveries.",
        impact="They are tried again, later and later; what follows from them is late.",
        check=("Logs: `event.failed` of this consumer.", "Its dependencies in `/health/ready`."),
        mend=("Mend the dependency or the consumer; retries do the rest.",),
        bad={
            'rustok_event_bus_dispatched_total{consumer="webhooks",type="order.paid"}': "0+80x60",
            'rustok_event_bus_errors_total{consumer="webhooks",type="order.paid"}': "0+20x60",
        },
        good={
            'rustok_event_bus_dispatched_total{consumer="webhooks",type="order.paid"}': "0+1000x60",
            'rustok_event_bus_errors_total{consumer="webhooks",type="order.paid"}': "0+1x60",
        },
        labels={"consumer": "webhooks"},
    ),
    threshold(
        "ConsumerBehind",
        "events",
        expr="max by (consumer) (rustok_event_bus_lag_seconds) > 120",
        lasting="10m",
        severity="ticket",
        summary="Consumer {{ $labels.consumer }} is more than two minutes behind.",
        impact="What it makes of events is that old.",
        check=(
            "Is it slow (`rustok_event_processing_duration_seconds`) or is there much to do (queue depth)?",
        ),
        mend=("More workers, or a look at its slowest statements in a trace.",),
        bad={'rustok_event_bus_lag_seconds{consumer="index.nodes"}': "300+0x60"},
        good={'rustok_event_bus_lag_seconds{consumer="index.nodes"}': "0.4+0x60"},
        labels={"consumer": "index.nodes"},
    ),
    threshold(
        "ConsumerSlow",
        "events",
        expr=(
            "histogram_quantile(0.99, sum by (consumer, le)"
            " (rate(rustok_event_processing_duration_seconds_bucket[10m]))) > 5"
        ),
        lasting="15m",
        severity="ticket",
        summary="One in a hundred deliveries to {{ $labels.consumer }} takes more than five seconds.",
        impact="A slow delivery holds up the others of its aggregate.",
        check=("A trace of a slow delivery: which statement or call takes the time?",),
        mend=("A missing index, a lock, or an outside call that should be its own job.",),
        bad={
            'rustok_event_processing_duration_seconds_bucket{consumer="webhooks",le="5.0"}': "0+50x60",
            'rustok_event_processing_duration_seconds_bucket{consumer="webhooks",le="10.0"}': "0+100x60",
            'rustok_event_processing_duration_seconds_bucket{consumer="webhooks",le="+Inf"}': "0+100x60",
        },
        good={
            'rustok_event_processing_duration_seconds_bucket{consumer="webhooks",le="0.1"}': "0+100x60",
            'rustok_event_processing_duration_seconds_bucket{consumer="webhooks",le="+Inf"}': "0+100x60",
        },
        labels={"consumer": "webhooks"},
    ),
    threshold(
        "QueueDeep",
        "events",
        expr="max by (consumer) (rustok_event_bus_queue_depth) > 10000",
        lasting="10m",
        severity="ticket",
        summary="More than 10,000 events wait for {{ $labels.consumer }}.",
        impact="It catches up, but what it makes is late meanwhile.",
        check=("Dashboard *Events and outbox*: rate in, rate out.",),
        mend=("More workers; a flood of one tenant takes its turns and ends by itself.",),
        bad={'rustok_event_bus_queue_depth{consumer="index.products"}': "20000+0x60"},
        good={'rustok_event_bus_queue_depth{consumer="index.products"}': "20+0x60"},
        labels={"consumer": "index.products"},
    ),
    threshold(
        "WebhooksRefused",
        "events",
        expr='sum(rate(rustok_webhook_deliveries_total{outcome="refused"}[15m])) > 0.1',
        lasting="15m",
        severity="ticket",
        summary="Deliveries are refused because their address may not be reached.",
        impact="An endpoint points into a private network: a mistake of its tenant, or an attack.",
        check=("`rustok webhooks deliveries --status refused`: tenant and address.",),
        mend=(
            "Tell the tenant; if it is an attack, switch the endpoint off and read the audit log.",
        ),
        bad={'rustok_webhook_deliveries_total{outcome="refused"}': "0+60x60"},
        good={'rustok_webhook_deliveries_total{outcome="refused"}': "0+1x60"},
    ),
    threshold(
        "WebhooksSlow",
        "events",
        expr=(
            "histogram_quantile(0.95, sum by (le)"
            " (rate(rustok_webhook_delivery_duration_seconds_bucket[15m]))) > 5"
        ),
        lasting="15m",
        severity="ticket",
        summary="One in twenty webhook attempts takes more than five seconds.",
        impact="Deliveries of all endpoints may be late.",
        check=("`rustok webhooks deliveries`: which receivers are slow? Is our resolver slow?",),
        mend=("Slow receivers are limited one by one; a slow resolver is ours to mend.",),
        bad={
            'rustok_webhook_delivery_duration_seconds_bucket{outcome="delivered",le="5.0"}': "0+50x60",
            'rustok_webhook_delivery_duration_seconds_bucket{outcome="delivered",le="10.0"}': "0+100x60",
            'rustok_webhook_delivery_duration_seconds_bucket{outcome="delivered",le="+Inf"}': "0+100x60",
        },
        good={
            'rustok_webhook_delivery_duration_seconds_bucket{outcome="delivered",le="0.5"}': "0+100x60",
            'rustok_webhook_delivery_duration_seconds_bucket{outcome="delivered",le="+Inf"}': "0+100x60",
        },
    ),
    threshold(
        "MailFailing",
        "events",
        expr=(
            # Held: mail is off by the settings.
            'sum(rate(rustok_mail_deliveries_total{outcome!~"sent|held"}[30m]))'
            ' / sum(rate(rustok_mail_deliveries_total{outcome!="held"}[30m])) > 0.2'
        ),
        lasting="15m",
        severity="ticket",
        summary="More than a fifth of the attempts to send mail fail.",
        impact="Order confirmations, verification and reset mails are late.",
        check=("`rustok mail list --status failed`: the server's answer.", "`rustok doctor`."),
        mend=("Mend the mail server or its password; what waits is sent by itself.",),
        bad={
            'rustok_mail_deliveries_total{outcome="sent"}': "0+5x60",
            'rustok_mail_deliveries_total{outcome="retried"}': "0+5x60",
        },
        good={
            'rustok_mail_deliveries_total{outcome="sent"}': "0+100x60",
            'rustok_mail_deliveries_total{outcome="held"}': "0+100x60",
            'rustok_mail_deliveries_total{outcome="retried"}': "0+1x60",
        },
    ),
    threshold(
        "CdnPurgesFailing",
        "events",
        expr=(
            'sum(rate(rustok_cdn_purges_total{outcome!="purged"}[15m]))'
            " / sum(rate(rustok_cdn_purges_total[15m])) > 0.5"
        ),
        lasting="10m",
        severity="ticket",
        summary="More than half of the purges of the CDN fail.",
        impact="Shoppers may see old prices, texts and stock until copies at the CDN end by themselves.",
        check=(
            "`rustok doctor`: what the CDN answers.",
            "`rustok cdn status`: what waits, and since when.",
            "Log lines `cdn.purge_failed`: the reason.",
        ),
        mend=(
            "Mend `cdn.token`, `cdn.service_id`, `cdn.zone_id` or `cdn.url`; what waits is purged by itself.",
            "Where `cdn.given_up` was logged, what waited is older than any copy: nothing is to be done.",
        ),
        bad={
            'rustok_cdn_purges_total{outcome="purged"}': "0+1x60",
            'rustok_cdn_purges_total{outcome="failed"}': "0+5x60",
        },
        good={
            'rustok_cdn_purges_total{outcome="purged"}': "0+20x60",
            'rustok_cdn_purges_total{outcome="failed"}': "0+1x60",
        },
    ),
)
