"""The query of what can be sold: variants with what a line of a cart shows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Select, Text, and_, bindparam, func, literal_column, or_, select

from rustok.commerce.products.model import ProductOption
from rustok.commerce.products.tables import (
    product_images,
    product_translations,
    product_variants,
    products,
)
from rustok.core.db import TENANT, Json, Query, ReadTx, any_of
from rustok.core.db.statement import DialectName


class SellableRow(msgspec.Struct, frozen=True, kw_only=True):
    """A variant with what a line of a cart shows of it.

    Attributes:
        titles: by locale; None: the product has none.
        image_url: the variant's own picture, or the product's first.
    """

    id: UUID
    product_id: UUID
    handle: str
    is_gift_card: bool
    options: tuple[ProductOption, ...]
    option_values: tuple[str, ...]
    sku: str | None
    requires_shipping: bool
    taxable: bool
    track_inventory: bool
    allow_backorder: bool
    weight_grams: int | None
    titles: dict[str, str] | None
    image_url: str | None


_COLLECT: Final[Mapping[DialectName, Any]] = {
    "sqlite": func.json_group_object,
    "postgres": func.jsonb_object_agg,
}
_image_url = (
    select(product_images.c.url)
    .where(
        product_images.c.tenant_id == TENANT,
        product_images.c.product_id == product_variants.c.product_id,
        or_(
            product_variants.c.image_id.is_(None),
            product_images.c.id == product_variants.c.image_id,
        ),
    )
    .order_by(product_images.c.position, product_images.c.id)
    .limit(1)
    .correlate(product_variants)
    .scalar_subquery()
)


def _sellable(dialect: DialectName) -> Select[Any]:
    """One statement with the texts and the picture: a cart's lines are read at every step of a purchase."""
    collected = _COLLECT[dialect](
        product_translations.c.locale,
        product_translations.c.title,
        type_=Json(dict[str, str]),
    )
    titles = (
        select(collected)
        .where(
            product_translations.c.tenant_id == TENANT,
            product_translations.c.product_id == product_variants.c.product_id,
            product_translations.c.title != literal_column("''"),
        )
        .correlate(product_variants)
        .scalar_subquery()
    )
    others = ("handle", "is_gift_card", "options", "titles", "image_url")
    return (
        select(
            *(
                product_variants.c[name]
                for name in SellableRow.__struct_fields__
                if name not in others
            ),
            products.c.handle,
            products.c.is_gift_card,
            products.c.options,
            titles.label("titles"),
            _image_url.label("image_url"),
        )
        .select_from(
            product_variants.join(
                products,
                and_(
                    products.c.tenant_id == product_variants.c.tenant_id,
                    products.c.id == product_variants.c.product_id,
                ),
            )
        )
        .where(
            product_variants.c.tenant_id == TENANT,
            any_of(product_variants.c.id, "ids"),
            products.c.status == bindparam("status", "active", type_=Text()),
        )
        .order_by(product_variants.c.id)
    )


_SELLABLE: Final = Query(
    {"sqlite": _sellable("sqlite"), "postgres": _sellable("postgres")}, SellableRow
)


async def list_sellable(tx: ReadTx, variant_ids: Sequence[UUID]) -> list[SellableRow]:
    """Those of the variants whose product is active."""
    return await tx.all(_SELLABLE, ids=list(variant_ids)) if variant_ids else []
