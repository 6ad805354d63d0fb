"""The columns of WooCommerce's product CSV, in English, German and by key; it reads no cells.

Exports carry the names in the shop's language: for others, `WooCommerceOptions.column_names`
maps the file's name to the English one. Our own addition: texts may be followed by a locale,
`Name (de)`, `Description (de)`, `Slug (de)`, and prices by a currency, `Regular price (EUR)`,
`Sale price (EUR)`.
Source: WooCommerce "Product CSV import schema".
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
    "id": ("id",),
    "type": ("type", "typ"),
    "sku": ("sku", "artikelnummer"),
    "gtin": ("gtin upc ean or isbn", "global unique id", "gtin upc ean oder isbn"),
    "name": ("name",),
    "slug": ("slug",),
    "published": ("published", "veröffentlicht"),
    "featured": ("is featured", "featured", "ist hervorgehoben", "empfohlen"),
    "visibility": ("visibility in catalog", "catalog visibility", "sichtbarkeit im katalog"),
    "summary": ("short description", "kurzbeschreibung"),
    "description": ("description", "beschreibung"),
    "sale_from": (
        "date sale price starts",
        "date on sale from",
        "datum an dem angebotspreis beginnt",
    ),
    "sale_to": ("date sale price ends", "date on sale to", "datum an dem angebotspreis endet"),
    "tax_status": ("tax status", "steuerstatus"),
    "in_stock": ("in stock", "stock status", "vorrätig"),
    "stock": ("stock", "stock quantity", "lager", "lagerbestand"),
    "backorders": ("backorders allowed", "backorders", "lieferrückstande erlaubt"),
    "sale_price": ("sale price", "angebotspreis"),
    "regular_price": ("regular price", "price", "regulärer preis", "preis"),
    "cost": ("cost of goods", "cogs value"),
    "categories": ("categories", "category ids", "kategorien"),
    "tags": ("tags", "tag ids", "schlagwörter"),
    "brands": ("brands", "brand ids", "marken"),
    "images": ("images", "raw image id", "bilder"),
    "parent": ("parent", "parent id", "übergeordnetes produkt"),
    "grouped": ("grouped products", "gruppierte produkte"),
    "upsells": ("upsells", "upsell ids", "zusatzverkäufe"),
    "cross_sells": ("cross sells", "cross sell ids", "querverkäufe"),
    "external_url": ("external url", "product url", "externe url"),
    "button_text": ("button text",),
    "position": ("position", "menu order"),
}
NAMES: Final = {name: key for key, names in _FIELDS.items() for name in names}
_WEIGHT = re.compile(r"^(?:weight|gewicht)\s*\(\s*(\w+)\s*\)$|^weight$", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"^attribut[e]?\s*(\d{1,3})\s+(name|value(?:\(s\))?|wert(?:\(e\))?|visible|sichtbar|global|default|standard)$",
    re.IGNORECASE,
)
_DOWNLOAD = re.compile(r"^download\s*(\d{1,3})\s+(name|url|id)$", re.IGNORECASE)
_META = re.compile(r"^meta:\s*(.+)$", re.IGNORECASE)
_SUFFIX = re.compile(r"^(.+?)\s*\(([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*)\)$")
_TRANSLATED: Final = {"name": "title", "description": "description_html", "slug": "handle"}
_SEO: Final[Mapping[str, str]] = {
    "_yoast_wpseo_title": "seo_title",
    "rank_math_title": "seo_title",
    "_yoast_wpseo_metadesc": "seo_description",
    "rank_math_description": "seo_description",
}
_KEPT_SILENTLY = re.compile(
    r"^(tax class|low stock amount|sold individually\?|(length|width|height) \(\w+\)|purchase note"
    r"|allow customer reviews\?|shipping class|download (limit|expiry days)|steuerklasse"
    r"|geringe lagermenge|nur einzeln verkaufen\?|(länge|breite|höhe) \(\w+\)|versandklasse)$",
    re.IGNORECASE,
)


class AttributeColumns(msgspec.Struct, kw_only=True):
    """Where the parts of one numbered attribute or download stand."""

    name: int | None = None
    value: int | None = None
    default: int | None = None


class WooColumns(Columns):
    """The columns of one file, with those of attributes, downloads, locales and currencies.

    Attributes:
        weight_unit: of the weight column, as its name says; None without one.
        extras: columns without a field of their own, kept as attributes: name and position.
        unfamiliar: those of `extras` that the format does not know.
    """

    def __init__(self, header: tuple[str, ...], column_names: Mapping[str, str]) -> None:
        mapped = {normal_name(name): english for name, english in column_names.items()}
        self.english = tuple(mapped.get(normal_name(name), name) for name in header)
        super().__init__(header, {})
        self.attributes: dict[int, AttributeColumns] = {}
        self.downloads: dict[int, AttributeColumns] = {}
        self.translations: dict[str, dict[str, int]] = {}
        self.prices: dict[str, dict[str, int]] = {}
        self.seo: dict[str, int] = {}
        self.weight_unit: str | None = None
        self.extras: list[tuple[str, int]] = []
        self.unfamiliar: list[str] = []
        for position, name in enumerate(self.english):
            key = NAMES.get(normal_name(name))
            if key is not None:
                self.index.setdefault(key, position)
            elif name and not self._is_special(name, position):
                self.extras.append((header[position], position))
                if not _KEPT_SILENTLY.match(name) and not _META.match(name):
                    self.unfamiliar.append(header[position])

    def _is_special(self, name: str, position: int) -> bool:
        if match := _WEIGHT.match(name):
            self.weight_unit = match[1] or "kg"
            self.index.setdefault("weight", position)
            return True
        if match := _ATTRIBUTE.match(name):
            attribute = self.attributes.setdefault(int(match[1]), AttributeColumns())
            part = match[2].casefold()
            if part == "name":
                attribute.name = position
            elif part.startswith(("value", "wert")):
                attribute.value = position
            elif part in ("default", "standard"):
                attribute.default = position
            return True
        if match := _DOWNLOAD.match(name):
            download = self.downloads.setdefault(int(match[1]), AttributeColumns())
            if match[2].casefold() == "name":
                download.name = position
            elif match[2].casefold() == "url":
                download.value = position
            return True
        if (match := _META.match(name)) and match[1].strip() in _SEO:
            self.seo.setdefault(_SEO[match[1].strip()], position)
            return True
        return self._is_suffixed(name, position)

    def _is_suffixed(self, name: str, position: int) -> bool:
        match = _SUFFIX.match(name)
        if match is None:
            return False
        key = NAMES.get(normal_name(match[1]), "")
        if key in ("regular_price", "sale_price") and match[2].upper() in EXPONENTS:
            self.prices.setdefault(match[2].upper(), {}).setdefault(key, position)
            return True
        field = _TRANSLATED.get(key)
        if field is None:
            return False
        try:
            locale = parse_locale(match[2].replace("_", "-"), pointer="column")
        except InvalidLocale:
            return False
        self.translations.setdefault(locale, {}).setdefault(field, position)
        return True
