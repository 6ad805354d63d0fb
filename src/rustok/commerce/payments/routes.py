"""Payments over HTTP, for the staff. Paying and refunding are steps of an order: see checkout."""

from __future__ import annotations

from uuid import UUID

from rustok.commerce.payments import service
from rustok.commerce.payments.schemas import PaymentView, payment_view
from rustok.core.routing import ReadCall, Routes

admin = Routes("payments", surface="admin", tag="Payments", essential=True)


@admin.get(
    "/orders/{order_id}/payments",
    permission="orders:read",
    summary="List the payments of an order, oldest first",
)
async def list_order_payments(call: ReadCall, order_id: UUID) -> list[PaymentView]:
    return [payment_view(one) for one in await service.list_payments(call.tx, order_id)]
