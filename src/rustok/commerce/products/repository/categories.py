"""Queries on the category tree and on which products stand in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, and_, bindparam, func, or_, select

from rustok.commerce.products.errors import CategoryNotFound
from rustok.commerce.products.model import MAX_CATEGORIES, Category, CategoryText
from rustok.commerce.products.tables import (
    catalog_categories,
    catalog_category_products,
    catalog_category_texts,
)
from rustok.core.db import TENANT, Command, Id, Query, ReadTx, WriteTx, any_of, scalar
from rustok.core.ids import parse_id
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor

_COLUMNS: Final = [column for column in catalog_categories.c if column.key != "tenant_id"]
_SELECT: Final = select(*_COLUMNS).where(catalog_categories.c.tenant_id == TENANT)
_BY_ID: Final = _SELECT.where(catalog_categories.c.id == bindparam("id", type_=Id()))
_GET: Final = Query(_BY_ID, Category)
_LOCK: Final = Query(_BY_ID.with_for_update(), Category)
_BY_HANDLE: Final = Query(
    _SELECT.where(catalog_categories.c.handle == bindparam("handle", type_=Text())), Category
)
_BY_IDS: Final = Query(
    _SELECT.where(any_of(catalog_categories.c.id, "ids")).order_by(catalog_categories.c.id),
    Category,
)
_WHOLE: Final = _SELECT.order_by(catalog_categories.c.id).limit(bindparam("limit", type_=Integer()))
_ALL: Final = Query(_WHOLE, Category)
_LOCK_ALL: Final = Query(_WHOLE.with_for_update(), Category)
_PAGE: Final = Query(
    _SELECT.where(
        or_(
            bindparam("after", type_=Id()).is_(None),
            catalog_categories.c.id > bindparam("after", type_=Id()),
        )
    )
    .order_by(catalog_categories.c.id)
    .limit(bindparam("limit", type_=Integer())),
    Category,
)
_COUNT: Final = scalar(
    select(func.count())
    .select_from(catalog_categories)
    .where(catalog_categories.c.tenant_id == TENANT),
    int,
)
_CHILDREN: Final = scalar(
    select(catalog_categories.c.id)
    .where(
        catalog_categories.c.tenant_id == TENANT,
        catalog_categories.c.parent_id == bindparam("parent_id", type_=Id()),
    )
    .limit(bindparam("limit", 1, type_=Integer())),
    UUID,
)


async def get(tx: ReadTx, category_id: UUID) -> Category:
    """Raises CategoryNotFound."""
    found = await tx.one(_GET, id=category_id)
    if found is None:
        raise CategoryNotFound
    return found


async def lock(tx: WriteTx, category_id: UUID) -> Category:
    """The category, held against a move until this transaction ends. Raises CategoryNotFound."""
    found = await tx.one(_LOCK, id=category_id)
    if found is None:
        raise CategoryNotFound
    return found


async def lock_tree(tx: WriteTx) -> list[Category]:
    """Every category, held: two moves at once could otherwise close a circle."""
    return await tx.all(_LOCK_ALL, limit=MAX_CATEGORIES + 1)


async def find_by_handle(tx: ReadTx, handle: str) -> Category | None:
    return await tx.one(_BY_HANDLE, handle=handle)


async def list_by_ids(tx: ReadTx, category_ids: Sequence[UUID]) -> list[Category]:
    """Those that exist, by id."""
    return await tx.all(_BY_IDS, ids=list(category_ids)) if category_ids else []


async def list_all(tx: ReadTx) -> list[Category]:
    """The whole tree, by id; at most MAX_CATEGORIES."""
    return await tx.all(_ALL, limit=MAX_CATEGORIES)


async def list_page(tx: ReadTx, page: PageRequest) -> Page[Category]:
    """Categories in the order they were made."""
    after = (
        parse_id(str(decode_cursor(page.cursor, (str,))[0]), pointer="cursor")
        if page.cursor
        else None
    )
    rows = await tx.all(_PAGE, after=after, limit=page.limit + 1)
    return cut_page(rows, limit=page.limit, key_of=lambda category: (str(category.id),))


async def count(tx: ReadTx) -> int:
    return await tx.one(_COUNT) or 0


async def has_children(tx: ReadTx, category_id: UUID) -> bool:
    return await tx.one(_CHILDREN, parent_id=category_id) is not None


async def add(tx: WriteTx, category: Category) -> None:
    """Raises UniqueViolation (uq_catalog_categories_handle)."""
    await tx.insert(
        catalog_categories, **{name: getattr(category, name) for name in category.__struct_fields__}
    )


async def store(tx: WriteTx, category: Category, **changed: object) -> None:
    """Write `changed` at the version of `category`. Raises ConcurrentUpdate."""
    await tx.update_version(
        catalog_categories,
        {"id": category.id},
        version=category.version,
        updated_at=tx.now,
        **changed,
    )


async def store_path(tx: WriteTx, category_id: UUID, path_ids: tuple[UUID, ...]) -> None:
    """Write the path of a category whose ancestor moved; its own version stays."""
    await tx.update(catalog_categories, {"id": category_id}, path_ids=path_ids)


async def remove(tx: WriteTx, category: Category) -> int:
    """Delete at the version of `category`; how many rows went."""
    return await tx.delete(catalog_categories, id=category.id, version=category.version)


# --- Texts

_TEXT_COLUMNS: Final = [column for column in catalog_category_texts.c if column.key != "tenant_id"]
_TEXTS: Final = Query(
    select(*_TEXT_COLUMNS)
    .where(
        catalog_category_texts.c.tenant_id == TENANT,
        any_of(catalog_category_texts.c.category_id, "ids"),
    )
    .order_by(catalog_category_texts.c.category_id, catalog_category_texts.c.locale),
    CategoryText,
)


class NamedCategory(msgspec.Struct, frozen=True, kw_only=True):
    """A category found by its name in one locale."""

    id: UUID
    parent_id: UUID | None
    name: str
    handle: str
    path_ids: tuple[UUID, ...]


_NAMED: Final = Query(
    select(
        catalog_categories.c.id,
        catalog_categories.c.parent_id,
        catalog_categories.c.handle,
        catalog_categories.c.path_ids,
        catalog_category_texts.c.name,
    )
    .select_from(
        catalog_categories.join(
            catalog_category_texts,
            and_(
                catalog_category_texts.c.tenant_id == catalog_categories.c.tenant_id,
                catalog_category_texts.c.category_id == catalog_categories.c.id,
            ),
        )
    )
    .where(
        catalog_categories.c.tenant_id == TENANT,
        catalog_category_texts.c.locale == bindparam("locale", type_=Text()),
        any_of(catalog_category_texts.c.name, "names"),
    )
    .order_by(catalog_categories.c.id),
    NamedCategory,
)


async def list_named(tx: ReadTx, names: Sequence[str], *, locale: str) -> list[NamedCategory]:
    """Categories with one of `names` in `locale`, the oldest first."""
    return await tx.all(_NAMED, names=list(names), locale=locale) if names else []


_TAKEN: Final = scalar(
    select(catalog_categories.c.handle).where(
        catalog_categories.c.tenant_id == TENANT, any_of(catalog_categories.c.handle, "handles")
    ),
    str,
)


async def taken_handles(tx: ReadTx, handles: Sequence[str]) -> frozenset[str]:
    """Which of `handles` are in use."""
    return frozenset(await tx.all(_TAKEN, handles=list(handles)))


async def list_texts(tx: ReadTx, category_ids: Sequence[UUID]) -> list[CategoryText]:
    """Texts of all these categories, by category and locale."""
    return await tx.all(_TEXTS, ids=list(category_ids)) if category_ids else []


async def replace_texts(tx: WriteTx, category_id: UUID, texts: Sequence[CategoryText]) -> None:
    """Let the category have exactly these texts."""
    await tx.delete(catalog_category_texts, category_id=category_id)
    await tx.insert_many(
        catalog_category_texts,
        [{name: getattr(text, name) for name in text.__struct_fields__} for text in texts],
    )


# --- Products in categories


class CategoryLink(msgspec.Struct, frozen=True, kw_only=True):
    product_id: UUID
    category_id: UUID


_LINKS: Final = Query(
    select(catalog_category_products.c.product_id, catalog_category_products.c.category_id)
    .where(
        catalog_category_products.c.tenant_id == TENANT,
        any_of(catalog_category_products.c.product_id, "ids"),
    )
    .order_by(catalog_category_products.c.product_id, catalog_category_products.c.category_id),
    CategoryLink,
)
_MEMBERS: Final = scalar(
    select(catalog_category_products.c.product_id)
    .where(
        catalog_category_products.c.tenant_id == TENANT,
        any_of(catalog_category_products.c.category_id, "ids"),
        or_(
            bindparam("after", type_=Id()).is_(None),
            catalog_category_products.c.product_id > bindparam("after", type_=Id()),
        ),
    )
    .distinct()
    .order_by(catalog_category_products.c.product_id)
    .limit(bindparam("limit", type_=Integer())),
    UUID,
)
_UNLINK: Final = Command(
    catalog_category_products.delete().where(
        catalog_category_products.c.tenant_id == TENANT,
        catalog_category_products.c.product_id == bindparam("product_id", type_=Id()),
        any_of(catalog_category_products.c.category_id, "ids"),
    )
)


async def list_links(tx: ReadTx, product_ids: Sequence[UUID]) -> list[CategoryLink]:
    """Which categories these products are in, by product and category."""
    return await tx.all(_LINKS, ids=list(product_ids)) if product_ids else []


async def list_product_ids(
    tx: ReadTx, category_ids: Sequence[UUID], *, after: UUID | None, limit: int
) -> list[UUID]:
    """Products in any of the categories, each once, in ascending order, those beyond `after`."""
    if not category_ids:
        return []
    return await tx.all(_MEMBERS, ids=list(category_ids), after=after, limit=limit)


async def link(tx: WriteTx, pairs: Iterable[tuple[UUID, UUID]]) -> None:
    """Put products into categories, by (product, category). Raises ForeignKeyViolation: no such category."""
    await tx.insert_many(
        catalog_category_products,
        [{"product_id": product_id, "category_id": one} for product_id, one in pairs],
    )


async def unlink(tx: WriteTx, product_id: UUID, category_ids: Sequence[UUID]) -> None:
    if category_ids:
        await tx.run(_UNLINK, product_id=product_id, ids=list(category_ids))
