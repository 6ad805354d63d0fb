"""Audit entries on their way into the chain: one row per transaction, written right before its commit.

Row and change are committed together or not at all. The row carries a keyed digest of itself, so
that what the chain takes up is what was written. Writers take no lock here: the numbers of the
chain are given by the one who seals it (platform.audit).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Final, Literal
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Column, Identity, Index, Integer, Table, Text, bindparam, insert

from rustok.core.audit.entry import AuditEntry
from rustok.core.db import Command, Id, Timestamp, WriteTx, metadata
from rustok.core.security.sealing import Sealer
from rustok.core.tenancy import ActorKind, RequestContext
from rustok.telemetry import metrics

AddressPolicy = Literal["truncated", "full", "none"]
PURPOSE: Final = "audit entry"
MAX_ENTRIES: Final = 200
"""Entries in one row; a transaction with more writes several."""

# no event: these are the records of what was done, events among them
audit_pending: Final = Table(
    "audit_pending",
    metadata,
    Column(
        "position",
        BigInteger().with_variant(Integer(), "sqlite"),
        Identity(),
        primary_key=True,
    ),
    Column("tenant_id", Id(), nullable=False),
    Column("id", Id(), nullable=False),
    Column("written_at", Timestamp(), nullable=False),
    Column("kid", Text, nullable=False),
    Column("tag", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_audit_pending_tenant", "tenant_id", "position"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
    info={"tenant": "tenant_id", "app_may": "SELECT, INSERT"},
)


class PendingBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who did all this, from where, in which request; and what, in order."""

    occurred_at: datetime
    actor_kind: ActorKind
    actor_id: UUID | None = None
    session_id: UUID | None = None
    address: str | None = None
    request_id: str | None = None
    trace_id: str | None = None
    correlation_id: UUID
    causation_id: UUID | None = None
    entries: list[AuditEntry]


_encode: Final = msgspec.json.Encoder().encode
_APPENDED: Final = ("tenant_id", "id", "written_at", "kid", "tag", "body")
_APPEND: Final = Command(
    insert(audit_pending)
    .values({name: bindparam(name, type_=audit_pending.c[name].type) for name in _APPENDED})
    .inline()
)


class AuditWriter:
    """Writes the entries of a transaction with its rows.

    Args:
        sealer: makes the keyed digest.
        address: how much of the caller's network address is kept; "truncated" keeps the network
            (/24, /48), which tells providers and not people.
        written: called after the commit (wakes the sealing).
    """

    def __init__(
        self,
        sealer: Sealer,
        *,
        address: AddressPolicy = "truncated",
        written: Callable[[], None] | None = None,
    ) -> None:
        self._sealer = sealer
        self._address = address
        self.written = written

    async def flush(self, tx: WriteTx) -> None:
        """Write what `tx.audits` holds; called once, right before its commit."""
        by_tenant: dict[UUID, list[AuditEntry]] = {}
        for tenant_id, one in tx.audits:
            by_tenant.setdefault(tenant_id, []).append(one)
            metrics.AUDIT_RECORDS.labels(action=one.action).inc()
        rows: list[dict[str, object]] = []
        for tenant_id, entries in by_tenant.items():
            for start in range(0, len(entries), MAX_ENTRIES):
                portion = entries[start : start + MAX_ENTRIES]
                rows.append(self.row(tx.ctx, tenant_id, portion, now=tx.now))
        tx.run_last(_APPEND, rows)
        if self.written is not None:
            tx.after_commit(self.written)

    def row(
        self, ctx: RequestContext, tenant_id: UUID, entries: list[AuditEntry], *, now: datetime
    ) -> dict[str, object]:
        """The row of some entries of one tenant."""
        actor = ctx.actor
        body = _encode(
            PendingBody(
                occurred_at=now,
                actor_kind=actor.kind,
                actor_id=actor.id,
                session_id=actor.session_id,
                address=kept_address(ctx.client, self._address),
                request_id=ctx.request_id,
                trace_id=ctx.traceparent[3:35] if ctx.traceparent else None,
                correlation_id=ctx.correlation_id,
                causation_id=ctx.causation_id,
                entries=entries,
            )
        )
        row_id = entries[0].id  # the row may go once the chain has this record
        kid, tag = self._sealer.tag(tagged(tenant_id, row_id, body), purpose=PURPOSE)
        return {
            "tenant_id": tenant_id,
            "id": row_id,
            "written_at": now,
            "kid": kid,
            "tag": tag,
            "body": body.decode(),
        }


def tagged(tenant_id: UUID, row_id: UUID, body: bytes) -> bytes:
    """What the keyed digest of a row is made over."""
    return tenant_id.bytes + row_id.bytes + body


@lru_cache(maxsize=256)  # a caller comes again
def kept_address(client: str | None, policy: AddressPolicy) -> str | None:
    """As much of a network address as the policy keeps; None for what is no address."""
    if client is None or policy == "none":
        return None
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return None
    if policy == "full":
        return str(address)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    bits = 24 if isinstance(address, ipaddress.IPv4Address) else 48
    return str(ipaddress.ip_network((address, bits), strict=False))
