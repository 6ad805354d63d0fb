"""Every query on the product read model beyond those all read models share."""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Boolean, Integer, bindparam, case, func, select

from rustok.core.db import Query, ReadTx, SystemTx, Timestamp
from rustok.core.db.statement import DialectName
from rustok.index.hits import Order
from rustok.index.products.tables import NO_PRICE_HIGH, NO_PRICE_LOW, PRODUCTS
from rustok.index.search import Catalogue, Selection, Shape

_d: Final = PRODUCTS.documents

CATALOGUE: Final = Catalogue(
    PRODUCTS,
    conditions={
        "min_price": _d.c.price_to_minor >= bindparam("min_price", type_=BigInteger()),
        "max_price": _d.c.price_from_minor <= bindparam("max_price", type_=BigInteger()),
        "in_stock": _d.c.in_stock == bindparam("in_stock", type_=Boolean()),
    },
    orders=(
        Order(name="newest", column="published_at", descending=True),
        Order(name="price_asc", column="price_from_minor"),
        Order(name="price_desc", column="price_to_minor", descending=True),
        Order(name="title", column="title_key"),
    ),
)


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers over all products of a selection; prices None when none has one."""

    total: int
    in_stock: int
    min_price_minor: int | None
    max_price_minor: int | None


@functools.lru_cache(maxsize=256)
def _summary(shape: Shape) -> Query[Summary]:
    dialects: tuple[DialectName, ...] = ("sqlite", "postgres")
    columns = select(
        func.count().label("total"),
        func.coalesce(func.sum(case((_d.c.in_stock, 1), else_=0)), 0).label("in_stock"),
        func.min(case((_d.c.price_from_minor < NO_PRICE_LOW, _d.c.price_from_minor))).label(
            "min_price_minor"
        ),
        func.max(case((_d.c.price_to_minor > NO_PRICE_HIGH, _d.c.price_to_minor))).label(
            "max_price_minor"
        ),
    ).select_from(_d)
    return Query(
        {dialect: CATALOGUE.restricted(columns, shape, dialect) for dialect in dialects}, Summary
    )


async def summarise(tx: ReadTx, selection: Selection) -> Summary:
    """Numbers over all products of a selection, in the locale and currency of the context."""
    found = await tx.one(_summary(selection.shape), **CATALOGUE.parameters(tx, selection))
    return found or Summary(total=0, in_stock=0, min_price_minor=None, max_price_minor=None)


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A product whose price changes by itself, because a sale begins or ends."""

    tenant_id: UUID
    subject_id: UUID


_DUE: Final = Query(
    select(_d.c.tenant_id, _d.c.subject_id)
    .where(_d.c.changes_at <= bindparam("now", type_=Timestamp()))
    .group_by(_d.c.tenant_id, _d.c.subject_id)
    .order_by(func.min(_d.c.changes_at))
    .limit(bindparam("limit", type_=Integer())),
    Due,
    system="the sales job looks across tenants",
)


async def list_due(tx: SystemTx, *, now: datetime, limit: int) -> list[Due]:
    """Products whose price has changed by itself since their documents were made."""
    return await tx.all(_DUE, now=now, limit=limit)
