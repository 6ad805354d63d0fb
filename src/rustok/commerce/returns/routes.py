"""Returns over HTTP: customers ask for their own, the staff decides. Paying back lives in checkout."""

from __future__ import annotations

from uuid import UUID

from rustok.commerce.orders.api import OrderNotFound
from rustok.commerce.returns import service
from rustok.commerce.returns.errors import (
    NothingDelivered,
    ReturnLineNotFound,
    ReturnNotFound,
    ReturnTooLarge,
)
from rustok.commerce.returns.model import ReturnFilter
from rustok.commerce.returns.schemas import (
    ReceiveReturn,
    RejectReturn,
    RequestReturn,
    RequestReturnLine,
    ReturnQuery,
    ReturnSummary,
    ReturnView,
    return_summary,
    return_view,
)
from rustok.core.errors import ConcurrentUpdate, IllegalTransition
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import PUBLIC, ReadCall, Reply, Routes, WriteCall

storefront = Routes("returns", surface="storefront", tag="Returns", essential=True)
admin = Routes("returns", surface="admin", tag="Returns", essential=True)

_STEP_ERRORS = (ReturnNotFound, IllegalTransition, ConcurrentUpdate)
_REQUEST_ERRORS = (OrderNotFound, NothingDelivered, ReturnLineNotFound, ReturnTooLarge)
_EXAMPLE = RequestReturn(
    lines=[
        RequestReturnLine(order_line_id=UUID("0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60"), quantity=1)
    ],
    note="Too small",
)


@storefront.post(
    "/orders/{order_id}/returns",
    permission=PUBLIC,
    status=201,
    precondition="none",
    summary="Ask to send pieces of one's own order back",
    errors=_REQUEST_ERRORS,
    example=_EXAMPLE,
)
async def request_own_return(
    call: WriteCall, order_id: UUID, data: RequestReturn
) -> Reply[ReturnView]:
    """The order's signed-in customer, or whoever sends its secret in X-Order-Token."""
    found, lines = await service.request_own(
        call.tx,
        order_id,
        data.quantities(),
        note=data.note,
        access_token=call.headers.get("x-order-token"),
    )
    path = f"/api/v1/storefront/orders/{order_id}/returns"
    return Reply(body=return_view(found, lines), location=path)


@storefront.get(
    "/orders/{order_id}/returns",
    permission=PUBLIC,
    summary="List the returns of one's own order, newest first",
    errors=[OrderNotFound],
)
async def list_own_returns(call: ReadCall, order_id: UUID, query: PageRequest) -> Page[ReturnView]:
    token = call.headers.get("x-order-token")
    page = await service.list_own(call.tx, order_id, query, access_token=token)
    return Page(
        items=[return_view(found, lines) for found, lines in page.items],
        next_cursor=page.next_cursor,
    )


@admin.post(
    "/orders/{order_id}/returns",
    permission="orders:update",
    status=201,
    precondition="none",
    summary="Announce a return for a customer",
    errors=_REQUEST_ERRORS,
    example=_EXAMPLE,
)
async def request_return(call: WriteCall, order_id: UUID, data: RequestReturn) -> Reply[ReturnView]:
    found, lines = await service.request(call.tx, order_id, data.quantities(), note=data.note)
    return Reply(body=return_view(found, lines), location=f"/api/v1/admin/returns/{found.id}")


@admin.get("/returns", permission="orders:list", summary="List returns, newest first")
async def list_returns(call: ReadCall, query: ReturnQuery) -> Page[ReturnSummary]:
    wanted = ReturnFilter(status=query.status, order_id=query.order_id)
    page = await service.list_returns(call.tx, wanted, query)
    return Page(items=[return_summary(one) for one in page.items], next_cursor=page.next_cursor)


@admin.get(
    "/returns/{return_id}",
    permission="orders:read",
    summary="Show a return",
    errors=[ReturnNotFound],
)
async def get_return(call: ReadCall, return_id: UUID) -> ReturnView:
    return return_view(*await service.get(call.tx, return_id))


@admin.post(
    "/returns/{return_id}/approve",
    permission="orders:update",
    summary="Let the pieces of a return come",
    errors=_STEP_ERRORS,
)
async def approve_return(call: WriteCall, return_id: UUID) -> ReturnSummary:
    approved = await service.approve(call.tx, return_id, expected_version=call.expected_version)
    return return_summary(approved)


@admin.post(
    "/returns/{return_id}/reject",
    permission="orders:update",
    summary="Turn a return down",
    errors=_STEP_ERRORS,
    example=RejectReturn(reason="Worn"),
)
async def reject_return(call: WriteCall, return_id: UUID, data: RejectReturn) -> ReturnSummary:
    rejected = await service.reject(
        call.tx, return_id, reason=data.reason, expected_version=call.expected_version
    )
    return return_summary(rejected)


@admin.post(
    "/returns/{return_id}/receive",
    permission="orders:update",
    idempotency="required",
    summary="Take in the pieces of a return, back on the shelf",
    errors=[*_STEP_ERRORS, ReturnLineNotFound, ReturnTooLarge],
    example=ReceiveReturn(),
)
async def receive_return(call: WriteCall, return_id: UUID, data: ReceiveReturn) -> ReturnSummary:
    received = await service.receive(
        call.tx,
        return_id,
        restocked=data.quantities(),
        expected_version=call.expected_version,
    )
    return return_summary(received)


@admin.post(
    "/returns/{return_id}/cancel",
    permission="orders:update",
    summary="Call an approved return off",
    errors=_STEP_ERRORS,
)
async def cancel_return(call: WriteCall, return_id: UUID) -> ReturnSummary:
    cancelled = await service.cancel(call.tx, return_id, expected_version=call.expected_version)
    return return_summary(cancelled)
