"""Who may do what to which node: authors keep to their own, publishers reach all.

Refuses: permissions of routes (the edge holds these). Rules here need the node itself.
"""

from __future__ import annotations

from uuid import UUID

from rustok.content.nodes.errors import AuthorUnknown, NodeArchived, NotOwnNode, ReviewRequired
from rustok.content.nodes.model.node import ArchivedNode, Node, PublishedNode, ScheduledNode
from rustok.core.db import ReadTx
from rustok.core.permissions import MissingPermission
from rustok.platform.identity import api as identity


def is_publisher(tx: ReadTx) -> bool:
    """Whether the actor publishes, and so reaches the nodes of all authors."""
    return tx.ctx.actor.kind == "system" or tx.ctx.actor.may("nodes:publish")


def require_publisher(tx: ReadTx) -> None:
    """Raises MissingPermission."""
    if not is_publisher(tx):
        raise MissingPermission("nodes:publish")


async def check_author(tx: ReadTx, author_id: UUID) -> None:
    """Whether the actor may name this author.

    Raises:
        MissingPermission: somebody who does not publish names another.
        AuthorUnknown: the tenant has no such member of its staff.
    """
    if author_id == tx.ctx.actor.id:
        return
    require_publisher(tx)
    try:
        await identity.get_user(tx, author_id, kind="staff")
    except identity.UserNotFound:
        raise AuthorUnknown(author_id) from None


def own_only(tx: ReadTx) -> UUID | None:
    """The author whose nodes alone the actor reaches; None when it reaches all.

    Who can neither write nor publish (support) only reads, and reads all.
    """
    actor = tx.ctx.actor
    writes = actor.may("nodes:create") or actor.may("nodes:update")
    return actor.id if writes and not is_publisher(tx) else None


def check_reach(tx: ReadTx, node: Node) -> None:
    """Raises NotOwnNode."""
    own = own_only(tx)
    if own is not None and node.author_id != own:
        raise NotOwnNode


def check_release(tx: ReadTx, node: Node) -> None:
    """Whether the actor may show this node to readers, or change what they see.

    Raises:
        NotOwnNode: it is another author's.
        ReviewRequired: the tenant wants a publisher to look at it first.
    """
    check_reach(tx, node)
    if is_publisher(tx):
        return
    if tx.ctx.tenant.settings.get("review_required") is True:
        raise ReviewRequired
    if node.author_id is None or node.author_id != tx.ctx.actor.id:
        raise NotOwnNode


def check_editable(tx: ReadTx, node: Node) -> None:
    """Whether the actor may change the content of this node.

    Raises:
        NodeArchived: restore it first.
        NotOwnNode, ReviewRequired: as in `check_release`, when readers see or will see it.
    """
    check_reach(tx, node)
    if isinstance(node, ArchivedNode):
        raise NodeArchived
    if isinstance(node, PublishedNode | ScheduledNode):
        check_release(tx, node)
