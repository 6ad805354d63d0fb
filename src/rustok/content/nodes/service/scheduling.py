"""Which nodes are due, across tenants."""

from __future__ import annotations

from rustok.content.nodes.repository import nodes
from rustok.content.nodes.repository.nodes import Due
from rustok.core.db import SystemTx


async def due_nodes(tx: SystemTx, *, after: Due | None, limit: int) -> list[Due]:
    """Scheduled nodes whose time has come, the longest due first, after `after`."""
    return await nodes.list_due(tx, after=after, limit=limit)
