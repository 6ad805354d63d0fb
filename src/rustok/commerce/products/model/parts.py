"""What belongs to a product: its texts, variants and pictures; refuses a life of their own without it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

MAX_VARIANTS: Final = 2_000
"""Variants of one product."""
MAX_IMAGES: Final = 250
"""Pictures of one product."""


class ProductTranslation(msgspec.Struct, frozen=True, kw_only=True):
    """The texts of a product in one locale; `description_html` is sanitised. None: not given there."""

    product_id: UUID
    locale: str
    title: str | None
    description_html: str | None
    seo_title: str | None
    seo_description: str | None
    handle: str | None


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be bought. `option_values` runs parallel to the product's options."""

    id: UUID
    product_id: UUID
    sku: str | None
    barcode: str | None
    option_values: tuple[str, ...]
    weight_grams: int | None
    requires_shipping: bool
    taxable: bool
    track_inventory: bool
    allow_backorder: bool
    position: int
    image_id: UUID | None
    source_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class ProductImage(msgspec.Struct, frozen=True, kw_only=True):
    """A picture by reference. Variants point at pictures, so several may share one."""

    id: UUID
    product_id: UUID
    url: str
    alt: str
    position: int
    created_at: datetime


def title_in(
    translations: Iterable[ProductTranslation], locales: Sequence[str], *, fallback: str
) -> str:
    """The title in the first of `locales` that has one, else any, else `fallback`."""
    titles = {one.locale: one.title for one in translations if one.title}
    for locale in locales:
        if locale in titles:
            return titles[locale]
    return next(iter(titles.values()), fallback)
