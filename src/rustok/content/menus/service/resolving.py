"""Menus as readers meet them: labels in their locale, paths of the site's own pages.

Refuses: showing what is not published; an item that leads to nothing shown goes with all below it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote
from uuid import UUID

import msgspec

from rustok.content.menus import repository
from rustok.content.menus.errors import MenuNotFound
from rustok.content.menus.model import (
    Menu,
    MenuCategoryItem,
    MenuItem,
    MenuNodeItem,
    MenuPathItem,
    MenuUrlItem,
    ResolvedItem,
    ResolvedMenu,
    walk,
)
from rustok.content.menus.service.editing import list_menus
from rustok.content.nodes import api as nodes
from rustok.content.nodes.api import NodeDescription
from rustok.content.taxonomy import api as taxonomy
from rustok.content.taxonomy.api import CategoryDescription
from rustok.core.db import ReadTx
from rustok.core.locale import fallback_chain
from rustok.core.pagination import Page, PageRequest

_POST: Final = "post"
_PAGE: Final = "page"


class _Targets(msgspec.Struct, frozen=True, kw_only=True):
    """What items lead to: published nodes and categories by id; `chain` of locales to look in."""

    nodes: Mapping[UUID, NodeDescription]
    categories: Mapping[UUID, CategoryDescription]
    chain: tuple[str, ...]

    def best(self, available: Mapping[str, object]) -> str:
        """The locale to show; `available` is not empty."""
        return next((tag for tag in self.chain if tag in available), min(available))


async def get_resolved(tx: ReadTx, handle: str) -> ResolvedMenu:
    """The menu at a handle, in the locale of the context, in at most twelve statements.

    Raises:
        MenuNotFound.
    """
    menu = await repository.find_by_handle(tx, handle)
    if menu is None:
        raise MenuNotFound
    [resolved] = await _resolve(tx, [menu])
    return resolved


async def list_resolved(tx: ReadTx, page: PageRequest) -> Page[ResolvedMenu]:
    """Menus by handle, in the locale of the context, in at most twelve statements.

    Raises:
        InvalidCursor.
    """
    found = await list_menus(tx, page)
    return Page(items=await _resolve(tx, found.items), next_cursor=found.next_cursor)


async def _resolve(tx: ReadTx, menus: Sequence[Menu]) -> list[ResolvedMenu]:
    items = [item for menu in menus for item, _, _ in walk(menu.items)]
    node_ids = {item.node_id for item in items if isinstance(item, MenuNodeItem)}
    category_ids = {item.category_id for item in items if isinstance(item, MenuCategoryItem)}
    described = await nodes.describe(tx, sorted(node_ids)) if node_ids else []
    targets = _Targets(
        nodes={one.id: one for one in described if one.status == "published" and one.texts},
        categories=await taxonomy.describe_categories(tx, sorted(category_ids)),
        chain=fallback_chain(tx.ctx.locale, default=tx.ctx.tenant.default_locale),
    )
    return [
        ResolvedMenu(
            handle=menu.handle,
            name=menu.names[targets.best(menu.names)],
            items=_resolved(menu.items, targets),
        )
        for menu in menus
    ]


def _resolved(items: Sequence[MenuItem], targets: _Targets) -> list[ResolvedItem]:
    return [one for item in items if (one := _item(item, targets)) is not None]


def _item(item: MenuItem, targets: _Targets) -> ResolvedItem | None:
    match item:
        case MenuNodeItem(node_id=node_id):
            node = targets.nodes.get(node_id)
            if node is None:
                return None
            titles = {locale: text.title for locale, text in node.texts.items()}
            return _made(item, targets, "node", _node_path(node, targets), titles, node_id)
        case MenuCategoryItem(category_id=category_id):
            category = targets.categories.get(category_id)
            if category is None:
                return None
            path = f"/posts?category={quote(category.handle, safe='')}"
            return _made(item, targets, "category", path, category.names, category_id)
        case MenuPathItem(path=path):
            return _made(item, targets, "path", path, {}, None)
        case MenuUrlItem(url=url):
            return _made(item, targets, "url", url, {}, None)


def _made(
    item: MenuItem,
    targets: _Targets,
    kind: str,
    href: str | None,
    titles: Mapping[str, str],
    target_id: UUID | None,
) -> ResolvedItem:
    # A title in the reader's own language is better than a label in another.
    texts = {**titles, **item.labels}
    return ResolvedItem(
        kind=kind,  # type: ignore[arg-type]  # the four kinds of `_item`
        label=texts[targets.best(texts)],
        href=href,
        open_in_new=item.open_in_new,
        target_id=target_id,
        children=_resolved(item.children, targets),
    )


def _node_path(node: NodeDescription, targets: _Targets) -> str | None:
    text = node.texts[targets.best(node.texts)]
    if node.kind == _POST:
        return f"/posts/{quote(text.handle, safe='')}"
    if node.kind == _PAGE:
        return f"/pages/{'/'.join(quote(one, safe='') for one in text.path)}"
    return None
