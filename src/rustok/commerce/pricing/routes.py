"""Prices over HTTP."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rustok.commerce.pricing import service
from rustok.commerce.pricing.errors import PriceInvalid, PriceNotFound
from rustok.commerce.pricing.schemas import PriceView, SetPrice, price_view, sale_of
from rustok.commerce.products.api import VariantNotFound
from rustok.core.money import InvalidCurrency
from rustok.core.routing import ReadCall, Routes, WriteCall

admin: Final = Routes("pricing", surface="admin", tag="Prices")


@admin.get(
    "/variants/{variant_id}/prices",
    permission="prices:list",
    summary="List the prices of a variant",
    errors=[VariantNotFound],
)
async def list_variant_prices(call: ReadCall, variant_id: UUID) -> list[PriceView]:
    return [price_view(one, call.tx.now) for one in await service.list_prices(call.tx, variant_id)]


@admin.get(
    "/variants/{variant_id}/prices/{currency}",
    permission="prices:read",
    summary="Show the price of a variant in a currency",
    errors=[VariantNotFound, PriceNotFound, InvalidCurrency],
)
async def get_variant_price(call: ReadCall, variant_id: UUID, currency: str) -> PriceView:
    return price_view(await service.get_price(call.tx, variant_id, currency), call.tx.now)


@admin.put(
    "/variants/{variant_id}/prices/{currency}",
    permission="prices:update",
    precondition="optional",
    summary="Set the price of a variant in a currency",
    description="New or not; with If-Match only if the price there has that version.",
    errors=[VariantNotFound, PriceInvalid, InvalidCurrency],
    example=SetPrice(amount_minor=4900, compare_at_minor=5900),
)
async def set_variant_price(
    call: WriteCall, variant_id: UUID, currency: str, data: SetPrice
) -> PriceView:
    entry = await service.set_price(
        call.tx,
        variant_id,
        currency,
        amount_minor=data.amount_minor,
        compare_at_minor=data.compare_at_minor,
        sale=sale_of(data),
        expected_version=call.expected_version,
    )
    return price_view(entry, call.tx.now)


@admin.delete(
    "/variants/{variant_id}/prices/{currency}",
    permission="prices:delete",
    precondition="optional",
    summary="Remove the price of a variant in a currency",
    errors=[VariantNotFound, PriceNotFound, InvalidCurrency],
)
async def delete_variant_price(call: WriteCall, variant_id: UUID, currency: str) -> None:
    await service.delete_price(
        call.tx, variant_id, currency, expected_version=call.expected_version
    )
