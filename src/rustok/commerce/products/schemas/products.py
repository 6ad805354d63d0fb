"""Wire shapes of products, their texts, variants and pictures."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from rustok.commerce.products.model import (
    ActiveProduct,
    ArchivedProduct,
    ImageInput,
    MetadataValue,
    ProductInput,
    ProductKind,
    ProductOption,
    ProductStatus,
    ProductTree,
    TranslationInput,
    Variant,
    VariantInput,
)
from rustok.commerce.products.model.fields import (
    AltText,
    Barcode,
    ExternalUrl,
    Html,
    ImageUrl,
    Label,
    Metadata,
    OptionValues,
    Position,
    SeoText,
    Tags,
    WeightGrams,
)
from rustok.commerce.products.service.products import ProductSummary
from rustok.commerce.products.states import PRODUCT_LIFECYCLE
from rustok.core.pagination import PageRequest
from rustok.core.types import Handle, LocaleTag, Sku, Title

Options = Annotated[list[ProductOption], Meta(max_length=10)]
Ids = Annotated[list[UUID], Meta(max_length=250)]
Prefix = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=r"^[^\u0000-\u001f\u007f]+$(?!\n)",
        description="How a title, the handle or a SKU begins.",
    ),
]


class ProductQuery(PageRequest, frozen=True, kw_only=True):
    """Filters of the product list."""

    status: ProductStatus | None = None
    q: Prefix | None = None
    category_id: UUID | None = None


class NewTranslation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    locale: LocaleTag
    title: Title
    description_html: Html = ""
    seo_title: SeoText | None = None
    seo_description: SeoText | None = None
    handle: Handle | None = None


class NewVariant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variant; `image_url` lets it show a picture (in the list of images or not)."""

    sku: Sku | None = None
    barcode: Barcode | None = None
    option_values: OptionValues = ()
    weight_grams: WeightGrams | None = None
    requires_shipping: bool = True
    taxable: bool = True
    track_inventory: bool = True
    allow_backorder: bool = False
    image_url: ImageUrl | None = None

    def as_input(self) -> VariantInput:
        return VariantInput(**{name: getattr(self, name) for name in self.__struct_fields__})


class NewImage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: ImageUrl
    alt: AltText = ""


class CreateProduct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new product, a draft; prices and stock are set afterwards, per variant."""

    handle: Handle
    translations: Annotated[list[NewTranslation], Meta(min_length=1, max_length=50)]
    kind: ProductKind = "physical"
    is_gift_card: bool = False
    vendor: Label | None = None
    product_type: Label | None = None
    external_url: ExternalUrl | None = None
    tags: Tags = ()
    metadata: Metadata = {}
    options: Options = []
    variants: Annotated[list[NewVariant], Meta(max_length=250)] = []
    images: Annotated[list[NewImage], Meta(max_length=250)] = []
    category_ids: Annotated[list[UUID], Meta(max_length=50)] = []

    def as_input(self) -> ProductInput:
        return ProductInput(
            handle=self.handle,
            translations=tuple(
                TranslationInput(**{name: getattr(one, name) for name in one.__struct_fields__})
                for one in self.translations
            ),
            kind=self.kind,
            is_gift_card=self.is_gift_card,
            vendor=self.vendor,
            product_type=self.product_type,
            external_url=self.external_url,
            tags=self.tags,
            metadata=self.metadata,
            options=tuple(self.options),
            variants=tuple(one.as_input() for one in self.variants),
            images=tuple(ImageInput(url=one.url, alt=one.alt) for one in self.images),
        )


class UpdateProduct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay as they are, null empties a field that may be empty."""

    handle: Handle | UnsetType = UNSET
    kind: ProductKind | UnsetType = UNSET
    is_gift_card: bool | UnsetType = UNSET
    vendor: Label | UnsetType | None = UNSET
    product_type: Label | UnsetType | None = UNSET
    external_url: ExternalUrl | UnsetType | None = UNSET
    tags: Tags | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET
    category_ids: Annotated[list[UUID], Meta(max_length=50)] | UnsetType = UNSET


class SetTranslation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All texts in one locale; absent ones are removed."""

    title: Title
    description_html: Html = ""
    seo_title: SeoText | None = None
    seo_description: SeoText | None = None
    handle: Handle | None = None


class SetOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All options of the product, and the new values of variants that would not fit them."""

    options: Options
    variant_values: Annotated[dict[UUID, OptionValues], Meta(max_length=2_000)] = {}


class AddVariant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sku: Sku | None = None
    barcode: Barcode | None = None
    option_values: OptionValues = ()
    weight_grams: WeightGrams | None = None
    requires_shipping: bool = True
    taxable: bool = True
    track_inventory: bool = True
    allow_backorder: bool = False
    image_id: UUID | None = None

    def as_input(self) -> VariantInput:
        names = [name for name in self.__struct_fields__ if name != "image_id"]
        return VariantInput(**{name: getattr(self, name) for name in names})


class UpdateVariant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay as they are, null empties a field that may be empty."""

    sku: Sku | UnsetType | None = UNSET
    barcode: Barcode | UnsetType | None = UNSET
    option_values: OptionValues | UnsetType = UNSET
    weight_grams: WeightGrams | UnsetType | None = UNSET
    requires_shipping: bool | UnsetType = UNSET
    taxable: bool | UnsetType = UNSET
    track_inventory: bool | UnsetType = UNSET
    allow_backorder: bool | UnsetType = UNSET
    position: Position | UnsetType = UNSET
    image_id: UUID | UnsetType | None = UNSET


class AddImage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A picture, shown by the variants named."""

    url: ImageUrl
    alt: AltText = ""
    variant_ids: Ids = []


class ReorderImages(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    image_ids: Ids


def changes_of(data: msgspec.Struct) -> dict[str, object]:
    """The fields that were sent, with their values."""
    given = {name: getattr(data, name) for name in data.__struct_fields__}
    return {name: value for name, value in given.items() if value is not UNSET}


class TranslationView(msgspec.Struct, frozen=True, kw_only=True):
    locale: str
    title: str | None
    description_html: str | None
    seo_title: str | None
    seo_description: str | None
    handle: str | None


class VariantView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    product_id: UUID
    title: str
    sku: str | None
    barcode: str | None
    option_values: list[str]
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


class ImageView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    url: str
    alt: str
    position: int
    variant_ids: list[UUID]


class ProductView(msgspec.Struct, frozen=True, kw_only=True):
    """A product as its shop's staff see it."""

    id: UUID
    handle: str
    status: ProductStatus
    kind: ProductKind
    is_gift_card: bool
    vendor: str | None
    product_type: str | None
    external_url: str | None
    tags: list[str]
    metadata: dict[str, MetadataValue]
    options: list[ProductOption]
    translations: list[TranslationView]
    variants: list[VariantView]
    images: list[ImageView]
    category_ids: list[UUID]
    source: str | None
    source_id: str | None
    published_at: datetime | None
    archived_at: datetime | None
    allowed_actions: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


class ProductSummaryView(msgspec.Struct, frozen=True, kw_only=True):
    """A product in a list."""

    id: UUID
    handle: str
    title: str
    status: ProductStatus
    kind: ProductKind
    vendor: str | None
    product_type: str | None
    tags: list[str]
    image_url: str | None
    variant_count: int
    allowed_actions: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


def variant_view(variant: Variant) -> VariantView:
    return VariantView(
        title=" / ".join(variant.option_values),
        option_values=list(variant.option_values),
        **{
            name: getattr(variant, name)
            for name in Variant.__struct_fields__
            if name != "option_values"
        },
    )


def product_view(tree: ProductTree) -> ProductView:
    product = tree.product
    return ProductView(
        id=product.id,
        handle=product.handle,
        status=product.state,
        kind=product.kind,
        is_gift_card=product.is_gift_card,
        vendor=product.vendor,
        product_type=product.product_type,
        external_url=product.external_url,
        tags=list(product.tags),
        metadata=product.metadata,
        options=list(product.options),
        translations=[
            TranslationView(
                **{name: getattr(one, name) for name in TranslationView.__struct_fields__}
            )
            for one in tree.translations
        ],
        variants=[variant_view(one) for one in tree.variants],
        images=[
            ImageView(
                id=image.id,
                url=image.url,
                alt=image.alt,
                position=image.position,
                variant_ids=[one.id for one in tree.variants if one.image_id == image.id],
            )
            for image in tree.images
        ],
        category_ids=list(tree.category_ids),
        source=product.source,
        source_id=product.source_id,
        published_at=product.published_at if isinstance(product, ActiveProduct) else None,
        archived_at=product.archived_at if isinstance(product, ArchivedProduct) else None,
        allowed_actions=list(PRODUCT_LIFECYCLE.allowed(product.state)),
        version=product.version,
        created_at=product.created_at,
        updated_at=product.updated_at,
    )


def summary_view(summary: ProductSummary) -> ProductSummaryView:
    product = summary.product
    return ProductSummaryView(
        id=product.id,
        handle=product.handle,
        title=summary.title,
        status=product.state,
        kind=product.kind,
        vendor=product.vendor,
        product_type=product.product_type,
        tags=list(product.tags),
        image_url=summary.image_url,
        variant_count=summary.variant_count,
        allowed_actions=list(PRODUCT_LIFECYCLE.allowed(product.state)),
        version=product.version,
        created_at=product.created_at,
        updated_at=product.updated_at,
    )
