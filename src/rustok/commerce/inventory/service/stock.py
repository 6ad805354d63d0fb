"""What is on hand: reading it, correcting it, and the ledger of every piece that came or went.

Refuses: taking pieces that are promised to orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from rustok.commerce.inventory.errors import LocationInactive, QuantityOutOfRange, StockReserved
from rustok.commerce.inventory.events import AdjustReason, InventoryAdjusted
from rustok.commerce.inventory.model import (
    Availability,
    Movement,
    Shift,
    StockLevel,
    apply_shifts,
    crossing,
    free_by_variant,
)
from rustok.commerce.inventory.repository import levels as repository
from rustok.commerce.inventory.repository import locations
from rustok.commerce.inventory.service.locations import default_location
from rustok.commerce.products import api as products
from rustok.commerce.products.api import VariantNotFound
from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.pagination import Page, PageRequest
from rustok.core.types import MAX_QUANTITY

DEFAULT_LOW_THRESHOLD: Final = 5


async def available(tx: ReadTx, variant_ids: Sequence[UUID]) -> dict[UUID, Availability]:
    """The stock of each variant asked for over all open locations, in one query."""
    found = await repository.sum_levels(tx, variant_ids) if variant_ids else {}
    nothing = Availability()
    return {variant_id: found.get(variant_id, nothing) for variant_id in variant_ids}


async def list_levels(tx: ReadTx, variant_ids: Sequence[UUID]) -> list[StockLevel]:
    """The levels of some variants by variant, in the order stock is sold from."""
    return await repository.list_levels(tx, variant_ids)


async def list_levels_of(tx: ReadTx, variant_id: UUID) -> list[StockLevel]:
    """The levels of one variant, in the order stock is sold from. Raises VariantNotFound."""
    levels = await repository.list_levels(tx, [variant_id])
    if not levels:
        await products.get_variant(tx, variant_id)
    return levels


async def list_movements(tx: ReadTx, variant_id: UUID, page: PageRequest) -> Page[Movement]:
    """The ledger of a variant, newest first. Raises VariantNotFound, InvalidCursor."""
    found = await repository.list_movements(tx, variant_id, page)
    if not found.items:
        await products.get_variant(tx, variant_id)
    return found


async def sum_ledger(tx: ReadTx, variant_id: UUID, location_id: UUID) -> int:
    """What the ledger says is on hand at a level."""
    return await repository.sum_ledger(tx, variant_id, location_id)


async def adjust(
    tx: WriteTx,
    variant_id: UUID,
    *,
    delta: int,
    reason: AdjustReason,
    reference: str = "",
    location_id: UUID | None = None,
) -> StockLevel:
    """Add or take pieces on hand.

    Args:
        delta: pieces, negative to take.
        reference: what it is booked for: a delivery note, a count.
        location_id: None is the default location.

    Raises:
        LocationNotFound, LocationInactive.
        VariantNotFound: no such variant.
        StockReserved: the pieces to take are promised to orders.
        QuantityOutOfRange: below zero, or beyond 2147483647.

    Emits: inventory.adjusted, inventory.low, inventory.out_of_stock, inventory.back_in_stock
    """
    levels, at = await _lock_at(tx, [variant_id], location_id)
    return await _book(tx, levels, at[variant_id], delta=delta, reason=reason, reference=reference)


async def set_level(
    tx: WriteTx,
    variant_id: UUID,
    *,
    on_hand: int,
    reason: AdjustReason = "counted",
    reference: str = "",
    location_id: UUID | None = None,
) -> StockLevel:
    """Make the pieces on hand `on_hand`, as an import or a count says. No change, no event.

    Raises:
        As `adjust`.

    Emits: as `adjust`.
    """
    levels, at = await _lock_at(tx, [variant_id], location_id)
    level = at[variant_id]
    delta = on_hand - level.on_hand
    return await _book(tx, levels, level, delta=delta, reason=reason, reference=reference)


async def set_levels(
    tx: WriteTx,
    on_hand: Mapping[UUID, int],
    *,
    reason: AdjustReason = "imported",
    reference: str = "",
    location_id: UUID | None = None,
) -> int:
    """As `set_level` for many variants, in a fixed number of statements: all or none.

    Args:
        on_hand: pieces by variant id.

    Returns:
        How many levels changed.

    Raises:
        As `adjust`.

    Emits: as `adjust`, for each level that changed.
    """
    if not on_hand:
        return 0
    levels, at = await _lock_at(tx, sorted(on_hand), location_id)
    shifts = [
        _checked(at[variant_id], on_hand[variant_id] - at[variant_id].on_hand)
        for variant_id in sorted(on_hand)
        if on_hand[variant_id] != at[variant_id].on_hand
    ]
    if shifts:
        after = await move(tx, levels, shifts, reason=reason, reference=reference)
        announce_crossings(tx, free_by_variant(levels), free_by_variant(after.values()))
    return len(shifts)


async def _lock_at(
    tx: WriteTx, variant_ids: Sequence[UUID], location_id: UUID | None
) -> tuple[list[StockLevel], dict[UUID, StockLevel]]:
    """All levels of the variants, locked, and by variant those of one location, made if missing."""
    location = (
        await default_location(tx)
        if location_id is None
        else await locations.get_location(tx, location_id)
    )
    if not location.active:
        raise LocationInactive(location.code)
    known = {
        level.variant_id
        for level in await repository.list_levels(tx, variant_ids)
        if level.location_id == location.id
    }
    missing = [one for one in variant_ids if one not in known]
    if missing:
        # Their first stock here: refuse a mistyped id. Rows are added before any is locked.
        if len(await products.find_variants(tx, missing)) < len(missing):
            raise VariantNotFound
        await repository.add_levels(tx, missing, location.id)
    levels = await repository.lock_levels(tx, variant_ids)
    return levels, {one.variant_id: one for one in levels if one.location_id == location.id}


def _checked(level: StockLevel, delta: int) -> Shift:
    on_hand = level.on_hand + delta
    if not 0 <= on_hand <= MAX_QUANTITY:
        raise QuantityOutOfRange(on_hand=level.on_hand, delta=delta)
    if on_hand < level.reserved:
        raise StockReserved(variant_id=level.variant_id, wanted=on_hand, reserved=level.reserved)
    return Shift(variant_id=level.variant_id, location_id=level.location_id, on_hand=delta)


async def _book(
    tx: WriteTx,
    levels: list[StockLevel],
    level: StockLevel,
    *,
    delta: int,
    reason: AdjustReason,
    reference: str,
) -> StockLevel:
    if delta == 0:
        return level
    shift = _checked(level, delta)
    after = await move(tx, levels, [shift], reason=reason, reference=reference)
    announce_crossings(tx, free_by_variant(levels), free_by_variant(after.values()))
    return after[(level.variant_id, level.location_id)]


async def move(
    tx: WriteTx,
    levels: Iterable[StockLevel],
    shifts: list[Shift],
    *,
    reason: AdjustReason,
    reference: str,
) -> dict[tuple[UUID, UUID], StockLevel]:
    """Change what is on hand, with one ledger line and one event per level."""
    before = {(level.variant_id, level.location_id): level for level in levels}
    repository.shift_levels(tx, shifts)
    after = apply_shifts(before.values(), shifts)
    free = free_by_variant(after.values())
    movements = [
        Movement(
            id=new_id(),
            variant_id=shift.variant_id,
            location_id=shift.location_id,
            reason=reason,
            reference=reference,
            quantity_delta=shift.on_hand,
            on_hand_before=before[(shift.variant_id, shift.location_id)].on_hand,
            on_hand_after=after[(shift.variant_id, shift.location_id)].on_hand,
            actor_id=tx.ctx.actor.id,
            created_at=tx.now,
        )
        for shift in shifts
    ]
    repository.add_movements(tx, movements)
    for movement in movements:
        tx.emit(
            InventoryAdjusted(
                variant_id=movement.variant_id,
                location_id=movement.location_id,
                reason=reason,
                quantity_delta=movement.quantity_delta,
                on_hand_before=movement.on_hand_before,
                on_hand_after=movement.on_hand_after,
                available=free[movement.variant_id],
            ),
            before={"on_hand": movement.on_hand_before},
            after={"on_hand": movement.on_hand_after},
        )
    return after


def announce_crossings(tx: WriteTx, before: Mapping[UUID, int], after: Mapping[UUID, int]) -> None:
    threshold = int(tx.ctx.tenant.settings.get("inventory_low_threshold", DEFAULT_LOW_THRESHOLD))
    for variant_id, now_free in sorted(after.items()):
        fact = crossing(
            variant_id, before=before.get(variant_id, 0), after=now_free, threshold=threshold
        )
        if fact is not None:
            tx.emit(fact)
