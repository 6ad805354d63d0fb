"""One row of a Shopify product as a variant; it decides nothing about the product."""

from __future__ import annotations

from rustok.core.money import Money
from rustok.importers.cells import (
    MAX_TITLE_CHARS,
    Cells,
    CellUnreadable,
    read_number,
    read_price,
    read_quantity,
    read_url,
    read_weight_grams,
)
from rustok.importers.drafts import MarketPrice, VariantDraft
from rustok.importers.shopify.columns import VARIANT_KEYS, ShopifyColumns

DEFAULT_VALUE = "default title"


def describes_variant(cells: Cells) -> bool:
    """Whether the row says anything about a variant beyond the defaults of an image row."""
    return any(cells.text(key) for key in VARIANT_KEYS)


def read_option_values(cells: Cells) -> tuple[str, str, str]:
    """The three option cells; one left empty is ""."""
    first, second, third = (
        cells.words(f"option{number}_value", max_chars=MAX_TITLE_CHARS) for number in (1, 2, 3)
    )
    return first, second, third


def read_variant(
    cells: Cells,
    columns: ShopifyColumns,
    *,
    handle: str,
    values: tuple[str, ...],
    currency: str,
) -> VariantDraft | None:
    """The variant of a row; None, with an issue, when its price cannot be read."""
    try:
        price = read_price(cells.text("price"), currency) if cells.text("price") else None
    except CellUnreadable as error:
        cells.note("price", error.code, f"{error} The variant is left out.", "error")
        return None
    if price is None:
        cells.note(
            "price", "price_missing", "The variant has no price; it cannot be sold.", "warning"
        )
    quantity = _quantity(cells)
    tracker = cells.text("tracker").casefold()
    image = cells.value("variant_image", read_url, None)
    return VariantDraft(
        source_id="|".join((handle, *values)),
        sku=cells.sku("sku"),
        barcode=cells.sku("barcode"),
        option_values=values,
        price=price,
        compare_at=_compare_at(
            cells.value("compare_at", lambda text: read_price(text, currency), None), price
        ),
        market_prices=_market_prices(cells, columns, currency),
        cost=cells.value("cost", lambda text: read_price(text, currency), None),
        weight_grams=_weight(cells),
        requires_shipping=cells.flag("requires_shipping", default=True),
        taxable=cells.flag("taxable", default=True),
        inventory_quantity=quantity,
        # Without a tracker column the quantity itself says that stock is counted.
        track_inventory=bool(tracker) if "tracker" in columns else quantity is not None,
        backorder_allowed=_backorders(cells),
        image_url=image,
        rows=(cells.line,),
    )


def _compare_at(compare_at: Money | None, price: Money | None) -> Money | None:
    # Shopify writes 0 or the price itself when nothing is reduced.
    if compare_at is None or price is None or compare_at <= price:
        return None
    return compare_at


def _quantity(cells: Cells) -> int | None:
    quantity = cells.value("quantity", read_quantity, None)
    if quantity is not None and quantity < 0:
        cells.note(
            "quantity", "stock_negative", f"The stock of {quantity} is taken as 0.", "warning"
        )
        return 0
    return quantity


def _weight(cells: Cells) -> int | None:
    grams = cells.value("grams", lambda text: read_weight_grams(text, "g"), None)
    if grams is not None:
        return grams
    unit = cells.text("weight_unit") or "kg"
    return cells.value("weight", lambda text: read_weight_grams(text, unit), None)


def _backorders(cells: Cells) -> bool:
    policy = cells.text("policy").casefold()
    if policy in ("continue", "deny", ""):
        return policy == "continue"
    return cells.flag("policy", default=False)


def _market_prices(cells: Cells, columns: ShopifyColumns, currency: str) -> tuple[MarketPrice, ...]:
    prices: dict[str, MarketPrice] = {}
    for market in columns.markets.values():
        code = market.currency
        if code is None or code == currency or market.price is None or code in prices:
            continue
        price = _amount(cells, market.price, code)
        if price is None:
            continue
        compare_at = (
            _amount(cells, market.compare_at, code) if market.compare_at is not None else None
        )
        prices[code] = MarketPrice(price=price, compare_at=_compare_at(compare_at, price))
    return tuple(prices.values())


def _amount(cells: Cells, position: int, currency: str) -> Money | None:
    text = cells.at(position)
    if not text:
        return None
    try:
        return read_price(text, currency)
    except CellUnreadable as error:
        cells.note_at(position, error.code, f"{error} This price is left out.", "warning")
        return None


def position_of(cells: Cells) -> int | None:
    """The image position of the row, None when it has none or no number."""
    value = cells.value("image_position", read_number, None)
    return None if value is None else int(value)
