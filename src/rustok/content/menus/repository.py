"""Every query on menus."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Text, bindparam, or_, select

from rustok.content.menus.errors import MenuNotFound
from rustok.content.menus.model import Menu
from rustok.content.menus.tables import menus
from rustok.core.db import TENANT, Id, Query, ReadTx, WriteTx

_C: Final = menus.c
_COLUMNS: Final = [column for column in _C if column.key != "tenant_id"]


def _text(name: str) -> Any:
    return bindparam(name, type_=Text())


def _menu(*conditions: Any) -> Query[Menu]:
    return Query(select(*_COLUMNS).where(_C.tenant_id == TENANT, *conditions), Menu)


_BY_ID: Final = _menu(_C.id == bindparam("id", type_=Id()))
_BY_HANDLE: Final = _menu(_C.handle == _text("handle"))
_BY_SOURCE: Final = _menu(_C.source == _text("source"), _C.source_id == _text("source_id"))
_PAGE: Final = Query(
    select(*_COLUMNS)
    .where(_C.tenant_id == TENANT, or_(_text("after").is_(None), _C.handle > _text("after")))
    .order_by(_C.handle)
    .limit(bindparam("limit", type_=Integer())),
    Menu,
)


async def get(tx: ReadTx, menu_id: UUID) -> Menu:
    """Raises MenuNotFound."""
    found = await tx.one(_BY_ID, id=menu_id)
    if found is None:
        raise MenuNotFound
    return found


async def find_by_handle(tx: ReadTx, handle: str) -> Menu | None:
    return await tx.one(_BY_HANDLE, handle=handle)


async def find_by_source(tx: ReadTx, source: str, source_id: str) -> Menu | None:
    return await tx.one(_BY_SOURCE, source=source, source_id=source_id)


async def list_menus(tx: ReadTx, *, after: str | None, limit: int) -> list[Menu]:
    """By handle, those after `after`."""
    return await tx.all(_PAGE, after=after, limit=limit)


async def add(tx: WriteTx, menu: Menu) -> None:
    """Raises UniqueViolation (the handle or the source)."""
    await tx.insert(menus, **{name: getattr(menu, name) for name in menu.__struct_fields__})


async def store(tx: WriteTx, menu: Menu, **changed: object) -> None:
    """Raises ConcurrentUpdate."""
    await tx.update_version(
        menus, {"id": menu.id}, version=menu.version, updated_at=tx.now, **changed
    )


async def remove(tx: WriteTx, menu: Menu) -> int:
    """Delete at the version seen; returns 0 when it has moved on."""
    return await tx.delete(menus, id=menu.id, version=menu.version)
