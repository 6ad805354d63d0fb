"""Which events make which products' documents anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol
from uuid import UUID

from rustok.commerce.inventory.events import (
    InventoryAdjusted,
    InventoryReleased,
    InventoryReserved,
)
from rustok.commerce.pricing.events import PriceUpdated
from rustok.commerce.products.events import (
    CollectionDeleted,
    CollectionUpdated,
    ProductArchived,
    ProductCreated,
    ProductDeleted,
    ProductPublished,
    ProductUnpublished,
    ProductUpdated,
    VariantCreated,
    VariantDeleted,
    VariantUpdated,
)
from rustok.core.bus.port import Consumer, Handler
from rustok.core.db import WriteTx
from rustok.core.events.envelope import Envelope
from rustok.core.events.shared import CategoryDeleted, CategoryUpdated
from rustok.index.applying import apply, apply_to_ref
from rustok.index.products.service import PROJECTION, product_of
from rustok.index.rebuild import request
from rustok.platform.tenants.events import (
    LocaleDisabled,
    LocaleEnabled,
    TenantRestored,
    TenantUpdated,
)


class OfProduct(Protocol):
    """An event that names its product."""

    @property
    def product_id(self) -> UUID: ...


class OfVariant(Protocol):
    """An event that names a variant only."""

    @property
    def variant_id(self) -> UUID: ...


async def refresh_product(tx: WriteTx, event: OfProduct, envelope: Envelope) -> None:
    await apply(tx, PROJECTION, envelope, event.product_id)


async def refresh_product_of_variant(tx: WriteTx, event: OfVariant, envelope: Envelope) -> None:
    """A variant that is gone has had its own event, which names the product."""
    product_id = await product_of(tx, event.variant_id)
    await apply(tx, PROJECTION, envelope, *([product_id] if product_id is not None else []))


StockEvent = InventoryAdjusted | InventoryReserved | InventoryReleased


def crosses_zero(event: StockEvent) -> bool:
    """Whether the free pieces may have come to zero or left it; documents say no more of stock.

    Most reservations do not, and cost one statement. Never False when it did cross: what was free
    before is at least what is free now less what came.
    """
    came = 0
    if isinstance(event, InventoryAdjusted):
        came = max(0, event.quantity_delta)
    elif isinstance(event, InventoryReleased):
        came = event.quantity
    return event.available - came <= 0


async def refresh_stock(tx: WriteTx, event: StockEvent, envelope: Envelope) -> None:
    if crosses_zero(event):
        await refresh_product_of_variant(tx, event, envelope)
    else:
        await apply(tx, PROJECTION, envelope)


async def refresh_category(
    tx: WriteTx, event: CategoryUpdated | CategoryDeleted, envelope: Envelope
) -> None:
    if event.domain == "catalog":
        await apply_to_ref(tx, PROJECTION, envelope, event.category_id, reason="category_changed")


async def refresh_collection(
    tx: WriteTx, event: CollectionUpdated | CollectionDeleted, envelope: Envelope
) -> None:
    """Products that joined or left have an event of their own; this is about its name."""
    if isinstance(event, CollectionUpdated) and set(event.changed) == {"products"}:
        return
    await apply_to_ref(tx, PROJECTION, envelope, event.collection_id, reason="collection_changed")


async def refresh_tenant(tx: WriteTx, event: TenantUpdated, envelope: Envelope) -> None:
    """Emits: index.reindex_requested when documents depend on what changed"""
    if {"currencies", "default_locale", "locales"} & set(event.changed):
        await apply(tx, PROJECTION, envelope)
        await request(tx, PROJECTION, reason="tenant_changed")


async def rebuild_restored(tx: WriteTx, _event: TenantRestored, envelope: Envelope) -> None:
    """Emits: index.reindex_requested"""
    await apply(tx, PROJECTION, envelope)
    await request(tx, PROJECTION, reason="requested")


async def refresh_locales(
    tx: WriteTx, _event: LocaleEnabled | LocaleDisabled, envelope: Envelope
) -> None:
    """Emits: index.reindex_requested"""
    await apply(tx, PROJECTION, envelope)
    await request(tx, PROJECTION, reason="tenant_changed")


_HANDLERS: Final[Mapping[str, Handler]] = {
    **{
        kind.type: refresh_product
        for kind in (
            ProductCreated,
            ProductUpdated,
            ProductPublished,
            ProductUnpublished,
            ProductArchived,
            ProductDeleted,
            VariantCreated,
            VariantUpdated,
            VariantDeleted,
        )
    },
    PriceUpdated.type: refresh_product_of_variant,
    **{
        kind.type: refresh_stock
        for kind in (InventoryAdjusted, InventoryReserved, InventoryReleased)
    },
    CategoryUpdated.type: refresh_category,
    CategoryDeleted.type: refresh_category,
    CollectionUpdated.type: refresh_collection,
    CollectionDeleted.type: refresh_collection,
    TenantUpdated.type: refresh_tenant,
    LocaleEnabled.type: refresh_locales,
    LocaleDisabled.type: refresh_locales,
    TenantRestored.type: rebuild_restored,
}

CONSUMER: Final = Consumer(name="index.products", handlers=_HANDLERS)
