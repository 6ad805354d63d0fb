"""A fulfilment as types, one per state."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

from rustok.commerce.fulfilments.events import (
    FulfilmentCancelled,
    FulfilmentDelivered,
    FulfilmentShipped,
)

FulfilmentState = Literal["pending", "packed", "shipped", "delivered", "cancelled"]


class FulfilmentLine(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of one order line that travel in this fulfilment."""

    id: UUID
    fulfilment_id: UUID
    order_line_id: UUID
    quantity: int


class FulfilmentData(msgspec.Struct, frozen=True, kw_only=True):
    """What every fulfilment has."""

    state: ClassVar[FulfilmentState]

    id: UUID
    order_id: UUID
    version: int
    created_at: datetime
    updated_at: datetime

    def _kept(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in FulfilmentData.__struct_fields__}

    def _cancelled(self, at: datetime) -> tuple[CancelledFulfilment, FulfilmentCancelled]:
        return (
            CancelledFulfilment(**self._kept(), cancelled_at=at),
            FulfilmentCancelled(fulfilment_id=self.id, order_id=self.order_id),
        )


class PendingFulfilment(FulfilmentData, frozen=True, kw_only=True):
    """To be packed."""

    state: ClassVar[FulfilmentState] = "pending"

    def pack(self, *, at: datetime) -> PackedFulfilment:
        """It lies in its box."""
        return PackedFulfilment(**self._kept(), packed_at=at)

    def cancel(self, *, at: datetime) -> tuple[CancelledFulfilment, FulfilmentCancelled]:
        """It will not travel."""
        return self._cancelled(at)


class PackedFulfilment(FulfilmentData, frozen=True, kw_only=True):
    """Packed, waiting for the carrier."""

    state: ClassVar[FulfilmentState] = "packed"

    packed_at: datetime

    def ship(
        self, *, carrier: str, tracking_number: str | None, at: datetime
    ) -> tuple[ShippedFulfilment, FulfilmentShipped]:
        """The carrier has it."""
        return (
            ShippedFulfilment(
                **self._kept(),
                packed_at=self.packed_at,
                shipped_at=at,
                carrier=carrier,
                tracking_number=tracking_number,
            ),
            FulfilmentShipped(
                fulfilment_id=self.id,
                order_id=self.order_id,
                carrier=carrier,
                tracking_number=tracking_number,
            ),
        )

    def cancel(self, *, at: datetime) -> tuple[CancelledFulfilment, FulfilmentCancelled]:
        """It will not travel."""
        return self._cancelled(at)


class ShippedFulfilment(FulfilmentData, frozen=True, kw_only=True):
    """On its way."""

    state: ClassVar[FulfilmentState] = "shipped"

    packed_at: datetime
    shipped_at: datetime
    carrier: str
    tracking_number: str | None

    def deliver(self, *, at: datetime) -> tuple[DeliveredFulfilment, FulfilmentDelivered]:
        """It arrived."""
        return (
            DeliveredFulfilment(
                **self._kept(),
                packed_at=self.packed_at,
                shipped_at=self.shipped_at,
                carrier=self.carrier,
                tracking_number=self.tracking_number,
                delivered_at=at,
            ),
            FulfilmentDelivered(fulfilment_id=self.id, order_id=self.order_id),
        )


class DeliveredFulfilment(FulfilmentData, frozen=True, kw_only=True):
    """Arrived."""

    state: ClassVar[FulfilmentState] = "delivered"

    packed_at: datetime
    shipped_at: datetime
    carrier: str
    tracking_number: str | None
    delivered_at: datetime


class CancelledFulfilment(FulfilmentData, frozen=True, kw_only=True):
    """Will not travel."""

    state: ClassVar[FulfilmentState] = "cancelled"

    cancelled_at: datetime


Fulfilment = (
    PendingFulfilment
    | PackedFulfilment
    | ShippedFulfilment
    | DeliveredFulfilment
    | CancelledFulfilment
)
