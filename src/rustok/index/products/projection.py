"""Makes the documents of a product, one per locale and currency, from what the features say of it.

Pure: the same sources give the same bytes. Refuses: products that are not on offer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from rustok.commerce.inventory.api import Availability
from rustok.commerce.pricing.api import Price, PriceEntry
from rustok.commerce.products.api import (
    ProductDescription,
    ProductOption,
    ProductTranslation,
    Variant,
    variant_title,
)
from rustok.core.locale import fallback_chain
from rustok.core.tenancy import TenantProfile
from rustok.index.products.schemas import (
    CategoryView,
    CollectionView,
    ImageView,
    OptionValueView,
    OptionView,
    PriceRange,
    PriceView,
    ProductCard,
    ProductDocument,
    VariantView,
)
from rustok.index.products.tables import NO_PRICE_HIGH, NO_PRICE_LOW
from rustok.index.shelves import Facet, SearchText
from rustok.index.storing import Document, Entry, Made
from rustok.index.words import plain_text, searchable

SUMMARY_CHARACTERS: Final = 200
_encode: Final = msgspec.json.Encoder().encode


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """All a product's documents are made of.

    Attributes:
        prices: by variant, in all currencies.
        stock: by variant.
    """

    product: ProductDescription
    prices: Mapping[UUID, Sequence[PriceEntry]]
    stock: Mapping[UUID, Availability]


class Texts(msgspec.Struct, frozen=True, kw_only=True):
    """The texts of a product for a reader, field by field from the nearest locale that has it."""

    title: str
    description_html: str
    seo_title: str
    seo_description: str
    handle: str


def make(sources: Sources, tenant: TenantProfile, *, at: datetime) -> Made:
    """The documents and entries of a product as of `at`; none when it is not on offer."""
    product = sources.product
    if product.status != "active" or product.published_at is None:
        return Made(subject_id=product.id, documents=(), entries=())
    chains = {tag: fallback_chain(tag, default=tenant.default_locale) for tag in tenant.locales}
    texts = {tag: texts_of(product, chain) for tag, chain in chains.items()}
    alternates = {tag: text.handle for tag, text in texts.items()}
    stocked = {variant.id: _in_stock(variant, sources.stock) for variant in product.variants}
    documents = [
        _document(
            sources,
            texts[tag],
            locale=tag,
            chain=chains[tag],
            currency=currency,
            alternates=alternates,
            stocked=stocked,
            published_at=product.published_at,
            at=at,
        )
        for tag in tenant.locales
        for currency in tenant.currencies
    ]
    entries = [_entry(product, texts[tag], locale=tag, chain=chains[tag]) for tag in tenant.locales]
    return Made(subject_id=product.id, documents=tuple(documents), entries=tuple(entries))


def texts_of(product: ProductDescription, chain: Sequence[str]) -> Texts:
    """The texts for a reader with this fallback chain; another language before no title at all."""
    by_locale = {one.locale: one for one in product.translations}
    near = [by_locale[tag] for tag in chain if tag in by_locale]

    def first(field: str, among: Sequence[ProductTranslation]) -> str | None:
        found = (getattr(one, field) for one in among)
        return next((value for value in found if value), None)

    title = first("title", near) or first("title", product.translations) or product.handle
    description = first("description_html", near) or ""
    return Texts(
        title=title,
        description_html=description,
        seo_title=first("seo_title", near) or title,
        seo_description=first("seo_description", near) or _summary(description),
        handle=first("handle", near) or product.handle,
    )


def _summary(html: str) -> str:
    text = plain_text(html)
    if len(text) <= SUMMARY_CHARACTERS:
        return text
    return text[:SUMMARY_CHARACTERS].rsplit(" ", 1)[0] + "…"


def _in_stock(variant: Variant, stock: Mapping[UUID, Availability]) -> bool:
    level = stock.get(variant.id, Availability())
    return level.covers(
        1, track_inventory=variant.track_inventory, allow_backorder=variant.allow_backorder
    )


def _nearest(names: Mapping[str, str], chain: Sequence[str], fallback: str) -> str:
    found = (names[tag] for tag in chain if names.get(tag))
    return next(found, next(iter(names.values()), fallback))


def _prices_in(sources: Sources, currency: str, at: datetime) -> dict[UUID, Price]:
    return {
        variant_id: entry.at(at)
        for variant_id, entries in sources.prices.items()
        for entry in entries
        if entry.currency == currency
    }


def _changes_at(sources: Sources, currency: str, at: datetime) -> datetime | None:
    """When a sale in this currency begins or ends next."""
    moments = [
        moment
        for entries in sources.prices.values()
        for entry in entries
        if entry.currency == currency and entry.sale is not None
        for moment in (entry.sale.starts_at, entry.sale.ends_at)
        if moment is not None and moment > at
    ]
    return min(moments, default=None)


def _range(prices: Sequence[Price], currency: str) -> PriceRange | None:
    if not prices:
        return None
    lowest = min(prices, key=lambda one: one.amount_minor)
    return PriceRange(
        currency=currency,
        min_minor=lowest.amount_minor,
        max_minor=max(one.amount_minor for one in prices),
        compare_at_minor=lowest.compare_at_minor,
        on_sale=lowest.on_sale,
    )


def _option_label(option: ProductOption, chain: Sequence[str]) -> str:
    names = (option.translations[tag].name for tag in chain if tag in option.translations)
    return next((name for name in names if name), option.name)


def _value_label(option: ProductOption, value: str, chain: Sequence[str]) -> str:
    found = (
        option.translations[tag].values[value]
        for tag in chain
        if tag in option.translations and value in option.translations[tag].values
    )
    return next(found, value)


def _document(
    sources: Sources,
    texts: Texts,
    *,
    locale: str,
    chain: Sequence[str],
    currency: str,
    alternates: dict[str, str],
    stocked: Mapping[UUID, bool],
    published_at: datetime,
    at: datetime,
) -> Document:
    product = sources.product
    prices = _prices_in(sources, currency, at)
    price = _range(list(prices.values()), currency)
    images = {one.id: one for one in product.images}
    shown = [ImageView(url=one.url, alt=one.alt or texts.title) for one in product.images]
    # What cannot be bought in this currency is not for sale here, whatever the stock.
    in_stock = any(stocked[one.id] for one in product.variants if one.id in prices)
    buyable = (one.id for one in product.variants if stocked[one.id] and one.id in prices)
    first = product.variants[0].id if product.variants else None
    card = ProductCard(
        id=product.id,
        handle=texts.handle,
        title=texts.title,
        summary=_summary(texts.description_html),
        kind=product.kind,
        vendor=product.vendor,
        product_type=product.product_type,
        tags=list(product.tags),
        price=price,
        in_stock=in_stock,
        image=shown[0] if shown else None,
        variant_id=next(buyable, first),
        variant_count=len(product.variants),
        published_at=published_at,
    )
    document = ProductDocument(
        id=product.id,
        handle=texts.handle,
        title=texts.title,
        description_html=texts.description_html,
        seo_title=texts.seo_title,
        seo_description=texts.seo_description,
        locale=locale,
        currency=currency,
        kind=product.kind,
        is_gift_card=product.is_gift_card,
        vendor=product.vendor,
        product_type=product.product_type,
        external_url=product.external_url,
        tags=list(product.tags),
        price=price,
        in_stock=in_stock,
        options=[
            OptionView(
                key=option.name,
                label=_option_label(option, chain),
                values=[
                    OptionValueView(key=value, label=_value_label(option, value, chain))
                    for value in option.values
                ],
            )
            for option in product.options
        ],
        variants=[
            VariantView(
                id=one.id,
                title=variant_title(product.options, one.option_values, chain),
                sku=one.sku,
                barcode=one.barcode,
                option_values=list(one.option_values),
                price=_price_view(prices.get(one.id)),
                in_stock=stocked[one.id],
                requires_shipping=one.requires_shipping,
                weight_grams=one.weight_grams,
                image_url=images[one.image_id].url if one.image_id in images else None,
            )
            for one in product.variants
        ],
        images=shown,
        categories=[
            [
                CategoryView(handle=step.handle, name=_nearest(step.names, chain, step.handle))
                for step in path.steps
            ]
            for path in product.categories
        ],
        collections=[
            CollectionView(handle=one.handle, name=_nearest(one.names, chain, one.handle))
            for one in product.collections
        ],
        alternates=alternates,
        published_at=published_at,
        updated_at=product.updated_at,
    )
    return Document(
        locale=locale,
        currency=currency,
        handle=texts.handle,
        title=texts.title,
        published_at=published_at,
        columns={
            "price_from_minor": price.min_minor if price else NO_PRICE_LOW,
            "price_to_minor": price.max_minor if price else NO_PRICE_HIGH,
            "in_stock": in_stock,
            "changes_at": _changes_at(sources, currency, at),
        },
        card=_encode(card),
        document=_encode(document),
    )


def _price_view(price: Price | None) -> PriceView | None:
    if price is None:
        return None
    return PriceView(
        currency=price.currency,
        amount_minor=price.amount_minor,
        compare_at_minor=price.compare_at_minor,
        on_sale=price.on_sale,
    )


def _entry(
    product: ProductDescription, texts: Texts, *, locale: str, chain: Sequence[str]
) -> Entry:
    facets = facets_of(product, chain)
    skus = [text for one in product.variants for text in (one.sku, one.barcode) if text]
    labels = [one.label for one in facets]
    return Entry(
        locale=locale,
        text=SearchText(
            title=searchable(texts.title),
            keywords=searchable(
                product.vendor, product.product_type, *product.tags, *labels, *skus
            ),
            body=searchable(plain_text(texts.description_html)),
        ),
        facets=facets,
    )


def facets_of(product: ProductDescription, chain: Sequence[str]) -> tuple[Facet, ...]:
    """What the product can be filtered by. A category is found under all that lie above it, too."""
    facets = [Facet(kind="tag", value=tag, label=tag) for tag in product.tags]
    if product.vendor:
        facets.append(Facet(kind="vendor", value=product.vendor, label=product.vendor))
    if product.product_type:
        facets.append(
            Facet(kind="product_type", value=product.product_type, label=product.product_type)
        )
    facets += [
        Facet(
            kind="category",
            value=step.handle,
            label=_nearest(step.names, chain, step.handle),
            ref_id=step.id,
        )
        for path in product.categories
        for step in path.steps
    ]
    facets += [
        Facet(
            kind="collection",
            value=one.handle,
            label=_nearest(one.names, chain, one.handle),
            ref_id=one.id,
        )
        for one in product.collections
    ]
    for index, option in enumerate(product.options):
        label = _option_label(option, chain)
        used = {
            one.option_values[index] for one in product.variants if index < len(one.option_values)
        }
        facets += [
            Facet(
                kind="option",
                value=f"{option.name}:{value}",
                label=f"{label}: {_value_label(option, value, chain)}",
            )
            for value in option.values
            if value in used
        ]
    return tuple(facets)
