"""The product as shoppers get it, and what a list of products may be asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.core.pagination import PageRequest
from rustok.core.types import AmountMinor, Handle

ProductSort = Literal["relevance", "newest", "price_asc", "price_desc", "title"]
_Label = Annotated[str, Meta(min_length=1, max_length=255)]
OptionFilter = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=520,
        pattern=r"^[^:]+:[^\n]+$(?!\n)",
        description="Option and value as `name:value`, in the language they were entered in.",
        examples=["Size:M"],
    ),
]


class ProductFilters(PageRequest, frozen=True, kw_only=True):
    """Which products; values of one parameter are alternatives, parameters narrow each other down."""

    q: Annotated[str, Meta(min_length=1, max_length=200, examples=["linen shirt"])] | None = None
    category: Handle | None = None
    collection: Handle | None = None
    tag: Annotated[tuple[_Label, ...], Meta(max_length=20)] = ()
    vendor: Annotated[tuple[_Label, ...], Meta(max_length=20)] = ()
    product_type: Annotated[tuple[_Label, ...], Meta(max_length=20)] = ()
    option: Annotated[tuple[OptionFilter, ...], Meta(max_length=20)] = ()
    min_price: AmountMinor | None = None
    max_price: AmountMinor | None = None
    in_stock: bool | None = None
    sort: ProductSort | None = None


class PriceView(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer pays, in minor units of `currency`."""

    currency: str
    amount_minor: int
    compare_at_minor: int | None = None
    on_sale: bool = False


class PriceRange(msgspec.Struct, frozen=True, kw_only=True):
    """The lowest and the highest price among the variants; `compare_at_minor` belongs to the lowest."""

    currency: str
    min_minor: int
    max_minor: int
    compare_at_minor: int | None = None
    on_sale: bool = False


class ImageView(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    alt: str


class OptionView(msgspec.Struct, frozen=True, kw_only=True):
    """A choice. `key` and the keys of `values` are what filters name; the labels are for readers."""

    key: str
    label: str
    values: list[OptionValueView]


class OptionValueView(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    label: str


class VariantView(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be bought; `price` None means not in this currency."""

    id: UUID
    title: str
    sku: str | None
    barcode: str | None
    option_values: list[str]
    price: PriceView | None
    in_stock: bool
    requires_shipping: bool
    weight_grams: int | None
    image_url: str | None


class CategoryView(msgspec.Struct, frozen=True, kw_only=True):
    handle: str
    name: str


class CollectionView(msgspec.Struct, frozen=True, kw_only=True):
    handle: str
    name: str


class ProductCard(msgspec.Struct, frozen=True, kw_only=True):
    """A product in a list.

    Attributes:
        variant_id: the only variant, or the first one that can be bought.
        variant_count: how many there are to choose from.
    """

    id: UUID
    handle: str
    title: str
    summary: str
    kind: str
    vendor: str | None
    product_type: str | None
    tags: list[str]
    price: PriceRange | None
    in_stock: bool
    image: ImageView | None
    variant_id: UUID | None
    variant_count: int
    published_at: datetime


class ProductDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A product on its own page.

    Attributes:
        categories: paths from the root.
        alternates: handle by locale, for the other languages of this page.
    """

    id: UUID
    handle: str
    title: str
    description_html: str
    seo_title: str
    seo_description: str
    locale: str
    currency: str
    kind: str
    is_gift_card: bool
    vendor: str | None
    product_type: str | None
    external_url: str | None
    tags: list[str]
    price: PriceRange | None
    in_stock: bool
    options: list[OptionView]
    variants: list[VariantView]
    images: list[ImageView]
    categories: list[list[CategoryView]]
    collections: list[CollectionView]
    alternates: dict[str, str]
    published_at: datetime
    updated_at: datetime


class FacetValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value to filter by: send `value`, show `label`."""

    value: str
    label: str
    count: int


class ProductFacets(msgspec.Struct, frozen=True, kw_only=True):
    """What the products found have in common, for a filter panel.

    Attributes:
        total: products found.
        min_price_minor, max_price_minor: None when none of them has a price in this currency.
        facets: by kind (category, collection, option, product_type, tag, vendor), at most 50 values
            each, the most frequent first.
    """

    total: int
    in_stock: int
    currency: str
    min_price_minor: int | None
    max_price_minor: int | None
    facets: dict[str, list[FacetValue]]
