"""What other features and the importers may call of pricing."""

from rustok.commerce.pricing.errors import PriceInvalid, PriceNotFound
from rustok.commerce.pricing.model import Price, PriceEntry, Sale
from rustok.commerce.pricing.service import all_prices, delete_price, prices_for, set_price

__all__ = [
    "Price",
    "PriceEntry",
    "PriceInvalid",
    "PriceNotFound",
    "Sale",
    "all_prices",
    "delete_price",
    "prices_for",
    "set_price",
]
