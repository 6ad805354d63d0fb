"""Orders over HTTP: customers see their own, the staff sees all. The steps live in checkout."""

from __future__ import annotations

from uuid import UUID

from rustok.commerce.orders import service
from rustok.commerce.orders.errors import OrderNotFound
from rustok.commerce.orders.model import OrderFilter
from rustok.commerce.orders.schemas import (
    OrderAccess,
    OrderQuery,
    OrderSummary,
    OrderView,
    order_summary,
    order_view,
)
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import PUBLIC, SIGNED_IN, ReadCall, Routes

storefront = Routes("orders", surface="storefront", tag="Orders", essential=True)
admin = Routes("orders", surface="admin", tag="Orders", essential=True)


@storefront.get("/orders", permission=SIGNED_IN, summary="List one's own orders, newest first")
async def list_own_orders(call: ReadCall, query: PageRequest) -> Page[OrderSummary]:
    page = await service.list_own(call.tx, query)
    return Page(items=[order_summary(one) for one in page.items], next_cursor=page.next_cursor)


@storefront.get(
    "/orders/{order_id}",
    permission=PUBLIC,
    summary="Show an order to whoever placed it",
    errors=[OrderNotFound],
)
async def get_own_order(call: ReadCall, order_id: UUID, query: OrderAccess) -> OrderView:
    """Its signed-in customer, or whoever sends its secret in X-Order-Token or `token`."""
    token = call.headers.get("x-order-token") or query.token
    return order_view(*await service.get_own(call.tx, order_id, access_token=token))


@admin.get("/orders", permission="orders:list", summary="List orders, newest first", personal=True)
async def list_orders(call: ReadCall, query: OrderQuery) -> Page[OrderSummary]:
    wanted = OrderFilter(
        status=query.status,
        number=query.number,
        email=query.email,
        placed_from=query.placed_from,
        placed_before=query.placed_before,
    )
    page = await service.list_orders(call.tx, wanted, query)
    return Page(items=[order_summary(one) for one in page.items], next_cursor=page.next_cursor)


@admin.get(
    "/orders/{order_id}",
    permission="orders:read",
    summary="Show an order",
    errors=[OrderNotFound],
    personal=True,
)
async def get_order(call: ReadCall, order_id: UUID) -> OrderView:
    return order_view(*await service.get(call.tx, order_id))
