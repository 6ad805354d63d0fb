"""How editors look at nodes: one with everything, or a page of them."""

from __future__ import annotations

from uuid import UUID

import msgspec

from rustok.content.nodes.model.content import CommentPolicy, pick_locale
from rustok.content.nodes.model.node import Node, NodeState, PublishedNode
from rustok.content.nodes.repository import lists, nodes, texts
from rustok.content.nodes.repository.texts import TextRow
from rustok.content.nodes.service import access, filing, saving
from rustok.content.nodes.service.saving import Stored
from rustok.content.taxonomy import api as taxonomy
from rustok.core.db import ReadTx
from rustok.core.pagination import Page, PageRequest, decode_cursor, encode_cursor


class FullNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node with its texts and terms."""

    stored: Stored
    category_ids: list[UUID]
    tag_ids: list[UUID]


class ListedNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node as a list shows it: in the reader's locale as far as there is one.

    `text` is None only for a node that has lost its texts by a fault.
    """

    node: Node
    text: TextRow | None
    locales: list[str]


class PublicNode(msgspec.Struct, frozen=True, kw_only=True):
    """What a visitor's actions (comments) need to know of a node."""

    id: UUID
    kind: str
    is_published: bool
    is_protected: bool
    comment_policy: CommentPolicy


async def get(tx: ReadTx, node_id: UUID) -> FullNode:
    """Raises NodeNotFound, NotOwnNode."""
    stored = await saving.load(tx, node_id)
    access.check_reach(tx, stored.node)
    category_ids, tag_ids = await filing.terms_of(tx, node_id)
    return FullNode(stored=stored, category_ids=category_ids, tag_ids=tag_ids)


async def get_public(tx: ReadTx, node_id: UUID) -> PublicNode:
    """Raises NodeNotFound."""
    node = await nodes.get(tx, node_id)
    return PublicNode(
        id=node.id,
        kind=node.kind,
        is_published=isinstance(node, PublishedNode),
        is_protected=node.is_protected,
        comment_policy=node.comment_policy,
    )


async def find_by_handle(tx: ReadTx, *, kind: str, locale: str, handle: str) -> UUID | None:
    """The node with this handle in exactly this locale."""
    return await texts.find_by_handle(tx, kind=kind, locale=locale, handle=handle)


async def list_nodes(
    tx: ReadTx,
    page: PageRequest,
    *,
    kind: str | None = None,
    status: NodeState | None = None,
    locale: str | None = None,
    title_prefix: str | None = None,
    category_id: UUID | None = None,
    tag_id: UUID | None = None,
    parent_id: UUID | None = None,
) -> Page[ListedNode]:
    """Nodes, the newest first; authors see their own.

    Args:
        locale: only nodes with a text in it.
        title_prefix: how a title in any locale begins, whatever the case.
        category_id: in it or below it.

    Raises:
        CategoryNotFound, InvalidCursor.
    """
    category_ids = None if category_id is None else await taxonomy.categories_below(tx, category_id)
    after = None if page.cursor is None else UUID(str(decode_cursor(page.cursor, (str,))[0]))
    rows = await lists.list_nodes(
        tx,
        limit=page.limit + 1,
        after=after,
        kind=kind,
        status=status,
        locale=locale,
        title_prefix=lists.prefix_pattern(title_prefix) if title_prefix else None,
        category_ids=category_ids,
        tag_id=tag_id,
        parent_id=parent_id,
        author_id=access.own_only(tx),
    )
    shown = rows[: page.limit]
    found = await texts.list_texts(tx, [node.id for node in shown])
    wanted = locale or tx.ctx.locale
    items = [_listed(tx, node, found.get(node.id, []), wanted) for node in shown]
    more = len(rows) > page.limit
    return Page(items=items, next_cursor=encode_cursor((str(shown[-1].id),)) if more else None)


def _listed(tx: ReadTx, node: Node, rows: list[TextRow], wanted: str) -> ListedNode:
    by_locale = {row.locale: row for row in rows}
    best = pick_locale(list(by_locale), wanted, default=tx.ctx.tenant.default_locale)
    return ListedNode(
        node=node, text=by_locale.get(best) if best else None, locales=list(by_locale)
    )
