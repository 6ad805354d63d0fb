"""The use cases of categories; every change carries its event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from rustok.content.taxonomy import repository
from rustok.content.taxonomy.errors import (
    CategoryHasChildren,
    CategoryNotFound,
    CategoryParentUnusable,
    TermHandleTaken,
)
from rustok.content.taxonomy.model import (
    MAX_DEPTH,
    Category,
    CategoryDescription,
    CategoryInput,
    CategoryText,
)
from rustok.content.taxonomy.service.handles import after_cursor, free_handle
from rustok.core.db import ReadTx, WriteTx
from rustok.core.errors import ConcurrentUpdate
from rustok.core.events.shared import CategoryCreated, CategoryDeleted, CategoryUpdated
from rustok.core.ids import new_id
from rustok.core.locale import parse_locale
from rustok.core.pagination import Page, PageRequest, cut_page
from rustok.core.routing import check_version
from rustok.core.security.identifiers import handle_from_title, parse_handle

Outcome = Literal["created", "updated", "unchanged"]


async def get_category(tx: ReadTx, category_id: UUID) -> Category:
    """Raises CategoryNotFound."""
    return await repository.get_category(tx, category_id)


async def list_categories(
    tx: ReadTx, page: PageRequest, *, parent_id: UUID | None = None
) -> Page[Category]:
    """Categories by handle, of all levels or directly below one."""
    rows = await repository.list_categories(
        tx, parent_id=parent_id, after=after_cursor(page), limit=page.limit + 1
    )
    return cut_page(rows, limit=page.limit, key_of=lambda one: (one.handle,))


def _texts(texts: dict[str, CategoryText]) -> dict[str, CategoryText]:
    return {
        parse_locale(tag, pointer=f"/texts/{tag[:35]}"): text for tag, text in sorted(texts.items())
    }


async def _check_parent(tx: WriteTx, parent_id: UUID, *, moved: UUID | None) -> None:
    above = await repository.ancestors(tx, [parent_id])
    held = [parent_id, *(one.id for one in above.get(parent_id, [])), *([moved] if moved else [])]
    await repository.lock_some(tx, held)
    # Read again under the lock: another move may have come first.
    if not await repository.find_categories(tx, [parent_id]):
        raise CategoryParentUnusable("There is no category with the id given as parent.")
    chain = [one.id for one in (await repository.ancestors(tx, [parent_id])).get(parent_id, [])]
    if moved is not None and moved in (parent_id, *chain):
        raise CategoryParentUnusable("A category cannot stand below itself.")
    height = await repository.height(tx, moved) if moved is not None else 0
    if len(chain) + 2 + height > MAX_DEPTH:
        raise CategoryParentUnusable(f"Categories nest at most {MAX_DEPTH} deep.")


async def create_category(
    tx: WriteTx,
    *,
    texts: dict[str, CategoryText],
    handle: str | None = None,
    parent_id: UUID | None = None,
    position: int = 0,
    source: str | None = None,
    source_id: str | None = None,
    adapt_handle: bool = False,
) -> Category:
    """Create a category.

    Args:
        texts: by locale, at least one.
        adapt_handle: add a number to a handle that is taken, instead of refusing.

    Raises:
        InvalidLocale, InvalidHandle, TermHandleTaken, CategoryParentUnusable.

    Emits: category.created
    """

    async def taken(candidate: str) -> bool:
        return await repository.find_category(tx, handle=candidate) is not None

    checked = _texts(texts)
    if parent_id is not None:
        await _check_parent(tx, parent_id, moved=None)
    category = Category(
        id=new_id(),
        parent_id=parent_id,
        handle=await free_handle(
            handle, next(iter(checked.values())).name, taken, adapt=adapt_handle
        ),
        position=position,
        texts=checked,
        source=source,
        source_id=source_id,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    await repository.add(tx, category)
    tx.emit(CategoryCreated(category_id=category.id, domain="content", parent_id=parent_id))
    return category


async def update_category(
    tx: WriteTx,
    category_id: UUID,
    *,
    expected_version: int | None,
    texts: dict[str, CategoryText] | None = None,
    handle: str | None = None,
    parent_id: UUID | msgspec.UnsetType | None = msgspec.UNSET,
    position: int | None = None,
) -> Category:
    """Change a category; `texts` replaces all texts. No change, no event.

    Raises:
        CategoryNotFound, PreconditionFailed, InvalidHandle, TermHandleTaken, CategoryParentUnusable,
        ConcurrentUpdate.

    Emits: category.updated
    """
    category = await repository.get_category(tx, category_id)
    check_version(category.version, expected_version)
    wanted: dict[str, object] = {}
    if texts is not None:
        wanted["texts"] = _texts(texts)
    if position is not None:
        wanted["position"] = position
    if handle is not None and handle != category.handle:
        wanted["handle"] = parse_handle(handle, pointer="/handle")
        if await repository.find_category(tx, handle=handle) is not None:
            raise TermHandleTaken(handle)
    if parent_id is not msgspec.UNSET and parent_id != category.parent_id:
        if parent_id is not None:
            await _check_parent(tx, parent_id, moved=category_id)
        wanted["parent_id"] = parent_id
    changed = {name: value for name, value in wanted.items() if value != getattr(category, name)}
    if not changed:
        return category
    await repository.store(tx, category, **changed)
    names = tuple(sorted("parent" if name == "parent_id" else name for name in changed))
    tx.emit(CategoryUpdated(category_id=category_id, domain="content", changed=names))
    return await repository.get_category(tx, category_id)


async def delete_category(tx: WriteTx, category_id: UUID, *, expected_version: int | None) -> None:
    """Delete a category; nodes lose it.

    Raises:
        CategoryNotFound, PreconditionFailed, CategoryHasChildren, ConcurrentUpdate.

    Emits: category.deleted
    """
    category = await repository.get_category(tx, category_id)
    check_version(category.version, expected_version)
    if await repository.list_categories(tx, parent_id=category_id, after=None, limit=1):
        raise CategoryHasChildren
    if await repository.remove(tx, category) != 1:
        raise ConcurrentUpdate("The category was changed by somebody else; nothing was deleted.")
    tx.emit(CategoryDeleted(category_id=category_id, domain="content"))


async def describe_categories(tx: ReadTx, ids: Sequence[UUID]) -> dict[UUID, CategoryDescription]:
    """What documents need of categories, in two statements whatever their number."""
    above = await repository.ancestors(tx, ids)
    return {
        one.id: CategoryDescription(
            id=one.id,
            handle=one.handle,
            path=(*(up.handle for up in above.get(one.id, [])), one.handle),
            ancestor_ids=tuple(up.id for up in above.get(one.id, [])),
            names={locale: text.name for locale, text in one.texts.items()},
        )
        for one in await repository.find_categories(tx, ids)
    }


async def categories_below(tx: ReadTx, category_id: UUID) -> list[UUID]:
    """The category and all below it.

    Raises:
        CategoryNotFound: there is none.
    """
    found = await repository.with_descendants(tx, category_id)
    if not found:
        raise CategoryNotFound
    return found


async def upsert_category(
    tx: WriteTx, data: CategoryInput, *, source: str, source_id: str
) -> tuple[UUID, Outcome]:
    """Create or change the category an import names; no difference, no write.

    Raises:
        InvalidLocale, InvalidHandle, CategoryParentUnusable.

    Emits: category.created or category.updated
    """
    found = await repository.find_category(tx, source=source, source_id=source_id)
    if found is None:
        made = await create_category(
            tx,
            texts=data.texts,
            handle=data.handle,
            parent_id=data.parent_id,
            position=data.position,
            source=source,
            source_id=source_id,
            adapt_handle=True,
        )
        return made.id, "created"
    changed = await update_category(
        tx,
        found.id,
        expected_version=None,
        texts={**found.texts, **data.texts},
        parent_id=data.parent_id,
        position=data.position,
    )
    return found.id, "updated" if changed.version != found.version else "unchanged"


async def ensure_category_path(tx: WriteTx, names: Sequence[str], *, locale: str) -> UUID:
    """The category at a path of names from the root, made where it is missing.

    Raises:
        CategoryParentUnusable: the path is empty or deeper than 8.

    Emits: category.created for each made
    """
    parent: Category | None = None
    for name in names:
        handle = handle_from_title(name, max_length=180)
        # The same name may stand below several parents; its handle then starts with the parent's.
        nested = handle_from_title(f"{parent.handle} {name}", max_length=190) if parent else handle
        expected = parent.id if parent else None
        found = None
        for candidate in dict.fromkeys((handle, nested)):
            there = await repository.find_category(tx, handle=candidate)
            if there is not None and there.parent_id == expected:
                found = there
                break
        if found is None:
            free = await repository.find_category(tx, handle=handle) is None
            found = await create_category(
                tx,
                texts={locale: CategoryText(name=name)},
                handle=handle if free else nested,
                parent_id=expected,
                adapt_handle=True,
            )
        parent = found
    if parent is None:
        raise CategoryParentUnusable("A path of categories names at least one.")
    return parent.id
