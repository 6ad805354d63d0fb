"""Stock over HTTP, for the staff."""

from __future__ import annotations

from uuid import UUID

from rustok.commerce.inventory import service
from rustok.commerce.inventory.errors import (
    LastLocation,
    LocationCodeTaken,
    LocationInactive,
    LocationNotFound,
    QuantityOutOfRange,
    StockReserved,
)
from rustok.commerce.inventory.schemas import (
    AdjustStock,
    CreateLocation,
    LocationView,
    MovementView,
    SetStock,
    StockLevelView,
    StockView,
    UpdateLocation,
    level_view,
    location_view,
    movement_view,
    stock_view,
)
from rustok.commerce.products.api import VariantNotFound
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import ReadCall, Reply, Routes, WriteCall

admin = Routes("inventory", surface="admin", tag="Inventory")


@admin.get("/stock-locations", permission="inventory:list", summary="List stock locations")
async def list_stock_locations(call: ReadCall) -> list[LocationView]:
    return [location_view(one) for one in await service.list_locations(call.tx)]


@admin.post(
    "/stock-locations",
    permission="inventory:create",
    status=201,
    summary="Open a stock location",
    errors=[LocationCodeTaken],
    example=CreateLocation(code="hamburg", name="Hamburg", priority=10),
)
async def create_stock_location(call: WriteCall, data: CreateLocation) -> Reply[LocationView]:
    location = await service.open_location(
        call.tx, code=data.code, name=data.name, priority=data.priority
    )
    return Reply(body=location_view(location))


@admin.patch(
    "/stock-locations/{location_id}",
    permission="inventory:update",
    summary="Change or close a stock location",
    errors=[LocationNotFound, LastLocation],
    example=UpdateLocation(name="Hamburg harbour", active=True),
)
async def update_stock_location(
    call: WriteCall, location_id: UUID, data: UpdateLocation
) -> LocationView:
    location = await service.update_location(
        call.tx,
        location_id,
        name=data.name,
        priority=data.priority,
        active=data.active,
        expected_version=call.expected_version,
    )
    return location_view(location)


@admin.get(
    "/variants/{variant_id}/stock",
    permission="inventory:read",
    summary="Show the stock of a variant",
    errors=[VariantNotFound],
)
async def get_stock(call: ReadCall, variant_id: UUID) -> StockView:
    return stock_view(variant_id, await service.list_levels_of(call.tx, variant_id))


@admin.get(
    "/variants/{variant_id}/stock/movements",
    permission="inventory:read",
    summary="Read the stock ledger of a variant, newest first",
    errors=[VariantNotFound],
)
async def list_stock_movements(
    call: ReadCall, variant_id: UUID, query: PageRequest
) -> Page[MovementView]:
    page = await service.list_movements(call.tx, variant_id, query)
    return Page(items=[movement_view(one) for one in page.items], next_cursor=page.next_cursor)


@admin.post(
    "/variants/{variant_id}/stock/adjust",
    permission="inventory:update",
    idempotency="required",
    precondition="none",
    summary="Book pieces in or out",
    errors=[
        VariantNotFound,
        LocationNotFound,
        LocationInactive,
        StockReserved,
        QuantityOutOfRange,
    ],
    example=AdjustStock(delta=12, reason="received", reference="delivery note 4711"),
)
async def adjust_stock(call: WriteCall, variant_id: UUID, data: AdjustStock) -> StockLevelView:
    level = await service.adjust(
        call.tx,
        variant_id,
        delta=data.delta,
        reason=data.reason,
        reference=data.reference,
        location_id=data.location_id,
    )
    return level_view(level)


@admin.put(
    "/variants/{variant_id}/stock",
    permission="inventory:update",
    precondition="none",
    summary="Set the pieces on hand after a count",
    errors=[VariantNotFound, LocationNotFound, LocationInactive, StockReserved],
    example=SetStock(on_hand=40, reference="count of June"),
)
async def set_stock(call: WriteCall, variant_id: UUID, data: SetStock) -> StockLevelView:
    level = await service.set_level(
        call.tx,
        variant_id,
        on_hand=data.on_hand,
        reference=data.reference,
        location_id=data.location_id,
    )
    return level_view(level)
