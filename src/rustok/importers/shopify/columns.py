"""The columns of Shopify's product CSV, under their old and new names; it reads no cells.

Source: Shopify help "Using CSV files to import and export products" and the product template
(2024 names: "URL handle", "Price", "Inventory quantity", ...). Our own addition: a column of texts
may be followed by a locale, `Title (de)`, `Body (HTML) (de)`, `Handle (de)`, `SEO Title (de)`,
`SEO Description (de)`, and a price by a currency, `Price / EUR`, `Compare At Price / EUR`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from rustok.core.currencies import EXPONENTS
from rustok.core.locale import InvalidLocale, parse_locale
from rustok.importers.cells import Columns, normal_name

_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "handle": ("handle", "url handle"),
    "title": ("title",),
    "body": ("body html", "body", "description"),
    "vendor": ("vendor",),
    "category": (
        "product category",
        "standard product category",
        "standard product type",
        "standardized product type",
    ),
    "type": ("type", "product type", "custom product type"),
    "tags": ("tags",),
    "published": ("published", "published on online store"),
    "status": ("status",),
    "option1_name": ("option1 name",),
    "option1_value": ("option1 value",),
    "option2_name": ("option2 name",),
    "option2_value": ("option2 value",),
    "option3_name": ("option3 name",),
    "option3_value": ("option3 value",),
    "sku": ("variant sku", "sku"),
    "grams": ("variant grams", "weight value grams"),
    "weight": ("variant weight",),
    "weight_unit": ("variant weight unit", "weight unit for display"),
    "tracker": ("variant inventory tracker", "inventory tracker"),
    "quantity": ("variant inventory qty", "variant inventory quantity", "inventory quantity"),
    "policy": (
        "variant inventory policy",
        "inventory policy",
        "continue selling when out of stock",
    ),
    "fulfilment": ("variant fulfillment service", "fulfillment service"),
    "price": ("variant price", "price"),
    "compare_at": ("variant compare at price", "compare at price"),
    "requires_shipping": ("variant requires shipping", "requires shipping"),
    "taxable": ("variant taxable", "charge tax"),
    "barcode": ("variant barcode", "barcode"),
    "image": ("image src", "product image url", "image url"),
    "image_position": ("image position",),
    "image_alt": ("image alt text",),
    "variant_image": ("variant image", "variant image url"),
    "gift_card": ("gift card",),
    "seo_title": ("seo title",),
    "seo_description": ("seo description",),
    "cost": ("cost per item", "variant cost"),
    "tax_code": ("variant tax code", "tax code"),
}
NAMES: Final = {name: key for key, names in _FIELDS.items() for name in names}
VARIANT_KEYS: Final = (
    "option1_value", "option2_value", "option3_value", "sku", "price", "compare_at", "barcode",
    "variant_image", "cost",
)  # fmt: skip
"""A row with one of these filled describes a variant; without, it only adds an image."""

TRANSLATED: Final[Mapping[str, str]] = {
    "title": "title",
    "body": "description_html",
    "handle": "handle",
    "seo_title": "seo_title",
    "seo_description": "seo_description",
}
_LOCALE_SUFFIX = re.compile(r"^(.+?)\s*\(([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*)\)$")
_MARKET = re.compile(
    r"^(?:variant\s+)?(price|compare[- ]at[- ]price|included)\s*/\s*(.+)$", re.IGNORECASE
)
_KEPT_SILENTLY = re.compile(
    r"^(google shopping\b|unit price\b|.+\(product\.metafields\..+\)$|metafield\b"
    r"|option\d linked to$|collection$)",
    re.IGNORECASE,
)


class Market(msgspec.Struct, kw_only=True):
    """The columns of one market or currency, by position; `currency` None: nobody said which."""

    name: str
    currency: str | None
    price: int | None = None
    compare_at: int | None = None


class ShopifyColumns(Columns):
    """The columns of one file, with those of locales, markets and everything else.

    Attributes:
        translations: locale -> field of `ProductTranslationDraft` -> position.
        markets: in file order.
        extras: columns without a field of their own, kept as attributes: name and position.
        unfamiliar: those of `extras` that the format does not know.
    """

    def __init__(self, header: tuple[str, ...], market_currencies: Mapping[str, str]) -> None:
        super().__init__(header, NAMES)
        self.translations: dict[str, dict[str, int]] = {}
        self.markets: dict[str, Market] = {}
        self.extras: list[tuple[str, int]] = []
        self.unfamiliar: list[str] = []
        currencies = {name.casefold(): code for name, code in market_currencies.items()}
        for name, position in self.unknown:
            if self._is_translation(name, position) or self._is_market(name, position, currencies):
                continue
            self.extras.append((name, position))
            if not _KEPT_SILENTLY.match(name):
                self.unfamiliar.append(name)
        for key in ("fulfilment", "tax_code"):
            if key in self.index:
                self.extras.append((header[self.index[key]], self.index[key]))

    def _is_translation(self, name: str, position: int) -> bool:
        match = _LOCALE_SUFFIX.match(name)
        field = TRANSLATED.get(NAMES.get(normal_name(match[1]), "")) if match else None
        if match is None or field is None:
            return False
        try:
            locale = parse_locale(match[2].replace("_", "-"), pointer="column")
        except InvalidLocale:
            return False
        self.translations.setdefault(locale, {}).setdefault(field, position)
        return True

    def _is_market(self, name: str, position: int, currencies: Mapping[str, str]) -> bool:
        match = _MARKET.match(name)
        if match is None:
            return False
        label = match[2].strip()
        code = currencies.get(label.casefold())
        if code is None and label.upper() in EXPONENTS:
            code = label.upper()
        market = self.markets.setdefault(label.casefold(), Market(name=label, currency=code))
        what = match[1].casefold()
        if what == "price":
            market.price = position
        elif what != "included":
            market.compare_at = position
        return True
