"""Collections: making, changing and deleting them, and which products are in them in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from rustok.commerce.products.errors import CollectionHandleTaken, ProductsUnknown
from rustok.commerce.products.events import (
    CollectionCreated,
    CollectionDeleted,
    CollectionUpdated,
    ProductUpdated,
)
from rustok.commerce.products.model import Collection, CollectionText, Text
from rustok.commerce.products.repository import collections as repository
from rustok.commerce.products.repository import products
from rustok.core.db import ReadTx, WriteTx
from rustok.core.errors import ConcurrentUpdate
from rustok.core.ids import new_id
from rustok.core.locale import parse_locale
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import check_version
from rustok.core.security.identifiers import parse_handle

BATCH: Final = 1_000


class NamedCollection(msgspec.Struct, frozen=True, kw_only=True):
    """A collection with its texts by locale."""

    collection: Collection
    texts: dict[str, Text]


async def get_collection(tx: ReadTx, collection_id: UUID) -> NamedCollection:
    """Raises CollectionNotFound."""
    return (await _with_texts(tx, [await repository.get(tx, collection_id)]))[0]


async def list_collections(tx: ReadTx, page: PageRequest) -> Page[NamedCollection]:
    """Collections in the order they were made; two statements a page."""
    found = await repository.list_page(tx, page)
    return Page(items=await _with_texts(tx, found.items), next_cursor=found.next_cursor)


async def list_members(
    tx: ReadTx, collection_id: UUID, page: PageRequest
) -> Page[repository.Member]:
    """Products of a collection in its order. Raises CollectionNotFound."""
    await repository.get(tx, collection_id)
    return await repository.list_members(tx, collection_id, page)


async def list_product_ids_in_collection(
    tx: ReadTx, collection_id: UUID, *, after: UUID | None = None, limit: int = BATCH
) -> list[UUID]:
    """Products in a collection by id, those beyond `after`; for read models when it was renamed."""
    return await repository.list_product_ids(tx, collection_id, after=after, limit=limit)


async def _with_texts(tx: ReadTx, found: Sequence[Collection]) -> list[NamedCollection]:
    texts: dict[UUID, dict[str, Text]] = {}
    for row in await repository.list_texts(tx, [one.id for one in found]):
        texts.setdefault(row.collection_id, {})[row.locale] = Text(
            name=row.name, description=row.description
        )
    return [NamedCollection(collection=one, texts=texts.get(one.id, {})) for one in found]


def _rows(collection_id: UUID, texts: Mapping[str, Text]) -> list[CollectionText]:
    canonical = {parse_locale(tag, pointer="/translations"): text for tag, text in texts.items()}
    return [
        CollectionText(
            collection_id=collection_id, locale=tag, name=text.name, description=text.description
        )
        for tag, text in sorted(canonical.items())
    ]


async def create_collection(
    tx: WriteTx, *, handle: str, texts: Mapping[str, Text]
) -> NamedCollection:
    """Make an empty collection.

    Raises:
        InvalidHandle, InvalidLocale, CollectionHandleTaken.

    Emits: collection.created
    """
    parse_handle(handle, pointer="/handle")
    if await repository.find_by_handle(tx, handle) is not None:
        raise CollectionHandleTaken(handle)
    collection = Collection(
        id=new_id(), handle=handle, version=1, created_at=tx.now, updated_at=tx.now
    )
    rows = _rows(collection.id, texts)
    await repository.add(tx, collection)
    await repository.replace_texts(tx, collection.id, rows)
    tx.emit(CollectionCreated(collection_id=collection.id, handle=handle))
    return await get_collection(tx, collection.id)


async def update_collection(
    tx: WriteTx,
    collection_id: UUID,
    *,
    expected_version: int | None,
    handle: str | None = None,
    texts: Mapping[str, Text] | None = None,
) -> NamedCollection:
    """Change a collection; None leaves a field as it is, `texts` are all texts it is to have.

    Raises:
        CollectionNotFound, PreconditionFailed, InvalidHandle, InvalidLocale, CollectionHandleTaken.

    Emits: collection.updated
    """
    collection = await repository.lock(tx, collection_id)
    check_version(collection.version, expected_version)
    named = (await _with_texts(tx, [collection]))[0]
    changed: dict[str, object] = {}
    if handle is not None and handle != collection.handle:
        parse_handle(handle, pointer="/handle")
        if await repository.find_by_handle(tx, handle) is not None:
            raise CollectionHandleTaken(handle)
        changed["handle"] = handle
    rows = _rows(collection_id, texts) if texts is not None else []
    wanted = {row.locale: Text(name=row.name, description=row.description) for row in rows}
    renamed = texts is not None and wanted != named.texts
    if not changed and not renamed:
        return named
    await repository.store(tx, collection, **changed)
    if renamed:
        await repository.replace_texts(tx, collection_id, rows)
    fields = (*sorted(changed), *(["translations"] if renamed else []))
    tx.emit(CollectionUpdated(collection_id=collection_id, changed=fields))
    return await get_collection(tx, collection_id)


async def delete_collection(
    tx: WriteTx, collection_id: UUID, *, expected_version: int | None
) -> None:
    """Remove a collection; its products stay.

    Raises:
        CollectionNotFound, PreconditionFailed, ConcurrentUpdate.

    Emits: product.updated for each product that was in it, collection.deleted
    """
    collection = await repository.lock(tx, collection_id)
    check_version(collection.version, expected_version)
    after: UUID | None = None
    while members := await repository.list_product_ids(tx, collection_id, after=after, limit=BATCH):
        await _touch(tx, members)
        after = members[-1]
    if await repository.remove(tx, collection) != 1:
        raise ConcurrentUpdate("The collection was changed by somebody else; nothing was deleted.")
    tx.emit(CollectionDeleted(collection_id=collection_id, handle=collection.handle))


async def add_products(
    tx: WriteTx,
    collection_id: UUID,
    product_ids: Sequence[UUID],
    *,
    expected_version: int | None = None,
) -> NamedCollection:
    """Put products at the end of a collection; those in it already keep their place.

    Raises:
        CollectionNotFound, PreconditionFailed, ConcurrentUpdate.
        ProductsUnknown: naming those that do not exist; none is added then.

    Emits: product.updated for each that joined, collection.updated
    """
    collection = await repository.lock(tx, collection_id)
    check_version(collection.version, expected_version)
    wanted = list(dict.fromkeys(product_ids))
    known = {product.id for product in await products.list_by_ids(tx, wanted)}
    if unknown := set(wanted) - known:
        raise ProductsUnknown(unknown)
    inside = await repository.members_among(tx, collection_id, wanted)
    joining = [one for one in wanted if one not in inside]
    if not joining:
        return await get_collection(tx, collection_id)
    last = await repository.last_position(tx, collection_id)
    await repository.join(
        tx,
        collection_id,
        [
            repository.Member(product_id=one, position=place)
            for place, one in enumerate(joining, start=last + 1)
        ],
    )
    await _touch(tx, joining)
    await repository.store(tx, collection)
    tx.emit(CollectionUpdated(collection_id=collection_id, changed=("products",)))
    return await get_collection(tx, collection_id)


async def remove_products(
    tx: WriteTx,
    collection_id: UUID,
    product_ids: Sequence[UUID],
    *,
    expected_version: int | None = None,
) -> NamedCollection:
    """Take products out of a collection; those not in it are ignored.

    Raises:
        CollectionNotFound, PreconditionFailed, ConcurrentUpdate.

    Emits: product.updated for each that left, collection.updated
    """
    collection = await repository.lock(tx, collection_id)
    check_version(collection.version, expected_version)
    leaving = sorted(await repository.members_among(tx, collection_id, product_ids))
    if not leaving:
        return await get_collection(tx, collection_id)
    await repository.leave(tx, collection_id, leaving)
    await _touch(tx, leaving)
    await repository.store(tx, collection)
    tx.emit(CollectionUpdated(collection_id=collection_id, changed=("products",)))
    return await get_collection(tx, collection_id)


async def _touch(tx: WriteTx, product_ids: Sequence[UUID]) -> None:
    await products.touch(tx, product_ids)
    for product_id in product_ids:
        tx.emit(ProductUpdated(product_id=product_id, changed=("collections",)))
