"""What the audit log costs a writer, and that damage to a long chain is found: on SQLite and PostgreSQL.

    python -m tests.integration.proof.audit_chain [--records 10000] [--damages 10] [--writers 16] [--seconds 4]

"none", "pending", "head": transactions a second of writers of one tenant that record nothing, write a
pending entry (as the platform does), or lock the head of the chain until their commit (what was not
chosen). Then a chain of `records` is damaged, verified, and mended again: one byte of each column there
is, and `damages` times each a record deleted, inserted, swapped with another, moved to another tenant,
and the end cut off. Damage that is not named by its number is told, and the command fails.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import uvloop

from rustok.core.audit.entry import entry
from rustok.core.db.schema import APP_ROLE, SYSTEM_ROLE
from rustok.core.ids import new_id
from rustok.core.tenancy import TenantProfile
from rustok.platform.audit import api as audit
from rustok.platform.audit.tables import heads, records
from rustok.platform.identity.tables import roles
from rustok.server.platform import Platform
from rustok.telemetry import logs
from tests.conftest import POSTGRES, World, settings_for
from tests.schema_for_tests import create_postgres_schema, create_sqlite_schema, drop_database

KINDS = ("deletion", "insertion", "swap", "moved", "truncation")
NOT_TEXT = ("id", "actor_id", "session_id", "correlation_id", "causation_id")


async def throughput(
    world: World, tenant: TenantProfile, how: str, writers: int, seconds: float
) -> float:
    """Transactions a second; each inserts one row of its own, too."""
    done = 0
    until = time.perf_counter() + seconds

    async def write() -> None:
        nonlocal done
        while time.perf_counter() < until:
            if how == "head":
                async with world.db.system("benchmark") as tx:
                    await _row(tx, tenant)
                    await tx.update(heads, {"tenant_id": tenant.id}, sealed_at=tx.now)
                    tx.audit_for(tenant.id, entry("bench.done", object_type="bench"))
            else:
                async with world.db.system("benchmark") as tx:
                    await _row(tx, tenant)
                    if how == "pending":
                        tx.audit_for(tenant.id, entry("bench.done", object_type="bench"))
            done += 1

    await asyncio.gather(*(write() for _ in range(writers)))
    return done / seconds


async def _row(tx: Any, tenant: TenantProfile) -> None:
    slug = new_id().hex
    await tx.insert(
        roles, tenant_id=tenant.id, id=new_id(), slug=slug, name=slug, permissions=[],
        version=1, created_at=tx.now, updated_at=tx.now,
    )  # fmt: skip


class Damage:
    """Changes the database behind the platform's back, as its owner could."""

    def __init__(self, world: World, url: str) -> None:
        self._world, self._url = world, url

    async def run(self, *statements: str) -> None:
        if self._world.kind == "sqlite":
            connection = sqlite3.connect(self._url, timeout=30)
            for statement in statements:
                connection.execute(statement)
            connection.commit()
            connection.close()
            return
        owner = await asyncpg.connect(self._url)
        await owner.execute("SET session_replication_role = replica")
        for statement in statements:
            await owner.execute(statement)
        await owner.close()


async def prove(
    world: World, tenant: TenantProfile, elsewhere: UUID, url: str, count: int, damages: int
) -> int:
    """Damages that were not named by their number."""
    damage, chance = Damage(world, url), random.Random(7)
    for start in range(0, count, 200):
        async with world.write(tenant) as tx:
            for number in range(200):
                tx.audit(
                    "bench.done",
                    object_type="bench",
                    object_id=str(start + number),
                    after={"amount_minor": number},
                    reason="because",
                )
    started = time.perf_counter()
    await world.seal_audit()
    sealing = time.perf_counter() - started
    if world.kind == "sqlite":
        await damage.run(
            *(f"DROP TRIGGER audit_records_no_{what}" for what in ("update", "delete"))
        )
    await damage.run("CREATE TABLE kept AS SELECT * FROM audit_records")
    started = time.perf_counter()
    whole = await audit.verify(world.db, world.parts.sealer, tenant.id)
    checking = time.perf_counter() - started
    assert whole.findings == [], whole.findings[:3]
    print(
        f"  {whole.checked} records sealed in {sealing:.2f} s, verified in {checking:.2f} s, 0 findings"
    )
    changed = [column.name for column in records.c if column.name not in ("tenant_id", "number")]
    tried = [("byte", field) for field in changed]
    tried += [(kind, "") for kind in KINDS for _ in range(damages)]
    named: Counter[str] = Counter()
    missed = 0
    for kind, field in tried:
        number, other = chance.sample(range(2, whole.last), 2)
        where = f"tenant_id = '{tenant.id}' AND number"
        wanted = {number, other} if kind == "swap" else {number}
        if kind == "byte":
            await damage.run(_changed(world.kind, field, f"{where} = {number}", chance))
        else:
            await damage.run(*_damaged(kind, where, number, other, elsewhere))
        verdict = await audit.verify(world.db, world.parts.sealer, tenant.id)
        if wanted <= {finding.number for finding in verdict.findings}:
            named[kind] += 1
        else:
            missed += 1
            print("   NOT NAMED", kind, field, wanted, verdict.findings[:3])
        await damage.run(
            "DELETE FROM audit_records", "INSERT INTO audit_records SELECT * FROM kept"
        )
    assert (await audit.verify(world.db, world.parts.sealer, tenant.id)).findings == []
    sums = Counter(kind for kind, _ in tried)
    print("  named by number: " + ", ".join(f"{kind} {named[kind]}/{sums[kind]}" for kind in sums))
    print(f"  one byte of each of {len(changed)} columns: {', '.join(changed)}")
    return missed


def _damaged(kind: str, where: str, number: int, other: int, elsewhere: UUID) -> list[str]:
    """The statements that do it; `where` ends with the number still to be told."""
    if kind == "deletion":
        return [f"DELETE FROM audit_records WHERE {where} = {number}"]
    if kind == "truncation":
        return [f"DELETE FROM audit_records WHERE {where} >= {number}"]
    if kind == "moved":
        place = f"tenant_id = '{elsewhere}', number = number + 1000000"
        return [f"UPDATE audit_records SET {place} WHERE {where} = {number}"]
    if kind == "swap":
        return [
            f"UPDATE audit_records SET number = {new} WHERE {where} = {old}"
            for old, new in ((number, -1), (other, number), (-1, other))
        ]
    listed = ", ".join(one.name for one in records.c if one.name not in ("number", "id"))
    return [
        f"UPDATE audit_records SET number = -number WHERE {where} >= {number}",
        f"UPDATE audit_records SET number = 1 - number WHERE {where} < 0",
        f"INSERT INTO audit_records (id, number, {listed}) SELECT '{new_id()}', {number}, {listed}"
        f" FROM audit_records WHERE {where} = {number - 1}",
    ]


def _changed(kind: str, field: str, where: str, chance: random.Random) -> str:
    """An UPDATE that changes one character, bit or unit of a field."""
    if field == "occurred_at":
        by = "occurred_at + 1" if kind == "sqlite" else "occurred_at + interval '1 microsecond'"
        return f"UPDATE audit_records SET occurred_at = {by} WHERE {where}"
    if field == "outcome":
        return f"UPDATE audit_records SET outcome = 'failed' WHERE {where}"
    if field in NOT_TEXT:
        return f"UPDATE audit_records SET {field} = '{new_id()}' WHERE {where}"
    at = chance.randrange(1, 4)
    old = f"coalesce({field}, '')"
    text = f"substr({old}, 1, {at - 1}) || '~' || substr({old}, {at + 1})"
    return f"UPDATE audit_records SET {field} = {text} WHERE {where}"


async def one(kind: str, world: World, url: str, args: argparse.Namespace) -> int:
    print(kind)
    tenant = await world.tenant()
    await world.seal_audit()
    rates: dict[str, float] = {}
    for how in ("none", "pending", "head", "none", "pending", "head"):
        rate = await throughput(world, tenant, how, args.writers, args.seconds)
        rates[how] = max(rates.get(how, 0.0), rate)
    print(
        "  transactions a second: " + ", ".join(f"{how} {rate:.0f}" for how, rate in rates.items())
    )
    await world.seal_audit()
    fresh = await world.tenant()
    return await prove(world, fresh, tenant.id, url, args.records, args.damages)


async def on_sqlite(folder: Path, args: argparse.Namespace) -> int:
    path = folder / "rustok.sqlite3"
    await asyncio.to_thread(create_sqlite_schema, path)
    platform = Platform(settings_for(f"sqlite:///{path}", folder))
    await platform.open()
    try:
        return await one("SQLite", World(platform, []), str(path), args)
    finally:
        await platform.close()


async def on_postgres(folder: Path, args: argparse.Namespace) -> int:
    name = "rustok_bench_audit"
    await create_postgres_schema(POSTGRES, name)
    place = POSTGRES.rpartition("/")[0].split("@")[-1].removeprefix("postgresql://")
    platform = Platform(
        settings_for(
            f"postgresql://{APP_ROLE}@{place}/{name}",
            folder,
            system_url=f"postgresql://{SYSTEM_ROLE}@{place}/{name}",
        )
    )
    await platform.open()
    try:
        owner = POSTGRES.rpartition("/")[0] + "/" + name
        return await one("PostgreSQL", World(platform, []), owner, args)
    finally:
        await platform.close()
        await drop_database(POSTGRES, name)


async def main(args: argparse.Namespace) -> int:
    logs.configure(level="ERROR")
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        if args.only != "postgres":
            missed += await on_sqlite(Path(folder), args)
        if args.only != "sqlite":
            missed += await on_postgres(Path(folder), args)
    return 1 if missed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--damages", type=int, default=10)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    sys.exit(uvloop.run(main(parser.parse_args())))
