"""What can go wrong with returns."""

from __future__ import annotations

from uuid import UUID

from rustok.core.errors import Conflict, NotFound, Unprocessable


class ReturnNotFound(NotFound):
    """Also the answer for a return of somebody else's order."""

    code = "return_not_found"
    title = "There is no such return"

    def __init__(self) -> None:
        super().__init__("There is no such return, or it is not yours to see.")


class ReturnLineNotFound(Unprocessable):
    code = "return_line_not_found"
    title = "The return has no such line"
    mend = "Use line ids of this return."

    def __init__(self, line_id: UUID) -> None:
        self.line_id = line_id
        super().__init__("The return has no such line.", extensions={"line_id": str(line_id)})


class NothingDelivered(Conflict):
    code = "nothing_delivered"
    title = "Nothing of the order has arrived yet"
    mend = "Wait for the delivery, or cancel the order."

    def __init__(self) -> None:
        super().__init__("Pieces can be returned once the order is delivered.")


class ReturnTooLarge(Unprocessable):
    """More is to come back than was delivered and is not coming back already."""

    code = "return_too_large"
    title = "More than can come back"
    mend = "Return at most what is left of the line."

    def __init__(self, *, line_id: UUID, wanted: int, left: int) -> None:
        self.line_id, self.wanted, self.left = line_id, wanted, left
        super().__init__(
            f"{wanted} pieces to return of a line with {left} left.",
            extensions={"line_id": str(line_id), "wanted": wanted, "left": left},
        )


class ReturnRefundTooLarge(Unprocessable):
    code = "return_refund_too_large"
    title = "The refund exceeds what the pieces cost"
    mend = "Refund at most what was paid for the pieces that came back."

    def __init__(self, *, wanted_minor: int, limit_minor: int) -> None:
        super().__init__(
            f"{wanted_minor} minor units to refund; the pieces cost {limit_minor}.",
            extensions={"wanted_minor": wanted_minor, "limit_minor": limit_minor},
        )
