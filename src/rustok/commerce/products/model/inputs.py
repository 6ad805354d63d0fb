"""A whole product as one value, for imports: what `upsert` brings the stored product to.

Refuses: prices and stock, which have features of their own.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.commerce.products.model.fields import (
    AltText,
    Barcode,
    ExternalUrl,
    Html,
    ImageUrl,
    Label,
    Metadata,
    OptionValues,
    SeoText,
    SourceId,
    Tags,
    WeightGrams,
)
from rustok.commerce.products.model.options import ProductOption
from rustok.commerce.products.model.parts import MAX_IMAGES, MAX_VARIANTS
from rustok.commerce.products.model.product import ProductKind, ProductStatus
from rustok.core.types import Handle, LocaleTag, Sku, Title


class TranslationInput(msgspec.Struct, frozen=True, kw_only=True):
    """The texts in one locale; None: the source has none."""

    locale: LocaleTag
    title: Title | None = None
    description_html: Html | None = None
    seo_title: SeoText | None = None
    seo_description: SeoText | None = None
    handle: Handle | None = None


class VariantInput(msgspec.Struct, frozen=True, kw_only=True):
    """One variant; found again by `source_id`, else `sku`, else its option values.

    `image_url` names one of the product's images; another address is added to them.
    """

    source_id: SourceId | None = None
    sku: Sku | None = None
    barcode: Barcode | None = None
    option_values: OptionValues = ()
    weight_grams: WeightGrams | None = None
    requires_shipping: bool = True
    taxable: bool = True
    track_inventory: bool = True
    allow_backorder: bool = False
    image_url: ImageUrl | None = None


class ImageInput(msgspec.Struct, frozen=True, kw_only=True):
    """A picture; its place in the list is its position."""

    url: ImageUrl
    alt: AltText = ""


class ProductInput(msgspec.Struct, frozen=True, kw_only=True):
    """A product as its source has it; what is not here is removed from the stored one.

    Attributes:
        handle: wanted; a number is added when another product has it.
        translations: one per locale; the tenant's default locale needs a title to be published.
        categories: paths of names from the root; missing categories are made.
        category_locale: the locale those names are in; None: the tenant's default.
    """

    handle: Handle
    translations: Annotated[tuple[TranslationInput, ...], Meta(max_length=50)]
    status: ProductStatus = "draft"
    kind: ProductKind = "physical"
    is_gift_card: bool = False
    vendor: Label | None = None
    product_type: Label | None = None
    external_url: ExternalUrl | None = None
    tags: Tags = ()
    metadata: Metadata = {}
    categories: Annotated[tuple[tuple[Title, ...], ...], Meta(max_length=50)] = ()
    category_locale: LocaleTag | None = None
    options: Annotated[tuple[ProductOption, ...], Meta(max_length=10)] = ()
    variants: Annotated[tuple[VariantInput, ...], Meta(max_length=MAX_VARIANTS)] = ()
    images: Annotated[tuple[ImageInput, ...], Meta(max_length=MAX_IMAGES)] = ()


class UpsertResult(msgspec.Struct, frozen=True, kw_only=True):
    """What an upsert did.

    Attributes:
        variant_ids: ids of the stored variants, parallel to the input's `variants`.
        held_back: what kept a product that should be active a draft ("variants", "title").
    """

    outcome: Literal["created", "updated", "unchanged"]
    product_id: UUID
    variant_ids: tuple[UUID, ...]
    held_back: tuple[str, ...] = ()
