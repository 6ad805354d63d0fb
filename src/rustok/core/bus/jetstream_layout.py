"""Names in JetStream: subjects, partitions, durable consumers and their filters, headers.

Refuses: talking to a broker; it is arithmetic on names.

A subject is `<prefix>.<partition>.<tenant id>.<event type>`. The partition is a hash of the
aggregate, so all events of an aggregate travel in one lane, and one worker at a time applies it.
Sources: CloudEvents 1.0.2 and its NATS protocol binding; NATS JetStream de-duplication header.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final
from uuid import UUID

import msgspec

from rustok.core.bus.port import Consumer
from rustok.core.events.envelope import Envelope

FILTER_SUBJECTS_SINCE: Final = (2, 10)
"""The first server that filters a consumer by more than one subject."""

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Envelope).decode


def partition_of(tenant_id: UUID, aggregate_type: str, aggregate_id: UUID, partitions: int) -> int:
    """The lane of an aggregate: the same in every process and for ever (CRC-32, no process seed)."""
    key = tenant_id.bytes + aggregate_id.bytes + aggregate_type.encode()
    return zlib.crc32(key) % partitions


def subject_of(envelope: Envelope, *, prefix: str, partitions: int) -> str:
    """Where an event is published."""
    lane = partition_of(
        envelope.tenant_id, envelope.aggregate_type, envelope.aggregate_id, partitions
    )
    return f"{prefix}.{lane}.{envelope.tenant_id}.{envelope.type}"


def stream_subjects(prefix: str, partitions: int) -> list[str]:
    """What the stream takes: each lane by name, so that a lane too many is refused, not lost."""
    return [f"{prefix}.{lane}.>" for lane in range(partitions)]


def durable_name(consumer: str, partition: int) -> str:
    """The durable consumer of `consumer` on a lane; NATS allows no dots in it."""
    return f"{consumer.replace('.', '-')}-{partition}"


def filters(
    consumer: Consumer, partition: int, *, prefix: str, server: tuple[int, int]
) -> list[str]:
    """The subjects a durable consumer is given: its event types, or the lane where the server cannot."""
    types = sorted(consumer.handlers)
    if types and (len(types) == 1 or server >= FILTER_SUBJECTS_SINCE):
        return [f"{prefix}.{partition}.*.{name}" for name in types]
    return [f"{prefix}.{partition}.>"]


def headers_of(envelope: Envelope, *, traceparent: str | None = None) -> dict[str, str]:
    """De-duplication, trace context and the CloudEvents attributes.

    Args:
        traceparent: of the sending itself; None: of what wrote the event.
    """
    headers = {
        "Nats-Msg-Id": str(envelope.id),
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": str(envelope.id),
        "ce-source": f"/tenants/{envelope.tenant_id}",
        "ce-type": envelope.type,
        "ce-subject": f"{envelope.aggregate_type}/{envelope.aggregate_id}",
        "ce-time": envelope.occurred_at.isoformat(),
        "ce-schemaversion": str(envelope.schema_version),
        "ce-sequence": str(envelope.sequence),
    }
    if envelope.traceparent is not None:
        headers["traceparent"] = traceparent or envelope.traceparent
        headers["ce-traceparent"] = envelope.traceparent
    return headers


def encode(envelope: Envelope) -> bytes:
    """The payload: the envelope as JSON."""
    return _encode(envelope)


def decode(payload: bytes) -> Envelope:
    """Raises msgspec.DecodeError (ValidationError among them) when this is no envelope."""
    return _decode(payload)


def check_names(consumers: Iterable[Consumer]) -> None:
    """Raises ValueError when two consumers would share a durable name."""
    seen: dict[str, str] = {}
    for consumer in consumers:
        other = seen.setdefault(durable_name(consumer.name, 0), consumer.name)
        if other != consumer.name:
            raise ValueError(f"consumers {other!r} and {consumer.name!r} share a durable name")
