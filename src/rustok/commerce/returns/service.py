"""The use cases of returns. Paying back is called by checkout, beside the payment.

Locks are taken as everywhere: the order first, then its return, then stock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from uuid import UUID

import msgspec

from rustok.commerce.inventory import api as inventory
from rustok.commerce.orders import api as orders
from rustok.commerce.products.api import VariantNotFound
from rustok.commerce.returns import repository
from rustok.commerce.returns.errors import (
    NothingDelivered,
    ReturnLineNotFound,
    ReturnNotFound,
    ReturnTooLarge,
)
from rustok.commerce.returns.model import (
    ApprovedReturn,
    CancelledReturn,
    ReceivedReturn,
    RefundedReturn,
    RejectedReturn,
    RequestedReturn,
    Return,
    ReturnFilter,
    ReturnLine,
    check_left,
    value_of,
)
from rustok.commerce.returns.states import RETURN_LIFECYCLE
from rustok.core.db import ReadTx, WriteTx
from rustok.core.errors import IllegalTransition
from rustok.core.events.event import Event
from rustok.core.ids import new_id
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import check_version

AnyReturn = TypeVar(
    "AnyReturn",
    RequestedReturn,
    ApprovedReturn,
    ReceivedReturn,
    RefundedReturn,
    RejectedReturn,
    CancelledReturn,
)
Seen = tuple[Return, list[ReturnLine]]


async def request_own(
    tx: WriteTx,
    order_id: UUID,
    quantities: Mapping[UUID, int],
    *,
    note: str,
    access_token: str | None,
) -> Seen:
    """As `request`, by whoever placed the order. Raises OrderNotFound: none, or not theirs."""
    order = await orders.lock_own(tx, order_id, access_token=access_token)
    return await _request(tx, order, quantities, note=note)


async def request(
    tx: WriteTx, order_id: UUID, quantities: Mapping[UUID, int], *, note: str
) -> Seen:
    """Announce that pieces of a delivered order come back.

    Args:
        quantities: pieces by order line id, at least one.
        note: why, in the customer's words.

    Raises:
        OrderNotFound, NothingDelivered, ReturnLineNotFound.
        ReturnTooLarge: more than was delivered and is not coming back already.

    Emits: return.requested
    """
    return await _request(tx, await orders.lock(tx, order_id), quantities, note=note)


async def _request(
    tx: WriteTx, order: orders.Order, quantities: Mapping[UUID, int], *, note: str
) -> Seen:
    if not isinstance(order, orders.DeliveredOrder):
        raise NothingDelivered
    _, order_lines = await orders.get(tx, order.id)
    returned = await repository.sum_returned(tx, order.id)
    spent = {line_id: one.value_minor for line_id, one in returned.items()}
    left = {
        line.id: line.shipped_quantity - (returned[line.id].quantity if line.id in returned else 0)
        for line in order_lines
    }
    check_left(left, quantities)
    return_id = new_id()
    lines = [
        ReturnLine(
            id=new_id(),
            return_id=return_id,
            order_line_id=line.id,
            variant_id=line.variant_id,
            quantity=quantities[line.id],
            value_minor=value_of(
                quantities[line.id],
                left=left[line.id],
                of=line.quantity,
                paid_minor=line.paid_minor,
                spent_minor=spent.get(line.id, 0),
            ),
            restocked=0,
        )
        for line in order_lines
        if quantities.get(line.id)
    ]
    wanted = RequestedReturn(
        id=return_id,
        order_id=order.id,
        customer_id=order.customer_id,
        currency=order.currency,
        value_minor=sum(line.value_minor for line in lines),
        note=note,
        refund_id=None,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    await repository.add(tx, wanted, lines)
    tx.emit(wanted.requested(lines))
    return wanted, lines


def _refuse(found: Return, action: str) -> IllegalTransition:
    return RETURN_LIFECYCLE.refusal(found.state, action)


async def _locked(
    tx: WriteTx, return_id: UUID, expected_version: int | None
) -> tuple[orders.Order, Return]:
    seen = await repository.get(tx, return_id)
    order = await orders.lock(tx, seen.order_id)
    found = await repository.lock(tx, return_id)
    check_version(found.version, expected_version)
    return order, found


async def _store(tx: WriteTx, old: Return, new: AnyReturn, event: Event | None) -> AnyReturn:
    await repository.store(tx, old, new)
    if event is not None:
        tx.emit(event, before={"state": old.state}, after={"state": new.state})
    return msgspec.structs.replace(new, version=old.version + 1, updated_at=tx.now)


async def approve(
    tx: WriteTx, return_id: UUID, *, expected_version: int | None = None
) -> ApprovedReturn:
    """The pieces may come.

    Raises:
        ReturnNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.

    Emits: return.approved
    """
    _, found = await _locked(tx, return_id, expected_version)
    if not isinstance(found, RequestedReturn):
        raise _refuse(found, "approve")
    return await _store(tx, found, *found.approve(at=tx.now))


async def reject(
    tx: WriteTx, return_id: UUID, *, reason: str, expected_version: int | None = None
) -> RejectedReturn:
    """The pieces may not come.

    Raises:
        ReturnNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.

    Emits: return.rejected
    """
    _, found = await _locked(tx, return_id, expected_version)
    if not isinstance(found, RequestedReturn):
        raise _refuse(found, "reject")
    return await _store(tx, found, *found.reject(reason=reason, at=tx.now))


# no event: DOMAIN has none; nothing came and nothing was paid back
async def cancel(
    tx: WriteTx, return_id: UUID, *, expected_version: int | None = None
) -> CancelledReturn:
    """The pieces never came, or the customer keeps them.

    Raises:
        ReturnNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.
    """
    _, found = await _locked(tx, return_id, expected_version)
    if not isinstance(found, ApprovedReturn):
        raise _refuse(found, "cancel")
    tx.audit(
        "return.cancelled",
        object_type="return",
        object_id=return_id,
        before={"state": found.state},
        after={"state": CancelledReturn.state},
    )
    return await _store(tx, found, found.cancel(at=tx.now), None)


async def receive(
    tx: WriteTx,
    return_id: UUID,
    *,
    restocked: Mapping[UUID, int] | None = None,
    expected_version: int | None = None,
) -> ReceivedReturn:
    """The pieces are here; what can be sold again goes back on the shelf of the default location.

    Args:
        restocked: pieces to restock by return line id; None restocks all. What is not tracked, and
            variants that are gone, are left out.

    Raises:
        ReturnNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.
        ReturnLineNotFound, ReturnTooLarge: the quantities do not fit the return.

    Emits: return.received, inventory.adjusted
    """
    order, found = await _locked(tx, return_id, expected_version)
    if not isinstance(found, ApprovedReturn):
        raise _refuse(found, "receive")
    lines = await repository.list_lines(tx, [return_id])
    _, order_lines = await orders.get(tx, order.id)
    wanted = _to_restock(lines, restocked, {one.id for one in order_lines if one.track_inventory})
    count = 0
    for line in sorted(lines, key=lambda one: one.variant_id):
        if wanted[line.id] and await _restock(tx, line, wanted[line.id]):
            count += wanted[line.id]
    received = await _store(tx, found, *found.receive(restocked_count=count, at=tx.now))
    returned = await repository.sum_returned(tx, order.id)
    if all(
        line.id in returned and returned[line.id].received == line.quantity for line in order_lines
    ):
        await orders.note_returned(tx, order)
    return received


def _to_restock(
    lines: list[ReturnLine], restocked: Mapping[UUID, int] | None, tracked: set[UUID]
) -> dict[UUID, int]:
    if restocked is None:
        return {one.id: one.quantity if one.order_line_id in tracked else 0 for one in lines}
    known = {one.id: one for one in lines}
    for line_id, count in restocked.items():
        if line_id not in known:
            raise ReturnLineNotFound(line_id)
        if count > known[line_id].quantity:
            raise ReturnTooLarge(line_id=line_id, wanted=count, left=known[line_id].quantity)
    return {
        one.id: restocked.get(one.id, 0) if one.order_line_id in tracked else 0 for one in lines
    }


async def _restock(tx: WriteTx, line: ReturnLine, count: int) -> bool:
    try:
        await inventory.adjust(
            tx, line.variant_id, delta=count, reason="returned", reference=str(line.return_id)
        )
    except VariantNotFound:
        return False
    await repository.store_restocked(tx, line.id, count)
    return True


async def lock_received(
    tx: WriteTx, return_id: UUID, *, expected_version: int | None = None
) -> tuple[orders.Order, ReceivedReturn]:
    """A return that waits for its money, with its order; both locked.

    Raises:
        ReturnNotFound, PreconditionFailed, IllegalTransition.
    """
    order, found = await _locked(tx, return_id, expected_version)
    if not isinstance(found, ReceivedReturn):
        raise _refuse(found, "refund")
    return order, found


# no event: the money is on its way; its arrival is announced
async def note_refund(tx: WriteTx, found: ReceivedReturn, refund_id: UUID | None) -> ReceivedReturn:
    """Which payment operation pays a locked return back; None when that one was refused."""
    noted = msgspec.structs.replace(found, refund_id=refund_id)
    return await _store(tx, found, noted, None)


async def finish(tx: WriteTx, return_id: UUID, *, amount_minor: int) -> RefundedReturn | None:
    """The customer has the money back; None when that was known. The order's lock is held.

    Raises:
        ReturnNotFound, ConcurrentUpdate.

    Emits: return.refunded
    """
    found = await repository.lock(tx, return_id)
    if not isinstance(found, ReceivedReturn):
        return None
    return await _store(tx, found, *found.refund(amount_minor, at=tx.now))


# no event: as `note_refund`
async def forget_refund(tx: WriteTx, return_id: UUID) -> None:
    """The provider did not pay it back: it can be tried again. The order's lock is held."""
    found = await repository.lock(tx, return_id)
    if isinstance(found, ReceivedReturn):
        await note_refund(tx, found, None)


async def get(tx: ReadTx, return_id: UUID) -> Seen:
    """A return with its lines, for the staff. Raises ReturnNotFound."""
    return await repository.get(tx, return_id), await repository.list_lines(tx, [return_id])


async def list_returns(tx: ReadTx, filter_: ReturnFilter, page: PageRequest) -> Page[Return]:
    """The tenant's returns, newest first."""
    return await repository.list_returns(tx, filter_, page)


async def list_own(
    tx: ReadTx, order_id: UUID, page: PageRequest, *, access_token: str | None
) -> Page[Seen]:
    """The returns of one's own order with their lines, newest first.

    Raises:
        OrderNotFound: none, or not theirs.
    """
    await orders.get_own(tx, order_id, access_token=access_token)
    found = await repository.list_returns(tx, ReturnFilter(order_id=order_id), page)
    lines: dict[UUID, list[ReturnLine]] = {one.id: [] for one in found.items}
    for line in await repository.list_lines(tx, list(lines)):
        lines[line.return_id].append(line)
    return Page(items=[(one, lines[one.id]) for one in found.items], next_cursor=found.next_cursor)


__all__ = [
    "ReturnNotFound",
    "Seen",
    "approve",
    "cancel",
    "finish",
    "forget_refund",
    "get",
    "list_own",
    "list_returns",
    "lock_received",
    "note_refund",
    "receive",
    "reject",
    "request",
    "request_own",
]
