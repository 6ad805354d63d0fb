"""All an index document needs of nodes, for many at once, in a constant number of statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from rustok.content.media import api as media
from rustok.content.media.api import MediaDescription
from rustok.content.nodes.model.content import CommentPolicy, pick_locale
from rustok.content.nodes.model.html import plain_text
from rustok.content.nodes.model.kinds import FieldValue
from rustok.content.nodes.model.node import Node, NodeState
from rustok.content.nodes.repository import nodes, terms, texts
from rustok.content.nodes.repository.texts import FullTextRow, TextRow
from rustok.content.taxonomy import api as taxonomy
from rustok.content.taxonomy.api import CategoryDescription, TagDescription
from rustok.core.db import ReadTx, SystemTx


class TextDescription(msgspec.Struct, frozen=True, kw_only=True):
    """A node's texts in one locale.

    Attributes:
        path: handles from the root page to this one, each in this locale or its fallback.
        body_html: sanitised; empty for a protected node.
        body_text: its words alone, for search.
    """

    locale: str
    title: str
    handle: str
    path: tuple[str, ...]
    excerpt: str
    seo_title: str | None
    seo_description: str | None
    body_html: str
    body_text: str


class NodeDescription(msgspec.Struct, frozen=True, kw_only=True):
    """A node as documents are made from it; `texts` by locale, bodies withheld when protected."""

    id: UUID
    kind: str
    status: NodeState
    version: int
    parent_id: UUID | None
    ancestor_ids: tuple[UUID, ...]
    menu_order: int
    is_sticky: bool
    is_protected: bool
    comment_policy: CommentPolicy
    author_id: UUID | None
    author_name: str | None
    fields: dict[str, FieldValue]
    featured_media: MediaDescription | None
    categories: tuple[CategoryDescription, ...]
    tags: tuple[TagDescription, ...]
    texts: dict[str, TextDescription]
    published_at: datetime | None
    publish_at: datetime | None
    created_at: datetime
    updated_at: datetime


def _all(lists: Iterable[list[UUID]]) -> list[UUID]:
    return list(dict.fromkeys(one for ids in lists for one in ids))


async def describe(tx: ReadTx, node_ids: Sequence[UUID]) -> list[NodeDescription]:
    """Describe those of `node_ids` that exist, by id, in nine statements at most."""
    found = await nodes.find_some(tx, list(dict.fromkeys(node_ids)))
    ids = [node.id for node in found]
    own_texts = await texts.list_full_texts(tx, ids)
    above = await nodes.ancestors(tx, [node.id for node in found if node.parent_id is not None])
    above_texts = await texts.list_texts(tx, _all(above.values()))
    pictures = await media.describe(
        tx, list({node.featured_media_id for node in found if node.featured_media_id is not None})
    )
    category_ids = await terms.list_categories(tx, ids)
    tag_ids = await terms.list_tags(tx, ids)
    categories = await taxonomy.describe_categories(tx, _all(category_ids.values()))
    tags = await taxonomy.describe_tags(tx, _all(tag_ids.values()))
    default = tx.ctx.tenant.default_locale
    described: list[NodeDescription] = []
    for node in found:
        chain = above.get(node.id, [])
        chain_texts = [above_texts.get(one, []) for one in chain]
        described.append(
            NodeDescription(
                id=node.id,
                kind=node.kind,
                status=node.state,
                version=node.version,
                parent_id=node.parent_id,
                ancestor_ids=tuple(chain),
                menu_order=node.menu_order,
                is_sticky=node.is_sticky,
                is_protected=node.is_protected,
                comment_policy=node.comment_policy,
                author_id=node.author_id,
                author_name=node.author_name,
                fields=node.fields,
                featured_media=pictures.get(node.featured_media_id)
                if node.featured_media_id
                else None,
                categories=tuple(
                    categories[one] for one in category_ids.get(node.id, []) if one in categories
                ),
                tags=tuple(tags[one] for one in tag_ids.get(node.id, []) if one in tags),
                texts={
                    row.locale: _text(node, row, chain_texts, default)
                    for row in own_texts.get(node.id, [])
                },
                published_at=getattr(node, "published_at", None),
                publish_at=getattr(node, "publish_at", None),
                created_at=node.created_at,
                updated_at=node.updated_at,
            )
        )
    return described


def _text(
    node: Node, row: FullTextRow, chain: list[list[TextRow]], default: str
) -> TextDescription:
    html = "" if node.is_protected or row.html is None else row.html
    path = [handle for rows in chain if (handle := _handle(rows, row.locale, default))]
    return TextDescription(
        locale=row.locale,
        title=row.title,
        handle=row.handle,
        path=(*path, row.handle),
        excerpt="" if node.is_protected else row.excerpt,
        seo_title=row.seo_title,
        seo_description=row.seo_description,
        body_html=html,
        body_text=plain_text(html),
    )


def _handle(rows: list[TextRow], locale: str, default: str) -> str | None:
    by_locale = {row.locale: row.handle for row in rows}
    best = pick_locale(list(by_locale), locale, default=default)
    return by_locale[best] if best else None


async def count_by_state(tx: SystemTx) -> dict[str, int]:
    """How many nodes of all tenants are in each state; for the metrics."""
    return await nodes.count_by_state(tx)


async def list_ids(tx: ReadTx, *, after: UUID | None = None, limit: int = 500) -> list[UUID]:
    """Ids of all nodes in order, after `after`; for walking a tenant's content."""
    return await nodes.list_ids(tx, after=after, limit=limit)
