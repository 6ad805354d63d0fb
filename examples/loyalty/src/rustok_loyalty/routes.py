"""The customer's own points."""

from __future__ import annotations

from typing import Final

from rustok.core.errors import PermissionDenied
from rustok.core.routing import SIGNED_IN, ReadCall, Routes
from rustok_loyalty import service
from rustok_loyalty.schemas import LoyaltyView

storefront: Final = Routes("loyalty", surface="storefront", tag="Loyalty")


@storefront.get("/loyalty", permission=SIGNED_IN, summary="Your points")
async def my_points(call: ReadCall) -> LoyaltyView:
    """Whoever is signed in sees their own points and nobody else's."""
    customer_id = call.ctx.actor.id
    if customer_id is None:
        raise PermissionDenied("Points belong to a customer.")
    return LoyaltyView(points=(await service.get(call.tx, customer_id)).points)
