"""Places where stock lies; refuses to close the last one."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rustok.commerce.inventory.errors import LastLocation, LocationCodeTaken, LocationNotFound
from rustok.commerce.inventory.model import Location
from rustok.commerce.inventory.repository import locations as repository
from rustok.core.audit.difference import difference
from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.routing import check_version

DEFAULT_CODE: Final = "default"
MAX_LOCATIONS: Final = 100


async def list_locations(tx: ReadTx) -> list[Location]:
    """The tenant's locations in the order stock is sold from them, at most 100."""
    return await repository.list_locations(tx, limit=MAX_LOCATIONS)


async def default_location(tx: WriteTx) -> Location:
    """The location with the code `default`, made when a tenant first needs one."""
    found = await repository.find_location(tx, DEFAULT_CODE)
    if found is not None:
        return found
    await repository.add_location(tx, _new_location(tx, DEFAULT_CODE, "Default", priority=0))
    found = await repository.find_location(tx, DEFAULT_CODE)
    if found is None:
        raise LocationNotFound
    return found


def _new_location(tx: WriteTx, code: str, name: str, *, priority: int) -> Location:
    return Location(
        id=new_id(),
        code=code,
        name=name,
        priority=priority,
        active=True,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )


async def open_location(tx: WriteTx, *, code: str, name: str, priority: int = 0) -> Location:
    """Add a place for stock. Raises LocationCodeTaken."""
    location = _new_location(tx, code, name, priority=priority)
    if not await repository.add_location(tx, location):
        raise LocationCodeTaken(code)
    tx.audit(
        "stock_location.created",
        object_type="stock_location",
        object_id=location.id,
        after={"code": code, "name": name, "priority": priority},
    )
    return location


async def update_location(
    tx: WriteTx,
    location_id: UUID,
    *,
    name: str | None = None,
    priority: int | None = None,
    active: bool | None = None,
    expected_version: int | None = None,
) -> Location:
    """Change a location; None leaves a field as it is. A closed one sells nothing more.

    Raises:
        LocationNotFound, PreconditionFailed, ConcurrentUpdate.
        LastLocation: the default location is to be closed.
    """
    location = await repository.get_location(tx, location_id)
    check_version(location.version, expected_version)
    wanted = {"name": name, "priority": priority, "active": active}
    changed = {k: v for k, v in wanted.items() if v is not None and v != getattr(location, k)}
    if not changed:
        return location
    if active is False and location.code == DEFAULT_CODE:
        raise LastLocation
    await repository.store_location(tx, location, **changed)
    told = difference(location, changed)
    tx.audit(
        "stock_location.updated",
        object_type="stock_location",
        object_id=location_id,
        before=told.before,
        after=told.after,
    )
    return await repository.get_location(tx, location_id)
