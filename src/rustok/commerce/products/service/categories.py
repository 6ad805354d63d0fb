"""The category tree: making, changing, moving and deleting categories, and finding them by path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from rustok.commerce.products.errors import (
    CategoryCycle,
    CategoryHandleTaken,
    CategoryHasChildren,
    CategoryTooDeep,
    TooManyParts,
)
from rustok.commerce.products.events import (
    CategoryCreated,
    CategoryDeleted,
    CategoryUpdated,
    ProductUpdated,
)
from rustok.commerce.products.model import (
    MAX_CATEGORIES,
    MAX_CATEGORY_DEPTH,
    Category,
    CategoryText,
    Text,
)
from rustok.commerce.products.repository import categories as repository
from rustok.commerce.products.repository import products
from rustok.core.db import ReadTx, WriteTx
from rustok.core.errors import ConcurrentUpdate
from rustok.core.ids import new_id
from rustok.core.locale import parse_locale
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import check_version
from rustok.core.security.identifiers import handle_from_title, parse_handle

BATCH: Final = 1_000


class NamedCategory(msgspec.Struct, frozen=True, kw_only=True):
    """A category with its texts by locale."""

    category: Category
    texts: dict[str, Text]


async def get_category(tx: ReadTx, category_id: UUID) -> NamedCategory:
    """Raises CategoryNotFound."""
    return (await _with_texts(tx, [await repository.get(tx, category_id)]))[0]


async def list_categories(tx: ReadTx) -> list[NamedCategory]:
    """The whole tree, parents before children, siblings by position; two statements."""
    found = await _with_texts(tx, await repository.list_all(tx))
    order = {one.category.id: (one.category.position, one.category.id.int) for one in found}
    found.sort(key=lambda one: [order.get(step, (0, 0)) for step in one.category.path_ids])
    return found


async def list_category_page(tx: ReadTx, page: PageRequest) -> Page[NamedCategory]:
    """Categories in the order they were made; two statements a page."""
    found = await repository.list_page(tx, page)
    return Page(items=await _with_texts(tx, found.items), next_cursor=found.next_cursor)


async def _with_texts(tx: ReadTx, found: Sequence[Category]) -> list[NamedCategory]:
    texts: dict[UUID, dict[str, Text]] = {}
    for row in await repository.list_texts(tx, [one.id for one in found]):
        texts.setdefault(row.category_id, {})[row.locale] = Text(
            name=row.name, description=row.description
        )
    return [NamedCategory(category=one, texts=texts.get(one.id, {})) for one in found]


async def list_product_ids_in_category(
    tx: ReadTx, category_id: UUID, *, after: UUID | None = None, limit: int = BATCH
) -> list[UUID]:
    """Products in a category or below it, each once and by id, those beyond `after`.

    For read models, when a category was renamed or moved. An unknown category has none.
    """
    tree = await repository.list_all(tx)
    inside = [one.id for one in tree if category_id in one.path_ids]
    return await repository.list_product_ids(tx, inside, after=after, limit=limit)


def _rows(category_id: UUID, texts: Mapping[str, Text]) -> list[CategoryText]:
    canonical = {parse_locale(tag, pointer="/translations"): text for tag, text in texts.items()}
    return [
        CategoryText(
            category_id=category_id, locale=tag, name=text.name, description=text.description
        )
        for tag, text in sorted(canonical.items())
    ]


async def create_category(
    tx: WriteTx,
    *,
    handle: str,
    texts: Mapping[str, Text],
    parent_id: UUID | None = None,
    position: int = 0,
) -> NamedCategory:
    """Add a category below `parent_id`, or as a root.

    Args:
        texts: name and description by locale.
        position: its place among its siblings, the lowest first; ties go by age.

    Raises:
        InvalidHandle, InvalidLocale, CategoryHandleTaken, CategoryTooDeep, TooManyParts.
        CategoryNotFound: no such parent.

    Emits: category.created
    """
    parse_handle(handle, pointer="/handle")
    # Held, so that the parent cannot move away between reading its path and writing the child's.
    parent = await repository.lock(tx, parent_id) if parent_id is not None else None
    if await repository.find_by_handle(tx, handle) is not None:
        raise CategoryHandleTaken(handle)
    return await _add(
        tx,
        handle=handle,
        texts=texts,
        parent_id=parent_id,
        parent_path=parent.path_ids if parent else (),
        position=position,
    )


async def _add(
    tx: WriteTx,
    *,
    handle: str,
    texts: Mapping[str, Text],
    parent_id: UUID | None,
    parent_path: tuple[UUID, ...],
    position: int,
) -> NamedCategory:
    if len(parent_path) >= MAX_CATEGORY_DEPTH:
        raise CategoryTooDeep(MAX_CATEGORY_DEPTH)
    if await repository.count(tx) >= MAX_CATEGORIES:
        raise TooManyParts("categories", MAX_CATEGORIES)
    category_id = new_id()
    category = Category(
        id=category_id,
        parent_id=parent_id,
        handle=handle,
        position=position,
        path_ids=(*parent_path, category_id),
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    rows = _rows(category_id, texts)
    await repository.add(tx, category)
    await repository.replace_texts(tx, category_id, rows)
    tx.emit(CategoryCreated(category_id=category_id, domain="catalog", parent_id=parent_id))
    return NamedCategory(
        category=category,
        texts={row.locale: Text(name=row.name, description=row.description) for row in rows},
    )


async def update_category(
    tx: WriteTx,
    category_id: UUID,
    *,
    expected_version: int | None,
    handle: str | None = None,
    position: int | None = None,
    texts: Mapping[str, Text] | None = None,
) -> NamedCategory:
    """Change a category; None leaves a field as it is, `texts` are all texts it is to have.

    Raises:
        CategoryNotFound, PreconditionFailed, InvalidHandle, InvalidLocale, CategoryHandleTaken.

    Emits: category.updated
    """
    category = await repository.lock(tx, category_id)
    check_version(category.version, expected_version)
    named = (await _with_texts(tx, [category]))[0]
    changed: dict[str, object] = {}
    if handle is not None and handle != category.handle:
        parse_handle(handle, pointer="/handle")
        if await repository.find_by_handle(tx, handle) is not None:
            raise CategoryHandleTaken(handle)
        changed["handle"] = handle
    if position is not None and position != category.position:
        changed["position"] = position
    rows = _rows(category_id, texts) if texts is not None else []
    wanted = {row.locale: Text(name=row.name, description=row.description) for row in rows}
    renamed = texts is not None and wanted != named.texts
    if not changed and not renamed:
        return named
    await repository.store(tx, category, **changed)
    if renamed:
        await repository.replace_texts(tx, category_id, rows)
    fields = (*sorted(changed), *(["translations"] if renamed else []))
    tx.emit(CategoryUpdated(category_id=category_id, domain="catalog", changed=fields))
    return await get_category(tx, category_id)


async def move_category(
    tx: WriteTx,
    category_id: UUID,
    *,
    parent_id: UUID | None,
    position: int | None = None,
    expected_version: int | None = None,
) -> NamedCategory:
    """Hang a category, with all below it, under another parent or at the root.

    Raises:
        CategoryNotFound: it or the parent does not exist.
        CategoryCycle: the parent is the category itself or stands below it.
        CategoryTooDeep: its lowest descendant would stand too deep.
        PreconditionFailed, ConcurrentUpdate.

    Emits: category.updated
    """
    await repository.get(tx, category_id)
    tree = {one.id: one for one in await repository.lock_tree(tx)}
    category = tree[category_id]
    check_version(category.version, expected_version)
    parent = tree.get(parent_id) if parent_id is not None else None
    if parent_id is not None and parent is None:
        await repository.get(tx, parent_id)
    if parent is not None and category_id in parent.path_ids:
        raise CategoryCycle
    parent_path = parent.path_ids if parent else ()
    below = [one for one in tree.values() if category_id in one.path_ids]
    height = max(one.depth for one in below) - category.depth + 1
    if len(parent_path) + height > MAX_CATEGORY_DEPTH:
        raise CategoryTooDeep(MAX_CATEGORY_DEPTH)
    changed: dict[str, object] = {}
    if parent_id != category.parent_id:
        changed |= {"parent_id": parent_id, "path_ids": (*parent_path, category_id)}
    if position is not None and position != category.position:
        changed["position"] = position
    if not changed:
        return await get_category(tx, category_id)
    await repository.store(tx, category, **changed)
    if "parent_id" in changed:
        for one in below:
            if one.id != category_id:
                tail = one.path_ids[category.depth - 1 :]
                await repository.store_path(tx, one.id, (*parent_path, *tail))
    names = {"parent_id": "parent", "position": "position"}
    fields = tuple(word for name, word in names.items() if name in changed)
    tx.emit(CategoryUpdated(category_id=category_id, domain="catalog", changed=fields))
    return await get_category(tx, category_id)


async def delete_category(tx: WriteTx, category_id: UUID, *, expected_version: int | None) -> None:
    """Remove a category without children; products that stood in it stay.

    Raises:
        CategoryNotFound, PreconditionFailed, CategoryHasChildren, ConcurrentUpdate.

    Emits: product.updated for each product that stood in it, category.deleted
    """
    category = await repository.lock(tx, category_id)
    check_version(category.version, expected_version)
    if await repository.has_children(tx, category_id):
        raise CategoryHasChildren
    after: UUID | None = None
    while members := await repository.list_product_ids(tx, [category_id], after=after, limit=BATCH):
        await products.touch(tx, members)
        for product_id in members:
            tx.emit(ProductUpdated(product_id=product_id, changed=("categories",)))
        after = members[-1]
    if await repository.remove(tx, category) != 1:
        raise ConcurrentUpdate("The category was changed by somebody else; nothing was deleted.")
    tx.emit(CategoryDeleted(category_id=category_id, domain="catalog"))


async def ensure_paths(tx: WriteTx, paths: Sequence[Sequence[str]], *, locale: str) -> list[UUID]:
    """The categories at the ends of paths of names from the root; missing ones are made.

    Args:
        locale: the one the names are in; of siblings with one name the oldest is taken.

    Returns: one id per path, in their order, without empty paths.

    Raises:
        CategoryTooDeep, TooManyParts.

    Emits: category.created for each that is made
    """
    names = {name for path in paths for name in path}
    known: dict[tuple[UUID | None, str], repository.NamedCategory] = {}
    for found in await repository.list_named(tx, sorted(names), locale=locale):
        known.setdefault((found.parent_id, found.name), found)
    ends: list[UUID] = []
    for path in paths:
        parent: repository.NamedCategory | None = None
        for name in path:
            key = (parent.id if parent else None, name)
            if key not in known:
                known[key] = await _make(tx, name, parent, locale=locale)
            parent = known[key]
        if parent is not None:
            ends.append(parent.id)
    return ends


async def _make(
    tx: WriteTx, name: str, parent: repository.NamedCategory | None, *, locale: str
) -> repository.NamedCategory:
    plain = handle_from_title(name, fallback="category", max_length=90)
    below = f"{parent.handle[:90].strip('-')}-{plain}" if parent else plain
    candidates = list(
        dict.fromkeys([plain, below, *(f"{below}-{number}" for number in range(2, 50))])
    )
    taken = await repository.taken_handles(tx, candidates)
    free = next((one for one in candidates if one not in taken), f"{plain}-{new_id().hex}")
    made = await _add(
        tx,
        handle=free,
        texts={locale: Text(name=name)},
        parent_id=parent.id if parent else None,
        parent_path=parent.path_ids if parent else (),
        position=0,
    )
    return repository.NamedCategory(
        id=made.category.id,
        parent_id=made.category.parent_id,
        name=name,
        handle=free,
        path_ids=made.category.path_ids,
    )
