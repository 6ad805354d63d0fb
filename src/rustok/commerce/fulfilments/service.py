"""The use cases of fulfilments; the order's lock is held by whoever calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec

from rustok.commerce.fulfilments import repository
from rustok.commerce.fulfilments.events import FulfilmentCreated
from rustok.commerce.fulfilments.model import (
    CancelledFulfilment,
    Fulfilment,
    FulfilmentLine,
    PackedFulfilment,
    PendingFulfilment,
    ShippedFulfilment,
)
from rustok.commerce.fulfilments.states import FULFILMENT_LIFECYCLE
from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.routing import check_version

MAX_FULFILMENTS: Final = 500


def _new(
    tx: WriteTx, order_id: UUID, quantities: Mapping[UUID, int]
) -> tuple[PendingFulfilment, list[FulfilmentLine]]:
    fulfilment = PendingFulfilment(
        id=new_id(), order_id=order_id, version=1, created_at=tx.now, updated_at=tx.now
    )
    lines = [
        FulfilmentLine(
            id=new_id(), fulfilment_id=fulfilment.id, order_line_id=line_id, quantity=quantity
        )
        for line_id, quantity in quantities.items()
    ]
    return fulfilment, lines


def _created(fulfilment: Fulfilment, quantities: Mapping[UUID, int]) -> FulfilmentCreated:
    return FulfilmentCreated(
        fulfilment_id=fulfilment.id,
        order_id=fulfilment.order_id,
        piece_count=sum(quantities.values()),
    )


async def create(tx: WriteTx, order_id: UUID, quantities: Mapping[UUID, int]) -> PendingFulfilment:
    """Plan a fulfilment.

    Args:
        quantities: pieces by order line id, at least one piece.

    Emits: fulfilment.created
    """
    fulfilment, lines = _new(tx, order_id, quantities)
    await repository.add(tx, fulfilment, lines)
    tx.emit(_created(fulfilment, quantities))
    return fulfilment


async def ship_now(
    tx: WriteTx,
    order_id: UUID,
    quantities: Mapping[UUID, int],
    *,
    carrier: str,
    tracking_number: str | None,
) -> ShippedFulfilment:
    """Record a parcel that is packed and handed over in one go.

    Args:
        quantities: pieces by order line id, at least one piece.

    Emits: fulfilment.created, fulfilment.shipped
    """
    pending, lines = _new(tx, order_id, quantities)
    shipped, event = pending.pack(at=tx.now).ship(
        carrier=carrier, tracking_number=tracking_number, at=tx.now
    )
    await repository.add(tx, shipped, lines)
    tx.emit(_created(shipped, quantities))
    tx.emit(event, before={"state": pending.state}, after={"state": shipped.state})
    return shipped


# no event: DOMAIN has none; a parcel that is packed has gone nowhere yet
async def pack(
    tx: WriteTx, fulfilment_id: UUID, *, expected_version: int | None = None
) -> PackedFulfilment:
    """It lies in its box.

    Raises:
        FulfilmentNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.
    """
    found = await repository.lock(tx, fulfilment_id)
    check_version(found.version, expected_version)
    if not isinstance(found, PendingFulfilment):
        raise FULFILMENT_LIFECYCLE.refusal(found.state, "pack")
    packed = found.pack(at=tx.now)
    await repository.store(tx, found, packed)
    tx.audit(
        "fulfilment.packed",
        object_type="fulfilment",
        object_id=fulfilment_id,
        before={"state": found.state},
        after={"state": packed.state},
    )
    return msgspec.structs.replace(packed, version=found.version + 1, updated_at=tx.now)


async def cancel(
    tx: WriteTx, fulfilment_id: UUID, *, expected_version: int | None = None
) -> CancelledFulfilment:
    """It will not travel.

    Raises:
        FulfilmentNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.

    Emits: fulfilment.cancelled
    """
    found = await repository.lock(tx, fulfilment_id)
    check_version(found.version, expected_version)
    if not isinstance(found, PendingFulfilment | PackedFulfilment):
        raise FULFILMENT_LIFECYCLE.refusal(found.state, "cancel")
    cancelled, event = found.cancel(at=tx.now)
    await repository.store(tx, found, cancelled)
    tx.emit(event, before={"state": found.state}, after={"state": cancelled.state})
    return msgspec.structs.replace(cancelled, version=found.version + 1, updated_at=tx.now)


async def deliver_all(tx: WriteTx, order_id: UUID) -> int:
    """Everything of an order that is on its way arrived.

    Returns:
        How many fulfilments arrived.

    Emits: fulfilment.delivered for each
    """
    steps = [one.deliver(at=tx.now) for one in await repository.lock_shipped(tx, order_id)]
    if steps:
        await repository.deliver(tx, [one for one, _ in steps])
    for delivered, event in steps:
        tx.emit(event, before={"state": "shipped"}, after={"state": delivered.state})
    return len(steps)


async def list_fulfilments(
    tx: ReadTx, order_id: UUID
) -> list[tuple[Fulfilment, list[FulfilmentLine]]]:
    """The fulfilments of an order with their lines, oldest first, at most 500."""
    found = await repository.list_fulfilments(tx, order_id, limit=MAX_FULFILMENTS)
    lines: dict[UUID, list[FulfilmentLine]] = {one.id: [] for one in found}
    for line in await repository.list_lines(tx, list(lines)):
        lines[line.fulfilment_id].append(line)
    return [(one, lines[one.id]) for one in found]
