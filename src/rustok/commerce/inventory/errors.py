"""What can go wrong with stock."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rustok.core.errors import Conflict, FieldError, NotFound, Unprocessable


class LocationNotFound(NotFound):
    code = "location_not_found"
    title = "There is no such stock location"

    def __init__(self) -> None:
        super().__init__("The tenant has no such stock location.")


class LocationCodeTaken(Conflict):
    code = "location_code_taken"
    title = "The code of the location is taken"
    mend = "Choose another code."

    def __init__(self, code: str) -> None:
        super().__init__(f"The code '{code}' belongs to another location.")


class LocationInactive(Unprocessable):
    code = "location_inactive"
    title = "The location is closed"
    mend = "Open the location first, or name another."

    def __init__(self, code: str) -> None:
        super().__init__(f"The location '{code}' takes no stock: it is not active.")


class LastLocation(Unprocessable):
    code = "last_location"
    title = "One location must stay open"
    mend = "Open another location first."

    def __init__(self) -> None:
        super().__init__("The default location cannot be closed.")


class StockInsufficient(Conflict):
    """Less is free than wanted.

    Args:
        short: every short variant as (variant id, SKU or empty, wanted, available).
    """

    code = "stock_insufficient"
    title = "There is not enough stock"
    mend = "Lower the quantities of the lines named in `errors`, or remove the lines."

    def __init__(self, short: Sequence[tuple[UUID, str, int, int]]) -> None:
        self.short = tuple(short)
        names = [sku or str(variant_id) for variant_id, sku, _, _ in short]
        super().__init__(
            "Not enough stock of: " + ", ".join(names[:20]) + ".",
            fields=[
                FieldError(
                    pointer=f"/lines/{variant_id}/quantity",
                    rule="stock",
                    message=f"{wanted} wanted, {available} available.",
                )
                for variant_id, _, wanted, available in short
            ],
            extensions={
                "variant_ids": [str(variant_id) for variant_id, _, _, _ in short],
                "skus": names,
                "wanted": [wanted for _, _, wanted, _ in short],
                "available": [available for _, _, _, available in short],
            },
        )


class StockReserved(Conflict):
    """A correction would take pieces that are promised to orders."""

    code = "stock_reserved"
    title = "These pieces are promised to orders"
    mend = "Cancel orders first, or keep at least as many pieces as are reserved."

    def __init__(self, *, variant_id: UUID, wanted: int, reserved: int) -> None:
        self.variant_id, self.wanted, self.reserved = variant_id, wanted, reserved
        super().__init__(
            f"{reserved} pieces are reserved; {wanted} on hand would be too few.",
            extensions={"variant_id": str(variant_id), "wanted": wanted, "reserved": reserved},
        )


class QuantityOutOfRange(Unprocessable):
    code = "stock_quantity_out_of_range"
    title = "The quantity on hand leaves its range"
    mend = "Keep the quantity on hand between 0 and 2147483647."

    def __init__(self, *, on_hand: int, delta: int) -> None:
        super().__init__(
            f"{on_hand} on hand changed by {delta} leaves the range of 0 to 2147483647.",
            extensions={"on_hand": on_hand, "delta": delta},
        )


class ReservationTooSmall(Conflict):
    """More is to be released or shipped than is still reserved."""

    code = "reservation_too_small"
    title = "Less is reserved than that"
    mend = "Read the order again; part of it may have been shipped or released already."

    def __init__(self, *, order_line_id: UUID, wanted: int, reserved: int) -> None:
        self.order_line_id, self.wanted, self.reserved = order_line_id, wanted, reserved
        super().__init__(
            f"{wanted} wanted of an order line that has {reserved} reserved.",
            extensions={
                "order_line_id": str(order_line_id),
                "wanted": wanted,
                "reserved": reserved,
            },
        )
