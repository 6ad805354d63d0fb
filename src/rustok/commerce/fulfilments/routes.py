"""Fulfilments over HTTP, for the staff. Shipping and delivery are steps of an order: see checkout."""

from __future__ import annotations

from uuid import UUID

from rustok.commerce.fulfilments import service
from rustok.commerce.fulfilments.schemas import FulfilmentView, fulfilment_view
from rustok.core.routing import ReadCall, Routes

admin = Routes("fulfilments", surface="admin", tag="Fulfilments", essential=True)


@admin.get(
    "/orders/{order_id}/fulfilments",
    permission="orders:read",
    summary="List the fulfilments of an order, oldest first",
)
async def list_order_fulfilments(call: ReadCall, order_id: UUID) -> list[FulfilmentView]:
    found = await service.list_fulfilments(call.tx, order_id)
    return [fulfilment_view(one, lines) for one, lines in found]
