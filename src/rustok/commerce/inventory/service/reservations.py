"""Stock promised to orders: given, taken back, shipped; refuses half a promise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from rustok.commerce.inventory.errors import ReservationTooSmall, StockInsufficient
from rustok.commerce.inventory.events import InventoryReleased, InventoryReserved
from rustok.commerce.inventory.model import (
    ActiveReservation,
    Reservation,
    ReserveLine,
    Shift,
    StockLevel,
    allocate,
    apply_shifts,
    free_by_variant,
    sum_shifts,
)
from rustok.commerce.inventory.repository import levels as stock
from rustok.commerce.inventory.repository import reservations as repository
from rustok.commerce.inventory.service.locations import default_location
from rustok.commerce.inventory.service.stock import announce_crossings, move
from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.parts import Parts
from rustok.core.tenancy import context_for
from rustok.telemetry.metrics import RESERVATION_CONFLICTS


async def list_reservations(tx: ReadTx, order_id: UUID) -> list[Reservation]:
    """Every reservation of an order, in whatever state."""
    return await repository.list_reservations(tx, order_id)


async def reserve(
    tx: WriteTx,
    order_id: UUID,
    lines: Sequence[ReserveLine],
    *,
    expires_at: datetime | None = None,
) -> list[ActiveReservation]:
    """Promise stock to an order: all lines or none.

    Args:
        lines: several may want the same variant; what is not tracked is skipped.
        expires_at: when the promise ends by itself; None holds until it is released or shipped.

    Raises:
        StockInsufficient: naming every short variant.

    Emits: inventory.reserved, inventory.low, inventory.out_of_stock
    """
    tracked = [line for line in lines if line.track_inventory]
    if not tracked:
        return []
    levels = await _lock_for(tx, tracked)
    open_levels: dict[UUID, list[StockLevel]] = {}
    for level in levels:
        if level.active:
            open_levels.setdefault(level.variant_id, []).append(level)
    allocations, short = allocate(tracked, open_levels)
    if short:
        RESERVATION_CONFLICTS.inc()
        raise StockInsufficient(
            [(one.variant_id, one.sku, one.wanted, one.available) for one in short]
        )
    shifts = sum_shifts(
        Shift(
            variant_id=one.variant_id,
            location_id=one.location_id,
            reserved=0 if one.backorder else one.quantity,
            backordered=one.quantity if one.backorder else 0,
        )
        for one in allocations
    )
    stock.shift_levels(tx, shifts)
    reservations = [
        ActiveReservation(
            id=new_id(),
            order_id=order_id,
            order_line_id=one.order_line_id,
            variant_id=one.variant_id,
            location_id=one.location_id,
            backorder=one.backorder,
            quantity=one.quantity,
            consumed=0,
            released=0,
            expires_at=expires_at,
            version=1,
        )
        for one in allocations
    ]
    repository.add_reservations(tx, reservations)
    after = free_by_variant(apply_shifts(levels, shifts).values())
    promised, behind = _sums(reservations)
    for variant_id in sorted(promised):
        tx.emit(
            InventoryReserved(
                variant_id=variant_id,
                order_id=order_id,
                quantity=promised[variant_id],
                backordered=behind[variant_id],
                available=after[variant_id],
            )
        )
    announce_crossings(tx, free_by_variant(levels), after)
    return reservations


async def _lock_for(tx: WriteTx, lines: Sequence[ReserveLine]) -> list[StockLevel]:
    """The locked levels of the lines; a variant sold on backorder gets one when it has none open."""
    wanted = sorted({line.variant_id for line in lines})
    backorders = {line.variant_id for line in lines if line.allow_backorder}
    if backorders:
        # Rows are added before any is locked: the other way round two orders could block each other.
        known = {one.variant_id for one in await stock.list_levels(tx, wanted) if one.active}
        missing = sorted(backorders - known)
        if missing:
            location = await default_location(tx)
            await stock.add_levels(tx, missing, location.id)
    return await stock.lock_levels(tx, wanted)


def _sums(reservations: Iterable[ActiveReservation]) -> tuple[dict[UUID, int], dict[UUID, int]]:
    promised: dict[UUID, int] = {}
    behind: dict[UUID, int] = {}
    for one in reservations:
        promised[one.variant_id] = promised.get(one.variant_id, 0) + one.quantity
        behind[one.variant_id] = behind.get(one.variant_id, 0) + (
            one.quantity if one.backorder else 0
        )
    return promised, behind


async def release(tx: WriteTx, order_id: UUID, quantities: Mapping[UUID, int] | None = None) -> int:
    """Give promised stock back.

    Args:
        quantities: pieces by order line id; None gives back all that is left. Lines that never
            had a reservation (not tracked) may not be named.

    Returns:
        How many pieces were given back.

    Raises:
        ReservationTooSmall: a line has fewer pieces reserved.

    Emits: inventory.released, inventory.back_in_stock
    """
    active = await repository.lock_active(tx, order_id)
    # Backorders first: who cancels part of an order keeps what lies on the shelf.
    in_turn = sorted(active, key=lambda one: not one.backorder)
    return await _give_back(tx, order_id, _take(in_turn, quantities, ActiveReservation.release))


async def _give_back(
    tx: WriteTx, order_id: UUID, steps: Sequence[tuple[Reservation, Shift]]
) -> int:
    if not steps:
        return 0
    levels, after = await _settle(tx, steps)
    given: dict[UUID, int] = {}
    for _, shift in steps:
        given[shift.variant_id] = (
            given.get(shift.variant_id, 0) - shift.reserved - shift.backordered
        )
    free = free_by_variant(after.values())
    for variant_id in sorted(given):
        tx.emit(
            InventoryReleased(
                variant_id=variant_id,
                order_id=order_id,
                quantity=given[variant_id],
                available=free[variant_id],
            )
        )
    announce_crossings(tx, free_by_variant(levels), free)
    return sum(given.values())


async def consume(tx: WriteTx, order_id: UUID, quantities: Mapping[UUID, int] | None = None) -> int:
    """Ship promised stock: pieces leave the shelf and the promise.

    Args:
        quantities: pieces by order line id; None ships all that is left.

    Returns:
        How many pieces left the shelf.

    Raises:
        ReservationTooSmall: a line has fewer pieces reserved.
        StockInsufficient: a backordered piece has not arrived yet.

    Emits: inventory.adjusted
    """
    active = await repository.lock_active(tx, order_id)
    steps = _take(active, quantities, ActiveReservation.consume)
    if not steps:
        return 0
    shifts = sum_shifts(shift for _, shift in steps)
    levels = await stock.lock_levels(tx, sorted({shift.variant_id for shift in shifts}))
    after = apply_shifts(levels, shifts)
    before = {(level.variant_id, level.location_id): level for level in levels}
    missing = [
        (key[0], "", -shift.on_hand, before[key].on_hand - after[key].reserved)
        for shift in shifts
        for key in [(shift.variant_id, shift.location_id)]
        if after[key].on_hand < after[key].reserved
    ]
    if missing:
        raise StockInsufficient(missing)
    await repository.store_reservations(tx, [one for one, _ in steps])
    await move(tx, levels, shifts, reason="shipped", reference=str(order_id))
    return sum(-shift.on_hand for shift in shifts)


def _take(
    active: Iterable[ActiveReservation],
    quantities: Mapping[UUID, int] | None,
    step: Callable[[ActiveReservation, int], tuple[Reservation, Shift]],
) -> list[tuple[Reservation, Shift]]:
    steps: list[tuple[Reservation, Shift]] = []
    if quantities is None:
        return [step(one, one.remaining) for one in active]
    left = {line_id: quantity for line_id, quantity in quantities.items() if quantity > 0}
    for one in active:
        taken = min(left.get(one.order_line_id, 0), one.remaining)
        if taken:
            left[one.order_line_id] -= taken
            steps.append(step(one, taken))
    for line_id, missing in left.items():
        if missing:
            wanted = quantities[line_id]
            raise ReservationTooSmall(
                order_line_id=line_id, wanted=wanted, reserved=wanted - missing
            )
    return steps


async def _settle(
    tx: WriteTx, steps: Sequence[tuple[Reservation, Shift]]
) -> tuple[list[StockLevel], dict[tuple[UUID, UUID], StockLevel]]:
    shifts = sum_shifts(shift for _, shift in steps)
    levels = await stock.lock_levels(tx, sorted({shift.variant_id for shift in shifts}))
    stock.shift_levels(tx, shifts)
    await repository.store_reservations(tx, [one for one, _ in steps])
    return levels, apply_shifts(levels, shifts)


async def release_expired(parts: Parts) -> int:
    """The job that gives back promises past their time, in all tenants; safe to run twice.

    Returns:
        How many pieces were given back.
    """
    async with parts.db.system("reservations past their time", write=False) as system:
        due = await repository.list_expired(system, at=system.now, limit=1_000)
    given = 0
    for one in due:
        ctx = context_for(await parts.profile_of(one.tenant_id))
        async with parts.db.write(ctx) as tx:
            given += await _release_expired_of(tx, one.order_id)
    return given


async def _release_expired_of(tx: WriteTx, order_id: UUID) -> int:
    active = await repository.lock_active(tx, order_id)
    expired = [one for one in active if one.expires_at is not None and one.expires_at < tx.now]
    return await _give_back(tx, order_id, [one.release(one.remaining) for one in expired])
