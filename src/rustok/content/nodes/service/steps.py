"""The steps of a node's life; each writes the new state and its event together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import msgspec

from rustok.content.nodes.model.node import (
    ArchivedNode,
    DraftNode,
    InReviewNode,
    Node,
    PublishedNode,
    ScheduledNode,
)
from rustok.content.nodes.repository import nodes
from rustok.content.nodes.service import access
from rustok.content.nodes.states import NODE_LIFECYCLE
from rustok.core.db import ReadTx, WriteTx
from rustok.core.events.event import Event
from rustok.core.routing import check_version

Check = Callable[[ReadTx, Node], None]


async def _held(tx: WriteTx, node_id: UUID, expected_version: int | None, check: Check) -> Node:
    node = await nodes.lock(tx, node_id)
    check_version(node.version, expected_version)
    check(tx, node)
    return node


async def carry(tx: WriteTx, before: Node, after: Node, event: Event) -> Node:
    """Write a step that the model decided."""
    await nodes.store_step(tx, before, after)
    tx.emit(event)
    return msgspec.structs.replace(after, version=before.version + 1, updated_at=tx.now)


def _publisher(tx: ReadTx, _node: Node) -> None:
    access.require_publisher(tx)


async def submit(tx: WriteTx, node_id: UUID, *, expected_version: int | None = None) -> Node:
    """Ask for a review.

    Raises:
        NodeNotFound, PreconditionFailed, NotOwnNode, IllegalTransition, ConcurrentUpdate.

    Emits: node.submitted_for_review
    """
    node = await _held(tx, node_id, expected_version, access.check_reach)
    if not isinstance(node, DraftNode):
        raise NODE_LIFECYCLE.refusal(node.state, "submit")
    return await carry(tx, node, *node.submit(at=tx.now))


async def approve(
    tx: WriteTx,
    node_id: UUID,
    *,
    publish_at: datetime | None = None,
    expected_version: int | None = None,
) -> Node:
    """Publish what was submitted, now or at a time ahead.

    Raises:
        NodeNotFound, PreconditionFailed, MissingPermission, IllegalTransition,
        PublishTimeNotAhead, ConcurrentUpdate.

    Emits: node.published or node.scheduled
    """
    node = await _held(tx, node_id, expected_version, _publisher)
    if not isinstance(node, InReviewNode):
        raise NODE_LIFECYCLE.refusal(node.state, "approve")
    return await carry(tx, node, *node.approve(now=tx.now, publish_at=publish_at))


async def reject(
    tx: WriteTx, node_id: UUID, *, reason: str, expected_version: int | None = None
) -> Node:
    """Give what was submitted back to its author.

    Raises:
        NodeNotFound, PreconditionFailed, MissingPermission, IllegalTransition, ConcurrentUpdate.

    Emits: node.review_rejected
    """
    node = await _held(tx, node_id, expected_version, _publisher)
    if not isinstance(node, InReviewNode):
        raise NODE_LIFECYCLE.refusal(node.state, "reject")
    return await carry(tx, node, *node.reject(reason=reason))


async def publish(tx: WriteTx, node_id: UUID, *, expected_version: int | None = None) -> Node:
    """Show a draft to readers.

    Raises:
        NodeNotFound, PreconditionFailed, NotOwnNode, ReviewRequired, IllegalTransition,
        ConcurrentUpdate.

    Emits: node.published
    """
    node = await _held(tx, node_id, expected_version, access.check_release)
    if not isinstance(node, DraftNode):
        raise NODE_LIFECYCLE.refusal(node.state, "publish")
    return await carry(tx, node, *node.publish(at=tx.now))


async def schedule(
    tx: WriteTx, node_id: UUID, *, publish_at: datetime, expected_version: int | None = None
) -> Node:
    """Have a draft published later.

    Raises:
        NodeNotFound, PreconditionFailed, NotOwnNode, ReviewRequired, IllegalTransition,
        PublishTimeNotAhead, ConcurrentUpdate.

    Emits: node.scheduled
    """
    node = await _held(tx, node_id, expected_version, access.check_release)
    if not isinstance(node, DraftNode):
        raise NODE_LIFECYCLE.refusal(node.state, "schedule")
    return await carry(tx, node, *node.schedule(publish_at=publish_at, now=tx.now))


async def unschedule(tx: WriteTx, node_id: UUID, *, expected_version: int | None = None) -> Node:
    """Take the appointment back.

    Raises:
        NodeNotFound, PreconditionFailed, NotOwnNode, ReviewRequired, IllegalTransition,
        ConcurrentUpdate.

    Emits: node.updated
    """
    node = await _held(tx, node_id, expected_version, access.check_release)
    if not isinstance(node, ScheduledNode):
        raise NODE_LIFECYCLE.refusal(node.state, "unschedule")
    return await carry(tx, node, *node.unschedule())


async def unpublish(tx: WriteTx, node_id: UUID, *, expected_version: int | None = None) -> Node:
    """Hide a published node.

    Raises:
        NodeNotFound, PreconditionFailed, NotOwnNode, ReviewRequired, IllegalTransition,
        ConcurrentUpdate.

    Emits: node.unpublished
    """
    node = await _held(tx, node_id, expected_version, access.check_release)
    if not isinstance(node, PublishedNode):
        raise NODE_LIFECYCLE.refusal(node.state, "unpublish")
    return await carry(tx, node, *node.unpublish())


async def archive(
    tx: WriteTx, node_id: UUID, *, reason: str, expected_version: int | None = None
) -> Node:
    """Put a published node away.

    Raises:
        NodeNotFound, PreconditionFailed, NotOwnNode, ReviewRequired, IllegalTransition,
        ReasonMissing, ConcurrentUpdate.

    Emits: node.archived
    """
    node = await _held(tx, node_id, expected_version, access.check_release)
    if not isinstance(node, PublishedNode):
        raise NODE_LIFECYCLE.refusal(node.state, "archive")
    return await carry(tx, node, *node.archive(reason=reason, at=tx.now))


async def restore(tx: WriteTx, node_id: UUID, *, expected_version: int | None = None) -> Node:
    """Take an archived node out again, as a draft.

    Raises:
        NodeNotFound, PreconditionFailed, NotOwnNode, ReviewRequired, IllegalTransition,
        ConcurrentUpdate.

    Emits: node.restored
    """
    node = await _held(tx, node_id, expected_version, access.check_release)
    if not isinstance(node, ArchivedNode):
        raise NODE_LIFECYCLE.refusal(node.state, "restore")
    return await carry(tx, node, *node.restore())


async def release(tx: WriteTx, node_id: UUID) -> bool:
    """Publish a scheduled node whose time has come; False when there is nothing to do (any more).

    Raises:
        NodeNotFound: it was deleted meanwhile.

    Emits: node.published
    """
    node = await nodes.lock(tx, node_id)
    if not isinstance(node, ScheduledNode) or node.publish_at > tx.now:
        return False
    await carry(tx, node, *node.release(now=tx.now))
    return True
