"""Product drafts in the words of the catalogue; pure.

What has no field of its own goes to the product's metadata. Refuses: prices, stock and look-ups.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Final

import msgspec
import nh3

from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.core.money import Money
from rustok.importers.drafts import ProductDraft, SaleWindow, VariantDraft
from rustok.importers.report import Issue, Severity

MAX_METADATA: Final = 200
MAX_METADATA_CHARS: Final = 20_000
MAX_METADATA_KEY_CHARS: Final = 255
Warn = Callable[[str, str], None]
MetadataValue = str | int | bool | list[str] | None

_COLUMNS: Final[dict[str, dict[str, str]]] = {
    "shopify": {
        "handle": "Handle", "translations": "Title", "description_html": "Body (HTML)",
        "vendor": "Vendor", "product_type": "Type", "tags": "Tags", "status": "Status",
        "categories": "Product Category", "options": "Option1 Name", "images": "Image Src",
        "alt": "Image Alt Text", "sku": "Variant SKU", "barcode": "Variant Barcode",
        "option_values": "Option1 Value", "weight_grams": "Variant Grams",
        "image_url": "Variant Image", "price": "Variant Price", "stock": "Variant Inventory Qty",
        "compare_at": "Variant Compare At Price", "seo_title": "SEO Title",
        "seo_description": "SEO Description", "listed": "Published",
    },
    "woocommerce": {
        "handle": "Name", "translations": "Name", "description_html": "Description",
        "vendor": "Brands", "product_type": "Type", "tags": "Tags", "status": "Published",
        "categories": "Categories", "options": "Attribute 1 name", "images": "Images",
        "alt": "Images", "sku": "SKU", "barcode": "GTIN, UPC, EAN, or ISBN",
        "option_values": "Attribute 1 value(s)", "weight_grams": "Weight", "image_url": "Images",
        "price": "Regular price", "stock": "Stock", "compare_at": "Regular price",
        "external_url": "External URL", "listed": "Visibility in catalog",
    },
}  # fmt: skip


class VariantPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What to set for a variant in a currency."""

    amount: Money
    compare_at_minor: int | None = None
    sale: pricing.Sale | None = None


def column_of(draft: ProductDraft, name: str) -> str | None:
    """The column a field is in, as the source's own exports call it."""
    return _COLUMNS[draft.source].get(name)


def product_issue(
    draft: ProductDraft,
    code: str,
    message: str,
    name: str,
    *,
    severity: Severity = "warning",
    variant: VariantDraft | None = None,
) -> Issue:
    """A remark on a draft or one of its variants, at its first row and the column of field `name`."""
    rows = (variant.rows if variant is not None else ()) or draft.rows
    return Issue(
        code=code,
        message=message,
        severity=severity,
        row=rows[0] if rows else None,
        column=column_of(draft, name),
    )


def product_input(
    draft: ProductDraft, *, locale: str, skus: dict[str, str], issues: list[Issue]
) -> products.ProductInput:
    """The draft for `products.upsert`.

    Args:
        locale: of the draft's main texts.
        skus: what to write instead of a SKU, by the variant's source id.
        issues: gets a remark on everything that is not taken over as it stands.
    """
    status = draft.status
    if status == "active" and not draft.is_listed:
        status = "draft"
        message = "The product is hidden where it comes from; it stays a draft."
        issues.append(product_issue(draft, "product_hidden", message, "listed", severity="info"))
    return products.ProductInput(
        handle=draft.handle,
        translations=_translations(draft, locale),
        status=status,
        kind="digital" if draft.is_virtual or draft.is_downloadable else "physical",
        is_gift_card=draft.is_gift_card,
        vendor=draft.vendor,
        product_type=draft.product_type,
        external_url=draft.external_url,
        tags=draft.tags,
        metadata=_metadata(draft, issues),
        categories=draft.categories,
        category_locale=locale,
        options=tuple(
            products.ProductOption(name=option.name, values=option.values)
            for option in draft.options
        ),
        variants=tuple(
            products.VariantInput(
                source_id=variant.source_id,
                sku=skus.get(variant.source_id, variant.sku),
                barcode=variant.barcode,
                option_values=variant.option_values,
                weight_grams=variant.weight_grams,
                requires_shipping=variant.requires_shipping,
                taxable=variant.taxable,
                track_inventory=variant.track_inventory,
                allow_backorder=variant.backorder_allowed,
                image_url=variant.image_url,
            )
            for variant in draft.variants
        ),
        images=tuple(products.ImageInput(url=image.url, alt=image.alt) for image in draft.images),
    )


def _translations(draft: ProductDraft, locale: str) -> tuple[products.TranslationInput, ...]:
    texts = {
        locale: products.TranslationInput(
            locale=locale,
            title=draft.title,
            description_html=draft.description_html or None,
            seo_title=draft.seo_title,
            seo_description=draft.seo_description,
        )
    }
    for one in draft.translations:
        said = {
            name: value
            for name in ("title", "description_html", "seo_title", "seo_description", "handle")
            if (value := getattr(one, name)) is not None
        }
        before = texts.get(one.locale, products.TranslationInput(locale=one.locale))
        texts[one.locale] = msgspec.structs.replace(before, **said)
    return tuple(texts.values())


def _metadata(draft: ProductDraft, issues: list[Issue]) -> dict[str, MetadataValue]:
    found: dict[str, MetadataValue] = {
        "summary": _plain(draft.summary_html),
        "featured": draft.is_featured or None,
        "external_button": draft.external_button,
        "downloads": [f"{one.name}: {one.url}" for one in draft.downloads],
        "grouped_children": list(draft.grouped_children),
        "upsells": list(draft.upsells),
        "cross_sells": list(draft.cross_sells),
    }
    kept: dict[str, MetadataValue] = {
        key: value for key, value in found.items() if value not in (None, "", [])
    }
    for key, value in draft.attributes:
        if len(kept) >= MAX_METADATA:
            message = f"More than {MAX_METADATA} further fields; the rest is left out."
            issues.append(product_issue(draft, "attributes_cut", message, ""))
            break
        name = key[:MAX_METADATA_KEY_CHARS]
        if not name:
            continue
        if len(value) > MAX_METADATA_CHARS or len(name) < len(key):
            message = f"The field {name[:80]!r} is too long and was cut."
            issues.append(product_issue(draft, "text_cut", message, ""))
        kept[name] = value[:MAX_METADATA_CHARS]
    return kept


def _plain(markup: str) -> str:
    if not markup:
        return ""
    return " ".join(html.unescape(nh3.clean(markup, tags=set())).split())[:MAX_METADATA_CHARS]


def prices_of(
    draft: ProductDraft, variant: VariantDraft, issues: list[Issue]
) -> list[VariantPrice]:
    """What a variant costs, per currency; empty when it is not for sale.

    A price that contradicts itself loses what contradicts it, with a warning.
    """
    if variant.price is None:
        return []

    def warn(code: str, message: str) -> None:
        issues.append(product_issue(draft, code, message, "compare_at", variant=variant))

    first = _price(variant.price, variant.compare_at, variant.sale, warn)
    others = [_price(one.price, one.compare_at, None, warn) for one in variant.market_prices]
    return [first, *others]


def _price(
    price: Money, compare_at: Money | None, sale: SaleWindow | None, warn: Warn
) -> VariantPrice:
    above = compare_at is not None and compare_at.amount_minor > price.amount_minor
    if compare_at is None or not above:
        if compare_at is not None and compare_at.amount_minor < price.amount_minor:
            warn("compare_at_ignored", "The crossed-out price is below the price; it is left out.")
        return VariantPrice(amount=price)
    if sale is None:
        return VariantPrice(amount=price, compare_at_minor=compare_at.amount_minor)
    if sale.starts_at and sale.ends_at and sale.ends_at <= sale.starts_at:
        warn("sale_window_ignored", "The sale ends before it starts; the full price holds.")
        return VariantPrice(amount=compare_at)
    lowered = pricing.Sale(
        amount_minor=price.amount_minor, starts_at=sale.starts_at, ends_at=sale.ends_at
    )
    return VariantPrice(amount=compare_at, sale=lowered)
