"""What an order is made of: its lines as they were sold, and their sums.

Refuses: reading or writing anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from rustok.commerce.orders.errors import OrderLineNotFound, ShipmentTooLarge


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it was sold: titles and amounts do not follow the catalogue afterwards."""

    id: UUID
    order_id: UUID
    position: int
    product_id: UUID
    variant_id: UUID
    sku: str | None
    title: str
    variant_title: str
    image_url: str | None
    quantity: int
    shipped_quantity: int
    unit_amount_minor: int
    total_minor: int
    discount_minor: int = 0
    requires_shipping: bool
    taxable: bool
    track_inventory: bool

    @property
    def paid_minor(self) -> int:
        """What the customer pays for the line."""
        return self.total_minor - self.discount_minor

    @property
    def left_to_ship(self) -> int:
        return self.quantity - self.shipped_quantity


class OrderTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums in minor units of the order's currency; `total_minor` is the others less the discount."""

    subtotal_minor: int
    discount_minor: int = 0
    shipping_minor: int = 0
    tax_minor: int = 0

    @property
    def total_minor(self) -> int:
        return self.subtotal_minor - self.discount_minor + self.shipping_minor + self.tax_minor


class NewOrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """What checkout settled for one line; amounts in minor units of the order's currency."""

    id: UUID
    product_id: UUID
    variant_id: UUID
    sku: str | None
    title: str
    variant_title: str
    image_url: str | None
    quantity: int
    unit_amount_minor: int
    discount_minor: int = 0
    requires_shipping: bool
    taxable: bool
    track_inventory: bool


def shipment(
    lines: Sequence[OrderLine], wanted: Mapping[UUID, int] | None
) -> tuple[dict[UUID, int], bool]:
    """What to ship of each line, and whether nothing is left afterwards.

    Args:
        wanted: pieces by line id; None ships all that is left.

    Raises:
        OrderLineNotFound: an id of another order.
        ShipmentTooLarge: more than is left of a line.
    """
    left = {line.id: line.left_to_ship for line in lines}
    if wanted is None:
        return {line_id: count for line_id, count in left.items() if count}, True
    for line_id, count in wanted.items():
        if line_id not in left:
            raise OrderLineNotFound(line_id)
        if count > left[line_id]:
            raise ShipmentTooLarge(line_id=line_id, wanted=count, left=left[line_id])
    complete = all(wanted.get(line_id, 0) == count for line_id, count in left.items())
    return {line_id: count for line_id, count in wanted.items() if count}, complete
