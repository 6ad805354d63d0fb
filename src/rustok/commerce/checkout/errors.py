"""What can go wrong when an order is placed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rustok.core.errors import Conflict, FieldError, Unprocessable


class CartEmpty(Unprocessable):
    code = "cart_empty"
    title = "The cart is empty"
    mend = "Put something in the cart first."

    def __init__(self) -> None:
        super().__init__("There is nothing in the cart to order.")


class CheckoutIncomplete(Unprocessable):
    """Something an order needs is neither in the request nor in the cart."""

    code = "checkout_incomplete"
    title = "Something is missing for an order"
    mend = "Send the fields named in `errors`, or set them on the cart."

    def __init__(self, missing: Sequence[str]) -> None:
        self.missing = tuple(missing)
        super().__init__(
            "Missing: " + ", ".join(missing) + ".",
            fields=[
                FieldError(pointer=f"/{name}", rule="required", message="This is needed.")
                for name in missing
            ],
        )


class LinesNotForSale(Conflict):
    """Lines that were for sale when they were put in, and are not any more."""

    code = "lines_not_for_sale"
    title = "Some lines are no longer for sale"
    mend = "Remove the lines of the variants in `variant_ids`."

    def __init__(self, variant_ids: Sequence[UUID]) -> None:
        self.variant_ids = tuple(variant_ids)
        super().__init__(
            f"{len(variant_ids)} lines of the cart are no longer for sale.",
            extensions={"variant_ids": [str(one) for one in variant_ids]},
        )


class PriceChanged(Conflict):
    """The total is another than the customer was shown."""

    code = "price_changed"
    title = "The total has changed"
    mend = "Show the customer the new total, then send it as `expected_total_minor`."

    def __init__(self, *, expected_total_minor: int, total_minor: int, currency: str) -> None:
        self.expected_total_minor, self.total_minor = expected_total_minor, total_minor
        super().__init__(
            f"The total is {total_minor} {currency} minor units, not {expected_total_minor}.",
            extensions={
                "expected_total_minor": expected_total_minor,
                "total_minor": total_minor,
                "currency": currency,
            },
        )


class OrderTotalTooLarge(Unprocessable):
    code = "order_total_too_large"
    title = "The total is too large"
    mend = "Lower the quantities, or split the order."

    def __init__(self) -> None:
        super().__init__("The total of the order exceeds what can be stored exactly.")
