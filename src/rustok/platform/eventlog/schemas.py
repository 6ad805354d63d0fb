"""Events and dead letters on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.core.dead_letters import BuriedEvent
from rustok.core.event_log import EventFilter, LoggedEvent
from rustok.core.events.envelope import Envelope
from rustok.core.pagination import PageRequest

EventTypeName = Annotated[
    str,
    Meta(
        max_length=100,
        pattern=r"^[a-z][a-z_]*\.[a-z][a-z_]*$(?!\n)",
        description="A type of event.",
        examples=["order.placed"],
    ),
]
AggregateName = Annotated[
    str,
    Meta(
        max_length=50,
        pattern=r"^[a-z][a-z_]*$(?!\n)",
        description="A kind of thing that events are about.",
        examples=["order"],
    ),
]


class EventQuery(PageRequest, frozen=True, kw_only=True):
    """Which events are asked for; what is left out takes all."""

    type: EventTypeName | None = None
    aggregate_type: AggregateName | None = None
    aggregate_id: UUID | None = None

    def filter(self) -> EventFilter:
        return EventFilter(
            type=self.type, aggregate_type=self.aggregate_type, aggregate_id=self.aggregate_id
        )


class StreamQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are streamed; what is left out takes all."""

    type: EventTypeName | None = None
    aggregate_type: AggregateName | None = None
    aggregate_id: UUID | None = None

    def filter(self) -> EventFilter:
        return EventFilter(
            type=self.type, aggregate_type=self.aggregate_type, aggregate_id=self.aggregate_id
        )


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """An event and what became of it; `published_at` null means it is still to be delivered."""

    id: UUID
    position: int
    envelope: Envelope
    published_at: datetime | None
    attempts: int


class DeadLetterView(msgspec.Struct, frozen=True, kw_only=True):
    """An event that one consumer could not apply; `resolution` is "retried" or "discarded"."""

    id: UUID
    consumer: str
    event_id: UUID
    type: str
    aggregate_type: str
    aggregate_id: UUID
    sequence: int
    attempts: int
    error: str
    failed_at: datetime
    resolved_at: datetime | None
    resolution: str | None


def event_view(event: LoggedEvent) -> EventView:
    return EventView(
        id=event.envelope.id,
        position=event.position,
        envelope=event.envelope,
        published_at=event.published_at,
        attempts=event.attempts,
    )


def dead_letter_view(letter: BuriedEvent) -> DeadLetterView:
    return DeadLetterView(
        id=letter.id,
        consumer=letter.consumer,
        event_id=letter.event_id,
        type=letter.type,
        aggregate_type=letter.aggregate_type,
        aggregate_id=letter.aggregate_id,
        sequence=letter.envelope.sequence,
        attempts=letter.attempts,
        error=letter.error,
        failed_at=letter.failed_at,
        resolved_at=letter.resolved_at,
        resolution=letter.resolution,
    )
