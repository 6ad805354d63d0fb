"""The envelope: what travels with every event, whatever carries it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from rustok.core.events.event import Event, decode_event


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event on its way.

    Attributes:
        sequence: per aggregate, gapless, from 1.
        data: the event's JSON, not decoded yet.
    """

    id: UUID
    type: str
    schema_version: int
    tenant_id: UUID
    aggregate_type: str
    aggregate_id: UUID
    sequence: int
    occurred_at: datetime
    correlation_id: UUID
    data: msgspec.Raw
    actor_id: UUID | None = None
    causation_id: UUID | None = None
    traceparent: str | None = None

    def event(self) -> Event:
        """The typed fact. Raises UnknownEvent, InvalidEvent."""
        return decode_event(self.type, self.schema_version, bytes(self.data))
