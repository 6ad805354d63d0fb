"""What other features and the importers may call of pricing."""

from rustok.commerce.pricing.errors import PriceInvalid, PriceNotFound
from rustok.commerce.pricing.model import Price, PriceEntry, Sale
from rustok.commerce.pricing.service import (
    NewPrice,
    add_prices,
    all_prices,
    check_new,
    delete_price,
    prices_for,
    set_price,
)

__all__ = [
    "NewPrice",
    "Price",
    "PriceEntry",
    "PriceInvalid",
    "PriceNotFound",
    "Sale",
    "add_prices",
    "all_prices",
    "check_new",
    "delete_price",
    "prices_for",
    "set_price",
]
