"""Spans of events on their way: each event stays in the trace that caused it, batches are linked to it.

Refuses: carrying anything. Names and attributes by the semantic conventions for messaging.
Source: OpenTelemetry semantic conventions for messaging systems.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from uuid import UUID

from rustok.core.events.envelope import Envelope
from rustok.core.outbox import PendingEvent
from rustok.telemetry import trace_context, tracing
from rustok.telemetry.trace_context import TraceContext
from rustok.telemetry.tracing import (
    CONSUMER,
    INTERNAL,
    PRODUCER,
    Kind,
    NoSpan,
    SharedAttributes,
    Span,
    Value,
)

MOST_LINKS: Final = 64
MOST_RECENT: Final = 512
"""Events whose attributes are remembered; more than a batch has."""


def any_sampled(events: Sequence[PendingEvent]) -> bool | None:
    """True where the trace of one of them is kept, so that links lead somewhere; else as drawn."""
    if not tracing.is_on():
        return None
    return True if any(place.sampled for place in _places(events)) else None


def _places(events: Sequence[PendingEvent]) -> list[TraceContext]:
    found = [trace_context.parse(event.traceparent) for event in events[:MOST_LINKS]]
    return [place for place in found if place is not None]


def _here() -> list[TraceContext]:
    span = tracing.current()
    return [span.context()] if span is not None else []


_recent: Final[dict[UUID, SharedAttributes]] = {}


def _attributes(envelope: Envelope) -> SharedAttributes:
    """What every span of an event says of it; several consumers tell of the same one."""
    found = _recent.get(envelope.id)
    if found is None:
        if len(_recent) >= MOST_RECENT:
            _recent.clear()
        found = _recent[envelope.id] = SharedAttributes(
            {
                "messaging.message.id": str(envelope.id),
                "messaging.message.conversation_id": str(envelope.correlation_id),
                "rustok.event.type": envelope.type,
                "rustok.aggregate.type": envelope.aggregate_type,
                "rustok.aggregate.id": str(envelope.aggregate_id),
                "rustok.tenant": str(envelope.tenant_id),
            }
        )
    return found


def publishing(event: PendingEvent, *, subject: str) -> Span | NoSpan:
    """The span of handing one event to a broker; a child of what wrote it, linked to the batch."""
    if not tracing.is_on():
        return tracing.NO_SPAN
    return _of_event(f"publish {event.envelope.type}", PRODUCER, _sending(subject), event)


@lru_cache(maxsize=512)
def _sending(subject: str) -> SharedAttributes:
    return SharedAttributes(
        {
            "messaging.system": "nats",
            "messaging.operation.name": "publish",
            "messaging.operation.type": "send",
            "messaging.destination.name": subject,
        }
    )


def batch(consumers: str, events: Sequence[PendingEvent]) -> Span | NoSpan:
    """The span of applying a batch; its own trace, linked to those of its events."""
    if not tracing.is_on():
        return tracing.NO_SPAN
    places = _places(events)
    sampled = True if any(place.sampled for place in places) else None
    attributes: dict[str, Value] = {
        "messaging.operation.name": "process",
        "messaging.consumer.group.name": consumers,
        "messaging.batch.message_count": len(events),
    }
    return tracing.root(
        f"process batch {consumers}", INTERNAL, attributes, links=places, sampled=sampled
    )


def processing(consumer: str, event: PendingEvent) -> Span | NoSpan:
    """The span of one consumer's work on one event; a child of what carried it, linked to the batch."""
    if not tracing.is_on():
        return tracing.NO_SPAN
    return _of_event(f"process {event.envelope.type}", CONSUMER, _working(consumer), event)


@lru_cache(maxsize=512)
def _working(consumer: str) -> SharedAttributes:
    return SharedAttributes(
        {
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.consumer.group.name": consumer,
        }
    )


def _of_event(
    name: str, kind: Kind, shared: SharedAttributes, event: PendingEvent
) -> Span | NoSpan:
    span = tracing.root(name, kind, parent=event.traceparent, links=_here())
    if isinstance(span, Span):
        span.shared = (shared, _attributes(event.envelope))
    return span
