"""What can go wrong with prices."""

from __future__ import annotations

from rustok.core.errors import NotFound
from rustok.core.invalid_value import InvalidValue


class PriceNotFound(NotFound):
    code = "price_not_found"
    title = "There is no such price"

    def __init__(self, currency: str) -> None:
        super().__init__(f"The variant has no price in {currency}.")


class PriceInvalid(InvalidValue):
    """Amounts or times that contradict one another."""

    code = "price_invalid"
    title = "The price contradicts itself"
