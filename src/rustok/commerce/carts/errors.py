"""What can go wrong with carts."""

from __future__ import annotations

from uuid import UUID

from rustok.core.errors import Conflict, NotFound, Unprocessable


class CartNotFound(NotFound):
    """Also the answer for a cart of somebody else."""

    code = "cart_not_found"
    title = "There is no such cart"
    mend = "Create a cart and use the id you get."

    def __init__(self) -> None:
        super().__init__("There is no such cart, or it belongs to somebody else.")


class CartLineNotFound(NotFound):
    code = "cart_line_not_found"
    title = "The cart has no such line"

    def __init__(self) -> None:
        super().__init__("The cart has no such line.")


class CartAlreadyCompleted(Conflict):
    code = "cart_completed"
    title = "An order was placed from this cart"
    mend = "Create a new cart."

    def __init__(self, order_id: UUID) -> None:
        self.order_id = order_id
        super().__init__(
            "The cart is completed: an order was placed from it.",
            extensions={"order_id": str(order_id), "allowed_actions": []},
        )


class VariantNotForSale(Unprocessable):
    code = "variant_not_for_sale"
    title = "This is not for sale"
    mend = "Choose a variant of a published product that has a price in the cart's currency."

    def __init__(self, variant_id: UUID) -> None:
        self.variant_id = variant_id
        super().__init__(
            "The variant is not for sale in this cart's currency.",
            extensions={"variant_id": str(variant_id)},
        )


class CartFull(Unprocessable):
    code = "cart_full"
    title = "The cart is full"
    mend = "Remove a line, or place an order first."

    def __init__(self, limit: int) -> None:
        super().__init__(f"A cart has at most {limit} lines.", extensions={"limit": limit})


class LineQuantityTooLarge(Unprocessable):
    code = "line_quantity_too_large"
    title = "That is too much of one thing"
    mend = "Lower the quantity."

    def __init__(self, *, wanted: int, limit: int) -> None:
        super().__init__(
            f"{wanted} pieces wanted in one line; at most {limit} are possible.",
            extensions={"wanted": wanted, "limit": limit},
        )


class CurrencyNotOffered(Unprocessable):
    code = "cart_currency_not_offered"
    title = "The shop does not sell in this currency"
    mend = "Use one of the currencies in `currencies`."

    def __init__(self, currency: str, offered: tuple[str, ...]) -> None:
        super().__init__(
            f"'{currency}' is not among the currencies of this shop.",
            extensions={"currencies": list(offered)},
        )
