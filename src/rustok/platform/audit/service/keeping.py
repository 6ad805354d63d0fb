"""Signing a checkpoint on demand, and retention: the oldest records go, behind a signed checkpoint."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from rustok.core.audit.entry import entry
from rustok.core.db import SystemTx
from rustok.core.ids import new_id
from rustok.core.parts import Parts
from rustok.core.tenancy import RequestContext
from rustok.platform.audit.errors import AuditChainEmpty
from rustok.platform.audit.model.signing import Checkpoint, Kind, sign
from rustok.platform.audit.repository import sealing as rows
from rustok.platform.audit.service.keys import key_ring

PORTION: Final = 10_000


async def checkpoint(parts: Parts, tx: SystemTx, tenant_id: UUID) -> Checkpoint:
    """Sign the newest record of a tenant and keep the checkpoint; keep a copy elsewhere.

    Raises:
        AuditChainEmpty: it has none.
    """
    head = await rows.find_head(tx, tenant_id)
    if head is None or head.number == 0:
        raise AuditChainEmpty
    made = await _sign(parts, tx, tenant_id, head.number, head.hash, "manual")
    tx.audit_for(
        tenant_id,
        entry("audit.checkpoint_signed", object_type="audit", after={"number": head.number}),
    )
    return made


async def _sign(
    parts: Parts, tx: SystemTx, tenant_id: UUID, number: int, hash_: str, kind: Kind
) -> Checkpoint:
    ring = await key_ring(tx, parts.db, parts.sealer)
    made = sign(
        ring.active, tenant_id=tenant_id, number=number, hash_=hash_, kind=kind, made_at=tx.now
    )
    await rows.add_checkpoint(tx, new_id(), made)
    return made


async def purge_old(parts: Parts) -> int:
    """Remove records past `audit.retention_days` of all tenants; returns how many.

    What goes is recorded in the chain, and the checkpoint it goes behind is what a check begins with.
    """
    kept = timedelta(days=parts.audit_retention_days)
    async with parts.db.system("audit: whose records are past their time", write=False) as tx:
        tenants = await rows.list_chains(tx)
    removed = 0
    for tenant_id in tenants:
        gone = PORTION
        while gone >= PORTION:
            gone = await purge_tenant(parts, tenant_id, kept=kept)
            removed += gone
    return removed


async def purge_tenant(parts: Parts, tenant_id: UUID, *, kept: timedelta) -> int:
    """As `purge_old`, of one tenant, a portion of at most 10,000."""
    async with parts.db.system("audit: retention") as tx:
        through = await rows.last_before(tx, tenant_id, tx.now - kept, limit=PORTION)
        hash_ = await rows.hash_at(tx, tenant_id, through) if through else None
        if hash_ is None:
            return 0
        await _sign(parts, tx, tenant_id, through, hash_, "retention")
        removed = await rows.remove_through(tx, tenant_id, through)
        tx.audit_for(
            tenant_id,
            entry(
                "audit.records_retired",
                object_type="audit",
                after={"through": through, "removed": removed, "kept_days": kept.days},
            ),
        )
        return removed


async def checkpoint_own(parts: Parts, ctx: RequestContext) -> Checkpoint:
    """As `checkpoint`, of the tenant that asks. Raises AuditChainEmpty."""
    async with parts.db.system("audit: a tenant signs its chain", ctx=ctx) as tx:
        return await checkpoint(parts, tx, ctx.tenant_id)
