"""Facts about fulfilments."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from rustok.core.events.event import Event, event
from rustok.core.types import PositiveQuantity

Carrier = Annotated[str, Meta(min_length=1, max_length=100)]
TrackingNumber = Annotated[str, Meta(min_length=1, max_length=100)]


@event("fulfilment.created", aggregate="fulfilment", key="fulfilment_id")
class FulfilmentCreated(Event, frozen=True, kw_only=True):
    fulfilment_id: UUID
    order_id: UUID
    piece_count: PositiveQuantity


@event("fulfilment.shipped", aggregate="fulfilment", key="fulfilment_id")
class FulfilmentShipped(Event, frozen=True, kw_only=True):
    fulfilment_id: UUID
    order_id: UUID
    carrier: Carrier
    tracking_number: TrackingNumber | None = None


@event("fulfilment.delivered", aggregate="fulfilment", key="fulfilment_id")
class FulfilmentDelivered(Event, frozen=True, kw_only=True):
    fulfilment_id: UUID
    order_id: UUID


@event("fulfilment.cancelled", aggregate="fulfilment", key="fulfilment_id")
class FulfilmentCancelled(Event, frozen=True, kw_only=True):
    fulfilment_id: UUID
    order_id: UUID
