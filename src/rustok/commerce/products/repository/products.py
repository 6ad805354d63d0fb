"""Queries on products themselves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Text, bindparam, exists, or_, select, update

from rustok.commerce.products.errors import ProductNotFound
from rustok.commerce.products.model import ActiveProduct, ArchivedProduct, DraftProduct, Product
from rustok.commerce.products.tables import (
    catalog_category_products,
    product_translations,
    product_variants,
    products,
)
from rustok.core.db import (
    TENANT,
    Command,
    Id,
    Query,
    ReadTx,
    SystemTx,
    Timestamp,
    WriteTx,
    any_of,
    scalar,
)
from rustok.core.db.counting import count_by
from rustok.core.ids import NIL, parse_id
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor


def to_product(
    *, status: str, published_at: datetime | None, archived_at: datetime | None, **fields: Any
) -> Product:
    """A row as the type of its state."""
    if status == "active" and published_at is not None:
        return ActiveProduct(published_at=published_at, **fields)
    if status == "archived" and archived_at is not None:
        return ArchivedProduct(archived_at=archived_at, **fields)
    return DraftProduct(**fields)


COLUMNS: Final = [column for column in products.c if column.key != "tenant_id"]
_SELECT: Final = select(*COLUMNS).where(products.c.tenant_id == TENANT)
_BY_ID: Final = _SELECT.where(products.c.id == bindparam("id", type_=Id()))
_GET: Final = Query(_BY_ID, to_product)
_LOCK: Final = Query(_BY_ID.with_for_update(), to_product)
_LOCK_BY_SOURCE: Final = Query(
    _SELECT.where(
        products.c.source == bindparam("source", type_=Text()),
        any_of(products.c.source_id, "source_ids"),
    )
    # In one order, so that two who lock the same products do not wait for each other.
    .order_by(products.c.id)
    .with_for_update(),
    to_product,
)
_BY_IDS: Final = Query(
    _SELECT.where(any_of(products.c.id, "ids")).order_by(products.c.id), to_product
)


_BY_STATE: Final = count_by(products.c.status, system="metrics")


async def count_by_state(tx: SystemTx) -> dict[str, int]:
    return {one.value: one.count for one in await tx.all(_BY_STATE)}


async def get(tx: ReadTx, product_id: UUID) -> Product:
    """Raises ProductNotFound."""
    found = await tx.one(_GET, id=product_id)
    if found is None:
        raise ProductNotFound
    return found


async def lock(tx: WriteTx, product_id: UUID) -> Product:
    """The product, held against other writers until this transaction ends. Raises ProductNotFound."""
    found = await tx.one(_LOCK, id=product_id)
    if found is None:
        raise ProductNotFound
    return found


async def lock_by_source(
    tx: WriteTx, source: str, source_ids: Sequence[str]
) -> list[Product]:  # bounded: one per id
    """The products imported from there under these ids, held against other writers."""
    return await tx.all(_LOCK_BY_SOURCE, source=source, source_ids=list(source_ids))


async def list_by_ids(tx: ReadTx, product_ids: Sequence[UUID]) -> list[Product]:
    """Those that exist, by id."""
    return await tx.all(_BY_IDS, ids=list(product_ids)) if product_ids else []


_IDS: Final = scalar(
    select(products.c.id)
    .where(
        products.c.tenant_id == TENANT,
        or_(
            bindparam("after", type_=Id()).is_(None),
            products.c.id > bindparam("after", type_=Id()),
        ),
    )
    .order_by(products.c.id)
    .limit(bindparam("limit", type_=Integer())),
    UUID,
)


async def list_ids(tx: ReadTx, *, after: UUID | None, limit: int) -> list[UUID]:
    """Ids in ascending order, those beyond `after`."""
    return await tx.all(_IDS, after=after, limit=limit)


def _begins(column: Any) -> Any:
    return column.like(bindparam("begins", type_=Text()), escape="\\")


@cache
def _page(*, after: bool, status: bool, begins: bool, category: bool) -> Query[Product]:
    statement = _SELECT
    if after:
        statement = statement.where(products.c.id < bindparam("after", type_=Id()))
    if status:
        statement = statement.where(products.c.status == bindparam("status", type_=Text()))
    if begins:
        titled = exists().where(
            product_translations.c.tenant_id == TENANT,
            product_translations.c.product_id == products.c.id,
            _begins(product_translations.c.title_key),
        )
        stocked = exists().where(
            product_variants.c.tenant_id == TENANT,
            product_variants.c.product_id == products.c.id,
            _begins(product_variants.c.sku_key),
        )
        statement = statement.where(or_(_begins(products.c.handle), titled, stocked))
    if category:
        statement = statement.where(
            exists().where(
                catalog_category_products.c.tenant_id == TENANT,
                catalog_category_products.c.product_id == products.c.id,
                catalog_category_products.c.category_id == bindparam("category_id", type_=Id()),
            )
        )
    return Query(
        statement.order_by(products.c.id.desc()).limit(bindparam("limit", type_=Integer())),
        to_product,
    )


async def list_page(
    tx: ReadTx,
    page: PageRequest,
    *,
    status: str | None = None,
    begins: str | None = None,
    category_id: UUID | None = None,
) -> Page[Product]:
    """Products, the newest first.

    Args:
        begins: how a title, the handle or a SKU begins; letter case does not matter.
    """
    after: UUID | None = None
    if page.cursor is not None:
        after = parse_id(str(decode_cursor(page.cursor, (str,))[0]), pointer="cursor")
    query = _page(
        after=after is not None,
        status=status is not None,
        begins=begins is not None,
        category=category_id is not None,
    )
    params: dict[str, object] = {"limit": page.limit + 1}
    if after is not None:
        params["after"] = after
    if status is not None:
        params["status"] = status
    if begins is not None:
        params["begins"] = f"{_escaped(begins.casefold())}%"
    if category_id is not None:
        params["category_id"] = category_id
    rows = await tx.all(query, **params)
    return cut_page(rows, limit=page.limit, key_of=lambda product: (str(product.id),))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_TAKEN: Final = scalar(
    select(products.c.handle).where(
        products.c.tenant_id == TENANT,
        any_of(products.c.handle, "handles"),
        products.c.id != bindparam("except_id", type_=Id()),
    ),
    str,
)


async def taken_handles(
    tx: ReadTx, handles: Sequence[str], *, except_id: UUID = NIL
) -> frozenset[str]:
    """Which of `handles` other products have."""
    return frozenset(await tx.all(_TAKEN, handles=list(handles), except_id=except_id))


def _status_columns(product: Product) -> dict[str, object]:
    return {
        "status": product.state,
        "published_at": product.published_at if isinstance(product, ActiveProduct) else None,
        "archived_at": product.archived_at if isinstance(product, ArchivedProduct) else None,
    }


_PLAIN: Final = tuple(
    column.key
    for column in products.c
    if column.key not in ("tenant_id", "status", "published_at", "archived_at")
)


async def add(tx: WriteTx, new: Sequence[Product]) -> None:
    """Insert products. Raises UniqueViolation (uq_products_handle, uq_products_source)."""
    await tx.insert_many(
        products,
        [
            {name: getattr(product, name) for name in _PLAIN} | _status_columns(product)
            for product in new
        ],
    )


async def store(tx: WriteTx, before: Product, after: Product, fields: Collection[str] = ()) -> None:
    """Write `fields` and the state of `after` at the version and in the state of `before`.

    Raises:
        ConcurrentUpdate: the row has moved on.
    """
    values: dict[str, object] = {name: getattr(after, name) for name in fields}
    if before.state != after.state:
        values |= _status_columns(after)
    await tx.update_version(
        products,
        {"id": before.id, "status": before.state},
        version=before.version,
        updated_at=tx.now,
        **values,
    )


_LOCK_IDS: Final = scalar(
    select(products.c.id)
    .where(products.c.tenant_id == TENANT, any_of(products.c.id, "ids"))
    .order_by(products.c.id)
    .with_for_update(),
    UUID,
)
_TOUCH: Final = Command(
    update(products)
    .where(products.c.tenant_id == TENANT, any_of(products.c.id, "ids"))
    .values(version=products.c.version + 1, updated_at=bindparam("now", type_=Timestamp()))
)


async def touch(tx: WriteTx, product_ids: Sequence[UUID]) -> None:
    """Raise the version of products whose surroundings (categories, collections) changed."""
    if product_ids:
        # In one order, so that two who touch the same products do not wait for each other.
        await tx.all(_LOCK_IDS, ids=list(product_ids))
        await tx.run(_TOUCH, ids=list(product_ids), now=tx.now)


async def remove(tx: WriteTx, product: Product) -> int:
    """Delete at the version and in the state of `product`; how many rows went."""
    return await tx.delete(products, id=product.id, version=product.version, status=product.state)
