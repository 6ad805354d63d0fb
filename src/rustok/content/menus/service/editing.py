"""Writing menus, by hand and by imports; every change carries its event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from rustok.content.menus import repository
from rustok.content.menus.errors import MenuHandleTaken, MenuTargetUnknown
from rustok.content.menus.events import MenuCreated, MenuDeleted, MenuUpdated
from rustok.content.menus.model import (
    Menu,
    MenuCategoryItem,
    MenuInput,
    MenuItem,
    MenuNodeItem,
    checked_items,
    checked_names,
    walk,
)
from rustok.content.nodes import api as nodes
from rustok.content.taxonomy import api as taxonomy
from rustok.core.db import ReadTx, WriteTx
from rustok.core.errors import ConcurrentUpdate, FieldError
from rustok.core.ids import new_id
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor
from rustok.core.routing import check_version
from rustok.core.security.identifiers import handle_from_title, parse_handle

Outcome = Literal["created", "updated", "unchanged"]


async def get(tx: ReadTx, menu_id: UUID) -> Menu:
    """Raises MenuNotFound."""
    return await repository.get(tx, menu_id)


async def list_menus(tx: ReadTx, page: PageRequest) -> Page[Menu]:
    """Menus by handle. Raises InvalidCursor."""
    after = None if page.cursor is None else str(decode_cursor(page.cursor, (str,))[0])
    rows = await repository.list_menus(tx, after=after, limit=page.limit + 1)
    return cut_page(rows, limit=page.limit, key_of=lambda one: (one.handle,))


async def create(
    tx: WriteTx,
    *,
    names: dict[str, str],
    items: Sequence[MenuItem] = (),
    handle: str | None = None,
    source: str | None = None,
    source_id: str | None = None,
    adapt_handle: bool = False,
) -> Menu:
    """Create a menu.

    Args:
        names: by locale, at least one.
        handle: made from the first name when there is none.
        adapt_handle: add a number to a handle that is taken, instead of refusing.

    Raises:
        InvalidLocale, InvalidHandle, MenuHandleTaken, InvalidMenuItem, MenuTargetUnknown.

    Emits: menu.created
    """
    checked = checked_names(names)
    menu = Menu(
        id=new_id(),
        handle=await _free_handle(tx, handle, next(iter(checked.values())), adapt=adapt_handle),
        names=checked,
        items=await _usable(tx, items),
        source=source,
        source_id=source_id,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    await repository.add(tx, menu)
    tx.emit(MenuCreated(menu_id=menu.id, handle=menu.handle))
    return menu


async def update(
    tx: WriteTx,
    menu_id: UUID,
    *,
    expected_version: int | None,
    names: dict[str, str] | None = None,
    items: Sequence[MenuItem] | None = None,
    handle: str | None = None,
) -> Menu:
    """Change a menu; `names` and `items` replace all there were. No change, no event.

    Raises:
        MenuNotFound, PreconditionFailed, InvalidLocale, InvalidHandle, MenuHandleTaken,
        InvalidMenuItem, MenuTargetUnknown, ConcurrentUpdate.

    Emits: menu.updated
    """
    menu = await repository.get(tx, menu_id)
    check_version(menu.version, expected_version)
    wanted: dict[str, object] = {}
    if names is not None:
        wanted["names"] = checked_names(names)
    if handle is not None and handle != menu.handle:
        wanted["handle"] = parse_handle(handle, pointer="/handle")
        if await repository.find_by_handle(tx, handle) is not None:
            raise MenuHandleTaken(handle)
    if items is not None and checked_items(items) != menu.items:
        wanted["items"] = await _usable(tx, items)
    changed = {name: value for name, value in wanted.items() if value != getattr(menu, name)}
    if not changed:
        return menu
    await repository.store(tx, menu, **changed)
    tx.emit(MenuUpdated(menu_id=menu_id, changed=tuple(sorted(changed))))
    return await repository.get(tx, menu_id)


async def delete(tx: WriteTx, menu_id: UUID, *, expected_version: int | None) -> None:
    """Delete a menu with its items; what they lead to stays.

    Raises:
        MenuNotFound, PreconditionFailed, ConcurrentUpdate.

    Emits: menu.deleted
    """
    menu = await repository.get(tx, menu_id)
    check_version(menu.version, expected_version)
    if await repository.remove(tx, menu) != 1:
        raise ConcurrentUpdate("The menu was changed by somebody else; nothing was deleted.")
    tx.emit(MenuDeleted(menu_id=menu_id, handle=menu.handle))


async def upsert(
    tx: WriteTx, data: MenuInput, *, source: str, source_id: str
) -> tuple[UUID, Outcome]:
    """Create or change the menu an import names; no difference, no write.

    Names in locales the import does not bring stay; the items become those of the import.

    Raises:
        InvalidLocale, InvalidHandle, InvalidMenuItem, MenuTargetUnknown, ConcurrentUpdate.

    Emits: menu.created or menu.updated
    """
    found = await repository.find_by_source(tx, source, source_id)
    if found is None:
        made = await create(
            tx,
            names=data.names,
            items=data.items,
            handle=data.handle,
            source=source,
            source_id=source_id,
            adapt_handle=True,
        )
        return made.id, "created"
    changed = await update(
        tx,
        found.id,
        expected_version=None,
        names={**found.names, **data.names},
        items=data.items,
    )
    return found.id, "updated" if changed.version != found.version else "unchanged"


async def _usable(tx: ReadTx, items: Sequence[MenuItem]) -> list[MenuItem]:
    """The items, once their nodes and categories are known to exist in this tenant."""
    checked = checked_items(items)
    places = [(item, pointer) for item, pointer, _ in walk(checked)]
    node_ids = {item.node_id for item, _ in places if isinstance(item, MenuNodeItem)}
    category_ids = {item.category_id for item, _ in places if isinstance(item, MenuCategoryItem)}
    found_nodes = {one.id for one in await nodes.describe(tx, sorted(node_ids))} if node_ids else ()
    found_categories = await taxonomy.describe_categories(tx, sorted(category_ids))
    unknown: list[FieldError] = []
    for item, pointer in places:
        match item:
            case MenuNodeItem(node_id=node_id) if node_id not in found_nodes:
                unknown.append(_unknown(f"{pointer}/node_id", "node"))
            case MenuCategoryItem(category_id=category_id) if category_id not in found_categories:
                unknown.append(_unknown(f"{pointer}/category_id", "content category"))
            case _:
                pass
    if unknown:
        raise MenuTargetUnknown(unknown)
    return checked


def _unknown(pointer: str, thing: str) -> FieldError:
    return FieldError(
        pointer=pointer, rule="exists", message=f"the tenant has no {thing} with this id."
    )


async def _free_handle(tx: ReadTx, wanted: str | None, name: str, *, adapt: bool) -> str:
    base = (
        parse_handle(wanted, pointer="/handle")
        if wanted
        else handle_from_title(name, max_length=190)
    )
    if await repository.find_by_handle(tx, base) is None:
        return base
    if wanted and not adapt:
        raise MenuHandleTaken(base)
    for number in range(2, 1_000):
        candidate = f"{base[:190].rstrip('-')}-{number}"
        if await repository.find_by_handle(tx, candidate) is None:
            return candidate
    raise MenuHandleTaken(base)
