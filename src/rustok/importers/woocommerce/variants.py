"""One WooCommerce row as something that can be bought; it decides nothing about its product."""

from __future__ import annotations

from datetime import tzinfo

import msgspec

from rustok.core.money import Money
from rustok.importers.cells import (
    MAX_TITLE_CHARS,
    Cells,
    CellUnreadable,
    read_moment,
    read_price,
    read_quantity,
    read_url,
    read_weight_grams,
)
from rustok.importers.drafts import ImageDraft, MarketPrice, SaleWindow, VariantDraft
from rustok.importers.reading import one_line
from rustok.importers.woocommerce.columns import WooColumns
from rustok.importers.woocommerce.lists import split_attribute_values, split_values

FOLLOWS_PARENT = "parent"
TAXABLE = ("", "taxable", "true")


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """A numbered attribute of a row; a variation has one value, or none for "any"."""

    name: str
    values: tuple[str, ...]


class Pricing(msgspec.Struct, frozen=True, kw_only=True):
    """What a row costs: `price` is paid, `compare_at` is the regular price while on sale."""

    price: Money | None
    compare_at: Money | None
    sale: SaleWindow | None
    market_prices: tuple[MarketPrice, ...]


class Stock(msgspec.Struct, frozen=True, kw_only=True):
    """How a row is stocked; `shared` means that the parent counts for all its variations."""

    quantity: int | None
    tracked: bool
    backorders: bool
    shared: bool = False


def read_types(cells: Cells) -> tuple[str, bool, bool]:
    """The product type, and whether it is virtual and downloadable."""
    words = {word.casefold() for word in split_values(cells.text("type"))}
    virtual, downloadable = "virtual" in words, "downloadable" in words
    rest = sorted(words - {"virtual", "downloadable"})
    return (rest[0] if rest else "simple"), virtual, downloadable


def read_attributes(cells: Cells, columns: WooColumns) -> tuple[Attribute, ...]:
    """The attributes of the row by their numbers; nameless ones are left out."""
    found: list[Attribute] = []
    for _, places in sorted(columns.attributes.items()):
        name = one_line(cells.at(places.name))[:MAX_TITLE_CHARS] if places.name is not None else ""
        if name:
            text = cells.at(places.value) if places.value is not None else ""
            found.append(Attribute(name=name, values=split_attribute_values(text)))
    return tuple(found)


def read_images(cells: Cells) -> tuple[ImageDraft, ...]:
    """The images of the row; file names (the shop's own media) are left out with a warning."""
    images: list[ImageDraft] = []
    for text in split_values(cells.text("images")):
        try:
            url = read_url(text)
        except CellUnreadable as error:
            cells.note("images", error.code, f"{error} The image is left out.", "warning")
            continue
        images.append(ImageDraft(url=url, alt="", position=len(images) + 1))
    return tuple(images)


def read_pricing(cells: Cells, columns: WooColumns, currency: str, zone: tzinfo) -> Pricing | None:
    """The prices of a row; None, with an issue, when the regular price cannot be read."""
    regular: Money | None = None
    if cells.text("regular_price"):
        try:
            regular = read_price(cells.text("regular_price"), currency)
        except CellUnreadable as error:
            cells.note("regular_price", error.code, f"{error} The row cannot be sold.", "error")
            return None
    reduced = cells.value("sale_price", lambda text: read_price(text, currency), None)
    if reduced is not None and regular is not None and reduced >= regular:
        cells.note(
            "sale_price",
            "sale_not_lower",
            "The sale price is not under the regular one; it is left out.",
            "warning",
        )
        reduced = None
    markets = _market_prices(cells, columns, currency)
    if reduced is None:
        return Pricing(price=regular, compare_at=None, sale=None, market_prices=markets)
    starts = cells.value("sale_from", lambda text: read_moment(text, zone), None)
    ends = cells.value("sale_to", lambda text: read_moment(text, zone, end_of_day=True), None)
    if starts is not None and ends is not None and ends <= starts:
        cells.note(
            "sale_to",
            "sale_ends_early",
            "The sale ends before it starts; it is left out.",
            "warning",
        )
        return Pricing(price=regular, compare_at=None, sale=None, market_prices=markets)
    window = SaleWindow(starts_at=starts, ends_at=ends) if starts or ends else None
    return Pricing(price=reduced, compare_at=regular, sale=window, market_prices=markets)


def _market_prices(cells: Cells, columns: WooColumns, currency: str) -> tuple[MarketPrice, ...]:
    prices: list[MarketPrice] = []
    for code, places in columns.prices.items():
        amounts: dict[str, Money] = {}
        for key, position in places.items():
            text = cells.at(position)
            try:
                if text and code != currency:
                    amounts[key] = read_price(text, code)
            except CellUnreadable as error:
                cells.note_at(position, error.code, f"{error} This price is left out.", "warning")
        regular, reduced = amounts.get("regular_price"), amounts.get("sale_price")
        if regular is not None and reduced is not None and reduced < regular:
            prices.append(MarketPrice(price=reduced, compare_at=regular))
        elif regular is not None:
            prices.append(MarketPrice(price=regular))
    return tuple(prices)


def read_stock(cells: Cells) -> Stock:
    """Stock as WooCommerce means it: an empty Stock cell means it is not counted."""
    backorders = cells.text("backorders").casefold() == "notify" or cells.flag(
        "backorders", default=False
    )
    word = cells.text("in_stock").casefold()
    text = cells.text("stock")
    if text.casefold() == FOLLOWS_PARENT:
        return Stock(quantity=None, tracked=True, backorders=backorders, shared=True)
    quantity = cells.value("stock", read_quantity, None)
    if quantity is not None:
        if quantity < 0:
            cells.note(
                "stock", "stock_negative", f"The stock of {quantity} is taken as 0.", "warning"
            )
        return Stock(quantity=max(quantity, 0), tracked=True, backorders=backorders)
    if word in ("backorder", "onbackorder"):
        return Stock(quantity=0, tracked=True, backorders=True)
    available = word in ("", "instock") or (
        word != "outofstock" and cells.flag("in_stock", default=True)
    )
    # Not counted and sold out: nothing may be sold, which only a counted 0 says.
    return Stock(quantity=None if available else 0, tracked=not available, backorders=backorders)


def read_variant(
    cells: Cells,
    columns: WooColumns,
    *,
    source_id: str,
    values: tuple[str, ...],
    virtual: bool,
    currency: str,
    zone: tzinfo,
) -> VariantDraft | None:
    """The variant of a row; None, with an issue, when its price cannot be read."""
    pricing = read_pricing(cells, columns, currency, zone)
    if pricing is None:
        return None
    if pricing.price is None:
        cells.note(
            "regular_price", "price_missing", "The row has no price; it cannot be sold.", "warning"
        )
    stock = read_stock(cells)
    images = read_images(cells)
    unit = columns.weight_unit or "kg"
    return VariantDraft(
        source_id=source_id,
        sku=cells.sku("sku"),
        barcode=cells.sku("gtin"),
        option_values=values,
        price=pricing.price,
        compare_at=pricing.compare_at,
        sale=pricing.sale,
        market_prices=pricing.market_prices,
        cost=cells.value("cost", lambda text: read_price(text, currency), None),
        weight_grams=cells.value("weight", lambda text: read_weight_grams(text, unit), None),
        requires_shipping=not virtual,
        taxable=cells.text("tax_status").casefold() in TAXABLE,
        inventory_quantity=stock.quantity,
        track_inventory=stock.tracked,
        backorder_allowed=stock.backorders,
        image_url=images[0].url if images else None,
        rows=(cells.line,),
    )
