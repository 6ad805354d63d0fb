"""The editors' list of nodes: filters, newest first, one statement per page."""

from __future__ import annotations

from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Text, bindparam, exists, select
from sqlalchemy.sql.elements import ColumnElement

from rustok.content.nodes.model.node import Node
from rustok.content.nodes.repository.nodes import COLUMNS, to_node
from rustok.content.nodes.tables import node_categories, node_tags, node_translations, nodes
from rustok.core.db import TENANT, Id, Query, ReadTx, any_of

_T: Final = node_translations.c


def _text(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(
        select(_T.node_id).where(_T.tenant_id == TENANT, _T.node_id == nodes.c.id, *conditions)
    )


def _condition(name: str) -> ColumnElement[bool]:
    match name:
        case "kind":
            return nodes.c.kind == bindparam("kind", type_=Text())
        case "status":
            return nodes.c.status == bindparam("status", type_=Text())
        case "parent_id":
            return nodes.c.parent_id == bindparam("parent_id", type_=Id())
        case "author_id":
            return nodes.c.author_id == bindparam("author_id", type_=Id())
        case "locale":
            return _text(_T.locale == bindparam("locale", type_=Text()))
        case "title_prefix":
            return _text(_T.title_folded.like(bindparam("title_prefix", type_=Text()), escape="\\"))
        case "category_ids":
            filed = node_categories.c
            return exists(
                select(filed.node_id).where(
                    filed.tenant_id == TENANT,
                    filed.node_id == nodes.c.id,
                    any_of(filed.category_id, "category_ids"),
                )
            )
        case "tag_id":
            tagged = node_tags.c
            return exists(
                select(tagged.node_id).where(
                    tagged.tenant_id == TENANT,
                    tagged.node_id == nodes.c.id,
                    tagged.tag_id == bindparam("tag_id", type_=Id()),
                )
            )
        case "after":
            return nodes.c.id < bindparam("after", type_=Id())
        case _:
            raise ValueError(f"there is no filter {name!r}")


@cache
def _page(shape: frozenset[str]) -> Query[Node]:
    statement: Any = select(*COLUMNS).where(
        nodes.c.tenant_id == TENANT, *(_condition(name) for name in sorted(shape))
    )
    return Query(
        statement.order_by(nodes.c.id.desc()).limit(bindparam("limit", type_=Integer())), to_node
    )


def prefix_pattern(text: str) -> str:
    """A LIKE pattern for titles that begin with `text`, whatever the case."""
    folded = text.casefold()
    escaped = folded.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}%"


async def list_nodes(
    tx: ReadTx, *, limit: int, after: UUID | None, **filters: object
) -> list[Node]:
    """Nodes newest first; only the filters that are not None apply."""
    given = {
        name: value for name, value in {**filters, "after": after}.items() if value is not None
    }
    return await tx.all(_page(frozenset(given)), limit=limit, **given)
