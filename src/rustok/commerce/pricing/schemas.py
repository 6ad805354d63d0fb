"""Wire shapes of prices."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.commerce.pricing.model import PriceEntry, Sale
from rustok.core.types import AmountMinor

Moment = Annotated[
    datetime,
    Meta(tz=True, description="A time with its zone.", examples=["2026-06-01T00:00:00Z"]),
]


class SetSale(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lower amount for a while; an absent end is open, `ends_at` is exclusive."""

    amount_minor: AmountMinor
    starts_at: Moment | None = None
    ends_at: Moment | None = None


class SetPrice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole price of a variant in a currency, in minor units; absent fields are removed."""

    amount_minor: AmountMinor
    compare_at_minor: AmountMinor | None = None
    sale: SetSale | None = None


class SaleView(msgspec.Struct, frozen=True, kw_only=True):
    amount_minor: int
    starts_at: datetime | None
    ends_at: datetime | None


class PriceView(msgspec.Struct, frozen=True, kw_only=True):
    """A price as it is set; `current_amount_minor` is what a buyer pays now."""

    id: UUID
    variant_id: UUID
    currency: str
    amount_minor: int
    compare_at_minor: int | None
    sale: SaleView | None
    current_amount_minor: int
    version: int
    created_at: datetime
    updated_at: datetime


def sale_of(data: SetPrice) -> Sale | None:
    if data.sale is None:
        return None
    return Sale(
        amount_minor=data.sale.amount_minor,
        starts_at=data.sale.starts_at,
        ends_at=data.sale.ends_at,
    )


def price_view(entry: PriceEntry, now: datetime) -> PriceView:
    sale = entry.sale
    return PriceView(
        id=entry.id,
        variant_id=entry.variant_id,
        currency=entry.currency,
        amount_minor=entry.amount_minor,
        compare_at_minor=entry.compare_at_minor,
        sale=(
            SaleView(amount_minor=sale.amount_minor, starts_at=sale.starts_at, ends_at=sale.ends_at)
            if sale
            else None
        ),
        current_amount_minor=entry.at(now).amount_minor,
        version=entry.version,
        created_at=entry.created_at,
        updated_at=entry.updated_at,
    )
