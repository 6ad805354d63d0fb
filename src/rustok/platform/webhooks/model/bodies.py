"""The bodies of deliveries: the Standard Webhooks shape, and CloudEvents 1.0 in structured mode.

Source: Standard Webhooks 1.0 (payload structure); CloudEvents 1.0.2 JSON format, with the
distributed tracing, sequence and partitioning of its documented extensions.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from rustok.core.events.envelope import Envelope
from rustok.platform.webhooks.model.endpoint import Mode

CONTENT_TYPES: Final[dict[Mode, str]] = {
    "standard": "application/json",
    "cloudevents": "application/cloudevents+json; charset=utf-8",
}
PING: Final = "webhook.ping"
"""The type of a test delivery; no event of the log has it."""
_encoder: Final = msgspec.json.Encoder()


class StandardBody(msgspec.Struct, frozen=True, kw_only=True):
    """`type`, `timestamp` and `data` as the standard has them; the rest is the envelope's."""

    id: UUID
    type: str
    timestamp: datetime
    schema_version: int
    tenant_id: UUID
    aggregate_type: str
    aggregate_id: UUID
    sequence: int
    data: msgspec.Raw


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The context attributes as on JetStream headers, with the fact as `data`."""

    specversion: str
    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str
    schemaversion: str
    sequence: str
    correlationid: UUID
    data: msgspec.Raw
    causationid: UUID | None = None
    traceparent: str | None = None


def body_of(envelope: Envelope, mode: Mode) -> str:
    """The body of a delivery of `envelope`."""
    if mode == "cloudevents":
        return _encoder.encode(
            CloudEvent(
                specversion="1.0",
                id=envelope.id,
                source=f"/tenants/{envelope.tenant_id}",
                type=envelope.type,
                subject=f"{envelope.aggregate_type}/{envelope.aggregate_id}",
                time=envelope.occurred_at,
                datacontenttype="application/json",
                schemaversion=str(envelope.schema_version),
                sequence=str(envelope.sequence),
                correlationid=envelope.correlation_id,
                causationid=envelope.causation_id,
                traceparent=envelope.traceparent,
                data=envelope.data,
            )
        ).decode()
    return _encoder.encode(
        StandardBody(
            id=envelope.id,
            type=envelope.type,
            timestamp=envelope.occurred_at,
            schema_version=envelope.schema_version,
            tenant_id=envelope.tenant_id,
            aggregate_type=envelope.aggregate_type,
            aggregate_id=envelope.aggregate_id,
            sequence=envelope.sequence,
            data=envelope.data,
        )
    ).decode()


def ping_envelope(
    *,
    event_id: UUID,
    endpoint_id: UUID,
    tenant_id: UUID,
    now: datetime,
    correlation_id: UUID,
    traceparent: str | None,
) -> Envelope:
    """A test event of `endpoint_id`."""
    return Envelope(
        id=event_id,
        type=PING,
        schema_version=1,
        tenant_id=tenant_id,
        aggregate_type="webhook_endpoint",
        aggregate_id=endpoint_id,
        sequence=0,
        occurred_at=now,
        correlation_id=correlation_id,
        traceparent=traceparent,
        data=msgspec.Raw(_encoder.encode({"endpoint_id": endpoint_id})),
    )
