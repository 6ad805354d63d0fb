"""What can go wrong when products are read."""

from __future__ import annotations

from rustok.core.errors import NotFound


class ProductNotOnOffer(NotFound):
    code = "product_not_on_offer"
    title = "There is no such product on offer"
    mend = "Check the handle; the product may have been renamed or taken off the shop."

    def __init__(self, handle: str) -> None:
        super().__init__(f"No product on offer has the handle '{handle[:200]}'.")
