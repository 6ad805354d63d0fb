"""What can go wrong with orders."""

from __future__ import annotations

from uuid import UUID

from rustok.core.errors import Conflict, NotFound, Unprocessable


class OrderNotFound(NotFound):
    """Also the answer for somebody else's order and for a wrong order token."""

    code = "order_not_found"
    title = "There is no such order"
    mend = "Check the id, and send the order's token or sign in as the customer who placed it."

    def __init__(self) -> None:
        super().__init__("There is no such order, or it is not yours to see.")


class OrderLineNotFound(Unprocessable):
    code = "order_line_not_found"
    title = "The order has no such line"
    mend = "Use line ids of this order."

    def __init__(self, line_id: UUID) -> None:
        self.line_id = line_id
        super().__init__("The order has no such line.", extensions={"line_id": str(line_id)})


class ShipmentTooLarge(Unprocessable):
    """More is to be shipped than is left of a line."""

    code = "shipment_too_large"
    title = "More than is left to ship"
    mend = "Ship at most what is left of the line."

    def __init__(self, *, line_id: UUID, wanted: int, left: int) -> None:
        self.line_id, self.wanted, self.left = line_id, wanted, left
        super().__init__(
            f"{wanted} pieces to ship of a line with {left} left.",
            extensions={"line_id": str(line_id), "wanted": wanted, "left": left},
        )


class OrderPartlyShipped(Conflict):
    """A paid order that went out in part cannot be cancelled as a whole."""

    code = "order_partly_shipped"
    title = "Part of the order is shipped already"
    mend = "Ship the rest, and take it back as a return."

    def __init__(self) -> None:
        super().__init__("Part of the order is shipped; it cannot be cancelled as a whole.")


class RefundOutOfRange(Unprocessable):
    code = "refund_out_of_range"
    title = "The refund does not fit what was paid"
    mend = "Refund between 0 and the total of the order."

    def __init__(self, *, refund_minor: int, paid_minor: int) -> None:
        super().__init__(
            f"A refund of {refund_minor} does not fit the {paid_minor} paid.",
            extensions={"refund_minor": refund_minor, "paid_minor": paid_minor},
        )
