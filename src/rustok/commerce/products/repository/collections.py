"""Queries on collections and the products in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, and_, bindparam, func, or_, select

from rustok.commerce.products.errors import CollectionNotFound
from rustok.commerce.products.model import Collection, CollectionText
from rustok.commerce.products.tables import collection_products, collection_texts, collections
from rustok.core.db import TENANT, Command, Id, Query, ReadTx, WriteTx, any_of, scalar
from rustok.core.ids import parse_id
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor

_COLUMNS: Final = [column for column in collections.c if column.key != "tenant_id"]
_SELECT: Final = select(*_COLUMNS).where(collections.c.tenant_id == TENANT)
_BY_ID: Final = _SELECT.where(collections.c.id == bindparam("id", type_=Id()))
_GET: Final = Query(_BY_ID, Collection)
_LOCK: Final = Query(_BY_ID.with_for_update(), Collection)
_BY_HANDLE: Final = Query(
    _SELECT.where(collections.c.handle == bindparam("handle", type_=Text())), Collection
)
_BY_IDS: Final = Query(_SELECT.where(any_of(collections.c.id, "ids")), Collection)
_PAGE: Final = Query(
    _SELECT.where(
        or_(
            bindparam("after", type_=Id()).is_(None),
            collections.c.id > bindparam("after", type_=Id()),
        )
    )
    .order_by(collections.c.id)
    .limit(bindparam("limit", type_=Integer())),
    Collection,
)


async def get(tx: ReadTx, collection_id: UUID) -> Collection:
    """Raises CollectionNotFound."""
    found = await tx.one(_GET, id=collection_id)
    if found is None:
        raise CollectionNotFound
    return found


async def lock(tx: WriteTx, collection_id: UUID) -> Collection:
    """The collection, held against other writers. Raises CollectionNotFound."""
    found = await tx.one(_LOCK, id=collection_id)
    if found is None:
        raise CollectionNotFound
    return found


async def list_by_ids(tx: ReadTx, collection_ids: Sequence[UUID]) -> list[Collection]:
    """Those that exist."""
    return await tx.all(_BY_IDS, ids=list(collection_ids)) if collection_ids else []


async def find_by_handle(tx: ReadTx, handle: str) -> Collection | None:
    return await tx.one(_BY_HANDLE, handle=handle)


async def list_page(tx: ReadTx, page: PageRequest) -> Page[Collection]:
    """Collections in the order they were made."""
    after = (
        parse_id(str(decode_cursor(page.cursor, (str,))[0]), pointer="cursor")
        if page.cursor
        else None
    )
    rows = await tx.all(_PAGE, after=after, limit=page.limit + 1)
    return cut_page(rows, limit=page.limit, key_of=lambda collection: (str(collection.id),))


async def add(tx: WriteTx, collection: Collection) -> None:
    """Raises UniqueViolation (uq_collections_handle)."""
    await tx.insert(
        collections, **{name: getattr(collection, name) for name in collection.__struct_fields__}
    )


async def store(tx: WriteTx, collection: Collection, **changed: object) -> None:
    """Write `changed` at the version of `collection`. Raises ConcurrentUpdate."""
    await tx.update_version(
        collections, {"id": collection.id}, version=collection.version, updated_at=tx.now, **changed
    )


async def remove(tx: WriteTx, collection: Collection) -> int:
    """Delete at the version of `collection`; how many rows went."""
    return await tx.delete(collections, id=collection.id, version=collection.version)


_TEXT_COLUMNS: Final = [column for column in collection_texts.c if column.key != "tenant_id"]
_TEXTS: Final = Query(
    select(*_TEXT_COLUMNS)
    .where(collection_texts.c.tenant_id == TENANT, any_of(collection_texts.c.collection_id, "ids"))
    .order_by(collection_texts.c.collection_id, collection_texts.c.locale),
    CollectionText,
)


async def list_texts(tx: ReadTx, collection_ids: Sequence[UUID]) -> list[CollectionText]:
    """Texts of all these collections, by collection and locale."""
    return await tx.all(_TEXTS, ids=list(collection_ids)) if collection_ids else []


async def replace_texts(tx: WriteTx, collection_id: UUID, texts: Sequence[CollectionText]) -> None:
    """Let the collection have exactly these texts."""
    await tx.delete(collection_texts, collection_id=collection_id)
    await tx.insert_many(
        collection_texts,
        [{name: getattr(text, name) for name in text.__struct_fields__} for text in texts],
    )


# --- Products in collections


class CollectionLink(msgspec.Struct, frozen=True, kw_only=True):
    product_id: UUID
    collection_id: UUID
    handle: str
    position: int


_LINKS: Final = Query(
    select(
        collection_products.c.product_id,
        collection_products.c.collection_id,
        collection_products.c.position,
        collections.c.handle,
    )
    .select_from(
        collection_products.join(
            collections,
            and_(
                collections.c.tenant_id == collection_products.c.tenant_id,
                collections.c.id == collection_products.c.collection_id,
            ),
        )
    )
    .where(
        collection_products.c.tenant_id == TENANT, any_of(collection_products.c.product_id, "ids")
    )
    .order_by(collection_products.c.product_id, collection_products.c.collection_id),
    CollectionLink,
)


class Member(msgspec.Struct, frozen=True, kw_only=True):
    product_id: UUID
    position: int


_MEMBERS: Final = Query(
    select(collection_products.c.product_id, collection_products.c.position)
    .where(
        collection_products.c.tenant_id == TENANT,
        collection_products.c.collection_id == bindparam("collection_id", type_=Id()),
        or_(
            collection_products.c.position > bindparam("after_position", type_=Integer()),
            and_(
                collection_products.c.position == bindparam("after_position", type_=Integer()),
                collection_products.c.product_id > bindparam("after_id", type_=Id()),
            ),
        ),
    )
    .order_by(collection_products.c.position, collection_products.c.product_id)
    .limit(bindparam("limit", type_=Integer())),
    Member,
)
_MEMBER_IDS: Final = scalar(
    select(collection_products.c.product_id)
    .where(
        collection_products.c.tenant_id == TENANT,
        collection_products.c.collection_id == bindparam("collection_id", type_=Id()),
        or_(
            bindparam("after", type_=Id()).is_(None),
            collection_products.c.product_id > bindparam("after", type_=Id()),
        ),
    )
    .order_by(collection_products.c.product_id)
    .limit(bindparam("limit", type_=Integer())),
    UUID,
)
_AMONG: Final = scalar(
    select(collection_products.c.product_id).where(
        collection_products.c.tenant_id == TENANT,
        collection_products.c.collection_id == bindparam("collection_id", type_=Id()),
        any_of(collection_products.c.product_id, "ids"),
    ),
    UUID,
)
_LAST: Final = scalar(
    select(func.coalesce(func.max(collection_products.c.position), 0)).where(
        collection_products.c.tenant_id == TENANT,
        collection_products.c.collection_id == bindparam("collection_id", type_=Id()),
    ),
    int,
)
_LEAVE: Final = Command(
    collection_products.delete().where(
        collection_products.c.tenant_id == TENANT,
        collection_products.c.collection_id == bindparam("collection_id", type_=Id()),
        any_of(collection_products.c.product_id, "ids"),
    )
)

_NO_ID: Final = UUID(int=0)


async def list_links(tx: ReadTx, product_ids: Sequence[UUID]) -> list[CollectionLink]:
    """Which collections these products are in, by product and collection."""
    return await tx.all(_LINKS, ids=list(product_ids)) if product_ids else []


async def list_members(tx: ReadTx, collection_id: UUID, page: PageRequest) -> Page[Member]:
    """Products of a collection in its order."""
    position, product_id = (0, _NO_ID)
    if page.cursor is not None:
        first, second = decode_cursor(page.cursor, (int, str))
        position, product_id = int(first or 0), parse_id(str(second), pointer="cursor")
    rows = await tx.all(
        _MEMBERS,
        collection_id=collection_id,
        after_position=position,
        after_id=product_id,
        limit=page.limit + 1,
    )
    return cut_page(rows, limit=page.limit, key_of=lambda one: (one.position, str(one.product_id)))


async def list_product_ids(
    tx: ReadTx, collection_id: UUID, *, after: UUID | None, limit: int
) -> list[UUID]:
    """Products of a collection by id, those beyond `after`."""
    return await tx.all(_MEMBER_IDS, collection_id=collection_id, after=after, limit=limit)


async def members_among(
    tx: ReadTx, collection_id: UUID, product_ids: Sequence[UUID]
) -> frozenset[UUID]:
    """Which of `product_ids` are in the collection."""
    return frozenset(await tx.all(_AMONG, collection_id=collection_id, ids=list(product_ids)))


async def last_position(tx: ReadTx, collection_id: UUID) -> int:
    """The highest position in use; 0 when the collection is empty."""
    return await tx.one(_LAST, collection_id=collection_id) or 0


async def join(tx: WriteTx, collection_id: UUID, members: Sequence[Member]) -> None:
    """Raises ForeignKeyViolation: no such product."""
    await tx.insert_many(
        collection_products,
        [
            {"collection_id": collection_id, "product_id": one.product_id, "position": one.position}
            for one in members
        ],
    )


async def leave(tx: WriteTx, collection_id: UUID, product_ids: Sequence[UUID]) -> None:
    await tx.run(_LEAVE, collection_id=collection_id, ids=list(product_ids))
