"""Menus over HTTP: resolved for everybody, as written for editors.

A menu stands on every page of a site, so changing one asks for `nodes:publish`: authors, who reach
their own nodes only, read menus and do not write them.
"""

from __future__ import annotations

from uuid import UUID

from rustok.content.menus.errors import (
    InvalidMenuItem,
    MenuHandleTaken,
    MenuNotFound,
    MenuTargetUnknown,
)
from rustok.content.menus.model import MenuPathItem, ResolvedMenu
from rustok.content.menus.schemas import CreateMenu, MenuPage, MenuView, UpdateMenu, menu_view
from rustok.content.menus.service import editing, resolving
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import PUBLIC, ReadCall, Reply, Routes, WriteCall

storefront = Routes("menus", surface="storefront", tag="Menus")
admin = Routes("menus", surface="admin", tag="Menus")
_WRITE = (MenuHandleTaken, InvalidMenuItem, MenuTargetUnknown)
CACHE_SECONDS = 60


@storefront.get(
    "/menus",
    permission=PUBLIC,
    summary="List menus with their items resolved, by handle",
    cache_seconds=CACHE_SECONDS,
    shows=("menus",),
)
async def list_resolved_menus(call: ReadCall, query: MenuPage) -> Page[ResolvedMenu]:
    return await resolving.list_resolved(call.tx, query)


@storefront.get(
    "/menus/{handle}",
    permission=PUBLIC,
    summary="Show a menu with its items resolved",
    errors=[MenuNotFound],
    cache_seconds=CACHE_SECONDS,
    shows=("menus",),
)
async def get_resolved_menu(call: ReadCall, handle: str) -> ResolvedMenu:
    return await resolving.get_resolved(call.tx, handle)


@admin.post(
    "/menus",
    permission="nodes:publish",
    status=201,
    summary="Create a menu",
    errors=_WRITE,
    example=CreateMenu(
        names={"en": "Main"}, items=[MenuPathItem(path="/posts", labels={"en": "Magazine"})]
    ),
)
async def create_menu(call: WriteCall, data: CreateMenu) -> Reply[MenuView]:
    made = await editing.create(call.tx, names=data.names, handle=data.handle, items=data.items)
    return Reply(body=menu_view(made), location=f"/api/v1/admin/menus/{made.id}")


@admin.get("/menus", permission="nodes:list", summary="List menus by handle")
async def list_menus(call: ReadCall, query: PageRequest) -> Page[MenuView]:
    page = await editing.list_menus(call.tx, query)
    return Page(items=[menu_view(one) for one in page.items], next_cursor=page.next_cursor)


@admin.get(
    "/menus/{menu_id}", permission="nodes:read", summary="Show a menu", errors=[MenuNotFound]
)
async def get_menu(call: ReadCall, menu_id: UUID) -> MenuView:
    return menu_view(await editing.get(call.tx, menu_id))


@admin.patch(
    "/menus/{menu_id}",
    permission="nodes:publish",
    summary="Change a menu",
    errors=[MenuNotFound, *_WRITE],
    example=UpdateMenu(names={"en": "Main", "de": "Hauptmenü"}),
)
async def update_menu(call: WriteCall, menu_id: UUID, data: UpdateMenu) -> MenuView:
    changed = await editing.update(
        call.tx,
        menu_id,
        expected_version=call.expected_version,
        names=data.names,
        handle=data.handle,
        items=data.items,
    )
    return menu_view(changed)


@admin.delete(
    "/menus/{menu_id}",
    permission="nodes:delete",
    summary="Delete a menu",
    errors=[MenuNotFound],
)
async def delete_menu(call: WriteCall, menu_id: UUID) -> None:
    await editing.delete(call.tx, menu_id, expected_version=call.expected_version)
