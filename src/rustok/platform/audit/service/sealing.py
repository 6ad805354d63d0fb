"""Takes what transactions have written into the chain: numbers, hashes and seals, tenant by tenant.

One transaction per tenant and portion, under the lock of the tenant's head; writers never wait for
it. It goes on after signs of tampering and records them: a log that stops is what an intruder wants.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final
from uuid import UUID

import msgspec

from rustok.core.audit.pending import PURPOSE, PendingBody, tagged
from rustok.core.db import SystemTx
from rustok.core.errors import Unavailable
from rustok.core.ids import new_id
from rustok.core.parts import Parts
from rustok.platform.audit.model.checking import Head
from rustok.platform.audit.model.record import GENESIS, Content, Record, chained, seal_of
from rustok.platform.audit.model.signing import sign
from rustok.platform.audit.repository import sealing as rows
from rustok.platform.audit.service.keys import KeyRing, key_ring
from rustok.telemetry import metrics
from rustok.telemetry.logs import get_logger

PORTION: Final = 500
"""Rows of transactions per sealing transaction."""
TENANTS_AT_ONCE: Final = 200
CHECKPOINT_EVERY: Final = 1_000
"""Records between two checkpoints the platform signs by itself."""
POLL_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 5.0

log = get_logger("rustok.audit")


async def serve(parts: Parts, stop: asyncio.Event) -> None:
    """Seal what comes until `stop` is set; survives an absent database."""
    while not stop.is_set():
        pause = POLL_SECONDS
        try:
            await seal_waiting(parts)
        except Unavailable as error:
            log.warning("audit.unavailable", code=error.code)
            pause = RETRY_SECONDS
        except Exception:
            log.exception("audit.sealing_failed")
            pause = RETRY_SECONDS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stop.wait()
    with contextlib.suppress(Unavailable):
        await seal_waiting(parts)


async def seal_waiting(parts: Parts) -> int:
    """Take all that waits into the chains; returns how many records that made."""
    total = 0
    while True:
        async with parts.db.system("audit: whose entries wait", write=False) as tx:
            waiting = await rows.list_tenants_waiting(tx, limit=TENANTS_AT_ONCE)
            metrics.AUDIT_PENDING.set(await rows.count_pending(tx) if waiting else 0)
        if not waiting:
            return total
        made = 0
        for tenant_id in waiting:
            made += await seal_tenant(parts, tenant_id)
        if not made:  # others are at it
            return total
        total += made


async def seal_tenant(parts: Parts, tenant_id: UUID) -> int:
    """Take a portion of what one tenant's transactions have written; returns how many records."""
    async with parts.db.system("audit: sealing a tenant's chain") as tx:
        ring = await key_ring(tx, parts.db, parts.sealer)
        head = await _head(parts, tx, ring, tenant_id)
        pending = await rows.list_pending(tx, tenant_id, limit=PORTION)
        if not pending:
            return 0
        contents: list[Content] = []
        last = await rows.last_number(tx, tenant_id)
        if head is None or last > head.number:
            contents.append(_sign_of_tampering(tx, "head_broken", None))
            head = Head(
                number=max(last, 0 if head is None else head.number),
                hash=await rows.hash_at(tx, tenant_id, last) or GENESIS,
                kid="",
                seal="",
            )
        for one in pending:
            contents += _contents(parts, tx, tenant_id, one)
        made: list[Record] = []
        number, previous = head.number, head.hash
        for content in contents:
            number += 1
            record = chained(
                content,
                tenant_id=tenant_id,
                number=number,
                previous=previous,
                kid=ring.active.kid,
                key=ring.active.sealing,
            )
            previous = record.hash
            made.append(record)
        await rows.append(tx, made)
        await rows.take_pending(tx, [one.position for one in pending])
        await rows.move_head(tx, tenant_id, _sealed_head(ring, tenant_id, number, previous))
        if number // CHECKPOINT_EVERY > (number - len(made)) // CHECKPOINT_EVERY:
            await _checkpoint(tx, ring, tenant_id, number, previous)
        return len(made)


async def _head(parts: Parts, tx: SystemTx, ring: KeyRing, tenant_id: UUID) -> Head | None:
    """The locked head; None when it was tampered with or taken away."""
    empty = _sealed_head(ring, tenant_id, 0, GENESIS)
    head, _ = await rows.lock_head(tx, tenant_id, empty)
    if head.kid not in ring.sealing:  # restored by another process since this one read the keys
        ring = await key_ring(tx, parts.db, parts.sealer, holding=head.kid)
    key = ring.sealing.get(head.kid)
    if key is not None and head.seal == seal_of(key, "head", tenant_id, head.number, head.hash):
        return head
    return None


def _sealed_head(ring: KeyRing, tenant_id: UUID, number: int, hash_: str) -> Head:
    key = ring.active
    return Head(
        number=number,
        hash=hash_,
        kid=key.kid,
        seal=seal_of(key.sealing, "head", tenant_id, number, hash_),
    )


async def _checkpoint(
    tx: SystemTx, ring: KeyRing, tenant_id: UUID, number: int, hash_: str
) -> None:
    made = sign(
        ring.active,
        tenant_id=tenant_id,
        number=number,
        hash_=hash_,
        kind="periodic",
        made_at=tx.now,
    )
    await rows.add_checkpoint(tx, new_id(), made)


def _contents(parts: Parts, tx: SystemTx, tenant_id: UUID, row: rows.Pending) -> list[Content]:
    """The entries of one row; of a row that is not what was written, a record that says so."""
    body = row.body.encode()
    whole = parts.sealer.tag_matches(
        row.tag, tagged(tenant_id, row.id, body), kid=row.kid, purpose=PURPOSE
    )
    if not whole:
        return [_sign_of_tampering(tx, "entry_forged", row)]
    try:
        told = msgspec.json.decode(body, type=PendingBody)
    except msgspec.DecodeError:  # written by a newer version of this program
        return [_sign_of_tampering(tx, "entry_unreadable", row)]
    return [
        Content(
            id=one.id,
            occurred_at=told.occurred_at,
            action=one.action,
            object_type=one.object_type,
            object_id=one.object_id,
            before_json=bytes(one.before).decode() or None,
            after_json=bytes(one.after).decode() or None,
            outcome=one.outcome,
            reason=one.reason,
            actor_kind=told.actor_kind,
            actor_id=told.actor_id,
            session_id=told.session_id,
            address=told.address,
            request_id=told.request_id,
            trace_id=told.trace_id,
            correlation_id=told.correlation_id,
            causation_id=told.causation_id,
        )
        for one in told.entries
    ]


def _sign_of_tampering(tx: SystemTx, what: str, row: rows.Pending | None) -> Content:
    metrics.AUDIT_BROKEN.labels(what=what).inc()
    log.critical("audit.tampered", what=what, position=None if row is None else row.position)
    return Content(
        id=new_id() if row is None else row.id,
        occurred_at=tx.now,
        action=f"audit.{what}",
        object_type="audit",
        object_id=None if row is None else str(row.id),
        before_json=None,
        after_json=None,
        outcome="failed",
        reason="found while sealing",
        actor_kind="system",
        actor_id=None,
        session_id=None,
        address=None,
        request_id=None,
        trace_id=None,
        correlation_id=new_id(),
        causation_id=None,
    )
