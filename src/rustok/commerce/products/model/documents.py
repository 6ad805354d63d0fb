"""What others read of products in one go: all that an index document or a cart line needs.

Refuses: prices and stock.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from rustok.commerce.products.model.options import ProductOption
from rustok.commerce.products.model.parts import ProductImage, ProductTranslation, Variant
from rustok.commerce.products.model.product import (
    MetadataValue,
    Product,
    ProductKind,
    ProductStatus,
)


class ProductTree(msgspec.Struct, frozen=True, kw_only=True):
    """A product with everything that belongs to it alone; parts in their order."""

    product: Product
    translations: tuple[ProductTranslation, ...]
    variants: tuple[Variant, ...]
    images: tuple[ProductImage, ...]
    category_ids: tuple[UUID, ...]


class CategoryStep(msgspec.Struct, frozen=True, kw_only=True):
    """One category on a path, with its names by locale."""

    id: UUID
    handle: str
    names: dict[str, str]


class CategoryPath(msgspec.Struct, frozen=True, kw_only=True):
    """The way from the root to a category the product is in."""

    steps: tuple[CategoryStep, ...]


class CollectionMembership(msgspec.Struct, frozen=True, kw_only=True):
    """A collection the product is in, and its place there."""

    id: UUID
    handle: str
    names: dict[str, str]
    position: int


class ProductDescription(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one product, in all locales."""

    id: UUID
    status: ProductStatus
    handle: str
    kind: ProductKind
    is_gift_card: bool
    vendor: str | None
    product_type: str | None
    external_url: str | None
    tags: tuple[str, ...]
    options: tuple[ProductOption, ...]
    metadata: dict[str, MetadataValue]
    translations: tuple[ProductTranslation, ...]
    variants: tuple[Variant, ...]
    images: tuple[ProductImage, ...]
    categories: tuple[CategoryPath, ...]
    collections: tuple[CollectionMembership, ...]
    published_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class SellableVariant(msgspec.Struct, frozen=True, kw_only=True):
    """A variant of an active product, as a cart or an order line shows it.

    Attributes:
        title: the product's, in the locale asked for or the nearest there is.
        variant_title: its option values ("Blue / M"); empty without options.
        image_url: the variant's picture, else the product's first.
    """

    id: UUID
    product_id: UUID
    product_handle: str
    title: str
    variant_title: str
    sku: str | None
    requires_shipping: bool
    taxable: bool
    track_inventory: bool
    allow_backorder: bool
    is_gift_card: bool
    weight_grams: int | None
    image_url: str | None
