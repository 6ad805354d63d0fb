"""Wire shapes of menus; items are those of the model."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.content.menus.model import MAX_ITEMS, Menu, MenuItem
from rustok.core.pagination import PageRequest
from rustok.core.types import Handle, LocaleTag, Title

Names = Annotated[dict[LocaleTag, Title], Meta(min_length=1, max_length=50)]
Items = Annotated[
    list[MenuItem],
    Meta(max_length=MAX_ITEMS, description="A tree, at most 5 levels and 200 items in all."),
]


class CreateMenu(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new menu; without a handle one is made from the name."""

    names: Names
    handle: Handle | None = None
    items: Items = msgspec.field(default_factory=list)


class UpdateMenu(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay. `names` and `items` replace all there were."""

    names: Names | None = None
    handle: Handle | None = None
    items: Items | None = None


class MenuPage(PageRequest, frozen=True, kw_only=True):
    """Few at a time: each menu comes with everything its items lead to."""

    limit: Annotated[int, Meta(ge=1, le=10, description="How many menus at most.")] = 10


class MenuView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    handle: str
    names: dict[str, str]
    items: list[MenuItem]
    version: int
    created_at: datetime
    updated_at: datetime


def menu_view(menu: Menu) -> MenuView:
    return MenuView(
        id=menu.id,
        handle=menu.handle,
        names=menu.names,
        items=menu.items,
        version=menu.version,
        created_at=menu.created_at,
        updated_at=menu.updated_at,
    )
