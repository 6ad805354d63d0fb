"""Stock as values: levels, movements, reservations, and the pure sums that move them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from rustok.commerce.inventory.events import (
    InventoryBackInStock,
    InventoryLow,
    InventoryOutOfStock,
)

ReservationState = Literal["active", "consumed", "released"]


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """A place where stock lies; a lower `priority` is sold from first."""

    id: UUID
    code: str
    name: str
    priority: int
    active: bool
    version: int
    created_at: datetime
    updated_at: datetime


class StockLevel(msgspec.Struct, frozen=True, kw_only=True):
    """The stock of one variant at one location, in pieces.

    Attributes:
        on_hand: lies there.
        reserved: of these, promised to orders; never more than `on_hand`.
        backordered: promised to orders from what is yet to come.
        active: whether the location is open.
    """

    variant_id: UUID
    location_id: UUID
    on_hand: int
    reserved: int
    backordered: int
    active: bool = True

    @property
    def free(self) -> int:
        """What a new order may take: arriving pieces go to earlier backorders first."""
        return max(0, self.on_hand - self.reserved - self.backordered) if self.active else 0


class Shift(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A change of one level; the database refuses one that would oversell."""

    variant_id: UUID
    location_id: UUID
    on_hand: int = 0
    reserved: int = 0
    backordered: int = 0


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the ledger: the deltas of a level add up to what is on hand."""

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


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """The stock of one variant over all open locations, in pieces."""

    on_hand: int = 0
    reserved: int = 0
    backordered: int = 0
    available: int = 0

    def covers(self, quantity: int, *, track_inventory: bool, allow_backorder: bool) -> bool:
        """Whether `quantity` pieces can be promised now; what is not tracked always can."""
        return not track_inventory or allow_backorder or quantity <= self.available


class ReserveLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one order line wants of the stock. `sku` is only for the message of a refusal."""

    order_line_id: UUID
    variant_id: UUID
    quantity: int
    sku: str = ""
    track_inventory: bool = True
    allow_backorder: bool = False


class ReservationData(msgspec.Struct, frozen=True, kw_only=True):
    """What every reservation has. `backorder`: promised from what is yet to come."""

    state: ClassVar[ReservationState]

    id: UUID
    order_id: UUID
    order_line_id: UUID
    variant_id: UUID
    location_id: UUID
    backorder: bool
    quantity: int
    consumed: int
    released: int
    expires_at: datetime | None
    version: int

    @property
    def remaining(self) -> int:
        return self.quantity - self.consumed - self.released


class ActiveReservation(ReservationData, frozen=True, kw_only=True):
    """Pieces held for an order line."""

    state: ClassVar[ReservationState] = "active"

    def consume(self, quantity: int) -> tuple[Reservation, Shift]:
        """Ship pieces: they leave the shelf and the promise."""
        shift = Shift(
            variant_id=self.variant_id,
            location_id=self.location_id,
            on_hand=-quantity,
            reserved=0 if self.backorder else -quantity,
            backordered=-quantity if self.backorder else 0,
        )
        return self._after(consumed=self.consumed + quantity, released=self.released), shift

    def release(self, quantity: int) -> tuple[Reservation, Shift]:
        """Give pieces back to be sold to others."""
        shift = Shift(
            variant_id=self.variant_id,
            location_id=self.location_id,
            reserved=0 if self.backorder else -quantity,
            backordered=-quantity if self.backorder else 0,
        )
        return self._after(consumed=self.consumed, released=self.released + quantity), shift

    def _after(self, *, consumed: int, released: int) -> Reservation:
        left = self.quantity - consumed - released
        kind: type[Reservation] = ActiveReservation
        if left == 0:
            kind = ConsumedReservation if consumed else ReleasedReservation
        return kind(
            id=self.id,
            order_id=self.order_id,
            order_line_id=self.order_line_id,
            variant_id=self.variant_id,
            location_id=self.location_id,
            backorder=self.backorder,
            quantity=self.quantity,
            consumed=consumed,
            released=released,
            expires_at=self.expires_at,
            version=self.version + 1,
        )


class ConsumedReservation(ReservationData, frozen=True, kw_only=True):
    """All pieces are shipped, or shipped in part and given back for the rest."""

    state: ClassVar[ReservationState] = "consumed"


class ReleasedReservation(ReservationData, frozen=True, kw_only=True):
    """All pieces were given back."""

    state: ClassVar[ReservationState] = "released"


Reservation = ActiveReservation | ConsumedReservation | ReleasedReservation


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of one order line taken from one level."""

    order_line_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int
    backorder: bool


class Shortage(msgspec.Struct, frozen=True, kw_only=True):
    """A variant of which an order wants more than is free."""

    variant_id: UUID
    sku: str
    wanted: int
    available: int


def allocate(
    lines: Iterable[ReserveLine], levels: Mapping[UUID, Sequence[StockLevel]]
) -> tuple[list[Allocation], list[Shortage]]:
    """Spread order lines over locations.

    Args:
        lines: tracked lines only; several may want the same variant.
        levels: per variant, open locations in the order to sell from. The first takes the
            backorders; a variant that allows them has at least one level.

    Returns:
        Allocations in the order of the lines, and one shortage per short variant; where there is a
        shortage the allocations must not be used.
    """
    free = {
        (level.variant_id, level.location_id): level.free
        for each in levels.values()
        for level in each
    }
    wanted: dict[UUID, int] = {}
    short: dict[UUID, str] = {}
    allocations: list[Allocation] = []
    for line in lines:
        wanted[line.variant_id] = wanted.get(line.variant_id, 0) + line.quantity
        left = line.quantity
        own = levels.get(line.variant_id, ())
        for level in own:
            key = (level.variant_id, level.location_id)
            taken = min(left, free[key])
            if taken > 0:
                free[key] -= taken
                left -= taken
                allocations.append(_allocation(line, level.location_id, taken, backorder=False))
        if left and line.allow_backorder and own:
            allocations.append(_allocation(line, own[0].location_id, left, backorder=True))
        elif left:
            short[line.variant_id] = line.sku
    shortages = [
        Shortage(
            variant_id=variant_id,
            sku=sku,
            wanted=wanted[variant_id],
            available=sum(level.free for level in levels.get(variant_id, ())),
        )
        for variant_id, sku in short.items()
    ]
    return allocations, shortages


def _allocation(
    line: ReserveLine, location_id: UUID, quantity: int, *, backorder: bool
) -> Allocation:
    return Allocation(
        order_line_id=line.order_line_id,
        variant_id=line.variant_id,
        location_id=location_id,
        quantity=quantity,
        backorder=backorder,
    )


def sum_shifts(shifts: Iterable[Shift]) -> list[Shift]:
    """One shift per level, sorted by variant and location: the order levels are locked in."""
    sums: dict[tuple[UUID, UUID], Shift] = {}
    for shift in shifts:
        key = (shift.variant_id, shift.location_id)
        known = sums.get(key)
        sums[key] = (
            shift
            if known is None
            else Shift(
                variant_id=shift.variant_id,
                location_id=shift.location_id,
                on_hand=known.on_hand + shift.on_hand,
                reserved=known.reserved + shift.reserved,
                backordered=known.backordered + shift.backordered,
            )
        )
    return [sums[key] for key in sorted(sums)]


def apply_shifts(
    levels: Iterable[StockLevel], shifts: Iterable[Shift]
) -> dict[tuple[UUID, UUID], StockLevel]:
    """The levels after `shifts`, by (variant, location)."""
    after = {(level.variant_id, level.location_id): level for level in levels}
    for shift in shifts:
        key = (shift.variant_id, shift.location_id)
        level = after[key]
        after[key] = msgspec.structs.replace(
            level,
            on_hand=level.on_hand + shift.on_hand,
            reserved=level.reserved + shift.reserved,
            backordered=level.backordered + shift.backordered,
        )
    return after


def free_by_variant(levels: Iterable[StockLevel]) -> dict[UUID, int]:
    """Free pieces per variant over its open locations."""
    free: dict[UUID, int] = {}
    for level in levels:
        free[level.variant_id] = free.get(level.variant_id, 0) + level.free
    return free


def crossing(
    variant_id: UUID, *, before: int, after: int, threshold: int
) -> InventoryLow | InventoryOutOfStock | InventoryBackInStock | None:
    """The fact worth announcing when the free pieces go from `before` to `after`, if any."""
    if before > 0 and after == 0:
        return InventoryOutOfStock(variant_id=variant_id)
    if before == 0 and after > 0:
        return InventoryBackInStock(variant_id=variant_id, available=after)
    if before > threshold >= after:
        return InventoryLow(variant_id=variant_id, available=after, threshold=threshold)
    return None
