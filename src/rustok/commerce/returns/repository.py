"""Every query on returns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Integer, Text, bindparam, func, or_, select

from rustok.commerce.returns.errors import ReturnNotFound
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
)
from rustok.commerce.returns.tables import return_lines, returns
from rustok.core.db import TENANT, Id, Query, ReadTx, WriteTx, any_of
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor

_COLUMNS: Final = [column for column in returns.c if column.name != "tenant_id"]
_KINDS: Final[dict[str, type[Return]]] = {
    "requested": RequestedReturn,
    "approved": ApprovedReturn,
    "received": ReceivedReturn,
    "refunded": RefundedReturn,
    "rejected": RejectedReturn,
    "cancelled": CancelledReturn,
}


def to_return(*, status: str, **fields: Any) -> Return:
    """A row as the type of its state, with the data of that state."""
    kind = _KINDS[status]
    return kind(**{name: fields[name] for name in kind.__struct_fields__})


_return = select(*_COLUMNS).where(
    returns.c.tenant_id == TENANT, returns.c.id == bindparam("id", type_=Id())
)
_RETURN: Final = Query(_return, to_return)
_RETURN_LOCKED: Final = Query(_return.with_for_update(), to_return)


async def get(tx: ReadTx, return_id: UUID) -> Return:
    """Raises ReturnNotFound."""
    if (found := await tx.one(_RETURN, id=return_id)) is None:
        raise ReturnNotFound
    return found


async def lock(tx: WriteTx, return_id: UUID) -> Return:
    """As `get`, locked until the end of the transaction. Raises ReturnNotFound."""
    if (found := await tx.one(_RETURN_LOCKED, id=return_id)) is None:
        raise ReturnNotFound
    return found


async def add(tx: WriteTx, wanted: RequestedReturn, lines: Sequence[ReturnLine]) -> None:
    await tx.insert(
        returns,
        status=wanted.state,
        **{name: getattr(wanted, name) for name in wanted.__struct_fields__},
    )
    await tx.insert_many(return_lines, [msgspec.structs.asdict(line) for line in lines])


async def store(tx: WriteTx, old: Return, new: Return) -> None:
    """Write what differs between two states, at the version and state. Raises ConcurrentUpdate."""
    changed = {
        name: getattr(new, name)
        for name in new.__struct_fields__
        if getattr(old, name, None) != getattr(new, name)
    }
    await tx.update_version(
        returns,
        {"id": old.id, "status": old.state},
        version=old.version,
        status=new.state,
        **changed,
        updated_at=tx.now,
    )


async def store_restocked(tx: WriteTx, line_id: UUID, restocked: int) -> None:
    """How many pieces of a line went back on the shelf."""
    await tx.update(return_lines, {"id": line_id}, restocked=restocked)


_LINES: Final = Query(
    select(*[column for column in return_lines.c if column.name != "tenant_id"])
    .where(return_lines.c.tenant_id == TENANT, any_of(return_lines.c.return_id, "ids"))
    .order_by(return_lines.c.return_id, return_lines.c.id),
    ReturnLine,
)


async def list_lines(tx: ReadTx, ids: Sequence[UUID]) -> list[ReturnLine]:
    """The lines of the returns with these ids."""
    return await tx.all(_LINES, ids=ids) if ids else []


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """What comes or came back of an order line, and what of it has been received."""

    order_line_id: UUID
    quantity: int
    value_minor: int
    received: int


_RETURNED: Final = Query(
    select(
        return_lines.c.order_line_id,
        func.sum(return_lines.c.quantity).cast(BigInteger).label("quantity"),
        func.sum(return_lines.c.value_minor).cast(BigInteger).label("value_minor"),
        func.sum(return_lines.c.quantity)
        .filter(or_(returns.c.status == "received", returns.c.status == "refunded"))
        .cast(BigInteger)
        .label("received"),
    )
    .select_from(
        return_lines.join(
            returns,
            (returns.c.tenant_id == return_lines.c.tenant_id)
            & (returns.c.id == return_lines.c.return_id),
        )
    )
    .where(
        return_lines.c.tenant_id == TENANT,
        returns.c.tenant_id == TENANT,
        returns.c.order_id == bindparam("order_id", type_=Id()),
        returns.c.status != "rejected",
        returns.c.status != "cancelled",
    )
    .group_by(return_lines.c.order_line_id),
    lambda order_line_id, quantity, value_minor, received: Returned(
        order_line_id=order_line_id,
        quantity=quantity,
        value_minor=value_minor,
        received=received or 0,
    ),
)


async def sum_returned(tx: ReadTx, order_id: UUID) -> dict[UUID, Returned]:
    """By order line: what the returns of an order that were not turned down hold."""
    return {one.order_line_id: one for one in await tx.all(_RETURNED, order_id=order_id)}


@cache
def _page(shape: frozenset[str]) -> Query[Return]:
    conditions = {
        "status": returns.c.status == bindparam("status", type_=Text()),
        "order_id": returns.c.order_id == bindparam("order_id", type_=Id()),
        "customer_id": returns.c.customer_id == bindparam("customer_id", type_=Id()),
        "after": returns.c.id < bindparam("after", type_=Id()),
    }
    return Query(
        select(*_COLUMNS)
        .where(returns.c.tenant_id == TENANT, *[conditions[name] for name in sorted(shape)])
        .order_by(returns.c.id.desc())
        .limit(bindparam("limit", type_=Integer())),
        to_return,
    )


async def list_returns(tx: ReadTx, filter_: ReturnFilter, page: PageRequest) -> Page[Return]:
    """Returns, newest first."""
    wanted = {k: v for k, v in msgspec.structs.asdict(filter_).items() if v is not None}
    if page.cursor is not None:
        wanted["after"] = UUID(str(decode_cursor(page.cursor, (str,))[0]))
    rows = await tx.all(_page(frozenset(wanted)), limit=page.limit + 1, **wanted)
    return cut_page(rows, limit=page.limit, key_of=lambda row: (str(row.id),))
