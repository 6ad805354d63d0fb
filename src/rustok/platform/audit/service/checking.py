"""Checks a chain as it stands in the database against itself, its head and its checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from rustok.core.db import Database, SystemTx
from rustok.core.db.tenant_rows import hold_still
from rustok.core.security.sealing import Sealer
from rustok.platform.audit.model.checking import Checker, Finding
from rustok.platform.audit.model.record import GENESIS
from rustok.platform.audit.model.signing import ChainKey, Checkpoint, is_signed
from rustok.platform.audit.repository import reading
from rustok.platform.audit.repository import sealing as rows
from rustok.platform.audit.service.keys import read_ring

PAGE: Final = 1_000
MAX_CHECKPOINTS: Final = 100_000


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found.

    Attributes:
        first, last: numbers of the chain; `first` is above 1 where retention has removed records.
        checkpoints: how many were compared.
    """

    tenant_id: UUID
    first: int
    last: int
    checked: int
    checkpoints: int
    findings: list[Finding]


async def verify(
    db: Database,
    sealer: Sealer,
    tenant_id: UUID,
    *,
    known: Sequence[Checkpoint] = (),
    progress: Callable[[int], None] | None = None,
) -> Verdict:
    """Read the whole chain of a tenant, of one moment, and name what is wrong with it.

    Args:
        known: checkpoints kept outside of the database; they show a chain that was cut at its end
            or written anew.
        progress: called with the number of records read so far.
    """
    async with db.system("the audit log is verified", write=False) as tx:
        await hold_still(tx)
        ring = await read_ring(tx, sealer)
        own = await reading.list_checkpoints(
            tx,
            "periodic",
            "manual",
            "retention",
            limit=MAX_CHECKPOINTS,
            tenant_id=tenant_id,
        )
        findings, trusted = _signatures(ring, tenant_id, [*own, *known])
        start = max(
            (one for one in trusted if one.kind == "retention"),
            key=lambda one: one.number,
            default=None,
        )
        checker = Checker(
            tenant_id,
            keys={kid: key.sealing for kid, key in ring.items()},
            number=0 if start is None else start.number,
            hash_=GENESIS if start is None else start.hash,
        )
        begun = checker.last_number
        promised = _by_number(trusted)
        findings += await _walk(tx, checker, promised, progress)
        head = await rows.find_head(tx, tenant_id)
    last = checker.last_number
    cut = [number for number in promised if number > last]
    if cut:
        findings.append(
            Finding(
                number=last + 1,
                through=max(cut),
                flaw="missing",
                detail=f"a checkpoint promises records up to {max(cut)}",
            )
        )
    findings += checker.finish(head)
    return Verdict(
        tenant_id=tenant_id,
        first=begun + 1,
        last=last,
        checked=checker.checked,
        checkpoints=len(own) + len(known),
        findings=sorted(set(findings)),
    )


async def list_chains(db: Database) -> list[UUID]:
    """Tenants that have a chain."""
    async with db.system("whose audit logs there are", write=False) as tx:
        return await rows.list_chains(tx)


async def _walk(
    tx: SystemTx,
    checker: Checker,
    promised: dict[int, set[str]],
    progress: Callable[[int], None] | None,
) -> list[Finding]:
    findings: list[Finding] = []
    tenant_id = checker.tenant_id
    while True:
        page = await reading.list_after(
            tx, after=checker.last_number, limit=PAGE, tenant_id=tenant_id
        )
        for record in page:
            checker.take(record)
            hashes = promised.get(record.number)
            if hashes is not None and hashes != {record.hash}:
                findings.append(
                    Finding(
                        number=record.number,
                        flaw="checkpoint",
                        detail="it is not the record that a checkpoint has signed",
                    )
                )
        if progress is not None:
            progress(checker.checked)
        if len(page) < PAGE:
            return findings


def _signatures(
    ring: dict[str, ChainKey], tenant_id: UUID, checkpoints: Sequence[Checkpoint]
) -> tuple[list[Finding], list[Checkpoint]]:
    findings: list[Finding] = []
    trusted: list[Checkpoint] = []
    for one in checkpoints:
        key = ring.get(one.kid)
        if one.tenant_id != tenant_id:
            why = "is of another tenant"
        elif key is None:
            why = "names a key that is not there"
        elif not is_signed(one, public_key=key.public_key):
            why = "is not signed by the chain's key"
        else:
            trusted.append(one)
            continue
        detail = f"the {one.kind} checkpoint at record {one.number} {why}"
        findings.append(Finding(number=one.number, flaw="checkpoint", detail=detail))
    return findings, trusted


def _by_number(checkpoints: Sequence[Checkpoint]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for one in checkpoints:
        if one.number:
            found.setdefault(one.number, set()).add(one.hash)
    return found
