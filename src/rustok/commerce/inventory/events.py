"""Facts about stock; the aggregate is the variant's inventory item, over all its locations."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from rustok.core.events.event import Event, event
from rustok.core.types import MAX_QUANTITY, PositiveQuantity, Quantity

AdjustReason = Literal[
    "received", "counted", "corrected", "damaged", "lost", "returned", "shipped", "imported"
]
Delta = Annotated[int, Meta(ge=-MAX_QUANTITY, le=MAX_QUANTITY)]
Available = Annotated[int, Meta(ge=0)]
"""Free pieces over all locations; the sum may exceed the range of one level."""


@event("inventory.adjusted", aggregate="inventory_item", key="variant_id", read_model=True)
class InventoryAdjusted(Event, frozen=True, kw_only=True):
    variant_id: UUID
    location_id: UUID
    reason: AdjustReason
    quantity_delta: Delta
    on_hand_before: Quantity
    on_hand_after: Quantity
    available: Available

    def rule_broken(self) -> tuple[str, str] | None:
        if self.quantity_delta == 0:
            return "quantity_delta", "the quantity must have changed"
        if self.on_hand_before + self.quantity_delta != self.on_hand_after:
            return "on_hand_after", "before plus delta must be after"
        return None


@event(
    "inventory.reserved",
    aggregate="inventory_item",
    key="variant_id",
    read_model=True,
    unaudited="moves with its order, which is recorded",
)
class InventoryReserved(Event, frozen=True, kw_only=True):
    variant_id: UUID
    order_id: UUID
    quantity: PositiveQuantity
    backordered: Quantity
    available: Available


@event(
    "inventory.released",
    aggregate="inventory_item",
    key="variant_id",
    read_model=True,
    unaudited="moves with its order, which is recorded",
)
class InventoryReleased(Event, frozen=True, kw_only=True):
    variant_id: UUID
    order_id: UUID
    quantity: PositiveQuantity
    available: Available


@event(
    "inventory.low",
    aggregate="inventory_item",
    key="variant_id",
    unaudited="follows from a change that is recorded",
)
class InventoryLow(Event, frozen=True, kw_only=True):
    variant_id: UUID
    available: Available
    threshold: Quantity


@event(
    "inventory.out_of_stock",
    aggregate="inventory_item",
    key="variant_id",
    unaudited="follows from a change that is recorded",
)
class InventoryOutOfStock(Event, frozen=True, kw_only=True):
    variant_id: UUID


@event(
    "inventory.back_in_stock",
    aggregate="inventory_item",
    key="variant_id",
    unaudited="follows from a change that is recorded",
)
class InventoryBackInStock(Event, frozen=True, kw_only=True):
    variant_id: UUID
    available: Available
