"""Wire shapes of inventory."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.commerce.inventory.events import AdjustReason, Delta
from rustok.commerce.inventory.model import Location, Movement, StockLevel
from rustok.core.types import SHORT_TEXT_PATTERN, Quantity, Title

LocationCode = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=63,
        pattern=r"^[a-z0-9][a-z0-9-]*$(?!\n)",
        description="A short name of the location: lower-case letters, digits, hyphens.",
        examples=["hamburg"],
    ),
]
Priority = Annotated[
    int,
    Meta(ge=0, le=1_000, description="Stock is sold from the lowest first.", examples=[10]),
]
Reference = Annotated[
    str,
    Meta(
        max_length=200,
        pattern=SHORT_TEXT_PATTERN,
        description="What the movement is booked for.",
        examples=["delivery note 4711"],
    ),
]


class CreateLocation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: LocationCode
    name: Title
    priority: Priority = 10


class UpdateLocation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay as they are."""

    name: Title | None = None
    priority: Priority | None = None
    active: bool | None = None


class AdjustStock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pieces that came (positive) or went (negative); without a location, at the default one."""

    delta: Delta
    reason: AdjustReason
    reference: Reference = ""
    location_id: UUID | None = None


class SetStock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was counted; without a location, at the default one."""

    on_hand: Quantity
    reference: Reference = ""
    location_id: UUID | None = None


class LocationView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    code: str
    name: str
    priority: int
    active: bool
    version: int
    created_at: datetime
    updated_at: datetime


class StockLevelView(msgspec.Struct, frozen=True, kw_only=True):
    """The pieces of a variant at a location; `available` is what a new order may take."""

    variant_id: UUID
    location_id: UUID
    on_hand: int
    reserved: int
    backordered: int
    available: int


class StockView(msgspec.Struct, frozen=True, kw_only=True):
    """The pieces of a variant over its locations."""

    variant_id: UUID
    on_hand: int
    reserved: int
    backordered: int
    available: int
    levels: list[StockLevelView]


class MovementView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the ledger."""

    id: UUID
    variant_id: UUID
    location_id: UUID
    reason: str
    reference: str
    quantity_delta: int
    on_hand_before: int
    on_hand_after: int
    actor_id: UUID | None
    created_at: datetime


def location_view(location: Location) -> LocationView:
    return LocationView(**msgspec.structs.asdict(location))


def level_view(level: StockLevel) -> StockLevelView:
    return StockLevelView(
        variant_id=level.variant_id,
        location_id=level.location_id,
        on_hand=level.on_hand,
        reserved=level.reserved,
        backordered=level.backordered,
        available=level.free,
    )


def stock_view(variant_id: UUID, levels: list[StockLevel]) -> StockView:
    views = [level_view(level) for level in levels]
    return StockView(
        variant_id=variant_id,
        on_hand=sum(view.on_hand for view in views),
        reserved=sum(view.reserved for view in views),
        backordered=sum(view.backordered for view in views),
        available=sum(view.available for view in views),
        levels=views,
    )


def movement_view(movement: Movement) -> MovementView:
    return MovementView(**msgspec.structs.asdict(movement))
