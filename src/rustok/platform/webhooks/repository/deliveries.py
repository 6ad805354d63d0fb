"""Queries on deliveries and their attempts, as the tenant sees them and as the record keeps them."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Text, bindparam, select

from rustok.core.db import TENANT, Id, Query, ReadTx, WriteTx
from rustok.core.errors import ConcurrentUpdate
from rustok.core.ids import parse_id
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor
from rustok.platform.webhooks.errors import WebhookDeliveryNotFound
from rustok.platform.webhooks.model.delivery import (
    Attempt,
    DeliveredDelivery,
    Delivery,
    DeliveryState,
    FailedDelivery,
    GoneDelivery,
    PendingDelivery,
)
from rustok.platform.webhooks.tables import attempts, deliveries

_UNSEEN: Final = ("tenant_id", "claimed_by", "claimed_until")
_STORED: Final = [column for column in deliveries.c if column.name not in _UNSEEN]
_OWN: Final = deliveries.c.tenant_id == TENANT


def to_delivery(
    *,
    status: DeliveryState,
    next_attempt_at: datetime | None,
    delivered_at: datetime | None,
    **fields: Any,
) -> Delivery:
    """A row as the type of its state."""
    match status:
        case "pending":
            # A pending row always has its time; `store_waiting` and `add` write it.
            return PendingDelivery(
                next_attempt_at=next_attempt_at or fields["created_at"], **fields
            )
        case "delivered":
            return DeliveredDelivery(delivered_at=delivered_at or fields["updated_at"], **fields)
        case "failed":
            return FailedDelivery(**fields)
        case "gone":
            return GoneDelivery(**fields)


_BY_ID = select(*_STORED).where(_OWN, deliveries.c.id == bindparam("id", type_=Id()))
_GET: Final = Query(_BY_ID, to_delivery)
_LOCK: Final = Query(_BY_ID.with_for_update(), to_delivery)
_CLAIMED: Final = Query(
    _BY_ID.where(
        deliveries.c.status == "pending",
        deliveries.c.claimed_by == bindparam("claim", type_=Id()),
    ).with_for_update(),
    to_delivery,
)


async def get(tx: ReadTx, delivery_id: UUID) -> Delivery:
    """Raises WebhookDeliveryNotFound."""
    found = await tx.one(_GET, id=delivery_id)
    if found is None:
        raise WebhookDeliveryNotFound
    return found


async def lock(tx: WriteTx, delivery_id: UUID) -> Delivery:
    """As `get`, holding the row until the transaction ends."""
    found = await tx.one(_LOCK, id=delivery_id)
    if found is None:
        raise WebhookDeliveryNotFound
    return found


async def find_claimed(tx: WriteTx, delivery_id: UUID, *, claim: UUID) -> PendingDelivery | None:
    """The delivery if `claim` still holds it, locked; None when the lease ran out or it is gone."""
    found = await tx.one(_CLAIMED, id=delivery_id, claim=claim)
    return found if isinstance(found, PendingDelivery) else None


@cache
def _page(*, by_endpoint: bool, by_status: bool, is_first: bool) -> Query[Delivery]:
    statement = select(*_STORED).where(_OWN)
    if by_endpoint:
        statement = statement.where(deliveries.c.endpoint_id == bindparam("endpoint", type_=Id()))
    if by_status:
        statement = statement.where(deliveries.c.status == bindparam("status", type_=Text()))
    if not is_first:
        statement = statement.where(deliveries.c.id < bindparam("before", type_=Id()))
    return Query(
        statement.order_by(deliveries.c.id.desc()).limit(bindparam("limit", type_=Integer())),
        to_delivery,
    )


async def list_deliveries(
    tx: ReadTx,
    page: PageRequest,
    *,
    endpoint_id: UUID | None = None,
    status: DeliveryState | None = None,
) -> Page[Delivery]:
    """Deliveries, the newest first."""
    params: dict[str, object] = {"limit": page.limit + 1}
    if page.cursor is not None:
        (text,) = decode_cursor(page.cursor, (str,))
        params["before"] = parse_id(str(text), pointer="cursor")
    if endpoint_id is not None:
        params["endpoint"] = endpoint_id
    if status is not None:
        params["status"] = status
    query = _page(
        by_endpoint=endpoint_id is not None,
        by_status=status is not None,
        is_first=page.cursor is None,
    )
    rows = await tx.all(query, **params)
    return cut_page(rows, limit=page.limit, key_of=lambda one: (str(one.id),))


_ATTEMPT_COLUMNS: Final = [attempts.c[name] for name in Attempt.__struct_fields__]
_ATTEMPTS: Final = Query(
    select(*_ATTEMPT_COLUMNS)
    .where(
        attempts.c.tenant_id == TENANT,
        attempts.c.delivery_id == bindparam("delivery", type_=Id()),
    )
    .order_by(attempts.c.number.desc())
    .limit(bindparam("limit", type_=Integer())),
    Attempt,
)


async def list_attempts(tx: ReadTx, delivery_id: UUID, *, limit: int = 100) -> list[Attempt]:
    """The attempts at a delivery, the newest first."""
    return await tx.all(_ATTEMPTS, delivery=delivery_id, limit=limit)


async def add_attempt(tx: WriteTx, attempt: Attempt) -> None:
    row = {name: getattr(attempt, name) for name in Attempt.__struct_fields__}
    await tx.insert(attempts, **row)


async def add(tx: WriteTx, delivery: PendingDelivery) -> bool:
    """Insert a delivery unless the endpoint has one of this event; True when it was inserted."""
    row = {name: getattr(delivery, name) for name in delivery.__struct_fields__}
    return await tx.insert_if_absent(deliveries, status=delivery.state, **row)


async def store(tx: WriteTx, before: Delivery, after: Delivery) -> None:
    """Write `after` over `before` and free its claim. Raises ConcurrentUpdate."""
    changed = await tx.update(
        deliveries,
        {"id": before.id, "status": before.state, "version": before.version},
        status=after.state,
        attempt_count=after.attempt_count,
        run_count=after.run_count,
        last_status=after.last_status,
        last_error=after.last_error,
        next_attempt_at=after.next_attempt_at if isinstance(after, PendingDelivery) else None,
        delivered_at=after.delivered_at if isinstance(after, DeliveredDelivery) else None,
        claimed_by=None,
        claimed_until=None,
        version=before.version + 1,
        updated_at=tx.now,
    )
    if changed != 1:
        raise ConcurrentUpdate("The delivery was changed by somebody else; nothing was changed.")
