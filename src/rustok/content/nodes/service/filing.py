"""Which categories and tags a node has."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rustok.content.nodes.events import NodeUpdated
from rustok.content.nodes.model.node import Node
from rustok.content.nodes.repository import nodes, terms
from rustok.content.nodes.service import access
from rustok.content.taxonomy import api as taxonomy
from rustok.content.taxonomy.events import TagAttached, TagDetached
from rustok.core.db import ReadTx, WriteTx
from rustok.core.routing import check_version


async def terms_of(tx: ReadTx, node_id: UUID) -> tuple[list[UUID], list[UUID]]:
    """(category ids, tag ids)."""
    categories = await terms.list_categories(tx, [node_id])
    tags = await terms.list_tags(tx, [node_id])
    return categories.get(node_id, []), tags.get(node_id, [])


async def file_under(
    tx: WriteTx,
    node_id: UUID,
    *,
    expected_version: int | None,
    category_ids: Sequence[UUID] | None = None,
    tag_ids: Sequence[UUID] | None = None,
) -> Node:
    """Give a node exactly these terms; None leaves them as they are. No difference, no write.

    Raises:
        NodeNotFound, PreconditionFailed, NotOwnNode, ReviewRequired, NodeArchived,
        CategoryNotFound, TagNotFound, ConcurrentUpdate.

    Emits: node.updated (categories), tag.attached and tag.detached for each tag
    """
    node = await nodes.lock(tx, node_id)
    check_version(node.version, expected_version)
    access.check_editable(tx, node)
    await replace_terms(tx, node, category_ids=category_ids, tag_ids=tag_ids)
    return await nodes.get(tx, node_id)


async def replace_terms(
    tx: WriteTx, node: Node, *, category_ids: Sequence[UUID] | None, tag_ids: Sequence[UUID] | None
) -> bool:
    """As `file_under`, for a node that is held already; True when something changed."""
    has_categories, has_tags = await terms_of(tx, node.id)
    wants_categories = has_categories if category_ids is None else list(dict.fromkeys(category_ids))
    wants_tags = has_tags if tag_ids is None else list(dict.fromkeys(tag_ids))
    new_categories = [one for one in wants_categories if one not in has_categories]
    new_tags = [one for one in wants_tags if one not in has_tags]
    old_categories = [one for one in has_categories if one not in wants_categories]
    old_tags = [one for one in has_tags if one not in wants_tags]
    if not (new_categories or new_tags or old_categories or old_tags):
        return False
    if new_categories and len(await taxonomy.describe_categories(tx, new_categories)) != len(
        new_categories
    ):
        raise taxonomy.CategoryNotFound
    if new_tags and len(await taxonomy.describe_tags(tx, new_tags)) != len(new_tags):
        raise taxonomy.TagNotFound
    await nodes.store(tx, node)
    if new_categories or old_categories:
        await terms.change_categories(tx, node.id, added=new_categories, removed=old_categories)
        tx.emit(NodeUpdated(node_id=node.id, changed=("categories",)))
    await terms.change_tags(tx, node.id, added=new_tags, removed=old_tags)
    for tag_id in new_tags:
        tx.emit(TagAttached(tag_id=tag_id, node_id=node.id))
    for tag_id in old_tags:
        tx.emit(TagDetached(tag_id=tag_id, node_id=node.id))
    return True
