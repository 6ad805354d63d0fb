"""Queries on stock locations."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, bindparam, select

from rustok.commerce.inventory.errors import LocationNotFound
from rustok.commerce.inventory.model import Location
from rustok.commerce.inventory.tables import stock_locations
from rustok.core.db import TENANT, Id, Query, ReadTx, WriteTx

_LOCATION_COLUMNS: Final = [column for column in stock_locations.c if column.name != "tenant_id"]
IN_ORDER: Final = (stock_locations.c.priority, stock_locations.c.id)
"""The order stock is sold from."""

_LOCATIONS: Final = Query(
    select(*_LOCATION_COLUMNS)
    .where(stock_locations.c.tenant_id == TENANT)
    .order_by(*IN_ORDER)
    .limit(bindparam("limit", type_=Integer())),
    Location,
)
_LOCATION: Final = Query(
    select(*_LOCATION_COLUMNS).where(
        stock_locations.c.tenant_id == TENANT,
        stock_locations.c.id == bindparam("id", type_=Id()),
    ),
    Location,
)
_LOCATION_BY_CODE: Final = Query(
    select(*_LOCATION_COLUMNS).where(
        stock_locations.c.tenant_id == TENANT,
        stock_locations.c.code == bindparam("code", type_=Text()),
    ),
    Location,
)


async def list_locations(tx: ReadTx, *, limit: int) -> list[Location]:
    """Locations in the order stock is sold from them."""
    return await tx.all(_LOCATIONS, limit=limit)


async def get_location(tx: ReadTx, location_id: UUID) -> Location:
    """Raises LocationNotFound."""
    if (found := await tx.one(_LOCATION, id=location_id)) is None:
        raise LocationNotFound
    return found


async def find_location(tx: ReadTx, code: str) -> Location | None:
    return await tx.one(_LOCATION_BY_CODE, code=code)


async def add_location(tx: WriteTx, location: Location) -> bool:
    """False when the code is taken."""
    return await tx.insert_if_absent(stock_locations, **msgspec.structs.asdict(location))


async def store_location(tx: WriteTx, location: Location, **changed: object) -> None:
    """Raises ConcurrentUpdate."""
    await tx.update_version(
        stock_locations,
        {"id": location.id},
        version=location.version,
        updated_at=tx.now,
        **changed,
    )
