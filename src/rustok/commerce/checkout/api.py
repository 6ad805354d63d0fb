"""What others (importers, the demo data, tests) may call of checkout."""

from rustok.commerce.checkout.errors import (
    CartEmpty,
    CheckoutIncomplete,
    LinesNotForSale,
    PriceChanged,
)
from rustok.commerce.checkout.service import (
    cancel,
    cancel_with_refund,
    confirm,
    deliver,
    pay,
    place_order,
    ship,
    start_payment,
)

__all__ = [
    "CartEmpty",
    "CheckoutIncomplete",
    "LinesNotForSale",
    "PriceChanged",
    "cancel",
    "cancel_with_refund",
    "confirm",
    "deliver",
    "pay",
    "place_order",
    "ship",
    "start_payment",
]
