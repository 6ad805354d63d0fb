"""Tables of webhooks: endpoints, their sealed secrets, deliveries and the log of attempts."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Text, UniqueConstraint, text

from rustok.core.db import Id, Json, Timestamp, tenant_reference, tenant_table
from rustok.core.db.schema import states_check
from rustok.platform.webhooks.states import DELIVERY_LIFECYCLE, ENDPOINT_LIFECYCLE

endpoints: Final = tenant_table(
    "webhook_endpoints",
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("event_filters", Json(list[str]), nullable=False),
    Column("status", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("is_ordered", Boolean, nullable=False),
    Column("failing_since", Timestamp()),
    Column("failure_count", Integer, nullable=False),
    Column("disabled_at", Timestamp()),
    Column("disabled_by", Text),
    Column("disabled_reason", Text),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    states_check("status", ENDPOINT_LIFECYCLE.states),
    states_check("mode", ("standard", "cloudevents")),
)

signing_secrets: Final = tenant_table(
    "webhook_secrets",
    Column("endpoint_id", Id(), nullable=False),
    # The name keeps it out of exports (core.db.tenant_rows).
    Column(
        "sealed_secret", Text, nullable=False, info={"sealed": "webhook_endpoint/{endpoint_id}"}
    ),
    Column("created_at", Timestamp(), nullable=False),
    Column("expires_at", Timestamp()),
    tenant_reference("endpoint_id", "webhook_endpoints", ondelete="CASCADE"),
    Index("ix_webhook_secrets_endpoint", "tenant_id", "endpoint_id", "id"),
)

_PENDING: Final = text("status = 'pending'")
_CLAIMED: Final = text("claimed_until IS NOT NULL")

# no event: deliveries tell of events; an event about each would never end
deliveries: Final = tenant_table(
    "webhook_deliveries",
    Column("endpoint_id", Id(), nullable=False),
    Column("event_id", Id(), nullable=False),
    Column("event_type", Text, nullable=False),
    Column("aggregate_type", Text, nullable=False),
    Column("aggregate_id", Id(), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("mode", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("correlation_id", Id(), nullable=False),
    Column("traceparent", Text),
    Column("status", Text, nullable=False),
    Column("attempt_count", Integer, nullable=False),
    Column("run_count", Integer, nullable=False),
    Column("next_attempt_at", Timestamp()),
    Column("claimed_by", Id()),
    Column("claimed_until", Timestamp()),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("delivered_at", Timestamp()),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    tenant_reference("endpoint_id", "webhook_endpoints", ondelete="CASCADE"),
    states_check("status", DELIVERY_LIFECYCLE.states),
    UniqueConstraint("tenant_id", "endpoint_id", "event_id", name="uq_webhook_deliveries_event"),
    Index(
        "ix_webhook_deliveries_due",
        "tenant_id",
        "endpoint_id",
        "next_attempt_at",
        "id",
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    ),
    Index(
        "ix_webhook_deliveries_aggregate",
        "tenant_id",
        "endpoint_id",
        "aggregate_id",
        "sequence",
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    ),
    Index(
        "ix_webhook_deliveries_claimed",
        "tenant_id",
        "endpoint_id",
        "claimed_until",
        sqlite_where=_CLAIMED,
        postgresql_where=_CLAIMED,
    ),
    Index("ix_webhook_deliveries_endpoint", "tenant_id", "endpoint_id", "id"),
    Index("ix_webhook_deliveries_status", "tenant_id", "status", "id"),
    Index("ix_webhook_deliveries_created", "created_at"),
)

# no event: part of the log of a delivery
attempts: Final = tenant_table(
    "webhook_attempts",
    Column("delivery_id", Id(), nullable=False),
    Column("number", Integer, nullable=False),
    Column("attempted_at", Timestamp(), nullable=False),
    Column("request_url", Text, nullable=False),
    Column("request_headers", Json(dict[str, str]), nullable=False),
    Column("response_status", Integer),
    Column("response_body", Text),
    Column("latency_ms", Integer, nullable=False),
    Column("error", Text),
    tenant_reference("delivery_id", "webhook_deliveries", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "delivery_id", "number", name="uq_webhook_attempts_number"),
)
