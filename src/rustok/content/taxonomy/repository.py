"""Every query on content categories and tags."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Table, Text, bindparam, func, literal, or_, select

from rustok.content.taxonomy.errors import CategoryNotFound, TagNotFound
from rustok.content.taxonomy.model import Category, Tag
from rustok.content.taxonomy.tables import content_categories, content_tags
from rustok.core.db import TENANT, Id, Query, ReadTx, WriteTx, any_of, scalar

_C: Final = content_categories.c
_CATEGORY: Final = [column for column in _C if column.key != "tenant_id"]
_TAG: Final = [column for column in content_tags.c if column.key != "tenant_id"]


def _category(*conditions: Any) -> Query[Category]:
    return Query(
        select(*_CATEGORY).where(_C.tenant_id == TENANT, *conditions).order_by(_C.id), Category
    )


def _tag(*conditions: Any) -> Query[Tag]:
    statement = select(*_TAG).where(content_tags.c.tenant_id == TENANT, *conditions)
    return Query(statement.order_by(content_tags.c.id), Tag)


def _bind(name: str) -> Any:
    return bindparam(name, type_=Id() if name == "id" else Text())


_CATEGORY_BY_ID: Final = _category(_C.id == _bind("id"))
_CATEGORIES: Final = _category(any_of(_C.id, "ids"))
_CATEGORY_BY_HANDLE: Final = _category(_C.handle == _bind("handle"))
_CATEGORY_BY_SOURCE: Final = _category(
    _C.source == _bind("source"), _C.source_id == _bind("source_id")
)
_TAG_BY_ID: Final = _tag(content_tags.c.id == _bind("id"))
_TAGS: Final = _tag(any_of(content_tags.c.id, "ids"))
_TAG_BY_HANDLE: Final = _tag(content_tags.c.handle == _bind("handle"))
_TAG_BY_SOURCE: Final = _tag(
    content_tags.c.source == _bind("source"), content_tags.c.source_id == _bind("source_id")
)


async def get_category(tx: ReadTx, category_id: UUID) -> Category:
    """Raises CategoryNotFound."""
    found = await tx.one(_CATEGORY_BY_ID, id=category_id)
    if found is None:
        raise CategoryNotFound
    return found


async def find_categories(tx: ReadTx, ids: Sequence[UUID]) -> list[Category]:
    return await tx.all(_CATEGORIES, ids=list(ids)) if ids else []


async def find_category(
    tx: ReadTx,
    *,
    handle: str | None = None,
    source: str | None = None,
    source_id: str | None = None,
) -> Category | None:
    """By handle, or by source and source_id."""
    if handle is not None:
        return await tx.one(_CATEGORY_BY_HANDLE, handle=handle)
    return await tx.one(_CATEGORY_BY_SOURCE, source=source, source_id=source_id)


async def get_tag(tx: ReadTx, tag_id: UUID) -> Tag:
    """Raises TagNotFound."""
    found = await tx.one(_TAG_BY_ID, id=tag_id)
    if found is None:
        raise TagNotFound
    return found


async def find_tags(tx: ReadTx, ids: Sequence[UUID]) -> list[Tag]:
    return await tx.all(_TAGS, ids=list(ids)) if ids else []


async def find_tag(
    tx: ReadTx,
    *,
    handle: str | None = None,
    source: str | None = None,
    source_id: str | None = None,
) -> Tag | None:
    """By handle, or by source and source_id."""
    if handle is not None:
        return await tx.one(_TAG_BY_HANDLE, handle=handle)
    return await tx.one(_TAG_BY_SOURCE, source=source, source_id=source_id)


_AFTER = bindparam("after", type_=Text())
_LIMIT = bindparam("limit", type_=Integer())


@cache
def _category_page(*, below: bool) -> Query[Category]:
    statement = select(*_CATEGORY).where(
        _C.tenant_id == TENANT, or_(_AFTER.is_(None), _C.handle > _AFTER)
    )
    if below:
        statement = statement.where(_C.parent_id == bindparam("parent_id", type_=Id()))
    return Query(statement.order_by(_C.handle).limit(_LIMIT), Category)


_TAG_PAGE: Final = Query(
    select(*_TAG)
    .where(
        content_tags.c.tenant_id == TENANT, or_(_AFTER.is_(None), content_tags.c.handle > _AFTER)
    )
    .order_by(content_tags.c.handle)
    .limit(_LIMIT),
    Tag,
)


async def list_categories(
    tx: ReadTx, *, parent_id: UUID | None, after: str | None, limit: int
) -> list[Category]:
    """By handle; of all levels, or those directly below `parent_id`."""
    if parent_id is None:
        return await tx.all(_category_page(below=False), after=after, limit=limit)
    return await tx.all(_category_page(below=True), parent_id=parent_id, after=after, limit=limit)


async def list_tags(tx: ReadTx, *, after: str | None, limit: int) -> list[Tag]:
    """By handle."""
    return await tx.all(_TAG_PAGE, after=after, limit=limit)


class Ancestor(msgspec.Struct, frozen=True, kw_only=True):
    """`id` with its handle stands above `origin`."""

    origin: UUID
    id: UUID
    handle: str


def _ancestors() -> Query[Ancestor]:
    # Bounded by distance, so that even a damaged tree ends.
    chain = (
        select(_C.id.label("origin"), _C.parent_id.label("above_id"), literal(1).label("distance"))
        .where(_C.tenant_id == TENANT, any_of(_C.id, "ids"), _C.parent_id.is_not(None))
        .cte("chain", recursive=True)
    )
    above = content_categories.alias("above")
    chain = chain.union_all(
        select(chain.c.origin, above.c.parent_id, chain.c.distance + 1).where(
            above.c.tenant_id == TENANT,
            above.c.id == chain.c.above_id,
            above.c.parent_id.is_not(None),
            chain.c.distance < 20,
        )
    )
    named = content_categories.alias("named")
    return Query(
        select(chain.c.origin, named.c.id, named.c.handle)
        .where(named.c.tenant_id == TENANT, named.c.id == chain.c.above_id)
        .order_by(chain.c.origin, chain.c.distance.desc()),
        Ancestor,
    )


def _below() -> Any:
    tree = (
        select(_C.id.label("id"), literal(0).label("depth"))
        .where(_C.tenant_id == TENANT, _C.id == bindparam("id", type_=Id()))
        .cte("tree", recursive=True)
    )
    child = content_categories.alias("child")
    return tree.union_all(
        select(child.c.id, tree.c.depth + 1).where(
            child.c.tenant_id == TENANT, child.c.parent_id == tree.c.id, tree.c.depth < 20
        )
    )


_ANCESTORS: Final = _ancestors()
_TREE: Final = _below()
_HEIGHT: Final = scalar(select(func.max(_TREE.c.depth)), int)
_BELOW: Final = scalar(select(_TREE.c.id), UUID)
_LOCK_SOME: Final = scalar(
    select(_C.id)
    .where(_C.tenant_id == TENANT, any_of(_C.id, "ids"))
    .order_by(_C.id)
    .with_for_update(),
    UUID,
)


async def ancestors(tx: ReadTx, ids: Sequence[UUID]) -> dict[UUID, list[Ancestor]]:
    """What stands above each of `ids`, the root first."""
    found: dict[UUID, list[Ancestor]] = {}
    for one in await tx.all(_ANCESTORS, ids=list(ids)) if ids else []:
        found.setdefault(one.origin, []).append(one)
    return found


async def height(tx: ReadTx, category_id: UUID) -> int:
    """How many levels stand below."""
    return await tx.one(_HEIGHT, id=category_id) or 0


async def with_descendants(tx: ReadTx, category_id: UUID) -> list[UUID]:
    """The category's id and those of all below it; none when it does not exist."""
    return await tx.all(_BELOW, id=category_id)


async def lock_some(tx: WriteTx, ids: Sequence[UUID]) -> None:
    """Hold rows in the order of their ids, so that two moves cannot wait for each other."""
    await tx.all(_LOCK_SOME, ids=list(ids))


async def add(tx: WriteTx, term: Category | Tag) -> None:
    """Raises UniqueViolation (the handle or the source)."""
    await tx.insert(_table(term), **{name: getattr(term, name) for name in term.__struct_fields__})


async def store(tx: WriteTx, term: Category | Tag, **changed: object) -> None:
    """Raises ConcurrentUpdate."""
    await tx.update_version(
        _table(term), {"id": term.id}, version=term.version, updated_at=tx.now, **changed
    )


async def remove(tx: WriteTx, term: Category | Tag) -> int:
    """Delete at the version seen; returns 0 when it has moved on."""
    return await tx.delete(_table(term), id=term.id, version=term.version)


def _table(term: Category | Tag) -> Table:
    return content_categories if isinstance(term, Category) else content_tags
